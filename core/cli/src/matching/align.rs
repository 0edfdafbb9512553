//! Whether two recordings are one performance, and how far apart in time.
//!
//! Each frequency of both is brought to the same magnitude, so that only phases are left,
//! and correlated: the phase transform of C. H. Knapp and G. C. Carter, "The generalized
//! correlation method for estimation of time delay", IEEE Trans. ASSP 24 (1976). An
//! amplifier, however it distorts, keeps the phases of a part of what it is played, so one
//! performance gives a peak that stands out of the rest by dozens of deviations. Two give
//! none, even where both keep to one beat, which would deceive a comparison of onsets. Where
//! a machine plays, notes that are the same to the sample agree by themselves, but at many
//! lags alike; so a peak must also be far above the next.

use anyhow::{Context as _, Result};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::signals::Signal;

/// Hz between which phases are compared: a guitar's and a bass's notes and their lower
/// partials, which noise and cabinets leave alone.
const BAND: [usize; 2] = [60, 3000];
/// Lags in a second, more than twice the highest frequency.
const LAGS: usize = 8000;
/// Seconds of the recordings that are compared.
const MOST: f64 = 120.0;
/// The least number of deviations of the rest by which one performance stands out.
/// Recordings of a guitar came to 24 and more, even a few seconds of them and through high
/// gain; unlike ones, parts of one recording among them, to 13 at most.
const CLEAR: f64 = 16.0;
/// How many times the next peak it must be. Recordings came to 2.3 and more, unlike ones to
/// 1.3.
const AHEAD: f64 = 1.8;
/// What is nearer than a tenth of a second to the peak is part of it, in lags.
const NEAR: usize = LAGS / 10;
/// Seconds that both must have in common.
const COMMON: f64 = 1.0;

/// Where one recording lies in another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Alignment {
    /// Seconds by which the target is later.
    pub(super) lag: f64,
    /// Of the phases, −1 to 1; below zero where the target is inverted.
    pub(super) correlation: f64,
}

/// Where `di` and `target` are the same performance, if they are.
pub(super) fn align(di: &Signal, target: &Signal) -> Result<Option<Alignment>> {
    let (di, target) = (di.part(0.0, MOST), target.part(0.0, MOST));
    // Whole seconds of any rate make one grid of frequencies; an even number of them, an
    // even transform.
    let seconds = ((di.seconds() + target.seconds()).ceil() as usize).next_multiple_of(2).max(2);
    let all = correlate(&spectrum(&di, seconds)?, &spectrum(&target, seconds)?, seconds)?;
    let highest = all.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let Some((at, peak)) = highest else { return Ok(None) };
    let apart = |i: usize| i.abs_diff(at).min(all.len() - i.abs_diff(at));
    let far = all.iter().enumerate().filter(|(i, _)| apart(*i) > NEAR);
    let (count, power, next) = far.fold((0u32, 0.0, 0f64), |(count, power, next), (_, r)| {
        let r = f64::from(r.abs());
        (count + 1, power + r.powi(2), next.max(r))
    });
    let spread = (power / f64::from(count.max(1))).sqrt();
    let correlation = f64::from(*peak);
    let late = if at < all.len() / 2 { at as f64 } else { at as f64 - all.len() as f64 };
    let lag = late / LAGS as f64;
    let common = di.seconds().min(target.seconds() - lag) - (-lag).max(0.0);
    // Silence has no phases at all.
    let clear = correlation != 0.0 && correlation.abs() >= (CLEAR * spread).max(AHEAD * next);
    let one = clear && common >= COMMON;
    Ok(one.then_some(Alignment { lag, correlation }))
}

/// What lies within the band, at steps of one in `seconds` Hz.
fn spectrum(signal: &Signal, seconds: usize) -> Result<Vec<Complex<f32>>> {
    let forward = RealFftPlanner::<f32>::new().plan_fft_forward(signal.rate as usize * seconds);
    let (mut time, mut bins) = (forward.make_input_vec(), forward.make_output_vec());
    time[..signal.samples.len()].copy_from_slice(&signal.samples);
    forward.process(&mut time, &mut bins).context("a correlation")?;
    Ok(bins[BAND[0] * seconds..BAND[1] * seconds].to_vec())
}

/// Of the phases of two spectra, at every lag; negative ones from the end on.
fn correlate(a: &[Complex<f32>], b: &[Complex<f32>], seconds: usize) -> Result<Vec<f32>> {
    let inverse = RealFftPlanner::<f32>::new().plan_fft_inverse(LAGS * seconds);
    let mut bins = inverse.make_input_vec();
    for ((bin, a), b) in bins[BAND[0] * seconds..].iter_mut().zip(a).zip(b) {
        // One after the other, for the product of both may be too small for a number.
        if a.norm() > 0.0 && b.norm() > 0.0 {
            *bin = (b / b.norm()) * (a / a.norm()).conj();
        }
    }
    let mut time = inverse.make_output_vec();
    inverse.process(&mut bins, &mut time).context("a correlation")?;
    let scale = 0.5 / a.len().max(1) as f32;
    time.iter_mut().for_each(|r| *r *= scale);
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plucked notes at irregular moments.
    fn riff(seed: u64, rate: u32, seconds: usize) -> Signal {
        notes(seed, rate, seconds, |rng| 0.15 + 0.5 * rng.f64())
    }

    /// Plucked notes, each as long after the last as `pause` says, in seconds.
    fn notes(
        seed: u64,
        rate: u32,
        seconds: usize,
        pause: impl Fn(&mut fastrand::Rng) -> f64,
    ) -> Signal {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut samples = vec![0.0f32; rate as usize * seconds];
        let mut at = 0.0;
        while at < seconds as f64 - 0.5 {
            let hz = 82.0 * 2f64.powf(f64::from(rng.u32(0..24)) / 12.0);
            let start = (at * f64::from(rate)) as usize;
            for (i, x) in samples[start..].iter_mut().enumerate() {
                let t = i as f64 / f64::from(rate);
                let wave = |k: f64| (std::f64::consts::TAU * k * hz * t).sin() / k;
                *x += (0.3 * (-4.0 * t).exp() * (wave(1.0) + wave(2.0) + wave(5.0))) as f32;
            }
            at += pause(&mut rng);
        }
        Signal { samples, rate }
    }

    #[test]
    fn one_performance_is_found_through_distortion_at_any_lag_and_rate() {
        for (rate, lag) in [(48_000, 0.0), (48_000, 1.3), (44_100, -0.7)] {
            let di = riff(1, 48_000, 8);
            let late = riff(1, rate, 8);
            let moved = (f64::abs(lag) * f64::from(rate)) as usize;
            let samples = match lag < 0.0 {
                true => late.samples[moved..].to_vec(),
                false => [vec![0.0; moved], late.samples].concat(),
            };
            let wet = samples.iter().map(|x| (30.0 * x).tanh()).collect();
            let found = align(&di, &Signal { samples: wet, rate }).expect("compared");
            let found = found.expect("one performance");
            assert!((found.lag - lag).abs() < 0.001, "{found:?}, not {lag}");
        }
    }

    #[test]
    fn two_performances_are_not_one() {
        for seed in 2..6 {
            let wet = riff(seed, 48_000, 8).samples.iter().map(|x| (30.0 * x).tanh()).collect();
            let found = align(&riff(1, 48_000, 8), &Signal { samples: wet, rate: 48_000 });
            assert_eq!(found.expect("compared"), None, "performance {seed}");
        }
        // Nor on one beat, where onsets agree, as steady as a hand and as a machine.
        for (seed, loose) in [(7, 0.01), (8, 0.01), (9, 0.0), (10, 0.0)] {
            let beat = |rng: &mut fastrand::Rng| 0.25 + loose * (rng.f64() - 0.5);
            let [a, b] = [seed, seed + 10].map(|seed| notes(seed, 48_000, 8, beat));
            assert_eq!(align(&a, &b).expect("compared"), None, "performance {seed}");
        }
        let silence = Signal { samples: vec![0.0; 48_000], rate: 48_000 };
        assert_eq!(align(&riff(1, 48_000, 2), &silence).expect("compared"), None);
    }
}
