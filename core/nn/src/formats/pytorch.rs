//! The `state_dict` of a PyTorch module as JSON, with the names PyTorch gives:
//! what RTNeural's `torch_helpers` reads.
//!
//! A state holds weights but not what is done with them. So either a list
//! `layers` says it, entry by entry as in `torch.nn.Sequential`, whose numbers
//! name the weights; or the state is of the one kind that needs no saying, a
//! recurrent layer before a linear one.

use serde::Deserialize;

use crate::Error;
use crate::small::{Conv, Layer, Recurrent, Spec};

use super::parts::{
    Cube, Matrix, activation, dense, entry, flat, need, norm, prelu, unnamed_knobs,
};
use super::{Entries, Loaded};

/// Variance that PyTorch adds by default.
const EPSILON: f64 = 1e-5;

/// An entry of `layers`: a name, or one with what shapes a convolution.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Name(String),
    Shape {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        dilation: Option<usize>,
        #[serde(default)]
        groups: Option<usize>,
    },
}

pub(super) fn load(entries: &Entries<'_>) -> Result<Loaded, Error> {
    let inner = if entries.contains_key("state_dict") { Some(state(entries)?) } else { None };
    let state = inner.as_ref().unwrap_or(entries);
    let layers = match entry::<Vec<Entry>>(entries, "layers", "")? {
        Some(list) => sequence(state, &list)?,
        None => recurrent_and_linear(state)?,
    };
    let inputs = match layers.first() {
        Some(Layer::Dense(conv) | Layer::Conv(conv)) => conv.inputs,
        Some(Layer::Lstm(net) | Layer::Gru(net)) => net.inputs,
        _ => 1,
    };
    Loaded::new("PyTorch", Spec::new(layers, unnamed_knobs("the first layer's inputs", inputs)?))
}

fn sequence(state: &Entries<'_>, list: &[Entry]) -> Result<Vec<Layer>, Error> {
    let layer = |(i, entry): (usize, &Entry)| {
        let (kind, dilation, groups) = match entry {
            Entry::Name(kind) => (kind, None, None),
            Entry::Shape { kind, dilation, groups } => (kind, *dilation, *groups),
        };
        let name = i.to_string();
        match kind.as_str() {
            "dense" | "linear" => linear(state, &name).map(Some),
            "conv1d" => conv(state, &name, dilation.unwrap_or(1), groups.unwrap_or(1)).map(Some),
            "lstm" | "gru" => recurrent(state, &name).map(Some),
            "prelu" => Ok(Some(prelu(need(state, &format!("{name}.weight"), "")?))),
            "batchnorm" => batch_norm(state, &name).map(Some),
            other => activation(&format!("layers[{i}]"), other),
        }
    };
    list.iter().enumerate().filter_map(|entry| layer(entry).transpose()).collect()
}

/// The layers of a state without a list: of one recurrent and one linear module.
fn recurrent_and_linear(state: &Entries<'_>) -> Result<Vec<Layer>, Error> {
    let end = |suffix: &str| state.keys().filter_map(|key| key.strip_suffix(suffix)).next();
    match (end(".weight_ih_l0"), end(".weight"), state.len()) {
        (Some(first), Some(last), 3..=6) => {
            Ok(vec![recurrent(state, first)?, linear(state, last)?])
        }
        _ => {
            let expected = "a list of what the modules are, or one recurrent and one linear module";
            Err(Error::invalid("layers", expected, "none"))
        }
    }
}

/// Weights `[output][input]`; the bias may be missing.
pub(super) fn linear(state: &Entries<'_>, name: &str) -> Result<Layer, Error> {
    let key = format!("{name}.weight");
    let matrix: Matrix = need(state, &key, "")?;
    let (outputs, inputs) = (matrix.len(), matrix.first().map_or(0, Vec::len));
    let bias = entry(state, &format!("{name}.bias"), "")?;
    let bias = bias.unwrap_or_else(|| vec![0.0; outputs]);
    Ok(dense(inputs, outputs, flat(&key, &matrix)?, bias))
}

/// Weights `[output][input of the group][tap]`, the newest tap last.
fn conv(state: &Entries<'_>, name: &str, dilation: usize, groups: usize) -> Result<Layer, Error> {
    let key = format!("{name}.weight");
    let kernel: Cube = need(state, &key, "")?;
    let outputs = kernel.len();
    let each = kernel.first().map_or(0, Vec::len);
    let taps = kernel.first().and_then(|k| k.first()).map_or(0, Vec::len);
    let rows = kernel.iter().map(|rows| flat(&key, rows)).collect::<Result<_, _>>()?;
    let weights = flat(&key, &rows)?;
    let bias = entry(state, &format!("{name}.bias"), "")?;
    let bias = bias.unwrap_or_else(|| vec![0.0; outputs]);
    let inputs = each.saturating_mul(groups);
    Ok(Layer::Conv(Conv { inputs, outputs, taps, dilation, groups, weights, bias }))
}

fn batch_norm(state: &Entries<'_>, name: &str) -> Result<Layer, Error> {
    let list = |key: &str| entry::<Vec<f32>>(state, &format!("{name}.{key}"), "");
    let mean: Vec<f32> = need(state, &format!("{name}.running_mean"), "")?;
    let variance: Vec<f32> = need(state, &format!("{name}.running_var"), "")?;
    let gamma = list("weight")?.unwrap_or_else(|| vec![1.0; mean.len()]);
    let beta = list("bias")?.unwrap_or_else(|| vec![0.0; mean.len()]);
    norm(name, [&gamma, &beta, &mean, &variance], EPSILON)
}

/// An LSTM or, with three gates in place of four, a GRU; biases may be missing.
pub(super) fn recurrent(state: &Entries<'_>, name: &str) -> Result<Layer, Error> {
    let [ih, hh] = ["ih", "hh"].map(|part| format!("{name}.weight_{part}_l0"));
    if let Some(key) = state.keys().find(|key| {
        key.strip_prefix(name).is_some_and(|rest| rest.contains("_l1") || rest.contains("_reverse"))
    }) {
        return Err(Error::unsupported(key.clone(), "one layer, one way", "more"));
    }
    let (input, own): (Matrix, Matrix) = (need(state, &ih, "")?, need(state, &hh, "")?);
    let (inputs, hidden) = (input.first().map_or(0, Vec::len), own.first().map_or(0, Vec::len));
    let rows = own.len();
    let bias = |part: &str| -> Result<Vec<f32>, Error> {
        let bias = entry(state, &format!("{name}.bias_{part}_l0"), "")?;
        Ok(bias.unwrap_or_else(|| vec![0.0; rows]))
    };
    let net = Recurrent {
        inputs,
        hidden,
        input: flat(&ih, &input)?,
        own: flat(&hh, &own)?,
        bias: bias("ih")?,
        own_bias: bias("hh")?,
    };
    match rows {
        _ if hidden > 0 && rows == 4 * hidden => Ok(Layer::Lstm(net)),
        _ if hidden > 0 && rows == 3 * hidden => Ok(Layer::Gru(net)),
        _ => {
            let expected = format!("3 or 4 gates of {hidden} units");
            Err(Error::invalid(hh, expected, format!("{rows} rows")))
        }
    }
}

/// A state that lies under a key of its own.
pub(super) fn state<'a>(entries: &Entries<'a>) -> Result<Entries<'a>, Error> {
    match entries.get("state_dict") {
        Some(json) => crate::nam::config(json, "state_dict"),
        None => Err(Error::invalid("state_dict", "an object", "none")),
    }
}
