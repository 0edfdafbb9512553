//! A low and a high shelf for each line, by which the reverberation time differs by
//! frequency.
//!
//! Each splits a line in two by a lowpass of first order, l = l₋₁ + g·(x − l₋₁) halved
//! forward and back (the trapezoidal rule: Zavalishin, "The art of VA filter design",
//! 2.1.2, 2018), and weighs one of the parts: x + q·l, or x + q·(x − l). As the two
//! parts are at right angles, none of it is louder than the larger of 1 and 1 + q.

use fearless_simd::{Simd, prelude::*};

use super::filter::transpose;
use crate::plan::Shelves;

/// The most lanes there are.
const MOST: usize = 16;

/// Moving weights of all lines: where the low q is at the beginning of the grid, what it
/// moves by a frame, and the same of the high one; each as many as channels.
pub(super) struct Weights<'a>(pub(super) &'a [f32]);

/// Filters the first `n` frames, `first` being the place of the first in the grid; `g`
/// of both lowpasses.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a kernel and all it works on")]
pub(super) fn run<S: Simd>(
    s: S,
    shelves: &Shelves,
    weights: &Weights<'_>,
    g: [f32; 2],
    first: f32,
    states: &mut [f32],
    memory: &mut [f32],
    at: &[u32],
    n: usize,
) {
    let (lanes, width) = (S::f32s::LEN, shelves.channels.len());
    let (low, high) = states[shelves.states..][..2 * width].split_at_mut(width);
    for (k, channels) in shelves.channels.chunks_exact(lanes).enumerate() {
        let group = k * lanes;
        let weight =
            |row: usize| S::f32s::from_slice(s, &weights.0[row * width + group..][..lanes]);
        let change = [weight(1), weight(3)];
        let start = [weight(0), weight(2)];
        let mut group_states = [&mut low[group..group + lanes], &mut high[group..group + lanes]];
        let mut splits = [0, 1].map(|i| Split::new(s, g[i], group_states[i]));
        for t in (0..n).step_by(lanes) {
            let some = lanes.min(n - t);
            let mut x = [S::f32s::splat(s, 0.0); MOST];
            for (x, (from, _)) in x.iter_mut().zip(channels) {
                *x = S::f32s::from_slice(s, &memory[at[*from as usize] as usize + t..][..lanes]);
            }
            x = transpose::<S>(x);
            for (k, x) in x[..some].iter_mut().enumerate() {
                let frame = S::f32s::splat(s, first + (t + k) as f32);
                let q = [0, 1].map(|i| change[i].mul_add(frame, start[i]));
                let below = splits[0].low(*x);
                let y = q[0].mul_add(below, *x);
                let above = y - splits[1].low(y);
                *x = q[1].mul_add(above, y);
            }
            x = transpose::<S>(x);
            for (x, (_, to)) in x.iter().zip(channels) {
                let to = at[*to as usize] as usize + t;
                memory[to..][..some].copy_from_slice(&x.as_slice()[..some]);
            }
        }
        for (split, state) in splits.iter().zip(&mut group_states) {
            split.state.store_slice(state);
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
