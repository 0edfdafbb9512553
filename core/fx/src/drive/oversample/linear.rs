//! Linear phase: half-band filters of symmetrical impulse responses.
//!
//! Of their taps every other one is zero but the one in the middle. So of a doubling
//! the odd samples are the input, delayed, and the even ones come from the others;
//! samples of time fill the vectors.

use fearless_simd::{Level, Simd, dispatch, prelude::*};

use super::{BLOCK, design};

/// The largest vector, and how many are computed together.
const WIDEST: usize = 16;
const TOGETHER: usize = 4;

/// A signal with its past.
#[derive(Clone)]
struct Past {
    /// Past, present, and room for a vector too many.
    samples: Vec<f32>,
    past: usize,
}

impl Past {
    fn new(past: usize, most: usize) -> Self {
        Self { samples: vec![0.0; past + most + WIDEST * TOGETHER], past }
    }

    /// Where the next `n` samples go.
    fn next(&mut self, n: usize) -> &mut [f32] {
        &mut self.samples[self.past..self.past + n]
    }

    /// Lets `n` samples become past.
    fn pass(&mut self, n: usize) {
        self.samples.copy_within(n..n + self.past, 0);
    }
}

/// One channel's doubling, or its halving.
#[derive(Clone)]
struct Half {
    /// Of the symmetrical filter, the outer first.
    taps: Vec<f32>,
    filtered: Past,
    delayed: Past,
    /// Of a call.
    output: Vec<f32>,
}

impl Half {
    /// `delay` samples are what the unfiltered signal waits for the middle of the filter.
    fn new(taps: &[f32], most: usize, delay: usize) -> Self {
        Self {
            filtered: Past::new(2 * taps.len() - 1, most),
            delayed: Past::new(delay, most),
            output: vec![0.0; most + WIDEST * TOGETHER],
            taps: taps.to_vec(),
        }
    }

    fn reset(&mut self) {
        self.filtered.samples.fill(0.0);
        self.delayed.samples.fill(0.0);
    }

    /// Filters the next `n` samples.
    fn filter(&mut self, level: Level, n: usize) {
        dispatch!(level, s => self.filter_on(s, n));
        self.filtered.pass(n);
    }

    #[inline(always)]
    fn filter_on<S: Simd>(&mut self, s: S, n: usize) {
        let lanes = S::f32s::LEN;
        let mut at = 0;
        // Whole vectors in any case, so that no sample depends on how many there are.
        while at < n {
            if n - at > lanes {
                self.vectors::<S, TOGETHER>(s, at);
                at += TOGETHER * lanes;
            } else {
                self.vectors::<S, 1>(s, at);
                at += lanes;
            }
        }
    }

    #[inline(always)]
    fn vectors<S: Simd, const N: usize>(&mut self, s: S, at: usize) {
        let lanes = S::f32s::LEN;
        let x = &self.filtered.samples[at..at + self.filtered.past + N * lanes];
        let mut sums = [S::f32s::splat(s, 0.0); N];
        let last = self.filtered.past;
        for (j, tap) in self.taps.iter().enumerate() {
            let tap = S::f32s::splat(s, *tap);
            for (v, sum) in sums.iter_mut().enumerate() {
                let load = |from: usize| S::f32s::from_slice(s, &x[from..from + lanes]);
                let pair = load(j + v * lanes) + load(last - j + v * lanes);
                *sum = pair.mul_add(tap, *sum);
            }
        }
        for (v, sum) in sums.iter().enumerate() {
            let from = at + v * lanes;
            sum.store_slice(&mut self.output[from..from + lanes]);
        }
    }

    /// Doubles the rate of `from`.
    fn double(&mut self, level: Level, from: &[f32], to: &mut [f32]) {
        let n = from.len();
        self.filtered.next(n).copy_from_slice(from);
        self.delayed.next(n).copy_from_slice(from);
        self.filter(level, n);
        for (pair, (even, odd)) in
            to.chunks_exact_mut(2).zip(self.output[..n].iter().zip(&self.delayed.samples))
        {
            (pair[0], pair[1]) = (*even, *odd);
        }
        self.delayed.pass(n);
    }

    /// Halves the rate of `from`.
    fn halve(&mut self, level: Level, from: &[f32], to: &mut [f32]) {
        let n = from.len() / 2;
        let places = self.filtered.next(n).iter_mut().zip(self.delayed.next(n));
        for ((odd, even), pair) in places.zip(from.chunks_exact(2)) {
            (*even, *odd) = (pair[0], pair[1]);
        }
        self.filter(level, n);
        let sums = self.output[..n].iter().zip(&self.delayed.samples);
        to.iter_mut().zip(sums).for_each(|(y, (a, b))| *y = 0.5 * (a + b));
        self.delayed.pass(n);
    }
}

/// All doublings and halvings of the two wet channels.
pub(super) struct Linear {
    /// Of a channel, the lowest rate's first.
    up: [Vec<Half>; 2],
    down: [Vec<Half>; 2],
    work: [Vec<f32>; 2],
    /// Makes the latency whole.
    pad: [Past; 2],
    latency: usize,
    level: Level,
}

impl Linear {
    /// `stages` doublings, one or more, around what is late by `behind` samples of the
    /// highest rate.
    pub(super) fn new(stages: usize, behind: usize, level: Level) -> Self {
        let factor = 1 << stages;
        let half = |stage| {
            let taps = design::linear(stage);
            Half::new(&taps, BLOCK << stage, taps.len() - 1)
        };
        let up: Vec<Half> = (0..stages).map(half).collect();
        let down = up.clone();
        // Of the higher rate, 4 N − 3 for N taps: 2 N − 1 up, and one less down, for
        // the sample that is kept is the later one of the two.
        let late =
            up.iter().enumerate().map(|(k, half)| (4 * half.taps.len() - 3) << (stages - 1 - k));
        let late = late.sum::<usize>() + behind;
        let latency = late.next_multiple_of(factor);
        let pad = || Past::new(latency - late, BLOCK * factor);
        let work = || vec![0.0; BLOCK * factor];
        Self {
            up: [up.clone(), up],
            down: [down.clone(), down],
            work: [work(), work()],
            pad: [pad(), pad()],
            latency,
            level,
        }
    }

    /// In samples of the highest rate; a whole multiple of those of the lowest.
    pub(super) fn latency(&self) -> usize {
        self.latency
    }

    pub(super) fn reset(&mut self) {
        self.up.iter_mut().chain(&mut self.down).flatten().for_each(Half::reset);
        self.pad.iter_mut().for_each(|pad| pad.samples.fill(0.0));
    }

    /// Brings at most a block up.
    pub(super) fn up(&mut self, io: [&[f32]; 2], wet: [&mut [f32]; 2]) {
        let [a, b] = &mut self.work;
        for (((stages, io), wet), pad) in self.up.iter_mut().zip(io).zip(wet).zip(&mut self.pad) {
            let (mut from, mut to) = (&mut *a, &mut *b);
            let mut n = io.len();
            from[..n].copy_from_slice(io);
            for stage in stages {
                stage.double(self.level, &from[..n], &mut to[..2 * n]);
                std::mem::swap(&mut from, &mut to);
                n *= 2;
            }
            pad.next(n).copy_from_slice(&from[..n]);
            wet.copy_from_slice(&pad.samples[..n]);
            pad.pass(n);
        }
    }

    /// Brings them back down.
    pub(super) fn down(&mut self, wet: [&[f32]; 2], io: [&mut [f32]; 2]) {
        let [a, b] = &mut self.work;
        for ((stages, wet), io) in self.down.iter_mut().zip(wet).zip(io) {
            let (mut from, mut to) = (&mut *a, &mut *b);
            let mut n = wet.len();
            from[..n].copy_from_slice(wet);
            for stage in stages.iter_mut().rev() {
                stage.halve(self.level, &from[..n], &mut to[..n / 2]);
                std::mem::swap(&mut from, &mut to);
                n /= 2;
            }
            io.copy_from_slice(&from[..n]);
        }
    }
}
