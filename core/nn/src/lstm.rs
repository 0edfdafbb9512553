//! LSTM: layers of gated units, each sample waiting for the one before.
//!
//! Nothing can be done in parallel along time, so the kernel is made short
//! rather than wide: the four gates of a group of units share vectors, one
//! `tanh` serves all of them (`σ(z) = ½ + ½ tanh(z/2)`, the ½ folded into the
//! weights), and the share of the present input is summed ahead of time. The
//! layers of a sample run one after the other; the processor overlaps a layer
//! with the one below it at the next sample.

use std::collections::BTreeMap;
use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch, f32x4, f32x8, f32x16, prelude::*};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::nam::{self, Reader};
use crate::simd::{Line, tanh};
use crate::{Engine, Error};

/// Weights of the largest network we run; it would take 100 µs a sample.
const MAX_WEIGHTS: usize = 4 << 20;

/// Magnitude of the largest weight: no sum of a row of such can overflow.
const MAX_WEIGHT: f32 = 1e30;

/// Samples after which the state is taken to have forgotten: half a second at
/// 48 kHz, the time the official player settles for.
const MEMORY: usize = 24_000;

#[derive(Deserialize)]
struct Config {
    input_size: usize,
    hidden_size: usize,
    num_layers: usize,
    #[serde(default = "one")]
    in_channels: usize,
    #[serde(default = "one")]
    out_channels: usize,
    #[serde(flatten)]
    others: BTreeMap<String, serde_json::Value>,
}

fn one() -> usize {
    1
}

/// Checked and packed weights of an LSTM with one input and one output.
#[derive(Clone)]
pub(crate) struct Lstm(Arc<Net>);

struct Net {
    hidden: usize,
    cells: Vec<Cell>,
    head: Vec<Line>, // groups
    bias: f32,
}

/// One layer. Units are padded to whole groups with units that stay at zero.
struct Cell {
    lanes: usize,    // units of a group: 4, 8 or 16
    inputs: usize,   // groups of the layer below, 0 for the first
    rows: Vec<Line>, // groups × (bias, x, below…, own…) × 4 gates of `lanes`
    h: Vec<Line>,    // groups, the state to start from
    c: Vec<Line>,    // the same
}

impl Lstm {
    pub(crate) fn load(config: &RawValue, weights: &[f32]) -> Result<Self, Error> {
        let config: Config = nam::config(config)?;
        let expected = config.check()?;
        let mut reader = Reader::new(weights, expected)?;
        if let Some(i) = weights.iter().position(|w| w.abs() > MAX_WEIGHT) {
            return Err(Error::invalid(format!("weights[{i}]"), "at most 1e30", weights[i]));
        }
        let hidden = config.hidden_size;
        let lanes = lanes(hidden);
        let cells = (0..config.num_layers).map(|i| Cell::read(&mut reader, hidden, lanes, i > 0));
        let cells = cells.collect();
        let head = grouped(reader.take(hidden), lanes);
        Ok(Self(Arc::new(Net { hidden, cells, head, bias: reader.one() })))
    }

    pub(crate) fn engine(&self) -> Box<dyn Engine> {
        Box::new(Running::new(self.0.clone(), Level::new()))
    }

    /// Multiply-adds a sample costs.
    pub(crate) fn macs(&self) -> usize {
        let h = self.0.hidden;
        4 * h * (1 + h) + (self.0.cells.len() - 1) * 8 * h * h + h
    }
}

impl Config {
    /// The number of weights, if it is a network we run.
    fn check(&self) -> Result<usize, Error> {
        for (what, found) in [
            ("config.input_size", self.input_size),
            ("config.in_channels", self.in_channels),
            ("config.out_channels", self.out_channels),
        ] {
            match found {
                1 => (),
                0 => return Err(Error::invalid(what, "1", 0)),
                _ => return Err(Error::unsupported(what, "1 (mono)", found)),
            }
        }
        for (what, found) in
            [("config.hidden_size", self.hidden_size), ("config.num_layers", self.num_layers)]
        {
            if found == 0 {
                return Err(Error::invalid(what, "at least 1", 0));
            }
        }
        nam::refuse_extras(&self.others)?;
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

/// Units to a group: as few vectors as possible, then as few idle lanes.
fn lanes(hidden: usize) -> usize {
    match hidden {
        ..=4 => 4,
        _ if (hidden - 1) % 16 < 8 => 8,
        _ => 16,
    }
}

/// `values` in groups of `lanes`, a line each, padded with zeros.
fn grouped(values: &[f32], lanes: usize) -> Vec<Line> {
    let group = |part: &[f32]| {
        let mut line = Line::ZERO;
        line.0[..part.len()].copy_from_slice(part);
        line
    };
    values.chunks(lanes).map(group).collect()
}

impl Cell {
    /// The first layer reads the input, those above the layer below.
    fn read(reader: &mut Reader<'_>, hidden: usize, lanes: usize, above: bool) -> Self {
        let groups = hidden.div_ceil(lanes);
        let below = if above { hidden } else { 1 };
        let matrix = reader.take(4 * hidden * (below + hidden)); // 4 gates × hidden × (below + own)
        let bias = reader.take(4 * hidden);
        let inputs = if above { groups } else { 0 };
        let per_group = 2 + (inputs + groups) * lanes;

        let mut rows = vec![Line::ZERO; groups * per_group * lanes / 4];
        let mut put = |row: usize, gate: usize, unit: usize, w: f32| {
            let row = unit / lanes * per_group + row;
            let at = row * 4 * lanes + gate * lanes + unit % lanes;
            rows[at / 16].0[at % 16] = if gate == 2 { w } else { 0.5 * w };
        };
        for gate in 0..4 {
            for unit in 0..hidden {
                let at = gate * hidden + unit;
                let (from_below, own) =
                    matrix[at * (below + hidden)..][..below + hidden].split_at(below);
                put(0, gate, unit, bias[at]);
                let first = if above { 2 } else { 1 };
                from_below.iter().enumerate().for_each(|(k, w)| put(first + k, gate, unit, *w));
                let first = 2 + inputs * lanes;
                own.iter().enumerate().for_each(|(k, w)| put(first + k, gate, unit, *w));
            }
        }
        let h = grouped(reader.take(hidden), lanes);
        let c = grouped(reader.take(hidden), lanes);
        Self { lanes, inputs, rows, h, c }
    }
}

/// A group of units as one vector, and their four gates as `R` vectors of 16.
trait Units<S: Simd, const R: usize>: SimdFloat<S, Element = f32> {
    /// Input, forget, candidate and output gate out of what the rows hold.
    fn gates(packed: [f32x16<S>; R]) -> [Self; 4];
}

impl<S: Simd> Units<S, 1> for f32x4<S> {
    #[inline(always)]
    fn gates([all]: [f32x16<S>; 1]) -> [Self; 4] {
        let (first, last) = all.split();
        let ((i, f), (g, o)) = (first.split(), last.split());
        [i, f, g, o]
    }
}

impl<S: Simd> Units<S, 2> for f32x8<S> {
    #[inline(always)]
    fn gates([first, last]: [f32x16<S>; 2]) -> [Self; 4] {
        let ((i, f), (g, o)) = (first.split(), last.split());
        [i, f, g, o]
    }
}

impl<S: Simd> Units<S, 4> for f32x16<S> {
    #[inline(always)]
    fn gates(packed: [f32x16<S>; 4]) -> [Self; 4] {
        packed
    }
}

/// The state of one layer. Of the two `h` one is the last sample's, the other
/// is being written.
struct State {
    h: [Vec<Line>; 2], // groups
    c: Vec<Line>,      // groups
}

struct Running {
    net: Arc<Net>,
    level: Level,
    states: Vec<State>,
    last: usize, // which `h` is the last sample's
}

impl Running {
    fn new(net: Arc<Net>, level: Level) -> Self {
        let state = |cell: &Cell| State { h: [cell.h.clone(), cell.h.clone()], c: cell.c.clone() };
        let states = net.cells.iter().map(state).collect();
        Self { net, level, states, last: 0 }
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
        let mut last = self.last;
        for io in io {
            let x = if io.is_finite() { *io } else { 0.0 };
            let mut below: &[Line] = &[];
            for (cell, state) in self.net.cells.iter().zip(&mut self.states) {
                cell.step::<S, V, R>(simd, x, below, state, last);
                below = &state.h[1 - last];
            }
            let mut sum = V::splat(simd, 0.0);
            for (w, h) in self.net.head.iter().zip(below) {
                sum = load::<S, V>(simd, w).mul_add(load::<S, V>(simd, h), sum);
            }
            *io = self.net.bias + sum.reduce_sum();
            last = 1 - last;
        }
        self.last = last;
    }
}

#[inline(always)]
fn load<S: Simd, V: SimdFloat<S, Element = f32>>(simd: S, line: &Line) -> V {
    V::from_slice(simd, &line.0[..V::LEN])
}

impl Cell {
    #[inline(always)]
    fn step<S: Simd, V: Units<S, R>, const R: usize>(
        &self,
        simd: S,
        x: f32,
        below: &[Line],
        state: &mut State,
        last: usize,
    ) {
        let [a, b] = &mut state.h;
        let (h, next) = if last == 0 { (&*a, b) } else { (&*b, a) };
        let (rows, _) = self.rows.as_chunks::<R>();
        let per_group = 2 + (self.inputs + h.len()) * V::LEN;
        let groups = rows.chunks_exact(per_group).zip(state.c.iter_mut()).zip(next.iter_mut());
        for ((rows, c), next) in groups {
            let (now, rows) = rows.split_at(2);
            let (from_below, own) = rows.split_at(self.inputs * V::LEN);
            let mut z = Sums::<S, R>::new(simd, &now[0], &now[1], x);
            z.add::<V>(simd, from_below, below);
            z.add::<V>(simd, own, h);
            let [i, f, g, o] = V::gates(activate::<S, V, R>(simd, z.total()));
            let cell = f.mul_add(load::<S, V>(simd, c), i * g);
            cell.store_slice(&mut c.0[..V::LEN]);
            tanh(simd, cell, o).store_slice(&mut next.0[..V::LEN]);
        }
    }
}

/// `σ` for three gates and `tanh` for the candidate, whose lanes alone are not
/// halved.
#[inline(always)]
fn activate<S: Simd, V: Units<S, R>, const R: usize>(simd: S, z: [f32x16<S>; R]) -> [f32x16<S>; R] {
    let mut out = z;
    for (r, out) in out.iter_mut().enumerate() {
        let candidate = |lane: usize| (16 * r + lane) / V::LEN == 2;
        let scale = f32x16::from_fn(simd, |lane| if candidate(lane) { 1.0 } else { 0.5 });
        let shift = f32x16::from_fn(simd, |lane| if candidate(lane) { 0.0 } else { 0.5 });
        *out = tanh(simd, z[r], scale) + shift;
    }
    out
}

/// The sums that feed the gates, in as many independent chains as it takes to
/// keep the multipliers busy without running out of registers.
struct Sums<S: Simd, const R: usize>([[f32x16<S>; R]; 4]);

impl<S: Simd, const R: usize> Sums<S, R> {
    const CHAINS: usize = {
        let registers = R * 16 / S::f32s::LEN;
        if registers >= 8 {
            1
        } else if registers >= 4 {
            2
        } else {
            4
        }
    };

    #[inline(always)]
    fn new(simd: S, bias: &[Line; R], row: &[Line; R], x: f32) -> Self {
        let zero = f32x16::splat(simd, 0.0);
        let mut sums = [[zero; R]; 4];
        let x = f32x16::splat(simd, x);
        for r in 0..R {
            let bias = f32x16::load_array_ref(simd, &bias[r].0);
            sums[0][r] = f32x16::load_array_ref(simd, &row[r].0).mul_add(x, bias);
        }
        Self(sums)
    }

    #[inline(always)]
    fn add<V: Units<S, R>>(&mut self, simd: S, rows: &[[Line; R]], h: &[Line]) {
        for (rows, h) in rows.chunks_exact(V::LEN).zip(h) {
            for (k, (row, h)) in rows.iter().zip(&h.0).enumerate() {
                let h = f32x16::splat(simd, *h);
                for (sum, w) in self.0[k % Self::CHAINS].iter_mut().zip(row) {
                    *sum = f32x16::load_array_ref(simd, &w.0).mul_add(h, *sum);
                }
            }
        }
    }

    #[inline(always)]
    fn total(self) -> [f32x16<S>; R] {
        let [mut a, b, c, d] = self.0;
        for r in 0..R {
            if Self::CHAINS == 2 {
                a[r] = a[r] + b[r];
            } else if Self::CHAINS == 4 {
                a[r] = (a[r] + b[r]) + (c[r] + d[r]);
            }
        }
        a
    }
}

impl Engine for Running {
    /// Input that is not finite is read as silence, so it cannot enter the
    /// state. The state itself stays finite: `h` is within ±1, and since no
    /// gate exceeds 1, `c` gains at most 1 a sample until it is too large to
    /// change.
    fn process(&mut self, io: &mut [f32]) {
        dispatch!(self.level, simd => self.run(simd, io));
    }

    fn reset(&mut self) {
        for (state, cell) in self.states.iter_mut().zip(&self.net.cells) {
            state.h.iter_mut().for_each(|h| h.copy_from_slice(&cell.h));
            state.c.copy_from_slice(&cell.c);
        }
        self.last = 0;
    }

    fn receptive_field(&self) -> usize {
        MEMORY
    }
}

#[cfg(test)]
#[path = "lstm_tests.rs"]
mod tests;
