//! What a model does to the signal, in numbers and curves. Not for the audio thread.

use std::f64::consts::TAU;

use nn::{Engine, Model};
use realfft::RealFftPlanner;

use super::{Drive, KNOBS, Params, Pedal, Setup};
use crate::error::Error;

/// Rate at which curves are drawn, in Hz, for models that play at any, and for others
/// that do not tell theirs.
const RATE: f64 = 192_000.0;
const USUAL_RATE: f64 = 48_000.0;

/// The sine that draws the path of a model that remembers, in Hz, in the middle of what
/// pedals let through; how many periods pass before it is drawn.
const TONE: f64 = 500.0;
const PASSED: usize = 100;

/// Samples of the spectrum.
const LENGTH: usize = 1 << 15;

/// The band in which aliases are counted, in Hz.
const BAND: f64 = 20_000.0;

/// Seconds before the spectrum, in which the DC block and the filters settle.
const SETTLE: f32 = 1.0;

/// Less than a spectrum of single precision shows, in dB.
const SILENCE: f64 = -240.0;

/// What of a sine comes out of the whole effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Frequency of the sine, in Hz: near the one that was asked for.
    pub hz: f32,
    /// Of [`spectrum_db`](Self::spectrum_db): Hz from one value to the next.
    pub step: f32,
    /// Level of a sine at each frequency from 0 to half the rate, in dB of full scale.
    pub spectrum_db: Vec<f32>,
    /// Of the sine and of its harmonics below 20 kHz, in dB of full scale.
    pub harmonics: Vec<f32>,
    /// All else below 20 kHz in proportion to the harmonics, in dB of power.
    pub alias_db: f32,
    /// All harmonics but the first in proportion to it, of amplitudes: 1 is 100 %.
    pub thd: f32,
}

/// What a model makes of inputs from `-range` to `range`, after its drive and with its
/// further knobs as [`Params`] has them: `points` pairs of input and output. A model
/// that remembers is shown a sine of 500 Hz, and the pairs are its path, once around,
/// without the time by which its filters delay that.
pub fn curve(
    model: &Model,
    drive: f32,
    knobs: [f32; KNOBS],
    range: f32,
    points: usize,
) -> Vec<[f32; 2]> {
    let rate = match model.follows_rate() {
        true => RATE,
        false => model.sample_rate().unwrap_or(USUAL_RATE),
    };
    let Ok(model) = model.at_rate(rate) else { return Vec::new() };
    let mut engine = model.engine();
    let gain = turn(&model, &mut *engine, drive, knobs);
    if engine.receptive_field() <= 1 {
        let last = points.saturating_sub(1).max(1) as f32;
        let inputs = (0..points).map(|i| range * (2.0 * i as f32 / last - 1.0));
        return answers(&mut *engine, inputs.collect(), gain);
    }
    let period = (rate / TONE).round() as usize;
    let sine = |i: usize| range * (TAU * i as f64 / period as f64).sin() as f32;
    let inputs = (0..(PASSED + 1) * period).map(sine).collect();
    let mut path = answers(&mut *engine, inputs, gain).split_off(PASSED * period);
    straighten(&mut path);
    (0..points).map(|i| path[i * path.len() / points.max(1)]).collect()
}

/// Moves the outputs of a sine's path in time to where they are most alike on the way up
/// and on the way down, a quarter of the period at most.
fn straighten(path: &mut [[f32; 2]]) {
    let (n, quarter) = (path.len() as isize, path.len() as isize / 4);
    let output = |i: isize| path[i.rem_euclid(n) as usize][1];
    let apart = |late: isize| -> f64 {
        let pair = |k: isize| output(k + late) - output(2 * quarter - k + late);
        (0..2 * quarter).map(|k| f64::from(pair(k)).powi(2)).sum()
    };
    // The least delay first, so that it is taken where others would do as well.
    let mut delays: Vec<isize> = (1 - quarter..quarter).collect();
    delays.sort_by_key(|late| late.abs());
    let best = delays.into_iter().min_by(|a, b| apart(*a).total_cmp(&apart(*b)));
    let moved: Vec<f32> = (0..n).map(|i| output(i + best.unwrap_or(0))).collect();
    path.iter_mut().zip(moved).for_each(|(point, y)| point[1] = y);
}

/// Sets the knobs as the effect would; returns the gain that is the drive where there
/// are none.
fn turn(model: &Model, engine: &mut dyn Engine, drive: f32, knobs: [f32; KNOBS]) -> f32 {
    let shares = [drive].into_iter().chain(knobs);
    for (i, (knob, share)) in model.knobs().iter().zip(shares).enumerate() {
        engine.set_knob(i, knob.min + share * (knob.max - knob.min));
    }
    match model.knobs().is_empty() {
        true => crate::smooth::gain(super::DRIVE_SPAN * (drive - 0.5)),
        false => 1.0,
    }
}

/// Inputs with what they become, however late that comes.
fn answers(engine: &mut dyn Engine, inputs: Vec<f32>, gain: f32) -> Vec<[f32; 2]> {
    let late = engine.latency();
    let mut io: Vec<f32> = inputs.iter().map(|x| gain * x).collect();
    io.resize(io.len() + late, 0.0);
    engine.process(&mut io);
    inputs.into_iter().zip(io.split_off(late)).map(|(x, y)| [x, y]).collect()
}

/// A sine of about `hz` Hz and the amplitude `peak` through the effect with a pedal of
/// `model`, measured after a second: the frequency is moved to where the spectrum has
/// an odd number of periods, so that it needs no window and no alias falls on a
/// harmonic of an order below thousands.
///
/// # Errors
/// Those of [`Pedal::build`].
pub fn alias_to_signal(
    model: &Model,
    setup: Setup,
    params: &Params,
    hz: f32,
    peak: f32,
) -> Result<Measured, Error> {
    let pedal = Pedal::build(model, setup)?;
    let rate = f64::from(setup.sample_rate);
    let odd = (f64::from(hz) * LENGTH as f64 / rate / 2.0 - 0.5).round().max(0.0);
    let periods = (2 * odd as usize + 1).min(LENGTH / 2 - 1);
    let settle = (SETTLE * setup.sample_rate) as usize + pedal.latency();
    let sine = |i: usize| {
        // In whole numbers, for the phase of a late sample would lose digits.
        let phase = (i * periods % LENGTH) as f64 / LENGTH as f64;
        (f64::from(peak) * (TAU * phase).sin()) as f32
    };
    let mut io: Vec<f32> = (0..settle + LENGTH).map(sine).collect();
    let (loader, mut effect) = Drive::new(setup.sample_rate);
    loader.offer(pedal);
    effect.process(&mut [&mut io], 1, params);
    Ok(Measured::of(&io[settle..], periods, rate))
}

impl Measured {
    /// Of [`LENGTH`] samples with as many periods.
    fn of(signal: &[f32], periods: usize, rate: f64) -> Self {
        let power = powers(signal);
        let step = rate / LENGTH as f64;
        let within = (1..power.len()).filter(|i| *i as f64 * step <= BAND);
        let (harmonic, other): (Vec<_>, Vec<_>) = within.partition(|i| i % periods == 0);
        let sum = |bins: &[usize]| bins.iter().map(|i| power[*i]).sum::<f64>();
        let (signal, alias) = (sum(&harmonic), sum(&other));
        let first = harmonic.first().map_or(0.0, |i| power[*i]);
        let share = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
        Self {
            hz: (periods as f64 * step) as f32,
            step: step as f32,
            harmonics: harmonic.iter().map(|i| decibels(power[*i])).collect(),
            alias_db: decibels(share(alias, signal)),
            thd: share(signal - first, first).max(0.0).sqrt() as f32,
            spectrum_db: power.into_iter().map(decibels).collect(),
        }
    }
}

/// Squares of the amplitudes at each frequency.
fn powers(signal: &[f32]) -> Vec<f64> {
    let fft = RealFftPlanner::<f64>::new().plan_fft_forward(LENGTH);
    let mut input: Vec<f64> = signal.iter().map(|x| f64::from(*x)).collect();
    input.resize(LENGTH, 0.0);
    let mut output = fft.make_output_vec();
    // Only slices of other lengths fail.
    if fft.process(&mut input, &mut output).is_err() {
        return vec![0.0; output.len()];
    }
    let scale = 2.0 / LENGTH as f64;
    output.iter().map(|x| x.norm_sqr() * scale * scale).collect()
}

fn decibels(power: f64) -> f32 {
    (10.0 * power.log10()).max(SILENCE) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::{Oversampling, Phase, Quality};

    fn tanh(rest: &str) -> Model {
        let json = format!(
            r#"{{"format":"kiln-drive","version":1{rest},"layers":[
            {{"type":"dense","weights":[[1.0]],"bias":[0.0]}},{{"type":"tanh"}},
            {{"type":"dense","weights":[[1.0]],"bias":[0.0]}}]}}"#
        );
        Model::load(json.as_bytes()).expect("a model")
    }

    #[test]
    fn a_curve_is_that_of_the_network() {
        let found = curve(&tanh(""), 0.75, [0.5; KNOBS], 2.0, 101);
        assert_eq!((found.len(), found[0][0], found[100][0]), (101, -2.0, 2.0));
        let gain = 10f32.powf(12.0 / 20.0);
        for [x, y] in found {
            assert!((y - (gain * x).tanh()).abs() < 1e-5, "{x}: {y}");
        }
        // Behind a filter it is that of what the filter leaves, once it is not late.
        let filter = r#","pre":[{"kind":"high_pass","hz":300}]"#;
        let left = 0.941; // of 500 Hz: r² / √((1 − r²)² + 2 r²), r = 5/3
        for [x, y] in curve(&tanh(filter), 0.5, [0.5; KNOBS], 1.0, 400) {
            assert!((y - (left * x).tanh()).abs() < 0.03, "{x}: {y}");
        }
    }

    #[test]
    fn a_measurement_finds_harmonics_distortion_and_what_folds_back() {
        let quality = Quality {
            oversampling: Oversampling::X8,
            phase: Phase::Minimum,
            antiderivative: false,
        };
        let setup = Setup { sample_rate: 48_000.0, quality, calls: crate::Calls::OFFLINE };
        let found = alias_to_signal(&tanh(""), setup, &Params::default(), 1000.0, 0.1);
        let found = found.expect("measured");
        assert!((found.hz - 1000.0).abs() < 2.0 * found.step, "{}", found.hz);
        // tanh x = x − x³/3 …: of a sine of 0.1 the third harmonic is x³/12 and the first
        // x − x³/4.
        let third = (0.1_f32.powi(3) / 12.0) / (0.1 - 0.1_f32.powi(3) / 4.0);
        assert!((found.thd / third - 1.0).abs() < 0.02, "{} for {third}", found.thd);
        let first = 20.0 * (0.1_f32 - 0.1_f32.powi(3) / 4.0).log10();
        assert!((found.harmonics[0] - first).abs() < 0.01, "{}", found.harmonics[0]);
        assert_eq!(found.harmonics.len(), 19, "{} Hz", found.hz);
        assert!(found.alias_db < -110.0, "{}", found.alias_db);
        let silent = alias_to_signal(&tanh(""), setup, &Params::default(), 1000.0, 0.0);
        assert!(silent.expect("measured").thd == 0.0);
    }
}
