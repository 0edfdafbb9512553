//! Where fits begin.

use super::problem::{Problem, Segment};
use super::shape::Shape;
use super::{Design, filters};
use crate::least_squares;

/// Units of a curve are at first no steeper than if they were this share of all levels
/// apart: a recording that rests at one level has most of its instants there.
const NARROW: f64 = 0.005;

/// Random parameters for a model with filters: slopes are spread over the decades between
/// clean and clipped, and bend where there is sound. The output is silent.
pub(super) fn pedal(design: &Design, problem: &Problem<'_>, rng: &mut fastrand::Rng) -> Vec<f64> {
    let shape = problem.shape;
    let mut p = vec![0.0; shape.parameters()];
    let places = design.pre.iter().chain(design.branches.iter().flatten());
    for (place, (kind, range)) in places.chain(&design.post).zip(shape.filters()) {
        let [low, high] = place.hz;
        let hz = low * (high / low).powf(rng.f64());
        let gain = 4.0 * rng.f64() - 2.0;
        let filter = nn::Filter { kind, hz, q: 0.7, gain };
        p[range].copy_from_slice(&filters::of(&filter));
    }
    least_squares::Problem::confine(problem, &mut p);
    let levels = problem.levels(&p);
    let share = 1.0 / (levels.len() as f64).sqrt();
    for unit in 0..shape.hidden {
        let slope = 10f64.powf(rng.f64() * 2.3 - 1.2);
        for (i, level) in levels.iter().enumerate() {
            p[shape.weights(i).start + unit] = share * slope * normal(rng) / level;
        }
        for i in levels.len()..shape.inputs() {
            p[shape.weights(i).start + unit] = 0.7 * normal(rng);
        }
        p[shape.biases().start + unit] = (0.3 + 0.8 * slope) * normal(rng);
    }
    p
}

/// Random parameters for a model without filters: each unit bends in its share of the
/// instants by their level, about as steeply as leaves no gap to the next. The output is
/// silent.
pub(super) fn curve(shape: &Shape, segments: &[Segment], rng: &mut fastrand::Rng) -> Vec<f64> {
    let mut levels: Vec<f64> = segments.iter().flat_map(|s| &s.dry).copied().collect();
    levels.sort_by(f64::total_cmp);
    let mut place = |unit: usize| {
        let at = (unit as f64 + rng.f64()) / shape.hidden as f64 * levels.len() as f64;
        levels.get((at as usize).min(levels.len().saturating_sub(1))).copied().unwrap_or(0.0)
    };
    let places: Vec<f64> = (0..shape.hidden).map(&mut place).collect();
    let all = levels.last().zip(levels.first()).map_or(0.0, |(high, low)| high - low).max(1e-6);
    let mut p = vec![0.0; shape.parameters()];
    for unit in 0..shape.hidden {
        let (left, right) = (unit.saturating_sub(1), (unit + 1).min(shape.hidden - 1));
        let gap = match right - left {
            0 => all,
            apart => (places[right] - places[left]) / apart as f64,
        };
        let slope = 10f64.powf(0.6 * rng.f64() - 0.4) / gap.max(NARROW * all);
        // Without filters all inputs that are sound are the same.
        let sound = shape.branches.len();
        for i in 0..sound {
            p[shape.weights(i).start + unit] = slope / sound as f64;
        }
        for i in sound..shape.inputs() {
            p[shape.weights(i).start + unit] = 0.7 * normal(rng);
        }
        p[shape.biases().start + unit] = -slope * places[unit];
    }
    p
}

/// A normal deviate, after G. E. P. Box and M. E. Muller (Ann. Math. Stat. 29/2, 1958).
fn normal(rng: &mut fastrand::Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
}
