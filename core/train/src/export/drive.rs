//! `kiln-drive`, whose words are those of `assets/kiln-drive.schema.json`.

use serde_json::{Value, json};

use super::{About, Activation, Chain, Recurrent, question, rows, written};
use crate::Error;

/// A recurrent network as a `kiln-drive` file, with a self-test at the knobs' defaults.
///
/// # Errors
/// For weights that contradict their sizes, and unless there is a knob for each input after
/// the first.
pub fn recurrent(net: &Recurrent, about: &About<'_>) -> Result<Vec<u8>, Error> {
    net.check()?;
    about.check()?;
    about.turns(net.inputs)?;
    let at: Vec<f32> = about.knobs.iter().map(|k| k.default).collect();
    let input = question(about.sample_rate);
    let mut output = input.clone();
    net.play(&at, &mut output);
    let (w, u) = (rows(&net.input, net.inputs), rows(&net.own, net.hidden));
    let layer = if net.gru {
        json!({ "type": "gru", "input": w, "own": u, "bias": net.bias, "own_bias": net.own_bias })
    } else {
        json!({ "type": "lstm", "input": w, "own": u, "bias": net.biases() })
    };
    let dense = json!({ "type": "dense", "weights": [net.head], "bias": [net.head_bias] });
    let test = json!({ "knobs": at, "input": input, "output": output });
    file(about, net.skip, vec![layer, dense], &test)
}

/// Layers without feedback as a `kiln-drive` file.
///
/// # Errors
/// For layers that do not fit one to the next or to the knobs, or have another activation
/// than tanh, a sigmoid, ReLU or ELU, or none.
pub fn chain(net: &Chain, about: &About<'_>) -> Result<Vec<u8>, Error> {
    about.check()?;
    about.turns(net.check()?)?;
    let mut layers = Vec::new();
    for layer in &net.layers {
        let each: Vec<Vec<&[f32]>> = layer
            .weights
            .chunks_exact(layer.inputs / layer.groups * layer.taps)
            .map(|output| output.chunks_exact(layer.taps).collect())
            .collect();
        layers.push(json!({ "type": "conv1d", "weights": each, "bias": layer.bias,
            "dilation": layer.dilation, "groups": layer.groups }));
        let word = match layer.activation {
            Activation::Linear => continue,
            Activation::Tanh => "tanh",
            Activation::Relu => "relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Elu => "elu",
            Activation::Softmax => "softmax",
        };
        layers.push(json!({ "type": word }));
    }
    file(about, false, layers, &Value::Null)
}

fn file(about: &About<'_>, skip: bool, layers: Vec<Value>, test: &Value) -> Result<Vec<u8>, Error> {
    let knob =
        |k: &nn::Knob| json!({ "name": k.name, "min": k.min, "max": k.max, "default": k.default });
    let knobs: Vec<Value> = about.knobs.iter().map(knob).collect();
    let said = about.metadata;
    written(&json!({
        "format": "kiln-drive",
        "version": 1,
        "revision": said.revision,
        "name": said.name,
        "author": said.modeled_by,
        "description": said.description,
        "esr": said.esr,
        "sample_rate": about.sample_rate,
        "knobs": knobs,
        "skip": skip,
        "layers": layers,
        "self_test": test,
    }))
}
