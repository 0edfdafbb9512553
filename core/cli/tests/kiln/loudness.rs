//! The report, against what its numbers must be.

use std::f64::consts::TAU;

use hound::SampleFormat;
use serde_json::Value;

use crate::{Folder, done, write};

/// `seconds` of a sine of `peak`.
fn sine(hz: f64, peak: f64, seconds: f64) -> Vec<f32> {
    (0..(48_000.0 * seconds) as usize)
        .map(|i| (peak * (TAU * hz * i as f64 / 48_000.0).sin()) as f32)
        .collect()
}

fn near(value: &Value, expected: f64, within: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - expected).abs() < within, "expected {expected}, found {value}");
}

/// A network that plays what it hears.
pub(crate) fn wire(folder: &Folder) -> String {
    folder.put(
        "wire.nam",
        r#"{ "version": "0.5.4", "architecture": "Linear", "sample_rate": 48000,
        "config": { "receptive_field": 1, "bias": false }, "weights": [1.0] }"#,
    )
}

/// BS.1770-4: loudness = −0.691 + 10·log10(Σ of the channels' mean squares
/// after K-weighting), whose gain at 997 Hz is +0.691 dB. So a 997 Hz sine of
/// peak p has 20·log10(p) − 3.01 LUFS in one channel, and 3.01 more in two.
#[test]
fn a_sine_is_as_loud_as_the_standard_says() {
    let folder = Folder::new("sine");
    let (model, input, out) = (wire(&folder), folder.at("in.wav"), folder.at("out.wav"));
    let tone = sine(997.0, 0.1, 5.0);
    for (channels, lufs) in [(1, -23.01), (2, -20.0), (4, -17.0)] {
        write(&input, 48_000, &vec![tone.as_slice(); channels]);
        let json = done(&[
            "amp",
            "-m",
            &model,
            "--level",
            "raw",
            "--output-gain",
            "6",
            "--json",
            &input,
            &out,
        ]);
        let json: Value = serde_json::from_str(&json).expect("JSON");
        let file = &json["files"][0];
        assert_eq!(file["status"], "rendered");
        for (when, gain) in [("before", 0.0), ("after", 6.0)] {
            near(&file[when]["lufs"], lufs + gain, 0.05);
            near(&file[when]["rms"], -23.01 + gain, 0.01);
            near(&file[when]["true_peak"], -20.0 + gain, 0.05);
            assert_eq!(file[when]["clipped"], 0);
        }
    }
}

/// At a quarter of the rate, sampled 45° beside its peaks, a sine has samples
/// of 1/√2 of its peak: 3.01 dB that only an oversampling meter sees.
#[test]
fn the_peak_between_samples_counts() {
    let folder = Folder::new("between");
    let (model, input, out) = (wire(&folder), folder.at("in.wav"), folder.at("out.wav"));
    let signs = [1.0, 1.0, -1.0, -1.0];
    let tone: Vec<f32> = (0..48_000).map(|i| 0.5 * signs[i % 4]).collect();
    write(&input, 48_000, &[&tone]);
    let json = done(&["amp", "--raw", "-m", &model, "--json", &input, &out]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    near(&json["files"][0]["after"]["true_peak"], -3.01, 0.3);
    near(&json["files"][0]["after"]["rms"], -6.02, 0.01);
}

#[test]
fn counts_what_clips_and_leaves_out_what_is_silent() {
    let folder = Folder::new("clips");
    let (model, input, out) = (wire(&folder), folder.at("in.wav"), folder.at("out.wav"));
    let mut tone = vec![0.0; 48_000];
    (tone[10], tone[20], tone[30], tone[40]) = (1.5, -1.0, 0.9, 0.99999);
    write(&input, 48_000, &[&tone]);
    let report = |more: &[&str]| -> Value {
        let json =
            done(&[&["amp", "--raw", "-m", &model, "--json", &input, &out][..], more].concat());
        serde_json::from_str::<Value>(&json).expect("JSON")["files"][0].clone()
    };
    assert_eq!(
        (&report(&[])["before"]["clipped"], &report(&[])["after"]["clipped"]),
        (&2.into(), &2.into())
    );
    // In 16 bits, 0.99999 is the largest integer, too.
    assert_eq!(report(&["--bits", "16"])["after"]["clipped"], 3);
    write(&input, 48_000, &[&[0.0; 48_000]]);
    let silent = report(&[]);
    for when in ["before", "after"] {
        assert!(
            ["lufs", "true_peak", "rms"].iter().all(|key| silent[when][key].is_null()),
            "{silent}"
        );
    }
}

#[test]
fn the_table_is_for_people() {
    let folder = Folder::new("table");
    let model = folder.linear();
    let input = folder.wav("in.wav", 44_100, 1, 16, SampleFormat::Int);
    let out = folder.at("out");
    assert_eq!(done(&["amp", "-m", &model, &input, "-o", &out]), "");
    // The same whether it is made or there already.
    let report = || {
        let text = done(&[
            "amp",
            "-m",
            &model,
            "--report",
            "--bits",
            "16",
            &input,
            "-o",
            &folder.at("o/"),
        ]);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert!(lines[0].contains("LUFS") && lines[0].contains("dBTP"), "{text}");
        assert!(lines[1].starts_with("before") && lines[1].ends_with("in.wav"), "{text}");
        assert!(lines[2].starts_with("after") && lines.len() == 3, "{text}");
        lines
    };
    assert_eq!(report(), report());
}
