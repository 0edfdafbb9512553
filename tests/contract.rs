//! The contract with the audio thread, over every architecture.

mod kit;

const LINEAR: &str = r#"{ "version": "0.5.4", "architecture": "Linear", "sample_rate": 48000,
    "config": { "receptive_field": 2, "bias": true }, "weights": [0.25, 0.5, 0.1] }"#;

#[test]
fn linear() {
    let model = nn::Model::load(LINEAR.as_bytes()).expect("a valid model");
    kit::conforms("linear", || model.engine(), |e, io| e.process(io), |e| e.reset());
}
