//! The command itself, run as a user runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use serde_json::json;

mod certify;
mod compile;
mod drive;
mod effect;
mod folders;
mod info;
#[cfg(unix)]
mod live;
mod loudness;
mod matching;
mod models;
mod render;
mod reverb;
mod train;

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

/// What it says on standard output when all goes well.
fn done(args: &[&str]) -> String {
    let output = kiln(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// Writes floats, each channel of its own.
fn write(path: &str, sample_rate: u32, channels: &[&[f32]]) {
    let spec = WavSpec {
        channels: channels.len() as u16,
        sample_rate,
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
    };
    let mut wav = WavWriter::create(path, spec).expect("created");
    for i in 0..channels[0].len() {
        channels.iter().for_each(|channel| wav.write_sample(channel[i]).expect("written"));
    }
    wav.finalize().expect("finished");
}

/// A second of a decaying chord, which every stage of the effect changes.
fn riff() -> Vec<f32> {
    let tone = |i: usize, hz: f32| (i as f32 * hz * std::f32::consts::TAU / 48_000.0).sin();
    let decay = |i: usize| 0.4 * (i as f32 / -9_000.0).exp();
    (0..48_000)
        .map(|i| decay(i) * (tone(i, 82.4) + tone(i, 659.3) + 0.5 * tone(i, 5_000.0)))
        .collect()
}

fn samples(path: &str) -> Vec<f32> {
    let mut wav = WavReader::open(path).expect("a WAV file");
    assert_eq!((wav.spec().bits_per_sample, wav.spec().sample_format), (32, SampleFormat::Float));
    wav.samples().collect::<Result<_, _>>().expect("samples")
}

#[test]
fn wrong_usage_is_2() {
    for args in [
        &["amp", "--raw", "in.wav", "out.wav"][..],
        &["amp", "--raw", "--model", "m", "--quality", "2", "in.wav", "out.wav"],
        &["amp", "--raw", "--model", "m", "--input-gain", "3", "in.wav", "out.wav"],
        &["amp", "--model", "m", "--input-gain", "21", "in.wav", "out.wav"],
        &["amp", "--model", "m", "--set", "mix", "in.wav", "out.wav"],
        &["amp", "--model", "m", "--oversampling", "3", "in.wav", "out.wav"],
        &["amp", "--model", "m", "--tail", "-1", "in.wav", "out.wav"],
        &["amp", "--model", "m", "--jobs", "0", "in.wav", "out.wav"],
        &["amp", "--model", "m", "in.wav"],
        &["amp", "--model", "m", "in.wav", "more.wav", "out.wav"],
        &["amp"],
        &["reverb", "in.wav", "out.wav"],
        &["reverb", "--graph", "g", "--mix", "2", "in.wav", "out.wav"],
        &["reverb", "--graph", "g", "--rt60", "nan", "in.wav", "out.wav"],
        &["reverb", "--graph", "g", "in.wav"],
        &["reverb", "ir", "g"],
        &["reverb", "compile", "g"],
        &["reverb", "plot", "--rate", "0", "g", "g.png"],
        &["models"],
        &["models", "get"],
        &["models", "add", "m.json", "--key", "k", "--unsigned"],
        &["bench"],
        &["fly"],
        &[],
    ] {
        assert_eq!(kiln(args).status.code(), Some(2), "{args:?}");
    }
}
