//! The cabinet: two impulse responses, mixed, and two cuts.

use nn::BLOCK;

use super::{Cabinet as Params, feed};
use crate::cabinet::{Cabinet, Settings};
use crate::cuts::Cuts;
use crate::rest::{Rest, unless_silent};
use crate::smooth::{Smooth, fade_samples};
use crate::swap::{self, Loader, Slot};

pub(super) struct Speaker {
    slots: [Slot<Cabinet>; 2],
    shares: [Smooth; 2],
    on: Smooth,
    cuts: Cuts,
    /// Of the cuts.
    rest: Rest,
    fresh: bool,
}

impl Speaker {
    pub(super) fn new(sample_rate: f32) -> ([Loader<Cabinet>; 2], Self) {
        let fade = fade_samples(sample_rate);
        let [(first, a), (second, b)] = [(); 2].map(|()| swap::slot(fade));
        let speaker = Self {
            slots: [a, b],
            shares: [Smooth::new(1.0, fade), Smooth::new(0.0, fade)],
            on: Smooth::new(0.0, fade),
            cuts: Cuts::new(sample_rate),
            rest: Rest::new(sample_rate as usize),
            fresh: true,
        };
        ([first, second], speaker)
    }

    pub(super) fn set_sample_rate(&mut self, sample_rate: f32) {
        let fade = fade_samples(sample_rate);
        self.slots.iter_mut().for_each(|slot| slot.set_fade(fade));
        self.shares.iter_mut().chain([&mut self.on]).for_each(|smooth| smooth.set_length(fade));
        self.cuts.set_sample_rate(sample_rate);
        self.rest = Rest::new(sample_rate as usize);
    }

    pub(super) fn reset(&mut self) {
        self.slots.iter_mut().for_each(Slot::reset);
        self.cuts.reset();
        self.rest.wake();
        self.fresh = true;
    }

    /// Samples that may be processed at once; see [`Slot::span`].
    pub(super) fn span(&mut self) -> usize {
        self.slots.iter_mut().map(Slot::span).min().unwrap_or(BLOCK)
    }

    /// Whether no response is changing, and the samples the longest remembers.
    pub(super) fn stillness(&self) -> (bool, usize) {
        let [a, b] = &self.slots;
        (a.is_still() && b.is_still(), a.memory().max(b.memory()))
    }

    /// The next parameters hold at once.
    pub(super) fn refresh(&mut self) {
        self.fresh = true;
        for slot in &mut self.slots {
            slot.voice_mut().into_iter().for_each(Cabinet::refresh);
        }
        self.cuts.reset();
    }

    /// Lets silence pass after which all is at rest.
    pub(super) fn skip(&mut self, samples: usize) {
        for slot in &mut self.slots {
            slot.voice_mut().into_iter().for_each(|cabinet| cabinet.skip(samples));
        }
    }

    fn follow(&mut self, params: &Params) {
        // One on its way out is left before it is gone, or what is bare would be heard.
        let loaded = self.slots.each_ref().map(|slot| {
            slot.voice().is_some_and(Cabinet::is_some) && slot.coming().is_none_or(Cabinet::is_some)
        });
        let shares = match loaded {
            [true, true] => [1.0 - params.blend, params.blend],
            [false, true] => [0.0, 1.0],
            // Without any, the first slot passes what comes.
            _ => [1.0, 0.0],
        };
        let on = if params.on { 1.0 } else { 0.0 };
        if std::mem::take(&mut self.fresh) {
            self.on.snap(on);
            self.shares.iter_mut().zip(shares).for_each(|(smooth, share)| smooth.snap(share));
        }
        self.on.set(on);
        self.shares.iter_mut().zip(shares).for_each(|(smooth, share)| smooth.set(share));
    }

    /// At most one [`span`](Self::span) of one or two channels.
    pub(super) fn process(&mut self, io: &mut [&mut [f32]], params: &Params) {
        let was_off = self.on.settled() == Some(0.0);
        self.follow(params);
        let mut scratch = [[0.0; BLOCK]; 2];
        let [left, right] = &mut scratch;
        let n = io[0].len();
        let other = &mut [&mut left[..n], &mut right[..n]][..io.len()];
        if self.on.settled() == Some(0.0) {
            self.shares.iter_mut().for_each(|share| share.skip(n));
            // Unheard, the responses ring out and rest.
            for slot in &mut self.slots {
                other.iter_mut().for_each(|other| other.fill(0.0));
                slot.process(other, &Settings { normalize: params.normalize });
            }
            return;
        }
        if was_off {
            self.cuts.reset();
        }
        let mut dry = [[0.0; BLOCK]; 2];
        dry.iter_mut().zip(&*io).for_each(|(dry, io)| dry[..n].copy_from_slice(io));
        let mut on = [0.0; BLOCK];
        self.on.fill(&mut on[..n]);
        for io in io.iter_mut() {
            // Silence goes in while it is off, and no edge between, which would ring.
            io.iter_mut().zip(&on).for_each(|(x, on)| *x *= feed(*on));
        }
        self.convolve(io, other, params);
        unless_silent(&mut self.rest, io, |io, woken| {
            if woken {
                self.cuts.reset();
            }
            self.cuts.process(io, params.low_cut, params.high_cut);
        });
        if on[..n].iter().any(|on| *on < 1.0) {
            for (io, dry) in io.iter_mut().zip(&dry) {
                for ((x, dry), on) in io.iter_mut().zip(dry).zip(&on) {
                    *x = *x * on + dry * (1.0 - on);
                }
            }
        }
    }

    /// Both responses of `io`, mixed; `other` is scratch.
    fn convolve(&mut self, io: &mut [&mut [f32]], other: &mut [&mut [f32]], params: &Params) {
        let settings = Settings { normalize: params.normalize };
        let [first, second] = &mut self.slots;
        let alone = self.shares.each_ref().map(Smooth::settled) == [Some(1.0), Some(0.0)];
        if alone && second.voice().is_none() {
            return first.process(io, &settings);
        }
        other.iter_mut().zip(&*io).for_each(|(other, io)| other.copy_from_slice(io));
        first.process(io, &settings);
        second.process(other, &settings);
        let mut shares = [[0.0; BLOCK]; 2];
        for (share, smooth) in shares.iter_mut().zip(&mut self.shares) {
            smooth.fill(&mut share[..io[0].len()]);
        }
        for (io, other) in io.iter_mut().zip(other) {
            for (i, x) in io.iter_mut().enumerate() {
                *x = *x * shares[0][i] + other[i] * shares[1][i];
            }
        }
    }
}
