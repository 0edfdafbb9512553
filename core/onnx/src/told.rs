//! What a file says of its inputs and outputs, and what its controls stand at.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Error;
use crate::file::{Dim, Element, File, Port};
use crate::limits::{MAX_CONTEXT, MAX_ELEMENTS, MAX_HOP, MAX_MEMORY};
use crate::tensor::{Data, Tensor, elements};

/// Names of a sample rate in Hz.
const RATES: &[&str] = &["sr", "sample_rate", "samplerate", "fs", "rate"];

/// What a file may say in its metadata under `kiln.io`; see the crate's page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    pub(crate) audio_in: Option<String>,
    pub(crate) audio_out: Option<String>,
    pub(crate) states: Option<Vec<(String, String)>>,
    #[serde(default)]
    pub(crate) controls: BTreeMap<String, Control>,
    pub(crate) hop: Option<usize>,
    pub(crate) context: Option<usize>,
    pub(crate) latency: Option<usize>,
    pub(crate) memory: Option<usize>,
    pub(crate) sample_rate: Option<f64>,
}

/// A control that stands still.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Control {
    One(f64),
    Many(Vec<f64>),
    Shaped { shape: Vec<usize>, values: Vec<f64> },
}

impl Told {
    /// # Errors
    /// If the file says something that makes no sense.
    pub(crate) fn of(file: &File) -> Result<Self, Error> {
        let mut told: Self = match file.metadata.get("kiln.io") {
            Some(json) => serde_json::from_str(json)
                .map_err(|e| Error::invalid("kiln.io", "its JSON as documented", e))?,
            None => Self::default(),
        };
        told.check()?;
        if told.sample_rate.is_none() {
            told.sample_rate = rate_of(file)?;
        }
        Ok(told)
    }

    fn check(&self) -> Result<(), Error> {
        if self.hop.is_some_and(|n| !(1..=MAX_HOP).contains(&n)) {
            let found = self.hop.unwrap_or(0);
            return Err(Error::invalid("kiln.io.hop", format!("1 to {MAX_HOP} samples"), found));
        }
        for (what, n) in [("kiln.io.context", self.context), ("kiln.io.latency", self.latency)] {
            if let Some(found) = n.filter(|n| *n > MAX_CONTEXT) {
                let expected = format!("at most {MAX_CONTEXT} samples");
                return Err(Error::invalid(what, expected, found));
            }
        }
        if let Some(found) = self.memory.filter(|n| *n > MAX_MEMORY) {
            let expected = format!("at most {MAX_MEMORY} samples");
            return Err(Error::invalid("kiln.io.memory", expected, found));
        }
        if let Some(rate) = self.sample_rate {
            check_rate("kiln.io.sample_rate", rate)?;
        }
        Ok(())
    }
}

fn check_rate(what: &str, rate: f64) -> Result<f64, Error> {
    if (1000.0..=768_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err(Error::invalid(what, "1000 to 768000 Hz", rate))
    }
}

fn rate_of(file: &File) -> Result<Option<f64>, Error> {
    let Some(text) = file.metadata.get("sample_rate") else { return Ok(None) };
    let rate = text.trim().parse();
    let rate = rate.map_err(|_| Error::invalid("sample_rate", "a number", format!("{text:?}")))?;
    check_rate("sample_rate", rate).map(Some)
}

/// Noughts in the shape of a port, lengths that are open taken as one.
pub(crate) fn zeros(port: &Port) -> Result<Tensor, Error> {
    let one = |d: &Dim| if let Dim::Fixed(n) = d { *n } else { 1 };
    let shape: Vec<usize> = port.shape.iter().flatten().map(one).collect();
    Error::cap("elements in a tensor", MAX_ELEMENTS, elements(&shape))?;
    match port.element {
        Element::F32 => Ok(Tensor::floats(&shape, Vec::new())),
        Element::I32 | Element::I64 | Element::Bool => Ok(Tensor::ints(&shape, Vec::new())),
        Element::Other(_) => {
            let what = format!("input {}", port.name);
            Err(Error::unsupported(what, "32-bit floats, integers or truth", port))
        }
    }
}

/// What a control stands at.
pub(crate) fn constant(
    port: &Port,
    told: &Told,
    notices: &mut Vec<String>,
) -> Result<Tensor, Error> {
    let mut tensor = zeros(port)?;
    let control = told.controls.get(&port.name);
    let is_rate = RATES.iter().any(|name| port.name.eq_ignore_ascii_case(name));
    let single = elements(&tensor.shape) == 1;
    let values = match (control, told.sample_rate) {
        (Some(Control::One(value)), _) => vec![*value; elements(&tensor.shape)],
        (Some(Control::Many(values)), _) => values.clone(),
        (Some(Control::Shaped { shape, values }), _) => {
            Error::cap("elements in a tensor", MAX_ELEMENTS, elements(shape))?;
            tensor.shape.clone_from(shape);
            values.clone()
        }
        (None, Some(rate)) if is_rate && single => vec![rate],
        (None, _) if matches!(tensor.data, Data::Float(_)) => {
            notices.push(format!("{} stands at nought: the file tells no value", port.name));
            return Ok(tensor);
        }
        (None, _) => {
            let what = format!("input {}", port.name);
            let expected = "metadata that tells the value of an integer input";
            return Err(Error::unsupported(what, expected, "none"));
        }
    };
    if values.len() != elements(&tensor.shape) || values.iter().any(|v| !v.is_finite()) {
        let what = format!("kiln.io.controls.{}", port.name);
        let expected = format!("{} finite numbers", elements(&tensor.shape));
        return Err(Error::invalid(what, expected, format!("{} of them", values.len())));
    }
    tensor.data = match tensor.data {
        Data::Float(_) => Data::Float(values.iter().map(|&v| v as f32).collect()),
        Data::Int(_) => Data::Int(values.iter().map(|&v| v as i64).collect()),
    };
    Ok(tensor)
}
