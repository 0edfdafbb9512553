//! Reasons not to learn from a recording, each with its numbers and what to do.

use std::ops::Range;

use super::Recording;
use super::align::{Course, FARTHEST};
use crate::Error;

/// Lets pass, or refuses, what is a matter of judgement.
pub(super) struct Judge {
    /// Whether a bad take is only told of.
    pub(super) anyway: bool,
    /// What is worth telling.
    pub(super) notices: Vec<String>,
}

impl Judge {
    /// A fault that one may choose to live with.
    pub(super) fn fault(&mut self, fault: Option<Error>) -> Result<(), Error> {
        match fault {
            Some(fault) if self.anyway => self.notices.push(fault.to_string()),
            Some(fault) => return Err(fault),
            None => {}
        }
        Ok(())
    }
}

/// The samples that flat tops at converters' full scale begin at.
const FULL_SCALE: f32 = 0.9988;

/// A replicate may differ from its first take by this error-to-signal ratio.
const REPLICATE: f64 = 0.01;

pub(super) fn fault(what: &str, expected: &str, found: String, advice: &str) -> Error {
    let (what, expected, advice) = (what.into(), expected.into(), advice.into());
    Error::Recording { what, expected, found, advice }
}

/// What cannot be worked with at all: rates, numbers that are none, silence.
pub(super) fn usable(dry: &Recording, wet: &Recording) -> Result<(), Error> {
    for (which, take) in [("dry", dry), ("wet", wet)] {
        let what = format!("the {which} recording");
        if !(1000.0..=1e6).contains(&take.rate) {
            let found = format!("{} Hz", take.rate);
            return Err(fault(&what, "a sample rate of 1 kHz to 1 MHz", found, "export it again"));
        }
        if let Some(at) = take.samples.iter().position(|x| !x.is_finite()) {
            let found = format!("{} at sample {at}", take.samples[at]);
            return Err(fault(&what, "numbers throughout", found, "export it again"));
        }
    }
    if (dry.rate - wet.rate).abs() > 1e-6 * dry.rate {
        return Err(fault(
            "the wet recording",
            &format!("the {} Hz of the dry one", dry.rate),
            format!("{} Hz", wet.rate),
            "record both in one project, or convert one to the other's rate",
        ));
    }
    Ok(())
}

/// Something must sound in both.
pub(super) fn sounds(dry: &[f32], wet: &[f32]) -> Result<(), Error> {
    for (which, samples, advice) in [
        ("dry", dry, "check that this is the file that was played to the gear"),
        ("wet", wet, "check that the gear is on and its output is what was recorded"),
    ] {
        let peak = decibels(peak(samples));
        if peak < -60.0 {
            let what = format!("the {which} recording");
            let found =
                if peak < -300.0 { "silence".into() } else { format!("a peak of {peak:.0} dBFS") };
            return Err(fault(&what, "a peak above −60 dBFS", found, advice));
        }
    }
    Ok(())
}

/// Both last as long as each other, or the wet lacks or adds what latency explains.
pub(super) fn lengths(dry: usize, wet: usize, rate: f64, latency: f64) -> Option<Error> {
    let more = wet as f64 - dry as f64;
    if more.abs() <= latency.abs() + rate {
        return None;
    }
    let ratio = wet as f64 / dry.max(1) as f64;
    let rates = [44100.0, 48000.0, 88200.0, 96000.0, 176_400.0, 192_000.0];
    let other = rates.into_iter().find(|r| r != &rate && (ratio / (r / rate) - 1.0).abs() < 0.003);
    let found = format!("{:.2} s, the dry has {:.2} s", wet as f64 / rate, dry as f64 / rate);
    let expected = "the length of the dry one, give or take latency and a second";
    let advice = match other {
        Some(other) => format!(
            "it seems to be recorded at {other} Hz though it says {rate} Hz; export it again"
        ),
        None => "export the wet from where the dry starts to where it ends".into(),
    };
    Some(fault("the wet recording", expected, found, &advice))
}

/// Long enough to learn from.
pub(super) fn long_enough(samples: usize, rate: f64, shortest: f64) -> Result<(), Error> {
    let seconds = samples as f64 / rate;
    if seconds >= shortest && samples > 0 {
        return Ok(());
    }
    Err(fault(
        "the recordings, aligned",
        &format!("at least {shortest} s"),
        format!("{seconds:.2} s"),
        "play the test signal through the gear, or some minutes of your own",
    ))
}

/// A dry that a converter, or a plugin, cut off.
pub(super) fn dry_clips(dry: &[f32]) -> Option<Error> {
    let peak = peak(dry);
    let runs = flat_tops(dry, peak);
    (runs > 10).then(|| {
        fault(
            "the dry recording",
            "peaks that are not cut off",
            format!("{runs} flat tops at {:.1} dBFS", decibels(peak)),
            "record it again at a lower level: what the gear was played is not in there",
        )
    })
}

/// A wet that the converter cut off. Flat tops below full scale are the gear's own.
pub(super) fn wet_clips(wet: &[f32]) -> Option<Error> {
    let peak = peak(wet);
    let runs = flat_tops(wet, peak);
    // Above full scale no converter was involved.
    (runs > 10 && (FULL_SCALE..1.0005).contains(&peak)).then(|| {
        fault(
            "the wet recording",
            "peaks below full scale",
            format!("{runs} flat tops at {:.1} dBFS", decibels(peak)),
            "lower the interface's input gain and record again",
        )
    })
}

/// Runs of at least three samples within rounding of the highest value there is, up or
/// down, that are reached by a step. A slow wave's crest is as long but has no step.
fn flat_tops(samples: &[f32], peak: f32) -> usize {
    let mut count = 0;
    let mut start = 0;
    while start < samples.len() {
        let level = samples[start];
        let same = |x: &&f32| (**x - level).abs() <= 2e-5 * peak;
        let run = samples[start..].iter().take_while(same).count().max(1);
        if run >= 3 && level.abs() >= 0.999 * peak {
            let before = start.checked_sub(1).map_or(level, |i| samples[i]);
            let after = samples.get(start + run).copied().unwrap_or(level);
            let step = (level - before).abs().max((level - after).abs());
            count += usize::from(step > 0.003 * peak);
        }
        start += run;
    }
    count
}

/// A constant voltage in the wet.
pub(super) fn offset(wet: &[f32], judge: &mut Judge) -> Result<(), Error> {
    let mean = wet.iter().map(|&x| f64::from(x)).sum::<f64>() / wet.len().max(1) as f64;
    let share = mean.abs() / rms(wet).max(1e-12);
    let found = format!("an offset of {mean:+.3}, {:.0} % of its level", 100.0 * share);
    if share > 0.25 && mean.abs() > 0.01 {
        let advice = "filter it out (a high-pass at 10 Hz), or mend the interface";
        return judge.fault(Some(fault("the wet recording", "no DC offset", found, advice)));
    }
    if share > 0.05 && mean.abs() > 1e-3 {
        judge.notices.push(format!("the wet recording has {found}, which the model will have"));
    }
    Ok(())
}

/// The lag of the wet changes.
pub(super) fn moving(course: Course, samples: usize, rate: f64) -> Option<Error> {
    let what = "the wet recording";
    match course {
        Course::Steady => None,
        Course::Drift(slope) => Some(fault(
            what,
            "the clock of the dry one: no more than 1 sample of drift over the take",
            format!(
                "{:.1} samples of drift, {:+.1} ppm",
                slope.abs() * samples as f64,
                1e6 * slope
            ),
            "play and record with one interface, or link the clocks of two",
        )),
        Course::Jump(by, at) => Some(fault(
            what,
            "one latency throughout",
            format!("a jump of {by:+.1} samples near {:.0} s", at as f64 / rate),
            "record again with larger buffers: samples were dropped or repeated",
        )),
    }
}

/// The wet has nothing to do with the dry.
pub(super) fn unrelated() -> Error {
    fault(
        "the wet recording",
        "what the dry one became",
        format!("nothing in common with it, moved up to {FARTHEST} s either way"),
        "check that the files belong together; if they do, state the latency",
    )
}

/// The wet is the dry, louder or softer, and still `late` by a part of a sample.
pub(super) fn bypassed(dry: &[f32], wet: &[f32], late: f64) -> Option<Error> {
    let wet = &super::fraction::advance(wet, late);
    let sum = |x: &[f32], y: &[f32]| -> f64 {
        x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
    };
    let gain = sum(dry, wet) / sum(dry, dry).max(f64::MIN_POSITIVE);
    let rest: f64 =
        dry.iter().zip(wet).map(|(&x, &y)| (f64::from(y) - gain * f64::from(x)).powi(2)).sum();
    let ratio = rest / sum(wet, wet).max(f64::MIN_POSITIVE);
    (ratio < 1e-5).then(|| {
        fault(
            "the wet recording",
            "something else than the dry one",
            format!("the same at {:+.1} dB", decibels(gain.abs() as f32)),
            "switch the gear on; a wire needs no model",
        )
    })
}

/// The error-to-signal ratio between two takes of one passage.
pub(super) fn replicate(wet: &[f32], takes: (Range<usize>, Range<usize>)) -> Option<f64> {
    let (a, b) = (wet.get(takes.0)?, wet.get(takes.1)?);
    let common = a.len().min(b.len());
    let power: f64 = a[..common].iter().map(|&x| f64::from(x).powi(2)).sum();
    let rest: f64 = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    (power > 0.0).then(|| rest / power)
}

/// The gear does not do the same twice.
pub(super) fn unlike_itself(ratio: f64) -> Option<Error> {
    (ratio > REPLICATE).then(|| {
        fault(
            "the passage that is played twice",
            &format!("an error between its takes of at most {REPLICATE} of the signal"),
            format!("{ratio:.3}"),
            "switch off gates, echo, reverb and modulation, let valves warm up, touch no knob",
        )
    })
}

pub(super) fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |a: f32, x| a.max(x.abs()))
}

pub(super) fn rms(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|&x| f64::from(x).powi(2)).sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

/// dB of an amplitude; −∞ of none.
pub(super) fn decibels(amplitude: f32) -> f64 {
    20.0 * f64::from(amplitude).log10()
}
