//! A recurrent network to be taught: its weights, laid out for the kernel.

use nn::program::{Finish, Id, Mac};

use crate::Error;

/// The kind of recurrent layer, with the definitions of PyTorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Gates in the order input, forget, candidate, output.
    Lstm,
    /// Gates in the order reset, update, candidate: `n = tanh(a + r · b)`, where `a` is
    /// the share of the input and `b` that of the state.
    Gru,
}

impl Cell {
    /// Gates of a unit.
    fn gates(self) -> usize {
        match self {
            Cell::Lstm => 4,
            Cell::Gru => 3,
        }
    }
}

/// What the memory of a run depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) cell: Cell,
    pub(super) inputs: usize,
    pub(super) hidden: usize,
}

/// A recurrent layer, a dense layer to one output, and the input added to that if
/// wanted. Any number of [`Unrolled`](super::Unrolled)s may run it at once.
///
/// Its weights are one list, parts as PyTorch has them one after the other, `G` being
/// the number of gates:
///
/// | part | size | PyTorch |
/// |---|---|---|
/// | input | `G · hidden × inputs` | `weight_ih_l0` |
/// | own | `G · hidden × hidden` | `weight_hh_l0` |
/// | bias | `G · hidden` | `bias_ih_l0` |
/// | own bias | `G · hidden` | `bias_hh_l0` |
/// | head | `hidden` | `weight` of the dense layer |
/// | head bias | 1 | its `bias` |
///
/// The biases of an LSTM, and of all gates of a GRU but the candidate, only act as
/// their sum; either has the derivative by it.
#[derive(Clone, Debug)]
pub struct Recurrent {
    pub(super) shape: Shape,
    /// The sums that all gates take from input and state, then those that the candidate
    /// of a GRU takes from the input alone.
    pub(super) sums: Vec<Mac>,
    /// From the derivatives by the former to those by the state before.
    pub(super) back: Mac,
    /// From the state to the output.
    pub(super) head: Mac,
    /// Its weights, one after the other.
    pub(super) shares: Vec<f32>, // hidden
}

/// Where a step leaves its results, in the order of the buffers of a run.
pub(super) const SUMS: Id = Id(0);
pub(super) const CANDIDATE: Id = Id(1);
pub(super) const OUTPUT: Id = Id(2);
pub(super) const SOUND: Id = Id(3);
/// The same of the way back.
pub(super) const STATE: Id = Id(0);
pub(super) const KEPT: Id = Id(1);

const MAX_INPUTS: usize = 64;
const MAX_HIDDEN: usize = 512;

fn matrix(inputs: usize, outputs: usize) -> Mac {
    let mut mac = Mac::new(outputs, Finish::Identity);
    mac.inputs = inputs;
    mac.weights = vec![0.0; inputs * mac.bias.len()];
    mac
}

impl Recurrent {
    /// A network of `hidden` units over `inputs` rows, sound first, then knobs, with all
    /// weights zero; `skip` adds the sound to the output.
    ///
    /// # Errors
    /// If it has no unit or no input, or more than any pedal needs.
    pub fn new(cell: Cell, inputs: usize, hidden: usize, skip: bool) -> Result<Self, Error> {
        for (what, found, most) in
            [("inputs", inputs, MAX_INPUTS), ("hidden units", hidden, MAX_HIDDEN)]
        {
            if !(1..=most).contains(&found) {
                return Err(Error::setting(what, format!("1 to {most}"), found));
            }
        }
        let together = cell.gates() * hidden;
        let mut sums = vec![matrix(inputs + hidden, together).to(SUMS)];
        let mut back = matrix(together, hidden).to(STATE);
        if cell == Cell::Gru {
            sums.push(matrix(inputs, hidden).to(CANDIDATE));
            back = back.residual(KEPT);
        }
        let mut head = matrix(hidden, 1).to(OUTPUT);
        if skip {
            head = head.residual(SOUND);
        }
        let shape = Shape { cell, inputs, hidden };
        Ok(Self { shape, sums, back, head, shares: vec![0.0; hidden] })
    }

    /// The kind of its layer.
    pub fn cell(&self) -> Cell {
        self.shape.cell
    }

    /// Rows of its input: sound, then knobs.
    pub fn inputs(&self) -> usize {
        self.shape.inputs
    }

    /// Units of its layer.
    pub fn hidden(&self) -> usize {
        self.shape.hidden
    }

    /// Whether the sound is added to its output.
    pub fn skips(&self) -> bool {
        self.head.residual.is_some()
    }

    /// How many weights it has.
    pub fn weights(&self) -> usize {
        self.sizes().iter().sum()
    }

    /// Weights at random as PyTorch begins: uniform over `±1/√hidden`.
    pub fn init(&self, seed: u64) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(seed);
        let bound = 1.0 / (self.shape.hidden as f32).sqrt();
        (0..self.weights()).map(|_| bound * (2.0 * random.f32() - 1.0)).collect()
    }

    /// Plays by these weights from now on. Those that are missing count as zero.
    pub fn set(&mut self, weights: &[f32]) {
        let weight = |at: usize| weights.get(at).copied().unwrap_or(0.0);
        for mac in self.sums.iter_mut().chain([&mut self.head]) {
            mac.weights.fill(0.0);
            mac.bias.fill(0.0);
        }
        for at in 0..self.weights() {
            let Place { mac, number } = self.place(at);
            let mac = self.sums.get_mut(mac).unwrap_or(&mut self.head);
            match number {
                Number::Weight(i) => mac.weights[i] = weight(at),
                // More than one, for two biases are one.
                Number::Bias(i) => mac.bias[i] += weight(at),
            }
        }
        let [input, own, bias, own_bias, ..] = self.sizes();
        let (hidden, pad) = (self.shape.hidden, self.back.bias.len());
        for at in 0..own {
            self.back.weights[at / hidden * pad + at % hidden] = weight(input + at);
        }
        for (j, share) in self.shares.iter_mut().enumerate() {
            *share = weight(input + own + bias + own_bias + j);
        }
    }

    /// Adds the gradients by the numbers of the multiply-accumulates to those by the
    /// weights.
    pub(super) fn collect(&self, numbers: &Numbers, gradient: &mut [f32]) {
        for (at, to) in gradient.iter_mut().enumerate().take(self.weights()) {
            let Place { mac, number } = self.place(at);
            let (weights, bias) = &numbers.0[mac];
            *to += match number {
                Number::Weight(i) => weights[i],
                Number::Bias(i) => bias[i],
            };
        }
    }

    /// Sizes of the parts of the list of weights.
    fn sizes(&self) -> [usize; 6] {
        let Shape { cell, inputs, hidden } = self.shape;
        let rows = cell.gates() * hidden;
        [rows * inputs, rows * hidden, rows, rows, hidden, 1]
    }

    /// Where a weight of the list goes.
    fn place(&self, mut at: usize) -> Place {
        let Shape { cell, inputs, hidden } = self.shape;
        let mut part = 0;
        for size in self.sizes() {
            if at < size {
                break;
            }
            at -= size;
            part += 1;
        }
        let width = [inputs, hidden, 1, 1][part.min(3)];
        let (row, column) = (at / width, at % width);
        // What the candidate of a GRU takes from the input is a sum of its own.
        let apart = cell == Cell::Gru && row >= 2 * hidden && matches!(part, 0 | 2);
        let (mac, output) = if apart { (1, row - 2 * hidden) } else { (0, row) };
        let head = self.sums.len();
        match part {
            0 => Place::weight(mac, column * self.sums[mac].bias.len() + output),
            1 => Place::weight(mac, (inputs + column) * self.sums[mac].bias.len() + output),
            2 | 3 => Place { mac, number: Number::Bias(output) },
            4 => Place::weight(head, at * self.head.bias.len()),
            _ => Place { mac: head, number: Number::Bias(0) },
        }
    }
}

/// A number of a multiply-accumulate: of those of the sums, then of the head.
struct Place {
    mac: usize,
    number: Number,
}

enum Number {
    Weight(usize),
    Bias(usize),
}

impl Place {
    fn weight(mac: usize, at: usize) -> Self {
        Self { mac, number: Number::Weight(at) }
    }
}

/// As many numbers as the multiply-accumulates have: weights and bias of each.
pub(super) struct Numbers(pub(super) Vec<(Vec<f32>, Vec<f32>)>);

impl Numbers {
    pub(super) fn new(network: &Recurrent) -> Self {
        let macs = network.sums.iter().chain([&network.head]);
        Self(macs.map(|mac| (vec![0.0; mac.weights.len()], vec![0.0; mac.bias.len()])).collect())
    }

    pub(super) fn clear(&mut self) {
        for (weights, bias) in &mut self.0 {
            weights.fill(0.0);
            bias.fill(0.0);
        }
    }
}
