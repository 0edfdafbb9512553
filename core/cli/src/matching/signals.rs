//! The recordings that are compared: read whole, mixed to one channel, cut to their
//! loudest part and brought to other rates.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use crate::wav::Input;

/// Seconds that are read of a recording.
const MOST: usize = 600;
/// Frames read at a time.
const FRAMES: usize = 1 << 16;
/// Seconds of silence around a signal while its rate is changed, in which filters ring.
const RINGING: f64 = 0.05;
/// The share of the lower Nyquist frequency above which a change of rate fades out.
const FLAT: f64 = 20.0 / 22.05;

/// One channel of sound.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signal {
    pub(super) samples: Vec<f32>,
    /// Hz.
    pub(super) rate: u32,
}

impl Signal {
    /// The mean of the channels of a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let mut input = Input::open(path)?;
        let rate = input.sample_rate();
        if !(8000..=768_000).contains(&rate) {
            bail!("{}: expected 8000 to 768000 Hz, found {rate} Hz", path.display());
        }
        let mut channels = vec![Vec::new(); input.channels()];
        let (mut samples, share) = (Vec::new(), 1.0 / channels.len() as f32);
        while input.read(&mut channels, FRAMES)? > 0 && samples.len() < MOST * rate as usize {
            let mean = |i| share * channels.iter().map(|channel| channel[i]).sum::<f32>();
            samples.extend((0..channels[0].len()).map(mean));
        }
        if let Some(x) = samples.iter().find(|x| !x.is_finite()) {
            bail!("{}: expected finite samples, found {x}", path.display());
        }
        Ok(Self { samples, rate })
    }

    pub(super) fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }

    /// What lies between two times, in seconds, as far as there is something.
    pub(super) fn part(&self, from: f64, to: f64) -> Self {
        let at =
            |t: f64| ((t * f64::from(self.rate)).round().max(0.0) as usize).min(self.samples.len());
        let (from, to) = (at(from), at(to).max(at(from)));
        Self { samples: self.samples[from..to].to_vec(), rate: self.rate }
    }

    /// Where the part of `seconds` with the most energy begins, in seconds, looking every
    /// twentieth of a second within `within`.
    pub(super) fn loudest(&self, seconds: f64, within: [f64; 2]) -> f64 {
        let step = (self.rate as usize / 20).max(1);
        let energy = |part: &[f32]| part.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        let mut sums = vec![0.0];
        for part in self.samples.chunks(step) {
            sums.push(sums[sums.len() - 1] + energy(part));
        }
        let time = |i: usize| i as f64 * step as f64 / f64::from(self.rate);
        let length = ((seconds * 20.0).round() as usize).max(1);
        let mut best = (f64::NEG_INFINITY, within[0]);
        for i in 0..sums.len() {
            let end = (i + length).min(sums.len() - 1);
            let fits = time(i) >= within[0] && time(i) + seconds <= within[1];
            if fits && sums[end] - sums[i] > best.0 {
                best = (sums[end] - sums[i], time(i));
            }
        }
        best.1
    }

    /// The same sound at another rate: its transform, cut off or extended, which is exact
    /// within the band that both hold.
    pub(super) fn at(&self, rate: u32) -> Result<Self> {
        if rate == self.rate {
            return Ok(self.clone());
        }
        let (from, to) = (self.rate as usize, rate as usize);
        let divisor = gcd(from, to);
        let (per_in, per_out) = (from / divisor, to / divisor);
        let padded = self.samples.len() + (RINGING * from as f64) as usize;
        let periods = padded.div_ceil(per_in).next_multiple_of(2);
        let (n_in, n_out) = (periods * per_in, periods * per_out);
        let mut planner = RealFftPlanner::<f32>::new();
        let forward = planner.plan_fft_forward(n_in);
        let (mut time, mut bins) = (forward.make_input_vec(), forward.make_output_vec());
        time[..self.samples.len()].copy_from_slice(&self.samples);
        forward.process(&mut time, &mut bins).context("a change of rate")?;
        let edge = n_in.min(n_out) / 2;
        let flat = (FLAT * edge as f64) as usize;
        for (i, bin) in bins.iter_mut().enumerate().skip(flat) {
            let x = ((i - flat) as f32 / (edge - flat).max(1) as f32).min(1.0);
            *bin *= 0.5 + 0.5 * (std::f32::consts::PI * x).cos();
        }
        bins.resize(n_out / 2 + 1, Complex::default());
        if let Some(last) = bins.last_mut() {
            *last = Complex::default();
        }
        let inverse = planner.plan_fft_inverse(n_out);
        let mut time = inverse.make_output_vec();
        inverse.process(&mut bins, &mut time).context("a change of rate")?;
        let length = (self.samples.len() as u64 * u64::from(rate)).div_ceil(u64::from(self.rate));
        time.truncate(usize::try_from(length)?);
        time.iter_mut().for_each(|x| *x /= n_in as f32);
        Ok(Self { samples: time, rate })
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, seconds: usize) -> Signal {
        let step = std::f64::consts::TAU * hz / f64::from(rate);
        let fade =
            |i: usize| (std::f64::consts::PI * i as f64 / (rate as usize * seconds) as f64).sin();
        let sample = |i: usize| (fade(i).powi(2) * (step * i as f64).sin()) as f32;
        Signal { samples: (0..rate as usize * seconds).map(sample).collect(), rate }
    }

    #[test]
    fn a_tone_at_another_rate_is_the_same_tone() {
        for (from, to) in [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000), (48_000, 47_999)] {
            let found = tone(1234.5, from, 1).at(to).expect("a rate");
            let expected = tone(1234.5, to, 1);
            assert_eq!(found.samples.len(), expected.samples.len(), "{from} to {to}");
            let far = found.samples.iter().zip(&expected.samples).map(|(a, b)| (a - b).abs());
            let far = far.fold(0.0, f32::max);
            assert!(far < 1e-4, "{from} to {to}: {far}");
        }
    }

    #[test]
    fn the_loudest_part_is_found_where_it_may_lie() {
        let mut signal = Signal { samples: vec![0.01; 480_000], rate: 48_000 };
        signal.samples[96_000..144_000].fill(0.5);
        signal.samples[384_000..400_000].fill(0.5);
        assert!((signal.loudest(1.0, [0.0, 10.0]) - 2.0).abs() < 0.051);
        let second = signal.loudest(1.0, [4.0, 10.0]);
        assert!((7.3..=8.0).contains(&second), "{second}");
        assert_eq!(signal.loudest(20.0, [1.5, 10.0]), 1.5);
        assert_eq!(signal.part(9.5, 30.0).samples.len(), 24_000);
        assert!(signal.part(20.0, 3.0).samples.is_empty());
    }
}
