//! A slimmable WaveNet cut to fewer channels: the first of every tensor, as
//! the trainer slices them.

use super::config::Net;
use crate::Error;
use crate::nam::Reader;

/// The network of `width` channels inside `net`, which is one plain array, and
/// its weights. A gated layer keeps the first `2 · width` rows of its tensors.
pub(crate) fn cut(net: &Net, weights: &[f32], width: usize) -> Result<(Net, Vec<f32>), Error> {
    let mut r = Reader::new(weights, net.weights())?;
    let mut out = Vec::new();
    let a = &net.arrays[0];
    let c = a.channels;
    // Outputs × inputs × taps of a tensor, of which `rows` × `columns` are kept.
    let mut tensor = |outputs: usize, inputs: usize, taps: usize, rows: usize, columns: usize| {
        for row in r.take(outputs * inputs * taps).chunks_exact(inputs * taps).take(rows) {
            out.extend_from_slice(&row[..columns * taps]);
        }
    };
    tensor(c, a.inputs, 1, width, a.inputs);
    for layer in &a.layers {
        let (z, kept) = (layer.width(c), layer.width(width));
        tensor(z, c, layer.kernel, kept, width);
        tensor(z, 1, 1, kept, 1);
        tensor(z, a.condition, 1, kept, a.condition);
        if a.layer1x1.is_some() {
            tensor(c, c, 1, width, width);
            tensor(c, 1, 1, width, 1);
        }
    }
    tensor(a.head.outputs, c, 1, a.head.outputs, width);
    if a.head.bias {
        tensor(a.head.outputs, 1, 1, a.head.outputs, 1);
    }
    tensor(1, 1, 1, 1, 1);
    let mut net = net.clone();
    (net.arrays[0].channels, net.arrays[0].bottleneck) = (width, width);
    Ok((net, out))
}
