//! `.nam` files: WaveNets, LSTMs, and containers of several sizes.

mod about;
mod sizes;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{About, Recurrent, refused, written};
use crate::Error;

pub use about::{gain, loudness};
pub use sizes::{config, init};

/// The version that all players of LSTMs and of the first WaveNets read.
const OLD: &str = "0.5.4";

/// The version with kernel sizes by layer and containers, which the official trainer
/// writes today.
const NEW: &str = "0.7.0";

/// Kinds of network a `.nam` file of one size holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Architecture {
    /// Stacks of dilated convolutions.
    WaveNet,
    /// Recurrent layers.
    Lstm,
}

#[derive(Serialize)]
struct File<'a, W: Serialize> {
    version: &'static str,
    metadata: Value,
    architecture: &'static str,
    config: &'a Value,
    weights: W,
    sample_rate: f64,
}

/// A network of `config` and `weights`, both as the format has them. The version is 0.5.4
/// where the configuration is one of then, else 0.7.0.
///
/// # Errors
/// With knobs, and whatever [`nn::Model::load`] refuses.
pub fn file(
    architecture: Architecture,
    config: &Value,
    weights: &[f32],
    about: &About<'_>,
) -> Result<Vec<u8>, Error> {
    about.check()?;
    no_knobs(about)?;
    super::weights("weights", Some(weights.len()), weights)?;
    let (version, architecture) = match architecture {
        Architecture::Lstm => (OLD, "LSTM"),
        Architecture::WaveNet if is_old(config) => (OLD, "WaveNet"),
        Architecture::WaveNet => (NEW, "WaveNet"),
    };
    let (metadata, sample_rate) = (about::metadata(about), about.sample_rate);
    written(&File { version, metadata, architecture, config, weights, sample_rate })
}

/// Whether a player of the first WaveNets understands a configuration.
fn is_old(config: &Value) -> bool {
    const KEYS: [&str; 10] = [
        "input_size",
        "condition_size",
        "head_size",
        "channels",
        "kernel_size",
        "dilations",
        "activation",
        "gated",
        "head_bias",
        "head",
    ];
    let old = |layer: &Value| {
        let keys = layer.as_object();
        keys.is_some_and(|keys| keys.keys().all(|key| KEYS.contains(&key.as_str())))
            && layer["activation"].is_string()
            && layer["head_size"].is_number()
    };
    config["layers"].as_array().is_some_and(|layers| layers.iter().all(old))
        && config.get("condition_dsp").is_none_or(Value::is_null)
        && config["head"].is_null()
}

/// Whole files of ascending cost in one: players choose by a quality from 0 to 1, of which
/// each file has an equal share, as the official trainer divides it. What the container
/// says of its loudness and gain should be that of the last.
///
/// # Errors
/// For no file, with knobs, and whatever [`nn::Model::load`] refuses.
pub fn container(files: &[Vec<u8>], about: &About<'_>) -> Result<Vec<u8>, Error> {
    #[derive(Serialize)]
    struct Sub<'a> {
        max_value: f64,
        model: &'a RawValue,
    }
    #[derive(Serialize)]
    struct All<'a> {
        version: &'static str,
        metadata: Value,
        architecture: &'static str,
        config: Config<'a>,
        weights: [f32; 0],
        sample_rate: f64,
    }
    #[derive(Serialize)]
    struct Config<'a> {
        submodels: Vec<Sub<'a>>,
    }
    about.check()?;
    no_knobs(about)?;
    let part = |(i, file): (usize, &'_ Vec<u8>)| {
        let json = serde_json::from_slice::<Box<RawValue>>(file).map_err(nn::Error::from)?;
        Ok::<_, Error>(((i + 1) as f64 / files.len() as f64, json))
    };
    let parts: Vec<_> = files.iter().enumerate().map(part).collect::<Result<_, _>>()?;
    let submodels =
        parts.iter().map(|(max_value, model)| Sub { max_value: *max_value, model }).collect();
    written(&All {
        version: NEW,
        metadata: about::metadata(about),
        architecture: "SlimmableContainer",
        config: Config { submodels },
        weights: [],
        sample_rate: about.sample_rate,
    })
}

/// An LSTM as a file. Its first state is what silence leads to, as the official trainer
/// writes it, for players that do not settle it themselves.
///
/// # Errors
/// For a GRU, knobs or a skip, none of which the format can hold, and for weights that
/// contradict their sizes.
pub fn recurrent(net: &Recurrent, about: &About<'_>) -> Result<Vec<u8>, Error> {
    net.check()?;
    about.check()?;
    no_knobs(about)?;
    let instead = "; write AIDA-X, GuitarML or kiln-drive";
    if net.gru {
        return refused(".nam", &format!("an LSTM or a WaveNet{instead}"), "a GRU");
    }
    if net.inputs > 1 {
        let holds = format!("one input, the sound{instead}");
        return refused(".nam", &holds, &format!("{} inputs", net.inputs));
    }
    if net.skip {
        return refused(".nam", &format!("a network without a skip{instead}"), "one with");
    }
    let mut weights = Vec::new();
    for (input, own) in net.input.iter().zip(net.own.chunks_exact(net.hidden)) {
        weights.push(*input);
        weights.extend_from_slice(own);
    }
    weights.extend(net.biases());
    let state = net.settled(about.sample_rate);
    weights.extend(state.h.iter().chain(&state.c).map(|x| *x as f32));
    weights.extend_from_slice(&net.head);
    weights.push(net.head_bias);
    let config = json!({ "input_size": 1, "hidden_size": net.hidden, "num_layers": 1 });
    file(Architecture::Lstm, &config, &weights, about)
}

fn no_knobs(about: &About<'_>) -> Result<(), Error> {
    match about.knobs {
        [] => Ok(()),
        knobs => {
            let holds = "a network without knobs; write kiln-drive, or one file for each setting";
            refused(".nam", holds, &format!("{} of them", knobs.len()))
        }
    }
}
