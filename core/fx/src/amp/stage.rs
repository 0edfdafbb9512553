//! One place for a model: its trim, the model, and the way around it.

use nn::BLOCK;

use super::{Levels, SlotParams, feed};
use crate::delay::{Delay, MAX_LATENCY};
use crate::pair::{Pair, Settings};
use crate::smooth::{Smooth, fade_samples, gain};
use crate::swap::{self, Loader, Slot};

pub(super) struct Stage {
    slot: Slot<Pair>,
    /// 0 around the model, 1 through it.
    on: Smooth,
    trim: Smooth,
    around: [Delay; 2],
    fade: usize,
    /// The first parameters after a reset hold at once.
    fresh: bool,
}

impl Stage {
    pub(super) fn new(sample_rate: f32) -> (Loader<Pair>, Self) {
        let fade = fade_samples(sample_rate);
        let (loader, slot) = swap::slot(fade);
        let stage = Self {
            slot,
            on: Smooth::new(0.0, fade),
            trim: Smooth::new(1.0, fade),
            around: [(); 2].map(|()| Delay::new(MAX_LATENCY)),
            fade,
            fresh: true,
        };
        (loader, stage)
    }

    pub(super) fn set_sample_rate(&mut self, sample_rate: f32) {
        self.fade = fade_samples(sample_rate);
        self.slot.set_fade(self.fade);
        self.on.set_length(self.fade);
        self.trim.set_length(self.fade);
    }

    /// See [`Slot::span`].
    pub(super) fn span(&mut self) -> usize {
        self.slot.span()
    }

    /// See [`Slot::is_still`] and [`Slot::memory`].
    pub(super) fn stillness(&self) -> (bool, usize) {
        (self.slot.is_still(), self.slot.memory() + self.latency())
    }

    pub(super) fn reset(&mut self) {
        self.slot.reset();
        self.around.iter_mut().for_each(Delay::reset);
        self.fresh = true;
    }

    /// Samples by which the output trails the input, on or off.
    pub(super) fn latency(&self) -> usize {
        self.slot.voice().map_or(0, Pair::latency).min(MAX_LATENCY)
    }

    /// Whether a model shapes the sound.
    pub(super) fn is_on(&self, params: &SlotParams) -> bool {
        params.on && self.slot.voice().is_some_and(Pair::is_some)
    }

    /// The next parameters hold at once.
    pub(super) fn refresh(&mut self) {
        self.fresh = true;
        self.slot.voice_mut().into_iter().for_each(Pair::refresh);
    }

    fn follow(&mut self, params: &SlotParams) {
        let on = if self.is_on(params) { 1.0 } else { 0.0 };
        let trim = gain(params.trim);
        if std::mem::take(&mut self.fresh) {
            self.on.snap(on);
            self.trim.snap(trim);
        }
        self.on.set(on);
        self.trim.set(trim);
    }

    /// At most one [`span`](Self::span) of one or two channels.
    pub(super) fn process(&mut self, io: &mut [&mut [f32]], params: &SlotParams, levels: Levels) {
        self.follow(params);
        let settings = Settings { quality: params.quality, levels };
        let latency = self.latency();
        let mut dry = [[0.0; BLOCK]; 2];
        for ((dry, delay), io) in dry.iter_mut().zip(&mut self.around).zip(&*io) {
            let dry = &mut dry[..io.len()];
            dry.copy_from_slice(io);
            delay.set(latency, self.fade);
            delay.process(dry);
        }
        let Some(on) = self.on.settled() else {
            return self.fade(io, &dry, &settings);
        };
        if on == 1.0 {
            self.trim.apply(io);
            return self.slot.process(io, &settings);
        }
        if self.slot.is_still() {
            // In silence a network that is not heard comes to rest.
            self.trim.skip(io[0].len());
            io.iter_mut().for_each(|io| io.fill(0.0));
        } else {
            // One that is about to be heard warms up on what is playing.
            self.trim.apply(io);
        }
        self.slot.process(io, &settings);
        io.iter_mut().zip(&dry).for_each(|(io, dry)| io.copy_from_slice(&dry[..io.len()]));
    }

    /// On the way through the model or around it.
    fn fade(&mut self, io: &mut [&mut [f32]], dry: &[[f32; BLOCK]; 2], settings: &Settings) {
        let mut share = [0.0; BLOCK];
        let share = &mut share[..io[0].len()];
        self.on.fill(share);
        self.trim.apply(io);
        for io in io.iter_mut() {
            // Around it goes silence in. A network that remembers the edge of one would
            // repeat it when it is heard already.
            io.iter_mut().zip(&*share).for_each(|(x, on)| *x *= feed(*on));
        }
        self.slot.process(io, settings);
        for (io, dry) in io.iter_mut().zip(dry) {
            for ((x, dry), share) in io.iter_mut().zip(dry).zip(&*share) {
                *x = *x * share + dry * (1.0 - share);
            }
        }
    }
}
