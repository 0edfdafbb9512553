//! GuitarML's Proteus and NeuralPi: a PyTorch `state_dict` of one recurrent and one linear
//! layer.

use serde_json::json;

use super::{About, Recurrent, refused, rows, written};
use crate::Error;

/// A recurrent network as a GuitarML file. The rate stands in `model_data.sample_rate`,
/// which newer players read; older ones take 44 100 Hz for granted. NeuralPi plays LSTMs of
/// 20 units, Proteus of 40, others of any size.
///
/// # Errors
/// Without a skip, which the players always add; for more than two knobs, or ones whose
/// range is not 0 to 1; and for weights that contradict their sizes.
pub fn recurrent(net: &Recurrent, about: &About<'_>) -> Result<Vec<u8>, Error> {
    net.check()?;
    about.check()?;
    if !net.skip {
        let holds = "a network with a skip, which its players always add; train with one, or \
                     write AIDA-X or kiln-drive";
        return refused("GuitarML", holds, "one without");
    }
    if net.inputs > 3 {
        let holds = "the sound and up to 2 knobs; write kiln-drive for more";
        return refused("GuitarML", holds, &format!("{} inputs", net.inputs));
    }
    about.turns_in_parts("GuitarML", net.inputs)?;
    written(&json!({
        "model_data": {
            "model": "SimpleRNN",
            "input_size": net.inputs,
            "skip": 1,
            "output_size": 1,
            "unit_type": if net.gru { "GRU" } else { "LSTM" },
            "num_layers": 1,
            "hidden_size": net.hidden,
            "bias_fl": true,
            "sample_rate": about.sample_rate,
        },
        "state_dict": {
            "rec.weight_ih_l0": rows(&net.input, net.inputs),
            "rec.weight_hh_l0": rows(&net.own, net.hidden),
            "rec.bias_ih_l0": net.bias,
            "rec.bias_hh_l0": net.own_bias,
            "lin.weight": [net.head],
            "lin.bias": [net.head_bias],
        },
    }))
}
