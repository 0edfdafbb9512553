//! Networks without feedback, layer after layer, and everything RTNeural reads.

use serde_json::{Value, json};

use super::{About, Recurrent, keras, refused, transposed, weights, written};
use crate::Error;

/// What follows a layer, channel by channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activation {
    /// Nothing.
    Linear,
    /// Hyperbolic tangent.
    Tanh,
    /// max(0, x).
    Relu,
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// x, or eˣ − 1 below 0.
    Elu,
    /// Exponentials divided by their sum, over the channels.
    Softmax,
}

/// One layer; a causal convolution over time, which with one tap is a dense layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// Samples it hears, the present one included.
    pub taps: usize,
    /// Samples from one tap to the next.
    pub dilation: usize,
    /// Groups of channels that hear only their own.
    pub groups: usize,
    /// \[outputs × inputs / groups × taps\], the newest tap last, as PyTorch's `Conv1d`.
    pub weights: Vec<f32>,
    /// \[outputs\].
    pub bias: Vec<f32>,
    /// What follows.
    pub activation: Activation,
}

/// Layers one after the other, from the sound and maybe knobs to one output.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// In order.
    pub layers: Vec<Layer>,
}

/// A chain as RTNeural's JSON.
///
/// # Errors
/// For layers that do not fit one to the next, more than one output, knobs other than the
/// inputs after the first or not from 0 to 1, and weights that contradict their sizes.
pub fn rtneural(chain: &Chain, about: &About<'_>) -> Result<Vec<u8>, Error> {
    about.check()?;
    let inputs = chain.check()?;
    let layers: Vec<Value> = chain.layers.iter().map(Layer::keras).collect();
    file(inputs, Value::from(layers), about)
}

/// A recurrent network as RTNeural's JSON.
///
/// # Errors
/// With a skip, for which the format has no word, for knobs not from 0 to 1, and for
/// weights that contradict their sizes.
pub fn rtneural_recurrent(net: &Recurrent, about: &About<'_>) -> Result<Vec<u8>, Error> {
    net.check()?;
    about.check()?;
    if net.skip {
        let holds = "a network without a skip; train without, or write AIDA-X or kiln-drive";
        return refused("RTNeural", holds, "one with");
    }
    file(net.inputs, keras::layers(net), about)
}

fn file(inputs: usize, layers: Value, about: &About<'_>) -> Result<Vec<u8>, Error> {
    about.turns_in_parts("RTNeural", inputs)?;
    written(&json!({
        "in_shape": [null, null, inputs],
        "samplerate": about.sample_rate,
        "layers": layers,
    }))
}

impl Chain {
    /// The number of inputs, if all fits.
    pub(super) fn check(&self) -> Result<usize, Error> {
        let mut width = None;
        for (i, layer) in self.layers.iter().enumerate() {
            let at = format!("layers[{i}]");
            if let Some(width) = width
                && width != layer.inputs
            {
                return Err(Error::setting(at, format!("{width} inputs"), layer.inputs));
            }
            layer.check(&at)?;
            width = Some(layer.outputs);
        }
        match (self.layers.first(), width) {
            (Some(first), Some(1)) => Ok(first.inputs),
            (_, width) => {
                Err(Error::setting("layers", "1 output at the end", width.unwrap_or_default()))
            }
        }
    }
}

impl Layer {
    fn check(&self, at: &str) -> Result<(), Error> {
        let Self { inputs, outputs, taps, dilation, groups, .. } = *self;
        const MOST: usize = 1 << 20;
        if [inputs, outputs, taps, dilation, groups].iter().any(|n| !(1..=MOST).contains(n)) {
            let found = format!("{inputs}, {outputs}, {taps}, {dilation} and {groups}");
            return Err(Error::setting(at, format!("sizes from 1 to {MOST}"), found));
        }
        if inputs % groups != 0 || outputs % groups != 0 {
            let expected = format!("groups that divide {inputs} and {outputs}");
            return Err(Error::setting(at, expected, groups));
        }
        let count = (inputs / groups).checked_mul(outputs).and_then(|n| n.checked_mul(taps));
        weights(&format!("{at}.weights"), count, &self.weights)?;
        weights(&format!("{at}.bias"), Some(outputs), &self.bias)
    }

    fn keras(&self) -> Value {
        let activation = match self.activation {
            Activation::Linear => "",
            Activation::Tanh => "tanh",
            Activation::Relu => "relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Elu => "elu",
            Activation::Softmax => "softmax",
        };
        let shape = json!([null, null, self.outputs]);
        let each = self.inputs / self.groups;
        if (self.taps, self.groups) == (1, 1) {
            let weights = json!([transposed(&self.weights, each), self.bias]);
            return json!({
                "type": "dense", "activation": activation, "shape": shape, "weights": weights,
            });
        }
        // Tap by tap, then input by input, then output by output.
        let at = |tap: usize, input: usize| -> Vec<f32> {
            let first = input * self.taps + tap;
            self.weights.iter().skip(first).step_by(each * self.taps).copied().collect()
        };
        let tap = |tap: usize| -> Vec<Vec<f32>> { (0..each).map(|i| at(tap, i)).collect() };
        let kernel: Vec<Vec<Vec<f32>>> = (0..self.taps).map(tap).collect();
        json!({
            "type": "conv1d", "activation": activation, "shape": shape,
            "kernel_size": [self.taps], "dilation": [self.dilation], "groups": self.groups,
            "weights": [kernel, self.bias],
        })
    }
}
