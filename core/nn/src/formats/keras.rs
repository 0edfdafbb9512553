//! Networks as RTNeural reads them, written by its export from Keras; and those
//! of AIDA-X, which are the same with gains, a skip and a self-test. Facts:
//! `RTNeural/model_loader.h` and the player of AIDA-X.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Error;
use crate::metadata::Metadata;
use crate::small::{Conv, Layer, Recurrent, Spec};

use super::parts::{
    Cube, Matrix, activation, dense, entry, flat, need, norm, prelu, read, transposed,
    unnamed_knobs,
};
use super::{Entries, Loaded, gain, rate};

/// Variance that Keras adds where the file does not say.
const EPSILON: f64 = 1e-3;

#[derive(Deserialize)]
struct LayerJson<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    activation: Option<String>,
    #[serde(default)]
    shape: Vec<Option<f64>>,
    #[serde(borrow, default)]
    weights: Vec<&'a RawValue>,
    #[serde(default)]
    kernel_size: Option<Number>,
    #[serde(default)]
    dilation: Option<Number>,
    #[serde(default)]
    groups: Option<Number>,
    #[serde(default)]
    epsilon: Option<f64>,
}

/// A number, or a list that ends in it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    One(usize),
    Many(Vec<usize>),
}

impl Number {
    fn last(this: Option<&Self>) -> Option<usize> {
        match this? {
            Number::One(n) => Some(*n),
            Number::Many(list) => list.last().copied(),
        }
    }
}

/// The extra keys of an AIDA-X file.
const AIDA: [&str; 5] = ["in_skip", "in_gain", "out_gain", "input_batch", "output_batch"];

pub(super) fn load(entries: &Entries<'_>) -> Result<Loaded, Error> {
    let aida = AIDA.iter().any(|key| entries.contains_key(*key));
    let shape: Vec<Option<f64>> = need(entries, "in_shape", "")?;
    let inputs = match shape[..] {
        [.., Some(n)] if shape.len() < 4 && n.fract() == 0.0 && (1.0..1e6).contains(&n) => {
            n as usize
        }
        _ => {
            let expected = "up to three sizes, the last the number of inputs";
            return Err(Error::unsupported("in_shape", expected, format!("{shape:?}")));
        }
    };
    let list = match entries.get("layers") {
        Some(json) => crate::nam::config::<Vec<&RawValue>>(json, "layers")?,
        None => return Err(Error::invalid("layers", "a list", "none")),
    };
    let (mut layers, mut width) = (Vec::new(), inputs);
    for (i, json) in list.iter().enumerate() {
        width = push(&mut layers, json, &format!("layers[{i}]"), width)?;
    }
    let mut knobs = unnamed_knobs("in_shape", inputs)?;
    if aida {
        knobs.iter_mut().enumerate().for_each(|(i, knob)| knob.name = format!("PARAM{}", i + 1));
    }
    let mut spec = Spec::new(layers, knobs);
    spec.skip = match entry::<f64>(entries, "in_skip", "")?.unwrap_or(0.0) {
        0.0 => false,
        1.0 => true,
        other => return Err(Error::unsupported("in_skip", "0 or 1", other)),
    };
    for (factor, key) in spec.gains.iter_mut().zip(["in_gain", "out_gain"]) {
        *factor = gain(key, entry(entries, key, "")?.unwrap_or(0.0))?;
    }
    let mut loaded = Loaded::new(if aida { "AIDA-X" } else { "RTNeural" }, spec)?;
    describe(&mut loaded, entries)?;
    self_test(&mut loaded, entries)?;
    Ok(loaded)
}

/// Adds what one entry stands for, a layer and maybe its activation, to `layers`
/// that end `width` wide; returns how wide they are then.
fn push(layers: &mut Vec<Layer>, json: &RawValue, at: &str, width: usize) -> Result<usize, Error> {
    let layer: LayerJson<'_> = crate::nam::config(json, at)?;
    let (made, outputs) = match layer.kind.as_str() {
        "dense" | "time-distributed-dense" => layer.dense(at)?,
        "conv1d" => layer.conv(at, width)?,
        "lstm" => layer.lstm(at)?,
        "gru" => layer.gru(at)?,
        "prelu" => {
            let slopes = flat(at, &layer.weight::<Matrix>(at, 0)?)?;
            (Some(prelu(slopes)), width)
        }
        "batchnorm" => (Some(layer.batch_norm(at)?), width),
        "activation" => (None, width),
        other => {
            let expected = "dense, conv1d, lstm, gru, prelu, batchnorm or activation";
            let at = format!("{at}.type");
            return Err(Error::unsupported(at, expected, format!("{other:?}")));
        }
    };
    if let Some(Some(said)) = layer.shape.last()
        && *said != outputs as f64
    {
        return Err(Error::invalid(format!("{at}.shape"), outputs.to_string(), said));
    }
    layers.extend(made);
    // Of recurrent layers it names what they have inside anyway.
    if matches!(layer.kind.as_str(), "dense" | "time-distributed-dense" | "conv1d" | "activation") {
        let name = layer.activation.as_deref().unwrap_or_default();
        layers.extend(activation(&format!("{at}.activation"), name)?);
    }
    Ok(outputs)
}

type Made = (Option<Layer>, usize);

impl LayerJson<'_> {
    fn weight<T: serde::de::DeserializeOwned>(&self, at: &str, i: usize) -> Result<T, Error> {
        match self.weights.get(i) {
            Some(json) => read(json, &format!("{at}.weights[{i}]")),
            None => {
                let expected = format!("{} lists", i + 1);
                Err(Error::invalid(format!("{at}.weights"), expected, self.weights.len()))
            }
        }
    }

    fn dense(&self, at: &str) -> Result<Made, Error> {
        let matrix: Matrix = self.weight(at, 0)?;
        let (inputs, outputs) = (matrix.len(), matrix.first().map_or(0, Vec::len));
        let bias = if self.weights.len() > 1 { self.weight(at, 1)? } else { vec![0.0; outputs] };
        Ok((Some(dense(inputs, outputs, transposed(at, &matrix)?, bias)), outputs))
    }

    /// `[tap][input of the group][output]`, the newest tap last.
    fn conv(&self, at: &str, inputs: usize) -> Result<Made, Error> {
        let kernel: Cube = self.weight(at, 0)?;
        let taps = kernel.len();
        if let Some(said) = Number::last(self.kernel_size.as_ref())
            && said != taps
        {
            return Err(Error::invalid(format!("{at}.kernel_size"), taps.to_string(), said));
        }
        let groups = Number::last(self.groups.as_ref()).unwrap_or(1);
        let dilation = Number::last(self.dilation.as_ref()).unwrap_or(1);
        let rows: Vec<Vec<f32>> =
            kernel.iter().map(|tap| transposed(at, tap)).collect::<Result<_, _>>()?;
        let outputs = kernel.first().and_then(|tap| tap.first()).map_or(0, Vec::len);
        let each = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|row| row.len() != each) {
            return Err(Error::invalid(format!("{at}.weights[0]"), "equal taps", "others"));
        }
        // By output and input, then the taps of each.
        let weights = (0..each).flat_map(|k| rows.iter().map(move |row| row[k])).collect();
        let bias = if self.weights.len() > 1 { self.weight(at, 1)? } else { vec![0.0; outputs] };
        let conv = Conv { inputs, outputs, taps, dilation, groups, weights, bias };
        Ok((Some(Layer::Conv(conv)), outputs))
    }

    /// Gates in our order already.
    fn lstm(&self, at: &str) -> Result<Made, Error> {
        let (input, own): (Matrix, Matrix) = (self.weight(at, 0)?, self.weight(at, 1)?);
        let (inputs, hidden) = (input.len(), own.len());
        let bias: Vec<f32> = self.weight(at, 2)?;
        let net = Recurrent {
            inputs,
            hidden,
            input: transposed(at, &input)?,
            own: transposed(at, &own)?,
            own_bias: vec![0.0; bias.len()],
            bias,
        };
        Ok((Some(Layer::Lstm(net)), hidden))
    }

    /// Gates in the order update, reset, candidate; ours begins with the reset.
    fn gru(&self, at: &str) -> Result<Made, Error> {
        let (input, own): (Matrix, Matrix) = (self.weight(at, 0)?, self.weight(at, 1)?);
        let (inputs, hidden) = (input.len(), own.len());
        let bias: Matrix = self.weight(at, 2)?;
        let [bias, own_bias] = <[Vec<f32>; 2]>::try_from(bias).map_err(|bias| {
            let expected = "two lists, for a GRU that resets after its matrix";
            Error::unsupported(format!("{at}.weights[2]"), expected, bias.len())
        })?;
        let swap = |mut rows: Vec<f32>, width: usize| {
            let gate = hidden * width;
            if rows.len() == 3 * gate {
                rows[..2 * gate].rotate_left(gate);
            }
            rows
        };
        let net = Recurrent {
            inputs,
            hidden,
            input: swap(transposed(at, &input)?, inputs),
            own: swap(transposed(at, &own)?, hidden),
            bias: swap(bias, 1),
            own_bias: swap(own_bias, 1),
        };
        Ok((Some(Layer::Gru(net)), hidden))
    }

    fn batch_norm(&self, at: &str) -> Result<Layer, Error> {
        let list = |i| self.weight::<Vec<f32>>(at, i);
        let epsilon = self.epsilon.unwrap_or(EPSILON);
        if self.weights.len() == 2 {
            let (mean, variance) = (list(0)?, list(1)?);
            let (ones, zeros) = (vec![1.0; mean.len()], vec![0.0; mean.len()]);
            return norm(at, [&ones, &zeros, &mean, &variance], epsilon);
        }
        norm(at, [&list(0)?, &list(1)?, &list(2)?, &list(3)?], epsilon)
    }
}

/// A rate is a number at the top or, in AIDA-X's files, a text in the metadata.
fn describe(loaded: &mut Loaded, entries: &Entries<'_>) -> Result<(), Error> {
    let metadata: Value = entry(entries, "metadata", "")?.unwrap_or_default();
    let number = |v: &Value| v.as_f64().or_else(|| v.as_str()?.trim().parse().ok());
    let top: Value = entry(entries, "samplerate", "")?.unwrap_or_default();
    for (at, value) in [("samplerate", &top), ("metadata.samplerate", &metadata["samplerate"])] {
        if let (None, Some(said)) = (loaded.sample_rate, number(value)) {
            loaded.sample_rate = Some(rate(at, said)?);
        }
    }
    if let Some(json) = entries.get("metadata") {
        loaded.metadata = Metadata::read(json);
    }
    let text = |key: &str| metadata[key].as_str().map(str::to_owned);
    let about = &mut loaded.metadata;
    about.modeled_by = about.modeled_by.take().or_else(|| text("author"));
    about.gear_model = about.gear_model.take().or_else(|| text("based"));
    about.tone_type = about.tone_type.take().or_else(|| text("style"));
    Ok(())
}

/// Runs the file's own question; an answer other than the file's is told.
fn self_test(loaded: &mut Loaded, entries: &Entries<'_>) -> Result<(), Error> {
    let input = entry::<Vec<f32>>(entries, "input_batch", "")?.unwrap_or_default();
    let output = entry::<Vec<f32>>(entries, "output_batch", "")?.unwrap_or_default();
    if input.len() != output.len() {
        let expected = format!("{}, as in input_batch", input.len());
        return Err(Error::invalid("output_batch", expected, output.len()));
    }
    // Where there are knobs, no file says how they stood.
    if loaded.net.knobs().is_empty()
        && let Some(worst) = loaded.misses(&[], &input, &output)
    {
        loaded.notices.push(format!(
            "the file's own self-test fails: the network is {worst:.1e} from output_batch"
        ));
    }
    Ok(())
}
