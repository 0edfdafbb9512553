//! The tilt of the spectrum after the network.

use crate::bank::{Glide, Shape};
use crate::filter::{Coefs, prewarp};

/// Where the tilt turns, in Hz: the middle of what a guitar sounds.
const CENTRE: f64 = 700.0;

/// A tilt of first order whose gain glides.
#[derive(Clone, Debug)]
pub(super) struct Tilt {
    warp: f64,
    /// In dB.
    gain: Glide,
}

impl Tilt {
    /// Flat. `sample_rate` is in Hz.
    pub(super) fn new(sample_rate: f32) -> Self {
        Self { warp: prewarp(sample_rate, CENTRE), gain: Glide::new(0.0, sample_rate) }
    }

    /// Where it goes, in dB.
    pub(super) fn set(&mut self, gain: f32) {
        self.gain.set(gain);
    }
}

impl Shape for Tilt {
    fn settled(&self) -> bool {
        self.gain.settled()
    }

    fn step(&mut self) {
        self.gain.step();
    }

    fn snap(&mut self) {
        self.gain.snap();
    }

    fn coefs(&self) -> Coefs {
        Coefs::tilt(self.warp, self.gain.value())
    }
}
