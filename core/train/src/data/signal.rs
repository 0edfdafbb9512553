//! The signal to play through the gear: three minutes that ask it what there is to know.

use std::f64::consts::TAU;

use super::score;
use super::strings::{Random, play};

/// What sounds in one part of the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Silence,
    /// Clicks half a second and one and a half into the part.
    Blips,
    /// The same music both times.
    HeldOut,
    /// Exponential, 20 Hz to 18 kHz, each of [`LEVELS`].
    Sweeps,
    /// White, from −60 dBFS up.
    Noise,
    TwoTones,
    /// A tone whose level rises in steps.
    Staircase,
    Guitar,
    Bass,
}

/// The parts in order, and how many seconds each takes. This is the one place that says so.
pub(super) const PARTS: [(Part, f64); 14] = [
    (Part::Silence, 1.0),
    (Part::Blips, 2.0),
    (Part::HeldOut, 10.0),
    (Part::Silence, 1.0),
    (Part::Sweeps, 16.0),
    (Part::Noise, 6.0),
    (Part::TwoTones, 8.0),
    (Part::Staircase, 8.0),
    (Part::Guitar, 76.0),
    (Part::Bass, 38.0),
    (Part::Silence, 1.0),
    (Part::HeldOut, 10.0),
    (Part::Silence, 1.0),
    (Part::Blips, 2.0),
];

/// The levels of the sweeps, in dBFS.
const LEVELS: [f64; 4] = [-12.0, -40.0, -25.0, -1.0];

/// How long a sweep is, in seconds; a quarter of silence follows.
pub(super) const SWEEP: f64 = 3.75;

/// Pairs of tones in Hz: musical intervals, and those of intermodulation measurements.
const TONES: [[f64; 2]; 8] = [
    [82.4, 110.0],
    [110.0, 164.8],
    [196.0, 246.9],
    [329.6, 415.3],
    [440.0, 659.3],
    [60.0, 7000.0],
    [1000.0, 1200.0],
    [5000.0, 6000.0],
];

/// The loudest sample, −1 dBFS.
const PEAK: f64 = 0.891;

/// The test signal at `rate` samples per second, mono, 180 s, peaking at −1 dBFS.
///
/// Silence and clicks to align by; a held-out passage of music, repeated near the end;
/// sweeps, noise, pairs of tones and a staircase of levels; a guitar and a bass, from very
/// quiet to hot. Twice the same from one machine to another but for the last bits of the
/// mathematical library. A rate outside 8 kHz to 384 kHz is read as the nearest in there,
/// one that is no number as 48 kHz.
pub fn signal(rate: f64) -> Vec<f32> {
    let rate = if rate.is_nan() { 48000.0 } else { rate.clamp(8000.0, 384_000.0) };
    let held_out = play(&score::held_out(), 10.0, rate, PEAK);
    let mut out = Vec::new();
    let mut end = 0.0;
    for (part, seconds) in PARTS {
        end += seconds;
        let samples = (end * rate).round() as usize - out.len();
        let mut sound = match part {
            Part::Silence => Vec::new(),
            Part::Blips => blips(rate, samples),
            Part::HeldOut => held_out.clone(),
            Part::Sweeps => sweeps(rate, samples),
            Part::Noise => noise(samples),
            Part::TwoTones => two_tones(rate, samples),
            Part::Staircase => staircase(rate, samples),
            Part::Guitar => play(&score::guitar(), seconds, rate, PEAK),
            Part::Bass => play(&score::bass(), seconds, rate, PEAK),
        };
        sound.resize(samples, 0.0);
        out.extend(sound);
    }
    out
}

fn decibels(level: f64) -> f64 {
    10f64.powf(level / 20.0)
}

/// Raised cosines a quarter of a millisecond long: wide enough to survive another rate.
fn blips(rate: f64, samples: usize) -> Vec<f32> {
    let long = 0.25e-3;
    (0..samples)
        .map(|n| {
            let near = |at: f64| {
                let x = (n as f64 / rate - at) / long;
                if x.abs() < 0.5 { PEAK * (0.5 + 0.5 * (TAU * x).cos()) } else { 0.0 }
            };
            (near(0.5) + near(1.5)) as f32
        })
        .collect()
}

/// One exponential sweep (Farina, "Simultaneous measurement of impulse response and
/// distortion with a swept-sine technique", AES 108, 2000), silent where `rate` cannot
/// follow it.
pub(super) fn sweep(rate: f64, level: f64) -> Vec<f32> {
    let (low, high) = (20.0, 18000.0f64);
    let growth = (high / low).ln() / SWEEP;
    (0..(SWEEP * rate).round() as usize)
        .map(|n| {
            let t = n as f64 / rate;
            let frequency = low * (growth * t).exp();
            if frequency > 0.45 * rate {
                return 0.0;
            }
            let phase = TAU * (frequency - low) / growth;
            (decibels(level) * edges(t, SWEEP) * phase.sin()) as f32
        })
        .collect()
}

/// Fades 10 ms in and out.
fn edges(t: f64, long: f64) -> f64 {
    (t.min(long - t) / 0.01).clamp(0.0, 1.0)
}

fn sweeps(rate: f64, samples: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(samples);
    for (i, level) in LEVELS.into_iter().enumerate() {
        out.extend(sweep(rate, level));
        out.resize(samples * (i + 1) / LEVELS.len(), 0.0);
    }
    out
}

fn noise(samples: usize) -> Vec<f32> {
    let mut random = Random(1);
    (0..samples)
        .map(|n| (random.next() * decibels(-60.0 + 57.0 * n as f64 / samples as f64)) as f32)
        .collect()
}

fn two_tones(rate: f64, samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|n| {
            let t = n as f64 / rate;
            let [a, b] = TONES[(t as usize).min(TONES.len() - 1)];
            if a.max(b) > 0.45 * rate {
                return 0.0;
            }
            // A hot half second, then a quiet one.
            let level = if t.fract() < 0.5 { PEAK } else { 0.1 };
            let sum = (TAU * a * t).sin() + (TAU * b * t).sin();
            (level * 0.5 * edges(t % 0.5, 0.5) * sum) as f32
        })
        .collect()
}

fn staircase(rate: f64, samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|n| {
            let t = n as f64 / rate;
            let step = (2.0 * t).floor().min(15.0);
            let level = decibels(-60.0 + 59.0 * step / 15.0);
            (level * edges(t % 0.5, 0.5) * (TAU * 220.0 * t).sin()) as f32
        })
        .collect()
}
