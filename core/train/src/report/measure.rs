//! How far a model is from its target, in numbers.

use std::borrow::Cow;

use serde::Serialize;

use super::spectrum::Spectra;
use crate::Error;

/// Seconds over which levels are averaged.
const WINDOW: f64 = 0.05;
/// Seconds of the waveforms that are drawn, and from one candidate to the next.
const STRETCH: f64 = 0.03;
const HOP: f64 = 0.01;
/// Decibels of a bin of levels.
const BIN: f64 = 6.0;
/// Mean squares of what counts as silence: −90 dB of full scale.
const QUIET: f64 = 1e-9;
/// Less than a level in single precision shows, in dB.
const SILENCE_DB: f64 = -240.0;

/// A held-out passage: sound that was not learnt from. Slices of one length, aligned.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a> {
    /// Samples in a second.
    pub rate: f64,
    /// What went into the gear.
    pub dry: &'a [f32],
    /// What came out of it: the target.
    pub wet: &'a [f32],
    /// What the model makes of `dry`.
    pub model: &'a [f32],
}

/// A passage whose samples are all numbers.
pub(super) struct Sound<'a> {
    pub(super) rate: f64,
    pub(super) dry: Cow<'a, [f32]>,
    pub(super) wet: Cow<'a, [f32]>,
    pub(super) model: Cow<'a, [f32]>,
    /// Samples that were no numbers and are zeros now.
    broken: usize,
}

impl<'a> Sound<'a> {
    /// Checks a passage.
    pub(super) fn new(passage: &Passage<'a>) -> Result<Self, Error> {
        let Passage { rate, dry, wet, model } = *passage;
        let expected = format!("as many samples as the dry one, {}", dry.len());
        for (what, signal) in [("wet", wet), ("model's", model)] {
            if signal.len() != dry.len() {
                let what = format!("held-out {what} passage");
                return Err(Error::setting(what, &*expected, signal.len()));
            }
        }
        if !(1000.0..=768_000.0).contains(&rate) {
            return Err(Error::setting("held-out passage's rate", "1000 to 768000 Hz", rate));
        }
        let (dry, wet, model) = (clean(dry), clean(wet), clean(model));
        let broken = dry.1 + wet.1 + model.1;
        Ok(Self { rate, dry: dry.0, wet: wet.0, model: model.0, broken })
    }

    /// Samples of each signal.
    pub(super) fn len(&self) -> usize {
        self.dry.len()
    }

    /// Pairs of the target and the error.
    fn errors(&self) -> impl Iterator<Item = (f64, f64)> {
        let pairs = self.wet.iter().zip(self.model.iter());
        pairs.map(|(t, m)| (f64::from(*t), f64::from(*m) - f64::from(*t)))
    }
}

fn clean(signal: &[f32]) -> (Cow<'_, [f32]>, usize) {
    let broken = signal.iter().filter(|x| !x.is_finite()).count();
    match broken {
        0 => (Cow::Borrowed(signal), 0),
        _ => (signal.iter().map(|x| if x.is_finite() { *x } else { 0.0 }).collect(), broken),
    }
}

/// How far the model is from the target on the held-out passage. `None` where the target
/// is silent, so that there is nothing to compare with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Numbers {
    /// Seconds of the passage.
    pub seconds: f64,
    /// Samples in a second.
    pub rate: f64,
    /// Error-to-signal ratio: energy of the difference by energy of the target.
    pub esr: Option<f64>,
    /// The same in dB: how much is left when one is taken off the other.
    pub null_db: Option<f64>,
    /// The ratio with both spectra weighted by curve A of IEC 61672-1.
    pub weighted_esr: Option<f64>,
    /// Largest magnitude of the difference; 1 is full scale.
    pub peak_error: f64,
    /// Level of the model by the level of the target, both without their means, in dB.
    pub gain_db: Option<f64>,
    /// Mean of the model less the mean of the target; 1 is full scale.
    pub dc: f64,
    /// Samples of the passage that are no numbers and count as silence.
    pub broken: usize,
}

impl Numbers {
    pub(super) fn of(sound: &Sound<'_>, spectra: &Spectra) -> Self {
        let (mut target, mut error, mut peak) = (0.0, 0.0, 0_f64);
        for (t, e) in sound.errors() {
            target += t * t;
            error += e * e;
            peak = peak.max(e.abs());
        }
        let esr = ratio(error, target);
        let (model, wet) = (moments(&sound.model), moments(&sound.wet));
        Self {
            seconds: sound.len() as f64 / sound.rate,
            rate: sound.rate,
            esr,
            null_db: esr.map(decibels),
            weighted_esr: spectra.weighted_esr(),
            peak_error: peak,
            gain_db: ratio(model.1, wet.1).map(decibels),
            dc: model.0 - wet.0,
            broken: sound.broken,
        }
    }
}

/// Mean and variance.
fn moments(signal: &[f32]) -> (f64, f64) {
    let n = signal.len().max(1) as f64;
    let mean = signal.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
    let variance = signal.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n;
    (mean, variance)
}

/// A quotient, where there is one.
pub(super) fn ratio(a: f64, b: f64) -> Option<f64> {
    Some(a / b).filter(|_| b > 0.0).filter(|x| x.is_finite())
}

/// Of a ratio of powers.
pub(super) fn decibels(power: f64) -> f64 {
    (10.0 * power.log10()).max(SILENCE_DB)
}

/// Mean squares over 50 ms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Where its middle lies, in seconds.
    pub(super) at: f64,
    pub(super) target: f64,
    pub(super) error: f64,
}

/// The whole windows of a passage, or one of all that there is.
pub(super) fn windows(sound: &Sound<'_>) -> Vec<Window> {
    let length = ((WINDOW * sound.rate).round() as usize).clamp(1, sound.len().max(1));
    let square = |x: f64| x * x;
    let mean = |(i, (wet, model)): (usize, (&[f32], &[f32]))| {
        let error = |(t, m): (&f32, &f32)| square(f64::from(*m) - f64::from(*t));
        Window {
            at: (i as f64 + 0.5) * length as f64 / sound.rate,
            target: wet.iter().map(|t| square(f64::from(*t))).sum::<f64>() / length as f64,
            error: wet.iter().zip(model).map(error).sum::<f64>() / length as f64,
        }
    };
    let both = sound.wet.chunks_exact(length).zip(sound.model.chunks_exact(length));
    both.enumerate().map(mean).collect()
}

/// At most `most` windows: neighbours averaged.
pub(super) fn thinned(windows: &[Window], most: usize) -> Vec<Window> {
    let group = windows.len().div_ceil(most.max(1)).max(1);
    let mean = |all: &[Window], of: fn(&Window) -> f64| {
        all.iter().map(of).sum::<f64>() / all.len().max(1) as f64
    };
    let joined = windows.chunks(group);
    joined
        .map(|w| Window {
            at: mean(w, |w| w.at),
            target: mean(w, |w| w.target),
            error: mean(w, |w| w.error),
        })
        .collect()
}

/// The error of all moments at which the target is about as loud.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// The least level of the target over 50 ms, in dB of full scale.
    pub from_db: f64,
    /// The greatest.
    pub to_db: f64,
    /// Error-to-signal ratio of these moments together.
    pub esr: f64,
    /// Their share of the passage: 0 to 1.
    pub share: f64,
}

/// Bins of 6 dB, the quietest first. What is quieter than −90 dB counts as silence.
pub(super) fn levels(windows: &[Window]) -> Vec<Bin> {
    let mut bins = std::collections::BTreeMap::<i64, (f64, f64, usize)>::new();
    for w in windows.iter().filter(|w| w.target > QUIET) {
        let bin = bins.entry((decibels(w.target) / BIN).floor() as i64).or_default();
        *bin = (bin.0 + w.target, bin.1 + w.error, bin.2 + 1);
    }
    let bin = |(i, (target, error, n)): (i64, (f64, f64, usize))| Bin {
        from_db: i as f64 * BIN,
        to_db: (i + 1) as f64 * BIN,
        esr: error / target,
        share: n as f64 / windows.len() as f64,
    };
    bins.into_iter().map(bin).collect()
}

/// Waveforms of a moment.
#[derive(Clone, Debug)]
pub(super) struct Wave {
    /// Where it begins, in seconds.
    pub(super) start: f64,
    /// Samples in a second.
    pub(super) rate: f64,
    pub(super) target: Vec<f32>,
    pub(super) model: Vec<f32>,
}

/// The 30 ms with the largest error, and 30 ms as near to the target as half of all that
/// is not much quieter than the whole: the median. None of an empty passage.
pub(super) fn waves(sound: &Sound<'_>) -> Vec<Wave> {
    let length = ((STRETCH * sound.rate).round() as usize).min(sound.len());
    if length == 0 {
        return Vec::new();
    }
    let hop = ((HOP * sound.rate).round() as usize).max(1);
    // Sums up to each sample, so that each candidate takes two differences.
    let mut sums = vec![(0.0, 0.0)];
    for (t, e) in sound.errors() {
        let (targets, errors) = sums[sums.len() - 1];
        sums.push((targets + t * t, errors + e * e));
    }
    let candidates = (0..=sound.len() - length).step_by(hop).map(|start| {
        let (from, to) = (sums[start], sums[start + length]);
        (start, to.0 - from.0, to.1 - from.1)
    });
    let mut candidates: Vec<(usize, f64, f64)> = candidates.collect();
    let worst = candidates.iter().max_by(|a, b| a.2.total_cmp(&b.2)).map_or(0, |c| c.0);
    let mean = candidates.iter().map(|c| c.1).sum::<f64>() / candidates.len() as f64;
    candidates.retain(|c| c.1 > 0.1 * mean);
    candidates.sort_by(|a, b| (a.2 / a.1).total_cmp(&(b.2 / b.1)));
    let typical = candidates.get(candidates.len() / 2).map_or(0, |c| c.0);
    let wave = |start: usize| Wave {
        start: start as f64 / sound.rate,
        rate: sound.rate,
        target: sound.wet[start..start + length].to_vec(),
        model: sound.model[start..start + length].to_vec(),
    };
    vec![wave(worst), wave(typical)]
}

/// How often each output answers each input.
#[derive(Clone, Debug)]
pub(super) struct Density {
    /// Of rows and of columns, from the negative to the positive limit.
    pub(super) cells: usize,
    /// Row by row.
    pub(super) counts: Vec<u32>,
}

impl Density {
    /// Pairs from `-limits` to `limits`, counted.
    pub(super) fn of(dry: &[f32], out: &[f32], limits: [f64; 2], cells: usize) -> Self {
        let mut counts = vec![0_u32; cells * cells];
        let place = |x: f32, limit: f64| {
            let share = (f64::from(x) / limit + 1.0) / 2.0 * cells as f64;
            (share as usize).min(cells.saturating_sub(1))
        };
        for (x, y) in dry.iter().zip(out) {
            let at = place(*y, limits[1]) * cells + place(*x, limits[0]);
            if let Some(count) = counts.get_mut(at) {
                *count = count.saturating_add(1);
            }
        }
        Self { cells, counts }
    }
}

/// The largest magnitude, or 1 of silence.
pub(super) fn reach(signals: &[&[f32]]) -> f64 {
    let largest = signals.iter().flat_map(|s| s.iter()).fold(0_f32, |m, x| m.max(x.abs()));
    if largest > 0.0 { f64::from(largest) } else { 1.0 }
}

#[cfg(test)]
#[path = "measure_tests.rs"]
mod tests;
