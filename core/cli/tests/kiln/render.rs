//! One file through the bare network or the effect.

use std::fs;
use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};
use serde_json::json;

use crate::{Folder, done, kiln, ramp, samples, stderr};

#[test]
fn renders_every_depth_and_channel() {
    let folder = Folder::new("depths");
    let model = folder.linear();
    for (bits, format) in [8, 16, 24, 32]
        .map(|bits| (bits, SampleFormat::Int))
        .into_iter()
        .chain([(32, SampleFormat::Float)])
    {
        let input = folder.wav("in.wav", 44_100, 2, bits, format);
        let out = folder.at("out.wav");
        let done = kiln(&["amp", "--raw", "--model", &model, &input, &out]);
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        let found = samples(&out);
        assert_eq!(found.len(), 40_000);
        for (at, y) in found.iter().enumerate() {
            let (i, c) = (at / 2, (at % 2) as u16);
            let before = if i == 0 { 0.0 } else { ramp(i - 1, c) };
            assert_eq!(*y, 0.5 * ramp(i, c) + before, "{bits} bits, frame {i}, channel {c}");
        }
    }
    assert_eq!(folder.names(), ["in.wav", "linear.nam", "out.wav"]);
}

#[test]
fn renders_what_the_engine_plays() {
    let folder = Folder::new("engine");
    let model = folder.lstm();
    let input = folder.wav("in.wav", 48_000, 1, 32, SampleFormat::Float);
    let out = folder.at("out.wav");
    let done = kiln(&["amp", "--raw", "--quality", "0.5", "-m", &model, &input, &out]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let mut expected = samples(&input);
    let bytes = fs::read(&model).expect("read");
    nn::Model::load(&bytes).expect("valid").engine().process(&mut expected);
    assert_eq!(samples(&out), expected);
}

#[test]
fn gains_act_on_every_channel() {
    let folder = Folder::new("whole");
    let model = folder.linear();
    let input = folder.wav("in.wav", 44_100, 3, 32, SampleFormat::Float);
    let (plain, out) = (folder.at("plain.wav"), folder.at("out.wav"));
    done(&["amp", "-m", &model, &input, &plain]);
    done(&["amp", "-m", &model, "--input-gain", "6", "--output-gain", "-12", &input, &out]);
    let gain = 10.0_f32.powf(-6.0 / 20.0);
    let (plain, out) = (samples(&plain), samples(&out));
    assert_eq!((plain.len(), out.len()), (60_000, 60_000));
    assert!(plain.iter().zip(&out).all(|(a, b)| (gain * a - b).abs() < 1e-6));
    assert!((0..3).all(|channel| out.iter().skip(channel).step_by(3).any(|x| x.abs() > 0.1)));
}

#[test]
fn refuses_another_rate_and_says_what_to_do() {
    let folder = Folder::new("rate");
    let (model, out) = (folder.linear(), folder.at("out.wav"));
    let input = folder.wav("in.wav", 48_000, 1, 16, SampleFormat::Int);
    let done = kiln(&["amp", "--raw", "--model", &model, &input, &out]);
    assert_eq!(done.status.code(), Some(1));
    let message = stderr(&done);
    for part in ["kiln: ", "in.wav: ", "44100 Hz", "linear.nam", "48000 Hz", "resample"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert_eq!(folder.names(), ["in.wav", "linear.nam"]);
}

#[test]
fn never_overwrites_its_input() {
    let folder = Folder::new("same");
    let model = folder.linear();
    let input = folder.wav("in.wav", 44_100, 1, 16, SampleFormat::Int);
    let before = fs::read(&input).expect("read");
    let again = folder.at("../same/in.wav");
    let done = kiln(&["amp", "--raw", "--model", &model, &input, &again]);
    assert_eq!(done.status.code(), Some(1));
    assert!(stderr(&done).contains("another file than the input"), "{}", stderr(&done));
    assert_eq!(fs::read(&input).expect("read"), before);
}

#[test]
fn never_overwrites_its_model_or_what_is_no_file() {
    let folder = Folder::new("place");
    let model = folder.linear();
    let input = folder.wav("in.wav", 44_100, 1, 16, SampleFormat::Int);
    let before = fs::read(&model).expect("read");
    for (out, words) in [(&model, "another file than the model"), (&folder.at(""), "a folder")] {
        let done = kiln(&["amp", "-m", &model, &input, out]);
        assert_eq!(done.status.code(), Some(1));
        assert!(stderr(&done).contains(words), "{}", stderr(&done));
    }
    assert_eq!(fs::read(&model).expect("read"), before);
    #[cfg(unix)]
    {
        // A link to the device: were the rename done, it would hit the link alone.
        let out = folder.at("null");
        std::os::unix::fs::symlink("/dev/null", &out).expect("a link");
        let done = kiln(&["amp", "-m", &model, &input, &out]);
        assert_eq!(done.status.code(), Some(1));
        assert!(stderr(&done).contains("device"), "{}", stderr(&done));
        assert!(fs::symlink_metadata(&out).expect("there").is_symlink());
    }
}

#[test]
fn refuses_waves_no_one_records() {
    let folder = Folder::new("waves");
    let (model, out) = (folder.linear(), folder.at("out.wav"));
    let many = folder.wav("many.wav", 44_100, 65, 8, SampleFormat::Int);
    // hound writes no 64-bit floats, so a header of 32-bit ones is edited.
    let double = folder.wav("double.wav", 44_100, 1, 32, SampleFormat::Float);
    let mut bytes = fs::read(&double).expect("read");
    let at = bytes.windows(4).position(|w| w == b"fmt ").expect("a header") + 8;
    bytes[at + 8..at + 12].copy_from_slice(&(44_100 * 8u32).to_le_bytes());
    (bytes[at + 12], bytes[at + 14], bytes[at + 18]) = (8, 64, 64);
    fs::write(&double, bytes).expect("written");
    for (input, words) in [
        (many, "many.wav: expected 1 to 64 channels, found 65"),
        (double, "double.wav: expected integers or 32-bit floats, found 64-bit floats"),
    ] {
        let done = kiln(&["amp", "-m", &model, &input, &out]);
        assert_eq!(done.status.code(), Some(1));
        assert!(stderr(&done).contains(words), "{}", stderr(&done));
    }
}

#[test]
fn a_raw_network_that_overflows_is_an_error() {
    let folder = Folder::new("overflow");
    // Silent below zero, and a gain of 1e45 above.
    let file = json!({ "version": "0.5.4", "architecture": "ConvNet", "sample_rate": 44_100,
        "config": { "channels": 1, "dilations": [1, 1, 1], "batchnorm": false, "activation": "ReLU" },
        "weights": [0.0, 1e15, 0.0, 0.0, 1e15, 0.0, 0.0, 1e15, 0.0, 1.0, 0.0] });
    let (model, out) = (folder.put("loud.nam", &file.to_string()), folder.at("out.wav"));
    let input = folder.at("in.wav");
    let spec = WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
    };
    let mut wav = WavWriter::create(&input, spec).expect("created");
    (0..40_000)
        .for_each(|i| wav.write_sample(if i == 20_001 { 2.0 } else { -0.5f32 }).expect("ok"));
    wav.finalize().expect("finished");
    let done = kiln(&["amp", "--raw", "-m", &model, &input, &out]);
    assert_eq!(done.status.code(), Some(1));
    let words = "out.wav: expected finite samples, found inf in frame 10000 of channel 2";
    assert!(stderr(&done).contains(words), "{}", stderr(&done));
    assert_eq!(folder.names(), ["in.wav", "loud.nam"]);
    let done = kiln(&["amp", "-m", &model, &input, &out]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
}

#[test]
fn a_failure_leaves_no_half_file() {
    let folder = Folder::new("half");
    let (model, out) = (folder.linear(), folder.at("out.wav"));
    let input = folder.wav("in.wav", 44_100, 1, 16, SampleFormat::Int);
    let bytes = fs::read(&input).expect("read");
    fs::write(&input, &bytes[..bytes.len() / 2]).expect("written");
    fs::write(&out, "precious").expect("written");
    let done = kiln(&["amp", "--raw", "--model", &model, &input, &out]);
    assert_eq!(done.status.code(), Some(1));
    assert!(stderr(&done).starts_with("kiln: ") && stderr(&done).contains("in.wav"));
    assert_eq!(fs::read_to_string(&out).expect("read"), "precious");
    assert_eq!(folder.names(), ["in.wav", "linear.nam", "out.wav"]);
}

#[test]
fn names_the_file_at_fault() {
    let folder = Folder::new("fault");
    let (model, out) = (folder.linear(), folder.at("out.wav"));
    let input = folder.wav("in.wav", 44_100, 1, 16, SampleFormat::Int);
    let (missing, text) = (folder.at("missing"), folder.put("text", "not a model"));
    for (args, name) in [
        ([&missing, &input, &out], "missing: "),
        ([&text, &input, &out], "text: not a model file"),
        ([&model, &missing, &out], "missing: "),
        ([&model, &text, &out], "text: "),
        ([&model, &input, &folder.at("none/out.wav")], "out.wav: "),
    ] {
        let done = kiln(&["amp", "--raw", "--model", args[0], args[1], args[2]]);
        assert_eq!(done.status.code(), Some(1));
        assert!(stderr(&done).contains(name), "{name} is not in {}", stderr(&done));
        assert!(!Path::new(&out).exists());
    }
}
