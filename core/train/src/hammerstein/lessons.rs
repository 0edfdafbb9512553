//! Which parts of recordings to learn from.

use std::ops::Range;

use super::Sound;
use super::problem::{CHUNK, Segment};
use super::shape::Shape;

/// Below this share of the loudest one's power a segment is left out: it is noise.
const NOISE: f64 = 1e-7;

/// Below this share of the loudest one's amplitude errors of a segment count as they are,
/// above in proportion to a power of it.
const FLOOR: f64 = 1e-3;

/// Seconds that only the filters before the network are given to forget what was before.
const LEAD: f64 = 0.15;

/// Instants of a block where there are no filters.
const INSTANTS: usize = 1024;

/// Levels that instants are picked evenly from.
const LEVELS: usize = 64;

/// How segments are chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    /// How many.
    pub(super) segments: usize,
    /// Samples of each that count, whole chunks of them.
    pub(super) length: usize,
    /// 0 weighs all segments by their energy, 1 all alike.
    pub(super) quiet: f64,
}

/// Samples that the filters behind a network are given to forget what was before.
fn warm(shape: &Shape) -> usize {
    if shape.post.is_empty() { 0 } else { (shape.rate / 12.0) as usize / CHUNK * CHUNK }
}

/// Stretches of all levels there are, drawn by chance from each: none if `sounds` are
/// silent or too short.
pub(super) fn stretches(
    sounds: &[Sound<'_>],
    shape: &Shape,
    choice: &Choice,
    rng: &mut fastrand::Rng,
) -> Vec<Segment> {
    let (warm, length) = (warm(shape), choice.length);
    let mut found: Vec<(f64, usize, Range<usize>)> = Vec::new();
    for (i, sound) in sounds.iter().enumerate() {
        for range in &sound.train {
            let shift = rng.usize(0..length.div_ceil(2));
            let mut from = range.start.max(warm) + shift;
            // A short range is used as far as it goes.
            if from + length > range.end {
                from = range.start.max(warm);
            }
            while from + CHUNK <= range.end {
                let to = (from + length).min(range.end);
                let to = from + (to - from) / CHUNK * CHUNK;
                found.push((power(&sound.wet[from..to]), i, from..to));
                from = to;
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.start.cmp(&b.2.start)));
    let loudest = found.first().map_or(0.0, |f| f.0);
    found.retain(|f| f.0 > NOISE * loudest);
    let count = choice.segments.min(found.len());
    let pick = |k: usize| {
        let (low, high) = (k * found.len() / count, (k + 1) * found.len() / count);
        // The loudest one says what no other does.
        let at = if k == 0 { 0 } else { rng.usize(low..high.max(low + 1)) };
        let (power, i, range) = &found[at];
        let floor = FLOOR * loudest.sqrt();
        let weight = (power.sqrt() + floor).powf(-choice.quiet);
        stretch(&sounds[*i], shape, range.clone(), warm, weight)
    };
    normalised((0..count).map(pick).collect())
}

/// Mean square.
fn power(x: &[f32]) -> f64 {
    x.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / x.len().max(1) as f64
}

fn stretch(
    sound: &Sound<'_>,
    shape: &Shape,
    range: Range<usize>,
    warm: usize,
    weight: f64,
) -> Segment {
    let double = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    let begin = range.start - warm;
    let lead = begin.min((LEAD * shape.rate) as usize);
    Segment {
        dry: double(&sound.dry[begin - lead..range.end]),
        wet: double(&sound.wet[range]),
        knobs: turned(sound, shape),
        lead,
        warm,
        weight,
    }
}

fn turned(sound: &Sound<'_>, shape: &Shape) -> Vec<f64> {
    shape.knobs.iter().zip(&sound.knobs).map(|(knob, k)| Shape::turned(knob, *k)).collect()
}

/// Single instants for a model without filters, half of them by chance and half from all
/// levels alike, lest the peaks be missed: as many as `choice` would have samples.
pub(super) fn instants(
    sounds: &[Sound<'_>],
    shape: &Shape,
    choice: &Choice,
    rng: &mut fastrand::Rng,
) -> Vec<Segment> {
    let each = (choice.segments * choice.length / sounds.len().max(1)).max(CHUNK);
    let mut segments = Vec::new();
    for sound in sounds {
        let mut all: Vec<usize> = sound.train.iter().cloned().flatten().collect();
        if all.len() > each {
            rng.shuffle(&mut all);
            let even = all.split_off(each / 2);
            all.extend(levels(sound.dry, even, each / 2));
        }
        for at in all.chunks(INSTANTS) {
            let gather = |x: &[f32]| at.iter().map(|i| f64::from(x[*i])).collect();
            let (dry, wet) = (gather(sound.dry), gather(sound.wet));
            let knobs = turned(sound, shape);
            segments.push(Segment { dry, wet, knobs, lead: 0, warm: 0, weight: 1.0 });
        }
    }
    normalised(segments)
}

/// As many of `instants`, in the order given, from each level of `dry`.
fn levels(dry: &[f32], instants: Vec<usize>, count: usize) -> Vec<usize> {
    let peak = instants.iter().fold(f32::MIN_POSITIVE, |peak, i| peak.max(dry[*i].abs()));
    let (mut full, mut left) = ([0; LEVELS], Vec::new());
    let mut picked = Vec::new();
    for i in instants {
        let level = ((dry[i] / peak + 1.0) * 0.5 * LEVELS as f32) as usize;
        let full = &mut full[level.min(LEVELS - 1)];
        if *full < count.div_ceil(LEVELS) {
            *full += 1;
            picked.push(i);
        } else {
            left.push(i);
        }
    }
    picked.extend(left);
    picked.truncate(count);
    picked
}

/// Weights such that all there is to hear has a weighted sum of squares of 1: half an
/// error-to-signal ratio is the cost. None if there is nothing to hear.
fn normalised(mut segments: Vec<Segment>) -> Vec<Segment> {
    let all =
        segments.iter().map(|s| s.weight * s.weight * s.wet.iter().map(|y| y * y).sum::<f64>());
    let all: f64 = all.sum();
    if !(all > 0.0 && all.is_finite()) {
        return Vec::new();
    }
    segments.iter_mut().for_each(|segment| segment.weight /= all.sqrt());
    segments
}
