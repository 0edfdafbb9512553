//! The gates of all units at one step, and their derivatives.
//!
//! Everything lies in planes, a row of lanes for each unit, as [`nn::kernel`] has it.

use fearless_simd::{Level, Simd, dispatch, prelude::*};
use nn::simd::{Vector, precise_tanh_each};

/// The rows of one step of an LSTM. Each slice holds `hidden` rows of `lanes`; where
/// there are four gates, these follow one another: input, forget, candidate, output.
pub(super) struct Lstm<'a> {
    /// Sums on the way in, gates on the way out.
    pub(super) gates: &'a mut [f32],
    /// The cell before this step, and after it.
    pub(super) before: &'a [f32],
    pub(super) cell: &'a mut [f32],
    /// `tanh` of the cell after it.
    pub(super) squashed: &'a mut [f32],
    /// The state after it.
    pub(super) state: &'a mut [f32],
}

/// The same of a GRU, whose rows are reset, update, the state's share of the candidate
/// and the input's, which becomes the candidate.
pub(super) struct Gru<'a> {
    pub(super) gates: &'a mut [f32],
    pub(super) before: &'a [f32],
    pub(super) state: &'a mut [f32],
}

/// What comes back to one step from the output and from the step after it.
pub(super) struct Returned<'a> {
    /// Derivatives by the output. // lanes
    pub(super) errors: &'a [f32],
    /// What the output takes of each unit. // hidden
    pub(super) head: &'a [f32],
    /// Derivatives by the state that the next step handed back. // hidden × lanes
    pub(super) later: &'a [f32],
    /// What it handed back as `kept`. // hidden × lanes
    pub(super) kept: &'a [f32],
}

/// What one step hands back.
pub(super) struct Handed<'a> {
    /// Derivatives by the sums. // 4 hidden × lanes
    pub(super) sums: &'a mut [f32],
    /// Of an LSTM the derivatives by the cell before, of a GRU those by the state
    /// before as far as it was held. // hidden × lanes
    pub(super) kept: &'a mut [f32],
}

#[inline(always)]
fn load<S: Simd>(s: S, rows: &[f32], at: usize) -> S::f32s {
    S::f32s::from_slice(s, &rows[at..at + S::f32s::LEN])
}

#[inline(always)]
fn store<S: Simd>(x: S::f32s, rows: &mut [f32], at: usize) {
    x.store_slice(&mut rows[at..at + S::f32s::LEN]);
}

/// `σ(x) = ½ + ½ tanh(x/2)` of those that are marked, tanh of the others.
#[inline(always)]
fn squash<S: Simd, V: Vector<S>, const N: usize>(
    s: S,
    mut x: [V; N],
    sigmoid: [bool; N],
) -> [V; N] {
    let half = V::splat(s, 0.5);
    for k in 0..N {
        x[k] = if sigmoid[k] { x[k] * half } else { x[k] };
    }
    let mut y = precise_tanh_each(s, x);
    for k in 0..N {
        y[k] = if sigmoid[k] { y[k].mul_add(half, half) } else { y[k] };
    }
    y
}

/// A step of an LSTM: `c ← f · c + i · g`, `h = o · tanh c`.
#[inline(never)]
pub(super) fn lstm(level: Level, step: &mut Lstm<'_>) {
    dispatch!(level, s => s.vectorize(
        #[inline(always)]
        || step.forward(s)
    ));
}

impl Lstm<'_> {
    #[inline(always)]
    fn forward<S: Simd>(&mut self, s: S) {
        let rows = self.state.len();
        let gates = self.gates[..4 * rows].split_at_mut(2 * rows);
        let ((i, f), (g, o)) = (gates.0.split_at_mut(rows), gates.1.split_at_mut(rows));
        let before = &self.before[..rows];
        let (cell, squashed) = (&mut self.cell[..rows], &mut self.squashed[..rows]);
        for at in (0..rows).step_by(S::f32s::LEN) {
            let sums = [load(s, i, at), load(s, f, at), load(s, g, at), load(s, o, at)];
            let [vi, vf, vg, vo] = squash(s, sums, [true, true, false, true]);
            let c = vf.mul_add(load(s, before, at), vi * vg);
            let [t] = precise_tanh_each(s, [c]);
            store::<S>(vi, i, at);
            store::<S>(vf, f, at);
            store::<S>(vg, g, at);
            store::<S>(vo, o, at);
            store::<S>(c, cell, at);
            store::<S>(t, squashed, at);
            store::<S>(vo * t, self.state, at);
        }
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, s: S, back: &Returned<'_>, to: &mut Handed<'_>) {
        let (lanes, rows) = (back.errors.len(), to.kept.len());
        let one = S::f32s::splat(s, 1.0);
        let sums = to.sums[..4 * rows].split_at_mut(2 * rows);
        let ((di, df), (dg, d_o)) = (sums.0.split_at_mut(rows), sums.1.split_at_mut(rows));
        let gates = self.gates[..4 * rows].split_at(2 * rows);
        let ((i, f), (g, o)) = (gates.0.split_at(rows), gates.1.split_at(rows));
        let (before, squashed) = (&self.before[..rows], &self.squashed[..rows]);
        for (row, head) in (0..rows).step_by(lanes).zip(back.head) {
            let head = S::f32s::splat(s, *head);
            for lane in (0..lanes).step_by(S::f32s::LEN) {
                let at = row + lane;
                let by_state = head.mul_add(load(s, back.errors, lane), load(s, back.later, at));
                let (vo, t) = (load(s, o, at), load(s, squashed, at));
                let opened = by_state * vo;
                let by_cell = opened.mul_add((-t).mul_add(t, one), load(s, back.kept, at));
                let (vi, vf, vg) = (load(s, i, at), load(s, f, at), load(s, g, at));
                let fed = by_cell * vi;
                let kept = by_cell * vf;
                store::<S>(fed * vg * (one - vi), di, at);
                store::<S>(kept * load(s, before, at) * (one - vf), df, at);
                store::<S>(fed * (-vg).mul_add(vg, one), dg, at);
                store::<S>(opened * t * (one - vo), d_o, at);
                store::<S>(kept, to.kept, at);
            }
        }
    }
}

/// The way back through [`lstm`].
#[inline(never)]
pub(super) fn lstm_back(level: Level, step: &Lstm<'_>, back: &Returned<'_>, to: &mut Handed<'_>) {
    dispatch!(level, s => s.vectorize(
        #[inline(always)]
        || step.backward(s, back, to)
    ));
}

/// A step of a GRU: `n = tanh(a + r · b)`, `h ← z · h + (1 − z) · n`.
#[inline(never)]
pub(super) fn gru(level: Level, step: &mut Gru<'_>) {
    dispatch!(level, s => s.vectorize(
        #[inline(always)]
        || step.forward(s)
    ));
}

impl Gru<'_> {
    #[inline(always)]
    fn forward<S: Simd>(&mut self, s: S) {
        let rows = self.state.len();
        let gates = self.gates[..4 * rows].split_at_mut(2 * rows);
        let ((r, z), (b, n)) = (gates.0.split_at_mut(rows), gates.1.split_at_mut(rows));
        let before = &self.before[..rows];
        for at in (0..rows).step_by(S::f32s::LEN) {
            let [vr, vz] = squash(s, [load(s, r, at), load(s, z, at)], [true; 2]);
            let [vn] = precise_tanh_each(s, [vr.mul_add(load(s, b, at), load(s, n, at))]);
            store::<S>(vr, r, at);
            store::<S>(vz, z, at);
            store::<S>(vn, n, at);
            store::<S>(vz.mul_add(load(s, before, at) - vn, vn), self.state, at);
        }
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, s: S, back: &Returned<'_>, to: &mut Handed<'_>) {
        let (lanes, rows) = (back.errors.len(), to.kept.len());
        let one = S::f32s::splat(s, 1.0);
        let sums = to.sums[..4 * rows].split_at_mut(2 * rows);
        let ((dr, dz), (db, da)) = (sums.0.split_at_mut(rows), sums.1.split_at_mut(rows));
        let gates = self.gates[..4 * rows].split_at(2 * rows);
        let ((r, z), (b, n)) = (gates.0.split_at(rows), gates.1.split_at(rows));
        let before = &self.before[..rows];
        for (row, head) in (0..rows).step_by(lanes).zip(back.head) {
            let head = S::f32s::splat(s, *head);
            for lane in (0..lanes).step_by(S::f32s::LEN) {
                let at = row + lane;
                let by_state = head.mul_add(load(s, back.errors, lane), load(s, back.later, at));
                let (vr, vz, vn) = (load(s, r, at), load(s, z, at), load(s, n, at));
                let held = by_state * vz;
                let renewed = by_state - held;
                let by_a = renewed * (-vn).mul_add(vn, one);
                let by_b = by_a * vr;
                store::<S>(by_b * load(s, b, at) * (one - vr), dr, at);
                store::<S>(renewed * vz * (load(s, before, at) - vn), dz, at);
                store::<S>(by_b, db, at);
                store::<S>(by_a, da, at);
                store::<S>(held, to.kept, at);
            }
        }
    }
}

/// The way back through [`gru`].
#[inline(never)]
pub(super) fn gru_back(level: Level, step: &Gru<'_>, back: &Returned<'_>, to: &mut Handed<'_>) {
    dispatch!(level, s => s.vectorize(
        #[inline(always)]
        || step.backward(s, back, to)
    ));
}
