//! Delays between samples.
//!
//! A windowed sinc of 32 taps: below 0.7 of the Nyquist frequency it
//! differs from the ideal delay by less than −88 dB, where Lagrange and Thiran
//! interpolators of usable order stay above −30 dB; an all-pass would also ring
//! when the length moves. It is scaled so that it amplifies nothing at any
//! frequency, for it stands in loops that may be lossless.

use std::f64::consts::PI;
use std::sync::{Arc, LazyLock};

use realfft::{RealFftPlanner, RealToComplex};

/// Taps, where the delay is long enough for half of them.
const TAPS: usize = 32;
/// Of the Kaiser window: 100 dB of attenuation.
const BETA: f64 = 10.06;
/// Below so many taps an interpolating polynomial is better than a sinc.
const FEW: usize = 10;

/// Where to begin to read, in samples ago, and with which weights, newest first.
/// No weights is one sample as it is.
pub(crate) fn delay(samples: f64) -> (usize, Vec<f64>) {
    let whole = samples.round();
    if (samples - whole).abs() < 1e-9 {
        return (whole as usize, Vec::new());
    }
    let floor = samples.floor() as usize;
    let count = TAPS.min(2 * (floor + 1));
    let first = floor + 1 - count / 2;
    let lag = |k: usize| (first + k) as f64 - samples;
    let taps: Vec<f64> = if count < FEW {
        (0..count).map(|k| lagrange(count, k, samples - first as f64)).collect()
    } else {
        (0..count).map(|k| sinc(lag(k)) * kaiser(lag(k) / (count / 2) as f64)).collect()
    };
    let most = loudest(&taps);
    (first, taps.iter().map(|t| t / most.max(1.0)).collect())
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The Kaiser window over −1 … 1.
fn kaiser(x: f64) -> f64 {
    bessel(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..60 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// The k-th of `count` Lagrange weights at `x`.
fn lagrange(count: usize, k: usize, x: f64) -> f64 {
    (0..count).filter(|j| *j != k).map(|j| (x - j as f64) / (k as f64 - j as f64)).product()
}

/// The largest gain at any frequency: on a grid so fine that between its points
/// the gain of so few taps rises by less than 1e-6, which is added.
fn loudest(taps: &[f64]) -> f64 {
    // Networks have up to thousands of lines, so it is planned once.
    static GRID: LazyLock<Arc<dyn RealToComplex<f64>>> =
        LazyLock::new(|| RealFftPlanner::new().plan_fft_forward(32 * 1024));
    let (mut time, mut bins) = (GRID.make_input_vec(), GRID.make_output_vec());
    time[..taps.len()].copy_from_slice(taps);
    match GRID.process(&mut time, &mut bins) {
        Ok(()) => bins.iter().map(|h| h.norm()).fold(0.0, f64::max) + 1e-6,
        // Only buffers of other lengths would fail; no gain is more than this.
        Err(_) => taps.iter().map(|t| t.abs()).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The response of a delay at `w` radians a sample.
    fn response(samples: f64, w: f64) -> (f64, f64) {
        let (first, taps) = delay(samples);
        let taps = if taps.is_empty() { vec![1.0] } else { taps };
        taps.iter().enumerate().fold((0.0, 0.0), |(re, im), (k, tap)| {
            let angle = -w * (first + k) as f64;
            (re + tap * angle.cos(), im + tap * angle.sin())
        })
    }

    #[test]
    fn nothing_is_amplified_and_low_frequencies_are_delayed_exactly() {
        for samples in [16.5, 17.25, 100.001, 1000.9999, 55.5] {
            for i in 0..=2000 {
                let w = PI * f64::from(i) / 2000.0;
                let (re, im) = response(samples, w);
                assert!(re.hypot(im) <= 1.0, "{samples} at {w}");
                let (ideal_re, ideal_im) = ((w * samples).cos(), -(w * samples).sin());
                let error = (re - ideal_re).hypot(im - ideal_im);
                assert!(w > 0.7 * PI || error < 4e-5, "{samples} at {w}: {error}");
            }
        }
    }

    #[test]
    fn short_delays_are_as_good_as_they_can_be() {
        for samples in [0.25, 0.5, 1.5, 3.75, 7.1, 12.9] {
            let (first, taps) = delay(samples);
            assert!(first + taps.len() <= 2 * (samples as usize + 1) + 1);
            for i in 0..=200 {
                let w = PI * f64::from(i) / 200.0;
                let (re, im) = response(samples, w);
                assert!(re.hypot(im) <= 1.0 + 1e-12, "{samples} at {w}");
            }
            let (re, im) = response(samples, 0.05);
            let error = (re - (0.05 * samples).cos()).hypot(im + (0.05 * samples).sin());
            assert!(error < 5e-4, "{samples}: {error}");
        }
    }

    #[test]
    fn whole_delays_are_one_sample() {
        assert_eq!(delay(7.0), (7, vec![]));
        assert_eq!(delay(7.0 - 1e-12), (7, vec![]));
        assert_eq!(delay(0.0), (0, vec![]));
    }
}
