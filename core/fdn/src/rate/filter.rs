//! Biquads that sound at one rate as they did at another.
//!
//! A section is fitted, not mapped: absorption filters stand in loops, where what
//! counts is the ratio of errors to the decibels lost in a pass, and there no
//! closed form is close enough near the lower Nyquist frequency.

use std::f64::consts::PI;

use super::fit::{Point, fit};
use crate::graph::Section;

/// Below −120 dB, filters are alike.
pub(super) const SILENCE: f64 = -13.8;
/// A coefficient this much smaller than the others makes no difference below Nyquist.
const NOTHING: f64 = 1e-6;
/// How near its Nyquist frequency a filter is fitted: there every response is flat.
const EDGE: f64 = 0.97;
/// Where the ear is less exact, and so are we, as a part of the lower Nyquist frequency.
const TAPER: f64 = 0.45;
/// The most unknowns worth fitting together.
const MOST_UNKNOWNS: usize = 160;
/// Sections are fitted together unless apart they are this close, relative to decibels.
const CLOSE: f64 = 1e-3;

/// A section as a ratio of polynomials in s = (1 − z⁻¹)/(1 + z⁻¹), which is
/// j·tan(πf/rate): stability, minimum phase and polarity are the coefficients'
/// signs, and a fit of their logarithms cannot lose them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    /// Numerator, the constant first.
    pub(super) n: [f64; 3],
    /// Denominator, the constant first.
    pub(super) d: [f64; 3],
    /// What it stays: 0 for a gain, 1 or 2.
    order: u8,
}

impl Shape {
    pub(super) fn new(Section { b, a }: &Section) -> Self {
        let squares = |c: [f64; 3]| {
            let s = [c[0] + c[1] + c[2], 2.0 * (c[0] - c[2]), c[0] - c[1] + c[2]];
            let most = c.iter().fold(0.0, |m: f64, c| m.max(c.abs()));
            // What rounding leaves of a zero has no sign to keep.
            s.map(|s| if s.abs() < 1e-13 * most { 0.0 } else { s })
        };
        let lines = |c: [f64; 2]| [c[0] + c[1], c[0] - c[1], 0.0];
        if b[1] == 0.0 && b[2] == 0.0 && *a == [0.0, 0.0] {
            Self { n: [b[0], 0.0, 0.0], d: [1.0, 0.0, 0.0], order: 0 }
        } else if b[2] == 0.0 && a[1] == 0.0 {
            Self { n: lines([b[0], b[1]]), d: lines([1.0, a[0]]), order: 1 }
        } else {
            Self { n: squares(*b), d: squares([1.0, a[0], a[1]]), order: 2 }
        }
    }

    /// None if its inverse would not be causal, as of an unstable filter may be.
    pub(super) fn section(&self) -> Option<Section> {
        let (b, a) = match self.order {
            0 => (self.n, self.d),
            1 => (lines_back(self.n), lines_back(self.d)),
            _ => (squares_back(self.n), squares_back(self.d)),
        };
        let section = Section { b: b.map(|b| b / a[0]), a: [a[1] / a[0], a[2] / a[0]] };
        section.b.iter().chain(&section.a).all(|x| x.is_finite()).then_some(section)
    }

    /// Stretched so that what was at s is at `by`·s.
    fn stretched(&self, by: f64) -> Self {
        let of = |c: [f64; 3]| [c[0], c[1] / by, c[2] / (by * by)];
        Self { n: of(self.n), d: of(self.d), order: self.order }
    }

    /// ln |H| at s = j·w.
    pub(super) fn log_gain(&self, w: f64) -> f64 {
        0.5 * (power(&self.n, w) / power(&self.d, w)).ln()
    }

    /// Where something happens: of poles, and of zeros, |s| and how wide the bend is.
    fn features(&self) -> impl Iterator<Item = (f64, f64)> {
        [self.d, self.n].into_iter().filter_map(|c| {
            let (at, wide) = match c[2] == 0.0 {
                true => ((c[0] / c[1]).abs(), 1.0),
                false => {
                    let at = (c[0] / c[2]).abs().sqrt();
                    (at, (c[1] / (c[2] * at)).abs().min(1.0))
                }
            };
            (at.is_finite() && at > 0.0 && wide.is_finite()).then_some((at, wide))
        })
    }

    /// Gives zeros at the Nyquist frequency, which a bilinear design has where an
    /// analog filter goes on falling, leave to be elsewhere: `top` is the end of the fit.
    fn release_zeros(&mut self, top: f64) {
        let n = &mut self.n;
        if self.order == 0 || *n == [0.0; 3] {
            return;
        }
        let last = usize::from(self.order);
        let heights = [n[0].abs(), (n[1] * top).abs(), (n[2] * top * top).abs()];
        let most = heights.iter().fold(0.0, |m: f64, h| m.max(*h));
        let sign = if heights[0] > NOTHING * most { n[0].signum() } else { n[1].signum() };
        for i in (1..=last).rev() {
            // The middle one alone is a notch, which stays.
            if heights[i] > NOTHING * most || (i == 1 && last == 2 && heights[2] > NOTHING * most) {
                break;
            }
            n[i] = sign * 0.3 * most / top.powi(i as i32);
        }
    }
}

fn squares_back(c: [f64; 3]) -> [f64; 3] {
    // s is (1 − z⁻¹)/(1 + z⁻¹), and both have been multiplied by (1 + z⁻¹)².
    [c[0] + c[1] + c[2], 2.0 * (c[0] - c[2]), c[0] - c[1] + c[2]]
}

fn lines_back(c: [f64; 3]) -> [f64; 3] {
    [c[0] + c[1], c[0] - c[1], 0.0]
}

/// |c₀ + c₁s + c₂s²|² at s = j·w, never nothing.
pub(super) fn power(c: &[f64; 3], w: f64) -> f64 {
    let (re, im) = (c[0] - c[2] * w * w, c[1] * w);
    (re * re + im * im).max(1e-300)
}

pub(super) fn cascade_gain(shapes: &[Shape], w: f64) -> f64 {
    shapes.iter().map(|s| s.log_gain(w)).sum()
}

/// From one rate to another, in Hz.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    pub(super) old: f64,
    pub(super) new: f64,
}

impl Rates {
    fn lower_nyquist(&self) -> f64 {
        0.5 * self.old.min(self.new)
    }
}

/// |s| at `f` Hz.
fn tangent(f: f64, rate: f64) -> f64 {
    (PI * f / rate).tan()
}

/// A cascade whose magnitude at the new rate is that of `sections` at the old, at
/// every frequency both have. None if a section cannot be, which only an unstable
/// one can bring about.
///
/// Each section keeps its order, and which of its poles and zeros are within the
/// unit circle. The most it passes at any frequency does not rise.
pub(super) fn redesign(sections: &[Section], rates: Rates) -> Option<Vec<Section>> {
    let old: Vec<Shape> = sections.iter().map(Shape::new).collect();
    let frequencies = frequencies(&old, rates);
    let weights = weights(&old, &frequencies, rates);
    let mut new: Vec<Shape> = old
        .iter()
        .map(|shape| {
            let mut new = [begin(shape, rates)];
            fit(&mut new, &points(&[*shape], &frequencies, &weights, rates));
            new[0]
        })
        .collect();
    let all = points(&old, &frequencies, &weights, rates);
    let far = |p: &Point| ((cascade_gain(&new, p.w).max(SILENCE) - p.target) * p.weight).abs();
    if new.len() > 1 && 5 * new.len() <= MOST_UNKNOWNS && all.iter().any(|p| far(p) > CLOSE) {
        fit(&mut new, &all);
    }
    let mut new: Vec<Section> = new.iter().map(Shape::section).collect::<Option<_>>()?;
    turn_down(&mut new, &old, rates);
    Some(new)
}

/// The section at the new rate by the bilinear transform, right at its own frequency.
fn begin(shape: &Shape, rates: Rates) -> Shape {
    let at = shape.features().map(|(w, _)| w).find(|w| *w != 1.0).unwrap_or(1.0);
    let highest = 0.9 * rates.lower_nyquist();
    let f = (at.atan() / PI * rates.old).min(highest);
    let mut new = shape.stretched(tangent(f, rates.new) / tangent(f, rates.old));
    new.release_zeros(tangent(EDGE * rates.lower_nyquist(), rates.new));
    new
}

/// Where to fit, in Hz, in order: sixteen an octave, and finer where `shapes` bend.
fn frequencies(shapes: &[Shape], rates: Rates) -> Vec<f64> {
    let top = EDGE * rates.lower_nyquist();
    let count = (16.0 * (top / 10.0).log2()).ceil() as i32;
    let mut all: Vec<f64> = (0..=count).map(|k| top * 2f64.powf(f64::from(-k) / 16.0)).collect();
    for (at, wide) in shapes.iter().flat_map(Shape::features) {
        let near = (-4..=4).map(|k| at * (1.0 + 0.2 * wide * f64::from(k)));
        // A bend wider than the grid is seen well enough.
        let near = near.filter(|_| wide < 0.5).map(|w| w.atan() / PI * rates.old);
        all.extend(near.filter(|f| *f > 0.1 && *f < top));
    }
    all.push(0.0);
    all.sort_by(f64::total_cmp);
    all
}

/// How much an error counts: as a part of what the cascade loses, where the ear hears it.
fn weights(shapes: &[Shape], frequencies: &[f64], rates: Rates) -> Vec<f64> {
    let gain = |f: f64| cascade_gain(shapes, tangent(f, rates.old)).clamp(SILENCE, -SILENCE);
    let gains: Vec<f64> = frequencies.iter().map(|f| gain(*f)).collect();
    let mean = (gains.iter().map(|g| g * g).sum::<f64>() / gains.len() as f64).sqrt();
    let least = (0.05 * mean).max(1e-4);
    let ends = TAPER * rates.lower_nyquist();
    let taper = |f: f64| if f <= ends { 1.0 } else { (ends / f).powi(3) };
    frequencies.iter().zip(&gains).map(|(f, g)| taper(*f) / g.abs().max(least)).collect()
}

/// What `shapes` should be at the new rate.
fn points(shapes: &[Shape], frequencies: &[f64], weights: &[f64], rates: Rates) -> Vec<Point> {
    let gain = |f: f64| cascade_gain(shapes, tangent(f, rates.old)).clamp(SILENCE, -SILENCE);
    let mut points: Vec<Point> = frequencies
        .iter()
        .zip(weights)
        .map(|(f, weight)| Point { w: tangent(*f, rates.new), target: gain(*f), weight: *weight })
        .collect();
    // Above what the old rate could hold nothing is known, but it should not surprise.
    let (top, weight) = (EDGE * rates.lower_nyquist(), weights.last().unwrap_or(&1.0) * 0.1);
    let target = gain(top);
    let mut f = 0.5 * rates.old;
    while f < 0.5 * EDGE * rates.new {
        points.push(Point { w: tangent(f, rates.new), target, weight });
        f *= 2f64.powf(1.0 / 6.0);
    }
    points
}

/// Keeps a loop that `old` stood in from growing where it did not.
fn turn_down(new: &mut [Section], old: &[Shape], rates: Rates) {
    let shapes: Vec<Shape> = new.iter().map(Shape::new).collect();
    let over = most(&shapes, rates.new) - most(old, rates.old);
    if let Some(first) = new.first_mut().filter(|_| over.is_finite() && over > 0.0) {
        first.b = first.b.map(|b| b * (-over).exp());
    }
}

/// The largest ln |H| at any frequency.
fn most(shapes: &[Shape], rate: f64) -> f64 {
    let grid = (0..=1024).map(|k| 5.0 * (0.1 * rate).powf(f64::from(k) / 1024.0));
    let line = (0..512).map(|k| 0.5 * rate * f64::from(k) / 512.0);
    let grid = grid.chain(line).filter(|f| *f < 0.5 * rate).map(|f| tangent(f, rate));
    let bends = shapes.iter().flat_map(Shape::features).map(|(at, _)| at);
    // The tangent of a right angle, nearly.
    let ends = [0.0, 1e9];
    let all = grid.chain(bends).chain(ends).map(|w| cascade_gain(shapes, w));
    all.fold(f64::NEG_INFINITY, f64::max)
}
