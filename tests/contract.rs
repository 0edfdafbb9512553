//! The contract with the audio thread, over every architecture.

mod kit;

use kit::models;

const LINEAR: &str = r#"{ "version": "0.5.4", "architecture": "Linear", "sample_rate": 48000,
    "config": { "receptive_field": 2, "bias": true }, "weights": [0.25, 0.5, 0.1] }"#;

#[test]
fn linear() {
    let model = nn::Model::load(LINEAR.as_bytes()).expect("a valid model");
    kit::conforms("linear", || model.engine(), |e, io| e.process(io), |e| e.reset());
}

#[test]
fn official_sizes() {
    let long = [("Linear 5000", models::linear(5000)), ("LSTM 3x5", models::lstm(3, 5))];
    for (name, json) in models::official().into_iter().chain(long) {
        if !(name.starts_with("LSTM") || name.starts_with("Linear")) {
            continue;
        }
        let model = nn::Model::load(json.as_bytes()).expect("a valid model");
        kit::conforms(name, || model.engine(), |e, io| e.process(io), |e| e.reset());
    }
}
