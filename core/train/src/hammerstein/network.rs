//! A fitted model as its file has it: to play, and to write.

use nn::{Filter, Knob};
use serde_json::{Value, json};

use super::filters;
use super::tanh::tanh;
use crate::Error;

/// Filters, branches of filters, one hidden layer of tanh with the knobs as further
/// inputs, filters. All numbers are as a file has them, in single precision.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Filters that all sound passes first.
    pub pre: Vec<Filter>,
    /// Filters of each input of the network that is sound.
    pub branches: Vec<Vec<Filter>>,
    /// Filters behind the network.
    pub post: Vec<Filter>,
    /// The inputs of the network after those that are sound, in their own units.
    pub knobs: Vec<Knob>,
    /// Of each hidden unit on each input.
    pub weights: Vec<Vec<f64>>,
    /// Of each hidden unit.
    pub biases: Vec<f64>,
    /// Of each hidden unit in the output.
    pub output: Vec<f64>,
    /// The bias of the output.
    pub offset: f64,
}

/// What a file says about itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// For people.
    pub name: &'a str,
    /// Who made the model; empty for nobody.
    pub author: &'a str,
    /// What it is of; empty for nothing.
    pub description: &'a str,
    /// Error-to-signal ratio on sound it was not taught with, if known.
    pub esr: Option<f64>,
}

/// Samples of a self-test, and their rate in Hz as the format has it.
const TESTED: usize = 512;
const RATE: f64 = 48_000.0;

/// Samples worked on at a time.
const BLOCK: usize = 512;

impl Network {
    /// Whether it has no filters.
    pub fn is_curve(&self) -> bool {
        let none = self.branches.iter().all(Vec::is_empty);
        none && self.pre.is_empty() && self.post.is_empty()
    }

    /// What the model makes of `dry` at `rate` Hz while `knobs` stand still in their own
    /// units, begun with every state at zero. Knobs not given stand where they do at first.
    pub fn answer(&self, dry: &[f32], knobs: &[f32], rate: f64) -> Vec<f64> {
        let mut sound: Vec<f64> = dry.iter().map(|x| f64::from(*x)).collect();
        through(&self.pre, rate, &mut sound);
        let branch = |filters: &Vec<Filter>| {
            let mut io = sound.clone();
            through(filters, rate, &mut io);
            io
        };
        let inputs: Vec<Vec<f64>> = self.branches.iter().map(branch).collect();
        let turned = self.knobs.iter().enumerate();
        let turned = turned.map(|(i, knob)| f64::from(*knobs.get(i).unwrap_or(&knob.default)));
        let turned: Vec<f64> = turned.collect();
        let mut out = vec![self.offset; dry.len()];
        let mut hidden = [0.0; BLOCK];
        for ((weights, bias), output) in self.weights.iter().zip(&self.biases).zip(&self.output) {
            let (heard, rest) = weights.split_at(inputs.len().min(weights.len()));
            let bias = bias + rest.iter().zip(&turned).map(|(w, k)| w * k).sum::<f64>();
            for (i, out) in out.chunks_mut(BLOCK).enumerate() {
                let hidden = &mut hidden[..out.len()];
                hidden.fill(bias);
                for (w, input) in heard.iter().zip(&inputs) {
                    let input = &input[i * BLOCK..];
                    hidden.iter_mut().zip(input).for_each(|(z, x)| *z += w * x);
                }
                tanh(hidden);
                out.iter_mut().zip(hidden).for_each(|(y, h)| *y += output * *h);
            }
        }
        through(&self.post, rate, &mut out);
        out
    }

    /// The file, in the words of the format `kiln-drive`, with a self-test. It follows
    /// the rate it is played at.
    pub fn json(&self, about: &About<'_>) -> Value {
        let unless_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let row = |filters: &Vec<Filter>| filters.iter().map(filter).collect::<Vec<_>>();
        let knob =
            |k: &Knob| json!({ "name": k.name, "min": k.min, "max": k.max, "default": k.default });
        let knobs: Vec<f32> = self.knobs.iter().map(|k| k.min + 0.7 * (k.max - k.min)).collect();
        let input = probe();
        let output = self.answer(&input, &knobs, RATE);
        json!({
            "format": "kiln-drive",
            "version": 1,
            "name": about.name,
            "author": unless_empty(about.author),
            "description": unless_empty(about.description),
            "esr": about.esr.filter(|esr| esr.is_finite()),
            "sample_rate": null,
            "knobs": self.knobs.iter().map(knob).collect::<Vec<_>>(),
            "pre": row(&self.pre),
            "branches": self.branches.iter().map(row).collect::<Vec<_>>(),
            "layers": [
                { "type": "dense", "weights": self.weights, "bias": self.biases },
                { "type": "tanh" },
                { "type": "dense", "weights": [self.output], "bias": [self.offset] },
            ],
            "post": row(&self.post),
            "self_test": { "knobs": knobs, "input": input, "output": output },
        })
    }

    /// The same as [`nn`] plays it.
    ///
    /// # Errors
    /// If the weights grew beyond what it plays exactly.
    pub fn model(&self, about: &About<'_>) -> Result<nn::Model, Error> {
        Ok(nn::Model::load(self.json(about).to_string().as_bytes())?)
    }
}

/// A pluck and a high tone.
fn probe() -> Vec<f32> {
    let at = |i: usize| {
        let t = i as f32;
        0.6 * (-t / 150.0).exp() * (0.07 * t).sin() + 0.05 * (0.9 * t).sin()
    };
    (0..TESTED).map(at).collect()
}

/// A filter with what means something to it.
fn filter(filter: &Filter) -> Value {
    let mut value = json!({ "kind": filter.kind, "hz": filter.hz });
    if filters::has_q(filter.kind) {
        value["q"] = json!(filter.q);
    }
    if filters::has_gain(filter.kind) {
        value["gain"] = json!(filter.gain);
    }
    value
}

/// Filters in a row, from rest, in place.
fn through(row: &[Filter], rate: f64, io: &mut [f64]) {
    for filter in row {
        filters::filtered(&filter.at(rate), &mut [0.0; 2], io);
    }
}
