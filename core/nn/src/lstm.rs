//! LSTM: layers of gated units, each sample waiting for the one before.
//!
//! Nothing can be done in parallel along time, so the kernel is made short
//! rather than wide: the four gates of a group of units share vectors, one
//! `tanh` serves all of them (`σ(z) = ½ + ½ tanh(z/2)`, the ½ folded into the
//! weights), and the share of the present input is summed ahead of time. The
//! layers of a sample run one after the other; the processor overlaps a layer
//! with the one below it at the next sample.

use std::any::Any;
use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch, f32x4, f32x8, f32x16};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cell::{Cell, Rows, State, copy, grouped, lanes};
use crate::gates::{Units, load};
use crate::nam::{self, Reader};
use crate::simd::{Line, clean};
use crate::{BLOCK, Engine, Error, Recurrent, RecurrentLayer};

/// Weights of the largest network we run, ten times what plays in real time.
const MAX_WEIGHTS: usize = 1 << 20;

/// Layers of the deepest network we run; each waits for the one below.
const MAX_LAYERS: usize = 64;

/// Samples after which the state is taken to have forgotten: half a second at
/// 48 kHz, the time the official player settles for.
pub(crate) const MEMORY: usize = 24_000;

#[derive(Deserialize)]
struct Config {
    input_size: usize,
    hidden_size: usize,
    num_layers: usize,
    in_channels: Option<usize>,
    out_channels: Option<usize>,
}

const KEYS: &[&str] = &["input_size", "hidden_size", "num_layers", "in_channels", "out_channels"];

/// An LSTM with one input and one output, and the state that silence leads to
/// from the one in the file: the trainer stores a settled one, but the official
/// player does not rely on it.
#[derive(Clone)]
pub(crate) struct Lstm {
    net: Arc<Net>,
    rest: Arc<[State]>,
    /// In the order of the file.
    weights: Arc<[f32]>,
}

/// Checked and packed weights.
struct Net {
    hidden: usize,
    cells: Vec<Cell>,
    head: Vec<Line>, // groups
    bias: f32,
}

impl Lstm {
    pub(crate) fn load(config: &RawValue, weights: &[f32]) -> Result<Self, Error> {
        nam::refuse_unknown(config, KEYS, "config")?;
        let config: Config = nam::config(config, "config")?;
        let expected = config.check()?;
        let mut reader = Reader::new(weights, expected)?;
        let hidden = config.hidden_size;
        let lanes = lanes(hidden);
        let layers = (0..config.num_layers).map(|i| read(&mut reader, hidden, lanes, i > 0));
        let (cells, stored): (Vec<_>, Vec<_>) = layers.unzip();
        let head = grouped(reader.take(hidden), lanes);
        let net = Arc::new(Net { hidden, cells, head, bias: reader.one() });
        let mut running = Running::new(net.clone(), stored.into(), Level::new());
        running.settle();
        Ok(Self { net, rest: running.states.into(), weights: weights.into() })
    }

    /// The weights as they are in the file, and the state of silence.
    pub(crate) fn view(&self) -> Recurrent {
        let hidden = self.net.hidden;
        let mut left = &self.weights[..];
        let mut take = |n: usize| {
            let (part, rest) = left.split_at(n);
            left = rest;
            part.to_vec()
        };
        let lanes = lanes(hidden);
        let flat = |lines: &[Line]| -> Vec<f32> {
            lines.iter().flat_map(|line| line.0[..lanes].to_vec()).take(hidden).collect()
        };
        let layers = self.rest.iter().enumerate().map(|(i, state)| {
            let inputs = if i > 0 { hidden } else { 1 };
            let matrix = take(4 * hidden * (inputs + hidden));
            let bias = take(4 * hidden);
            // What the file stores of a state is not what silence leads to.
            take(2 * hidden);
            let (h, c) = (flat(&state.h[0]), flat(&state.c));
            RecurrentLayer { inputs, matrix, bias, h, c }
        });
        let layers = layers.collect();
        let head = take(hidden);
        Recurrent { hidden, layers, head, bias: left[0] }
    }

    pub(crate) fn engine(&self, level: Level) -> Box<dyn Engine> {
        Box::new(Running::new(self.net.clone(), self.rest.clone(), level))
    }

    /// Multiply-adds a sample costs.
    pub(crate) fn macs(&self) -> usize {
        let h = self.net.hidden;
        4 * h * (1 + h) + (self.net.cells.len() - 1) * 8 * h * h + h
    }
}

impl Config {
    /// The number of weights, if it is a network we run.
    fn check(&self) -> Result<usize, Error> {
        nam::mono(self.in_channels, self.out_channels)?;
        if self.input_size > 1 {
            return Err(Error::unsupported("config.input_size", "1 (mono)", self.input_size));
        }
        for (what, found) in [
            ("config.input_size", self.input_size),
            ("config.hidden_size", self.hidden_size),
            ("config.num_layers", self.num_layers),
        ] {
            if found == 0 {
                return Err(Error::invalid(what, "at least 1", 0));
            }
        }
        if self.num_layers > MAX_LAYERS {
            let found = self.num_layers;
            return Err(Error::TooLarge { what: "layers", limit: MAX_LAYERS, found });
        }
        let count = self.count().unwrap_or(usize::MAX);
        if count > MAX_WEIGHTS {
            return Err(Error::TooLarge { what: "weights", limit: MAX_WEIGHTS, found: count });
        }
        Ok(count)
    }

    /// `None` if it overflows.
    fn count(&self) -> Option<usize> {
        let h = self.hidden_size;
        let layer = |inputs: usize| {
            let row = inputs.checked_add(h)?.checked_add(1)?;
            h.checked_mul(4)?.checked_mul(row)?.checked_add(h.checked_mul(2)?)
        };
        let above = layer(h)?.checked_mul(self.num_layers - 1)?;
        layer(1)?.checked_add(above)?.checked_add(h)?.checked_add(1)
    }
}

/// A layer and its stored state. The first reads the input, those above the
/// layer below.
fn read(reader: &mut Reader<'_>, hidden: usize, lanes: usize, above: bool) -> (Cell, State) {
    let inputs = if above { hidden } else { 1 };
    let matrix = reader.take(4 * hidden * (inputs + hidden)); // 4 × hidden × (inputs + hidden)
    let bias = reader.take(4 * hidden); // 4 × hidden
    let h = grouped(reader.take(hidden), lanes);
    let c = grouped(reader.take(hidden), lanes);
    let cell = Cell::new(
        hidden,
        inputs,
        above,
        &Rows {
            full: [false, false, true, false],
            bias: &|at| bias[at],
            input: &|at, k| matrix[at * (inputs + hidden) + k],
            own: &|at, k| matrix[at * (inputs + hidden) + inputs + k],
        },
    );
    (cell, State { h: [h.clone(), h], c })
}

struct Running {
    net: Arc<Net>,
    rest: Arc<[State]>, // layers
    states: Vec<State>, // layers
    level: Level,
    flip: bool, // whether the second `h` is the last sample's
}

impl Running {
    fn new(net: Arc<Net>, rest: Arc<[State]>, level: Level) -> Self {
        let states = rest.to_vec();
        Self { net, rest, states, level, flip: false }
    }

    /// Runs [`MEMORY`] samples of silence, or fewer if the state repeats.
    fn settle(&mut self) {
        for _ in 0..MEMORY / BLOCK {
            let before = self.states.clone();
            self.process(&mut [0.0; BLOCK]);
            if self.states == before {
                break;
            }
        }
    }

    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, io: &mut [f32]) {
        match self.net.cells.first().map_or(4, |cell| cell.lanes) {
            4 => self.run_in::<S, f32x4<S>, 1>(simd, io),
            8 => self.run_in::<S, f32x8<S>, 2>(simd, io),
            _ => self.run_in::<S, f32x16<S>, 4>(simd, io),
        }
    }

    #[inline(always)]
    fn run_in<S: Simd, V: Units<S, R>, const R: usize>(&mut self, simd: S, io: &mut [f32]) {
        let mut flip = self.flip;
        for io in io {
            let x = clean(*io);
            let mut below: &[Line] = &[];
            for (cell, state) in self.net.cells.iter().zip(&mut self.states) {
                cell.lstm::<S, V, R>(simd, x, below, state, flip);
                below = if flip { &state.h[0] } else { &state.h[1] };
            }
            let mut sum = V::splat(simd, 0.0);
            for (w, h) in self.net.head.iter().zip(below) {
                sum = load::<S, V>(simd, w).mul_add(load::<S, V>(simd, h), sum);
            }
            *io = self.net.bias + sum.reduce_sum();
            flip = !flip;
        }
        self.flip = flip;
    }
}

impl Engine for Running {
    /// Input that is not finite is read as silence (see [`clean`]), so it cannot
    /// enter the state. The state itself stays finite: `h` is bounded by nature, `c` by
    /// [`MAX_CELL`].
    fn process(&mut self, io: &mut [f32]) {
        dispatch!(self.level, simd => self.run(simd, io));
    }

    fn reset(&mut self) {
        copy(&mut self.states, &self.rest);
        self.flip = false;
    }

    fn receptive_field(&self) -> usize {
        MEMORY
    }

    fn take_over(&mut self, other: &dyn Engine) -> bool {
        let Some(other) = (other as &dyn Any).downcast_ref::<Self>() else { return false };
        if !Arc::ptr_eq(&self.net, &other.net) {
            return false;
        }
        copy(&mut self.states, &other.states);
        self.flip = other.flip;
        true
    }
}

#[cfg(test)]
#[path = "lstm_tests.rs"]
mod tests;
