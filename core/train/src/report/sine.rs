//! What a model makes of sines, and what it costs.

use std::f64::consts::TAU;
use std::time::Instant;

use nn::Model;
use realfft::RealFftPlanner;
use serde::Serialize;

use super::measure::{decibels, ratio};

/// Samples of the spectrum.
const LENGTH: usize = 1 << 15;
/// Of the sine whose harmonics are shown, in Hz, about. No simple part of the usual rates,
/// so that aliases lie between harmonics and are seen.
const HZ: f64 = 1250.0;
/// The band in which harmonics and aliases are counted, in Hz.
const BAND: f64 = 20_000.0;
/// Seconds before the spectrum, in which filters and memories settle.
const SETTLE: f64 = 1.0;
/// Columns in which what is no harmonic is drawn.
const COLUMNS: usize = 320;
/// Of the slow sine, in Hz, and its periods before the path is read.
const SLOW: f64 = 40.0;
const PERIODS: usize = 8;
/// Points of the path of a slow sine.
const POINTS: usize = 160;
/// The most of its energy by which the way up may differ from the way down: −30 dB.
const MEMORY: f64 = 1e-3;
/// Samples of a run that is timed, runs, and samples of a block.
const TIMED: usize = 4096;
const RUNS: usize = 8;
const BLOCK: usize = 256;

/// What of a sine comes out of the bare model, without oversampling.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tone {
    /// Frequency of the sine, in Hz: near 1.25 kHz.
    pub hz: f64,
    /// Its amplitude, in dB of full scale.
    pub input_db: f64,
    /// Amplitudes of the sine and of its harmonics below 20 kHz, in dB of full scale.
    pub harmonics_db: Vec<f64>,
    /// All else from 0 to 20 kHz in proportion to the harmonics, in dB of power.
    pub alias_db: f64,
    /// All harmonics but the first in proportion to it, of amplitudes: 1 is 100 %.
    pub thd: f64,
    /// The greatest of what is no harmonic around each frequency: Hz and dB.
    #[serde(skip)]
    pub(super) rest: Vec<[f64; 2]>,
}

impl Tone {
    /// A sine of `input_db` through a model at `rate`. The frequency is such that the
    /// spectrum has an odd number of periods: it needs no window, and no alias falls on
    /// a harmonic of an order below thousands.
    pub(super) fn of(model: &Model, rate: f64, input_db: f64) -> Self {
        let odd = (HZ * LENGTH as f64 / rate / 2.0 - 0.5).round().max(0.0);
        let periods = (2 * odd as usize + 1).min(LENGTH / 2 - 1);
        let peak = 10f64.powf(input_db / 20.0);
        let mut engine = model.engine();
        let settle = (SETTLE * rate) as usize + engine.receptive_field().min(LENGTH);
        let sine = |i: usize| {
            // In whole numbers, for the phase of a late sample would lose digits.
            let phase = (i * periods % LENGTH) as f64 / LENGTH as f64;
            (peak * (TAU * phase).sin()) as f32
        };
        let mut io: Vec<f32> = (0..settle + LENGTH).map(sine).collect();
        engine.process(&mut io);
        Self::read(&powers(&io[settle..]), periods, rate, input_db)
    }

    fn read(power: &[f64], periods: usize, rate: f64, input_db: f64) -> Self {
        let step = rate / LENGTH as f64;
        let within = (1..power.len()).filter(|i| *i as f64 * step <= BAND);
        let (harmonic, other): (Vec<usize>, Vec<usize>) = within.partition(|i| i % periods == 0);
        let sum = |bins: &[usize]| bins.iter().map(|i| power[*i]).sum::<f64>();
        let (signal, alias) = (sum(&harmonic), sum(&other));
        let first = harmonic.first().map_or(0.0, |i| power[*i]);
        let column = |bins: &[usize]| {
            let greatest = bins.iter().copied().max_by(|a, b| power[*a].total_cmp(&power[*b]));
            greatest.map(|i| [i as f64 * step, decibels(power[i])])
        };
        Self {
            hz: periods as f64 * step,
            input_db,
            harmonics_db: harmonic.iter().map(|i| decibels(power[*i])).collect(),
            alias_db: decibels(ratio(alias, signal).unwrap_or(0.0)),
            thd: ratio(signal - first, first).unwrap_or(0.0).max(0.0).sqrt(),
            rest: other.chunks(other.len().div_ceil(COLUMNS).max(1)).filter_map(column).collect(),
        }
    }
}

/// Squares of the amplitudes at each frequency.
fn powers(signal: &[f32]) -> Vec<f64> {
    let fft = RealFftPlanner::<f64>::new().plan_fft_forward(LENGTH);
    let number = |x: &f32| if x.is_finite() { f64::from(*x) } else { 0.0 };
    let mut input: Vec<f64> = signal.iter().map(number).collect();
    input.resize(LENGTH, 0.0);
    let mut output = fft.make_output_vec();
    // Only slices of other lengths fail.
    if fft.process(&mut input, &mut output).is_err() {
        return vec![0.0; output.len()];
    }
    let scale = 2.0 / LENGTH as f64;
    output.iter().map(|x| x.norm_sqr() * scale * scale).collect()
}

/// Output by input from `-peak` to `peak`, if the model answers a slow sine on its way up
/// as on its way down: as if it had no memory. Otherwise none.
pub(super) fn curve(model: &Model, rate: f64, peak: f64) -> Option<Vec<[f64; 2]>> {
    let quarter = (rate / SLOW / 4.0).round().max(1.0) as usize;
    let period = 4 * quarter;
    let sine = |i: usize| (peak * (TAU * (i % period) as f64 / period as f64).sin()) as f32;
    let mut io: Vec<f32> = (0..(PERIODS + 2) * period).map(sine).collect();
    model.engine().process(&mut io);
    let late = model.engine().latency().min(quarter);
    let path = &io[PERIODS * period + late..];
    if path.iter().any(|y| !y.is_finite()) {
        return None;
    }
    // From the least to the greatest input, and back.
    let up = |i: usize| f64::from(path[3 * quarter + i]);
    let down = |i: usize| f64::from(path[3 * quarter - i]);
    let both = || (0..=2 * quarter).map(|i| (up(i), down(i)));
    let mean = both().map(|(u, d)| u + d).sum::<f64>() / (4 * quarter + 2) as f64;
    let apart: f64 = both().map(|(u, d)| (u - d).powi(2)).sum();
    let energy: f64 = both().map(|(u, d)| (u - mean).powi(2) + (d - mean).powi(2)).sum();
    ratio(apart, energy).filter(|memory| *memory < MEMORY)?;
    let point = |i: usize| {
        let x = -peak * (TAU * i as f64 / period as f64).cos();
        [x, (up(i) + down(i)) / 2.0]
    };
    Some((0..=POINTS).map(|i| point(i * 2 * quarter / POINTS)).collect())
}

/// What a model costs on the processor that measured it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Numbers that were learnt.
    pub weights: usize,
    /// Multiply-adds of a sample.
    pub macs: usize,
    /// Nanoseconds of a sample on one core, in blocks of 256.
    pub nanoseconds: f64,
    /// How many times faster than the sound it is.
    pub real_time: Option<f64>,
}

impl Cost {
    /// The shortest of a few runs: what else the machine does only makes them longer.
    pub(super) fn of(model: &Model, rate: f64) -> Self {
        let mut engine = model.engine();
        let mut random = fastrand::Rng::with_seed(1);
        let noise: Vec<f32> = (0..TIMED).map(|_| 0.5 * random.f32() - 0.25).collect();
        let mut run = || {
            let mut io = noise.clone();
            let start = Instant::now();
            io.chunks_mut(BLOCK).for_each(|block| engine.process(block));
            start.elapsed().as_secs_f64()
        };
        // The first finds its memory cold.
        run();
        let shortest = (0..RUNS).map(|_| run()).fold(f64::INFINITY, f64::min);
        let nanoseconds = 1e9 * shortest / TIMED as f64;
        Self {
            weights: model.weights(),
            macs: model.macs(),
            nanoseconds,
            real_time: ratio(1e9, nanoseconds * rate),
        }
    }
}

#[cfg(test)]
#[path = "sine_tests.rs"]
mod tests;
