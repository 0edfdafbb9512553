//! How high a string sounds: the method of McLeod and Wyvill ("A smarter way to
//! find pitch", 2005), which measures how well a signal matches itself later.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// The lowest pitch that is looked for, in Hz: under the B of a five-string bass.
const LOWEST: f32 = 25.0;
/// The highest, in Hz: beyond the 24th fret.
const HIGHEST: f32 = 1500.0;

/// Seconds of signal one reading needs.
const WINDOW: f32 = 0.13;

/// The most samples one reading takes: still two periods of the lowest at 192 kHz.
const MOST: usize = 16_384;

/// A peak of the match counts if it is this good beside the best.
const CLOSE: f32 = 0.9;
/// A match below this is noise.
const CLEAR: f32 = 0.8;
/// Below this level, RMS, there is only hum: −66 dBFS.
const QUIET: f32 = 5e-4;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pitch {
    /// In Hz.
    pub hz: f32,
    /// How well a period matches the next: 1 perfectly.
    pub clarity: f32,
}

/// A detector for one sample rate.
pub struct Detector {
    sample_rate: f32,
    window: usize,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    padded: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    /// The match at each lag, −1 to 1.
    matches: Vec<f32>,
}

impl Detector {
    /// For signals of `sample_rate` Hz.
    pub fn new(sample_rate: f32) -> Self {
        let window = ((sample_rate * WINDOW) as usize).clamp(64, MOST);
        // Room for lags up to half the window without wrapping around.
        let length = (window + window / 2 + 1).next_power_of_two();
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) =
            (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
        let (padded, spectrum) = (forward.make_input_vec(), forward.make_output_vec());
        let matches = Vec::with_capacity(window / 2);
        Self { sample_rate, window, forward, inverse, padded, spectrum, matches }
    }

    /// The rate it is for, in Hz.
    pub fn sample_rate(&self) -> f32 {
        self.sample_rate
    }

    /// Samples that [`Detector::detect`] needs.
    pub fn window(&self) -> usize {
        self.window
    }

    /// The pitch of the last [`Detector::window`] of `samples`, if they have one.
    pub fn detect(&mut self, samples: &[f32]) -> Option<Pitch> {
        let samples = samples.get(samples.len().checked_sub(self.window)?..)?;
        let energy: f32 = samples.iter().map(|x| x * x).sum();
        let audible = energy.is_finite() && energy > QUIET * QUIET * self.window as f32;
        if !audible || !self.correlate(samples) {
            return None;
        }
        let first = self.first_good_peak()?;
        let (lag, clarity) = self.refine(first);
        let hz = self.sample_rate / lag;
        ((LOWEST..=HIGHEST).contains(&hz) && clarity > CLEAR).then_some(Pitch { hz, clarity })
    }

    /// Fills `matches`: twice the correlation over the energy of both stretches.
    fn correlate(&mut self, samples: &[f32]) -> bool {
        let n = samples.len();
        // A constant would match itself at every lag.
        let mean = samples.iter().sum::<f32>() / n as f32;
        self.padded.fill(0.0);
        for (to, from) in self.padded.iter_mut().zip(samples) {
            *to = from - mean;
        }
        let centred: Vec<f32> = self.padded[..n].to_vec();
        if self.forward.process(&mut self.padded, &mut self.spectrum).is_err() {
            return false;
        }
        for bin in &mut self.spectrum {
            *bin = Complex::new(bin.norm_sqr(), 0.0);
        }
        if self.inverse.process(&mut self.spectrum, &mut self.padded).is_err() {
            return false;
        }
        let scale = 1.0 / self.padded.len() as f64;
        let mut energy = 2.0 * centred.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
        self.matches.clear();
        for lag in 0..n / 2 {
            let both = f64::from(self.padded[lag]) * scale;
            self.matches.push(if energy > 0.0 { (2.0 * both / energy) as f32 } else { 0.0 });
            let square = |x: f32| f64::from(x) * f64::from(x);
            energy -= square(centred[lag]) + square(centred[n - 1 - lag]);
        }
        true
    }

    /// The first hump, after the one at no lag, that is nearly as high as any.
    fn first_good_peak(&self) -> Option<usize> {
        let shortest = (self.sample_rate / HIGHEST) as usize;
        let start = self.matches.iter().position(|&m| m < 0.0)?.max(shortest);
        let mut peaks: Vec<usize> = Vec::new();
        let mut hump: Option<usize> = None;
        for lag in start..self.matches.len().saturating_sub(1) {
            if self.matches[lag] <= 0.0 {
                peaks.extend(hump.take());
            } else if hump.is_none_or(|best| self.matches[lag] > self.matches[best])
                && self.matches[lag] >= self.matches[lag + 1]
            {
                hump = Some(lag);
            }
        }
        peaks.extend(hump);
        let best = peaks.iter().map(|&lag| self.matches[lag]).fold(0.0, f32::max);
        peaks.into_iter().find(|&lag| self.matches[lag] >= CLOSE * best)
    }

    /// The period between samples, and how clear it is. A peak several periods on
    /// tells it that many times more exactly.
    fn refine(&self, first: usize) -> (f32, f32) {
        let (mut period, clarity) = self.top(first);
        let mut times = 2.0;
        // Doubling keeps each guess within a fraction of a period of its peak.
        while times * period < (self.matches.len() - 2) as f32 {
            let near = (times * period).round() as usize;
            let reach = (period * 0.1).ceil().max(2.0) as usize;
            let (from, to) =
                (near.saturating_sub(reach), (near + reach).min(self.matches.len() - 2));
            let best = (from..=to).max_by(|&a, &b| self.matches[a].total_cmp(&self.matches[b]));
            let Some(best) = best.filter(|&lag| lag > from && lag < to) else { break };
            let (lag, height) = self.top(best);
            if height < CLOSE * clarity {
                break;
            }
            period = lag / times;
            times *= 2.0;
        }
        (period, clarity)
    }

    /// The top of the parabola through a peak and its neighbours.
    fn top(&self, lag: usize) -> (f32, f32) {
        let [a, b, c] = [lag - 1, lag, lag + 1].map(|lag| f64::from(self.matches[lag]));
        let bend = a - 2.0 * b + c;
        if bend >= 0.0 {
            return (lag as f32, b as f32);
        }
        let shift = 0.5 * (a - c) / bend;
        ((lag as f64 + shift) as f32, (b - 0.25 * (a - c) * shift) as f32)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn cents(found: f32, hz: f64) -> f64 {
        1200.0 * (f64::from(found) / hz).log2()
    }

    /// A plucked string: harmonics that die the sooner the higher they are.
    fn string(hz: f64, rate: f64, seconds: f64) -> Vec<f32> {
        (0..(rate * seconds) as usize)
            .map(|i| {
                let t = i as f64 / rate;
                let partial = |n: f64| {
                    let loud = if n == 1.0 { 0.4 } else { 1.0 / n };
                    loud * (-t * n * 0.8).exp() * (TAU * hz * n * t + n * n).sin()
                };
                (0.2 * (1..12).map(|n| partial(f64::from(n))).sum::<f64>()) as f32
            })
            .collect()
    }

    #[test]
    fn strings_are_found_within_a_cent() {
        for rate in [44_100.0, 48_000.0, 96_000.0] {
            let mut detector = Detector::new(rate as f32);
            for hz in [30.87, 41.2, 82.4, 82.41, 110.0, 146.83, 196.0, 246.94, 329.6, 659.3, 1175.0]
            {
                let sine: Vec<f32> = (0..rate as usize / 4)
                    .map(|i| (0.3 * (TAU * hz * i as f64 / rate).sin()) as f32)
                    .collect();
                for (kind, signal) in [("sine", sine), ("string", string(hz, rate, 0.4))] {
                    let found = detector.detect(&signal).expect("a pitch").hz;
                    let off = cents(found, hz);
                    assert!(
                        off.abs() < 1.0,
                        "{kind} of {hz} Hz at {rate}: {found}, {off:.2} cents"
                    );
                }
            }
        }
    }

    #[test]
    fn hum_of_the_room_does_not_move_it() {
        let mut signal = string(110.0, 48_000.0, 0.3);
        let mut state = 1u32;
        for x in &mut signal {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *x += (state >> 8) as f32 / 8_388_608.0 * 0.002 - 0.001 + 0.1;
        }
        let found = Detector::new(48_000.0).detect(&signal).expect("a pitch").hz;
        assert!(cents(found, 110.0).abs() < 2.0, "{found}");
    }

    #[test]
    fn what_has_no_pitch_gets_none() {
        let mut detector = Detector::new(48_000.0);
        let length = detector.window();
        assert_eq!(detector.detect(&vec![0.0; length]), None);
        assert_eq!(detector.detect(&vec![0.5; length]), None);
        assert_eq!(detector.detect(&vec![f32::NAN; length]), None);
        assert_eq!(detector.detect(&[0.0; 8]), None);
        let mut state = 1u32;
        let noise: Vec<f32> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect();
        assert_eq!(detector.detect(&noise), None);
    }
}
