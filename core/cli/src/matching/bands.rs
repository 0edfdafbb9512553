//! What a sound is made of: the levels of third-octave bands over time, at several
//! resolutions, and its loudness.
//!
//! Bands are those of IEC 61260-1:2014, base ten: their middles lie at 1000 · 10^(k/10) Hz,
//! their edges a twentieth of a decade to each side. All lengths are in seconds, so that
//! sounds of different rates can be compared.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use ebur128::{EbuR128, Mode};
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Bands, from 39.8 Hz to 15.8 kHz.
pub(super) const BANDS: usize = 27;
const FIRST: i32 = -14;

/// Seconds of the windows, 8192 to 512 samples at 48 kHz, and the first band for which
/// each is long enough; they overlap by half.
const WINDOWS: [(f64, usize); 3] =
    [(8192.0 / 48_000.0, 0), (2048.0 / 48_000.0, 7), (512.0 / 48_000.0, 13)];

/// Power that counts as none, −200 dB, so that it has a logarithm.
const NONE: f32 = 1e-20;

/// The middle of a band, in Hz.
pub(super) fn middle(band: usize) -> f64 {
    1000.0 * 10f64.powf(f64::from(FIRST + band as i32) / 10.0)
}

pub(super) fn decibels(power: f64) -> f64 {
    10.0 * power.max(f64::from(NONE)).log10()
}

/// Levels over time at one resolution.
pub(super) struct Grid {
    /// The lowest band.
    pub(super) first: usize,
    /// dB of each band from the first on, frame by frame.
    pub(super) levels: Vec<f32>,
    /// dB of all bands together, by frame.
    pub(super) totals: Vec<f32>,
}

impl Grid {
    /// Bands there are.
    pub(super) fn width(&self) -> usize {
        BANDS - self.first
    }

    /// The bands of a frame.
    pub(super) fn frame(&self, i: usize) -> &[f32] {
        &self.levels[i * self.width()..(i + 1) * self.width()]
    }
}

/// A sound as it is compared.
pub(super) struct Sound {
    /// LUFS, integrated after ITU-R BS.1770; every channel is a front one.
    pub(super) loudness: f64,
    pub(super) grids: Vec<Grid>,
    /// Mean power of each band, in dB.
    pub(super) mean: [f64; BANDS],
    /// How far peaks rise above the RMS within a twentieth of a second, in dB: the median.
    pub(super) crest: f64,
}

/// One window length at one rate.
struct Transform {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    first: usize,
    /// Where the bins of each band begin, and the share of each that lies within it.
    bands: Vec<(usize, Vec<f32>)>,
}

impl Transform {
    fn new(planner: &mut RealFftPlanner<f32>, rate: f64, seconds: f64, first: usize) -> Self {
        let length = ((seconds * rate / 8.0).round() as usize).max(2) * 8;
        let phase = |i: usize| std::f64::consts::TAU * (i as f64 + 0.5) / length as f64;
        // With this scale the bins of a sound add up to its mean square.
        let scale = (2.0 / (length as f64 * 0.375 * length as f64)).sqrt();
        let window = (0..length).map(|i| (scale * (0.5 - 0.5 * phase(i).cos())) as f32).collect();
        let step = rate / length as f64;
        let half = 10f64.powf(0.05);
        let band = |band: usize| {
            let (low, high) = (middle(band) / half / step, middle(band) * half / step);
            let from = ((low - 0.5).ceil().max(0.0) as usize).min(length / 2);
            let to = ((high + 0.5).floor() as usize).min(length / 2);
            let share = |bin: usize| {
                let (a, b) = (bin as f64 - 0.5, bin as f64 + 0.5);
                (high.min(b) - low.max(a)).max(0.0) as f32
            };
            (from, (from..=to).map(share).collect())
        };
        let bands = (first..BANDS).map(band).collect();
        Self { fft: planner.plan_fft_forward(length), window, first, bands }
    }

    /// Levels of the windows that begin at `starts`.
    fn grid(&self, signal: &[f32], starts: impl Iterator<Item = usize>) -> Grid {
        let (mut levels, mut totals) = (Vec::new(), Vec::new());
        let mut time = self.fft.make_input_vec();
        let mut bins = self.fft.make_output_vec();
        let mut scratch = self.fft.make_scratch_vec();
        for start in starts {
            let part = signal.get(start..).unwrap_or_default();
            time.fill(0.0);
            for ((t, x), w) in time.iter_mut().zip(part).zip(&self.window) {
                *t = x * w;
            }
            // Only buffers of other lengths fail.
            if self.fft.process_with_scratch(&mut time, &mut bins, &mut scratch).is_err() {
                break;
            }
            let mut total = 0.0;
            for (from, shares) in &self.bands {
                let near = bins.get(*from..).unwrap_or_default();
                let power = |(bin, share): (&Complex<f32>, &f32)| share * bin.norm_sqr();
                let power: f32 = near.iter().zip(shares).map(power).sum();
                total += power;
                levels.push(10.0 * power.max(NONE).log10());
            }
            totals.push(10.0 * total.max(NONE).log10());
        }
        Grid { first: self.first, levels, totals }
    }
}

/// Looks into sounds of one rate.
pub(super) struct Analyser {
    rate: u32,
    transforms: Vec<Transform>,
}

impl Analyser {
    fn new(rate: u32) -> Self {
        let mut planner = RealFftPlanner::new();
        let new = |(seconds, first)| Transform::new(&mut planner, f64::from(rate), seconds, first);
        Self { rate, transforms: WINDOWS.map(new).into() }
    }

    /// One for each rate, made when it is needed first.
    pub(super) fn shared(rate: u32) -> Arc<Self> {
        static ALL: Mutex<Option<HashMap<u32, Arc<Analyser>>>> = Mutex::new(None);
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        let all = all.get_or_insert_default();
        all.entry(rate).or_insert_with(|| Arc::new(Self::new(rate))).clone()
    }

    /// All there is to know of a sound; none of silence.
    pub(super) fn hear(&self, signal: &[f32]) -> Result<Option<Sound>> {
        let Some(loudness) = loudness(signal, self.rate)? else { return Ok(None) };
        let grids: Vec<Grid> = self.transforms.iter().map(|t| t.over(signal)).collect();
        let mean = grids.first().map_or([NONE.into(); BANDS], mean_powers);
        let mean = mean.map(decibels);
        Ok(Some(Sound { loudness, grids, mean, crest: crest(signal, self.rate) }))
    }
}

/// LUFS, integrated after ITU-R BS.1770; none of silence.
pub(super) fn loudness(signal: &[f32], rate: u32) -> Result<Option<f64>> {
    let mut meter = EbuR128::new(1, rate, Mode::I).context("the loudness meter")?;
    meter.add_frames_f32(signal)?;
    let loudness = meter.loudness_global()?;
    Ok(loudness.is_finite().then_some(loudness))
}

impl Transform {
    /// All windows that overlap by half and lie within; one at least.
    fn over(&self, signal: &[f32]) -> Grid {
        let length = self.window.len();
        self.grid(signal, (0..=signal.len().saturating_sub(length)).step_by(length / 2))
    }
}

/// Of each band, over all frames.
fn mean_powers(grid: &Grid) -> [f64; BANDS] {
    let mut sums = [0.0; BANDS];
    for frame in grid.levels.chunks_exact(grid.width()) {
        for (sum, db) in sums.iter_mut().skip(grid.first).zip(frame) {
            *sum += 10f64.powf(f64::from(*db) / 10.0);
        }
    }
    sums.map(|sum| sum / grid.totals.len().max(1) as f64)
}

fn crest(signal: &[f32], rate: u32) -> f64 {
    let crest = |part: &[f32]| {
        let power = part.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / part.len() as f64;
        let peak = part.iter().fold(0f32, |peak, x| peak.max(x.abs()));
        (power > 1e-10).then(|| 20.0 * f64::from(peak).log10() - 10.0 * power.log10())
    };
    let length = (rate as usize / 20).max(1);
    let mut all: Vec<f64> = signal.chunks_exact(length).filter_map(crest).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, amplitude: f64, rate: u32, seconds: usize) -> Vec<f32> {
        let step = std::f64::consts::TAU * hz / f64::from(rate);
        (0..rate as usize * seconds).map(|i| (amplitude * (step * i as f64).sin()) as f32).collect()
    }

    #[test]
    fn a_sine_is_in_its_band_at_its_level_at_any_rate() {
        for rate in [44_100, 48_000, 96_000] {
            for band in [5, 14, 20, 26] {
                let signal = sine(middle(band), 0.5, rate, 2);
                let sound = Analyser::shared(rate).hear(&signal).expect("heard").expect("sound");
                // A mean square of an eighth.
                let found = sound.mean[band];
                assert!((found + 9.03).abs() < 0.3, "{rate} Hz, band {band}: {found} dB");
                assert!(sound.mean[(band + 4) % BANDS] < -40.0, "{:?}", sound.mean);
                assert!((sound.crest - 3.01).abs() < 0.1, "{}", sound.crest);
                let fine = &sound.grids[2];
                if band >= 14 {
                    let db = fine.frame(3)[band - fine.first];
                    assert!((db + 9.03).abs() < 0.8, "{db} dB in a short window");
                }
            }
        }
    }

    #[test]
    fn silence_and_snippets_are_no_sound() {
        let analyser = Analyser::shared(48_000);
        assert!(analyser.hear(&[0.0; 48_000]).expect("heard").is_none());
        assert!(analyser.hear(&[0.5; 100]).expect("heard").is_none());
        assert!(analyser.hear(&[]).expect("heard").is_none());
    }

    #[test]
    fn loudness_is_that_of_the_standard() {
        // EBU Tech 3341, case 1: 1 kHz at −23 dBFS in both channels is −23 LUFS, so in one
        // of them it is 3 dB less.
        let signal = sine(1000.0, 10f64.powf(-23.0 / 20.0), 48_000, 20);
        let sound = Analyser::shared(48_000).hear(&signal).expect("heard").expect("sound");
        assert!((sound.loudness + 26.0).abs() < 0.1, "{}", sound.loudness);
    }
}
