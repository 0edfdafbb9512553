//! Layers as Keras has them, which RTNeural and AIDA-X read: matrices input by input.

use serde_json::{Value, json};

use super::{Recurrent, transposed};

/// The `layers` of a recurrent network: `lstm` or `gru`, then `dense`.
pub(super) fn layers(net: &Recurrent) -> Value {
    let Recurrent { inputs, hidden, .. } = *net;
    let (kind, input, own, bias) = if net.gru {
        // Keras begins with the update gate, PyTorch with the reset.
        let swap = |matrix: &[f32], columns: usize| {
            let mut rows = matrix.to_vec();
            rows[..2 * hidden * columns].rotate_left(hidden * columns);
            rows
        };
        let bias = json!([swap(&net.bias, 1), swap(&net.own_bias, 1)]);
        ("gru", swap(&net.input, inputs), swap(&net.own, hidden), bias)
    } else {
        ("lstm", net.input.clone(), net.own.clone(), json!(net.biases()))
    };
    let weights = json!([transposed(&input, inputs), transposed(&own, hidden), bias]);
    let head: Vec<[f32; 1]> = net.head.iter().map(|w| [*w]).collect();
    let bias = net.head_bias;
    json!([
        { "type": kind, "activation": "", "shape": [null, null, hidden], "weights": weights },
        { "type": "dense", "activation": "", "shape": [null, null, 1], "weights": [head, [bias]] },
    ])
}
