//! An impulse response with the gains of bands: a minimum-phase filter.

use anyhow::{Context as _, Result};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::bands::{BANDS, middle};

/// Samples of a response.
pub(super) const TAPS: usize = 2048;
/// Samples of the transform in which it is designed, many times as long, for the cepstrum
/// of a response is longer than itself.
const LENGTH: usize = 8 * TAPS;
/// The share of the response that is faded out.
const FADED: usize = TAPS / 8;
/// What makes decibels natural logarithms.
const NEPERS: f64 = std::f64::consts::LN_10 / 20.0;

/// A response of [`TAPS`] samples at `rate` Hz that changes each band by `gains`, in dB,
/// with straight lines between the middles of bands over the logarithm of frequency.
///
/// Its phase is the least there is, so it has no delay and begins with its peak: the
/// cepstrum of the magnitudes is folded onto positive times (A. V. Oppenheim and R. W.
/// Schafer, "Discrete-Time Signal Processing", 3rd ed. 2010, section 13.5.4).
pub(super) fn response(gains: &[f64; BANDS], rate: u32) -> Result<Vec<f32>> {
    let mut planner = RealFftPlanner::<f64>::new();
    let (forward, inverse) = (planner.plan_fft_forward(LENGTH), planner.plan_fft_inverse(LENGTH));
    let mut bins = forward.make_output_vec();
    let step = f64::from(rate) / LENGTH as f64;
    for (i, bin) in bins.iter_mut().enumerate() {
        *bin = Complex::new(NEPERS * gain_at(gains, i as f64 * step), 0.0);
    }
    let mut cepstrum = inverse.make_output_vec();
    inverse.process(&mut bins, &mut cepstrum).context("a response")?;
    for (i, c) in cepstrum.iter_mut().enumerate() {
        *c *= match i {
            0 => 1.0,
            i if i < LENGTH / 2 => 2.0,
            i if i == LENGTH / 2 => 1.0,
            _ => 0.0,
        } / LENGTH as f64;
    }
    forward.process(&mut cepstrum, &mut bins).context("a response")?;
    bins.iter_mut().for_each(|bin| *bin = bin.exp());
    for end in [0, LENGTH / 2] {
        bins[end].im = 0.0;
    }
    let mut time = inverse.make_output_vec();
    inverse.process(&mut bins, &mut time).context("a response")?;
    let fade = |i: usize| {
        let x = (i + FADED).saturating_sub(TAPS) as f64 / FADED as f64;
        0.5 + 0.5 * (std::f64::consts::PI * x).cos()
    };
    let taps = time.iter().take(TAPS).enumerate();
    Ok(taps.map(|(i, x)| (fade(i) * x / LENGTH as f64) as f32).collect())
}

/// In dB; beyond the first and the last band as there.
fn gain_at(gains: &[f64; BANDS], hz: f64) -> f64 {
    let place = 10.0 * (hz.max(1.0) / middle(0)).log10();
    let place = place.clamp(0.0, (BANDS - 1) as f64);
    let below = (place as usize).min(BANDS - 2);
    let share = place - below as f64;
    gains[below] * (1.0 - share) + gains[below + 1] * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_gains_that_are_asked_for_and_begins_at_once() {
        let gains: [f64; BANDS] = std::array::from_fn(|b| 15.0 * (b as f64 * 0.5).sin());
        for rate in [44_100, 48_000] {
            let taps = response(&gains, rate).expect("a response");
            assert_eq!(taps.len(), TAPS);
            for (band, gain) in gains.iter().enumerate().skip(3) {
                let step = std::f64::consts::TAU * middle(band) / f64::from(rate);
                let mut sum = Complex::new(0.0, 0.0);
                for (i, x) in taps.iter().enumerate() {
                    sum += f64::from(*x) * Complex::from_polar(1.0, -step * i as f64);
                }
                let db = 20.0 * sum.norm().log10();
                assert!((db - gain).abs() < 0.7, "band {band}: {db}, not {gain}");
            }
            let energy = |part: &[f32]| part.iter().map(|x| x * x).sum::<f32>();
            assert!(energy(&taps[..64]) > 0.9 * energy(&taps), "it is late");
        }
        // As a cabinet falls.
        let steep: [f64; BANDS] = std::array::from_fn(|b| -5.0 * b.saturating_sub(17) as f64);
        let taps = response(&steep, 48_000).expect("a response");
        for band in [10, 17, 20, 23, 26] {
            let step = std::f64::consts::TAU * middle(band) / 48_000.0;
            let at = |(i, x): (usize, &f32)| Complex::from_polar(f64::from(*x), -step * i as f64);
            let db = 20.0 * taps.iter().enumerate().map(at).sum::<Complex<f64>>().norm().log10();
            assert!((db - steep[band]).abs() < 0.7, "band {band}: {db}, not {}", steep[band]);
        }
        let flat = response(&[6.0; BANDS], 48_000).expect("a response");
        assert!((flat[0] - 1.995).abs() < 0.01 && flat[1..].iter().all(|x| x.abs() < 1e-6));
    }
}
