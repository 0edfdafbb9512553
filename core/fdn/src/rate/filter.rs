//! Biquads that sound at one rate as they did at another.
//!
//! A section is fitted, not mapped: absorption filters stand in loops, where what
//! counts is the ratio of errors to the decibels lost in a pass, and there no
//! closed form is close enough near the lower Nyquist frequency.

use std::f64::consts::PI;

use super::fit::{Point, fit};
use super::shape::{FAR, Shape, cascade_gain};
use crate::graph::Section;

/// What is 120 dB below most of a response is silence.
const SILENCE: f64 = -13.8;
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
/// The most unknowns worth fitting together.
const MOST_UNKNOWNS: usize = 160;
/// Sections are fitted together unless apart they are this close, relative to decibels.
const CLOSE: f64 = 5e-3;

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
        if all.iter().any(|p| p.error(&new).abs() > CLOSE) {
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
    let mut frequencies = frequencies(&[*old], rates);
    let floor = floor(&[*old], &frequencies, rates);
    frequencies.retain(|f| *f <= ends);
    let each = frequencies.iter().map(|f| {
        let gain = |of: &Shape, rate: f64| of.log_gain(tangent(*f, rate)).max(floor);
        (gain(old, rates.old) - gain(new, rates.new)).powi(2)
    });
    (each.sum::<f64>() / frequencies.len() as f64).sqrt()
}

/// What is silence to `shapes`, which may have any gain: 120 dB below the median.
fn floor(shapes: &[Shape], frequencies: &[f64], rates: Rates) -> f64 {
    let gain = |f: &f64| cascade_gain(shapes, tangent(*f, rates.old));
    let mut gains: Vec<f64> = frequencies.iter().map(gain).collect();
    gains.sort_by(f64::total_cmp);
    gains[gains.len() / 2] + SILENCE
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
    let floor = floor(shapes, &frequencies, rates);
    let gain = |of: &[Shape], f: f64| cascade_gain(of, tangent(f, rates.old));
    let loss = |f: &f64| gain(cascade, *f).abs().min(-SILENCE);
    let losses: Vec<f64> = frequencies.iter().map(loss).collect();
    let mean = (losses.iter().map(|g| g * g).sum::<f64>() / losses.len() as f64).sqrt();
    let least = (emphasis.fine * mean).max(1e-4);
    let ends = TAPER * rates.lower_nyquist();
    let taper = |f: f64| if f <= ends { 1.0 } else { (ends / f).powi(3) };
    let point = |f: f64, loss: f64| Point {
        w: tangent(f, rates.new),
        target: gain(shapes, f).max(floor),
        floor,
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
        let target = gain(shapes, known.min(0.5 * EDGE * rates.old)).max(floor);
        points.push(Point { w: w.min(FAR), target, floor, weight });
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
    let gain = |w: f64| cascade_gain(shapes, w);
    // Even in the logarithm of the tangent, which stretches both ends of the band.
    let (low, high) = (tangent(5.0, rate), 1e4f64);
    let ratio = (high / low).powf(1.0 / 1024.0);
    let grid = (0..=1024).map(|k| low * ratio.powi(k));
    let bends = shapes.iter().flat_map(Shape::features).map(|(at, _)| at);
    let all = grid.chain(bends).chain([0.0, FAR]).map(|w| (w, gain(w)));
    let (mut at, mut most) = all.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0.0, 0.0));
    let mut step = ratio.ln();
    for _ in 0..3 {
        let near = (-8..=8).map(|k| at * (step * f64::from(k) / 8.0).exp());
        (at, most) =
            near.map(|w| (w, gain(w))).fold((at, most), |a, b| if b.1 > a.1 { b } else { a });
        step /= 8.0;
    }
    most
}
