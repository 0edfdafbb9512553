//! The amplifier: a neural model between two gains.

use nn::BLOCK;

use crate::denormal::{FlushDenormals, scrub};
use crate::pair::{Pair, Settings};
use crate::smooth::Smooth;
use crate::swap::{self, Loader, Slot};

mod params;
mod ranges;

pub use params::{
    Cabinet, Channels, Gate, Levels, OutputLevel, Params, Routing, Slot as SlotParams, Tone,
};
pub use ranges::{RANGES, Range, range};

/// Seconds in which a gain or the bypass changes, and one model fades to another.
const FADE: f32 = 0.02;

/// 60 dB over full scale: no guitar, but no network turns it into infinity either.
const CEILING: f32 = 1000.0;

/// The largest magnitudes since they were last taken, left and right; 1 is full scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peaks {
    /// At the model's input, after the input gain.
    pub input: [f32; 2],
    /// At the output.
    pub output: [f32; 2],
}

/// The whole effect. Without a model, audio passes it dry, through both gains.
pub struct Amp {
    slot: Slot<Pair>,
    settings: Settings,
    input_gain: Smooth,
    output_gain: Smooth,
    /// 0 processed, 1 bypassed.
    bypass: Smooth,
    /// The first parameters after a reset hold at once.
    fresh: bool,
    peaks: Peaks,
}

impl Amp {
    /// An amplifier without a model, and the loader that gives it one.
    /// `sample_rate` is in Hz.
    pub fn new(sample_rate: f32) -> (Loader<Pair>, Self) {
        let fade = fade_samples(sample_rate);
        let (loader, slot) = swap::slot(fade);
        let amp = Self {
            slot,
            settings: Settings { quality: 1.0 },
            input_gain: Smooth::new(1.0, fade),
            output_gain: Smooth::new(1.0, fade),
            bypass: Smooth::new(0.0, fade),
            fresh: true,
            peaks: Peaks::default(),
        };
        (loader, amp)
    }

    /// Sets the rate of the signal, in Hz. The model stays, and runs at this
    /// rate whatever rate it was trained at.
    pub fn set_sample_rate(&mut self, sample_rate: f32) {
        let fade = fade_samples(sample_rate);
        self.slot.set_fade(fade);
        for smooth in [&mut self.input_gain, &mut self.output_gain, &mut self.bypass] {
            smooth.set_length(fade);
        }
    }

    /// Processes one or two channels of any equal length in place. The first
    /// `inputs` of them hold the input; with one input and two channels the
    /// result is copied to the second. Further channels are left as they are.
    ///
    /// Real-time safe. Input that is not finite counts as 0; the output is finite
    /// and free of subnormal numbers.
    pub fn process(&mut self, channels: &mut [&mut [f32]], inputs: usize, params: &Params) {
        let _flush = FlushDenormals::enter();
        self.follow(params);
        match channels {
            [] => {}
            [mono] => self.run(mono, None),
            [left, right, ..] if inputs >= 2 => {
                let length = left.len().min(right.len());
                self.run(&mut left[..length], Some(&mut right[..length]));
            }
            [left, right, ..] => {
                self.run(left, None);
                let length = left.len().min(right.len());
                right[..length].copy_from_slice(&left[..length]);
                self.peaks.output[1] = self.peaks.output[0];
            }
        }
    }

    /// Forgets all sound. The parameters of the next block hold from its first
    /// sample, and so does a model offered before it. Real-time safe.
    pub fn reset(&mut self) {
        let _flush = FlushDenormals::enter();
        self.slot.reset();
        self.fresh = true;
        self.peaks = Peaks::default();
    }

    /// The peaks since the last call.
    pub fn take_peaks(&mut self) -> Peaks {
        std::mem::take(&mut self.peaks)
    }

    fn follow(&mut self, params: &Params) {
        let input_gain = gain(params.input_gain, 20.0);
        let output_gain = gain(params.output_gain, 40.0);
        let bypass = if params.bypass { 1.0 } else { 0.0 };
        if self.fresh {
            self.fresh = false;
            self.input_gain.snap(input_gain);
            self.output_gain.snap(output_gain);
            self.bypass.snap(bypass);
        }
        self.input_gain.set(input_gain);
        self.output_gain.set(output_gain);
        self.bypass.set(bypass);
        let quality = params.slots[0].quality;
        let quality = if quality.is_nan() { 1.0 } else { quality };
        self.settings.quality = quality.clamp(0.0, 1.0);
    }

    fn run(&mut self, left: &mut [f32], right: Option<&mut [f32]>) {
        let mut rights = right.map(|r| r.chunks_mut(BLOCK));
        for left in left.chunks_mut(BLOCK) {
            match rights.as_mut().and_then(Iterator::next) {
                Some(right) => self.block(&mut [left, right]),
                None => self.block(&mut [left]),
            }
        }
    }

    /// One or two channels of at most `BLOCK` samples.
    fn block(&mut self, channels: &mut [&mut [f32]]) {
        let n = channels[0].len();
        let mut dry = [[0.0; BLOCK]; 2];
        let (mut before, mut after, mut bypass) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        self.input_gain.fill(&mut before[..n]);
        self.output_gain.fill(&mut after[..n]);
        self.bypass.fill(&mut bypass[..n]);

        for ((io, dry), peak) in channels.iter_mut().zip(&mut dry).zip(&mut self.peaks.input) {
            for ((x, dry), gain) in io.iter_mut().zip(dry).zip(&before) {
                *dry = if x.is_finite() { *x } else { 0.0 };
                *x = (*dry * gain).clamp(-CEILING, CEILING);
                *peak = peak.max(x.abs());
            }
        }
        self.slot.process(channels, &self.settings);
        for ((io, dry), peak) in channels.iter_mut().zip(&dry).zip(&mut self.peaks.output) {
            for (((x, dry), gain), bypass) in io.iter_mut().zip(dry).zip(&after).zip(&bypass) {
                // A sum of products, so that at either end it is exactly one of the two.
                *x = scrub(*x * (gain * (1.0 - bypass)) + dry * bypass);
                *peak = peak.max(x.abs());
            }
        }
    }
}

fn fade_samples(sample_rate: f32) -> usize {
    ((FADE * sample_rate) as usize).max(1)
}

/// The factor of `db`, which is taken as at most `limit` in magnitude.
fn gain(db: f32, limit: f32) -> f32 {
    let db = if db.is_nan() { 0.0 } else { db.clamp(-limit, limit) };
    10f32.powf(db / 20.0)
}

#[cfg(test)]
mod tests;
