//! What models are and cost.

use std::fs;
use std::process::Command;

use fx::preset::{Asset, Preset};
use hound::SampleFormat;
use serde_json::{Value, json};

use crate::{Folder, done, kiln, samples, stderr, write};

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

/// Every format of small networks is told of and plays.
#[test]
fn info_tells_what_a_small_network_is() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/drive");
    for (name, parts) in [
        ("aida_lstm_skip.json", &["Chain, AIDA-X file", "48000 Hz", "Synthetic"][..]),
        ("guitarml_gru_drive.json", &["GuitarML file", "44100 Hz", "Drive, 0.0 to 1.0"]),
        ("rtneural_chain.json", &["RTNeural file", "not stated"]),
        ("pytorch_conv.json", &["PyTorch file"]),
        ("kiln_drive.json", &["Chain, format 1", "Bias, -1.0 to 1.0"]),
    ] {
        let text = done(&["info", &format!("{data}/{name}")]);
        for part in parts.iter().chain(&["plays            yes"]) {
            assert!(text.contains(part), "{name}: {part} is not in {text}");
        }
    }
}

/// A raw render of one is what its engine makes of the signal.
#[test]
fn a_small_network_renders_raw() {
    let folder = Folder::new("small");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/drive/aida_lstm_skip.json");
    let input = folder.wav("in.wav", 48_000, 1, 32, SampleFormat::Float);
    let out = folder.at("out.wav");
    done(&["amp", "--raw", "-m", path, &input, &out]);
    let mut wanted = samples(&input);
    let model = nn::Model::load(&fs::read(path).expect("a file")).expect("valid");
    model.engine().process(&mut wanted);
    assert_eq!(samples(&out), wanted);
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

#[test]
fn bench_renders_a_minute_both_ways_and_compares() {
    let model = format!("{}/../../assets/kiln-clean.nam", env!("CARGO_MANIFEST_DIR"));
    let entries: Value =
        serde_json::from_str(&done(&["bench", "--offline", "--json", &model])).expect("JSON");
    let ways = entries[0]["real_time"].as_array().expect("ways");
    assert_eq!(ways.iter().map(|way| &way["way"]).collect::<Vec<_>>(), ["raw", "effect"]);
    for way in ways {
        assert_eq!(way["identical"], true, "{way}");
        assert!(
            way["one"].as_f64().zip(way["all"].as_f64()).is_some_and(|(a, b)| a > 0.0 && b > 0.0)
        );
    }
}

#[test]
fn info_tells_what_the_effect_makes_of_levels() {
    let folder = Folder::new("levels");
    let facts = |metadata: Value| {
        let file = json!({ "version": "0.5.4", "architecture": "Linear", "metadata": metadata,
            "config": { "receptive_field": 1, "bias": false }, "weights": [1.0] });
        let model = folder.put("model.nam", &file.to_string());
        let json: Value = serde_json::from_str(&done(&["info", "--json", &model])).expect("JSON");
        (json["levels"].clone(), done(&["info", &model]))
    };
    // The official player's: −18 − loudness, output − interface, interface − input.
    let (levels, text) =
        facts(json!({ "loudness": -20.5, "input_level_dbu": 18.5, "output_level_dbu": 9.0 }));
    assert_eq!(levels["normalized"], 2.5);
    assert_eq!(levels["calibrated"], -3.0);
    assert_eq!(levels["calibrated_input"], -6.5);
    assert!(text.contains("+2.5 dB, from -20.5 dB to -18 dB"), "{text}");
    assert!(text.contains("-6.5 dB, 18.5 dBu with an interface of 12 dBu"), "{text}");
    let (levels, text) = facts(json!({}));
    assert!(levels["normalized"].is_null() && levels["calibrated"].is_null());
    assert!(text.contains("no change: the file states no loudness"), "{text}");
}

#[test]
fn info_tells_how_a_wave_sounds() {
    let folder = Folder::new("wave");
    let tone: Vec<f32> = (0..48_000).map(|i| 0.5 * (i as f32 * 0.3).sin()).collect();
    let path = folder.at("tone.wav");
    write(&path, 48_000, &[&tone, &tone]);
    let facts: Value = serde_json::from_str(&done(&["info", "--json", &path])).expect("JSON");
    assert_eq!((&facts["channels"], &facts["seconds"]), (&json!(2), &json!(1.0)));
    assert!(facts["levels"]["rms"].as_f64().is_some_and(|db| (db + 9.03).abs() < 0.01));
    // The sine's first sample is silent.
    assert_eq!(facts["cabinet"]["skipped"], 1);
    assert!(facts["cabinet"]["normalized"].is_number());
    let text = done(&["info", &path]);
    assert!(text.contains("1000.0 ms after 1 samples of waiting"), "{text}");
    assert!(text.contains("48000 Hz, 32-bit floats") && text.contains("-9.0 dB\n"), "{text}");
}

#[test]
fn info_tells_what_a_preset_sets() {
    let folder = Folder::new("preset-info");
    let mut preset = Preset { name: "Mine".into(), oversampling: 2, ..Preset::default() };
    preset.params.tone.bass = 7.5;
    preset.params.gate.on = true;
    preset.models[0] = Some(Asset::factory("kiln-crunch"));
    let file = folder.put("mine.json", &preset.to_json());
    let facts: Value = serde_json::from_str(&done(&["info", "--json", &file])).expect("JSON");
    assert_eq!((&facts["name"], &facts["oversampling"]), (&json!("Mine"), &json!(2)));
    assert_eq!(facts["set"], json!({ "gate.on": true, "tone.bass": 7.5 }));
    assert_eq!(facts["models"], json!(["Kiln Crunch", null]));
    let text = done(&["info", &file]);
    for part in ["Mine", "Kiln Crunch", "tone.bass        7.5", "gate.on          true"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let newer = kiln(&[
        "info",
        &folder.put("new.json", r#"{ "format": "kiln-amp-preset", "version": 9 }"#),
    ]);
    assert!(stderr(&newer).contains("new.json: it is of version 9"), "{}", stderr(&newer));
    // What does not play is told, and is an error.
    preset.models[1] = Some(Asset::file("Broken", None, b"no model"));
    let output = kiln(&["info", &folder.put("broken.json", &preset.to_json())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("broken.json: Broken: not a model file"),
        "{}",
        stderr(&output)
    );
}
