//! What the formats have in common: matrices as nested lists, activations.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::activation::Activation;
use crate::nam;
use crate::small::{Conv, Layer};
use crate::{Error, Knob};

use super::Entries;

pub(super) type Matrix = Vec<Vec<f32>>;
pub(super) type Cube = Vec<Matrix>;

/// The value under `key`, `None` if it is missing or null.
pub(super) fn entry<T: DeserializeOwned>(
    entries: &Entries<'_>,
    key: &str,
    at: &str,
) -> Result<Option<T>, Error> {
    match entries.get(key) {
        None => Ok(None),
        Some(json) => read(json, &format!("{at}{key}")),
    }
}

/// The value under `key`, which must be there.
pub(super) fn need<T: DeserializeOwned>(
    entries: &Entries<'_>,
    key: &str,
    at: &str,
) -> Result<T, Error> {
    let missing = || Error::invalid(format!("{at}{key}"), "a value", "none");
    entry(entries, key, at)?.ok_or_else(missing)
}

/// A value at `at`, said to be there if it is not what it should be.
pub(super) fn read<T: DeserializeOwned>(json: &RawValue, at: &str) -> Result<T, Error> {
    nam::config(json, at)
}

/// The rows of a matrix one after the other, all of the same width.
pub(super) fn flat(at: &str, matrix: &Matrix) -> Result<Vec<f32>, Error> {
    let width = matrix.first().map_or(0, Vec::len);
    match matrix.iter().find(|row| row.len() != width) {
        None => Ok(matrix.concat()),
        Some(row) => Err(Error::invalid(at, format!("rows of {width}"), row.len())),
    }
}

/// Its columns one after the other.
pub(super) fn transposed(at: &str, matrix: &Matrix) -> Result<Vec<f32>, Error> {
    let flat = flat(at, matrix)?;
    let width = matrix.first().map_or(0, Vec::len);
    Ok((0..width).flat_map(|c| flat.iter().skip(c).step_by(width).copied()).collect())
}

/// A dense layer of `[output][input]` flat weights.
pub(super) fn dense(inputs: usize, outputs: usize, weights: Vec<f32>, bias: Vec<f32>) -> Layer {
    Layer::Dense(Conv { inputs, outputs, taps: 1, dilation: 1, groups: 1, weights, bias })
}

/// The batch normalisation `γ (x − µ) / √(σ² + ε) + β`.
pub(super) fn norm(at: &str, statistics: [&[f32]; 4], epsilon: f64) -> Result<Layer, Error> {
    let [gamma, beta, mean, variance] = statistics;
    let n = gamma.len();
    if [beta, mean, variance].iter().any(|list| list.len() != n) {
        let found = format!("{n}, {}, {} and {}", beta.len(), mean.len(), variance.len());
        return Err(Error::invalid(at, "lists of one length", found));
    }
    let (mut scale, mut shift) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for i in 0..n {
        let k = f64::from(gamma[i]) / (f64::from(variance[i]) + epsilon).sqrt();
        if !k.is_finite() {
            let found = format!("{} + {epsilon}", variance[i]);
            return Err(Error::invalid(format!("{at} variance"), "a positive number", found));
        }
        scale.push(k as f32);
        shift.push((f64::from(beta[i]) - f64::from(mean[i]) * k) as f32);
    }
    Ok(Layer::Scale { scale, shift })
}

/// `PReLU`, with one slope for all or one for each.
pub(super) fn prelu(slopes: Vec<f32>) -> Layer {
    match slopes[..] {
        [slope] => Layer::Activation(Activation::Leaky { slope }),
        _ => Layer::Activation(Activation::PReLU { slopes: slopes.into() }),
    }
}

/// The activation of that name; none where the name is empty or `linear`.
pub(super) fn activation(at: &str, name: &str) -> Result<Option<Layer>, Error> {
    let activation = match name {
        "" | "linear" => return Ok(None),
        "tanh" => Activation::PreciseTanh,
        "sigmoid" => Activation::PreciseSigmoid,
        "relu" => Activation::Leaky { slope: 0.0 },
        "elu" => Activation::Elu,
        "softmax" => return Ok(Some(Layer::Softmax)),
        other => {
            let expected = "tanh, relu, sigmoid, softmax, elu or linear";
            return Err(Error::unsupported(at, expected, format!("{other:?}")));
        }
    };
    Ok(Some(Layer::Activation(activation)))
}

/// Knobs without names, for all inputs but the first.
pub(super) fn unnamed_knobs(at: &str, inputs: usize) -> Result<Vec<Knob>, Error> {
    nam::size(at, inputs)?;
    if inputs > 65 {
        return Err(Error::TooLarge { what: "inputs", limit: 65, found: inputs });
    }
    Ok((1..inputs).map(Knob::unnamed).collect())
}
