use std::path::Path;

use serde_json::Value;

use super::*;
use crate::formats::{self, Loaded};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/drive");

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(FOLDER).join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn read(json: &[u8]) -> Result<Loaded, Error> {
    Ok(formats::load(&serde_json::from_slice(json)?)?.expect("no .nam file"))
}

fn load(name: &str) -> Loaded {
    read(&file(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn numbers(value: &Value) -> Vec<f32> {
    serde_json::from_value(value.clone()).expect("numbers")
}

fn farthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    // NaN is as far as can be.
    a.iter()
        .zip(b)
        .map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() })
        .fold(0.0, |worst, d| if d <= worst { worst } else { d })
}

/// PyTorch's own answers, begun with zeros, on every instruction set.
#[test]
fn recurrent_vectors_of_pytorch() {
    for name in ["gru_in1_h8", "lstm_in1_h12", "lstm_in2_h20", "lstm_in3_h40"] {
        let name = format!("torch_{name}.json");
        let json: Value = serde_json::from_slice(&file(&name)).expect("JSON");
        let test = &json["test"];
        let (x, y, knobs) = (numbers(&test["x"]), numbers(&test["y"]), numbers(&test["cond"]));
        let loaded = load(&name);
        assert_eq!(loaded.net.knobs().len(), knobs.len(), "{name}");
        for isa in Isa::available() {
            let mut io = x.clone();
            loaded.net.unsettled(isa, &knobs, &mut io);
            let worst = farthest(&io, &y);
            println!("{name} {isa:?}: {worst:e}");
            assert!(worst <= 1e-6, "{name} {isa:?}: {worst:e}");
        }
    }
}

/// A row of features at a time: the first as sound, the others as knobs.
#[test]
fn dense_vectors_of_pytorch() {
    let json: Value = serde_json::from_slice(&file("torch_mlp_8-16-16-4-1.json")).expect("JSON");
    let loaded = load("torch_mlp_8-16-16-4-1.json");
    assert_eq!(loaded.net.knobs().len(), 7);
    let y = numbers(&json["test"]["y"]);
    for isa in Isa::available() {
        let mut engine = loaded.net.engine(isa);
        let mut found = Vec::new();
        for row in json["test"]["x"].as_array().expect("rows") {
            let row = numbers(row);
            row[1..].iter().enumerate().for_each(|(i, k)| engine.set_knob(i, *k));
            let mut io = [row[0]];
            engine.process(&mut io);
            found.push(io[0]);
        }
        let worst = farthest(&found, &y);
        println!("{isa:?}: {worst:e}");
        assert!(worst <= 1e-6, "{isa:?}: {worst:e}");
    }
}

/// Every format, settled on silence, against float64.
#[test]
fn fixtures_of_every_format() {
    let index: Value = serde_json::from_slice(&file("index.json")).expect("JSON");
    let input = numbers(&index["input"]);
    let files = index["files"].as_array().expect("a list");
    assert!(files.len() >= 10, "{} fixtures", files.len());
    for entry in files {
        let name = entry["model"].as_str().expect("a name");
        let loaded = load(name);
        assert!(loaded.notices.is_empty(), "{name}: {:?}", loaded.notices);
        assert_eq!(loaded.sample_rate, entry["rate"].as_f64(), "{name}");
        let (knobs, wanted) = (numbers(&entry["knobs"]), numbers(&entry["output"]));
        assert_eq!(loaded.net.knobs().len(), knobs.len(), "{name}");
        for isa in Isa::available() {
            let mut engine = loaded.net.engine(isa);
            if !knobs.is_empty() {
                knobs.iter().enumerate().for_each(|(i, k)| engine.set_knob(i, *k));
                engine.process(&mut [0.0; 8192]);
            }
            let mut io = input.clone();
            engine.process(&mut io);
            let worst = farthest(&io, &wanted);
            println!("{name} {isa:?}: {worst:e}");
            assert!(worst <= 1e-6, "{name} {isa:?}: {worst:e}");
        }
    }
}

#[test]
fn a_failed_self_test_is_told_or_refused() {
    let mut json: Value = serde_json::from_slice(&file("aida_gru.json")).expect("JSON");
    json["output_batch"][100] = Value::from(json["output_batch"][100].as_f64().expect("y") + 1e-3);
    let loaded = read(json.to_string().as_bytes()).expect("plays");
    assert!(loaded.notices[0].contains("self-test"), "{:?}", loaded.notices);
    let mut json: Value = serde_json::from_slice(&file("kiln_drive.json")).expect("JSON");
    json["self_test"] = serde_json::json!({ "input": [0.5], "output": [12.0] });
    let error = read(json.to_string().as_bytes()).err().expect("refused").to_string();
    assert!(error.contains("self_test.output"), "{error}");
}

/// A curve drawn is the network, over its range and beyond it.
#[test]
fn a_curve_is_the_network() {
    let loaded = load("rtneural_curve.json");
    let layers = &loaded.net.0.spec.layers;
    let curve = loaded.net.0.curve.as_ref().expect("a curve");
    let x: Vec<f32> = (-120_000..120_000).map(|i| i as f32 / 10_000.0).collect();
    assert!(curve.holds(7.9) && !curve.holds(8.1), "the sweep passes the end");
    let wanted: Vec<f32> = x
        .iter()
        .map(|x| exact::evaluate(layers, f64::from(*x)).expect("no memory") as f32)
        .collect();
    for isa in Isa::available() {
        let mut io = x.clone();
        loaded.net.engine(isa).process(&mut io);
        let worst = farthest(&io, &wanted);
        println!("{isa:?}: {worst:e}");
        assert!(worst <= 1.5e-6, "{isa:?}: {worst:e}");
    }
}

/// No table is near enough to a corner, so the network itself runs.
#[test]
fn what_has_corners_is_no_curve() {
    let json = br#"{ "format": "kiln-drive", "version": 1, "layers": [
        { "type": "dense", "weights": [[1.0]], "bias": [-0.3337] }, { "type": "relu" },
        { "type": "dense", "weights": [[2.0]], "bias": [0.5] }] }"#;
    let loaded = read(json).expect("valid");
    assert!(loaded.net.0.curve.is_none());
    let mut io = [0.0, 0.3, 0.5, 1.3337];
    loaded.net.engine(Isa::best()).process(&mut io);
    assert!(farthest(&io, &[0.5, 0.5, 0.8326, 2.5]) < 1e-6, "{io:?}");
}

#[test]
fn knobs_turn_from_the_next_sample_and_outlast_a_reset() {
    let json = br#"{ "format": "kiln-drive", "version": 1,
        "knobs": [{ "name": "A", "min": 0, "max": 4, "default": 1 }],
        "layers": [{ "type": "dense", "weights": [[1.0, 10.0]], "bias": [0.0] }] }"#;
    let loaded = read(json).expect("valid");
    let mut engine = loaded.net.engine(Isa::best());
    let mut ask = |knob: Option<(usize, f32)>| {
        if let Some((i, value)) = knob {
            engine.set_knob(i, value);
        }
        let mut io = [0.5, 0.25];
        engine.process(&mut io);
        engine.reset();
        io
    };
    assert_eq!(ask(None), [10.5, 10.25]);
    assert_eq!(ask(Some((0, 2.0))), [20.5, 20.25]);
    assert_eq!(ask(Some((0, f32::NAN))), [20.5, 20.25], "not a number is no turn");
    assert_eq!(ask(Some((1, 3.0))), [20.5, 20.25], "there is no such knob");
}

/// A knob that moves from sample to sample is one that is set before each.
#[test]
fn knobs_follow_what_they_are_given() {
    let loaded = load("kiln_branches.json");
    let turn: Vec<f32> = (0..300).map(|i| 0.5 + 0.5 * (0.05 * i as f32).sin()).collect();
    let sound: Vec<f32> = (0..300).map(|i| (0.3 * i as f32).sin()).collect();
    for isa in Isa::available() {
        let (mut whole, mut each) = (sound.clone(), sound.clone());
        loaded.net.engine(isa).process_turning(&mut whole, &[&turn]);
        let mut engine = loaded.net.engine(isa);
        for (x, k) in each.chunks_mut(1).zip(&turn) {
            engine.set_knob(0, *k);
            engine.process(x);
        }
        assert!(whole == each, "{isa:?}");
        let mut parts = sound.clone();
        let mut engine = loaded.net.engine(isa);
        for (x, k) in parts.chunks_mut(77).zip(turn.chunks(77)) {
            engine.process_turning(x, &[k]);
        }
        assert!(whole == parts, "{isa:?}");
    }
}

/// A quiet sound goes through a slope, of which the mean of two samples is left; any cut
/// gives the same; a network that is no candidate has none.
#[test]
fn an_integrated_network_answers_with_means() {
    let net = load("kiln_branches.json").net.antiderivative().expect("one layer").expect("valid");
    let sound: Vec<f32> = (0..300).map(|i| (0.3 * i as f32).sin()).collect();
    for isa in Isa::available() {
        let (mut whole, mut parts) = (sound.clone(), sound.clone());
        net.engine(isa).process(&mut whole);
        let mut engine = net.engine(isa);
        parts.chunks_mut(7).for_each(|part| engine.process(part));
        assert!(whole == parts, "{isa:?}");
    }
    let json = br#"{ "format": "kiln-drive", "version": 1, "layers": [
        { "type": "dense", "weights": [[2.0]], "bias": [0.0] }, { "type": "tanh" },
        { "type": "dense", "weights": [[3.0]], "bias": [0.25] }] }"#;
    let net = read(json).expect("valid").net.antiderivative().expect("one layer").expect("valid");
    let mut io = [1e-4, 3e-4, -2e-4, 0.0, 5.0, 5.0];
    net.engine(Isa::best()).process(&mut io);
    let wanted = [3e-4, 1.2e-3, 3e-4, -6e-4].map(|y: f32| 0.25 + y);
    assert!(farthest(&io[..4], &wanted) < 1e-7, "{io:?}");
    assert!((io[5] - 3.25).abs() < 1e-5, "{io:?}");
    for name in ["kiln_drive.json", "rtneural_chain.json", "torch_lstm_in1_h12.json"] {
        assert!(load(name).net.antiderivative().is_none(), "{name}");
    }
}

/// Filters are derived for the rate asked for: the corner stays where it was.
#[test]
fn filters_follow_the_rate() {
    let json = br#"{ "format": "kiln-drive", "version": 1,
        "pre": [{ "kind": "low_pass", "hz": 1000.0 }],
        "layers": [{ "type": "dense", "weights": [[1.0]], "bias": [0.0] }] }"#;
    let model = crate::Model::load(json).expect("valid");
    assert!(model.follows_rate());
    for rate in [32_000.0, 48_000.0, 192_000.0] {
        let mut engine = model.at_rate(rate).expect("a rate").engine();
        let n = rate as usize;
        let phase = |i: usize| std::f64::consts::TAU * 1000.0 * i as f64 / rate;
        let mut io: Vec<f32> = (0..n).map(|i| phase(i).sin() as f32).collect();
        engine.process(&mut io);
        let power: f64 = io[n / 2..].iter().map(|y| f64::from(*y).powi(2)).sum();
        let db = 10.0 * (power / (n / 4) as f64).log10();
        assert!((db + 3.0103).abs() < 0.01, "{db} dB at {rate}");
    }
    assert!(model.at_rate(f64::NAN).is_err());
}

/// Neither weights beyond reason nor input beyond it leave the numbers.
#[test]
fn nothing_finite_overflows() {
    for kind in ["lstm", "gru"] {
        let gates = if kind == "gru" { 3 } else { 4 };
        for w in [1e15_f32, -1e15, 3.0] {
            let rows = |n: usize| vec![vec![w; n]; gates * 5];
            let mut layer = serde_json::json!({ "type": kind, "input": rows(2), "own": rows(5),
                "bias": vec![w; gates * 5] });
            if kind == "gru" {
                layer["own_bias"] = layer["bias"].clone();
            }
            let before = serde_json::json!({ "type": "dense", "weights": [[w], [-w]],
                "bias": [0.0, 1.0] });
            let head = serde_json::json!({ "type": "dense", "weights": [vec![0.1; 5]],
                "bias": [0.0] });
            let json = serde_json::json!({ "format": "kiln-drive", "version": 1,
                "layers": [before, layer, head] });
            let loaded = read(json.to_string().as_bytes()).expect("valid");
            for isa in Isa::available() {
                let bad = [f32::MAX, f32::MIN, f32::NAN, f32::INFINITY, 0.1];
                let mut io: Vec<f32> = (0..200).map(|i| bad[i % 5]).collect();
                loaded.net.engine(isa).process(&mut io);
                assert!(io.iter().all(|y| y.is_finite()), "{kind} {w} {isa:?}");
            }
        }
    }
}

#[test]
fn refuses_what_it_cannot_run() {
    let drive =
        |layers: &str| format!(r#"{{"format":"kiln-drive","version":1,"layers":{layers}}}"#);
    let dense =
        |w: &str, b: &str| drive(&format!(r#"[{{"type":"dense","weights":{w},"bias":{b}}}]"#));
    for (json, words) in [
        ("{}".to_owned(), "the file is not supported: expected a model: .nam, Kiln Drive"),
        (r#"{"a":1,"b":2}"#.into(), "keys a, b"),
        (drive("[]"), "layers: expected 1 to 64 layers, found 0"),
        (dense("[[1,2]]", "[0]"), "layers[0] inputs: expected 1, what comes before it, found 2"),
        (dense("[[1],[2]]", "[0,0]"), "the last layer: expected 1 output"),
        (dense("[[1]]", "[0,0]"), "layers[0] weights: expected 1 of them, found 2"),
        (dense("[[1e30]]", "[0]"), "magnitude up to 1e15"),
        (r#"{"format":"kiln-fuzz"}"#.into(), "expected kiln-drive"),
        (r#"{"format":"kiln-drive","version":2}"#.into(), "expected 1, found 2"),
        (r#"{"format":"kiln-drive","version":1,"drive":2,"layers":[]}"#.into(), "drive is not"),
        (
            r#"{"format":"kiln-drive","version":1,"branches":[[{"kind":"notch","hz":1}]],
            "layers":[]}"#
                .into(),
            "branches",
        ),
        (r#"{"in_shape":[null,null,1],"layers":[{"type":"conv2d"}]}"#.into(), "layers[0].type"),
        (r#"{"in_shape":[1,2,3,4],"layers":[]}"#.into(), "in_shape"),
        (r#"{"in_shape":[null,null,1],"in_skip":2,"layers":[]}"#.into(), "in_skip"),
        (
            r#"{"model_data":{"input_size":1,"unit_type":"LSTM","hidden_size":4,"num_layers":2}}"#
                .into(),
            "model_data.num_layers",
        ),
        (r#"{"0.weight":[[1]],"0.bias":[0]}"#.into(), "layers: expected a list"),
        (
            r#"{"rec.weight_ih_l0":[[1],[1]],"rec.weight_hh_l0":[[1],[1]],"lin.weight":[[1]],
            "lin.bias":[0],"rec.bias_ih_l0":[0,0]}"#
                .into(),
            "3 or 4 gates",
        ),
    ] {
        let error = read(json.as_bytes()).err().unwrap_or_else(|| panic!("{json} was taken"));
        assert!(error.to_string().contains(words), "{json}: {error}, not {words}");
    }
}
