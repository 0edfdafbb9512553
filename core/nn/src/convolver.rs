//! Convolution with a long impulse response, without latency.

use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch, f32x4, prelude::*};

use crate::BLOCK;
use crate::partition::{Spectra, Stage};
use crate::simd::{Vector, clean};

/// Up to this many taps a direct sum is faster than transforms.
const DIRECT: usize = 256;

/// Taps of a partition whose result is wanted at once, and of those that may
/// take their time. A size costs two transforms however few partitions of it
/// there are, and a large one costs them at one stroke, so each is used only
/// from where it was measured to pay.
const SMALL: usize = BLOCK;
const MEDIUM: usize = 512;
const LARGE: usize = 2048;

/// The longest responses for which one and two sizes do best.
const ONE_SIZE: usize = 4096;
const TWO_SIZES: usize = 65_536;

/// Samples between two moves of the direct part's history to its beginning.
const ROOM: usize = 4096;

/// Convolves one channel with a fixed impulse response of any length.
///
/// There is no latency: the first taps are summed directly, and the rest is
/// multiplied in the frequency domain in partitions that start far enough into
/// the response for their results to be in time (Gardner 1995). Responses over
/// 4096 taps use larger partitions too, whose work is spread evenly but for
/// their transforms, so the costliest 64 samples hold one transform of 1024
/// besides the usual, and over 65 536 taps one of 4096. Partitions are cut at multiples of 64 samples since the start, not
/// where a call ends, so any cut of a signal gives the same bits.
///
/// Input is cleaned as that of an engine is: what is not finite is silence, and
/// ±1000 is the loudest. Building allocates; clones share the response and have
/// their own state.
#[derive(Clone)]
pub struct Convolver {
    response: Arc<Response>,
    level: Level,
    past: Vec<f32>, // what the direct part and the present block need, then room
    at: usize,      // of the next sample in `past`
    phase: usize,   // samples into the present block
    stages: Vec<Stage>,
}

/// An impulse response, cut up and transformed.
pub(crate) struct Response {
    direct: Vec<[f32; 4]>, // the first taps, newest input first
    spectra: Vec<Spectra>,
}

impl Response {
    pub(crate) fn new(impulse: &[f32]) -> Self {
        // From which tap on partitions have which size.
        let sizes = [(SMALL, SMALL), (2 * MEDIUM, MEDIUM), (2 * LARGE, LARGE)];
        let count = [DIRECT, ONE_SIZE, TWO_SIZES].iter().filter(|&&n| impulse.len() > n).count();
        let parts = &sizes[..count];
        let ends = parts.iter().skip(1).map(|(start, _)| *start).chain([impulse.len()]);
        let spectra = parts
            .iter()
            .zip(ends)
            .map(|((start, size), end)| Spectra::new(*size, &impulse[*start..end]));
        let direct = &impulse[..parts.first().map_or(impulse.len(), |(start, _)| *start)];
        let fours = direct.chunks(4).map(|taps| std::array::from_fn(|i| at_or_zero(taps, i)));
        Self { direct: fours.collect(), spectra: spectra.collect() }
    }

    /// Whether it is summed directly, without transforms.
    pub(crate) fn is_direct(&self) -> bool {
        self.spectra.is_empty()
    }

    /// Samples of past input to keep: the direct part's and the present block.
    fn kept(&self) -> usize {
        (4 * self.direct.len()).max(BLOCK)
    }
}

fn at_or_zero(values: &[f32], i: usize) -> f32 {
    values.get(i).copied().unwrap_or(0.0)
}

impl Convolver {
    /// `impulse[0]` weighs the present sample, `impulse[n]` the one `n` before.
    pub fn new(impulse: &[f32]) -> Self {
        Self::of(Arc::new(Response::new(impulse)), Level::new())
    }

    pub(crate) fn of(response: Arc<Response>, level: Level) -> Self {
        let stages = response.spectra.iter().map(Stage::new).collect();
        let at = response.kept();
        let past = vec![0.0; at + ROOM + BLOCK];
        Self { response, level, past, at, phase: 0, stages }
    }

    /// Replaces `io`, of any length, with its convolution. Neither allocates
    /// nor blocks.
    pub fn process(&mut self, io: &mut [f32]) {
        let mut rest = io;
        while !rest.is_empty() {
            let (now, later) = rest.split_at_mut(rest.len().min(BLOCK - self.phase));
            self.part(now);
            rest = later;
        }
    }

    /// Forgets all input.
    pub fn reset(&mut self) {
        self.past.fill(0.0);
        self.at = self.response.kept();
        self.phase = 0;
        self.stages.iter_mut().for_each(Stage::reset);
    }

    /// Samples of silence, at least as many as the response has, after which
    /// nothing is left of the input before.
    pub fn memory(&self) -> usize {
        let spectra = self.response.spectra.iter().map(Spectra::memory);
        spectra.fold(self.response.kept(), usize::max)
    }

    /// Passes `samples` of silence, if so many as [`memory`](Self::memory) came
    /// before. Costs next to nothing, and all after is as if they had been
    /// processed. Real-time safe.
    pub fn skip(&mut self, samples: usize) {
        let blocks = (self.phase + samples) / BLOCK;
        self.phase = (self.phase + samples) % BLOCK;
        self.stages.iter_mut().for_each(|stage| stage.skip(blocks));
    }

    /// A piece of the present block.
    fn part(&mut self, io: &mut [f32]) {
        if self.at + 2 * BLOCK > self.past.len() {
            let kept = self.response.kept();
            self.past.copy_within(self.at - kept..self.at, 0);
            self.at = kept;
        }
        let (from, to) = (self.at, self.at + io.len());
        for (past, x) in self.past[from..to].iter_mut().zip(&*io) {
            *past = clean(*x);
        }
        let direct = &self.response.direct;
        let past = &self.past[from - 4 * direct.len()..];
        dispatch!(self.level, simd => convolve(simd, direct, past, io));
        for stage in &self.stages {
            for (y, tail) in io.iter_mut().zip(stage.output(self.phase)) {
                *y += tail;
            }
        }
        self.at = to;
        self.phase += io.len();
        if self.phase == BLOCK {
            self.phase = 0;
            let block = &self.past[to - BLOCK..to];
            for (stage, spectra) in self.stages.iter_mut().zip(&self.response.spectra) {
                stage.push(self.level, spectra, block);
            }
        }
    }
}

/// Writes to `out` the sum of `taps` over `past`, which starts as many samples
/// before `out` as there are taps and ends a block or more after.
///
/// Frames lie across lanes and each sums in the same order, so it does not
/// matter which frames are computed together.
#[inline(always)]
fn convolve<S: Simd>(simd: S, taps: &[[f32; 4]], past: &[f32], out: &mut [f32]) {
    let mut from = 0;
    while from < out.len() {
        let (past, out) = (&past[from..], &mut out[from..]);
        from += match out.len() {
            ..=4 => tile::<S, f32x4<S>, 1>(simd, taps, past, out),
            n if n <= S::f32s::LEN => tile::<S, S::f32s, 1>(simd, taps, past, out),
            _ => tile::<S, S::f32s, 2>(simd, taps, past, out),
        };
    }
}

/// Up to `N` vectors of frames; returns how many that is.
#[inline(always)]
fn tile<S: Simd, V: Vector<S>, const N: usize>(
    simd: S,
    taps: &[[f32; 4]],
    past: &[f32],
    out: &mut [f32],
) -> usize {
    let mut sums = [[V::splat(simd, 0.0); N]; 4];
    let reach = 4 * taps.len();
    for (i, taps) in taps.iter().enumerate() {
        // Four taps look at frames up to three later than the oldest does.
        let past = &past[reach - 4 * i - 3..][..3 + N * V::LEN];
        for k in 0..4 {
            let tap = V::splat(simd, taps[k]);
            for (n, sum) in sums[k].iter_mut().enumerate() {
                let x = V::from_slice(simd, &past[3 - k + n * V::LEN..][..V::LEN]);
                *sum = tap.mul_add(x, *sum);
            }
        }
    }
    let [a, b, c, d] = sums;
    for (n, out) in out.chunks_mut(V::LEN).take(N).enumerate() {
        let sum = (a[n] + b[n]) + (c[n] + d[n]);
        out.copy_from_slice(&sum.as_slice()[..out.len()]);
    }
    N * V::LEN
}

#[cfg(test)]
#[path = "convolver_tests.rs"]
mod tests;
