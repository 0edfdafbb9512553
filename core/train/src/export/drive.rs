//! `kiln-drive`, whose words are those of `assets/kiln-drive.schema.json`.

use serde_json::{Value, json};

use super::{About, Recurrent, question, rows, written};
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
    let knob = |k: &nn::Knob| {
        let nn::Knob { name, min, max, default } = k;
        json!({ "name": name, "min": min, "max": max, "default": default })
    };
    let knobs: Vec<Value> = about.knobs.iter().map(knob).collect();
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
    let said = about.metadata;
    written(&json!({
        "format": "kiln-drive",
        "version": 1,
        "name": said.name,
        "author": said.modeled_by,
        "description": said.description,
        "esr": said.esr,
        "sample_rate": about.sample_rate,
        "knobs": knobs,
        "skip": net.skip,
        "layers": [layer, dense],
        "self_test": { "knobs": at, "input": input, "output": output },
    }))
}
