//! The `.nam` file: what every version and architecture of it has in common.
//!
//! The configuration stays unparsed text here; each architecture reads its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Error, Model};

/// Magnitude of the largest weight: no sum over a row of products of such can
/// overflow, so in one layer infinities never meet and cancel to NaN.
pub(crate) const MAX_WEIGHT: f32 = 1e15;

/// The most channels, taps, dilation or anything else counted in one number: far
/// above any real model, far below an overflow of their products.
const MAX_SIZE: usize = 1 << 20;

/// The most layers: a hundred times those of any real model.
const MAX_LAYERS: usize = 4096;

/// A model file, its weights finite and its version one we read.
///
/// Keys beside these may hold anything: the format allows free extras here.
#[derive(Deserialize)]
pub(crate) struct File<'a> {
    version: String,
    pub(crate) architecture: String,
    #[serde(borrow)]
    pub(crate) config: &'a RawValue,
    pub(crate) weights: Vec<f32>,
    pub(crate) sample_rate: Option<f64>,
    #[serde(borrow)]
    pub(crate) metadata: Option<&'a RawValue>,
}

impl<'a> File<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.len() > Model::MAX_BYTES {
            return Err(Error::TooLarge {
                what: "bytes",
                limit: Model::MAX_BYTES,
                found: bytes.len(),
            });
        }
        Self::check(serde_json::from_slice(bytes)?)
    }

    /// A model inside a model, at `at` in the file: a submodel of a container, or
    /// a `condition_dsp`.
    pub(crate) fn nested(json: &'a RawValue, at: &str) -> Result<Self, Error> {
        Self::check(config(json, at)?)
    }

    fn check(file: Self) -> Result<Self, Error> {
        if !readable(&file.version) {
            return Err(Error::Version { found: file.version });
        }
        // Written so that NaN, which compares to nothing, is found too.
        if let Some(i) = file.weights.iter().position(|w| !(-MAX_WEIGHT..=MAX_WEIGHT).contains(w)) {
            let expected = format!("a number of magnitude up to {MAX_WEIGHT:e}");
            return Err(Error::invalid(format!("weights[{i}]"), expected, file.weights[i]));
        }
        if let Some(rate) = file.sample_rate
            && !(rate.is_finite() && (1000.0..=1_000_000.0).contains(&rate))
        {
            return Err(Error::invalid("sample_rate", "1000 to 1000000 Hz", rate));
        }
        Ok(file)
    }
}

/// Whether `version` is `0.5.0` to `0.7.x`, the range the official player reads.
fn readable(version: &str) -> bool {
    let mut parts = version.split('.').map(|p| {
        let digits = !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| p.parse::<u32>().ok()).flatten()
    });
    let (major, minor, patch, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    major == Some(Some(0))
        && matches!(minor, Some(Some(5..=7)))
        && matches!(patch, Some(Some(_)))
        && rest.is_none()
}

/// Reads the part of a file at `at`. A mistake in it is reported by that place:
/// the parser's line and column count within the part.
pub(crate) fn config<'a, T: Deserialize<'a>>(json: &'a RawValue, at: &str) -> Result<T, Error> {
    serde_json::from_str(json.get()).map_err(|e| {
        let said = e.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        Error::invalid(at, "what the format has there", said)
    })
}

/// Refuses keys beside `known` that could mean a different sound; `null` and
/// `false` mean that a feature is off.
pub(crate) fn refuse_unknown(json: &RawValue, known: &[&str], at: &str) -> Result<(), Error> {
    let keys: BTreeMap<String, &RawValue> = config(json, at)?;
    let off = |v: &RawValue| matches!(v.get(), "null" | "false");
    match keys.iter().find(|(key, v)| !known.contains(&key.as_str()) && !off(v)) {
        None => Ok(()),
        Some((key, _)) => {
            let expected = format!("one of {}", known.join(", "));
            Err(Error::unsupported(format!("{at}.{key}"), expected, "another key"))
        }
    }
}

/// Refuses all but one channel in and out.
pub(crate) fn mono(in_channels: Option<usize>, out_channels: Option<usize>) -> Result<(), Error> {
    one("config.in_channels", in_channels.unwrap_or(1))?;
    one("config.out_channels", out_channels.unwrap_or(1))
}

/// Refuses a model inside another, at `at`, that was made for another rate.
pub(crate) fn same_rate(outer: Option<f64>, inner: Option<f64>, at: &str) -> Result<(), Error> {
    match (outer, inner) {
        (Some(outer), Some(inner)) if outer != inner => {
            Err(Error::invalid(format!("{at}.sample_rate"), outer.to_string(), inner))
        }
        _ => Ok(()),
    }
}

/// Refuses another number of channels than one.
pub(crate) fn one(at: &str, n: usize) -> Result<(), Error> {
    if n == 1 { Ok(()) } else { Err(Error::unsupported(at, "1, for mono", n)) }
}

/// Refuses a number of channels, taps or frames that no model has.
pub(crate) fn size(at: &str, n: usize) -> Result<(), Error> {
    match n {
        1..=MAX_SIZE => Ok(()),
        _ => Err(Error::invalid(at, format!("1 to {MAX_SIZE}"), n)),
    }
}

/// Refuses a number of layers that no model has.
pub(crate) fn layers(at: &str, n: usize) -> Result<(), Error> {
    match n {
        1..=MAX_LAYERS => Ok(()),
        _ => Err(Error::invalid(at, format!("1 to {MAX_LAYERS} layers"), n)),
    }
}

/// Reads the flat weights in order, after their number was checked.
pub(crate) struct Reader<'a>(&'a [f32]);

impl<'a> Reader<'a> {
    /// `expected` is the number the configuration implies.
    pub(crate) fn new(weights: &'a [f32], expected: usize) -> Result<Self, Error> {
        if weights.len() != expected {
            return Err(Error::WeightCount { expected, found: weights.len() });
        }
        Ok(Self(weights))
    }

    /// The next `n` weights.
    pub(crate) fn take(&mut self, n: usize) -> &'a [f32] {
        let (head, tail) = self.0.split_at(n);
        self.0 = tail;
        head
    }

    /// The next weight.
    pub(crate) fn one(&mut self) -> f32 {
        self.take(1)[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in ["0.5.0", "0.5.4", "0.6.0", "0.7.0", "0.7.12"] {
            assert!(readable(good), "{good} was refused");
        }
        for bad in ["0.4.9", "0.8.0", "1.5.0", "0.5", "0.5.0.1", "0.5.x", "0.+5.0", "", "9.9.9"] {
            assert!(!readable(bad), "{bad} was accepted");
        }
    }
}
