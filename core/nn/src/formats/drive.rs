//! `kiln-drive`: our own format, whose words are those of
//! `assets/kiln-drive.schema.json`.

use serde::Deserialize;

use crate::activation::Activation;
use crate::metadata::Metadata;
use crate::small::{Conv, Filter, Layer, Recurrent, Spec};
use crate::{Error, Knob};

use super::parts::{Cube, Matrix, dense, entry, flat, need, prelu};
use super::{Entries, Loaded, gain, rate};

const FORMAT: &str = "kiln-drive";
const VERSION: u32 = 1;

const KEYS: [&str; 18] = [
    "$schema",
    "format",
    "version",
    "name",
    "author",
    "description",
    "esr",
    "revision",
    "sample_rate",
    "knobs",
    "in_gain",
    "out_gain",
    "skip",
    "pre",
    "branches",
    "layers",
    "post",
    "self_test",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnobJson {
    name: String,
    min: f32,
    max: f32,
    default: f32,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum LayerJson {
    Dense {
        weights: Matrix,
        bias: Vec<f32>,
    },
    Conv1d {
        weights: Cube,
        bias: Vec<f32>,
        #[serde(default = "one")]
        dilation: usize,
        #[serde(default = "one")]
        groups: usize,
    },
    Lstm {
        input: Matrix,
        own: Matrix,
        bias: Vec<f32>,
    },
    Gru {
        input: Matrix,
        own: Matrix,
        bias: Vec<f32>,
        own_bias: Vec<f32>,
    },
    Scale {
        scale: Vec<f32>,
        shift: Vec<f32>,
    },
    Prelu {
        slopes: Vec<f32>,
    },
    Tanh {},
    Sigmoid {},
    Relu {},
    Elu {},
    Softmax {},
}

fn one() -> usize {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SelfTest {
    #[serde(default)]
    knobs: Vec<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
}

pub(super) fn load(entries: &Entries<'_>) -> Result<Loaded, Error> {
    let format: String = need(entries, "format", "")?;
    if format != FORMAT {
        return Err(Error::unsupported("format", FORMAT, format!("{format:?}")));
    }
    let version: u32 = need(entries, "version", "")?;
    if version != VERSION {
        return Err(Error::unsupported("version", VERSION.to_string(), version));
    }
    if let Some(key) = entries.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let expected = format!("one of {}", KEYS.join(", "));
        return Err(Error::unsupported(key.clone(), expected, "another key"));
    }
    let layers: Vec<LayerJson> = need(entries, "layers", "")?;
    let layers = layers.into_iter().enumerate().map(|(i, layer)| layer.read(i));
    let layers = layers.collect::<Result<_, _>>()?;
    let knobs: Vec<KnobJson> = entry(entries, "knobs", "")?.unwrap_or_default();
    let knobs = knobs.into_iter().enumerate().map(|(i, knob)| knob.read(i));
    let mut spec = Spec::new(layers, knobs.collect::<Result<_, _>>()?);
    spec.skip = entry(entries, "skip", "")?.unwrap_or(false);
    for (factor, key) in spec.gains.iter_mut().zip(["in_gain", "out_gain"]) {
        *factor = gain(key, entry(entries, key, "")?.unwrap_or(0.0))?;
    }
    for (filters, key) in spec.filters.iter_mut().zip(["pre", "post"]) {
        let all = entry(entries, key, "")?.unwrap_or_default();
        *filters = checked(all, key)?;
    }
    let branches: Vec<Vec<Filter>> = entry(entries, "branches", "")?.unwrap_or_default();
    let checked = |(i, all)| checked(all, &format!("branches[{i}]"));
    spec.branches = branches.into_iter().enumerate().map(checked).collect::<Result<_, _>>()?;
    let said = entry(entries, "sample_rate", "")?.map(|r| rate("sample_rate", r)).transpose()?;
    spec.rate = said.unwrap_or(spec.rate);
    let mut loaded = Loaded::new("Kiln Drive", spec)?;
    loaded.sample_rate = said;
    loaded.metadata = Metadata {
        name: entry(entries, "name", "")?,
        modeled_by: entry(entries, "author", "")?,
        description: entry(entries, "description", "")?,
        esr: entry(entries, "esr", "")?,
        revision: entry(entries, "revision", "")?,
        ..Metadata::default()
    };
    if let Some(test) = entry::<SelfTest>(entries, "self_test", "")? {
        test.run(&loaded)?;
    }
    Ok(loaded)
}

/// Filters in a row, as many as anyone needs.
fn checked(filters: Vec<Filter>, at: &str) -> Result<Vec<Filter>, Error> {
    const MOST: usize = 32;
    if filters.len() > MOST {
        return Err(Error::TooLarge { what: "filters", limit: MOST, found: filters.len() });
    }
    for (i, filter) in filters.iter().enumerate() {
        filter.check(&format!("{at}[{i}]"))?;
    }
    Ok(filters)
}

impl SelfTest {
    /// A file that is not what it says is refused.
    fn run(&self, loaded: &Loaded) -> Result<(), Error> {
        let Self { knobs, input, output } = self;
        if input.len() != output.len() {
            let expected = format!("{}, as in the input", input.len());
            return Err(Error::invalid("self_test.output", expected, output.len()));
        }
        match loaded.misses(knobs, input, output) {
            None => Ok(()),
            Some(worst) => {
                let expected = "what the network answers, within 1e-5";
                Err(Error::invalid("self_test.output", expected, format!("{worst:e} from it")))
            }
        }
    }
}

impl KnobJson {
    fn read(self, i: usize) -> Result<Knob, Error> {
        let Self { name, min, max, default } = self;
        let known = [min, max, default].iter().all(|x| x.abs() <= 1e6);
        if known && min < max && (min..=max).contains(&default) {
            return Ok(Knob { name, min, max, default });
        }
        let expected = "min below max, and default between them";
        let found = format!("{min}, {max} and {default}");
        Err(Error::invalid(format!("knobs[{i}]"), expected, found))
    }
}

impl LayerJson {
    fn read(self, i: usize) -> Result<Layer, Error> {
        let at = format!("layers[{i}]");
        let width = |matrix: &Matrix| matrix.first().map_or(0, Vec::len);
        Ok(match self {
            LayerJson::Dense { weights, bias } => {
                dense(width(&weights), weights.len(), flat(&at, &weights)?, bias)
            }
            LayerJson::Conv1d { weights, bias, dilation, groups } => {
                let (outputs, each) = (weights.len(), weights.first().map_or(0, Vec::len));
                let taps = weights.first().map_or(0, width);
                let rows = weights.iter().map(|rows| flat(&at, rows)).collect::<Result<_, _>>()?;
                let (inputs, weights) = (each.saturating_mul(groups), flat(&at, &rows)?);
                Layer::Conv(Conv { inputs, outputs, taps, dilation, groups, weights, bias })
            }
            LayerJson::Lstm { input, own, bias } => {
                let own_bias = vec![0.0; bias.len()];
                Layer::Lstm(recurrent(&at, &input, &own, bias, own_bias)?)
            }
            LayerJson::Gru { input, own, bias, own_bias } => {
                Layer::Gru(recurrent(&at, &input, &own, bias, own_bias)?)
            }
            LayerJson::Scale { scale, shift } => Layer::Scale { scale, shift },
            LayerJson::Prelu { slopes } => prelu(slopes),
            LayerJson::Tanh {} => Layer::Activation(Activation::PreciseTanh),
            LayerJson::Sigmoid {} => Layer::Activation(Activation::PreciseSigmoid),
            LayerJson::Relu {} => Layer::Activation(Activation::Leaky { slope: 0.0 }),
            LayerJson::Elu {} => Layer::Activation(Activation::Elu),
            LayerJson::Softmax {} => Layer::Softmax,
        })
    }
}

fn recurrent(
    at: &str,
    input: &Matrix,
    own: &Matrix,
    bias: Vec<f32>,
    own_bias: Vec<f32>,
) -> Result<Recurrent, Error> {
    let [inputs, hidden] = [input, own].map(|matrix| matrix.first().map_or(0, Vec::len));
    Ok(Recurrent { inputs, hidden, input: flat(at, input)?, own: flat(at, own)?, bias, own_bias })
}
