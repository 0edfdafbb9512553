//! From a `.nam` file to a network.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{MAX_SIZES, Net};
use crate::linear::Linear;
use crate::lstm::Lstm;
use crate::nam::{self, File};
use crate::wavenet::{WaveNet, count::merge};
use crate::{Error, convnet};

/// A file's network with what was learnt while reading it.
pub(super) struct Loaded {
    pub(super) architecture: &'static str,
    pub(super) net: Net,
    pub(super) weights: usize,
    pub(super) differences: Vec<String>,
    pub(super) sample_rate: Option<f64>,
}

impl Loaded {
    pub(super) fn read(file: &File<'_>) -> Result<Self, Error> {
        let mut differences = Vec::new();
        let mut weights = file.weights.len();
        let mut sample_rate = file.sample_rate;
        let (architecture, net) = match file.architecture.as_str() {
            "WaveNet" => {
                let loaded = WaveNet::load(file.config, &file.weights, file.sample_rate)?;
                (differences, weights) = (loaded.differences, loaded.weights);
                sample_rate = loaded.sample_rate;
                ("WaveNet", Net::programs(loaded.programs))
            }
            "ConvNet" => {
                let program = convnet::load(file.config, &file.weights)?;
                ("ConvNet", Net::FeedForward(Arc::new(program)))
            }
            "LSTM" => ("LSTM", Net::Lstm(Lstm::load(file.config, &file.weights)?)),
            "Linear" => {
                let linear = Linear::load(file.config, &file.weights)?;
                if linear.taps() > 1 {
                    differences.push(
                        "Linear: the official player reverses the impulse response in time"
                            .to_owned(),
                    );
                }
                ("Linear", Net::Linear(linear))
            }
            "SlimmableContainer" => {
                let container = Container::read(file)?;
                (differences, weights) = (container.differences, container.weights);
                sample_rate = container.sample_rate;
                ("SlimmableContainer", Net::Sizes(container.sizes))
            }
            other => {
                let expected = "WaveNet, LSTM, ConvNet, Linear or SlimmableContainer";
                return Err(Error::unsupported("architecture", expected, format!("{other:?}")));
            }
        };
        net.settles()?;
        Ok(Self { architecture, net, weights, differences, sample_rate })
    }
}

/// Whole models of different cost in one file.
struct Container {
    sizes: Vec<(f32, Net)>,
    weights: usize,
    differences: Vec<String>,
    sample_rate: Option<f64>,
}

#[derive(Deserialize)]
struct ContainerJson<'a> {
    #[serde(borrow)]
    submodels: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct SubmodelJson<'a> {
    max_value: f32,
    #[serde(borrow)]
    model: &'a RawValue,
}

impl Container {
    fn read<'a>(file: &File<'a>) -> Result<Self, Error> {
        nam::refuse_unknown(file.config, &["submodels"], "config")?;
        let ContainerJson { submodels } = nam::config(file.config, "config")?;
        if !(1..=MAX_SIZES).contains(&submodels.len()) {
            let expected = format!("1 to {MAX_SIZES}");
            return Err(Error::invalid("config.submodels", expected, submodels.len()));
        }
        if !file.weights.is_empty() {
            return Err(Error::WeightCount { expected: 0, found: file.weights.len() });
        }
        let read = |(i, json): (usize, &&'a RawValue)| {
            let at = format!("config.submodels[{i}]");
            nam::refuse_unknown(json, &["max_value", "model"], &at)?;
            nam::config::<SubmodelJson<'a>>(json, &at)
        };
        let submodels: Vec<_> = submodels.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        let bounds: Vec<f32> = submodels.iter().map(|s| s.max_value).collect();
        if !bounds.is_sorted_by(|a, b| a < b) || bounds.last().is_none_or(|b| *b < 1.0) {
            let expected = "ascending values, the last at least 1";
            let at = "config.submodels max_value";
            return Err(Error::invalid(at, expected, format!("{bounds:?}")));
        }
        let (sizes, differences) = (Vec::new(), Vec::new());
        let mut all = Self { sizes, weights: 0, differences, sample_rate: file.sample_rate };
        for (i, submodel) in submodels.iter().enumerate() {
            let at = format!("config.submodels[{i}].model");
            let inner = File::nested(submodel.model, &at)?;
            if inner.architecture == "SlimmableContainer" {
                return Err(Error::unsupported(at, "a model of one size", inner.architecture));
            }
            let loaded = Loaded::read(&inner).map_err(|e| e.within(&at))?;
            nam::same_rate(all.sample_rate, loaded.sample_rate, &at)?;
            all.sample_rate = all.sample_rate.or(loaded.sample_rate);
            if matches!(loaded.net, Net::Sizes(_)) {
                return Err(Error::unsupported(at, "a model of one size", "a slimmable one"));
            }
            all.sizes.push((submodel.max_value, loaded.net));
            all.weights += loaded.weights;
            merge(&mut all.differences, loaded.differences);
        }
        Ok(all)
    }
}
