//! Sections as ratios of polynomials in s, in which fits are safe.

use crate::graph::Section;

/// A coefficient this much smaller than the others makes no difference below Nyquist.
const NOTHING: f64 = 1e-6;
/// Infinity, for a tangent.
pub(super) const FAR: f64 = 1e6;
/// The tangent where a real pole is at z = −0.98.
const NEAR_NYQUIST: f64 = 100.0;
/// c₁²/(c₀·c₂) of a resonance that no fit overlooks.
const BROAD: f64 = 0.3;

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
        let (n, d, order) = if b[1] == 0.0 && b[2] == 0.0 && *a == [0.0, 0.0] {
            ([b[0], 0.0, 0.0], [1.0, 0.0, 0.0], 0)
        } else if b[2] == 0.0 && a[1] == 0.0 {
            (lines([b[0], b[1]]), lines([1.0, a[0]]), 1)
        } else {
            (squares(*b), squares([1.0, a[0], a[1]]), 2)
        };
        Self { n, d, order, least: [0.0; 2], farthest: FAR }
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
    pub(super) fn stretched(&self, by: f64) -> Self {
        let of = |c: [f64; 3]| [c[0], c[1] / by, c[2] / (by * by)];
        Self { n: of(self.n), d: of(self.d), ..*self }
    }

    /// ln |H| at s = j·w.
    pub(super) fn log_gain(&self, w: f64) -> f64 {
        0.5 * (power(&self.n, w) / power(&self.d, w)).ln()
    }

    /// Where something happens: of poles, and of zeros, |s| and how wide the bend is.
    pub(super) fn features(&self) -> impl Iterator<Item = (f64, f64)> {
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
    pub(super) fn limit_sharpness(&mut self, by: f64) {
        self.least = [self.n, self.d].map(|c| match c[0] * c[2] > 0.0 {
            true => (0.25 * c[1] * c[1] / (c[0] * c[2]) / (by * by)).min(BROAD),
            false => 0.0,
        });
    }

    /// Lets no real pole go nearer to the Nyquist frequency than it is, or than where
    /// single precision still tells it from one on the unit circle.
    pub(super) fn limit_poles(&mut self) {
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
    pub(super) fn release_zeros(&mut self, top: f64) {
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
