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
/// Where to look near the Nyquist frequency, as parts of it: a pole there acts on
/// what the last octaves of tangents are, which is hardly anything in Hz.
const LAST: [f64; 7] = [0.98, 0.99, 0.995, 0.998, 0.9993, 0.9999, 1.0];
/// How much what nothing is known of counts: as little as will do.
const STIFFNESS: [f64; 4] = [0.1, 1.0, 10.0, 100.0];
/// Below which part of the mean loss errors no longer count as a part of the loss:
/// first the shape is found, then what is nearly lossless is made exact.
const COARSE: f64 = 1.0;
/// The same, after.
const FINE: f64 = 0.05;
/// How much a section's largest ln |H| may grow before it is made stiffer; what it
/// still grows, the whole cascade is turned down by.
const GROWTH: f64 = 2e-3;
/// Infinity, for a tangent.
const FAR: f64 = 1e6;
/// The tangent where a real pole is at z = −0.98.
const NEAR_NYQUIST: f64 = 100.0;
/// c₁²/(c₀·c₂) of a resonance that no fit overlooks.
const BROAD: f64 = 0.3;
/// The most unknowns worth fitting together.
const MOST_UNKNOWNS: usize = 160;
/// Sections are fitted together unless apart they are this close, relative to decibels.
const CLOSE: f64 = 5e-3;

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
    /// The least c₁²/(c₀·c₂) may become, in the numerator and the denominator: a
    /// resonance sharper than that could hide between the points of a fit.
    least: [f64; 2],
    /// The farthest a real pole may go on the way to the Nyquist frequency.
    farthest: f64,
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
            Self {
                n: [b[0], 0.0, 0.0],
                d: [1.0, 0.0, 0.0],
                order: 0,
                least: [0.0; 2],
                farthest: FAR,
            }
        } else if b[2] == 0.0 && a[1] == 0.0 {
            Self {
                n: lines([b[0], b[1]]),
                d: lines([1.0, a[0]]),
                order: 1,
                least: [0.0; 2],
                farthest: FAR,
            }
        } else {
            Self {
                n: squares(*b),
                d: squares([1.0, a[0], a[1]]),
                order: 2,
                least: [0.0; 2],
                farthest: FAR,
            }
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
        Self { n: of(self.n), d: of(self.d), ..*self }
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

    /// Lets no resonance become sharper than what `by` times as narrow a bend is,
    /// with some room, or than a broad one.
    fn limit_sharpness(&mut self, by: f64) {
        self.least = [self.n, self.d].map(|c| match c[0] * c[2] > 0.0 {
            true => (0.25 * c[1] * c[1] / (c[0] * c[2]) / (by * by)).min(BROAD),
            false => 0.0,
        });
    }

    /// Lets no real pole go nearer to the Nyquist frequency than it is, or than where
    /// single precision still tells it from one on the unit circle.
    fn limit_poles(&mut self) {
        let last = usize::from(self.order);
        if self.order > 0 && self.d[last] != 0.0 {
            self.farthest = (self.d[last - 1] / self.d[last]).abs().max(NEAR_NYQUIST);
        }
    }

    /// Goes back to within the limits.
    pub(super) fn limit(&mut self) {
        if self.order > 0 {
            let last = usize::from(self.order);
            let least = self.d[last - 1].abs() / self.farthest;
            if self.d[last].abs() < least && self.d[last] != 0.0 {
                self.d[last] = least.copysign(self.d[last]);
            }
        }
        for (c, least) in [&mut self.n, &mut self.d].into_iter().zip(self.least) {
            let at_least = (least * c[0] * c[2]).max(0.0).sqrt();
            if c[1].abs() < at_least {
                c[1] = at_least.copysign(c[1]);
            }
        }
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

/// What counts in a fit.
#[derive(Clone, Copy, Debug)]
struct Emphasis {
    fine: f64,
    stiffness: f64,
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
    let mut new: Vec<Shape> = old.iter().map(|shape| alone(shape, &old, rates)).collect();
    if new.len() > 1 && 5 * new.len() <= MOST_UNKNOWNS {
        let emphasis = Emphasis { fine: FINE, stiffness: STIFFNESS[0] };
        let all = points(&old, &old, emphasis, rates);
        let far = |p: &Point| ((cascade_gain(&new, p.w).max(SILENCE) - p.target) * p.weight).abs();
        if all.iter().any(|p| far(p) > CLOSE) {
            fit(&mut new, &all);
        }
    }
    let mut new: Vec<Section> = new.iter().map(Shape::section).collect::<Option<_>>()?;
    turn_down(&mut new, &old, rates);
    Some(new)
}

/// A section of `cascade` at the new rate: the best of several stiffnesses.
fn alone(shape: &Shape, cascade: &[Shape], rates: Rates) -> Shape {
    let most_then = most(&[*shape], rates.old);
    let mut best = (f64::INFINITY, begin(shape, rates));
    for stiffness in STIFFNESS {
        let mut new = [begin(shape, rates)];
        for fine in [COARSE, FINE] {
            fit(&mut new, &points(&[*shape], cascade, Emphasis { fine, stiffness }, rates));
        }
        let growth = (most(&new, rates.new) - most_then).max(0.0);
        // What it grows, it will be turned down by, and be as wrong.
        let wrong = growth + distance(shape, &new[0], rates);
        if wrong < best.0 {
            best = (wrong, new[0]);
        }
        if growth < GROWTH {
            break;
        }
    }
    best.1
}

/// The mean difference of ln |H| where the ear is exact.
fn distance(old: &Shape, new: &Shape, rates: Rates) -> f64 {
    let ends = TAPER * rates.lower_nyquist();
    let each = frequencies(&[*old], rates).into_iter().filter(|f| *f <= ends).map(|f| {
        let gain = |of: &Shape, rate: f64| of.log_gain(tangent(f, rate)).max(SILENCE);
        (gain(old, rates.old) - gain(new, rates.new)).powi(2)
    });
    let (sum, count) = each.fold((0.0, 0), |(sum, count), e| (sum + e, count + 1));
    (sum / f64::from(count.max(1))).sqrt()
}

/// The section at the new rate by the bilinear transform, right at its own frequency.
fn begin(shape: &Shape, rates: Rates) -> Shape {
    let at = shape.features().map(|(w, _)| w).find(|w| *w != 1.0).unwrap_or(1.0);
    let highest = 0.9 * rates.lower_nyquist();
    let f = (at.atan() / PI * rates.old).min(highest);
    let mut new = shape.stretched(tangent(f, rates.new) / tangent(f, rates.old));
    // A bend near the Nyquist frequency is narrower in Hz than as a ratio of tangents.
    let narrowed = |rate: f64| 2.0 * PI * f / rate / (2.0 * PI * f / rate).sin();
    new.limit_poles();
    new.limit_sharpness((narrowed(rates.old) / narrowed(rates.new)).max(1.0));
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

/// What `shapes`, a part of `cascade`, should be at the new rate. An error counts as
/// a part of what the cascade loses there, less where the ear hears less.
fn points(shapes: &[Shape], cascade: &[Shape], emphasis: Emphasis, rates: Rates) -> Vec<Point> {
    let frequencies = frequencies(shapes, rates);
    let old = |f: f64| tangent(f, rates.old);
    let gain = |of: &[Shape], f: f64| cascade_gain(of, old(f)).clamp(SILENCE, -SILENCE);
    let losses: Vec<f64> = frequencies.iter().map(|f| gain(cascade, *f).abs()).collect();
    let mean = (losses.iter().map(|g| g * g).sum::<f64>() / losses.len() as f64).sqrt();
    let least = (emphasis.fine * mean).max(1e-4);
    let ends = TAPER * rates.lower_nyquist();
    let taper = |f: f64| if f <= ends { 1.0 } else { (ends / f).powi(3) };
    let point = |f: f64, loss: f64| Point {
        w: tangent(f, rates.new),
        target: gain(shapes, f),
        weight: taper(f) / loss.max(least),
    };
    let mut points: Vec<Point> =
        frequencies.iter().zip(&losses).map(|(f, loss)| point(*f, *loss)).collect();
    // Above what the old rate could hold nothing is known, but it should not surprise;
    // nor should the new Nyquist frequency, where nothing would hold a pole back.
    let weight = emphasis.stiffness * points.last().map_or(1.0, |p| p.weight);
    let sixth = 2f64.powf(1.0 / 6.0);
    let above = std::iter::successors(Some(0.5 * rates.old), |f| Some(f * sixth));
    let above = above.take_while(|f| *f < 0.5 * EDGE * rates.new).map(|f| tangent(f, rates.new));
    for w in above.chain(LAST.map(|part| tangent(0.5 * part * rates.new, rates.new))) {
        let known = 0.5 * rates.old.min((w.atan() / PI * 2.0).min(1.0) * rates.new);
        let target = gain(shapes, known.min(0.5 * EDGE * rates.old));
        points.push(Point { w: w.min(FAR), target, weight });
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
    let ends = [0.0, FAR];
    let all = grid.chain(bends).chain(ends).map(|w| cascade_gain(shapes, w));
    all.fold(f64::NEG_INFINITY, f64::max)
}
