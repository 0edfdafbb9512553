//! The tone stack: four knobs of fixed filters.

use crate::amp;
use crate::bank::{Bank, Glide, Shape};
use crate::filter::{BUTTERWORTH, Coefs, Kind, prewarp};

/// What makes a knob one of the four.
#[derive(Debug)]
struct Design {
    kind: Kind,
    /// Its frequency in Hz.
    edge: f64,
    /// What a mark is, in dB.
    mark: f32,
    /// Its Q where it cuts, and where it lifts.
    quality: [f64; 2],
}

/// Bass, middle, treble and presence. The first three are the official player's
/// (`NeuralAmpModelerPlugin`, `ToneStack.cpp`), the middle's two qualities too.
const DESIGNS: [Design; 4] = [
    Design { kind: Kind::LowShelf, edge: 150.0, mark: 4.0, quality: [BUTTERWORTH; 2] },
    Design { kind: Kind::Peak, edge: 425.0, mark: 3.0, quality: [1.5, 0.7] },
    Design { kind: Kind::HighShelf, edge: 1800.0, mark: 2.0, quality: [BUTTERWORTH; 2] },
    Design { kind: Kind::HighShelf, edge: 4000.0, mark: 2.0, quality: [BUTTERWORTH; 2] },
];

/// Where all knobs are flat.
const FLAT: f32 = 5.0;

#[derive(Clone, Debug)]
struct Knob {
    design: &'static Design,
    warp: f64,
    /// In dB.
    gain: Glide,
}

impl Shape for Knob {
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
        let gain = self.gain.value();
        // The middle's Q jumps where it is flat, so is not heard there.
        let quality = self.design.quality[usize::from(gain >= 0.0)];
        Coefs::new(self.design.kind, self.warp, quality, gain)
    }
}

/// A tone stack over one or two channels.
///
/// A change arrives within 20 ms, in which gains move linearly in dB. To switch
/// the stack out is to move all gains to 0 dB, which fades without the comb that a
/// mix of two phases would make, and ends at the unfiltered signal exactly. Knobs
/// at 5 change no bit and cost nothing.
#[derive(Clone, Debug)]
pub struct Tone {
    bank: Bank<Knob, 4>,
    /// The first parameters after a reset hold at once.
    fresh: bool,
}

impl Tone {
    /// A flat stack. `sample_rate` is in Hz.
    pub fn new(sample_rate: f32) -> Self {
        let knob = |design: &'static Design| Knob {
            design,
            warp: prewarp(sample_rate, design.edge),
            gain: Glide::new(0.0, sample_rate),
        };
        Self { bank: Bank::new(DESIGNS.each_ref().map(knob)), fresh: true }
    }

    /// Forgets all sound. The next parameters hold at once. Real-time safe.
    pub fn reset(&mut self) {
        self.fresh = true;
    }

    /// Filters one or two channels in place, the shorter one's length of them;
    /// further ones are left as they are. Where the stack lies is the caller's
    /// business: `params.before` is not read. Real-time safe. The input is finite.
    pub fn process(&mut self, channels: &mut [&mut [f32]], params: &amp::Tone) {
        self.follow(params);
        self.bank.process(channels);
    }

    fn follow(&mut self, params: &amp::Tone) {
        let marks = [params.bass, params.middle, params.treble, params.presence];
        for (knob, mark) in self.bank.shapes().zip(marks) {
            let flat = !params.on || mark.is_nan();
            let mark = if flat { FLAT } else { mark.clamp(0.0, 10.0) };
            knob.gain.set((mark - FLAT) * knob.design.mark);
        }
        if std::mem::take(&mut self.fresh) {
            self.bank.snap();
        }
    }
}

#[cfg(test)]
#[path = "tone_tests.rs"]
mod tests;
