//! What the gear says when nothing is played to it.

use std::f64::consts::TAU;
use std::ops::Range;

use super::check::{Judge, fault, rms};
use crate::Error;

/// Noise nearer than this to the loud passages is refused, in dB: a tenth of what a
/// replicate may differ by, there.
const TOO_LOUD: f64 = -26.0;

/// Noise nearer than this is told of.
const AUDIBLE: f64 = -50.0;

/// Noise of the wet relative to its loud passages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    /// All of it, in dB.
    pub(super) level: f64,
    /// The mains frequency, 50 or 60 Hz, if its harmonics are more than half the power.
    pub(super) hum: Option<u32>,
}

/// Where the dry is silent for half a second or longer, the later halves of that: 66 dB
/// below its peak.
pub(super) fn silences(dry: &[f32], rate: f64) -> Vec<Range<usize>> {
    let limit = 5e-4 * super::check::peak(dry);
    let least = (0.5 * rate) as usize;
    let mut out = Vec::new();
    let mut start = 0;
    for at in 0..=dry.len() {
        if dry.get(at).is_some_and(|x| x.abs() <= limit) {
            continue;
        }
        if at - start >= least {
            // What rang before has half of it to end; 20 ms may be the next note's begin.
            let end = at - (0.02 * rate) as usize;
            out.push(start + (at - start) / 2..end);
        }
        start = at + 1;
    }
    out
}

/// Measures in `silences`; `None` if there is none of a tenth of a second.
pub(super) fn measure(wet: &[f32], rate: f64, silences: &[Range<usize>]) -> Option<Noise> {
    let tenth = (0.1 * rate).round() as usize;
    let parts: Vec<&[f32]> = (silences.iter())
        .filter_map(|r| wet.get(r.start..r.end.min(wet.len())))
        .map(|part| &part[..part.len() / tenth * tenth])
        .filter(|part| !part.is_empty())
        .collect();
    let count: usize = parts.iter().map(|p| p.len()).sum();
    if count == 0 {
        return None;
    }
    let mut power = 0.0;
    let mut hum = [0.0; 2];
    for part in parts {
        let mean = part.iter().map(|&x| f64::from(x)).sum::<f64>() / part.len() as f64;
        let share = part.len() as f64 / count as f64;
        power += share * (rms(part).powi(2) - mean * mean).max(0.0);
        for (hum, mains) in hum.iter_mut().zip([50.0, 60.0]) {
            *hum += share * harmonics(part, mains, rate);
        }
    }
    let mains = if hum[0] >= hum[1] { 50 } else { 60 };
    let hum = (hum[0].max(hum[1]) > 0.5 * power && power > 0.0).then_some(mains);
    let level = 10.0 * (power / loud(wet, rate).max(f64::MIN_POSITIVE)).log10();
    Some(Noise { level, hum })
}

/// The power of the loudest twentieth of the moments.
fn loud(wet: &[f32], rate: f64) -> f64 {
    let frame = ((0.05 * rate) as usize).max(1);
    let mut powers: Vec<f64> = wet.chunks(frame).map(|part| rms(part).powi(2)).collect();
    powers.sort_by(f64::total_cmp);
    powers.get(powers.len() * 19 / 20).copied().unwrap_or(0.0)
}

/// The power at the first twelve multiples of `mains`. Over a whole number of tenths of a
/// second these are orthogonal to each other and to a mean.
fn harmonics(part: &[f32], mains: f64, rate: f64) -> f64 {
    let tones = (1..=12).map(|k| mains * f64::from(k)).filter(|f| *f < 0.45 * rate);
    tones
        .map(|frequency| {
            let turn = TAU * frequency / rate;
            let (mut re, mut im) = (0.0, 0.0);
            for (n, &x) in part.iter().enumerate() {
                let (sin, cos) = (turn * n as f64).sin_cos();
                re += cos * f64::from(x);
                im += sin * f64::from(x);
            }
            2.0 * (re * re + im * im) / (part.len() as f64).powi(2)
        })
        .sum()
}

/// Refuses noise and hum that are too loud, tells of what may be heard.
pub(super) fn check(noise: Noise, judge: &mut Judge) -> Result<(), Error> {
    let Noise { level, hum } = noise;
    let name = match hum {
        Some(mains) => format!("hum at {mains} Hz and its harmonics"),
        None => "noise".into(),
    };
    let found = format!("{name} {:.0} dB below them", -level);
    if level > TOO_LOUD {
        let advice = match hum {
            Some(_) => "move away from transformers, use one earth and good cables",
            None => "raise the level into the interface, lower the gain before it",
        };
        let expected = format!("noise at least {:.0} dB below its loud passages", -TOO_LOUD);
        return judge.fault(Some(fault("the wet recording's pauses", &expected, found, advice)));
    }
    if level > AUDIBLE {
        judge.notices.push(format!("the wet recording's pauses have {found}; no model learns it"));
    }
    Ok(())
}
