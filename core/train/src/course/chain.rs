//! A hidden layer over the last samples, a second over that, an output.

use nn::Activation::PreciseTanh;
use nn::program::{Builder, Conv, Finish, Mac, Op};

use crate::Error;
use crate::export::{Activation, Chain, Layer};
use crate::tape::Network;

/// Inputs, outputs and taps of its three layers.
fn shapes(hidden: usize, taps: usize, inputs: usize) -> [[usize; 3]; 3] {
    [[inputs, hidden, taps], [hidden, hidden, 1], [hidden, 1, 1]]
}

/// The weights layer by layer, each with its bias behind it.
fn cut(weights: &[f32], shapes: [[usize; 3]; 3]) -> [(&[f32], &[f32]); 3] {
    let mut rest = weights;
    shapes.map(|[inputs, outputs, taps]| {
        let (now, others) = rest.split_at_checked(inputs * outputs * taps).unwrap_or_default();
        let (bias, others) = others.split_at_checked(outputs).unwrap_or_default();
        rest = others;
        (now, bias)
    })
}

fn count(shapes: [[usize; 3]; 3]) -> usize {
    shapes.iter().map(|[inputs, outputs, taps]| outputs * (inputs * taps + 1)).sum()
}

pub(super) fn network(hidden: usize, taps: usize, inputs: usize) -> Result<Network, Error> {
    let shapes = shapes(hidden, taps, inputs);
    Network::new(count(shapes), &[], |weights| {
        let mut b = Builder::new();
        let input = b.buffer(inputs);
        let mut from = input;
        for (i, (shape, (weights, bias))) in shapes.iter().zip(cut(weights, shapes)).enumerate() {
            let [inputs, outputs, taps] = *shape;
            let to = b.buffer(outputs);
            let shape = Conv { inputs, taps, dilation: 1, groups: 1 };
            let mac = Mac::new(outputs, Finish::Identity).conv(from, shape, weights);
            let mac = mac.bias(bias).to(to);
            if i < 2 {
                b.mac(mac, &PreciseTanh)
            } else {
                b.push(Op::Mac(mac))
            }
            from = to;
        }
        b.finish(input, from, taps)
    })
}

/// Weights to begin with, as PyTorch's layers begin: uniform in ±1/√(inputs · taps).
pub(super) fn init(hidden: usize, taps: usize, inputs: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut all = Vec::new();
    for [inputs, outputs, taps] in shapes(hidden, taps, inputs) {
        let bound = 1.0 / ((inputs * taps) as f32).sqrt();
        let count = outputs * (inputs * taps + 1);
        all.extend((0..count).map(|_| bound * (2.0 * random.f32() - 1.0)));
    }
    all
}

pub(super) fn layers(hidden: usize, taps: usize, inputs: usize, weights: &[f32]) -> Chain {
    let shapes = shapes(hidden, taps, inputs);
    let parts = shapes.into_iter().zip(cut(weights, shapes)).enumerate();
    let layers = parts.map(|(i, ([inputs, outputs, taps], (weights, bias)))| Layer {
        inputs,
        outputs,
        taps,
        dilation: 1,
        groups: 1,
        weights: weights.to_vec(),
        bias: bias.to_vec(),
        activation: if i < 2 { Activation::Tanh } else { Activation::Linear },
    });
    Chain { layers: layers.collect() }
}
