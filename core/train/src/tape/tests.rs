use cpu::Isa;
use nn::program::{Builder, Conv, Finish, Mac, Op, Program};
use nn::{Activation, Model};
use serde_json::json;
use serde_json::value::RawValue;

use super::*;

fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..n).map(|_| random.f32() - 0.5).collect()
}

/// A WaveNet of two arrays in the shape of the official ones.
fn wavenet(activation: serde_json::Value, head: usize) -> (Network, serde_json::Value) {
    let array =
        |inputs: usize, channels: usize, outputs: usize, dilations: &[usize], bias: bool| {
            json!({ "input_size": inputs, "condition_size": 1, "channels": channels,
            "head": { "out_channels": outputs, "kernel_size": head, "bias": bias },
            "kernel_size": 3, "dilations": dilations, "activation": activation, "gated": false })
        };
    let layers = [array(1, 5, 3, &[1, 2, 400], false), array(5, 3, 1, &[8, 1], true)];
    let config = json!({ "layers": layers, "head": null, "head_scale": 0.5 });
    let raw = RawValue::from_string(config.to_string()).expect("JSON");
    let count = (1..2000)
        .find(|n| Program::wavenet(&raw, &vec![0.0; *n]).is_ok())
        .expect("some number of weights");
    let program = move |weights: &[f32]| Program::wavenet(&raw, weights);
    (Network::new(count, &[(count - 1, 0.5)], program).expect("a network"), config)
}

/// Weights at random, the head's scale last.
fn weights(network: &Network) -> Vec<f32> {
    let mut weights = noise(network.weights(), 3);
    if let Some(last) = weights.last_mut() {
        *last = 0.5;
    }
    weights
}

#[test]
fn forward_is_what_players_play() {
    let (mut network, config) = wavenet(json!("Tanh"), 1);
    let weights = weights(&network);
    network.set(&weights);
    let file = json!({ "version": "0.5.4", "architecture": "WaveNet", "config": config,
        "weights": weights });
    let model = Model::load(file.to_string().as_bytes()).expect("a model");
    let before = network.receptive_field() - 1;
    assert_eq!(before + 1, model.engine().receptive_field());
    let input = noise(before + 700, 5);
    for isa in Isa::available() {
        let mut heard = input.clone();
        model.engine_on(isa).process(&mut heard);
        let mut tape = Tape::on(&network, 700, isa);
        let found = tape.forward(&network, &[&input]);
        assert_eq!(found, &heard[before..], "{isa:?}");
    }
}

/// The derivative by every weight against central differences of a loss in float64.
fn check(network: &mut Network, weights: &[f32], rows: usize, every: usize, constants: usize) {
    // Shorter than a chunk, longer, and with every kind of rest.
    for outputs in [300, 1, 17, 543] {
        check_length(network, weights, rows, [every, constants], outputs);
    }
}

fn check_length(
    network: &mut Network,
    weights: &[f32],
    rows: usize,
    [every, constants]: [usize; 2],
    outputs: usize,
) {
    for isa in Isa::available() {
        let mut tape = Tape::on(network, outputs, isa);
        let input: Vec<_> = (0..rows as u64).map(|r| noise(tape.frames(), r)).collect();
        let input: Vec<&[f32]> = input.iter().map(|row| &row[..]).collect();
        let wanted = noise(outputs, 9);
        let loss = |network: &mut Network, tape: &mut Tape, weights: &[f32]| -> f64 {
            network.set(weights);
            let found = tape.forward(network, &input).iter().zip(&wanted);
            found.map(|(y, w)| 0.5 * (f64::from(*y) - f64::from(*w)).powi(2)).sum()
        };
        loss(network, &mut tape, weights);
        let errors: Vec<f32> =
            tape.forward(network, &input).iter().zip(&wanted).map(|(y, w)| y - w).collect();
        let mut gradient = vec![0.0; weights.len()];
        tape.backward(network, &errors, &mut gradient);
        let largest = gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
        assert!(largest > 0.01, "{isa:?}: {largest}");
        for i in (0..weights.len() - constants).step_by(every) {
            let mut moved = weights.to_vec();
            let mut at = |by: f32| {
                moved[i] = weights[i] + by;
                (loss(network, &mut tape, &moved), f64::from(moved[i]))
            };
            let ((high, above), (low, below)) = (at(3e-3), at(-3e-3));
            let slope = (high - low) / (above - below);
            let error = (slope - f64::from(gradient[i])).abs();
            // Where few frames count, even a blunt corner shows; a lost frame shows more.
            let bound = 0.01 * slope.abs() + 3e-3 * f64::from(largest);
            assert!(error < bound, "{isa:?}, {outputs}, weight {i}: {} not {slope}", gradient[i]);
        }
    }
}

#[test]
fn derivatives_of_a_wavenet() {
    // A blunt corner, for differences across a sharp one are no derivatives.
    let leaky = json!({ "type": "LeakyReLU", "negative_slope": 0.9 });
    for (activation, head) in [(json!("Tanh"), 1), (leaky, 16)] {
        let (mut network, _) = wavenet(activation, head);
        let weights = weights(&network);
        check(&mut network, &weights, 1, 1, 1);
    }
}

/// Taps, a hidden layer, an output, over sound and a knob.
fn chain(weights: &[f32], activation: &Activation) -> Result<Program, nn::Error> {
    let mut b = Builder::new();
    let input = b.buffer(2);
    let (hidden, second, output) = (b.buffer(7), b.buffer(4), b.buffer(1));
    let first = Conv { inputs: 2, taps: 33, dilation: 3, groups: 1 };
    let (w1, rest) = weights.split_at(7 * 2 * 33);
    let (b1, rest) = rest.split_at(7);
    let (w2, rest) = rest.split_at(28);
    let (b2, rest) = rest.split_at(4);
    let (w3, b3) = rest.split_at(4);
    let mac = |outputs: usize| Mac::new(outputs, Finish::Identity);
    b.mac(mac(7).conv(input, first, w1).bias(b1).to(hidden), activation);
    b.mac(mac(4).conv(hidden, Conv::pointwise(7), w2).bias(b2).to(second), activation);
    b.push(Op::Mac(mac(1).conv(second, Conv::pointwise(4), w3).bias(b3).to(output)));
    b.finish(input, output, 1 + 32 * 3)
}

#[test]
fn derivatives_of_a_chain() {
    let count = 7 * 2 * 33 + 7 + 28 + 4 + 4 + 1;
    let program = |weights: &[f32]| chain(weights, &Activation::PreciseTanh);
    let mut network = Network::new(count, &[], program).expect("a network");
    assert_eq!(network.inputs(), 2);
    check(&mut network, &noise(count, 1), 2, 3, 0);
}

#[test]
fn what_has_no_derivative_here_is_refused() {
    let program = |weights: &[f32]| chain(weights, &Activation::Softsign);
    assert!(Network::new(7 * 2 * 33 + 7 + 28 + 4 + 4 + 1, &[], program).is_err());
}
