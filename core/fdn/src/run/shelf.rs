//! A low and a high shelf for each line, by which the reverberation time differs by
//! frequency.
//!
//! Each splits a line in two by a lowpass of first order, l = l₋₁ + g·(x − l₋₁) halved
//! forward and back (the trapezoidal rule: Zavalishin, "The art of VA filter design",
//! 2.1.2, 2018), and weighs one of the parts: x + q·l, or x + q·(x − l). As the two
//! parts are at right angles, none of it is louder than the larger of 1 and 1 + q.

use fearless_simd::{Simd, prelude::*};

use super::transpose::{load, transpose};
use crate::plan::Shelves;

/// The shelves of some lines, and over which frames to run them.
pub(super) struct Run<'a> {
    pub(super) shelves: &'a Shelves,
    /// Moving weights of all lines: where the low q is at the beginning of the grid, what
    /// it moves by a frame, and the same of the high one; each as many as channels.
    pub(super) weights: &'a [f32],
    /// g of both lowpasses.
    pub(super) lowpasses: [f32; 2],
    /// Where places are.
    pub(super) at: &'a [u32],
    /// The place of the first frame in the grid, and how many there are.
    pub(super) first: f32,
    pub(super) n: usize,
}

impl Run<'_> {
    /// Filters the frames; nothing beyond them is touched.
    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, s: S, states: &mut [f32], memory: &mut [f32]) {
        match S::f32s::LEN {
            4 => self.filter::<S, 4>(s, states, memory),
            8 => self.filter::<S, 8>(s, states, memory),
            _ => self.filter::<S, 16>(s, states, memory),
        }
    }

    /// In vectors of `L` channels, one after the other.
    #[inline(always)]
    fn filter<S: Simd, const L: usize>(&self, s: S, states: &mut [f32], memory: &mut [f32]) {
        let width = self.shelves.channels.len();
        let (low, high) = states[self.shelves.states..][..2 * width].split_at_mut(width);
        let (channels, _) = self.shelves.channels.as_chunks::<L>();
        for (k, channels) in channels.iter().enumerate() {
            let group = k * L;
            let weight =
                |row: usize| S::f32s::from_slice(s, &self.weights[row * width + group..][..L]);
            let (start, change) = ([weight(0), weight(2)], [weight(1), weight(3)]);
            let place = |id: u32| self.at[id as usize] as usize;
            let (from, to) = (channels.map(|c| place(c.0)), channels.map(|c| place(c.1)));
            let mut own = [&mut low[group..group + L], &mut high[group..group + L]];
            let mut splits = [0, 1].map(|i| Split::new(s, self.lowpasses[i], own[i]));
            for t in (0..self.n).step_by(L) {
                let some = L.min(self.n - t);
                let mut x = load::<S, S::f32s, L>(s, memory, &from, t);
                for (k, x) in x[..some].iter_mut().enumerate() {
                    let frame = S::f32s::splat(s, self.first + (t + k) as f32);
                    let q = [0, 1].map(|i| change[i].mul_add(frame, start[i]));
                    let below = splits[0].low(*x);
                    let y = q[0].mul_add(below, *x);
                    let above = y - splits[1].low(y);
                    *x = q[1].mul_add(above, y);
                }
                x = transpose(s, x);
                for (x, to) in x.iter().zip(to) {
                    memory[to + t..][..some].copy_from_slice(&x.as_slice()[..some]);
                }
            }
            for (split, state) in splits.iter().zip(&mut own) {
                split.state.store_slice(state);
            }
        }
    }
}

/// A lowpass of a vector of channels.
#[derive(Clone, Copy)]
struct Split<S: Simd> {
    state: S::f32s,
    /// What of the state and of a sample is heard, and what of both is kept.
    heard: [S::f32s; 2],
    kept: [S::f32s; 2],
}

impl<S: Simd> Split<S> {
    #[inline(always)]
    fn new(s: S, g: f32, state: &[f32]) -> Self {
        let pair = |g: f32| [S::f32s::splat(s, 1.0 - g), S::f32s::splat(s, g)];
        Self { state: S::f32s::from_slice(s, state), heard: pair(g), kept: pair(2.0 * g) }
    }

    #[inline(always)]
    fn low(&mut self, x: S::f32s) -> S::f32s {
        let low = self.heard[0].mul_add(self.state, self.heard[1] * x);
        self.state = self.kept[0].mul_add(self.state, self.kept[1] * x);
        low
    }
}
