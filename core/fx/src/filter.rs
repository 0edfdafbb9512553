//! Filters of first and second order that may be changed while they sound.
//!
//! A [`Section`] is the state-variable filter solved with the trapezoidal rule:
//! V. Zavalishin, *The Art of VA Filter Design* (rev. 2.1.2), chapter 4, in the
//! form of A. Simper, *Linear Trapezoidal Integrated State Variable Filter With
//! Low Noise Optimisation* (Cytomic, 2013, `SvfLinearTrapOptimised2.pdf`). Its
//! responses are those of the bilinear transform, so of the *Audio EQ Cookbook* of
//! R. Bristow-Johnson. Unlike a biquad's, its two state variables mean the same at
//! every setting, so that it may be changed at each sample.
//!
//! The state is `f64`. A sine of 30 Hz through a high-pass at 20 Hz, at 192 kHz,
//! comes out of `f32` with an error 83 dB below it, which an amplifier's gain may
//! bring up to where it is heard; out of `f64` with none but the input's own
//! rounding to 24 bits (a test measures both). Two channels of `f64` fill a vector
//! register, so two of `f32` would not be faster.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The Q of a Butterworth filter of second order, and of a shelf without a bump.
pub const BUTTERWORTH: f64 = FRAC_1_SQRT_2;

/// What becomes of the frequencies around a filter's edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The gain below the edge, half of it (in dB) at the edge.
    LowShelf,
    /// The gain at the edge, which is its centre.
    Peak,
    /// The gain above the edge, half of it (in dB) at the edge.
    HighShelf,
    /// Falls by 12 dB an octave below the edge. Its gain is not used.
    HighPass,
    /// Falls by 12 dB an octave above the edge. Its gain is not used.
    LowPass,
}

/// A frequency as the trapezoidal rule sees it: tan(π f / fs), for `hz` at
/// `sample_rate`, both in Hz. Above 0.49 of the rate it is taken to be there.
///
/// Zavalishin, section 3.8, "Bilinear transform", prewarping.
pub fn prewarp(sample_rate: f32, hz: f64) -> f64 {
    let sample_rate = f64::from(sample_rate).max(1.0);
    (PI * (hz / sample_rate).clamp(1e-6, 0.49)).tan()
}

/// What a [`Section`] is set to. All filters between two stable ones are stable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefs {
    /// Gain of an integrator over half a sample: the prewarped frequency.
    g: f64,
    /// Damping: 1/Q.
    k: f64,
    /// Shares of the input, the band-pass and the low-pass in the output.
    mix: [f64; 3],
}

impl Coefs {
    /// The filter of a kind with its edge at `warp` (see [`prewarp`]), its quality
    /// `q` and its `gain` in dB.
    ///
    /// Simper, pages 15 to 31: "low", "high", "bell", "low shelf", "high shelf",
    /// with A = 10^(gain/40). They equal the cookbook's LPF, HPF, peakingEQ,
    /// lowShelf and highShelf with α = sin(ω)/2Q.
    pub fn new(kind: Kind, warp: f64, q: f64, gain: f64) -> Self {
        let a = 10f64.powf(gain / 40.0);
        let k = 1.0 / q;
        match kind {
            Kind::LowShelf => {
                Self { g: warp / a.sqrt(), k, mix: [1.0, k * (a - 1.0), a * a - 1.0] }
            }
            Kind::Peak => {
                let k = k / a;
                Self { g: warp, k, mix: [1.0, k * (a * a - 1.0), 0.0] }
            }
            Kind::HighShelf => {
                let mix = [a * a, k * (1.0 - a) * a, 1.0 - a * a];
                Self { g: warp * a.sqrt(), k, mix }
            }
            Kind::HighPass => Self { g: warp, k, mix: [1.0, -k, -1.0] },
            Kind::LowPass => Self { g: warp, k, mix: [0.0, 0.0, 1.0] },
        }
    }

    /// (high s² + band k s + low) / (s² + k s + 1) with k = 1/q, in units of `warp`
    /// (see [`prewarp`]), of gains as factors.
    pub(crate) fn analogue(warp: f64, q: f64, [high, band, low]: [f64; 3]) -> Self {
        let k = 1.0 / q;
        Self { g: warp, k, mix: [high, k * (band - high), low - high] }
    }

    /// A tilt about `warp` (see [`prewarp`]): a filter of first order with `gain`, in
    /// dB, far above it, as much less far below, and none there.
    ///
    /// (A s + 1) / (s + A) with A = 10^(gain/20), as a section of two equal poles at
    /// A, one of which meets a zero.
    pub(crate) fn tilt(warp: f64, gain: f64) -> Self {
        let a = 10f64.powf(gain / 20.0);
        Self::analogue(warp * a, 0.5, [a, 0.5 * (a + 1.0 / a), 1.0 / a])
    }

    /// The sum of `share` of this filter and the rest of the unfiltered signal.
    #[must_use]
    pub fn mixed(self, share: f64) -> Self {
        let [x, band, low] = self.mix;
        Self { mix: [1.0 + share * (x - 1.0), share * band, share * low], ..self }
    }

    /// Whether the signal passes as it is.
    pub fn is_flat(&self) -> bool {
        self.mix == [1.0, 0.0, 0.0]
    }

    /// The filter at `t` of the way to another, 0 to 1.
    fn towards(&self, to: &Self, t: f64) -> Self {
        let at = |from: f64, to: f64| from + t * (to - from);
        Self {
            g: at(self.g, to.g),
            k: at(self.k, to.k),
            mix: std::array::from_fn(|i| at(self.mix[i], to.mix[i])),
        }
    }
}

/// One sample's step of a section, multiplied out: the rows give the new state
/// and the output from the input and the two states.
///
/// Simper, page 6, with v1 and v2 put into the updates: two operations instead of
/// five lie between one sample's state and the next one's.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    first: [f64; 3],
    second: [f64; 3],
    output: [f64; 3],
}

impl Step {
    /// The step of a section set to `coefs`.
    #[inline]
    pub fn new(coefs: &Coefs) -> Self {
        let Coefs { g, k, mix: [x, band, low] } = *coefs;
        let a1 = 1.0 / (1.0 + g * (g + k));
        let a2 = g * a1;
        let a3 = g * a2;
        Self {
            first: [2.0 * a2, 2.0 * a1 - 1.0, -2.0 * a2],
            second: [2.0 * a3, 2.0 * a2, 1.0 - 2.0 * a3],
            output: [x + band * a2 + low * a3, band * a1 + low * a2, low * (1.0 - a3) - band * a2],
        }
    }
}

#[inline(always)]
fn dot([a, b, c]: [f64; 3], x: f64, y: f64, z: f64) -> f64 {
    a * x + b * y + c * z
}

/// Two channels of a filter of second order.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Of each integrator, each channel's state.
    first: [f64; 2],
    second: [f64; 2],
}

impl Section {
    /// Returns to silence.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Filters frames of one or two channels in place. With one channel, the
    /// second's state follows the first's, so that it may join without a click.
    pub fn run<const N: usize>(&mut self, frames: &mut [[f64; N]], step: &Step) {
        let mut state = self.take();
        for frame in frames {
            advance(&mut state, frame, step);
        }
        self.put(state);
    }

    /// Filters in place on the way between two settings: before the first frame,
    /// `done` of `length` frames of the way lie behind.
    pub fn glide<const N: usize>(
        &mut self,
        frames: &mut [[f64; N]],
        from: &Coefs,
        to: &Coefs,
        (done, length): (usize, usize),
    ) {
        let mut state = self.take();
        for (i, frame) in frames.iter_mut().enumerate() {
            // From the count, not by summing, so that no cut of the signal shows.
            let t = (done + i + 1) as f64 / length as f64;
            advance(&mut state, frame, &Step::new(&from.towards(to, t)));
        }
        self.put(state);
    }

    fn take<const N: usize>(&self) -> [[f64; N]; 2] {
        const { assert!(N == 1 || N == 2, "one or two channels") };
        [self.first, self.second].map(|state| std::array::from_fn(|c| state[c]))
    }

    fn put<const N: usize>(&mut self, state: [[f64; N]; 2]) {
        [self.first, self.second] = state.map(|s| [s[0], s[N - 1]]);
    }
}

#[inline(always)]
fn advance<const N: usize>(state: &mut [[f64; N]; 2], frame: &mut [f64; N], step: &Step) {
    for c in 0..N {
        let (x, first, second) = (frame[c], state[0][c], state[1][c]);
        state[0][c] = dot(step.first, x, first, second);
        state[1][c] = dot(step.second, x, first, second);
        frame[c] = dot(step.output, x, first, second);
    }
}

/// Where [`DcBlock`] has its edge, in Hz. The official player's is there too.
pub const DC_EDGE: f64 = 5.0;

/// Takes away what does not swing: a high-pass of first order at [`DC_EDGE`].
///
/// Zavalishin, section 3.10, the trapezoidal one-pole, of which the low-pass is
/// subtracted from the input.
#[derive(Clone, Debug)]
pub struct DcBlock {
    /// g / (1 + g), with g the prewarped frequency.
    gain: f64,
    state: [f64; 2],
}

impl DcBlock {
    /// A filter at rest. `sample_rate` is in Hz.
    pub fn new(sample_rate: f32) -> Self {
        let mut new = Self { gain: 0.0, state: [0.0; 2] };
        new.set_sample_rate(sample_rate);
        new
    }

    /// Sets the rate of the signal, in Hz, and forgets the signal.
    pub fn set_sample_rate(&mut self, sample_rate: f32) {
        let g = prewarp(sample_rate, DC_EDGE);
        self.gain = g / (1.0 + g);
        self.reset();
    }

    /// Returns to silence.
    pub fn reset(&mut self) {
        self.state = [0.0; 2];
    }

    /// Filters one or two channels in place, the shorter one's length of them;
    /// further ones are left as they are. Real-time safe.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) {
        let [first, second] = &mut self.state;
        match channels {
            [] => {}
            [mono] => {
                mono.iter_mut().for_each(|x| *x = block(x, first, self.gain));
                // As in `Section::run`: a second channel may join.
                *second = *first;
            }
            [left, right, ..] => {
                for (x, y) in left.iter_mut().zip(right.iter_mut()) {
                    *x = block(x, first, self.gain);
                    *y = block(y, second, self.gain);
                }
            }
        }
    }
}

#[inline(always)]
fn block(x: &f32, state: &mut f64, gain: f64) -> f32 {
    let x = f64::from(*x);
    let half = gain * (x - *state);
    let low = *state + half;
    *state = low + half;
    (x - low) as f32
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
