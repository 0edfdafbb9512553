//! `.nam` files against nam-rs, an independent player, and against recursions.

use serde_json::{Value, json};

use super::nam::{self, Architecture};
use super::tests::{about, answer, metadata, net, random};
use super::*;

/// What nam-rs makes of `input` once it has settled on silence.
fn theirs(file: &[u8], settle: usize, input: &[f32]) -> Vec<f32> {
    let json = std::str::from_utf8(file).expect("text");
    let file = nam_rs::NamModel::from_json_str(json).expect("a file it reads");
    let mut model = nam_rs::Model::from_nam(&file).expect("a model it runs");
    model.process_buffer(&mut vec![0.0; settle]);
    let mut io = input.to_vec();
    model.process_buffer(&mut io);
    io
}

fn ours(file: &[u8], input: &[f32]) -> Vec<f32> {
    let mut io = input.to_vec();
    nn::Model::load(file).expect("a file that loads").engine().process(&mut io);
    io
}

fn near(name: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    let far = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far < 1e-5, "{name}: {far} apart");
}

/// Files of all official sizes with random weights, whose head speaks up to be heard.
fn sizes() -> Vec<(&'static str, usize, Vec<u8>)> {
    let said = metadata();
    let sizes = [
        ("standard", 13_802),
        ("lite", 6554),
        ("feather", 3026),
        ("nano", 842),
        ("a2-full", 12_146),
        ("a2-lite", 1871),
    ];
    let make = |(name, count): (&'static str, usize)| {
        let config = nam::config(name).expect("a size");
        let mut weights = nam::init(&config, 5).expect("weights");
        *weights.last_mut().expect("a head scale") = 0.5;
        let file = nam::file(Architecture::WaveNet, &config, &weights, &about(&said, &[]));
        (name, count, file.expect("a file"))
    };
    sizes.map(make).into()
}

#[test]
fn official_sizes_play_alike_in_both_players() {
    let input = random(3, 2000, 0.7);
    for (name, count, file) in sizes() {
        let model = nn::Model::load(&file).expect("a file that loads");
        assert_eq!((model.architecture(), model.weights()), ("WaveNet", count), "{name}");
        let played = ours(&file, &input);
        near(name, &played, &theirs(&file, model.engine().receptive_field(), &input));
        let loud = played.iter().fold(0.0_f32, |peak, y| peak.max(y.abs()));
        assert!(loud > 1e-3, "{name} is silent");
        let json: Value = serde_json::from_slice(&file).expect("JSON");
        let version = if name.starts_with("a2") { "0.7.0" } else { "0.5.4" };
        assert_eq!(json["version"], version, "{name}");
    }
}

#[test]
fn a_container_holds_sizes() {
    let said = metadata();
    let all = sizes();
    let [lite, full] = ["a2-lite", "a2-full"].map(|name| {
        let found = all.iter().find(|(size, _, _)| *size == name);
        found.expect("a size").2.clone()
    });
    let file = nam::container(&[lite.clone(), full.clone()], &about(&said, &[])).expect("a file");
    let model = nn::Model::load(&file).expect("a file that loads");
    assert_eq!((model.architecture(), model.weights()), ("SlimmableContainer", 1871 + 12_146));
    assert_eq!(model.qualities(), [0.5]);
    assert_eq!(model.metadata(), &nn::Metadata { description: None, ..metadata() });
    let input = random(3, 1000, 0.7);
    near("best", &ours(&file, &input), &ours(&full, &input));
    near("nam-rs", &ours(&file, &input), &theirs(&file, 8000, &input));
    let error = nam::container(&[], &about(&said, &[])).expect_err("refused").to_string();
    assert!(error.contains("submodels"), "{error}");
    assert!(nam::container(&[b"{".to_vec()], &about(&said, &[])).is_err());
}

#[test]
fn an_lstm_plays_alike_from_the_first_sample() {
    let said = metadata();
    let net = net(false, 1, 10, false);
    let file = nam::recurrent(&net, &about(&said, &[])).expect("a file");
    let input = random(6, 1500, 0.8);
    let expected: Vec<f32> =
        answer(&net, &[], 48_000, &input).into_iter().map(|y| y as f32).collect();
    near("ours", &ours(&file, &input), &expected);
    // The state in the file is settled, so nothing has to go before.
    near("nam-rs", &theirs(&file, 0, &input), &expected);
    let json: Value = serde_json::from_slice(&file).expect("JSON");
    assert_eq!(json["version"], "0.5.4");
    assert_eq!(nn::Model::load(&file).expect("a file that loads").differences().len(), 0);
}

#[test]
fn weights_begin_as_pytorchs_do() {
    let config = nam::config("standard").expect("a size");
    let weights = nam::init(&config, 1).expect("weights");
    assert_eq!(weights, nam::init(&config, 1).expect("weights"));
    assert_ne!(weights, nam::init(&config, 2).expect("weights"));
    assert_eq!(weights.last(), Some(&0.02));
    let a2 = nam::init(&nam::config("a2-full").expect("a size"), 1).expect("weights");
    assert_eq!(a2.last(), Some(&0.01));
    // The rechannel's 16 of one input, then 16 · 16 · 3 and 16 biases, then a mixin's 16.
    for (range, fan) in [(0..16, 1.0), (16..800, 48.0), (800..816, 1.0), (816..1088, 16.0)] {
        let (bound, part) = (1.0 / f32::sqrt(fan), &weights[range.clone()]);
        let peak = part.iter().fold(0.0_f32, |peak, w| peak.max(w.abs()));
        assert!(peak <= bound && peak > 0.8 * bound, "{range:?}: {peak} of {bound}");
        let mean: f32 = part.iter().sum::<f32>() / part.len() as f32;
        assert!(mean.abs() < 2.5 * bound / (3.0 * part.len() as f32).sqrt(), "{range:?}: {mean}");
    }
}

#[test]
fn metadata_is_read_back() {
    let said = metadata();
    let training = json!({ "trainer": "Kiln", "settings": { "epochs": 3 } });
    let about = About { training: Some(&training), ..about(&said, &[]) };
    let file = nam::recurrent(&net(false, 1, 4, false), &about).expect("a file");
    let model = nn::Model::load(&file).expect("a file that loads");
    assert_eq!(model.metadata(), &nn::Metadata { description: None, ..said.clone() });
    let json: Value = serde_json::from_slice(&file).expect("JSON");
    assert_eq!(json["metadata"]["training"]["trainer"], "Kiln");
    assert_eq!(json["metadata"]["training"]["validation_esr"], 0.0125);
    // What is not known, or no number, is not said.
    let silent = nn::Metadata { loudness: Some(f64::NEG_INFINITY), ..nn::Metadata::default() };
    let file = nam::recurrent(&net(false, 1, 4, false), &tests::about(&silent, &[]));
    let json: Value = serde_json::from_slice(&file.expect("a file")).expect("JSON");
    assert_eq!(json["metadata"], json!({}));
}

/// A model of weights given in its own format.
fn linear(weights: &[f32]) -> nn::Model {
    let json = json!({ "version": "0.5.4", "architecture": "Linear", "sample_rate": 48_000,
        "config": { "receptive_field": 1, "bias": true }, "weights": weights });
    nn::Model::load(json.to_string().as_bytes()).expect("a model")
}

#[test]
fn loudness_and_gain_are_the_trainers() {
    let input = [0.5, -0.5, 0.5, -0.5];
    assert!((nam::loudness(&linear(&[2.0, 0.0]), &input)).abs() < 1e-6);
    assert!((nam::loudness(&linear(&[0.2, 0.0]), &input) + 20.0).abs() < 1e-5);
    assert_eq!(nam::loudness(&linear(&[0.0, 0.0]), &input), f64::NEG_INFINITY);
    // A line is not compressed, a constant wholly. What lies between is between, as the
    // formula has it: levels a·x + b of x in tenths sum to 5.5 a + 11 b of 11 (a + b).
    assert!(nam::gain(&linear(&[3.0, 0.0]), &input) < 1e-6);
    assert!((nam::gain(&linear(&[0.0, 0.7]), &input) - 1.0).abs() < 1e-6);
    let between = nam::gain(&linear(&[1.0, 0.25]), &[0.5; 4]);
    assert!((between - (2.0 * (2.75 + 2.75) / 8.25 - 1.0)).abs() < 1e-6, "{between}");
    assert_eq!(nam::gain(&linear(&[0.0, 0.0]), &input), 0.0);
    assert_eq!(nam::gain(&linear(&[1.0, 0.0]), &[]), 0.0);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let said = metadata();
    let plain = about(&said, &[]);
    let error = nam::config("huge").expect_err("refused").to_string();
    assert!(error.contains("standard, lite, feather, nano, a2-full, a2-lite"), "{error}");
    let config = nam::config("nano").expect("a size");
    let mut weights = nam::init(&config, 1).expect("weights");
    let refuse = |weights: &[f32], about: &About<'_>, told: &str| {
        let found = nam::file(Architecture::WaveNet, &config, weights, about);
        let error = found.expect_err("refused").to_string();
        assert!(error.contains(told), "{error}");
    };
    refuse(&weights[1..], &plain, "expected 842 weights");
    let knob = nn::Knob { name: "Drive".to_owned(), min: 0.0, max: 1.0, default: 0.5 };
    let knobs = [knob];
    refuse(&weights, &about(&said, &knobs), "without knobs; write kiln-drive");
    weights[7] = f32::NAN;
    refuse(&weights, &plain, "expected finite weights");
    for (key, value) in [
        ("gated", json!(true)),
        ("bottleneck", json!(2)),
        ("conv_pre_film", json!(true)),
        ("gating_mode", json!(["none", "gated"])),
        ("head1x1", json!({ "active": true })),
        ("groups_input", json!(2)),
        ("channels", json!(0)),
        ("dilations", json!([])),
        ("kernel_size", json!("three")),
    ] {
        let mut config = config.clone();
        config["layers"][0][key] = value;
        assert!(nam::init(&config, 1).is_err(), "{key} was taken");
    }
    assert!(nam::init(&json!({}), 1).is_err());
    assert!(nam::init(&json!({ "layers": [7] }), 1).is_err());
}
