//! The layers a small network is made of, as checked data.

use crate::activation::Activation;
use crate::nam::{self, MAX_WEIGHT};
use crate::{Error, Knob};

use super::filter::Filter;

/// Weights of the largest network we run: ten times those of the largest that
/// pedals are trained with.
const MAX_WEIGHTS: usize = 1 << 18;

/// Layers of the longest chain.
const MAX_LAYERS: usize = 64;

/// Knobs a network may have.
const MAX_KNOBS: usize = 64;

/// Branches a network may have.
const MAX_BRANCHES: usize = 8;

/// One step of a chain. Matrices are as PyTorch has them, output by output.
#[derive(Clone, Debug)]
pub(crate) enum Layer {
    Dense(Conv),
    /// A causal convolution.
    Conv(Conv),
    Lstm(Recurrent),
    Gru(Recurrent),
    /// `scale · x + shift`, channel by channel: a batch normalisation.
    Scale {
        scale: Vec<f32>,
        shift: Vec<f32>,
    },
    /// Never a softmax.
    Activation(Activation),
    Softmax,
}

/// A convolution, of one tap if dense.
#[derive(Clone, Debug)]
pub(crate) struct Conv {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) taps: usize,
    pub(crate) dilation: usize,
    pub(crate) groups: usize,
    pub(crate) weights: Vec<f32>, // outputs × inputs of a group × taps, oldest first
    pub(crate) bias: Vec<f32>,    // outputs
}

/// A recurrent layer, its gates in PyTorch's order: input, forget, candidate,
/// output of an LSTM; reset, update, candidate of a GRU.
#[derive(Clone, Debug)]
pub(crate) struct Recurrent {
    pub(crate) inputs: usize,
    pub(crate) hidden: usize,
    pub(crate) input: Vec<f32>,    // gates · hidden × inputs
    pub(crate) own: Vec<f32>,      // gates · hidden × hidden
    pub(crate) bias: Vec<f32>,     // gates · hidden
    pub(crate) own_bias: Vec<f32>, // gates · hidden
}

/// A whole network before it is compiled.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) layers: Vec<Layer>,
    /// The inputs after those that are sound.
    pub(crate) knobs: Vec<Knob>,
    /// Whether the input, after its gain, is added to the network's output.
    pub(crate) skip: bool,
    /// Before and after all that, as factors.
    pub(crate) gains: [f32; 2],
    /// Before and after the network, inside the gains.
    pub(crate) filters: [Vec<Filter>; 2],
    /// Filters of each input of the network that is sound, after those all have.
    /// None for one input without any.
    pub(crate) branches: Vec<Vec<Filter>>,
    /// Whether the network is integrated from sample to sample, against aliasing.
    pub(crate) antiderivative: bool,
    /// Where the filters are to be derived.
    pub(crate) rate: f64,
}

impl Spec {
    /// A chain without gains or filters.
    pub(crate) fn new(layers: Vec<Layer>, knobs: Vec<Knob>) -> Self {
        Self {
            layers,
            knobs,
            skip: false,
            gains: [1.0; 2],
            filters: [Vec::new(), Vec::new()],
            branches: Vec::new(),
            antiderivative: false,
            rate: 48_000.0,
        }
    }

    /// Inputs of the network: sound, then knobs.
    pub(super) fn inputs(&self) -> usize {
        self.sounds() + self.knobs.len()
    }

    /// Those of them that are sound.
    pub(super) fn sounds(&self) -> usize {
        self.branches.len().max(1)
    }

    /// Refuses what does not fit together, or is larger than any pedal.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let found = self.layers.len();
        if !(1..=MAX_LAYERS).contains(&found) {
            return Err(Error::invalid("layers", format!("1 to {MAX_LAYERS} layers"), found));
        }
        if self.knobs.len() > MAX_KNOBS {
            let found = self.knobs.len();
            return Err(Error::TooLarge { what: "knobs", limit: MAX_KNOBS, found });
        }
        if self.branches.len() > MAX_BRANCHES {
            let found = self.branches.len();
            return Err(Error::TooLarge { what: "branches", limit: MAX_BRANCHES, found });
        }
        let mut width = self.inputs();
        for (i, layer) in self.layers.iter().enumerate() {
            width = layer.check(&format!("layers[{i}]"), width)?;
        }
        if width != 1 {
            return Err(Error::invalid("the last layer", "1 output, for mono", width));
        }
        let found = self.layers.iter().map(Layer::weights).sum();
        if found > MAX_WEIGHTS {
            return Err(Error::TooLarge { what: "weights", limit: MAX_WEIGHTS, found });
        }
        if !self.gains.iter().all(|g| g.is_finite()) {
            let found = format!("{:?}", self.gains);
            return Err(Error::invalid("gains", "finite factors", found));
        }
        Ok(())
    }
}

impl Layer {
    /// The number of outputs, if it takes `width` inputs.
    fn check(&self, at: &str, width: usize) -> Result<usize, Error> {
        let takes = |inputs: usize| {
            if inputs == width {
                return Ok(());
            }
            let expected = format!("{width}, what comes before it");
            Err(Error::invalid(format!("{at} inputs"), expected, inputs))
        };
        match self {
            Layer::Dense(conv) | Layer::Conv(conv) => {
                takes(conv.inputs)?;
                conv.check(at)?;
                Ok(conv.outputs)
            }
            Layer::Lstm(net) => takes(net.inputs).and(net.check(at, 4)),
            Layer::Gru(net) => takes(net.inputs).and(net.check(at, 3)),
            Layer::Scale { scale, shift } => {
                takes(scale.len())?;
                numbers(at, scale, width)?;
                numbers(at, shift, width)?;
                Ok(width)
            }
            Layer::Activation(Activation::PReLU { slopes }) => {
                numbers(at, slopes, width)?;
                Ok(width)
            }
            Layer::Activation(Activation::Leaky { slope }) => {
                numbers(at, &[*slope], 1)?;
                Ok(width)
            }
            Layer::Activation(_) | Layer::Softmax => Ok(width),
        }
    }

    pub(super) fn weights(&self) -> usize {
        match self {
            Layer::Dense(conv) | Layer::Conv(conv) => conv.weights.len() + conv.bias.len(),
            Layer::Lstm(net) | Layer::Gru(net) => net.input.len() + net.own.len() + net.bias.len(),
            Layer::Scale { scale, .. } => 2 * scale.len(),
            Layer::Activation(Activation::PReLU { slopes }) => slopes.len(),
            _ => 0,
        }
    }

    /// Whether an output depends on more than the present input.
    pub(crate) fn remembers(&self) -> bool {
        match self {
            Layer::Lstm(_) | Layer::Gru(_) => true,
            Layer::Conv(conv) => conv.taps > 1,
            _ => false,
        }
    }
}

impl Conv {
    fn check(&self, at: &str) -> Result<(), Error> {
        for (what, n) in [
            ("inputs", self.inputs),
            ("outputs", self.outputs),
            ("kernel size", self.taps),
            ("dilation", self.dilation),
            ("groups", self.groups),
        ] {
            nam::size(&format!("{at} {what}"), n)?;
        }
        let divides = |n: usize| n.is_multiple_of(self.groups);
        if !(divides(self.inputs) && divides(self.outputs)) {
            let expected = format!("a divisor of {} and {}", self.inputs, self.outputs);
            return Err(Error::invalid(format!("{at} groups"), expected, self.groups));
        }
        let count = (self.outputs * (self.inputs / self.groups)).saturating_mul(self.taps);
        numbers(at, &self.weights, count)?;
        numbers(at, &self.bias, self.outputs)
    }
}

impl Recurrent {
    /// The number of outputs.
    fn check(&self, at: &str, gates: usize) -> Result<usize, Error> {
        nam::size(&format!("{at} inputs"), self.inputs)?;
        nam::size(&format!("{at} width"), self.hidden)?;
        let rows = gates * self.hidden;
        numbers(at, &self.input, rows * self.inputs)?;
        numbers(at, &self.own, rows * self.hidden)?;
        numbers(at, &self.bias, rows)?;
        numbers(at, &self.own_bias, rows)?;
        Ok(self.hidden)
    }
}

/// Refuses another number of weights than `count`, and weights beyond reason.
fn numbers(at: &str, weights: &[f32], count: usize) -> Result<(), Error> {
    if weights.len() != count {
        let found = weights.len();
        return Err(Error::invalid(format!("{at} weights"), format!("{count} of them"), found));
    }
    // Written so that NaN, which compares to nothing, is found too.
    match weights.iter().find(|w| !(-MAX_WEIGHT..=MAX_WEIGHT).contains(*w)) {
        None => Ok(()),
        Some(w) => {
            let expected = format!("numbers of magnitude up to {MAX_WEIGHT:e}");
            Err(Error::invalid(format!("{at} weights"), expected, w))
        }
    }
}
