//! What a checked configuration implies: weights, reach, and where other
//! players part from it.

use super::config::{Array, Layer, Net, PostHead};
use crate::activation::Activation;
use crate::program::Pairing;

/// Weights of a convolution; saturating, since sizes are not yet trusted.
fn conv_weights(outputs: usize, inputs: usize, taps: usize, bias: bool) -> usize {
    let bias = if bias { outputs } else { 0 };
    outputs.saturating_mul(inputs).saturating_mul(taps).saturating_add(bias)
}

impl Net {
    pub(crate) fn outputs(&self) -> usize {
        match (&self.post, self.arrays.last()) {
            (Some(post), _) => post.outputs,
            (None, Some(array)) => array.head.outputs,
            (None, None) => 1,
        }
    }

    /// The number of weights the configuration implies.
    pub(super) fn weights(&self) -> usize {
        let arrays = self.arrays.iter().map(Array::weights);
        let mut inputs = self.arrays.last().map_or(1, |a| a.head.outputs);
        let post = self.post.iter().flat_map(PostHead::convs).map(|(outputs, k)| {
            let n = conv_weights(outputs, inputs, k, true);
            inputs = outputs;
            n
        });
        arrays.chain(post).fold(1, usize::saturating_add)
    }

    pub(super) fn receptive_field(&self) -> usize {
        let layers = self.arrays.iter().flat_map(|a| &a.layers).map(|l| (l.kernel, l.dilation));
        let heads = self.arrays.iter().map(|a| (a.head.kernel, a.head.dilation));
        let post = self.post.iter().flat_map(|p| p.kernels.iter().map(|k| (*k, 1)));
        let spans = layers.chain(heads).chain(post).map(|(k, d)| (k - 1).saturating_mul(d));
        spans.fold(1, usize::saturating_add)
    }

    /// Where NAM Core computes something else than the trainer.
    pub(super) fn differences(&self) -> Vec<String> {
        let mut said = Vec::new();
        let blended = |l: &Layer| matches!(l.gate, Some((Pairing::Blend, _)));
        for a in &self.arrays {
            if a.layer1x1.is_none() {
                said.push(
                    "layer1x1 is inactive: the official player leaves the activation out of \
                           the residual path, the trainer adds it",
                );
            }
            if a.films[6].is_some() && !a.layers.iter().all(blended) {
                said.push(
                    "layer1x1_post_film outside a blended layer: the official player leaves \
                           it out, the trainer applies it",
                );
            }
            let uses = |which: fn(&Activation) -> bool| {
                let gate = |l: &Layer| l.gate.as_ref().is_some_and(|(_, x)| which(x));
                a.layers.iter().any(|l| which(&l.activation) || gate(l))
            };
            if uses(|x| matches!(x, Activation::Softsigmoid)) {
                said.push("activation Softsigmoid: the official player cannot load this file");
            }
            if uses(Activation::is_hardtanh_with_limits) {
                said.push("Hardtanh with limits other than ±1: the official player ignores them");
            }
        }
        let heads = self.arrays.iter().map(|a| a.head.outputs);
        if self.arrays.iter().skip(1).zip(heads).any(|(a, head)| a.channels != head) {
            said.push(
                "an array is not as wide as the head before it: the official player \
                       refuses this file",
            );
        }
        if self.post.as_ref().is_some_and(|p| p.named) {
            said.push(
                "the head names its activation under \"name\": the official player cannot \
                       load this file",
            );
        }
        let mut once = Vec::new();
        merge(&mut once, said.into_iter().map(str::to_owned));
        once
    }
}

impl Array {
    pub(super) fn weights(&self) -> usize {
        let (c, b, cond) = (self.channels, self.bottleneck, self.condition);
        let mut n = conv_weights(c, self.inputs, 1, false);
        for layer in &self.layers {
            let z = layer.width(b);
            n = n.saturating_add(conv_weights(z, c / self.groups_input, layer.kernel, true));
            n = n.saturating_add(conv_weights(z, cond / self.groups_mixin, 1, false));
            n = n.saturating_add(self.layer1x1.map_or(0, |g| conv_weights(c, b / g, 1, true)));
            n = n.saturating_add(self.head1x1.map_or(0, |(o, g)| conv_weights(o, b / g, 1, true)));
            for (i, film) in self.films.iter().enumerate() {
                let Some(f) = film else { continue };
                let outputs = f.outputs(self.film_width(i, layer));
                n = n.saturating_add(conv_weights(outputs, cond / f.groups, 1, true));
            }
        }
        let head =
            conv_weights(self.head.outputs, self.head_width(), self.head.kernel, self.head.bias);
        n.saturating_add(head)
    }
}

impl PostHead {
    /// Outputs and taps of each convolution.
    pub(super) fn convs(&self) -> impl Iterator<Item = (usize, usize)> {
        let last = self.kernels.len() - 1;
        let outputs = move |i| if i == last { self.outputs } else { self.channels };
        self.kernels.iter().enumerate().map(move |(i, k)| (outputs(i), *k))
    }
}

/// Adds to `said` what is not yet in it.
pub(crate) fn merge(said: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for s in more {
        if !said.contains(&s) {
            said.push(s);
        }
    }
}
