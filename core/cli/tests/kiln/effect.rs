//! The whole effect, with every parameter.

use std::fs;

use fx::amp::Params;
use hound::{SampleFormat, WavReader};
use serde_json::Value;

use crate::{Folder, done, kiln, ramp, riff, samples, stderr, write};

#[test]
fn flags_equal_their_settings() {
    let folder = Folder::new("flags");
    let model = folder.lstm();
    let input = folder.at("in.wav");
    write(&input, 48_000, &[&riff(), &riff()]);
    let render = |name: &str, flags: &[&str]| {
        let out = folder.at(name);
        done(&[&["amp", "-m", &model][..], flags, &[&input, &out]].concat());
        samples(&out)
    };
    for (flags, settings) in [
        (&["--input-gain", "-3"][..], &["input_gain=-3"][..]),
        (&["--output-gain", "6.5"], &["output-gain=6.5"]),
        (&["--mix", "0.25"], &["mix=0.25"]),
        (&["--mono"], &["channels=mono"]),
        (&["--gate", "-30"], &["gate.on=true", "gate.threshold=-30"]),
        (&["--trim", "2"], &["slots.0.trim=2"]),
        (&["--quality", "0.5"], &["slots.0.quality=0.5", "slots.1.quality=0.5"]),
        (&["--bass", "8", "--treble", "2"], &["tone.bass=8", "tone.treble=2"]),
        (&["--middle", "7", "--presence", "9"], &["tone.middle=7", "tone.presence=9"]),
        (
            &["--low-cut", "200", "--high-cut", "3000"],
            &["cabinet.low_cut=200", "cabinet.high_cut=3000"],
        ),
        (&["--level", "raw", "--interface", "3"], &["levels.output=raw", "levels.interface=3"]),
        (&["--calibrate-input"], &["levels.calibrate_input=on"]),
        (&["--parallel", "--blend", "0.2"], &["routing=parallel", "blend=0.2"]),
        (&["--no-cabinet"], &["cabinet.on=off"]),
        (&["--mix", "0.9", "--set", "mix=0.25"], &["mix=0.25"]),
    ] {
        let settings: Vec<&str> = settings.iter().flat_map(|s| ["--set", s]).collect();
        assert_eq!(render("flag.wav", flags), render("set.wav", &settings), "{flags:?}");
    }
}

#[test]
fn plays_what_the_plugin_plays_at_any_block() {
    let folder = Folder::new("blocks");
    let model = folder.lstm();
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    let right: Vec<f32> = riff().iter().map(|x| -0.7 * x * x.abs()).collect();
    write(&input, 48_000, &[&riff(), &right]);

    let loaded = nn::Model::load(&fs::read(&model).expect("read")).expect("valid");
    let params = Params { input_gain: 6.0, output_gain: -9.0, ..Params::default() };
    for block in [1, 64, 441, 8192, 100_000] {
        let mut amp = crate::effect::amp(&loaded);
        let (mut left, mut right) = (riff(), right.clone());
        for (left, right) in left.chunks_mut(block).zip(right.chunks_mut(block)) {
            amp.process(&mut [left, right], 2, &params);
        }
        let expected: Vec<f32> = left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]).collect();
        let cut = block.to_string();
        let gains = ["--input-gain", "6", "--output-gain", "-9", "--block"];
        done(&[&["amp", "-m", &model][..], &gains, &[&cut, &input, &out]].concat());
        assert_eq!(samples(&out), expected, "blocks of {block}");
    }
}

/// The effect with a model in its first slot.
fn amp(model: &nn::Model) -> fx::Amp {
    let (loader, amp) = fx::Amp::new(48_000.0);
    loader.offer(fx::Pair::of(model));
    amp
}

#[test]
fn goes_on_for_the_tail() {
    let folder = Folder::new("tail");
    let model = folder.linear();
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 44_100, &[&[0.25, 0.5]]);
    done(&["amp", "--raw", "-m", &model, "--tail", "0.0001", &input, &out]);
    assert_eq!(samples(&out), [0.125, 0.5, 0.5, 0.0, 0.0, 0.0]);
    done(&["amp", "--raw", "-m", &model, &input, &out]);
    assert_eq!(samples(&out), [0.125, 0.5]);
}

#[test]
fn gives_one_channel_two() {
    let folder = Folder::new("stereo");
    let model = folder.lstm();
    let (input, mono, out) = (folder.at("in.wav"), folder.at("mono.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&riff()]);
    done(&["amp", "-m", &model, &input, &mono]);
    done(&["amp", "-m", &model, "--stereo", &input, &out]);
    assert_eq!(WavReader::open(&out).expect("a WAV file").spec().channels, 2);
    let both: Vec<f32> = samples(&mono).iter().flat_map(|x| [*x, *x]).collect();
    assert_eq!(samples(&out), both);
}

#[test]
fn writes_integers() {
    let folder = Folder::new("bits");
    let model = folder.linear();
    let input = folder.wav("in.wav", 44_100, 2, 32, SampleFormat::Float);
    let out = folder.at("out.wav");
    let render = |more: &[&str]| -> Vec<i32> {
        done(&[&["amp", "--raw", "-m", &model, &input, &out][..], more].concat());
        let mut wav = WavReader::open(&out).expect("a WAV file");
        assert_eq!(wav.spec().sample_format, SampleFormat::Int);
        wav.samples().collect::<Result<_, _>>().expect("samples")
    };
    for bits in [16, 24] {
        let found = render(&["--bits", &bits.to_string()]);
        for (at, y) in found.iter().enumerate() {
            let (i, c) = (at / 2, (at % 2) as u16);
            let before = if i == 0 { 0.0 } else { ramp(i - 1, c) };
            let expected = (0.5 * ramp(i, c) + before) * 2f32.powi(bits - 1);
            assert_eq!(*y, expected as i32, "{bits} bits, frame {i}, channel {c}");
        }
    }
    let (plain, noisy) = (render(&["--bits", "16"]), render(&["--bits", "16", "--dither"]));
    assert_eq!(noisy, render(&["--bits", "16", "--dither"]), "the noise differs from run to run");
    let errors: Vec<i32> = plain.iter().zip(&noisy).map(|(a, b)| a - b).collect();
    assert!(errors.iter().all(|e| e.abs() <= 1));
    // Two dice of one step round to ±1 an eighth of the time each.
    let share = errors.iter().filter(|e| **e != 0).count() as f64 / errors.len() as f64;
    assert!((share - 0.25).abs() < 0.02, "{share}");
}

#[test]
fn says_what_is_wrong_with_a_setting() {
    let all = |set: &str| stderr(&kiln(&["amp", "-m", "m", "--set", set, "in", "out"]));
    for (set, words) in [
        ("gate.treshold=-60", "found gate.treshold; is gate.threshold meant?"),
        ("gate.threshold=3", "expected -100 to 0, found 3"),
        ("routing=both", "expected series or parallel, found both"),
    ] {
        let text = all(set);
        assert!(text.contains(words), "{words} is not in {text}");
    }
    let text = stderr(&kiln(&["amp", "-m", "m", "--bass", "11", "in", "out"]));
    assert!(text.contains("expected 0 to 10, found 11"), "{text}");
}

#[test]
fn lists_every_parameter() {
    let text = done(&["amp", "--params"]);
    let entries: Value = serde_json::from_str(&done(&["amp", "--params", "--json"])).expect("JSON");
    let entries = entries.as_array().expect("a list");
    let entry = |key: &str| entries.iter().find(|e| e["key"] == key).expect("listed");
    for range in fx::amp::RANGES {
        assert!(text.contains(range.key), "{} is not in {text}", range.key);
        assert_eq!(entry(range.key)["min"].as_f64().map(|x| x as f32), Some(range.min));
    }
    assert_eq!(entry("routing")["choices"], serde_json::json!(["series", "parallel"]));
    assert_eq!(entry("gate.attack")["min"], 0.1);
}
