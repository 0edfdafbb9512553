//! The official sizes of WaveNets, and weights to begin with.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::Error;

/// Names that [`config`] knows.
const NAMES: [&str; 6] = ["standard", "lite", "feather", "nano", "a2-full", "a2-lite"];

/// Where a layer may be modulated.
const FILMS: [&str; 8] = [
    "conv_pre_film",
    "conv_post_film",
    "input_mixin_pre_film",
    "input_mixin_post_film",
    "activation_pre_film",
    "activation_post_film",
    "layer1x1_post_film",
    "head1x1_post_film",
];

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
            // What today's trainer calls the same, beside what old players know.
            "head": { "out_channels": outputs, "kernel_size": 1, "bias": bias },
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
    let activation = vec![json!({ "type": "LeakyReLU", "negative_slope": 0.01 }); 23];
    let mut layers = json!({
        "input_size": 1, "condition_size": 1, "channels": channels, "bottleneck": channels,
        "kernel_sizes": kernels, "dilations": dilations, "activation": activation,
        "head": { "out_channels": 1, "kernel_size": 16, "bias": true },
        "head1x1": { "active": false, "out_channels": 1, "groups": 1 },
        "layer1x1": { "active": true, "groups": 1 },
        "groups_input": 1, "groups_input_mixin": 1,
        "gating_mode": vec!["none"; 23], "secondary_activation": vec![Value::Null; 23],
        "slimmable": null,
    });
    // Off, but said, as the official trainer does: some players look for them.
    for film in FILMS {
        layers[film] = json!({ "active": false, "shift": true, "groups": 1 });
    }
    json!({ "layers": [layers], "head": null, "head_scale": 0.01 })
}

/// Random weights for a WaveNet's configuration in the file's order, the same for the same
/// `seed`. As PyTorch's `Conv1d` begins: each tensor uniform in ±1/√(inputs · taps) of its
/// convolution, biases too. The last weight is the configuration's `head_scale`.
///
/// # Errors
/// For configurations with more than plain layers: no gates, groups, FiLM, bottleneck or
/// head after them.
pub fn init(config: &Value, seed: u64) -> Result<Vec<f32>, Error> {
    let mut weights = Weights { random: Rng::with_seed(seed), all: Vec::new() };
    let layers = config["layers"].as_array().map_or(&[][..], Vec::as_slice);
    if layers.is_empty() || !config["head"].is_null() || !config["condition_dsp"].is_null() {
        return Err(Error::setting("config", "layers with no more around them", "others"));
    }
    for (i, layer) in layers.iter().enumerate() {
        let at = format!("config.layers[{i}]");
        plain(layer, &at)?;
        weights.array(layer, &at)?;
    }
    let scale = config["head_scale"].as_f64().unwrap_or(1.0);
    weights.all.push(scale as f32);
    Ok(weights.all)
}

/// Refuses an array with features that bring weights of their own.
fn plain(layer: &Value, at: &str) -> Result<(), Error> {
    const SIZES: [&str; 10] = [
        "input_size",
        "condition_size",
        "channels",
        "kernel_size",
        "kernel_sizes",
        "dilations",
        "activation",
        "head",
        "head_size",
        "head_bias",
    ];
    for (key, value) in layer.as_object().into_iter().flatten() {
        let known = match key.as_str() {
            "groups_input" | "groups_input_mixin" => *value == json!(1),
            "layer1x1" => *value == json!({ "active": true, "groups": 1 }),
            "bottleneck" => *value == layer["channels"],
            other => SIZES.contains(&other) || is_off(value),
        };
        if !known {
            let expected = "nothing but plain layers";
            return Err(Error::setting(format!("{at}.{key}"), expected, value));
        }
    }
    Ok(())
}

/// Whether a feature is not used.
fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(mode) => mode == "none",
        Value::Array(layers) => layers.iter().all(is_off),
        Value::Object(feature) => feature.get("active") == Some(&Value::Bool(false)),
        _ => false,
    }
}

/// A number of channels or taps.
fn size(value: &Value, at: &str, what: &str) -> Result<usize, Error> {
    match value.as_u64() {
        Some(n @ 1..=4096) => Ok(n as usize),
        _ => Err(Error::setting(format!("{at}.{what}"), "1 to 4096", value)),
    }
}

struct Weights {
    random: Rng,
    all: Vec<f32>,
}

impl Weights {
    fn array(&mut self, layer: &Value, at: &str) -> Result<(), Error> {
        let named = |key: &str| size(&layer[key], at, key);
        let (channels, inputs) = (named("channels")?, named("input_size")?);
        let condition = named("condition_size")?;
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
            self.conv(channels, channels, size(kernel, at, "kernel_size")?, true);
            self.conv(channels, condition, 1, false);
            self.conv(channels, channels, 1, true);
        }
        let one = json!(1);
        let (outputs, taps, bias) = match layer.get("head") {
            Some(head) => (&head["out_channels"], &head["kernel_size"], &head["bias"]),
            None => (&layer["head_size"], &one, &layer["head_bias"]),
        };
        let outputs = size(outputs, at, "head outputs")?;
        let taps = size(taps, at, "head kernel size")?;
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
