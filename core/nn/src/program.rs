//! A feed-forward network as data: one memory map and a list of operations, for
//! crates that run or differentiate networks in ways of their own.
//!
//! Every architecture compiles to this, so there is one executor, and how a
//! layer is fused is decided here, once, before anything runs.

use std::sync::Arc;

use cpu::Isa;
use serde_json::value::RawValue;

use crate::activation::Activation;
use crate::run::Runner;
use crate::short::Short;
use crate::{Error, wavenet};

/// Floats of the largest memory we lay out for one channel: 16 MiB, a
/// twentieth of which holds the past of the largest official model.
const MAX_FLOATS: usize = 4 << 20;
/// Floats in a cache line, by which rows are aligned.
pub(crate) const LINE: usize = 16;

/// Names a buffer of its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub usize);

/// Where the frames of a signal lie: a row per channel, the past of `reach`
/// frames before the present ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buffer {
    /// Channels.
    pub rows: usize,
    /// Frames of past that some operation reads.
    pub reach: usize,
    /// Where the first row begins in the memory.
    pub offset: usize,
    /// Floats from one row to the next.
    pub stride: usize,
    /// Frames a row holds before its past is moved back to the front.
    pub frames: usize,
    /// Where the present begins at first.
    pub start: usize,
}

/// What follows a multiply-accumulate while the values are still in registers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are those of activations")]
pub enum Finish {
    Identity,
    Tanh,
    PreciseTanh,
    Leaky(f32),
}

impl Finish {
    /// The fused form of an activation, or the need for a pass of its own.
    pub fn fusing(activation: &Activation) -> Option<Self> {
        match activation {
            Activation::Identity => Some(Finish::Identity),
            Activation::Tanh => Some(Finish::Tanh),
            Activation::PreciseTanh => Some(Finish::PreciseTanh),
            Activation::Leaky { slope } => Some(Finish::Leaky(*slope)),
            _ => None,
        }
    }
}

/// One tap of a convolution: a matrix over a delayed signal.
#[derive(Clone, Debug)]
pub struct Tap {
    /// The signal.
    pub from: Id,
    /// In frames.
    pub delay: usize,
    /// Where its matrix begins in the weights: // group's inputs × padded outputs
    pub weights: usize,
    /// Inputs that shape one output.
    pub inputs: usize,
    /// Outputs that share their inputs, or none if all do.
    pub group: Option<usize>,
}

/// `finish(bias + Σ tap) + residual`, stored, added up, or both.
#[derive(Clone, Debug)]
pub struct Mac {
    /// In the order in which they are summed.
    pub taps: Vec<Tap>,
    /// Tap by tap, input by input: // inputs × padded outputs
    pub weights: Vec<f32>,
    /// Added last.
    pub bias: Vec<f32>, // padded outputs
    /// Rows it computes.
    pub outputs: usize,
    /// The longest run of outputs whose inputs are the same for every tap.
    pub run: usize,
    /// What is applied to the sums.
    pub finish: Finish,
    /// Added after `finish`.
    pub residual: Option<Id>,
    /// Where the result is stored.
    pub to: Option<Id>,
    /// A sum over layers, begun here if `true`. It does not see the residual.
    pub sum: Option<(Id, bool)>,
    /// Inputs of one output, over all taps.
    pub inputs: usize,
    /// The number of the first input of the first run among those of all
    /// operations; the inputs of its other runs follow.
    pub first: usize,
}

/// The width rows of weights are padded to, so that any vector may be loaded.
pub const PAD: usize = 4;

impl Mac {
    /// No taps, no bias, going nowhere.
    pub fn new(outputs: usize, finish: Finish) -> Self {
        let padded = outputs.next_multiple_of(PAD);
        Self {
            taps: Vec::new(),
            weights: Vec::new(),
            bias: vec![0.0; padded],
            outputs,
            run: outputs,
            finish,
            residual: None,
            to: None,
            sum: None,
            inputs: 0,
            first: 0,
        }
    }

    /// Adds a causal convolution with weights as PyTorch flattens them,
    /// `[output][input of its group][tap]`, oldest tap first.
    pub fn conv(mut self, from: Id, shape: Conv, weights: &[f32]) -> Self {
        let Conv { inputs, taps, dilation, groups } = shape;
        let (inputs, pad) = (inputs / groups, self.bias.len());
        for k in 0..taps {
            let at = self.weights.len();
            self.weights.resize(at + inputs * pad, 0.0);
            for o in 0..self.outputs {
                for i in 0..inputs {
                    self.weights[at + i * pad + o] = weights[(o * inputs + i) * taps + k];
                }
            }
            let delay = (taps - 1 - k) * dilation;
            let group = (groups > 1).then_some(self.outputs / groups);
            if let Some(group) = group {
                self.run = gcd(self.run, group);
            }
            self.inputs += inputs;
            self.taps.push(Tap { from, delay, weights: at, inputs, group });
        }
        self
    }

    /// With a bias for each output.
    pub fn bias(mut self, bias: &[f32]) -> Self {
        self.bias[..bias.len()].copy_from_slice(bias);
        self
    }

    /// Adds a signal after the activation.
    pub fn residual(mut self, from: Id) -> Self {
        self.residual = Some(from);
        self
    }

    /// Stores the result.
    pub fn to(mut self, to: Id) -> Self {
        self.to = Some(to);
        self
    }

    /// Adds the result to a signal, or begins that sum.
    pub fn sum(mut self, into: Id, first: bool) -> Self {
        self.sum = Some((into, first));
        self
    }

    fn macs(&self) -> usize {
        self.inputs * self.outputs
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The shape of a convolution; its outputs are those of its [`Mac`].
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say all")]
pub struct Conv {
    pub inputs: usize,
    pub taps: usize,
    pub dilation: usize,
    pub groups: usize,
}

impl Conv {
    /// A matrix over the present frame.
    pub fn pointwise(inputs: usize) -> Self {
        Self { inputs, taps: 1, dilation: 1, groups: 1 }
    }
}

/// How a pair of signals becomes one.
#[derive(Clone, Debug)]
pub enum Pairing {
    /// `a · b`
    Gate,
    /// `b · a + (1 − b) · x`
    Blend,
}

/// One step of a program. Signals named in one operation have the same rows
/// where nothing else is said.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant says what it computes")]
pub enum Op {
    Mac(Mac),
    /// `to = activation(from)`
    Activate {
        from: Id,
        activation: Activation,
        to: Id,
    },
    /// `x` the first half of `from`: `a = primary(x)`, `b = secondary(second half)`.
    Pair {
        from: Id,
        primary: Activation,
        secondary: Activation,
        pairing: Pairing,
        to: Id,
    },
    /// `to = scale · from`, plus the second half of `scale` if it has one.
    Film {
        from: Id,
        scale: Id,
        to: Id,
    },
    /// Over the rows of each frame, in place.
    Softmax {
        to: Id,
    },
    /// `to = from + with`, or a copy.
    Add {
        from: Id,
        with: Option<Id>,
        to: Id,
    },
}

/// A network ready to be run by any number of engines.
#[derive(Clone, Debug)]
pub struct Program {
    /// In the order in which they run.
    pub ops: Vec<Op>,
    /// Where their signals lie.
    pub buffers: Vec<Buffer>,
    /// Floats of memory, without what alignment may add.
    pub floats: usize,
    /// The signal that comes in.
    pub input: Id,
    /// The signal that goes out.
    pub output: Id,
    /// Samples that shape an output, the present one included.
    pub receptive_field: usize,
    /// What the multiply-accumulates read, operation by operation.
    pub(crate) reads: Vec<Read>,
    /// The same for short blocks, if it is simple enough.
    pub(crate) short: Option<Short>,
}

impl Program {
    /// The program of a WaveNet: `config` as in a `.nam` file, of one size and without
    /// a network that conditions it, and the weights in the order of the file, to which
    /// those of the program are proportional.
    ///
    /// # Errors
    /// As [`Model::load`](crate::Model::load).
    pub fn wavenet(config: &RawValue, weights: &[f32]) -> Result<Self, Error> {
        wavenet::plain(config, weights)
    }

    /// What every row of every buffer holds once silence has lasted, buffer by buffer.
    pub fn at_rest(self: &Arc<Self>) -> Vec<f32> {
        Runner::new(self.clone(), Isa::best().level()).rest()
    }

    /// Multiply-adds a sample costs.
    pub fn macs(&self) -> usize {
        self.ops.iter().map(|op| if let Op::Mac(mac) = op { mac.macs() } else { 0 }).sum()
    }
}

/// Rows that one run of outputs reads through one tap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) from: Id,
    /// The first row, and how many.
    pub(crate) row: usize,
    pub(crate) rows: usize,
    /// In frames.
    pub(crate) delay: usize,
}

impl Mac {
    /// What every run reads, in the order of the weights.
    fn reads(&self) -> impl Iterator<Item = Read> {
        (0..self.outputs).step_by(self.run).flat_map(move |o| {
            self.taps.iter().map(move |tap| Read {
                from: tap.from,
                row: tap.group.map_or(0, |group| o / group) * tap.inputs,
                rows: tap.inputs,
                delay: tap.delay,
            })
        })
    }
}

/// Collects operations; buffers are laid out once all their readers are known.
pub struct Builder {
    ops: Vec<Op>,
    buffers: Vec<Buffer>,
}

impl Builder {
    /// Nothing yet.
    #[expect(clippy::new_without_default, reason = "an empty one is the start of something")]
    pub fn new() -> Self {
        Self { ops: Vec::new(), buffers: Vec::new() }
    }

    /// Another signal.
    pub fn buffer(&mut self, rows: usize) -> Id {
        self.buffers.push(Buffer { rows, ..Buffer::default() });
        Id(self.buffers.len() - 1)
    }

    /// Channels of a signal.
    pub fn rows(&self, id: Id) -> usize {
        self.buffers[id.0].rows
    }

    /// Adds an operation after the others.
    pub fn push(&mut self, op: Op) {
        if let Op::Mac(mac) = &op {
            for tap in &mac.taps {
                let reach = &mut self.buffers[tap.from.0].reach;
                *reach = tap.delay.max(*reach);
            }
        }
        self.ops.push(op);
    }

    /// A multiply-accumulate followed by any activation, in one pass if it can be.
    pub fn mac(&mut self, mut mac: Mac, activation: &Activation) {
        match (Finish::fusing(activation), mac.to, mac.sum.take()) {
            (Some(finish), _, sum) => self.push(Op::Mac(Mac { finish, sum, ..mac })),
            (None, Some(to), sum) => {
                self.push(Op::Mac(mac));
                self.push(Op::Activate { from: to, activation: activation.clone(), to });
                if let Some((into, first)) = sum {
                    self.sum(to, into, first);
                }
            }
            (None, None, sum) => {
                let to = self.buffer(mac.outputs);
                self.mac(Mac { to: Some(to), sum, ..mac }, activation);
            }
        }
    }

    /// Adds `from` to the sum `into`, or begins it.
    pub fn sum(&mut self, from: Id, into: Id, first: bool) {
        self.push(Op::Add { from, with: (!first).then_some(into), to: into });
    }

    /// Lays out the memory.
    ///
    /// # Errors
    /// If that takes more of it than any network in use.
    pub fn finish(
        mut self,
        input: Id,
        output: Id,
        receptive_field: usize,
    ) -> Result<Program, Error> {
        let too_large =
            |found| Error::TooLarge { what: "floats of memory", limit: MAX_FLOATS, found };
        let mut floats = 0usize;
        for (i, b) in self.buffers.iter_mut().enumerate() {
            if b.reach > MAX_FLOATS {
                return Err(too_large(b.reach));
            }
            b.lay_out(i, floats);
            floats = floats.saturating_add(b.rows.saturating_mul(b.stride));
            if floats > MAX_FLOATS {
                return Err(too_large(floats));
            }
        }
        let Self { mut ops, buffers } = self;
        let mut reads = Vec::new();
        let mut inputs = 0;
        for op in &mut ops {
            if let Op::Mac(mac) = op {
                mac.first = inputs;
                inputs += mac.inputs * (mac.outputs / mac.run);
                reads.extend(mac.reads());
            }
        }
        let short = Short::new(&ops, &buffers, input, output, &mut floats);
        Ok(Program { ops, buffers, floats, input, output, receptive_field, reads, short })
    }
}

impl Buffer {
    /// The past is moved to the front whenever the row is full; rows twice as
    /// long as the past make that cheap. Buffers begin at different places so
    /// that not all of them move in the same block.
    fn lay_out(&mut self, index: usize, offset: usize) {
        let block = crate::BLOCK;
        let past = self.reach.next_multiple_of(LINE);
        let room = if self.reach == 0 { 0 } else { (2 * past).max(8 * block) };
        self.start = past + room / block * (index % 8) / 8 * block;
        self.frames = past + room + block;
        // An odd number of lines, so that the rows of a signal spread over the cache.
        self.stride = ((self.frames / LINE + 1) | 1) * LINE;
        self.offset = offset;
    }
}
