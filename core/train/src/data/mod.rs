//! Pairs of recordings: aligned, checked, split.
//!
//! [`signal`] makes what to play through the gear, [`prepare`] takes what came back and
//! says what there is to learn from, or why there is nothing.

mod align;
mod check;
mod fraction;
mod layout;
mod noise;
mod phase;
mod score;
mod signal;
mod split;
mod strings;

#[cfg(test)]
mod align_tests;
#[cfg(test)]
mod gear;
#[cfg(test)]
mod layout_tests;
#[cfg(test)]
mod prepare_tests;
#[cfg(test)]
mod refuse_tests;
#[cfg(test)]
mod signal_tests;

use std::ops::Range;

use crate::Error;
use align::Alignment;
use check::{Judge, decibels, peak, rms};

pub use layout::{Layout, Recognised};
pub use signal::signal;

/// What an estimated fraction of a sample may be wrong by: so much the wet stays behind.
const SAFETY: f64 = 0.05;

/// One channel that was recorded, or played.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Full scale is ±1.
    pub samples: Vec<f32>,
    /// Samples per second.
    pub rate: f64,
}

/// How to make a pair.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many samples later the wet is, if that is not to be measured.
    pub latency: Option<f64>,
    /// The least that must be left after alignment, in seconds: 10.
    pub shortest: f64,
    /// The peak in dBFS to bring the wet to. `None` leaves it as loud as the gear is.
    pub normalize: Option<f64>,
    /// Whether to learn from a bad take all the same: what would be refused for clipping,
    /// noise, drift and the like becomes a notice.
    pub anyway: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { latency: None, shortest: 10.0, normalize: None, anyway: false }
    }
}

/// What was found out about a pair.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Found {
    /// How much later the wet was, in samples with their fraction: all of the delay that
    /// the gear's filters do not explain.
    pub latency: f64,
    /// How much of that was taken away. The rest, less than a sixth of a sample if it was
    /// measured, stays, for a network that answers at once cannot answer earlier.
    pub removed: f64,
    /// Whether the gear turns the signal upside down; so will the model. `None` if it has
    /// no polarity to speak of, as with a rectifier.
    pub inverted: Option<bool>,
    /// How much louder the wet is than the dry, in dB (root mean square over what is
    /// trained on, before `scale`).
    pub level: f64,
    /// The factor applied to the wet: 1 but where it exceeded full scale, or on request.
    pub scale: f64,
    /// The test signal that was recognised.
    pub layout: Option<&'static str>,
    /// The error-to-signal ratio between both takes of the passage that is played twice:
    /// no model can be nearer than that to the gear.
    pub replicate: Option<f64>,
    /// Noise in the wet's pauses relative to its loud passages, in dB, where there are any.
    pub noise: Option<f64>,
}

impl Found {
    /// Of a pair that nobody looked at: in time, upright, as loud as it is.
    pub fn unknown() -> Self {
        Self {
            latency: 0.0,
            removed: 0.0,
            inverted: Some(false),
            level: 0.0,
            scale: 1.0,
            layout: None,
            replicate: None,
            noise: None,
        }
    }
}

/// A dry and a wet recording to learn from.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What was played.
    pub dry: Vec<f32>,
    /// What came back: as long, and never earlier than `dry`.
    pub wet: Vec<f32>,
    /// Samples per second of both.
    pub rate: f64,
    /// Where to learn, in order and apart.
    pub train: Vec<Range<usize>>,
    /// Where to listen, of which nothing is in `train`.
    pub held_out: Range<usize>,
    /// What was measured.
    pub found: Found,
    /// What is worth telling the player, one sentence each.
    pub notices: Vec<String>,
}

/// Makes a pair of two recordings of one take.
///
/// The wet is moved by its latency, by whole samples where that will do and else by a
/// windowed sinc too, but never so far that it leads: a causal network could not follow.
/// Its polarity and level stay, so that the model sounds as the gear does and as loud;
/// only a wet above full scale is brought down to it, and [`Found::scale`] says so.
///
/// # Errors
/// [`Error::Recording`] for recordings that do not belong together or are not fit to learn
/// from, [`Error::Setting`] for options that are no numbers.
pub fn prepare(dry: &Recording, wet: &Recording, options: &Options) -> Result<Pair, Error> {
    let stated = [options.latency.unwrap_or(0.0), options.normalize.unwrap_or(0.0)];
    if !(stated.iter().all(|x| x.is_finite()) && options.shortest.is_finite()) {
        return Err(Error::setting("options of a pair", "numbers", "one that is none"));
    }
    let most = dry.samples.len().max(wet.samples.len()) as f64;
    if let Some(latency) = options.latency.filter(|latency| latency.abs() >= most) {
        return Err(Error::setting("latency", format!("less than the {most} recorded"), latency));
    }
    let mut judge = Judge { anyway: options.anyway, notices: Vec::new() };
    check::usable(dry, wet)?;
    let rate = dry.rate;
    check::long_enough(dry.samples.len().min(wet.samples.len()), rate, options.shortest)?;
    check::sounds(&dry.samples, &wet.samples)?;
    judge.fault(check::dry_clips(&dry.samples))?;
    judge.fault(check::wet_clips(&wet.samples))?;
    let layout = Layout::recognise(&dry.samples, rate);
    let alignment = place(&dry.samples, &wet.samples, rate, layout, options)?;
    let latency = options.latency.unwrap_or(alignment.latency);
    judge.fault(check::lengths(dry.samples.len(), wet.samples.len(), rate, latency))?;
    judge.fault(check::moving(alignment.course, dry.samples.len(), rate))?;

    let (whole, ahead) = removal(latency, options.latency.is_some(), alignment.inverted);
    let moved = if ahead > 0.0 { fraction::advance(&wet.samples, ahead) } else { Vec::new() };
    let late = if moved.is_empty() { &wet.samples } else { &moved };
    let (dry, wet) = align::overlap(&dry.samples, late, whole);
    check::long_enough(dry.len(), rate, options.shortest)?;
    let skipped = (-whole).max(0) as usize;
    let places = Places::new(layout, skipped, dry, rate)?;
    check::offset(wet, &mut judge)?;
    judge.fault(check::bypassed(dry, wet, latency - whole as f64 - ahead))?;
    let noise = noise::measure(wet, rate, &places.silences);
    if let Some(noise) = noise {
        noise::check(noise, &mut judge)?;
    }
    let replicate = places.twice.and_then(|takes| check::replicate(wet, takes));
    judge.fault(replicate.and_then(check::unlike_itself))?;

    let mut found = Found {
        latency,
        removed: whole as f64 + ahead,
        inverted: alignment.inverted,
        level: level(dry, wet, &places.train),
        scale: 1.0,
        layout: layout.map(|l| l.layout().name()),
        replicate,
        noise: noise.map(|n| n.level),
    };
    let mut wet = wet.to_vec();
    found.scale = scale(&mut wet, options.normalize, &mut judge.notices);
    tell(&found, &mut judge.notices);
    let (train, held_out, notices) = (places.train, places.held_out, judge.notices);
    Ok(Pair { dry: dry.to_vec(), wet, rate, train, held_out, found, notices })
}

/// Where the wet lies; what nothing is known of is accepted if the latency is stated.
fn place(
    dry: &[f32],
    wet: &[f32],
    rate: f64,
    layout: Option<Recognised>,
    options: &Options,
) -> Result<Alignment, Error> {
    let Some(mut found) = align::align(dry, wet, rate) else {
        let course = align::Course::Steady;
        return (options.latency)
            .map(|latency| Alignment { latency, inverted: None, course })
            .ok_or_else(check::unrelated);
    };
    if let Some(layout) = layout {
        found.latency -= align::lead_at(dry, wet, &layout.blips(), found.latency, rate);
    }
    Ok(found)
}

/// How many samples to take from the start of the wet, and what fraction more.
fn removal(latency: f64, is_stated: bool, inverted: Option<bool>) -> (i64, f64) {
    let (whole, part) = (latency.floor(), latency - latency.floor());
    if is_stated {
        return (whole as i64, part);
    }
    if inverted.is_none() {
        // Measured by loudness, which is not exact.
        return (whole as i64 - 2, 0.0);
    }
    match part {
        // Sincs have their own faults, and so little a model makes up for.
        _ if part < 0.15 => (whole as i64, 0.0),
        // A whole sample, but for what the estimate may be wrong by.
        _ if part > 1.0 - 1.2 * SAFETY => (whole as i64 + 1, 0.0),
        _ => (whole as i64, part - SAFETY),
    }
}

/// Passages of an aligned pair.
struct Places {
    train: Vec<Range<usize>>,
    held_out: Range<usize>,
    silences: Vec<Range<usize>>,
    twice: Option<(Range<usize>, Range<usize>)>,
}

impl Places {
    /// Of a take from whose start `skipped` samples were taken.
    fn new(
        layout: Option<Recognised>,
        skipped: usize,
        dry: &[f32],
        rate: f64,
    ) -> Result<Self, Error> {
        let clip = |range: Range<usize>| {
            let at = |x: usize| x.saturating_sub(skipped).min(dry.len());
            at(range.start)..at(range.end)
        };
        let Some(layout) = layout else {
            let held_out = split::held_out(dry, rate);
            let train = [0..held_out.start, held_out.end..dry.len()];
            let train = train.into_iter().filter(|range| !range.is_empty()).collect();
            let silences = noise::silences(dry, rate);
            return Ok(Self { train, held_out, silences, twice: None });
        };
        let held_out = clip(layout.held_out());
        // Two takes of a passage are compared from where both are.
        let twice = layout.twice().map(|(a, b)| {
            let lost = skipped.saturating_sub(a.start);
            (clip(a), clip(b.start + lost..b.end))
        });
        let silences = layout.silence().into_iter().map(clip).collect();
        check::long_enough(held_out.len(), rate, 1.0)?;
        Ok(Self { train: vec![clip(layout.train())], held_out, silences, twice })
    }
}

/// How much louder the wet is, in dB.
fn level(dry: &[f32], wet: &[f32], train: &[Range<usize>]) -> f64 {
    let of = |samples: &[f32]| {
        let power = |r: &Range<usize>| rms(&samples[r.clone()]).powi(2) * r.len() as f64;
        train.iter().map(power).sum::<f64>()
    };
    10.0 * (of(wet) / of(dry).max(f64::MIN_POSITIVE)).log10()
}

/// Scales the wet to what was asked for, or below full scale; returns the factor.
fn scale(wet: &mut [f32], normalize: Option<f64>, notices: &mut Vec<String>) -> f64 {
    let peak = f64::from(peak(wet));
    let target = match normalize {
        Some(level) => 10f64.powf(level / 20.0),
        None => peak.min(1.0),
    };
    let factor = if peak > 0.0 { target / peak } else { 1.0 };
    if factor != 1.0 {
        wet.iter_mut().for_each(|x| *x = (f64::from(*x) * factor) as f32);
        let by = decibels(factor as f32);
        notices.push(format!("the wet was scaled by {by:+.2} dB; so the model is by as much"));
    }
    factor
}

fn tell(found: &Found, notices: &mut Vec<String>) {
    if let Some(name) = found.layout {
        notices.push(format!("the dry recording is {name}; its passages are used as meant"));
    }
    if found.inverted == Some(true) {
        notices.push("the gear turns the signal upside down, and so will the model".into());
    }
    if found.inverted.is_none() {
        notices.push("the gear forgets polarity; its latency is known to some samples".into());
    }
}
