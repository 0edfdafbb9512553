//! Spectra, averaged over a passage.

use std::f64::consts::PI;

use realfft::RealFftPlanner;

use super::measure::{Sound, ratio};

/// Samples of a window.
const LENGTH: usize = 8192;
/// The lowest band that is drawn, in Hz, and bands of an octave.
const LOWEST: f64 = 20.0;
const BANDS: f64 = 12.0;

/// Mean squares at each frequency, which add up to that of the signal: Welch's method,
/// Hann windows that overlap by half.
pub(super) struct Spectra {
    /// Hz from one value to the next.
    step: f64,
    target: Vec<f64>,
    model: Vec<f64>,
    error: Vec<f64>,
}

/// What of each signal lies around a frequency.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    /// Its middle.
    pub(super) hz: f64,
    /// Mean squares of the target, the model and the error in a twelfth of an octave.
    pub(super) powers: [f64; 3],
}

impl Spectra {
    pub(super) fn of(sound: &Sound<'_>) -> Self {
        let pairs = sound.model.iter().zip(sound.wet.iter());
        let error: Vec<f32> = pairs.map(|(m, t)| m - t).collect();
        Self {
            step: sound.rate / LENGTH as f64,
            target: welch(&sound.wet),
            model: welch(&sound.model),
            error: welch(&error),
        }
    }

    /// Energy of the error by that of the target, both as loud as they are heard.
    pub(super) fn weighted_esr(&self) -> Option<f64> {
        let sum = |powers: &[f64]| -> f64 {
            powers.iter().enumerate().map(|(i, p)| weight(i as f64 * self.step) * p).sum()
        };
        ratio(sum(&self.error), sum(&self.target))
    }

    /// Twelfths of an octave from 20 Hz on.
    pub(super) fn bands(&self) -> Vec<Band> {
        let top = self.step * (LENGTH / 2) as f64;
        let middle = |i: i32| LOWEST * (f64::from(i) / BANDS).exp2();
        let band = |hz: f64| Band {
            hz,
            powers: [&self.target, &self.model, &self.error].map(|p| self.around(p, hz)),
        };
        (0..).map(middle).take_while(|hz| *hz < top.min(20_500.0)).map(band).collect()
    }

    /// The mean of the density in a band times its width. Between the values of the
    /// spectrum a narrow one has a share of both.
    fn around(&self, powers: &[f64], hz: f64) -> f64 {
        let half = (0.5 / BANDS).exp2();
        let (from, to) = (hz / half / self.step, hz * half / self.step);
        let last = powers.len().saturating_sub(1);
        let (first, end) = ((from.ceil() as usize).min(last), (to.floor() as usize).min(last));
        if end > first {
            let sum: f64 = powers[first..=end].iter().sum();
            return sum / (end + 1 - first) as f64 * (to - from);
        }
        let at = hz / self.step;
        let (below, part) = ((at.floor() as usize).min(last), at.fract());
        let above = (below + 1).min(last);
        (powers[below] * (1.0 - part) + powers[above] * part) * (to - from)
    }
}

fn welch(signal: &[f32]) -> Vec<f64> {
    let fft = RealFftPlanner::<f64>::new().plan_fft_forward(LENGTH);
    let (mut input, mut output) = (fft.make_input_vec(), fft.make_output_vec());
    let mut powers = vec![0.0; output.len()];
    let width = signal.len().min(LENGTH);
    let hann = |i: usize| 0.5 - 0.5 * (2.0 * PI * (i as f64 + 0.5) / width as f64).cos();
    let window: Vec<f64> = (0..width).map(hann).collect();
    let energy: f64 = window.iter().map(|w| w * w).sum();
    let mut count = 0;
    for start in (0..=signal.len() - width).step_by((width / 2).max(1)) {
        let part = &signal[start..start + width];
        input.fill(0.0);
        input.iter_mut().zip(part.iter().zip(&window)).for_each(|(y, (x, w))| {
            *y = f64::from(*x) * w;
        });
        // Only slices of other lengths fail.
        if fft.process(&mut input, &mut output).is_err() {
            break;
        }
        powers.iter_mut().zip(&output).for_each(|(p, x)| *p += x.norm_sqr());
        count += 1;
    }
    let scale = ratio(1.0, LENGTH as f64 * energy * f64::from(count)).unwrap_or(0.0);
    let last = powers.len() - 1;
    for (i, p) in powers.iter_mut().enumerate() {
        // The frequencies between 0 and half the rate stand for their negatives too.
        *p *= if i == 0 || i == last { scale } else { 2.0 * scale };
    }
    powers
}

/// Curve A as a factor of power, not scaled to 1 at 1 kHz. Formula: IEC 61672-1:2013,
/// annex E, with the rounded frequencies of its poles.
fn weight(hz: f64) -> f64 {
    let f2 = hz * hz;
    let poles = |p: f64| f2 + p * p;
    let amplitude =
        f2 * f2 / (poles(20.6) * (poles(107.7) * poles(737.9)).sqrt() * poles(12_194.0));
    amplitude * amplitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_standard() {
        // Table 3 of IEC 61672-1: dB relative to 1 kHz at tenths of a decade, of which it
        // names the rounded frequencies: 100 Hz, 200 Hz, 4 kHz, 16 kHz.
        for (tenths, db) in [(20, -19.1), (23, -10.9), (36, 1.0), (42, -6.6)] {
            let hz = 10f64.powf(f64::from(tenths) / 10.0);
            let found = 10.0 * (weight(hz) / weight(1000.0)).log10();
            assert!((found - db).abs() < 0.06, "{hz} Hz: {found} dB");
        }
        assert_eq!(weight(0.0), 0.0);
    }

    #[test]
    fn powers_add_up_to_those_of_the_signal_and_lie_at_its_frequency() {
        let step = 48_000.0 / LENGTH as f64;
        // Whole periods in a window: a mean square of one half.
        let sine: Vec<f32> = (0..3 * LENGTH)
            .map(|i| (2.0 * PI * 170.0 * i as f64 / LENGTH as f64).sin() as f32)
            .collect();
        let powers = welch(&sine);
        assert!((powers.iter().sum::<f64>() - 0.5).abs() < 1e-6);
        assert!(powers[170] > 0.3 && powers[150] < 1e-9 && powers[190] < 1e-9);
        // A band holds all of a sine in its middle but what leaks past its edges.
        let none = vec![0.0; powers.len()];
        let spectra = Spectra { step, target: powers, model: none.clone(), error: none };
        let found = spectra.around(&spectra.target, 170.0 * step);
        assert!((found - 0.5).abs() < 0.06, "{found}");
        assert!(welch(&[]).iter().chain(&welch(&[0.5])).all(|p| p.is_finite()));
    }
}
