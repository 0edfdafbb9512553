//! Two models in series or side by side.

use nn::BLOCK;

use super::stage::Stage;
use super::{Params, Routing};
use crate::delay::{Delay, MAX_LATENCY};
use crate::pair::Pair;
use crate::smooth::{Smooth, fade_samples};
use crate::swap::Loader;

pub(super) struct Rack {
    stages: [Stage; 2],
    /// 0 in series, 1 in parallel.
    parallel: Smooth,
    /// Shares of the models in parallel, negative where one is upside down.
    shares: [Smooth; 2],
    /// Make each as late in parallel as both are in series. // models × channels
    align: [[Delay; 2]; 2],
    fade: usize,
    fresh: bool,
    /// The last block was all in series.
    was_series: bool,
}

impl Rack {
    pub(super) fn new(sample_rate: f32) -> ([Loader<Pair>; 2], Self) {
        let fade = fade_samples(sample_rate);
        let [(first, a), (second, b)] = [(); 2].map(|()| Stage::new(sample_rate));
        let rack = Self {
            stages: [a, b],
            parallel: Smooth::new(0.0, fade),
            shares: [(); 2].map(|()| Smooth::new(0.5, fade)),
            align: [(); 2].map(|()| [(); 2].map(|()| Delay::new(MAX_LATENCY))),
            fade,
            fresh: true,
            was_series: true,
        };
        ([first, second], rack)
    }

    pub(super) fn set_sample_rate(&mut self, sample_rate: f32) {
        self.fade = fade_samples(sample_rate);
        self.stages.iter_mut().for_each(|stage| stage.set_sample_rate(sample_rate));
        self.parallel.set_length(self.fade);
        self.shares.iter_mut().for_each(|share| share.set_length(self.fade));
    }

    pub(super) fn reset(&mut self) {
        self.stages.iter_mut().for_each(Stage::reset);
        self.align.iter_mut().flatten().for_each(Delay::reset);
        self.fresh = true;
    }

    /// Samples that may be processed at once; see [`Stage::span`].
    pub(super) fn span(&mut self) -> usize {
        self.stages.iter_mut().map(Stage::span).min().unwrap_or(BLOCK)
    }

    /// Whether no model is changing, and the samples all of them remember.
    pub(super) fn stillness(&self) -> (bool, usize) {
        let [(a, first), (b, second)] = self.stages.each_ref().map(Stage::stillness);
        (a && b, first + second)
    }

    /// Samples by which the output trails the input: as many in parallel as in
    /// series, for a host asked to make up for others starts the plugin anew.
    pub(super) fn latency(&self) -> usize {
        self.stages.iter().map(Stage::latency).sum()
    }

    /// The next parameters hold at once.
    pub(super) fn refresh(&mut self) {
        self.fresh = true;
        self.stages.iter_mut().for_each(Stage::refresh);
    }

    fn follow(&mut self, params: &Params) {
        let parallel = if params.routing == Routing::Parallel { 1.0 } else { 0.0 };
        let sign = if params.invert { -1.0 } else { 1.0 };
        let shares = [1.0 - params.blend, sign * params.blend];
        if std::mem::take(&mut self.fresh) {
            self.parallel.snap(parallel);
            self.shares.iter_mut().zip(shares).for_each(|(smooth, share)| smooth.snap(share));
        }
        self.parallel.set(parallel);
        self.shares.iter_mut().zip(shares).for_each(|(smooth, share)| smooth.set(share));
    }

    /// At most one [`span`](Self::span) of one or two channels.
    pub(super) fn process(&mut self, io: &mut [&mut [f32]], params: &Params) {
        self.follow(params);
        let series = params.routing == Routing::Series;
        // Only the last model plays at the level the player asks for.
        let feeds = series && self.stages[1].is_on(&params.slots[1]);
        let levels = if feeds { params.levels.between() } else { params.levels };
        let [first, second] = &mut self.stages;
        if self.parallel.settled() == Some(0.0) {
            self.was_series = true;
            self.shares.iter_mut().for_each(|share| share.skip(io[0].len()));
            first.process(io, &params.slots[0], levels);
            second.process(io, &params.slots[1], params.levels);
            return;
        }
        if std::mem::take(&mut self.was_series) {
            self.align.iter_mut().flatten().for_each(Delay::reset);
        }
        let n = io[0].len();
        let mut parallel = [0.0; BLOCK];
        self.parallel.fill(&mut parallel[..n]);
        let mut other = copy(io);
        first.process(io, &params.slots[0], levels);
        for (x, a) in other.iter_mut().zip(&*io) {
            for ((x, a), p) in x.iter_mut().zip(a.iter()).zip(&parallel) {
                *x = *x * p + a * (1.0 - p);
            }
        }
        let [left, right] = &mut other;
        let b = &mut [&mut left[..n], &mut right[..n]][..io.len()];
        second.process(b, &params.slots[1], params.levels);
        self.mix(io, b, &parallel[..n]);
    }

    /// Writes to `a`, what the first model played, the sum with the second one's.
    fn mix(&mut self, a: &mut [&mut [f32]], b: &mut [&mut [f32]], parallel: &[f32]) {
        let latencies = self.stages.each_ref().map(Stage::latency);
        let mut shares = [[0.0; BLOCK]; 2];
        for (share, smooth) in shares.iter_mut().zip(&mut self.shares) {
            smooth.fill(&mut share[..parallel.len()]);
        }
        for (channel, (a, b)) in a.iter_mut().zip(b).enumerate() {
            let mut aligned = [[0.0; BLOCK]; 2];
            for (k, io) in [&**a, &**b].into_iter().enumerate() {
                let delay = &mut self.align[k][channel];
                delay.set(latencies[1 - k], self.fade);
                aligned[k][..io.len()].copy_from_slice(io);
                delay.process(&mut aligned[k][..io.len()]);
            }
            for (i, p) in parallel.iter().enumerate() {
                let sum = shares[0][i] * aligned[0][i] + shares[1][i] * aligned[1][i];
                a[i] = b[i] * (1.0 - p) + sum * p;
            }
        }
    }
}

/// What one or two channels hold.
fn copy(io: &[&mut [f32]]) -> [[f32; BLOCK]; 2] {
    let mut copy = [[0.0; BLOCK]; 2];
    copy.iter_mut().zip(io).for_each(|(copy, io)| copy[..io.len()].copy_from_slice(io));
    copy
}
