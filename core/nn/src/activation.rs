//! The activations of the format: how a file names them, and what they compute.

use std::collections::BTreeMap;
use std::sync::Arc;

use fearless_simd::Simd;
use serde::Deserialize;
use serde_json::Value;

use crate::Error;
use crate::simd::{Vector, elu, precise_sigmoid, precise_tanh_each, sigmoid, tanh_each};

/// A function applied to every sample of every channel. Definitions are
/// PyTorch's; `Fasttanh`, `Softsigmoid` and `LeakyHardtanh` are the trainer's.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Activation {
    Identity,
    Tanh,
    /// NAM Core's `fast_tanh`.
    FastTanh,
    Sigmoid,
    /// `Tanh` and `Sigmoid` within 4e-7, for networks as small as one curve.
    PreciseTanh,
    PreciseSigmoid,
    /// With `α = 1`.
    Elu,
    SiLU,
    Hardswish,
    Softsign,
    Softsigmoid,
    /// `x` where positive, `slope · x` elsewhere; ReLU has slope 0.
    Leaky {
        slope: f32,
    },
    /// [`Activation::Leaky`] with a slope for each channel.
    PReLU {
        slopes: Arc<[f32]>,
    },
    /// Identity between `min` and `max`, with a slope beyond each; Hardtanh has slopes 0.
    LeakyHardtanh {
        min: f32,
        max: f32,
        min_slope: f32,
        max_slope: f32,
    },
}

/// As a file writes it: a bare name, or an object with the name under `type`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Spec {
    Name(String),
    Object {
        #[serde(rename = "type")]
        name: String,
        #[serde(flatten)]
        parameters: BTreeMap<String, Value>,
    },
    /// In the head after the stack, the trainer's own spelling.
    Named {
        name: String,
        #[serde(flatten)]
        parameters: BTreeMap<String, Value>,
    },
}

impl Spec {
    /// The activation meant, for `channels` channels. `at` is the place in the file.
    pub(crate) fn resolve(&self, at: &str, channels: usize) -> Result<Activation, Error> {
        let none = BTreeMap::new();
        let (name, parameters) = match self {
            Spec::Name(name) => (name, &none),
            Spec::Object { name, parameters } | Spec::Named { name, parameters } => {
                (name, parameters)
            }
        };
        let mut p = Parameters { at, left: parameters.iter().collect() };
        // ConvNets carry the names of the trainer's classes, some of them private.
        let activation = match name.trim_start_matches('_') {
            "Identity" => Activation::Identity,
            "Tanh" => Activation::Tanh,
            "Fasttanh" => Activation::FastTanh,
            "Sigmoid" => Activation::Sigmoid,
            "SiLU" => Activation::SiLU,
            "Hardswish" => Activation::Hardswish,
            "Softsign" => Activation::Softsign,
            "Softsigmoid" => Activation::Softsigmoid,
            "ReLU" => Activation::Leaky { slope: 0.0 },
            "LeakyReLU" => Activation::Leaky { slope: p.number("negative_slope", 0.01)? },
            "PReLU" => p.prelu(channels)?,
            "Hardtanh" => p.hardtanh(0.0)?,
            "LeakyHardtanh" | "LeakyHardTanh" => p.hardtanh(0.01)?,
            other => {
                return Err(Error::unsupported(
                    at,
                    "Tanh, Hardtanh, Fasttanh, ReLU, LeakyReLU, PReLU, Sigmoid, SiLU, Hardswish, \
                     LeakyHardtanh, Softsign or Softsigmoid",
                    format!("{other:?}"),
                ));
            }
        };
        p.finish()?;
        Ok(activation)
    }
}

/// The parameters of one activation, each taken once.
struct Parameters<'a> {
    at: &'a str,
    left: BTreeMap<&'a String, &'a Value>,
}

impl Parameters<'_> {
    fn take(&mut self, key: &str) -> Option<&Value> {
        let key = *self.left.keys().find(|k| k.as_str() == key)?;
        self.left.remove(key).filter(|v| !v.is_null())
    }

    fn number(&mut self, key: &str, default: f32) -> Result<f32, Error> {
        let place = format!("{}.{key}", self.at);
        match self.take(key) {
            None => Ok(default),
            Some(v) => number(place, v),
        }
    }

    fn prelu(&mut self, channels: usize) -> Result<Activation, Error> {
        let place = format!("{}.negative_slopes", self.at);
        let Some(list) = self.take("negative_slopes").cloned() else {
            // Where the trainer exports no slope, the learnt one is lost.
            let slope = self.number("negative_slope", f32::NAN)?;
            if slope.is_nan() {
                let expected = "a PReLU with negative_slope or negative_slopes";
                return Err(Error::invalid(self.at, expected, "none"));
            }
            return Ok(Activation::Leaky { slope });
        };
        let Some(list) = list.as_array().filter(|l| l.len() == channels) else {
            return Err(Error::invalid(place, format!("a list of {channels} slopes"), list));
        };
        let slopes = list.iter().map(|v| number(&place, v)).collect::<Result<_, _>>()?;
        Ok(Activation::PReLU { slopes })
    }

    fn hardtanh(&mut self, slope: f32) -> Result<Activation, Error> {
        let (min, max) = (self.number("min_val", -1.0)?, self.number("max_val", 1.0)?);
        if min > max {
            return Err(Error::invalid(
                self.at,
                "min_val at most max_val",
                format!("{min}, {max}"),
            ));
        }
        let leaky = slope != 0.0;
        let mut slope = |key| if leaky { self.number(key, slope) } else { Ok(0.0) };
        let (min_slope, max_slope) = (slope("min_slope")?, slope("max_slope")?);
        Ok(Activation::LeakyHardtanh { min, max, min_slope, max_slope })
    }

    fn finish(self) -> Result<(), Error> {
        match self.left.into_iter().find(|(_, v)| !v.is_null()) {
            None => Ok(()),
            Some((key, _)) => Err(Error::unsupported(
                format!("{}.{key}", self.at),
                "no such parameter of this activation",
                key,
            )),
        }
    }
}

fn number(place: impl Into<String>, v: &Value) -> Result<f32, Error> {
    match v.as_f64().map(|x| x as f32).filter(|x| x.is_finite()) {
        Some(x) => Ok(x),
        None => Err(Error::invalid(place, "a finite number", v)),
    }
}

impl Activation {
    /// A Hardtanh, which has no slopes, other than the usual one.
    pub(crate) fn is_hardtanh_with_limits(&self) -> bool {
        let Activation::LeakyHardtanh { min, max, min_slope, max_slope } = self else {
            return false;
        };
        (*min_slope, *max_slope) == (0.0, 0.0) && (*min, *max) != (-1.0, 1.0)
    }

    /// Applies it to a vector. `channel` gives what differs between channels:
    /// one slope repeated, or a slope for each lane.
    #[inline(always)]
    pub(crate) fn apply<S: Simd, V: Vector<S>>(
        &self,
        s: S,
        x: V,
        channel: impl Fn(&[f32]) -> V,
    ) -> V {
        let c = |k: f32| V::splat(s, k);
        match self {
            Activation::Identity => x,
            Activation::Tanh => tanh_each(s, [x])[0],
            Activation::FastTanh => fast_tanh(s, x),
            Activation::Sigmoid => sigmoid(s, x),
            Activation::PreciseTanh => precise_tanh_each(s, [x])[0],
            Activation::PreciseSigmoid => precise_sigmoid(s, x),
            Activation::Elu => elu(s, x),
            Activation::SiLU => x * sigmoid(s, x),
            Activation::Hardswish => x * (x + c(3.0)).max(c(0.0)).min(c(6.0)) * c(1.0 / 6.0),
            Activation::Softsign => x / (c(1.0) + x.abs()),
            Activation::Softsigmoid => (x / (c(1.0) + x.abs())).mul_add(c(0.5), c(0.5)),
            Activation::Leaky { slope } => leaky(s, x, c(*slope)),
            Activation::PReLU { slopes } => leaky(s, x, channel(slopes)),
            Activation::LeakyHardtanh { min, max, min_slope, max_slope } => {
                let inside = x.max(c(*min)).min(c(*max));
                let below = (x - c(*min)).min(c(0.0)) * c(*min_slope);
                let above = (x - c(*max)).max(c(0.0)) * c(*max_slope);
                inside + below + above
            }
        }
    }
}

#[inline(always)]
pub(crate) fn leaky<S: Simd, V: Vector<S>>(s: S, x: V, slope: V) -> V {
    let zero = V::splat(s, 0.0);
    x.min(zero).mul_add(slope, x.max(zero))
}

/// NAM Core's `fast_tanh` (`NAM/activations.h`), a rational function of |x|.
#[inline(always)]
fn fast_tanh<S: Simd, V: Vector<S>>(s: S, x: V) -> V {
    let c = |k: f32| V::splat(s, k);
    let (ax, x2) = (x.abs(), x * x);
    let top = ax.mul_add(c(0.821_226_67), c(0.893_229_85)) * x2;
    let top = x * (ax.mul_add(c(2.455_507_5), c(2.455_507_5)) + top);
    let bottom = (c(2.445_066_3) + x2) * (x * ax).mul_add(c(0.814_642_7), x).abs();
    top / (c(2.445_066_3) + bottom)
}
