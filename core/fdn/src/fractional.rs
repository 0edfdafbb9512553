//! Delays of a fraction of a sample, as few taps of an FIR.

use std::f64::consts::PI;

/// Taps on either side of the wanted instant, where the delay is long enough.
const HALF: usize = 8;
/// The shape of the Kaiser window. With sixteen taps the ripple is near −80 dB
/// up to two thirds of the Nyquist frequency.
const BETA: f64 = 7.8;
/// Frequencies at which the gain is looked at.
const GRID: usize = 512;

/// What delays by `samples`: a whole delay, and the taps that follow it.
///
/// Taps are a sinc in a Kaiser window around the wanted instant, with a gain of
/// one at most: a loop that was stable with ideal delays stays so. A delay of
/// less than eight samples has fewer, for no tap may come before the present.
pub(crate) fn taps(samples: f64) -> (usize, Vec<f64>) {
    let (whole, part) = (samples.floor(), samples.fract());
    if part == 0.0 {
        return (whole as usize, vec![1.0]);
    }
    let half = HALF.min(whole as usize + 1);
    let tap = |n: usize| {
        // From the wanted instant, in samples.
        let t = n as f64 + 1.0 - half as f64 - part;
        sinc(t) * kaiser(t / half as f64)
    };
    let mut taps: Vec<f64> = (0..2 * half).map(tap).collect();
    let sum: f64 = taps.iter().sum();
    taps.iter_mut().for_each(|t| *t /= sum);
    let peak = (0..=GRID).map(|k| gain(&taps, PI * k as f64 / GRID as f64)).fold(1.0, f64::max);
    taps.iter_mut().for_each(|t| *t /= peak);
    (whole as usize + 1 - half, taps)
}

fn sinc(t: f64) -> f64 {
    if t == 0.0 { 1.0 } else { (PI * t).sin() / (PI * t) }
}

/// The Kaiser window at `x`, of which it is zero beyond ±1.
fn kaiser(x: f64) -> f64 {
    bessel(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of the first kind and order zero, by its power series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..64 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

/// The magnitude of the response at `omega` radians a sample.
fn gain(taps: &[f64], omega: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, t) in taps.iter().enumerate() {
        re += t * (omega * n as f64).cos();
        im += t * (omega * n as f64).sin();
    }
    re.hypot(im)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex64;

    /// The largest distance from an ideal delay up to `limit` radians a sample.
    fn error(samples: f64, limit: f64) -> f64 {
        let (whole, taps) = taps(samples);
        let at = |omega: f64| {
            let ours: Complex64 = (taps.iter().enumerate())
                .map(|(n, t)| *t * Complex64::cis(-omega * (whole + n) as f64))
                .sum();
            (ours - Complex64::cis(-omega * samples)).norm()
        };
        (0..=200).map(|k| at(limit * f64::from(k) / 200.0)).fold(0.0, f64::max)
    }

    #[test]
    fn is_an_ideal_delay_below_the_top_of_the_band() {
        for samples in [7.25, 7.5, 100.001, 1234.5, 4999.93] {
            // Two thirds of the Nyquist frequency: 16 kHz of 24.
            assert!(error(samples, PI * 2.0 / 3.0) < 1e-3, "{samples}");
            assert!(error(samples, PI * 0.5) < 4e-4, "{samples}");
        }
        assert!(error(2.5, PI * 0.25) < 2e-2);
    }

    #[test]
    fn never_amplifies() {
        for samples in [0.3, 1.5, 3.9, 6.5, 20.1, 20.5, 20.99] {
            let (_, taps) = taps(samples);
            for k in 0..=3000 {
                assert!(gain(&taps, PI * f64::from(k) / 3000.0) < 1.0 + 1e-6, "{samples}");
            }
        }
    }

    #[test]
    fn leaves_whole_delays_alone() {
        assert_eq!(taps(0.0), (0, vec![1.0]));
        assert_eq!(taps(17.0), (17, vec![1.0]));
    }
}
