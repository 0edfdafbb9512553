//! LSTM: layers of gated units, each sample waiting for the one before.
//!
//! Nothing can be done in parallel along time, so the kernel is made short
//! rather than wide: the four gates of a group of units share vectors, one
//! `tanh` serves all of them (`σ(z) = ½ + ½ tanh(z/2)`, the ½ folded into the
//! weights), and the share of the present input is summed ahead of time. The
//! layers of a sample run one after the other; the processor overlaps a layer
//! with the one below it at the next sample.

use std::ops::Range;
use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch, f32x4, f32x8, f32x16, prelude::*};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::nam::{self, Reader};
use crate::simd::{Line, clean, tanh};
use crate::{Engine, Error};

/// Weights of the largest network we run; it takes 25 µs a sample.
const MAX_WEIGHTS: usize = 1 << 20;

/// Magnitude of the largest weight or stored state: no sum over a row of
/// products of such can overflow, so infinities never meet and cancel to NaN.
const MAX_WEIGHT: f32 = 1e15;

/// Where float32 no longer counts in ones, so where a cell stops growing in
/// exact arithmetic too; ours might creep on, its `σ` being a rounding over 1.
const MAX_CELL: f32 = 16_777_216.0;

/// Samples after which the state is taken to have forgotten: half a second at
/// 48 kHz, the time the official player settles for.
const MEMORY: usize = 24_000;

#[derive(Deserialize)]
struct Config {
    input_size: usize,
    hidden_size: usize,
    num_layers: usize,
    in_channels: Option<usize>,
    out_channels: Option<usize>,
}

const KEYS: &[&str] = &["input_size", "hidden_size", "num_layers", "in_channels", "out_channels"];

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
#[derive(Clone)]
struct Cell {
    lanes: usize, // units of a group: 4, 8 or 16
    groups: Vec<Group>,
    h: Vec<Line>, // groups, the state to start from
    c: Vec<Line>, // the same
}

/// The weights that feed a group of units, in rows of 4 gates × `lanes`.
#[derive(Clone)]
struct Group {
    now: Vec<Line>,   // (bias, x)
    below: Vec<Line>, // padded units of the layer below, none for the first
    own: Vec<Line>,   // padded units of this layer
}

impl Lstm {
    pub(crate) fn load(config: &RawValue, weights: &[f32]) -> Result<Self, Error> {
        nam::refuse_unknown(config, KEYS, "config")?;
        let config: Config = nam::config(config)?;
        let expected = config.check()?;
        let mut reader = Reader::new(weights, expected)?;
        if let Some(i) = weights.iter().position(|w| w.abs() > MAX_WEIGHT) {
            return Err(Error::invalid(
                format!("weights[{i}]"),
                "a magnitude up to 1e15",
                weights[i],
            ));
        }
        let hidden = config.hidden_size;
        let lanes = lanes(hidden);
        let cells = (0..config.num_layers).map(|i| Cell::read(&mut reader, hidden, lanes, i > 0));
        let cells = cells.collect();
        let head = grouped(reader.take(hidden), lanes);
        Ok(Self(Arc::new(Net { hidden, cells, head, bias: reader.one() }.settled())))
    }

    pub(crate) fn engine(&self, level: Level) -> Box<dyn Engine> {
        Box::new(Running::new(self.0.clone(), level))
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

impl Net {
    /// The same network, started from where silence leads. The trainer stores
    /// that state, as far as a float32 holds it; a file made otherwise would
    /// begin with a thump.
    fn settled(self) -> Self {
        let mut running = Running::new(Arc::new(self), Level::new());
        for _ in 0..MEMORY / 2 {
            let before = running.states.clone();
            running.process(&mut [0.0, 0.0]);
            if running.states == before {
                break;
            }
        }
        let Running { net, states, .. } = running;
        let mut cells = net.cells.clone();
        for (cell, state) in cells.iter_mut().zip(states) {
            // An even number of samples leaves the last `h` in the first.
            let [h, _] = state.h;
            (cell.h, cell.c) = (h, state.c);
        }
        Self { hidden: net.hidden, cells, head: net.head.clone(), bias: net.bias }
    }
}

/// The weights `weight(gate × hidden + unit)` of some units as a row of 4 gates
/// × `lanes`, zeros for units there are not. Halved but for the candidate's.
fn pack(
    lanes: usize,
    hidden: usize,
    units: Range<usize>,
    weight: &dyn Fn(usize) -> f32,
) -> Vec<Line> {
    let mut row = vec![Line::ZERO; lanes / 4];
    for gate in 0..4 {
        for (lane, unit) in units.clone().enumerate().take_while(|(_, unit)| *unit < hidden) {
            let at = gate * lanes + lane;
            let half = if gate == 2 { 1.0 } else { 0.5 };
            row[at / 16].0[at % 16] = half * weight(gate * hidden + unit);
        }
    }
    row
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
        let inputs = if above { hidden } else { 1 };
        let matrix = reader.take(4 * hidden * (inputs + hidden)); // 4 × hidden × (inputs + hidden)
        let bias = reader.take(4 * hidden); // 4 × hidden
        let h = grouped(reader.take(hidden), lanes);
        let c = grouped(reader.take(hidden), lanes);
        let bias = |at: usize| bias[at];
        let input = |at: usize, k: usize| matrix[at * (inputs + hidden) + k];
        let nothing = |_: usize| 0.0;
        let padded = h.len() * lanes;
        let group = |units: Range<usize>| {
            let rows = |n: usize, weight: &dyn Fn(usize, usize) -> f32| {
                let row = |k| pack(lanes, hidden, units.clone(), &|at| weight(at, k));
                (0..n).flat_map(row).collect::<Vec<_>>()
            };
            let x: &dyn Fn(usize) -> f32 = if above { &nothing } else { &|at| input(at, 0) };
            let below = if above { padded } else { 0 };
            Group {
                now: rows(2, &|at, k| if k == 0 { bias(at) } else { x(at) }),
                below: rows(below, &|at, k| if k < hidden { input(at, k) } else { 0.0 }),
                own: rows(padded, &|at, k| if k < hidden { input(at, inputs + k) } else { 0.0 }),
            }
        };
        let groups = (0..h.len()).map(|g| group(g * lanes..(g + 1) * lanes)).collect();
        Self { lanes, groups, h, c }
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
#[derive(Clone, PartialEq)]
struct State {
    h: [Vec<Line>; 2], // groups
    c: Vec<Line>,      // groups
}

struct Running {
    net: Arc<Net>,
    level: Level,
    states: Vec<State>,
    flip: bool, // whether the second `h` is the last sample's
}

impl Running {
    fn new(net: Arc<Net>, level: Level) -> Self {
        let state = |cell: &Cell| State { h: [cell.h.clone(), cell.h.clone()], c: cell.c.clone() };
        let states = net.cells.iter().map(state).collect();
        Self { net, level, states, flip: false }
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
                cell.step::<S, V, R>(simd, x, below, state, flip);
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
        flip: bool,
    ) {
        let [a, b] = &mut state.h;
        let (h, next) = if flip { (&*b, a) } else { (&*a, b) };
        for ((group, c), next) in self.groups.iter().zip(&mut state.c).zip(next) {
            let mut z = Sums::<S, R>::new(simd, &group.now, x);
            z.add::<V>(simd, &group.below, below);
            z.add::<V>(simd, &group.own, h);
            let [i, f, g, o] = V::gates(activate::<S, V, R>(simd, z.total()));
            let cell = f.mul_add(load::<S, V>(simd, c), i * g);
            let bound = V::splat(simd, MAX_CELL);
            cell.min(bound).max(-bound).store_slice(&mut c.0[..V::LEN]);
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
    fn new(simd: S, rows: &[Line], x: f32) -> Self {
        let mut sums = [[f32x16::splat(simd, 0.0); R]; 4];
        if let [bias, row, ..] = rows.as_chunks::<R>().0 {
            let x = f32x16::splat(simd, x);
            for r in 0..R {
                let bias = f32x16::load_array_ref(simd, &bias[r].0);
                sums[0][r] = f32x16::load_array_ref(simd, &row[r].0).mul_add(x, bias);
            }
        }
        Self(sums)
    }

    #[inline(always)]
    fn add<V: Units<S, R>>(&mut self, simd: S, rows: &[Line], h: &[Line]) {
        let fours = h.iter().flat_map(
            #[inline(always)]
            |h| h.0[..V::LEN].as_chunks::<4>().0,
        );
        let rows = rows.as_chunks::<R>().0.as_chunks::<4>().0;
        // Fours of rows, because a loop that is not unrolled would keep the
        // sums in memory.
        for (rows, h) in rows.iter().zip(fours) {
            for k in 0..4 {
                let h = f32x16::splat(simd, h[k]);
                for (sum, w) in self.0[k % Self::CHAINS].iter_mut().zip(&rows[k]) {
                    *sum = f32x16::load_array_ref(simd, &w.0).mul_add(h, *sum);
                }
            }
        }
    }

    #[inline(always)]
    fn total(self) -> [f32x16<S>; R] {
        let [a, b, c, d] = self.0;
        std::array::from_fn(|r| match Self::CHAINS {
            1 => a[r],
            2 => a[r] + b[r],
            _ => (a[r] + b[r]) + (c[r] + d[r]),
        })
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
        for (state, cell) in self.states.iter_mut().zip(&self.net.cells) {
            state.h.iter_mut().for_each(|h| h.copy_from_slice(&cell.h));
            state.c.copy_from_slice(&cell.c);
        }
        self.flip = false;
    }

    fn receptive_field(&self) -> usize {
        MEMORY
    }
}

#[cfg(test)]
#[path = "lstm_tests.rs"]
mod tests;
