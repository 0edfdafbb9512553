//! `kiln drive`.

use std::fs;

use fx::drive::preset::Preset;
use fx::drive::{Drive, Oversampling, Params, Pedal, Phase, Quality, Setup};
use fx::preset::{Asset, Stored as _};
use serde_json::Value;

use crate::{Folder, done, kiln, riff, samples, stderr, write};

/// tanh, with a knob that shifts it.
const MODEL: &str = r#"{"format":"kiln-drive","version":1,"name":"Test",
    "knobs":[{"name":"Drive","min":0,"max":10,"default":5},{"name":"Tone","min":-1,"max":1,"default":0}],
    "pre":[{"kind":"high_pass","hz":90}],
    "layers":[{"type":"dense","weights":[[2.0,0.1,0.3],[5.0,-0.2,-0.4]],"bias":[0.1,-0.2]},
    {"type":"tanh"},{"type":"dense","weights":[[0.5,0.4]],"bias":[0.0]}]}"#;

fn fixture(name: &str) -> String {
    format!("{}/../../tests/data/drive/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

/// What the plugin plays, without its latency.
fn played(quality: Quality, params: &Params, tail: usize) -> Vec<f32> {
    let model = nn::Model::load(MODEL.as_bytes()).expect("a model");
    let (loader, mut effect) = Drive::new(48_000.0);
    loader.offer(
        Pedal::build(&model, Setup { sample_rate: 48_000.0, quality, calls: fx::Calls::OFFLINE })
            .expect("a pedal"),
    );
    let mut io = riff();
    io.resize(48_000 + tail + 1000, 0.0);
    io.chunks_mut(301).for_each(|io| effect.process(&mut [io], 1, params));
    let late = effect.latency();
    io[late..late + 48_000 + tail].to_vec()
}

#[test]
fn plays_what_the_plugin_plays() {
    let folder = Folder::new("drive");
    let model = folder.put("model.json", MODEL);
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&riff()]);
    let linear =
        Quality { oversampling: Oversampling::X2, phase: Phase::Linear, antiderivative: true };
    let shaped = Params {
        drive: 0.7,
        knobs: [0.2, 0.5, 0.5],
        mix: 0.8,
        tilt: -3.0,
        auto_gain: true,
        ..Params::default()
    };
    let against = ["--oversampling", "2", "--phase", "linear", "--antiderivative"];
    let flags = ["--drive", "0.7", "--knob", "tone=0.2", "--mix", "0.8", "--tilt", "-3"];
    for (quality, params, flags, tail) in [
        (Quality::default(), Params::default(), vec![], 0),
        (linear, Params::default(), against.to_vec(), 0),
        (
            linear,
            shaped,
            [&against[..], &flags, &["--auto-gain", "--tail", "0.5"]].concat(),
            24_000,
        ),
    ] {
        done(&[&["drive", "--model", &model][..], &flags, &[&input, &out]].concat());
        assert!(samples(&out) == played(quality, &params, tail), "{flags:?}");
    }
    // A setting by its key is the same as its flag.
    let set = ["drive", "-m", &model, "--set", "drive=0.7", "--knob", "2=0.2", &input, &out];
    done(&set);
    let params = Params { drive: 0.7, knobs: [0.2, 0.5, 0.5], ..Params::default() };
    assert!(samples(&out) == played(Quality::default(), &params, 0));
}

#[test]
fn plays_presets_with_what_is_said_on_top() {
    let folder = Folder::new("drive_preset");
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&riff()]);
    let render = Quality { oversampling: Oversampling::X4, ..Quality::default() };
    let preset = Preset {
        params: Params { drive: 0.9, ..Params::default() },
        quality: Quality { oversampling: Oversampling::X1, ..Quality::default() },
        render_quality: Some(render),
        model: Some(Asset::file("Test", None, MODEL.as_bytes())),
        ..Preset::default()
    };
    let path = folder.put("preset.json", &preset.to_json());
    done(&["drive", "--preset", &path, &input, &out]);
    assert!(samples(&out) == played(render, &preset.params, 0));
    done(&["drive", "--preset", &path, "--mix", "0.5", "--oversampling", "1", &input, &out]);
    let params = Params { mix: 0.5, ..preset.params };
    assert!(samples(&out) == played(preset.quality, &params, 0));
}

/// PyTorch's own answers, in its files.
#[test]
fn the_bare_network_answers_as_its_trainer() {
    let folder = Folder::new("drive_raw");
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    for name in ["torch_lstm_in1_h12", "torch_gru_in1_h8"] {
        let json: Value =
            serde_json::from_slice(&fs::read(fixture(name)).expect("read")).expect("JSON");
        let list = |key: &str| -> Vec<f32> {
            let list = json["test"][key].as_array().expect("a list").iter();
            list.map(|x| x.as_f64().expect("a number") as f32).collect()
        };
        write(&input, 44_100, &[&list("x")]);
        done(&["drive", "--raw", "--model", &fixture(name), &input, &out]);
        let far =
            samples(&out).iter().zip(list("y")).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 1e-5, "{name}: {far}");
    }
    // Knobs in their own units.
    let model = folder.put("model.json", MODEL);
    write(&input, 48_000, &[&riff()]);
    done(&["drive", "--raw", "--model", &model, "--knob", "7", "--knob", "-0.5", &input, &out]);
    let loaded = nn::Model::load(MODEL.as_bytes()).expect("a model");
    let mut expected = riff();
    loaded.at_rate(48_000.0).expect("a rate").unsettled(&[7.0, -0.5], &mut expected);
    assert!(samples(&out) == expected);
}

#[test]
fn draws_what_a_model_does() {
    let folder = Folder::new("drive_curve");
    let model = folder.put("model.json", MODEL);
    let png = folder.at("curve.png");
    done(&["drive", "curve", &model, &png, "--drive", "0.9", "--oversampling", "4"]);
    let bytes = fs::read(&png).expect("read");
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 20_000, "{} bytes", bytes.len());
    let over = kiln(&["drive", "curve", &model, &model]);
    assert_eq!(over.status.code(), Some(1));
}

#[test]
fn says_what_is_wrong() {
    let folder = Folder::new("drive_wrong");
    let model = folder.put("model.json", MODEL);
    let (input, out) = (folder.at("in.wav"), folder.at("out.wav"));
    write(&input, 48_000, &[&riff()]);
    for (flags, words) in [
        (&["--model", "factory:none"][..], "model: expected one of"),
        (&["--preset", "factory:none"], "preset: expected one of"),
        (&["--model", &model, "--knob", "tune=0.3"], "expected one of Drive, Tone"),
        (&["--model", &model, "--knob", "tone=3"], "0 to 1, found tone=3"),
        (&["--model", &model, "--knob", "9=0.3"], "expected one of Drive, Tone"),
        (&["--raw", "--model", &model, "--knob", "x"], "expected a number, found x"),
        (&["--model", &input], "in.wav"),
    ] {
        let output = kiln(&[&["drive"][..], flags, &[&input, &out]].concat());
        assert_eq!(output.status.code(), Some(1), "{flags:?}");
        assert!(stderr(&output).contains(words), "{flags:?}: {}", stderr(&output));
    }
    for flags in [
        &["--model", &model, "--drive", "2"][..],
        &["--model", &model, "--oversampling", "3"],
        &["--model", &model, "--set", "mixx=1"],
        &["--raw", "--model", &model, "--mix", "1"],
        &[],
    ] {
        let output = kiln(&[&["drive"][..], flags, &[&input, &out]].concat());
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {}", stderr(&output));
    }
    let listed = done(&["drive", "params", "--json"]);
    let listed: Vec<Value> = serde_json::from_str(&listed).expect("JSON");
    assert!(listed.iter().any(|entry| entry["key"] == "before.low"));
}
