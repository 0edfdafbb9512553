//! AIDA-X: RTNeural's JSON with a skip, metadata and a self-test.

use serde_json::{Value, json};

use super::{About, Recurrent, keras, question, refused, written};
use crate::Error;

/// Units of the networks that the player has compiled in.
pub const UNITS: [usize; 9] = [8, 12, 16, 20, 24, 32, 40, 64, 80];

/// A recurrent network as an AIDA-X file. `input_batch` and `output_batch` are 2048 samples
/// of its answer from rest, with knobs at their defaults. The rate stands both where AIDA-X
/// looks for it, as a text in the metadata, and where NeuralAudio does.
///
/// # Errors
/// For sizes that the player does not run, knobs whose range is not 0 to 1, and weights
/// that contradict their sizes.
pub fn recurrent(net: &Recurrent, about: &About<'_>) -> Result<Vec<u8>, Error> {
    net.check()?;
    about.check()?;
    if !UNITS.contains(&net.hidden) {
        let holds = format!("one of {UNITS:?} units; train with as many, or write kiln-drive");
        return refused("AIDA-X", &holds, &net.hidden.to_string());
    }
    if net.inputs > 3 {
        let holds = "the sound and up to 2 knobs; write kiln-drive for more";
        return refused("AIDA-X", holds, &format!("{} inputs", net.inputs));
    }
    about.turns_in_parts("AIDA-X", net.inputs)?;
    let at: Vec<f32> = about.knobs.iter().map(|k| k.default).collect();
    let input = question(about.sample_rate);
    let mut output = input.clone();
    net.play(&at, &mut output);
    let rate = about.sample_rate.round() as u64;
    written(&json!({
        "in_shape": [null, null, net.inputs],
        "in_skip": u8::from(net.skip),
        "in_gain": 0,
        "out_gain": 0,
        "samplerate": rate,
        "metadata": metadata(about, rate),
        "layers": keras::layers(net),
        "input_batch": input,
        "output_batch": output,
    }))
}

/// The player's words for what is known.
fn metadata(about: &About<'_>, rate: u64) -> Value {
    let said = about.metadata;
    let gear = [&said.gear_make, &said.gear_model];
    let gear: Vec<&str> = gear.iter().filter_map(|part| part.as_deref()).collect();
    let mut all = json!({ "samplerate": rate.to_string() });
    for (key, text) in [
        ("name", said.name.clone()),
        ("author", said.modeled_by.clone()),
        ("style", said.tone_type.clone()),
        ("based", (!gear.is_empty()).then(|| gear.join(" "))),
        ("esr", said.esr.map(|esr| esr.to_string())),
    ] {
        if let Some(text) = text {
            all[key] = Value::String(text);
        }
    }
    all
}
