//! The whole effect, with every parameter.

use std::fs;

use fx::amp::Params;
use fx::preset::{Asset, Preset};
use hound::{SampleFormat, WavReader};
use serde_json::{Value, json};

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
    let (loaders, amp) = fx::Amp::new(48_000.0);
    loaders.models[0].offer(fx::Pair::of(model));
    amp
}

/// A model of which the file tells its levels.
fn known(folder: &Folder) -> String {
    let file = fs::read_to_string(folder.lstm()).expect("read");
    let mut file: Value = serde_json::from_str(&file).expect("JSON");
    file["metadata"] =
        json!({ "loudness": -20.0, "input_level_dbu": 9.0, "output_level_dbu": 6.0 });
    folder.put("known.nam", &file.to_string())
}

#[test]
fn every_parameter_is_heard() {
    let folder = Folder::new("heard");
    let (first, second) = (slimmable(), known(&folder));
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    let right: Vec<f32> = riff().iter().rev().copied().collect();
    write(&input, 48_000, &[&riff(), &right]);
    // Where every stage has something to do.
    let base = ["amp", "--model", &first, "--model-b", &second, "--gate", "-30", "--parallel"];
    let cabinets = [asset("kiln-112-open.wav"), asset("kiln-412-closed.wav")];
    let cabinets = ["--cabinet", &cabinets[0], "--cabinet-b", &cabinets[1]];
    let more = ["--bass", "8", "--low-cut", "100", "--level", "calibrated", "--set"];
    let render = |setting: &str| {
        done(&[&base[..], &cabinets, &more, &[setting, &input, &out]].concat());
        samples(&out)
    };
    let plain = render("gate.range=-60");
    let entries = done(&["amp", "--params", "--json"]);
    let entries: Vec<Value> = serde_json::from_str(&entries).expect("JSON");
    for entry in &entries {
        let key = entry["key"].as_str().expect("a key");
        // The second model has one size.
        if key == "slots.1.quality" {
            continue;
        }
        let value = match (key, &entry["default"]) {
            // Set by the flags already, or in want of one's opposite.
            ("gate.on" | "cabinet.on" | "tone.on" | "slots.0.on" | "slots.1.on", _) => json!(false),
            ("gate.range", _) => json!(-40),
            ("slots.0.quality", _) => json!(0),
            ("gate.threshold", _) => json!(-12),
            ("routing", _) => json!("series"),
            (_, Value::Bool(on)) => json!(!on),
            (_, Value::String(word)) => {
                let choices = entry["choices"].as_array().expect("choices");
                choices.iter().find(|choice| *choice != word).expect("another").clone()
            }
            _ => {
                let number = |name: &str| entry[name].as_f64().expect("a number");
                json!(0.6 * number("min") + 0.4 * number("max"))
            }
        };
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let found = render(&format!("{key}={value}"));
        assert_eq!(found.len(), plain.len());
        assert!(found != plain, "{key}={value} is not heard");
    }
}

/// A file that ships with the plugin.
fn asset(name: &str) -> String {
    format!("{}/../../assets/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_cabinet_is_convolved_and_rings_on() {
    let folder = Folder::new("cabinet");
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    let (left, right) = (folder.at("left.wav"), folder.at("stereo.wav"));
    let mut response = vec![0.0; 480];
    (response[0], response[100], response[479]) = (0.5, -0.25, 0.125);
    write(&left, 48_000, &[&response]);
    let flipped: Vec<f32> = response.iter().map(|x| -x).collect();
    write(&right, 48_000, &[&response, &flipped]);
    // High enough that the block on direct current leaves it alone.
    let tone: Vec<f32> = (0..4_800).map(|i| if i % 2 == 0 { 0.5 } else { -0.5 }).collect();
    write(&input, 48_000, &[&tone]);
    let render = |flags: &[&str]| {
        let plain = ["--set", "cabinet.normalize=false", "--tail", "0.01"];
        done(&[&["amp"][..], flags, &plain, &[&input, &out]].concat());
        samples(&out)
    };
    let found = render(&["--cabinet", &left]);
    assert_eq!(found.len(), 4_800 + 480);
    let at = |i: usize, late: usize| {
        if (late..late + 4_800).contains(&i) { tone[i - late] } else { 0.0 }
    };
    for (i, y) in found.iter().enumerate() {
        let expected = 0.5 * at(i, 0) - 0.25 * at(i, 100) + 0.125 * at(i, 479);
        assert!((y - expected).abs() < 1e-3, "sample {i}: expected {expected}, found {y}");
    }
    // Of two channels each its own, which a file of one has when it is given two.
    let found = render(&["--cabinet", &right, "--stereo"]);
    assert!(found.chunks(2).all(|frame| (frame[0] + frame[1]).abs() < 1e-6));
    assert!(found.iter().any(|x| *x != 0.0));
    // Off and on again.
    let dry = render(&["--cabinet", &left, "--no-cabinet"]);
    assert!(dry[..4_800].iter().zip(&tone).all(|(a, b)| (a - b).abs() < 1e-3));
    let no_file = kiln(&["amp", "--cabinet", &folder.lstm(), &input, &out]);
    assert_eq!(no_file.status.code(), Some(1));
    assert!(stderr(&no_file).contains("lstm.nam: not a"), "{}", stderr(&no_file));
}

/// A file with networks of several sizes.
fn slimmable() -> String {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/nam");
    let named = |path: &std::path::PathBuf| path.to_string_lossy().contains("slimmable");
    let files = fs::read_dir(data).expect("fixtures").map(|entry| entry.expect("one").path());
    let mut files: Vec<_> =
        files.filter(named).filter(|p| p.extension().is_some_and(|e| e == "nam")).collect();
    files.sort();
    files.first().expect("a slimmable model").display().to_string()
}

#[test]
fn any_rate_comes_out_in_time() {
    let folder = Folder::new("rates");
    let (model, wire) = (folder.lstm(), crate::loudness::wire(&folder));
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    for (rate, factor) in [(44_100, "1"), (96_000, "1"), (44_100, "4"), (48_000, "2"), (8_000, "1")]
    {
        write(&input, rate, &[&riff()]);
        // The dry signal is delayed as much as the other, and is to arrive as it went.
        done(&["amp", "-m", &model, "--oversampling", factor, "--mix", "0", &input, &out]);
        assert_eq!(samples(&out), riff(), "{rate} Hz, {factor} times");
        // A click through a network that changes nothing stays where it was.
        let mut click = vec![0.0; 4_000];
        click[2_000] = 0.5;
        write(&input, rate, &[&click]);
        done(&["amp", "-m", &wire, "--tail", "0.01", &input, &out]);
        let found = samples(&out);
        assert_eq!(found.len(), 4_000 + rate as usize / 100);
        let loudest = (0..found.len()).max_by(|a, b| found[*a].abs().total_cmp(&found[*b].abs()));
        assert_eq!(loudest, Some(2_000), "{rate} Hz");
    }
    // Oversampled, a network plays nearly what it plays otherwise, at the same time.
    write(&input, 48_000, &[&riff()]);
    let render = |factor: &str| {
        done(&["amp", "-m", "kiln-crunch", "--oversampling", factor, &input, &out]);
        samples(&out)
    };
    let (plain, over) = (render("1"), render("4"));
    assert_ne!(plain, over);
    let alike = |lag: &usize| -> f32 {
        over[*lag..].iter().zip(&plain[10..40_000]).map(|(a, b)| a * b).sum()
    };
    assert_eq!((0..20).max_by(|a, b| alike(a).total_cmp(&alike(b))), Some(10));
}

#[test]
fn a_preset_comes_first_and_flags_on_top() {
    let folder = Folder::new("preset");
    let (model, input) = (folder.lstm(), folder.at("in.wav"));
    write(&input, 44_100, &[&riff()]);
    let render = |flags: &[&str]| {
        let out = folder.at("out.wav");
        done(&[&["amp"][..], flags, &[&input, &out]].concat());
        samples(&out)
    };
    let bytes = fs::read(&model).expect("read");
    let mut preset = Preset { oversampling: 2, ..Preset::default() };
    preset.params.tone.bass = 9.0;
    preset.params.output_gain = -6.0;
    preset.params.slots[1].on = false;
    preset.models[0] = Some(Asset::file("LSTM", None, &bytes));
    let file = folder.put("preset.json", &preset.to_json());
    let flags = ["--bass", "9", "--output-gain", "-6", "--oversampling", "2"];
    assert_eq!(render(&["--preset", &file]), render(&[&["-m", &model][..], &flags].concat()));
    let onto = kiln(&["amp", "--preset", &file, &input, &file]);
    assert!(stderr(&onto).contains("expected another file than the preset"), "{}", stderr(&onto));
    // On top, other parameters and other files.
    let top = ["--output-gain", "3", "--oversampling", "1"];
    assert_eq!(
        render(&[&["--preset", &file][..], &top].concat()),
        render(&[&["-m", &model, "--bass", "9"][..], &top].concat())
    );
    assert_eq!(
        render(&["--preset", &file, "--model-b", &model]),
        render(&[&["-m", &model, "--model-b", &model][..], &flags].concat())
    );
    // What is built in, by its name.
    let preset = &fx::factory::presets()[0];
    let mut again = preset.clone();
    again.name = "Another".into();
    let file = folder.put("again.json", &again.to_json());
    assert_eq!(render(&["--preset", &preset.name]), render(&["--preset", &file]));
    assert_ne!(render(&["-m", "kiln-crunch"]), render(&["-m", &model]));
}

#[test]
fn says_what_is_wrong_with_a_preset() {
    let folder = Folder::new("presets");
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 44_100, &[&riff()]);
    let mut preset = Preset::default();
    preset.models[0] = Some(Asset::file("Broken", None, b"no model"));
    for (file, words) in [
        (folder.at("none.json"), "none.json: "),
        (folder.put("text.json", "text"), "text.json: it is not a preset file"),
        (folder.put("broken.json", &preset.to_json()), "Broken: not a model file"),
    ] {
        let output = kiln(&["amp", "--preset", &file, &input, &out]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(words), "{words} is not in {}", stderr(&output));
    }
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
    assert_eq!(entry("routing")["choices"], json!(["series", "parallel"]));
    assert_eq!(entry("gate.attack")["min"], 0.1);
}

/// Cut into parts on several threads or played in order, a file is the same to the bit.
#[test]
fn threads_make_no_difference() {
    let folder = Folder::new("threads");
    let asset = |name: &str| format!("{}/../../assets/{name}", env!("CARGO_MANIFEST_DIR"));
    let (clean, crunch) = (asset("kiln-clean.nam"), asset("kiln-crunch.nam"));
    let (riff, cabinet) = (asset("riff.wav"), asset("kiln-412-closed.wav"));
    for (name, args) in [
        ("raw", &["--raw", "-m", &clean][..]),
        ("whole", &["-m", &clean, "--model-b", &crunch, "--cabinet", &cabinet, "--gate", "-60"]),
        ("sizes", &["-m", &crunch, "--stereo", "--oversampling", "2", "--tail", "0.3"]),
    ] {
        let made = |threads: &str| {
            let out = folder.at(&format!("{name}-{threads}.wav"));
            let report =
                done(&[&["amp", "--threads", threads, "--json", &riff, &out][..], args].concat());
            let report = report.replace(&out, "OUT");
            (fs::read(&out).expect("an output"), report)
        };
        let expected = made("1");
        assert!(expected.0.len() > 384_000 * 4);
        for threads in ["2", "5"] {
            assert!(made(threads) == expected, "{name} on {threads} threads");
        }
    }
}
