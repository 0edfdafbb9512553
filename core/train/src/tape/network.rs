//! A network to be taught: its operations in the order they run, each writing signals
//! of its own.

use nn::program::{Finish, Id, Mac, Program};

use super::back::{self, Back};
use super::linked::LinkedMac;
use crate::Error;

/// A network without feedback whose weights can be taught. Any number of
/// [`Tape`](super::Tape)s may run it at once.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) steps: Vec<LinkedMac>,
    /// Rows of each signal, and the frames of past that are read of it.
    pub(super) signals: Vec<Signal>,
    pub(super) input: Id,
    pub(super) output: Id,
    pub(super) back: Back,
    /// Inputs of all operations.
    pub(super) reads: usize,
    weights: usize,
    receptive_field: usize,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signal {
    pub(super) rows: usize,
    /// From which frame on it matters, counted from the first of the input, if the
    /// first output wanted is the first that knows nothing but input.
    pub(super) first: usize,
}

impl Network {
    /// A network of `count` weights that `program` compiles, to which those of the
    /// program must be proportional; the weights in `constants` are not taught but
    /// stay what they are.
    ///
    /// # Errors
    /// If it does not compile, or is made of anything but ungrouped convolutions with
    /// tanh, ReLU and the like after them.
    pub fn new(
        count: usize,
        constants: &[(usize, f32)],
        program: impl Fn(&[f32]) -> Result<Program, nn::Error>,
    ) -> Result<Self, Error> {
        if count > MAX_WEIGHTS {
            return Err(Error::setting("weights", format!("at most {MAX_WEIGHTS}"), count));
        }
        let mut numbers: Vec<f32> = (0..count).map(|i| (i + 1) as f32).collect();
        let mut ones = vec![1.0; count];
        for (at, value) in constants {
            if let (Some(number), Some(one)) = (numbers.get_mut(*at), ones.get_mut(*at)) {
                (*number, *one) = (1.0, *value);
            }
        }
        let (numbers, ones) = (program(&numbers)?, program(&ones)?);
        let other = || {
            let expected = "convolutions that end in tanh, ReLU, a leaky ReLU or nothing";
            Error::setting("the network", expected, "something else")
        };
        let steps = LinkedMac::all(&numbers, &ones).ok_or_else(other)?;
        let rows = numbers.buffers.iter().map(|buffer| buffer.rows).collect();
        let mut unique = Unique { steps, rows, now: Vec::new() };
        let output = unique.rename(numbers.output).ok_or_else(other)?;
        let Unique { mut steps, rows, .. } = unique;
        let mut reads = 0;
        for LinkedMac { mac, .. } in &mut steps {
            mac.first = reads;
            reads += mac.inputs;
        }
        let receptive_field = numbers.receptive_field;
        let signals = needed(&steps, &rows, output, receptive_field - 1);
        let back = back::plan(&steps, &rows, numbers.input, output).ok_or_else(other)?;
        let mut network = Self {
            steps,
            signals,
            input: numbers.input,
            output,
            back,
            reads,
            weights: count,
            receptive_field,
        };
        network.set(&vec![0.0; count]);
        Ok(network)
    }

    /// How many weights it has, constants included.
    pub fn weights(&self) -> usize {
        self.weights
    }

    /// Rows of its input: sound, then knobs.
    pub fn inputs(&self) -> usize {
        self.signals[self.input.0].rows
    }

    /// Samples of input, the present one included, that shape an output.
    pub fn receptive_field(&self) -> usize {
        self.receptive_field
    }

    /// Plays by these weights from now on.
    ///
    /// # Panics
    /// Never: weights that are missing count as zero.
    pub fn set(&mut self, weights: &[f32]) {
        self.steps.iter_mut().for_each(|step| step.fill(weights));
        self.back.fill(weights);
    }
}

/// Weights are numbered in floats, which count in ones up to here.
const MAX_WEIGHTS: usize = 1 << 24;

/// Gives every operation signals of its own, where players share and overwrite them.
struct Unique {
    steps: Vec<LinkedMac>,
    rows: Vec<usize>,
    /// Under what name each signal of the program goes at present.
    now: Vec<Id>,
}

impl Unique {
    /// Returns the name of the output; `None` if what is needed on the way back would be
    /// overwritten all the same.
    fn rename(&mut self, output: Id) -> Option<Id> {
        self.now = (0..self.rows.len()).map(Id).collect();
        let mut written = vec![false; self.rows.len()];
        for i in 0..self.steps.len() {
            let mut mac = self.steps[i].mac.clone();
            for tap in &mut mac.taps {
                tap.from = self.now[tap.from.0];
            }
            mac.residual = mac.residual.map(|id| self.now[id.0]);
            if mac.residual.is_some() && (mac.finish != Finish::Identity || mac.sum.is_some()) {
                return None;
            }
            mac.to = mac.to.map(|id| self.fresh(id, &mut written));
            mac.sum = mac.sum.map(|(id, first)| match first {
                true => (self.fresh(id, &mut written), true),
                false => (self.now[id.0], false),
            });
            if mac.to.is_none() && mac.finish != Finish::Identity {
                // Players need not keep what only goes into a sum.
                self.rows.push(mac.outputs);
                mac.to = Some(Id(self.rows.len() - 1));
            }
            self.steps[i].mac = mac;
        }
        self.sums_hold_no_activation().then(|| self.now[output.0])
    }

    /// A name that nothing was written under yet for what a program calls `id`.
    fn fresh(&mut self, id: Id, written: &mut [bool]) -> Id {
        if std::mem::replace(&mut written[id.0], true) {
            self.rows.push(self.rows[id.0]);
            self.now[id.0] = Id(self.rows.len() - 1);
        }
        self.now[id.0]
    }

    /// A signal that grows by a sum cannot also tell what an activation gave.
    fn sums_hold_no_activation(&self) -> bool {
        let macs = || self.steps.iter().map(|step| &step.mac);
        let sums = |id: Id| macs().any(|mac| mac.sum.is_some_and(|(sum, _)| sum == id));
        macs().all(|mac| mac.finish == Finish::Identity || !mac.to.is_some_and(sums))
    }
}

/// From which frame on each signal matters if the output does from `last` on.
fn needed(steps: &[LinkedMac], rows: &[usize], output: Id, last: usize) -> Vec<Signal> {
    let mut signals: Vec<Signal> =
        rows.iter().map(|rows| Signal { rows: *rows, first: usize::MAX }).collect();
    signals[output.0].first = last;
    for LinkedMac { mac, .. } in steps.iter().rev() {
        let first = first(mac, &signals);
        for tap in &mac.taps {
            let signal = &mut signals[tap.from.0];
            signal.first = signal.first.min(first.saturating_sub(tap.delay));
        }
        for id in mac.residual.into_iter().chain(mac.to) {
            signals[id.0].first = signals[id.0].first.min(first);
        }
    }
    signals
}

/// The first frame that an operation has to compute.
pub(super) fn first(mac: &Mac, signals: &[Signal]) -> usize {
    let to = mac.to.map(|id| signals[id.0].first);
    let sum = mac.sum.map(|(id, _)| signals[id.0].first);
    to.into_iter().chain(sum).min().unwrap_or(usize::MAX)
}
