//! WaveNet, A1 and A2, as the trainer computes it.
//!
//! The official player departs from the trainer in a few configurations (see
//! [`Net::differences`]); there we follow the trainer, whose output the model
//! was fitted to.

mod compile;
mod config;
pub(crate) mod count;
mod json;
mod slim;

use serde_json::value::RawValue;

use crate::Error;
use crate::nam::{self, File, Reader};
use crate::program::Program;

use compile::program;
use config::{Net, Parsed};

/// A loaded WaveNet: its programs, narrowest first, and what there is to say.
pub(crate) struct WaveNet {
    pub(crate) programs: Vec<Program>,
    pub(crate) differences: Vec<String>,
    /// Of the network and of what conditions it.
    pub(crate) weights: usize,
    /// In Hz, whichever of the two says so.
    pub(crate) sample_rate: Option<f64>,
}

impl WaveNet {
    /// Compiles the configuration and weights of one file.
    pub(crate) fn load(
        config: &RawValue,
        weights: &[f32],
        rate: Option<f64>,
    ) -> Result<Self, Error> {
        let parsed = Parsed::read(config, "config")?;
        let net = &parsed.net;
        let outputs = net.outputs();
        if outputs != 1 {
            return Err(Error::unsupported("output channels", "1, for mono", outputs));
        }
        let condition = parsed.condition.map(|json| Condition::load(json, rate)).transpose()?;
        let width = condition.as_ref().map_or(1, |c| c.net.outputs());
        for (i, a) in net.arrays.iter().enumerate() {
            if a.condition != width {
                let at = format!("config.layers[{i}].condition_size");
                return Err(Error::invalid(at, width.to_string(), a.condition));
            }
        }
        Reader::new(weights, net.weights())?;
        let mut differences = net.differences();
        count::merge(&mut differences, condition.iter().flat_map(|c| c.net.differences()));
        let mut programs = Vec::new();
        if parsed.widths.is_empty() {
            programs.push(program(net, weights, condition.as_ref())?);
        }
        for width in &parsed.widths {
            let (net, weights) = slim::cut(net, weights, *width)?;
            programs.push(program(&net, &weights, None)?);
        }
        let inner = condition.as_ref();
        let sample_rate = rate.or(inner.and_then(|c| c.sample_rate));
        let weights = weights.len() + inner.map_or(0, |c| c.weights.len());
        Ok(Self { programs, differences, weights, sample_rate })
    }
}

/// The program of a network of one size that nothing else conditions.
pub(crate) fn plain(config: &RawValue, weights: &[f32]) -> Result<Program, Error> {
    let parsed = Parsed::read(config, "config")?;
    if parsed.condition.is_some() || !parsed.widths.is_empty() {
        return Err(Error::unsupported(
            "config",
            "a plain network",
            "one conditioned or slimmable",
        ));
    }
    let mut loaded = WaveNet::load(config, weights, None)?;
    let none = || Error::invalid("config", "a network", "none");
    loaded.programs.pop().ok_or_else(none)
}

/// A network whose output conditions another one.
struct Condition {
    net: Net,
    weights: Vec<f32>,
    sample_rate: Option<f64>,
}

impl Condition {
    fn load(json: &RawValue, rate: Option<f64>) -> Result<Self, Error> {
        let at = "config.condition_dsp";
        let file = File::nested(json, at)?;
        if file.architecture != "WaveNet" {
            let at = format!("{at}.architecture");
            return Err(Error::unsupported(at, "WaveNet", file.architecture));
        }
        nam::same_rate(rate, file.sample_rate, at)?;
        let parsed = Parsed::read(file.config, &format!("{at}.config"))?;
        if parsed.condition.is_some() || !parsed.widths.is_empty() {
            return Err(Error::unsupported(at, "a plain network", "one conditioned or slimmable"));
        }
        for a in &parsed.net.arrays {
            if a.condition != 1 {
                return Err(Error::invalid(format!("{at} condition_size"), "1", a.condition));
            }
        }
        Reader::new(&file.weights, parsed.net.weights()).map_err(|e| e.within(at))?;
        Ok(Self { net: parsed.net, weights: file.weights, sample_rate: file.sample_rate })
    }
}
