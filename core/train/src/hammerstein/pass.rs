//! One segment through the network and the filters behind it, chunk by chunk.

use cpu::Isa;
use fearless_simd::{Level, Simd, dispatch, f64x8, prelude::*};
use nn::Coefficients;

use super::filters::{Row, Signal, State};
use super::problem::{CHUNK, Front, Prepared, Segment};
use super::shape::Shape;
use super::tanh::tanh;
use crate::least_squares::{LANES, Rows};

/// Parameters side by side.
type Lanes = [f64; LANES];

/// A segment on its way through the network and the filters behind it.
pub(super) struct Pass<'a> {
    shape: &'a Shape,
    parameters: &'a [f64],
    level: Level,
    /// Biases of the units where the knobs stand.
    biases: Vec<f64>,
    knobs: &'a [f64],
    post: &'a Row,
    /// What those filters remember of the output, and of each panel of its derivatives.
    state: State,
    states: Vec<Vec<[Lanes; 2]>>,
    settled: Option<&'a State>,
    /// Sums of what went into them, of the output and of each panel.
    heard: f64,
    heard_of: Vec<Lanes>,
    /// What the units put out, chunk by chunk, [`LANES`] at a time.
    units: Vec<Lanes>,
    /// What comes out.
    pub(super) out: Signal,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        shape: &'a Shape,
        parameters: &'a [f64],
        prepared: &'a Prepared,
        segment: &'a Segment,
    ) -> Self {
        let post = &prepared.post;
        let settled = prepared.settled.iter().find(|(warm, _)| *warm == segment.warm);
        let mut biases = parameters[shape.biases()].to_vec();
        for (i, knob) in segment.knobs.iter().enumerate() {
            let weights = &parameters[shape.weights(shape.branches.len() + i)];
            biases.iter_mut().zip(weights).for_each(|(b, w)| *b += w * knob);
        }
        let linear = shape.post().start / LANES;
        Self {
            state: post.state(0),
            states: vec![vec![[[0.0; LANES]; 2]; shape.post.len()]; linear],
            heard: 0.0,
            heard_of: vec![[0.0; LANES]; linear],
            units: vec![[0.0; LANES]; shape.units() / LANES * CHUNK],
            out: Signal::default(),
            level: Isa::best().level(),
            knobs: &segment.knobs,
            shape,
            parameters,
            biases,
            settled: settled.map(|(_, state)| state),
            post,
        }
    }

    /// Lets the filters behind the network remember, instead of nothing, that the mean of
    /// the `warm` samples heard so far was there before them.
    pub(super) fn settle(&mut self, warm: usize) {
        let Some(settled) = self.settled else { return };
        let each = 1.0 / warm as f64;
        self.state.add(settled, self.heard * each);
        for (states, heard) in self.states.iter_mut().zip(&self.heard_of) {
            for (state, [s1, s2]) in states.iter_mut().zip(settled.values()) {
                let [a, b] = state;
                a.iter_mut().zip(heard).for_each(|(a, h)| *a += s1 * h * each);
                b.iter_mut().zip(heard).for_each(|(b, h)| *b += s2 * h * each);
            }
        }
    }

    /// The next chunk of the output.
    pub(super) fn value(&mut self, front: &Front, from: usize) {
        let level = self.level;
        dispatch!(level, s => self.network(s, front, from));
        self.heard += self.out.value.iter().sum::<f64>();
        self.post.run(&mut self.state, &mut self.out);
    }

    /// The next chunk of the output and of its derivatives.
    pub(super) fn differentiate(&mut self, front: &Front, from: usize, rows: &mut Rows) {
        let n = (front.inputs[0].len() - from).min(CHUNK);
        rows.resize(n);
        let level = self.level;
        dispatch!(level, s => {
            self.network(s, front, from);
            self.panels(s, front, from, rows);
            self.filter(s, rows);
        });
        self.heard += self.out.value.iter().sum::<f64>();
        self.post.run(&mut self.state, &mut self.out);
        for (i, tangent) in self.out.tangents.iter().enumerate() {
            let at = self.shape.post().start + i;
            let panel = rows.panel_mut(at / LANES);
            panel.iter_mut().zip(tangent).for_each(|(row, d)| row[at % LANES] = *d);
        }
    }

    /// What the units and the network put out.
    #[inline(always)]
    fn network<S: Simd>(&mut self, s: S, front: &Front, from: usize) {
        let n = (front.inputs[0].len() - from).min(CHUNK);
        let lanes = |at: usize, all: &[f64]| load(s, &all[at..]);
        for (g, units) in self.units.chunks_exact_mut(CHUNK).enumerate() {
            let units = &mut units[..n];
            let at = g * LANES;
            units.fill(lanes(at, &self.biases).to_array());
            for (i, input) in front.inputs.iter().enumerate() {
                let weights = lanes(self.shape.weights(i).start + at, self.parameters);
                for (unit, x) in units.iter_mut().zip(&input[from..]) {
                    let sum = weights.mul_add(f64x8::splat(s, *x), f64x8::load_array(s, *unit));
                    *unit = sum.to_array();
                }
            }
            tanh(units.as_flattened_mut());
        }
        self.out.tangents.clear();
        self.out.value.clear();
        self.out.value.resize(n, self.parameters[self.shape.offset()]);
        for (g, units) in self.units.chunks_exact(CHUNK).enumerate() {
            let weights = lanes(self.shape.outputs().start + g * LANES, self.parameters);
            for (y, unit) in self.out.value.iter_mut().zip(units) {
                let products = weights * f64x8::load_array(s, *unit);
                *y += products.to_array().iter().sum::<f64>();
            }
        }
    }

    /// Derivatives of what the network puts out by all parameters up to there.
    #[inline(always)]
    fn panels<S: Simd>(&mut self, s: S, front: &Front, from: usize, rows: &mut Rows) {
        let (shape, n) = (self.shape, self.out.value.len());
        let mut by_input = vec![vec![0.0; n]; front.inputs.len()];
        let panel = |at: usize| at / LANES;
        for (g, units) in self.units.chunks_exact(CHUNK).enumerate() {
            let at = g * LANES;
            let out = load(s, &self.parameters[shape.outputs().start + at..]);
            let slopes = rows.panel_mut(panel(shape.biases().start) + g);
            for (slope, unit) in slopes.iter_mut().zip(units) {
                let unit = f64x8::load_array(s, *unit);
                *slope = (out - out * unit * unit).to_array();
            }
            let slopes = slopes.to_vec();
            rows.panel_mut(panel(shape.outputs().start) + g).copy_from_slice(&units[..n]);
            for (i, input) in front.inputs.iter().enumerate() {
                let weights = load(s, &self.parameters[shape.weights(i).start + at..]);
                let columns = rows.panel_mut(panel(shape.weights(i).start) + g);
                let places = columns.iter_mut().zip(&slopes).zip(&input[from..]);
                for (((column, slope), x), sum) in places.zip(&mut by_input[i]) {
                    let slope = f64x8::load_array(s, *slope);
                    *column = (slope * f64x8::splat(s, *x)).to_array();
                    *sum += (slope * weights).to_array().iter().sum::<f64>();
                }
            }
            for (i, knob) in self.knobs.iter().enumerate() {
                let at = shape.weights(front.inputs.len() + i).start;
                for (column, slope) in rows.panel_mut(panel(at) + g).iter_mut().zip(&slopes) {
                    let column_ = f64x8::load_array(s, *slope) * f64x8::splat(s, *knob);
                    *column = column_.to_array();
                }
            }
        }
        for i in panel(shape.offset())..panel(shape.post().start) {
            rows.panel_mut(i).fill([0.0; LANES]);
        }
        rows.panel_mut(panel(shape.offset())).iter_mut().for_each(|row| row[0] = 1.0);
        for (input, at, tangent) in &front.tangents {
            let slopes = by_input[*input].iter().zip(&tangent[from..]);
            for (row, (slope, d)) in rows.panel_mut(at / LANES).iter_mut().zip(slopes) {
                row[at % LANES] += slope * d;
            }
        }
    }

    /// Derivatives pass the filters behind the network as the sound does, some panels
    /// side by side: each sample waits for the one before, but not for other panels.
    #[inline(always)]
    fn filter<S: Simd>(&mut self, s: S, rows: &mut Rows) {
        let mut panels = rows.panels_mut();
        let groups = self.states.chunks_mut(SIDE).zip(self.heard_of.chunks_mut(SIDE));
        for (states, heard_of) in groups {
            let mut group: Vec<&mut [Lanes]> = panels.by_ref().take(states.len()).collect();
            for (panel, heard_of) in group.iter().zip(heard_of) {
                let mut heard = f64x8::load_array(s, *heard_of);
                for row in panel.iter() {
                    heard += f64x8::load_array(s, *row);
                }
                *heard_of = heard.to_array();
            }
            for (i, at) in self.post.coefficients().enumerate() {
                let states: Vec<&mut [Lanes; 2]> =
                    states.iter_mut().map(|all| &mut all[i]).collect();
                match <[_; SIDE]>::try_from(states) {
                    Ok(states) => {
                        if let Ok(group) = <&mut [_; SIDE]>::try_from(&mut group[..]) {
                            filtered(s, at, group, states);
                        }
                    }
                    Err(states) => {
                        for (panel, state) in group.iter_mut().zip(states) {
                            filtered(s, at, std::array::from_mut(panel), [state]);
                        }
                    }
                }
            }
        }
    }
}

/// Panels filtered side by side.
const SIDE: usize = 3;

/// A section in transposed direct form II over `N` panels, in place.
#[inline(always)]
fn filtered<S: Simd, const N: usize>(
    s: S,
    at: &Coefficients,
    panels: &mut [&mut [Lanes]; N],
    states: [&mut [Lanes; 2]; N],
) {
    let [b0, b1, b2] = at.b.map(|b| f64x8::splat(s, b));
    let [a1, a2] = at.a.map(|a| f64x8::splat(s, -a));
    let mut running = [[f64x8::splat(s, 0.0); 2]; N];
    for (running, state) in running.iter_mut().zip(&states) {
        *running = state.map(|state| f64x8::load_array(s, state));
    }
    let n = panels.iter().map(|panel| panel.len()).min().unwrap_or(0);
    for t in 0..n {
        for (panel, [s1, s2]) in panels.iter_mut().zip(&mut running) {
            let row = &mut panel[t];
            let x = f64x8::load_array(s, *row);
            let y = b0.mul_add(x, *s1);
            *s1 = a1.mul_add(y, b1.mul_add(x, *s2));
            *s2 = a2.mul_add(y, b2 * x);
            *row = y.to_array();
        }
    }
    for (running, state) in running.iter().zip(states) {
        *state = running.map(|state| state.to_array());
    }
}

/// The first [`LANES`] of `from`.
#[inline(always)]
fn load<S: Simd>(s: S, from: &[f64]) -> f64x8<S> {
    f64x8::load_array(s, *from.first_chunk().unwrap_or(&[0.0; LANES]))
}
