//! The command itself, run as a user runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use serde_json::{Value, json};

fn kiln(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kiln")).args(args).output().expect("kiln runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// An empty folder of its own for a test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _none_yet = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn at(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn put(&self, name: &str, text: &str) -> String {
        fs::write(self.0.join(name), text).expect("written");
        self.at(name)
    }

    /// The present sample halved, plus the one before.
    fn linear(&self) -> String {
        let file = json!({ "version": "0.5.4", "architecture": "Linear", "sample_rate": 44_100,
            "config": { "receptive_field": 2, "bias": false }, "weights": [1.0, 0.5],
            "metadata": { "name": "Two taps", "loudness": null } });
        self.put("linear.nam", &file.to_string())
    }

    fn lstm(&self) -> String {
        let weights: Vec<f32> = (0..70).map(|i| (i as f32 * 1.7).sin()).collect();
        let config = json!({ "input_size": 1, "hidden_size": 3, "num_layers": 1 });
        let file = json!({ "version": "0.5.4", "architecture": "LSTM", "config": config,
            "weights": weights });
        self.put("lstm.nam", &file.to_string())
    }

    /// `channels` of a ramp each, at a depth.
    fn wav(&self, name: &str, rate: u32, channels: u16, bits: u16, format: SampleFormat) -> String {
        let spec =
            WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format: format };
        let mut wav = WavWriter::create(self.0.join(name), spec).expect("created");
        for i in 0..20_000 {
            for c in 0..channels {
                let x = ramp(i, c);
                let int = || (x * 2.0_f32.powi(i32::from(bits) - 1)) as i32;
                match format {
                    SampleFormat::Float => wav.write_sample(x),
                    SampleFormat::Int => wav.write_sample(int()),
                }
                .expect("written");
            }
        }
        wav.finalize().expect("finished");
        self.at(name)
    }
}

/// Sample `i` of channel `c`: exact in 8 bits.
fn ramp(i: usize, c: u16) -> f32 {
    (i % 64) as f32 / 128.0 * if c == 0 { 1.0 } else { -1.0 }
}

fn samples(path: &str) -> Vec<f32> {
    let mut wav = WavReader::open(path).expect("a WAV file");
    assert_eq!((wav.spec().bits_per_sample, wav.spec().sample_format), (32, SampleFormat::Float));
    wav.samples().collect::<Result<_, _>>().expect("samples")
}

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
fn renders_the_whole_effect() {
    let folder = Folder::new("whole");
    let model = folder.linear();
    let input = folder.wav("in.wav", 44_100, 3, 32, SampleFormat::Float);
    let (raw, out) = (folder.at("raw.wav"), folder.at("out.wav"));
    let gains = ["--input-gain", "6", "--output-gain", "-12"];
    for args in [
        &["amp", "--raw", "-m", &model, &input, &raw][..],
        &["amp", gains[0], gains[1], gains[2], gains[3], "-m", &model, &input, &out],
    ] {
        let done = kiln(args);
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    }
    let gain = 10.0_f32.powf(-6.0 / 20.0);
    let (raw, out) = (samples(&raw), samples(&out));
    assert_eq!(raw.len(), out.len());
    assert!(raw.iter().zip(&out).all(|(a, b)| (gain * a - b).abs() < 1e-6));
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

#[test]
fn wrong_usage_is_2() {
    for args in [
        &["amp", "--raw", "in.wav", "out.wav"][..],
        &["amp", "--raw", "--model", "m", "--quality", "2", "in.wav", "out.wav"],
        &["amp", "--raw", "--model", "m", "--input-gain", "3", "in.wav", "out.wav"],
        &["amp", "--model", "m", "--input-gain", "21", "in.wav", "out.wav"],
        &["bench"],
        &["fly"],
        &[],
    ] {
        assert_eq!(kiln(args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn info_tells_what_a_model_is() {
    let folder = Folder::new("info");
    let model = folder.linear();
    let done = kiln(&["info", &model]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let text = String::from_utf8(done.stdout).expect("text");
    for part in ["Linear, format 0.5.4", "44100 Hz", "2 samples", "Two taps", "real time"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let done = kiln(&["info", "--json", &model]);
    let facts: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(facts["plays"], true);
    assert_eq!(facts["weights"], 2);
    assert_eq!(facts["metadata"]["name"], "Two taps");
    assert!(facts["ns_per_sample"].as_f64().is_some_and(|ns| ns > 0.0));
}

#[test]
fn what_a_file_says_cannot_command_the_terminal() {
    let folder = Folder::new("terminal");
    let file = json!({ "version": "0.5.4", "architecture": "Linear",
        "config": { "receptive_field": 1, "bias": false }, "weights": [1.0],
        "metadata": { "name": "\u{1b}]0;owned\u{7}\nplays no", "\u{9b}2J": 1 } });
    let done = kiln(&["info", &folder.put("good.nam", &file.to_string())]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let text = String::from_utf8(done.stdout).expect("text");
    assert!(text.contains(r"\u{1b}]0;owned\u{7}\nplays no"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");

    let file = json!({ "version": "0.5.4\u{1b}[2J", "architecture": "\u{1b}c", "config": {},
        "weights": [] });
    let done = kiln(&["info", &folder.put("bad.nam", &file.to_string())]);
    let text = stderr(&done);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_a_gone_reader_is_not() {
    let folder = Folder::new("full");
    let model = folder.linear();
    let info = |out: std::process::Stdio| {
        let mut kiln = Command::new(env!("CARGO_BIN_EXE_kiln"));
        kiln.args(["info", &model]).stdout(out).output().expect("kiln runs")
    };
    let full = fs::File::create("/dev/full").expect("the device");
    let done = info(full.into());
    assert_eq!(done.status.code(), Some(1));
    assert!(stderr(&done).contains("standard output"), "{}", stderr(&done));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    assert_eq!(info(writer.into()).status.code(), Some(0));
}

#[test]
fn info_tells_why_a_model_does_not_play() {
    let folder = Folder::new("refused");
    let file = json!({ "version": "0.5.4", "architecture": "Linear",
        "config": { "receptive_field": 2, "bias": true }, "weights": [1.0, 0.5] });
    let model = folder.put("bad.nam", &file.to_string());
    let done = kiln(&["info", "--json", &model]);
    assert_eq!(done.status.code(), Some(1));
    assert!(stderr(&done).contains("bad.nam: expected 3 weights"), "{}", stderr(&done));
    let facts: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(facts["plays"], false);
    assert!(facts["error"].as_str().is_some_and(|e| e.contains("found 2")));
}

#[test]
fn bench_measures_what_it_can() {
    let folder = Folder::new("bench");
    let (good, bad) = (folder.lstm(), folder.put("bad.nam", "{}"));
    let done = kiln(&["bench", "--json", &bad, &good]);
    assert_eq!(done.status.code(), Some(1));
    assert!(stderr(&done).contains("bad.nam: "), "{}", stderr(&done));
    let entries: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(entries.as_array().map(Vec::len), Some(1));
    let blocks = entries[0]["blocks"].as_array().expect("blocks");
    let lengths: Vec<_> = blocks.iter().map(|b| b["block"].as_u64()).collect();
    assert_eq!(lengths, [1, 16, 64, 512].map(Some));
}
