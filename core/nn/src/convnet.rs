//! ConvNet: dilated convolutions of two taps, one after another.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Error;
use crate::activation::Spec;
use crate::nam::{self, Reader, refuse_unknown};
use crate::program::{Builder, Conv, Finish, Mac, Op, Program};

/// The format has no other kernel.
const TAPS: usize = 2;

#[derive(Deserialize)]
struct Config {
    channels: usize,
    dilations: Vec<usize>,
    batchnorm: bool,
    activation: Spec,
    groups: Option<usize>,
    in_channels: Option<usize>,
    out_channels: Option<usize>,
}

const KEYS: &[&str] =
    &["channels", "dilations", "batchnorm", "activation", "groups", "in_channels", "out_channels"];

/// Compiles the configuration and weights of one file.
pub(crate) fn load(json: &RawValue, weights: &[f32]) -> Result<Program, Error> {
    refuse_unknown(json, KEYS, "config")?;
    let config: Config = nam::config(json, "config")?;
    config.check()?;
    let mut r = Reader::new(weights, config.weights())?;
    let activation = config.activation.resolve("config.activation", config.channels)?;
    let mut b = Builder::new();
    let input = b.buffer(1);
    let (mut x, mut inputs) = (input, 1);
    for dilation in &config.dilations {
        let (w, bias) = config.block(inputs, &mut r)?;
        let shape = Conv { inputs, taps: TAPS, dilation: *dilation, groups: config.groups() };
        let to = b.buffer(config.channels);
        let mac = Mac::new(config.channels, Finish::Identity).conv(x, shape, &w).bias(&bias);
        b.mac(mac.to(to), &activation);
        (x, inputs) = (to, config.channels);
    }
    let mac = Mac::new(1, Finish::Identity).conv(x, Conv::pointwise(inputs), r.take(inputs));
    let output = b.buffer(1);
    b.push(Op::Mac(mac.bias(r.take(1)).to(output)));
    let reach = config.dilations.iter().fold(1, |n: usize, d| n.saturating_add(*d));
    b.finish(input, output, reach)
}

impl Config {
    fn groups(&self) -> usize {
        self.groups.unwrap_or(1)
    }

    fn check(&self) -> Result<(), Error> {
        nam::size("config.channels", self.channels)?;
        nam::layers("config.dilations", self.dilations.len())?;
        self.dilations.iter().try_for_each(|d| nam::size("config.dilations", *d))?;
        nam::mono(self.in_channels, self.out_channels)?;
        // The first block reads one channel, which cannot be shared out.
        if self.groups() != 1 {
            return Err(Error::unsupported("config.groups", "1", self.groups()));
        }
        Ok(())
    }

    fn weights(&self) -> usize {
        let c = self.channels;
        let own = if self.batchnorm { 4 * c + 1 } else { c };
        let block = |inputs: usize| (inputs * c).saturating_mul(TAPS).saturating_add(own);
        let rest = block(c).saturating_mul(self.dilations.len() - 1);
        block(1).saturating_add(rest).saturating_add(c + 1)
    }

    /// Weights and bias of a block, batch normalisation folded in:
    /// `γ (w·x − µ) / √(σ² + ε) + β`.
    fn block(&self, inputs: usize, r: &mut Reader<'_>) -> Result<(Vec<f32>, Vec<f32>), Error> {
        let c = self.channels;
        let w = r.take(c * inputs * TAPS);
        if !self.batchnorm {
            return Ok((w.to_vec(), r.take(c).to_vec()));
        }
        let [mean, var, gamma, beta] = std::array::from_fn(|_| r.take(c));
        let eps = f64::from(r.one());
        let mut bias = Vec::with_capacity(c);
        let mut folded = Vec::with_capacity(w.len());
        for (o, w) in w.chunks_exact(inputs * TAPS).enumerate() {
            let scale = f64::from(gamma[o]) / (f64::from(var[o]) + eps).sqrt();
            if !scale.is_finite() {
                let found = format!("{} + {eps}", var[o]);
                return Err(Error::invalid("batch norm variance", "a positive number", found));
            }
            folded.extend(w.iter().map(|w| (f64::from(*w) * scale) as f32));
            bias.push((f64::from(beta[o]) - f64::from(mean[o]) * scale) as f32);
        }
        Ok((folded, bias))
    }
}
