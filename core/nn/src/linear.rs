//! Linear: an impulse response and an offset.

use std::sync::Arc;

use fearless_simd::Level;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::convolver::{Convolver, Response};
use crate::nam::{self, Reader};
use crate::{Engine, Error};

/// Taps of the longest response we run: 40 s at 48 kHz.
const MAX_TAPS: usize = 2_000_000;

#[derive(Deserialize)]
struct Config {
    receptive_field: usize,
    bias: bool,
    in_channels: Option<usize>,
    out_channels: Option<usize>,
    /// How the official player should compute it; we choose by length.
    #[serde(default)]
    implementation: Option<Implementation>,
}

const KEYS: &[&str] = &["receptive_field", "bias", "in_channels", "out_channels", "implementation"];

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Implementation {
    Auto,
    #[serde(alias = "legacy", alias = "old")]
    Direct,
    #[serde(alias = "partitioned_fft")]
    Fft,
}

/// A response, transformed once for all engines.
#[derive(Clone)]
pub(crate) struct Linear {
    response: Arc<Response>,
    taps: usize,
    bias: f32,
}

impl Linear {
    pub(crate) fn load(config: &RawValue, weights: &[f32]) -> Result<Self, Error> {
        nam::refuse_unknown(config, KEYS, "config")?;
        let config: Config = nam::config(config, "config")?;
        nam::mono(config.in_channels, config.out_channels)?;
        let _any: Option<Implementation> = config.implementation;
        let taps = config.receptive_field;
        match taps {
            0 => return Err(Error::invalid("config.receptive_field", "at least 1", 0)),
            1..=MAX_TAPS => (),
            found => return Err(Error::TooLarge { what: "taps", limit: MAX_TAPS, found }),
        }
        let mut reader = Reader::new(weights, taps + usize::from(config.bias))?;
        // The trainer's kernel begins with the weight of the oldest sample.
        let impulse: Vec<f32> = reader.take(taps).iter().rev().copied().collect();
        let bias = if config.bias { reader.one() } else { 0.0 };
        Ok(Self { response: Arc::new(Response::new(&impulse)), taps, bias })
    }

    pub(crate) fn engine(&self, level: Level) -> Box<dyn Engine> {
        Box::new(Running {
            convolver: Convolver::of(self.response.clone(), level),
            taps: self.taps,
            bias: self.bias,
        })
    }

    /// Samples of the response.
    pub(crate) fn taps(&self) -> usize {
        self.taps
    }

    /// See [`crate::Model::memory`].
    pub(crate) fn memory(&self) -> Option<usize> {
        self.response.is_direct().then_some(self.taps)
    }

    /// Multiply-adds a sample would cost if summed directly.
    pub(crate) fn macs(&self) -> usize {
        self.taps
    }
}

struct Running {
    convolver: Convolver,
    taps: usize,
    bias: f32,
}

impl Engine for Running {
    /// Input that is not finite is read as silence.
    fn process(&mut self, io: &mut [f32]) {
        self.convolver.process(io);
        io.iter_mut().for_each(|y| *y += self.bias);
    }

    fn reset(&mut self) {
        self.convolver.reset();
    }

    fn receptive_field(&self) -> usize {
        self.taps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(config: &str, weights: &[f32]) -> Result<Linear, Error> {
        Linear::load(&RawValue::from_string(config.to_owned()).expect("JSON"), weights)
    }

    #[test]
    fn begins_with_the_oldest_tap() {
        let linear = load(
            r#"{"receptive_field":3,"bias":true,"implementation":"fft"}"#,
            &[1.0, 2.0, 3.0, 0.5],
        )
        .expect("valid");
        let mut io = [1.0, 0.0, 0.0, 0.0];
        linear.engine(Level::new()).process(&mut io);
        assert_eq!(io, [3.5, 2.5, 1.5, 0.5]);
    }

    #[test]
    fn refuses_what_it_cannot_run() {
        for (config, reason) in [
            (r#"{"receptive_field":3,"bias":true}"#, "expected 4 weights"),
            (r#"{"receptive_field":0,"bias":false}"#, "config.receptive_field"),
            (r#"{"receptive_field":99999999999,"bias":true}"#, "too large"),
            (r#"{"receptive_field":3,"bias":false,"out_channels":2}"#, "config.out_channels"),
            (r#"{"receptive_field":3,"bias":false,"stride":2}"#, "config.stride is not supported"),
            (r#"{"receptive_field":3,"bias":false,"implementation":"gpu"}"#, "unknown variant"),
        ] {
            let error = load(config, &[0.0; 3]).err().expect("refused").to_string();
            assert!(error.contains(reason), "{config}: {error}");
        }
        assert!(load(r#"{"receptive_field":3,"bias":false,"x":null}"#, &[0.0; 3]).is_ok());
    }
}
