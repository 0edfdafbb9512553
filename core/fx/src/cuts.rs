//! The low cut and the high cut after the cabinet.

use std::ops::RangeInclusive;

use crate::bank::{Bank, Glide, Shape};
use crate::filter::{BUTTERWORTH, Coefs, Kind, prewarp};

/// The range of the low cut's edge, in Hz; at its lower end it is off.
pub const LOW_CUT: RangeInclusive<f32> = 20.0..=800.0;

/// The range of the high cut's edge, in Hz; at its upper end it is off.
pub const HIGH_CUT: RangeInclusive<f32> = 1000.0..=20_000.0;

#[derive(Clone, Debug)]
struct Cut {
    kind: Kind,
    sample_rate: f32,
    /// The binary logarithm of the edge in Hz, so that it moves geometrically.
    edge: Glide,
    /// Share of the filter in the output: 0 off, 1 on.
    share: Glide,
}

impl Cut {
    fn new(kind: Kind, off: f32, sample_rate: f32) -> Self {
        let edge = Glide::new(off.log2(), sample_rate);
        Self { kind, sample_rate, edge, share: Glide::new(0.0, sample_rate) }
    }

    /// What is no number is off.
    fn set(&mut self, hz: f32, range: RangeInclusive<f32>, off: f32) {
        let hz = if hz.is_nan() { off } else { hz.clamp(*range.start(), *range.end()) };
        self.edge.set(hz.log2());
        self.share.set(if hz == off { 0.0 } else { 1.0 });
    }
}

impl Shape for Cut {
    fn settled(&self) -> bool {
        self.edge.settled() && self.share.settled()
    }

    fn step(&mut self) {
        self.edge.step();
        self.share.step();
    }

    fn snap(&mut self) {
        self.edge.snap();
        self.share.snap();
    }

    fn coefs(&self) -> Coefs {
        let warp = prewarp(self.sample_rate, self.edge.value().exp2());
        Coefs::new(self.kind, warp, BUTTERWORTH, 0.0).mixed(self.share.value())
    }
}

/// A high-pass and a low-pass of 12 dB an octave over one or two channels.
///
/// A change arrives within 20 ms, in which edges move geometrically and a filter
/// switched on or off cross-fades. What is off changes no bit and costs nothing.
/// An edge above 0.49 of the sample rate lies there.
#[derive(Clone, Debug)]
pub struct Cuts {
    bank: Bank<Cut, 2>,
    /// The first parameters after a reset hold at once.
    fresh: bool,
}

impl Cuts {
    /// Both off. `sample_rate` is in Hz.
    pub fn new(sample_rate: f32) -> Self {
        let low = Cut::new(Kind::HighPass, *LOW_CUT.start(), sample_rate);
        let high = Cut::new(Kind::LowPass, *HIGH_CUT.end(), sample_rate);
        Self { bank: Bank::new([low, high]), fresh: true }
    }

    /// Sets the rate of the signal, in Hz, and forgets all sound. Real-time safe.
    pub fn set_sample_rate(&mut self, sample_rate: f32) {
        *self = Self::new(sample_rate);
    }

    /// Forgets all sound. The next parameters hold at once. Real-time safe.
    pub fn reset(&mut self) {
        self.fresh = true;
    }

    /// Filters one or two channels in place, the shorter one's length of them;
    /// further ones are left as they are. The edges are in Hz, see [`LOW_CUT`] and
    /// [`HIGH_CUT`]. Real-time safe. The input is finite.
    pub fn process(&mut self, channels: &mut [&mut [f32]], low_cut: f32, high_cut: f32) {
        let settings =
            [(low_cut, LOW_CUT, *LOW_CUT.start()), (high_cut, HIGH_CUT, *HIGH_CUT.end())];
        for (cut, (hz, range, off)) in self.bank.shapes().zip(settings) {
            cut.set(hz, range, off);
        }
        if std::mem::take(&mut self.fresh) {
            self.bank.snap();
        }
        self.bank.process(channels);
    }
}

#[cfg(test)]
#[path = "cuts_tests.rs"]
mod tests;
