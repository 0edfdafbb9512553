//! One recurrent layer: weights packed for the kernels of [`crate::gates`], its
//! state, and a step of an LSTM or of a GRU.

use std::ops::Range;

use fearless_simd::Simd;

use crate::gates::{Sums, Units, activate, load};
use crate::simd::{Line, tanh};

/// Where float32 no longer counts in ones, so where a cell stops growing in
/// exact arithmetic too; ours might creep on, its `σ` being a rounding over 1.
pub(crate) const MAX_CELL: f32 = 16_777_216.0;

/// One layer. Units are padded to whole groups with units that stay at zero.
pub(crate) struct Cell {
    pub(crate) lanes: usize, // units of a group: 4, 8 or 16
    groups: Vec<Group>,
}

/// The weights that feed a group of units, in rows of 4 gates × `lanes`.
struct Group {
    now: Vec<Line>,   // (bias, x)
    below: Vec<Line>, // padded inputs, none if there is one alone
    own: Vec<Line>,   // padded units of this layer
}

/// The weights of a layer by `gate × hidden + unit` and what they multiply.
pub(crate) struct Rows<'a> {
    /// Gates that are not a `σ`, whose ½ is folded into the weights of the others.
    pub(crate) full: [bool; 4],
    pub(crate) bias: &'a dyn Fn(usize) -> f32,
    pub(crate) input: &'a dyn Fn(usize, usize) -> f32,
    pub(crate) own: &'a dyn Fn(usize, usize) -> f32,
}

/// Units to a group: as few vectors as possible, then as few idle lanes.
pub(crate) fn lanes(hidden: usize) -> usize {
    match hidden {
        ..=4 => 4,
        _ if (hidden - 1) % 16 < 8 => 8,
        _ => 16,
    }
}

/// `values` in groups of `lanes`, a line each, padded with zeros.
pub(crate) fn grouped(values: &[f32], lanes: usize) -> Vec<Line> {
    let group = |part: &[f32]| {
        let mut line = Line::ZERO;
        line.0[..part.len()].copy_from_slice(part);
        line
    };
    values.chunks(lanes).map(group).collect()
}

impl Rows<'_> {
    /// The weights `weight(gate × hidden + unit)` of some units as a row of 4
    /// gates × `lanes`, zeros for units there are not.
    fn pack(
        &self,
        lanes: usize,
        hidden: usize,
        units: Range<usize>,
        weight: &dyn Fn(usize) -> f32,
    ) -> Vec<Line> {
        let mut row = vec![Line::ZERO; lanes / 4];
        for gate in 0..4 {
            for (lane, unit) in units.clone().enumerate().take_while(|(_, unit)| *unit < hidden) {
                let at = gate * lanes + lane;
                let half = if self.full[gate] { 1.0 } else { 0.5 };
                row[at / 16].0[at % 16] = half * weight(gate * hidden + unit);
            }
        }
        row
    }
}

impl Cell {
    /// A layer of `hidden` units over `inputs` inputs, which are the lines of a
    /// layer `below`, or else one present sample.
    pub(crate) fn new(hidden: usize, inputs: usize, below: bool, rows: &Rows<'_>) -> Self {
        let lanes = lanes(hidden);
        let padded = hidden.next_multiple_of(lanes);
        let lines = if below { inputs.next_multiple_of(4) } else { 0 };
        let group = |units: Range<usize>| {
            let pack = |n: usize, weight: &dyn Fn(usize, usize) -> f32| {
                let row = |k| rows.pack(lanes, hidden, units.clone(), &|at| weight(at, k));
                (0..n).flat_map(row).collect::<Vec<_>>()
            };
            let x = |at| if below { 0.0 } else { (rows.input)(at, 0) };
            Group {
                now: pack(2, &|at, k| if k == 0 { (rows.bias)(at) } else { x(at) }),
                below: pack(lines, &|at, k| if k < inputs { (rows.input)(at, k) } else { 0.0 }),
                own: pack(padded, &|at, k| if k < hidden { (rows.own)(at, k) } else { 0.0 }),
            }
        };
        let groups = (0..padded / lanes).map(|g| group(g * lanes..(g + 1) * lanes)).collect();
        Self { lanes, groups }
    }

    /// A step of an LSTM, gates in the order input, forget, candidate, output.
    #[inline(always)]
    pub(crate) fn lstm<S: Simd, V: Units<S, R>, const R: usize>(
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
            let [i, f, g, o] =
                V::gates(activate::<S, V, R>(simd, group.sum::<S, V, R>(simd, x, below, h)));
            let cell = f.mul_add(load::<S, V>(simd, c), i * g);
            let bound = V::splat(simd, MAX_CELL);
            cell.min(bound).max(-bound).store_slice(&mut c.0[..V::LEN]);
            tanh(simd, cell, o).store_slice(&mut next.0[..V::LEN]);
        }
    }

    /// A step of a GRU as PyTorch and Keras (`reset_after`) have it:
    /// `n = tanh(a + r · b)`, `h = z · h + (1 − z) · n`. What stands for its four
    /// gates is reset `r`, update `z`, and the two parts of the candidate, `a` of
    /// the input and `b` of the state.
    #[inline(always)]
    pub(crate) fn gru<S: Simd, V: Units<S, R>, const R: usize>(
        &self,
        simd: S,
        x: f32,
        below: &[Line],
        state: &mut State,
        flip: bool,
    ) {
        let [a, b] = &mut state.h;
        let (h, next) = if flip { (&*b, a) } else { (&*a, b) };
        let half = V::splat(simd, 0.5);
        for (group, (before, next)) in self.groups.iter().zip(h.iter().zip(next)) {
            let [r, z, a, b] = V::gates(group.sum::<S, V, R>(simd, x, below, h));
            let r = tanh(simd, r, half) + half;
            let z = tanh(simd, z, half) + half;
            let n = tanh(simd, r.mul_add(b, a), V::splat(simd, 1.0));
            let before = load::<S, V>(simd, before);
            z.mul_add(before - n, n).store_slice(&mut next.0[..V::LEN]);
        }
    }
}

impl Group {
    #[inline(always)]
    fn sum<S: Simd, V: Units<S, R>, const R: usize>(
        &self,
        simd: S,
        x: f32,
        below: &[Line],
        h: &[Line],
    ) -> [fearless_simd::f32x16<S>; R] {
        let mut z = Sums::<S, R>::new(simd, &self.now, x);
        z.add::<V>(simd, &self.below, below);
        z.add::<V>(simd, &self.own, h);
        z.total()
    }
}

/// The state of one layer. Of the two `h` one is the last sample's, the other
/// is being written.
#[derive(Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) h: [Vec<Line>; 2], // groups
    /// The cells of an LSTM.
    pub(crate) c: Vec<Line>, // groups
}

/// Copies the states of layers of the same sizes.
pub(crate) fn copy(to: &mut [State], from: &[State]) {
    for (to, from) in to.iter_mut().zip(from) {
        for (to, from) in to.h.iter_mut().zip(&from.h) {
            to.copy_from_slice(from);
        }
        to.c.copy_from_slice(&from.c);
    }
}
