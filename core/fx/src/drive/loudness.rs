//! How loud a model is over its drive and over the level that goes in, and what it says
//! in silence, measured once so that the effect can take both back without ever pumping.
//!
//! Loudness is that of ITU-R BS.1770-5, annex 1, for one channel and without gates:
//! −0.691 + 10 log₁₀ of the mean square of what its two filters leave.

use std::f64::consts::TAU;

use nn::Model;

use crate::filter::{Coefs, Kind, Section, Step, prewarp};

/// Rate at which models that play at any are measured, in Hz.
const RATE: f64 = 48_000.0;

/// Seconds of the test signal, and how many of them are not counted, in which the
/// network and the filters leave their start behind.
const SECONDS: f64 = 0.24;
const LEAD: f64 = 0.04;

/// Loudness of the test signal at level 0, in LUFS: a guitar straight from a
/// converter.
pub(super) const NOMINAL: f64 = -22.0;

/// Levels at which a model is measured, in dB: first, step, and how many, if it has a
/// knob for the drive, and if the level is the drive.
const KNOBBED: Grid = Grid { first: -20.0, step: 10.0, count: 5 };
const KNOBLESS: Grid = Grid { first: -48.0, step: 6.0, count: 17 };

/// Positions of the drive at which a model of few, of many, and of very many
/// multiply-adds is measured.
const FINE: usize = 17;
const COARSE: usize = 9;
const ROUGH: usize = 3;
const SMALL: usize = 2000;
const LARGE: usize = 20_000;

/// More than any network rests on that is of use.
const LARGEST: f32 = 10.0;

/// Less than any sound, and its negative more than any.
const SILENCE: f64 = -120.0;

/// Equal steps.
#[derive(Clone, Copy, Debug)]
struct Grid {
    first: f32,
    step: f32,
    count: usize,
}

/// What a model adds to the loudness of the test signal.
#[derive(Clone, Debug)]
pub(super) struct Loudness {
    levels: Grid,
    /// In dB. // drives × levels
    added: Vec<f32>,
    /// What comes out in silence. // drives
    rests: Vec<f32>,
}

impl Loudness {
    /// Measures `model`, its further knobs at their defaults.
    pub(super) fn of(model: &Model) -> Self {
        let rate = if model.follows_rate() { RATE } else { model.sample_rate().unwrap_or(RATE) };
        // What works beside the audio thread may well take as long as its sound lasts.
        let few = model.is_foreign() || !model.knobs().is_empty();
        let levels = if few { KNOBBED } else { KNOBLESS };
        let drives = match model.knobs().first() {
            None => 1,
            Some(_) if model.macs() <= SMALL => FINE,
            Some(_) if model.macs() <= LARGE => COARSE,
            Some(_) => ROUGH,
        };
        // A rate at which nothing can be measured cannot play either.
        let Ok(model) = model.at_rate(rate) else {
            return Self { levels, added: Vec::new(), rests: Vec::new() };
        };
        let mut engine = model.engine();
        let mut meter = Meter::new(rate);
        let lead = (LEAD * rate) as usize;
        // What comes late is waited for, lest silence be measured.
        let late = engine.latency();
        let mut signal = test_signal(rate);
        signal.resize(signal.len() + late, 0.0);
        let mut io = signal.clone();
        let mut silence = vec![0.0; lead + late];
        let (mut added, mut rests) = (Vec::with_capacity(drives * levels.count), Vec::new());
        for drive in 0..drives {
            if let Some(knob) = model.knobs().first() {
                let share = drive as f32 / (drives - 1) as f32;
                engine.set_knob(0, knob.min + share * (knob.max - knob.min));
            }
            engine.reset();
            silence.fill(0.0);
            engine.process(&mut silence);
            rests.push(silence.last().copied().filter(|x| x.abs() < LARGEST).unwrap_or(0.0));
            for level in 0..levels.count {
                let gain = crate::smooth::gain(levels.at(level));
                io.iter_mut().zip(&signal).for_each(|(io, x)| *io = gain * x);
                engine.reset();
                engine.process(&mut io);
                let loudness = meter.loudness(&io[late..], lead).min(-SILENCE);
                added.push((loudness - NOMINAL) as f32);
            }
        }
        Self { levels, added, rests }
    }

    /// What it adds to a sound of nominal loudness at a share of the drive, where
    /// `level` dB go before it; in dB.
    pub(super) fn added(&self, drive: f32, level: f32) -> f32 {
        self.between(drive, |row| self.row(row, level))
    }

    /// What comes out in silence at a share of the drive.
    pub(super) fn rest(&self, drive: f32) -> f32 {
        self.between(drive, |row| self.rests.get(row).copied().unwrap_or(0.0))
    }

    /// Between the two measured positions of the drive.
    fn between(&self, drive: f32, at: impl Fn(usize) -> f32) -> f32 {
        let last = self.rests.len().saturating_sub(1);
        let place = drive.clamp(0.0, 1.0) * last as f32;
        let first = (place as usize).min(last.saturating_sub(1));
        let (t, a, b) = (place - first as f32, at(first), at((first + 1).min(last)));
        a + t * (b - a)
    }

    /// Along the levels; beyond the first and the last as between those beside them.
    fn row(&self, drive: usize, level: f32) -> f32 {
        let Grid { first, step, count } = self.levels;
        let Some(row) = self.added.chunks_exact(count).nth(drive) else { return 0.0 };
        let at = (level - first) / step;
        let i = (at.max(0.0) as usize).min(count - 2);
        row[i] + (at - i as f32) * (row[i + 1] - row[i])
    }
}

impl Grid {
    fn at(&self, i: usize) -> f32 {
        self.first + self.step * i as f32
    }
}

/// Notes of the test signal: seconds at which each is struck, and its pitch in Hz. A
/// fifth with its octave on the low strings, then two notes on the high ones.
const NOTES: [(f64, f64); 5] =
    [(0.0, 82.41), (0.0, 123.47), (0.0, 164.81), (0.12, 246.94), (0.12, 392.0)];

/// Where a string is struck, as a share of its length.
const PLUCK: f64 = 0.13;

/// A guitar's chord and two notes: strings struck at [`PLUCK`], whose partials fall by
/// 6 dB an octave more than those of a struck string do, up to 5 kHz, and die away
/// the sooner the higher they are. Of [`NOMINAL`] loudness.
pub(super) fn test_signal(rate: f64) -> Vec<f32> {
    let length = (SECONDS * rate) as usize;
    let mut signal = vec![0.0_f64; length];
    for (number, (start, hz)) in NOTES.iter().enumerate() {
        let first = (start * rate) as usize;
        let partials = (5000.0 / hz) as usize;
        for k in 1..=partials {
            let order = k as f64;
            let weight = (std::f64::consts::PI * order * PLUCK).sin() / order.powi(2);
            let step = TAU * hz * order / rate;
            let phase = (number * 7 + k * k) as f64;
            let fall = 3.0 + hz * order / 200.0;
            let (decay, turn) = ((-fall / rate).exp(), (step.cos(), step.sin()));
            let (mut re, mut im) = (weight * phase.cos(), weight * phase.sin());
            for x in &mut signal[first..] {
                *x += im;
                (re, im) =
                    (decay * (re * turn.0 - im * turn.1), decay * (re * turn.1 + im * turn.0));
            }
        }
    }
    let mut signal: Vec<f32> = signal.into_iter().map(|x| x as f32).collect();
    let loudness = Meter::new(rate).loudness(&signal, (LEAD * rate) as usize);
    let gain = 10f64.powf((NOMINAL - loudness) / 20.0) as f32;
    signal.iter_mut().for_each(|x| *x *= gain);
    signal
}

/// Measures loudness.
pub(super) struct Meter {
    /// The head's shelf and the high-pass.
    steps: [Step; 2],
}

impl Meter {
    /// For a signal at `rate` Hz.
    ///
    /// The recommendation gives its filters as coefficients at 48 kHz; these are the
    /// analogue ones whose bilinear transform they are, found by B. De Man,
    /// *Evaluation of Implementations of the EBU R128 Loudness Measurement* (AES 145,
    /// 2018).
    pub(super) fn new(rate: f64) -> Self {
        let warp = |hz| prewarp(rate as f32, hz);
        let (high, band) = (1.584_864_701_130_855, 1.258_720_930_232_561_7);
        let shelf = Coefs::analogue(
            warp(1_681.974_450_955_533),
            0.707_175_236_955_419_6,
            [high, band, 1.0],
        );
        let high =
            Coefs::new(Kind::HighPass, warp(38.135_470_876_024_44), 0.500_327_037_323_877_3, 0.0);
        Self { steps: [shelf, high].map(|coefs| Step::new(&coefs)) }
    }

    /// In LUFS, of a signal of one channel without its first `lead` samples.
    pub(super) fn loudness(&mut self, signal: &[f32], lead: usize) -> f64 {
        let mut sections = [Section::default(), Section::default()];
        let (mut sum, mut frames) = (0.0, [[0.0_f64; 1]; 64]);
        for (block, io) in signal.chunks(64).enumerate() {
            let frames = &mut frames[..io.len()];
            frames.iter_mut().zip(io).for_each(|(f, x)| f[0] = f64::from(*x));
            for (section, step) in sections.iter_mut().zip(&self.steps) {
                section.run(frames, step);
            }
            let counted = lead.saturating_sub(64 * block).min(io.len());
            sum += frames[counted..].iter().map(|[x]| x * x).sum::<f64>();
        }
        let mean = sum / signal.len().saturating_sub(lead).max(1) as f64;
        (-0.691 + 10.0 * mean.log10()).max(SILENCE)
    }
}
