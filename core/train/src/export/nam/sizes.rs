//! The official sizes of WaveNets, and weights to begin with.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::Error;

/// Names that [`config`] knows.
const NAMES: [&str; 6] = ["standard", "lite", "feather", "nano", "a2-full", "a2-lite"];

/// The configuration of an official WaveNet. `standard`, `lite`, `feather` and `nano` are
/// of the first generation, A1: two arrays of 16 and 8, 12 and 6, 8 and 4, or 4 and 2
/// channels, with 13 802, 6554, 3026 and 842 weights. `a2-full` and `a2-lite`, of the
/// trainer's version 0.13, are one array of 8 or 3 channels with 12 146 and 1871 weights.
///
/// # Errors
/// For other names.
pub fn config(name: &str) -> Result<Value, Error> {
    match name {
        "standard" => Ok(first(16, 8, &doublings(0, 10), &doublings(0, 10))),
        "lite" => Ok(short(12, 6)),
        "feather" => Ok(short(8, 4)),
        "nano" => Ok(short(4, 2)),
        "a2-full" => Ok(second(8)),
        "a2-lite" => Ok(second(3)),
        other => Err(Error::setting(
            "size",
            format!("one of {}", NAMES.join(", ")),
            format!("{other:?}"),
        )),
    }
}

/// 2^`from` up to but not 2^`to`.
fn doublings(from: u32, to: u32) -> Vec<usize> {
    (from..to).map(|n| 1 << n).collect()
}

/// The dilations of the smaller sizes of A1.
fn short(channels: usize, head: usize) -> Value {
    let second = [doublings(7, 10), doublings(0, 10)].concat();
    first(channels, head, &doublings(0, 7), &second)
}

fn first(channels: usize, head: usize, dilations: &[usize], more: &[usize]) -> Value {
    let array = |inputs: usize, outputs: usize, width: usize, dilations: &[usize], bias: bool| {
        json!({
            "input_size": inputs, "condition_size": 1, "head_size": outputs, "channels": width,
            "kernel_size": 3, "dilations": dilations, "activation": "Tanh", "gated": false,
            "head_bias": bias,
        })
    };
    json!({
        "layers": [
            array(1, head, channels, dilations, false),
            array(channels, 1, head, more, true),
        ],
        "head": null,
        "head_scale": 0.02,
    })
}

fn second(channels: usize) -> Value {
    const ROUND: [usize; 7] = [1, 3, 7, 17, 41, 101, 239];
    let dilations = [&ROUND[..], &ROUND, &[1, 13], &ROUND].concat();
    // Layers 14 and 15 are those of the dilations 1 and 13.
    let kernels: Vec<usize> = (0..23).map(|i| if i == 14 || i == 15 { 15 } else { 6 }).collect();
    json!({
        "layers": [{
            "input_size": 1, "condition_size": 1, "channels": channels, "bottleneck": channels,
            "kernel_sizes": kernels, "dilations": dilations,
            "activation": { "type": "LeakyReLU", "negative_slope": 0.01 },
            "head": { "out_channels": 1, "kernel_size": 16, "bias": true },
        }],
        "head": null,
        "head_scale": 0.01,
    })
}

/// Random weights for a WaveNet's configuration in the file's order, the same for the same
/// `seed`. As PyTorch's `Conv1d` begins: each tensor uniform in ±1/√(inputs · taps) of its
/// convolution, biases too. The last weight is the configuration's `head_scale`.
///
/// # Errors
/// For configurations with more than plain layers: no gates, groups, FiLM or bottleneck.
pub fn init(config: &Value, seed: u64) -> Result<Vec<f32>, Error> {
    const PLAIN: [&str; 16] = [
        "input_size",
        "condition_size",
        "channels",
        "bottleneck",
        "kernel_size",
        "kernel_sizes",
        "dilations",
        "activation",
        "gated",
        "gating_mode",
        "head",
        "head_size",
        "head_bias",
        "layer1x1",
        "groups_input",
        "groups_input_mixin",
    ];
    let mut weights = Weights { random: Rng::with_seed(seed), all: Vec::new() };
    let layers = config["layers"].as_array().map_or(&[][..], Vec::as_slice);
    if layers.is_empty() || !config["head"].is_null() || !config["condition_dsp"].is_null() {
        return Err(Error::setting("config", "layers and no head after them", "others"));
    }
    for (i, layer) in layers.iter().enumerate() {
        let at = format!("config.layers[{i}]");
        let keys = layer.as_object().into_iter().flatten();
        if let Some((key, _)) = keys.into_iter().find(|(key, _)| !PLAIN.contains(&key.as_str())) {
            return Err(Error::setting(at, format!("one of {}", PLAIN.join(", ")), key));
        }
        weights.array(layer, &at)?;
    }
    let scale = config["head_scale"].as_f64().unwrap_or(1.0);
    weights.all.push(scale as f32);
    Ok(weights.all)
}

struct Weights {
    random: Rng,
    all: Vec<f32>,
}

impl Weights {
    fn array(&mut self, layer: &Value, at: &str) -> Result<(), Error> {
        let size = |value: &Value, what: &str| {
            let n = value.as_u64().filter(|n| (1..=4096).contains(n));
            n.map(|n| n as usize)
                .ok_or_else(|| Error::setting(format!("{at}.{what}"), "1 to 4096", value))
        };
        for (key, off) in [
            ("gated", json!(false)),
            ("gating_mode", json!("none")),
            ("layer1x1", json!({ "active": true, "groups": 1 })),
            ("groups_input", json!(1)),
            ("groups_input_mixin", json!(1)),
        ] {
            if let Some(found) = layer.get(key).filter(|found| **found != off) {
                return Err(Error::setting(format!("{at}.{key}"), off.to_string(), found));
            }
        }
        let channels = size(&layer["channels"], "channels")?;
        if let Some(found) = layer.get("bottleneck").filter(|b| **b != json!(channels)) {
            return Err(Error::setting(format!("{at}.bottleneck"), channels.to_string(), found));
        }
        let (inputs, condition) = (
            size(&layer["input_size"], "input_size")?,
            size(&layer["condition_size"], "condition_size")?,
        );
        let dilations = layer["dilations"].as_array().map_or(0, Vec::len);
        let kernels: Vec<&Value> = match &layer["kernel_sizes"] {
            Value::Array(kernels) => kernels.iter().collect(),
            _ => vec![&layer["kernel_size"]; dilations],
        };
        if kernels.len() != dilations || dilations == 0 {
            let expected = "a kernel size for each dilation";
            return Err(Error::setting(format!("{at}.kernel_sizes"), expected, kernels.len()));
        }
        self.conv(channels, inputs, 1, false);
        for kernel in kernels {
            self.conv(channels, channels, size(kernel, "kernel_size")?, true);
            self.conv(channels, condition, 1, false);
            self.conv(channels, channels, 1, true);
        }
        let one = json!(1);
        let (outputs, taps, bias) = match layer.get("head") {
            Some(head) => (&head["out_channels"], &head["kernel_size"], &head["bias"]),
            None => (&layer["head_size"], &one, &layer["head_bias"]),
        };
        let (outputs, taps) = (size(outputs, "head outputs")?, size(taps, "head kernel size")?);
        self.conv(outputs, channels, taps, bias.as_bool().unwrap_or(false));
        Ok(())
    }

    fn conv(&mut self, outputs: usize, inputs: usize, taps: usize, bias: bool) {
        let bound = 1.0 / ((inputs * taps) as f64).sqrt();
        let count = outputs * (inputs * taps + usize::from(bias));
        let mut next = || (bound * (2.0 * self.random.f64() - 1.0)) as f32;
        self.all.extend((0..count).map(|_| next()));
    }
}
