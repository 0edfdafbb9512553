//! Recurrent networks and chains in every format, against recursions written out here.

use serde_json::Value;

use super::*;

const RATE: f64 = 48_000.0;

pub(super) fn random(seed: u64, n: usize, size: f32) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..n).map(|_| size * (2.0 * random.f32() - 1.0)).collect()
}

pub(super) fn net(gru: bool, inputs: usize, hidden: usize, skip: bool) -> Recurrent {
    let rows = hidden * if gru { 3 } else { 4 };
    Recurrent {
        gru,
        inputs,
        hidden,
        input: random(1, rows * inputs, 1.0),
        own: random(2, rows * hidden, 0.4),
        bias: random(3, rows, 0.3),
        own_bias: random(4, rows, 0.3),
        head: random(5, hidden, 0.7),
        head_bias: 0.05,
        skip,
    }
}

/// The recursion of PyTorch's documentation, unit by unit, from zeros and after so many
/// zeros.
pub(super) fn answer(net: &Recurrent, knobs: &[f32], silence: usize, input: &[f32]) -> Vec<f64> {
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    let n = net.hidden;
    let (mut h, mut c) = (vec![0.0; n], vec![0.0; n]);
    let mut out = Vec::new();
    for x in vec![0.0; silence].iter().chain(input) {
        let x: Vec<f64> = [*x].iter().chain(knobs).map(|x| f64::from(*x)).collect();
        let (before, mut now) = (h.clone(), h.clone());
        for k in 0..n {
            let driven = |gate: usize| {
                let row = gate * n + k;
                let sum =
                    (0..net.inputs).map(|i| f64::from(net.input[row * net.inputs + i]) * x[i]);
                f64::from(net.bias[row]) + sum.sum::<f64>()
            };
            let own = |gate: usize| {
                let row = gate * n + k;
                let sum = (0..n).map(|j| f64::from(net.own[row * n + j]) * before[j]);
                f64::from(net.own_bias[row]) + sum.sum::<f64>()
            };
            let both = |gate: usize| driven(gate) + own(gate);
            if net.gru {
                let (reset, update) = (sigmoid(both(0)), sigmoid(both(1)));
                let candidate = (driven(2) + reset * own(2)).tanh();
                now[k] = (1.0 - update) * candidate + update * before[k];
            } else {
                c[k] = sigmoid(both(1)) * c[k] + sigmoid(both(0)) * both(2).tanh();
                now[k] = sigmoid(both(3)) * f64::tanh(c[k]);
            }
        }
        h = now;
        let sum: f64 = net.head.iter().zip(&h).map(|(w, h)| f64::from(*w) * h).sum();
        out.push(sum + f64::from(net.head_bias) + if net.skip { x[0] } else { 0.0 });
    }
    out.split_off(silence)
}

pub(super) fn metadata() -> nn::Metadata {
    nn::Metadata {
        date: Some(nn::Date { year: 2026, month: 2, day: 3, hour: 4, minute: 5, second: 6 }),
        loudness: Some(-18.25),
        gain: Some(0.5),
        name: Some("Red".to_owned()),
        modeled_by: Some("Ann".to_owned()),
        gear_type: Some("pedal".to_owned()),
        gear_make: Some("Acme".to_owned()),
        gear_model: Some("Box".to_owned()),
        tone_type: Some("fuzz".to_owned()),
        input_level_dbu: Some(12.5),
        output_level_dbu: Some(-3.0),
        description: Some("A red box.".to_owned()),
        esr: Some(0.0125),
        revision: Some(7),
    }
}

pub(super) fn about<'a>(metadata: &'a nn::Metadata, knobs: &'a [nn::Knob]) -> About<'a> {
    About { sample_rate: RATE, metadata, knobs, training: None }
}

fn knob(name: &str, default: f32) -> nn::Knob {
    nn::Knob { name: name.to_owned(), min: 0.0, max: 1.0, default }
}

fn near(name: &str, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(*a) - b).abs() < 1e-5, "{name}, sample {i}: {a}, expected {b}");
    }
}

/// Plays from zeros, and settled on silence, as the recursion does.
fn plays(name: &str, file: &[u8], net: &Recurrent, knobs: &[f32]) -> nn::Model {
    let model = nn::Model::load(file).expect("a file that loads");
    assert_eq!(model.differences(), &[] as &[String], "{name}");
    let input = random(9, 1000, 0.8);
    let mut io = input.clone();
    model.unsettled(knobs, &mut io);
    near(name, &io, &answer(net, knobs, 0, &input));
    let mut engine = model.engine();
    knobs.iter().enumerate().for_each(|(i, k)| engine.set_knob(i, *k));
    engine.settle();
    engine.process(&mut vec![0.0; 20_000]);
    let mut io = input.clone();
    engine.process(&mut io);
    near(name, &io, &answer(net, knobs, 20_000, &input));
    model
}

type Write = fn(&Recurrent, &About<'_>) -> Result<Vec<u8>, Error>;

#[test]
fn every_format_plays_what_was_taught() {
    let said = metadata();
    let formats: [(&str, Write, bool, usize); 4] = [
        ("AIDA-X", aida::recurrent, true, 3),
        ("GuitarML", guitarml::recurrent, true, 3),
        ("RTNeural", chain::rtneural_recurrent, false, 3),
        ("Kiln Drive", drive::recurrent, true, 5),
    ];
    for (format, write, skip, most) in formats {
        for (gru, inputs) in [(false, 1), (true, 1), (false, 2), (true, most)] {
            let net = net(gru, inputs, 12, skip);
            let knobs: Vec<nn::Knob> =
                (1..inputs).map(|i| knob(&format!("K{i}"), 0.2 * i as f32)).collect();
            let at: Vec<f32> = knobs.iter().map(|k| 0.9 - k.default).collect();
            let file = write(&net, &about(&said, &knobs)).expect("a file");
            let name = format!("{format} with {inputs} inputs, gru: {gru}");
            let model = plays(&name, &file, &net, &at);
            assert_eq!((model.format(), model.sample_rate()), (format, Some(RATE)), "{name}");
            assert_eq!(model.knobs().len(), inputs - 1, "{name}");
        }
    }
}

#[test]
fn aida_x_has_its_self_test_and_metadata() {
    let said = metadata();
    let net = net(false, 1, 16, true);
    let file = aida::recurrent(&net, &about(&said, &[])).expect("a file");
    let json: Value = serde_json::from_slice(&file).expect("JSON");
    let batch =
        |key: &str| -> Vec<f32> { serde_json::from_value(json[key].clone()).expect("numbers") };
    let (input, output) = (batch("input_batch"), batch("output_batch"));
    assert_eq!((input.len(), output.len()), (2048, 2048));
    near("self-test", &output, &answer(&net, &[], 0, &input));
    assert_eq!(json["metadata"]["samplerate"], "48000");
    assert_eq!(json["samplerate"], 48_000);
    assert_eq!(json["metadata"]["based"], "Acme Box");
    let model = nn::Model::load(&file).expect("a file that loads");
    assert_eq!(model.metadata().modeled_by.as_deref(), Some("Ann"));
    // A file whose weights are damaged no longer passes its own test.
    let mut damaged = json.clone();
    damaged["layers"][1]["weights"][1][0] = Value::from(0.5);
    let bytes = serde_json::to_vec(&damaged).expect("JSON");
    assert_eq!(nn::Model::load(&bytes).expect("a file that loads").differences().len(), 1);
}

#[test]
fn kiln_drive_keeps_knobs_and_words() {
    let said = metadata();
    let knobs = [nn::Knob { name: "Drive".to_owned(), min: -1.0, max: 11.0, default: 4.0 }];
    let net = net(true, 2, 8, false);
    let file = drive::recurrent(&net, &about(&said, &knobs)).expect("a file");
    let model = nn::Model::load(&file).expect("a file that loads");
    assert_eq!(model.knobs(), &knobs);
    let found = model.metadata();
    assert_eq!(found.name, said.name);
    assert_eq!(found.modeled_by, said.modeled_by);
    assert_eq!((found.description.clone(), found.esr), (said.description.clone(), said.esr));
}

fn layer(inputs: usize, outputs: usize, taps: usize, groups: usize, seed: u64) -> Layer {
    Layer {
        inputs,
        outputs,
        taps,
        dilation: 3,
        groups,
        weights: random(seed, outputs * inputs / groups * taps, 0.8),
        bias: random(seed + 1, outputs, 0.2),
        activation: Activation::Tanh,
    }
}

/// Convolutions written out, over zeros before the input.
fn chained(chain: &Chain, input: &[f32]) -> Vec<f64> {
    let mut signal: Vec<Vec<f64>> = vec![input.iter().map(|x| f64::from(*x)).collect()];
    for l in &chain.layers {
        let each = l.inputs / l.groups;
        let channel = |o: usize| -> Vec<f64> {
            let first = o / (l.outputs / l.groups) * each;
            let sample = |n: usize| {
                let mut sum = f64::from(l.bias[o]);
                for i in 0..each {
                    for k in 0..l.taps {
                        let ago = (l.taps - 1 - k) * l.dilation;
                        let x = if n < ago { 0.0 } else { signal[first + i][n - ago] };
                        sum += f64::from(l.weights[(o * each + i) * l.taps + k]) * x;
                    }
                }
                match l.activation {
                    Activation::Linear => sum,
                    Activation::Tanh => sum.tanh(),
                    Activation::Relu => sum.max(0.0),
                    Activation::Sigmoid => 1.0 / (1.0 + (-sum).exp()),
                    Activation::Elu if sum < 0.0 => sum.exp_m1(),
                    Activation::Elu => sum,
                    Activation::Softmax => panic!("not by channel"),
                }
            };
            (0..input.len()).map(sample).collect()
        };
        signal = (0..l.outputs).map(channel).collect();
    }
    signal.swap_remove(0)
}

#[test]
fn rtneural_plays_chains() {
    let said = metadata();
    let all = [
        Activation::Tanh,
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Elu,
        Activation::Linear,
    ];
    for activation in all {
        let mut layers = vec![
            layer(1, 6, 4, 1, 20),
            layer(6, 4, 3, 2, 30),
            layer(4, 5, 1, 1, 40),
            layer(5, 1, 1, 1, 50),
        ];
        layers[1].activation = activation;
        layers[3].activation = Activation::Linear;
        // Zeros before the input must be those of every layer, so no layer may rest elsewhere.
        for l in &mut layers[..2] {
            l.bias.fill(0.0);
        }
        if activation == Activation::Sigmoid {
            // It answers silence with a half, so it comes last.
            layers = vec![layers.swap_remove(0), Layer { activation, ..layer(6, 1, 1, 1, 60) }];
        }
        let chain = Chain { layers };
        let file = chain::rtneural(&chain, &about(&said, &[])).expect("a file");
        let model = nn::Model::load(&file).expect("a file that loads");
        assert_eq!((model.format(), model.differences().len()), ("RTNeural", 0));
        let input = random(8, 500, 0.9);
        let mut io = input.clone();
        model.unsettled(&[], &mut io);
        near(&format!("{activation:?}"), &io, &chained(&chain, &input));
    }
}

fn told(found: Result<Vec<u8>, Error>, words: &[&str]) {
    let error = found.expect_err("refused").to_string();
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
}

#[test]
fn what_a_format_cannot_hold_is_refused_with_advice() {
    let said = metadata();
    let plain = about(&said, &[]);
    let one = [knob("Drive", 0.5)];
    let wide = [nn::Knob { max: 10.0, ..knob("Drive", 5.0) }];
    told(nam::recurrent(&net(true, 1, 8, false), &plain), &["a GRU", "write AIDA-X"]);
    told(nam::recurrent(&net(false, 2, 8, false), &about(&said, &one)), &["knobs", "kiln-drive"]);
    told(nam::recurrent(&net(false, 1, 8, true), &plain), &["without a skip", "kiln-drive"]);
    told(aida::recurrent(&net(false, 1, 7, false), &plain), &["8, 12, 16", "found 7"]);
    told(aida::recurrent(&net(false, 4, 8, false), &plain), &["up to 2 knobs", "4 inputs"]);
    let found = aida::recurrent(&net(false, 2, 8, false), &about(&said, &wide));
    told(found, &["from 0 to 1", "Drive from 0 to 10"]);
    told(guitarml::recurrent(&net(false, 1, 8, false), &plain), &["a skip", "AIDA-X"]);
    told(guitarml::recurrent(&net(false, 4, 8, true), &plain), &["up to 2 knobs"]);
    told(chain::rtneural_recurrent(&net(false, 1, 8, true), &plain), &["without a skip"]);
    let wide = about(&said, &wide);
    told(guitarml::recurrent(&net(false, 2, 8, true), &wide), &["GuitarML", "from 0 to 10"]);
    told(chain::rtneural_recurrent(&net(false, 2, 8, false), &wide), &["RTNeural", "to 10"]);
    told(guitarml::recurrent(&net(false, 1, 8, true), &wide), &["knobs", "expected 0", "found 1"]);
    told(drive::recurrent(&net(false, 2, 8, false), &plain), &["knobs", "expected 1", "found 0"]);
}

#[test]
fn weights_that_contradict_their_sizes_are_refused() {
    let said = metadata();
    let plain = about(&said, &[]);
    let good = net(false, 1, 8, true);
    type Damage = (fn(&mut Recurrent), &'static str);
    let bad: [Damage; 6] = [
        (|n| n.input.truncate(3), "input: expected 32 weights, found 3"),
        (|n| n.own[5] = f32::NAN, "own: expected finite weights, found NaN"),
        (|n| n.bias.push(0.0), "bias: expected 32 weights, found 33"),
        (|n| n.head.clear(), "head: expected 8 weights, found 0"),
        (|n| n.head_bias = f32::INFINITY, "head_bias: expected finite weights"),
        (|n| n.hidden = 0, "hidden: expected 1 to 4096, found 0"),
    ];
    for (damage, words) in bad {
        let mut net = good.clone();
        damage(&mut net);
        for write in [aida::recurrent as Write, guitarml::recurrent, drive::recurrent] {
            told(write(&net, &plain), &[words]);
        }
    }
    let slow = About { sample_rate: 0.0, ..plain.clone() };
    told(aida::recurrent(&good, &slow), &["sample rate", "1000 to 1000000 Hz"]);
    let chain = |layers: Vec<Layer>| chain::rtneural(&Chain { layers }, &plain);
    told(chain(vec![]), &["1 output at the end"]);
    told(chain(vec![layer(1, 4, 1, 1, 1)]), &["1 output at the end, found 4"]);
    told(chain(vec![layer(1, 4, 1, 1, 1), layer(3, 1, 1, 1, 1)]), &["layers[1]: expected 4"]);
    told(chain(vec![layer(4, 2, 1, 2, 1), layer(2, 1, 1, 2, 1)]), &["groups that divide 2 and 1"]);
    told(chain(vec![Layer { taps: 0, ..layer(1, 1, 1, 1, 1) }]), &["sizes from 1"]);
}
