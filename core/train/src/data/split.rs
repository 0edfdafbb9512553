//! The passage that is kept from training, of a take whose layout is not known.

use std::ops::Range;

/// Kinds of sound: six levels and four brightnesses.
const LEVELS: usize = 6;
const COLOURS: usize = 4;

/// The passage of a tenth of the take, 3 to 10 s, that is most like the whole: the share
/// of its moments of each level and brightness is nearest. It is not quieter than half the
/// take's level either.
pub(super) fn held_out(dry: &[f32], rate: f64) -> Range<usize> {
    let frame = ((0.05 * rate) as usize).max(1);
    let frames: Vec<(f64, f64)> = dry.chunks_exact(frame).map(describe).collect();
    let long = (frames.len() / 10).clamp(60, 200).min(frames.len() / 2).max(1);
    if frames.is_empty() {
        return 0..0;
    }
    let kinds = kinds(&frames);
    let whole = shares(&kinds);
    let power: Vec<f64> = frames.iter().map(|f| f.0).collect();
    let mean = power.iter().sum::<f64>() / power.len().max(1) as f64;
    // Not at the very start, where a network has heard nothing yet.
    let first = (frames.len().saturating_sub(long)).min(20);
    let mut best = (f64::MIN, first);
    for start in first..=frames.len().saturating_sub(long) {
        let here = shares(&kinds[start..start + long]);
        let like: f64 = here.iter().zip(&whole).map(|(a, b)| a.min(*b)).sum();
        let level = power[start..start + long].iter().sum::<f64>() / long as f64;
        let quiet = if level < 0.5 * mean { 1.0 } else { 0.0 };
        if like - quiet > best.0 {
            best = (like - quiet, start);
        }
    }
    let start = best.1 * frame;
    start..(start + long * frame).min(dry.len())
}

/// Mean power and, for the brightness, the power of the steps between samples over it.
fn describe(frame: &[f32]) -> (f64, f64) {
    let sum = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>();
    let power = sum(&mut frame.iter().map(|&x| f64::from(x))) / frame.len() as f64;
    let steps = sum(&mut frame.windows(2).map(|w| f64::from(w[1]) - f64::from(w[0])));
    (power, steps / frame.len() as f64 / power.max(1e-20))
}

/// The kind of each frame: which sixth of the levels, which quarter of the brightnesses.
fn kinds(frames: &[(f64, f64)]) -> Vec<usize> {
    let rank = |value: &dyn Fn(&(f64, f64)) -> f64, of: usize| -> Vec<usize> {
        let mut order: Vec<usize> = (0..frames.len()).collect();
        order.sort_by(|&a, &b| value(&frames[a]).total_cmp(&value(&frames[b])));
        let mut ranks = vec![0; frames.len()];
        for (place, i) in order.into_iter().enumerate() {
            ranks[i] = place * of / frames.len();
        }
        ranks
    };
    let (levels, colours) = (rank(&|f| f.0, LEVELS), rank(&|f| f.1, COLOURS));
    levels.iter().zip(colours).map(|(l, c)| l * COLOURS + c).collect()
}

fn shares(kinds: &[usize]) -> [f64; LEVELS * COLOURS] {
    let mut out = [0.0; LEVELS * COLOURS];
    for &kind in kinds {
        out[kind] += 1.0 / kinds.len() as f64;
    }
    out
}
