//! Biquads and impulse responses over arcs of the unit circle: proven bounds of
//! their magnitude and slope, their phase without jumps, and where their poles are.
//!
//! With w = e^{-jω} and x = sin²(ω/2), a quadratic c₀ + c₁w + c₂w² has
//! |·|² = (c₀ + c₁ + c₂ − 2(c₀ + c₂)x)² + 4(c₀ − c₂)²·x(1 − x): itself quadratic in x,
//! so its extremes over an arc are at the ends or at one vertex. In x, unlike in
//! cos ω, little is lost to rounding at low frequencies, where reverberators have
//! their narrowest filters.

use num_complex::Complex64;

use crate::graph::Section;

/// Frequencies from one to another, both within 0 to π.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Arc {
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Arc {
    pub(super) fn point(at: f64) -> Self {
        Self { from: at, to: at }
    }

    pub(super) fn middle(self) -> f64 {
        0.5 * (self.from + self.to)
    }

    pub(super) fn width(self) -> f64 {
        self.to - self.from
    }

    pub(super) fn halves(self) -> [Self; 2] {
        let middle = self.middle();
        [Self { from: self.from, to: middle }, Self { from: middle, to: self.to }]
    }

    /// sin²(ω/2) at both ends.
    fn squares(self) -> [f64; 2] {
        [self.from, self.to].map(|w| (0.5 * w).sin().powi(2))
    }
}

/// c₀ + c₁w + c₂w².
#[derive(Clone, Copy)]
struct Quadratic([f64; 3]);

impl Quadratic {
    fn at(self, w: Complex64) -> Complex64 {
        let [c0, c1, c2] = self.0;
        c0 + w * (c1 + w * c2)
    }

    fn square(self, x: f64) -> f64 {
        let [c0, c1, c2] = self.0;
        let along = (c0 + c1 + c2) - 2.0 * (c0 + c2) * x;
        along * along + 4.0 * (c0 - c2).powi(2) * x * (1.0 - x)
    }

    /// The least and the most its modulus can be on `arc`, rounding included.
    fn range(self, arc: Arc) -> (f64, f64) {
        let [c0, c1, c2] = self.0;
        let [x0, x1] = arc.squares();
        let (a, b) = (self.square(x0), self.square(x1));
        let (mut least, mut most) = (a.min(b), a.max(b));
        let (sum, outer, inner) = (c0 + c1 + c2, c0 + c2, c0 - c2);
        let vertex = (sum * outer - inner * inner) / (8.0 * c0 * c2);
        if vertex > x0 && vertex < x1 {
            let v = self.square(vertex);
            least = least.min(v);
            most = most.max(v);
        }
        // Each of the two terms is off by a few roundings of the coefficients.
        let slack = 8.0 * f64::EPSILON * (c0.abs() + c1.abs() + c2.abs());
        ((least.sqrt() - slack).max(0.0), most.sqrt() + slack)
    }

    /// Its roots' part of arg at `ω`, continuous wherever it has no zero.
    fn phase(self, omega: f64) -> Option<f64> {
        let [c0, c1, c2] = self.0;
        let w = Complex64::from_polar(1.0, -omega);
        if c0 == 0.0 {
            // What remains is later by a sample.
            return if c1 == 0.0 && c2 == 0.0 {
                None
            } else {
                Some(Quadratic([c1, c2, 0.0]).phase(omega)? - omega)
            };
        }
        let (b, c) = (Complex64::from(c1 / c0), Complex64::from(c2 / c0));
        let root = (b * b - 4.0 * c).sqrt();
        // Added to what points the same way, nothing cancels.
        let sum = if (b.conj() * root).re < 0.0 { b - root } else { b + root };
        let q = -0.5 * sum;
        let other = if q == Complex64::ZERO { q } else { c / q };
        let each = |q: Complex64| {
            if q.norm_sqr() <= 1.0 {
                (1.0 - q * w).arg()
            } else {
                (1.0 - (q * w).inv()).arg() - omega
            }
        };
        Some(each(q) + each(other))
    }
}

impl Section {
    fn numerator(&self) -> Quadratic {
        Quadratic(self.b)
    }

    fn denominator(&self) -> Quadratic {
        Quadratic([1.0, self.a[0], self.a[1]])
    }

    /// Whether it is a gain and nothing else.
    pub(super) fn is_gain(&self) -> bool {
        [self.b[1], self.b[2], self.a[0], self.a[1]] == [0.0; 4]
    }

    /// Poles outside the unit circle; none if one is on it. Exact: signs of the
    /// denominator at z = ±1 and of 1 − a₂ decide (Jury, "Theory and application
    /// of the z-transform method", 1964).
    pub(super) fn outside(&self) -> Option<usize> {
        let [a1, a2] = self.a;
        let (plus, minus) = (sign_of_sum(a2, a1), sign_of_sum(a2, -a1));
        match (plus, minus) {
            (1, 1) if a2 == 1.0 => None,
            (1, 1) => Some(if a2 > 1.0 { 2 } else { 0 }),
            (1, -1) | (-1, 1) => Some(1),
            (-1, -1) => Some(2),
            // A pole at z = ∓1, the other at ∓a₂.
            _ => None,
        }
    }

    /// The modulus of its outermost pole.
    pub(super) fn pole_modulus(&self) -> f64 {
        let [a1, a2] = self.a;
        let discriminant = a1 * a1 - 4.0 * a2;
        if discriminant < 0.0 { a2.sqrt() } else { 0.5 * (a1.abs() + discriminant.sqrt()) }
    }

    /// The most |H| can be on `arc`.
    fn most(&self, arc: Arc) -> f64 {
        let whole = self.numerator().range(arc).1 / self.denominator().range(arc).0;
        let at = Arc::point(arc.middle());
        let middle = self.numerator().range(at).1 / self.denominator().range(at).0;
        let by_slope = middle + 0.5 * arc.width() * self.slope(arc);
        above(whole.min(by_slope))
    }

    /// The least |H| can be on `arc`.
    fn least(&self, arc: Arc) -> f64 {
        let whole = self.numerator().range(arc).0 / self.denominator().range(arc).1;
        let at = Arc::point(arc.middle());
        let middle = self.numerator().range(at).0 / self.denominator().range(at).1;
        let by_slope = middle - 0.5 * arc.width() * self.slope(arc);
        if by_slope > whole { by_slope } else { whole }
    }

    /// The most |dH/dω| can be on `arc`: with eₖ = bₖ − b₀aₖ,
    /// |H′| = |e₁ + 2e₂w + (a₁e₂ − a₂e₁)w²| / |1 + a₁w + a₂w²|².
    fn slope(&self, arc: Arc) -> f64 {
        let [a1, a2] = self.a;
        let (e1, e2) = (self.b[1] - self.b[0] * a1, self.b[2] - self.b[0] * a2);
        let rise = Quadratic([e1, 2.0 * e2, a1 * e2 - a2 * e1]).range(arc).1;
        // Each e is off by a rounding of what it is the difference of.
        let off = 4.0
            * f64::EPSILON
            * (self.b[1].abs() + self.b[2].abs() + self.b[0].abs() * (a1.abs() + a2.abs()))
            * (1.0 + a1.abs() + a2.abs());
        above((rise + off) / self.denominator().range(arc).0.powi(2))
    }
}

/// The sign of 1 + a + b, without rounding: 1 for more than nothing.
fn sign_of_sum(a: f64, b: f64) -> i8 {
    let sum = 1.0 + a;
    // What the sum above lost (Knuth's TwoSum), exactly.
    let part = sum - 1.0;
    let lost = (1.0 - (sum - part)) + (a - part);
    // Near zero the difference is exact (Sterbenz); far from it its sign is.
    let rest = sum + b;
    let total = rest + lost;
    i8::from(total > 0.0) - i8::from(total < 0.0)
}

/// What is not a number bounds nothing.
fn above(x: f64) -> f64 {
    if x.is_nan() { f64::INFINITY } else { x }
}

/// An impulse response, with Σ k·|hₖ|, which bounds its slope.
#[derive(Clone, Debug)]
struct Fir {
    taps: Vec<f64>,
    slope: f64,
}

impl Fir {
    fn at(&self, w: Complex64) -> Complex64 {
        self.taps.iter().rev().fold(Complex64::ZERO, |sum, t| sum * w + t)
    }
}

/// What a line does beside delaying: a gain, biquads and impulse responses in a
/// cascade.
#[derive(Clone, Debug)]
pub(super) struct Response {
    pub(super) gain: f64,
    sections: Vec<Section>,
    firs: Vec<Fir>,
}

impl Response {
    pub(super) fn gain(gain: f64) -> Self {
        Self { gain, sections: Vec::new(), firs: Vec::new() }
    }

    pub(super) fn cascade(sections: &[Section]) -> Self {
        let mut response = Self::gain(1.0);
        for section in sections {
            if section.is_gain() {
                response.gain *= section.b[0];
            } else {
                response.sections.push(*section);
            }
        }
        response
    }

    pub(super) fn fir(taps: &[f64]) -> Self {
        if taps.iter().skip(1).all(|t| *t == 0.0) {
            return Self::gain(taps.first().copied().unwrap_or(0.0));
        }
        let slope = taps.iter().enumerate().map(|(k, t)| k as f64 * t.abs()).sum();
        let firs = vec![Fir { taps: taps.to_vec(), slope }];
        Self { gain: 1.0, sections: Vec::new(), firs }
    }

    pub(super) fn is_gain(&self) -> bool {
        self.sections.is_empty() && self.firs.is_empty()
    }

    pub(super) fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// H(z/γ).
    pub(super) fn within(&self, gamma: f64) -> Self {
        let sections = self.sections.iter().map(|s| Section {
            b: [s.b[0], s.b[1] * gamma, s.b[2] * gamma * gamma],
            a: [s.a[0] * gamma, s.a[1] * gamma * gamma],
        });
        let mut moved = Self { sections: sections.collect(), ..Self::gain(self.gain) };
        for fir in &self.firs {
            let taps = fir.taps.iter().enumerate().map(|(k, t)| t * gamma.powi(k as i32));
            moved.append(Self::fir(&taps.collect::<Vec<_>>()));
        }
        moved
    }

    /// What follows or precedes it becomes part of it.
    pub(super) fn append(&mut self, other: Self) {
        self.gain *= other.gain;
        self.sections.extend(other.sections);
        self.firs.extend(other.firs);
    }

    pub(super) fn at(&self, omega: f64) -> Complex64 {
        self.at_w(Complex64::from_polar(1.0, -omega))
    }

    /// At infinite z, before anything has come back.
    pub(super) fn at_once(&self) -> f64 {
        self.at_w(Complex64::ZERO).re
    }

    fn at_w(&self, w: Complex64) -> Complex64 {
        let filters = self.sections.iter().map(|s| s.numerator().at(w) / s.denominator().at(w));
        filters.chain(self.firs.iter().map(|f| f.at(w))).product::<Complex64>() * self.gain
    }

    /// The most its modulus can be on `arc`.
    pub(super) fn most(&self, arc: Arc) -> f64 {
        let filters: f64 = self.sections.iter().map(|s| s.most(arc)).product();
        let firs: f64 = self.firs.iter().map(|f| fir_range(f, arc).1).product();
        above(self.gain.abs() * filters * firs)
    }

    /// The least its modulus can be on `arc`.
    pub(super) fn least(&self, arc: Arc) -> f64 {
        let filters: f64 = self.sections.iter().map(|s| s.least(arc)).product();
        let firs: f64 = self.firs.iter().map(|f| fir_range(f, arc).0).product();
        self.gain.abs() * filters * firs
    }

    /// The most its derivative by ω can be on `arc`: the product rule.
    pub(super) fn slope(&self, arc: Arc) -> f64 {
        if self.is_gain() {
            return 0.0;
        }
        let mut each: Vec<(f64, f64)> =
            self.sections.iter().map(|s| (s.most(arc), s.slope(arc))).collect();
        each.extend(self.firs.iter().map(|f| (fir_range(f, arc).1, f.slope)));
        let (mut value, mut slope) = (self.gain.abs(), 0.0);
        for (most, rise) in each {
            slope = slope * most + value * rise;
            value *= most;
        }
        above(slope)
    }

    /// Its arg at `ω`, up to a constant, continuous over any arc without a zero
    /// of its own. None where no closed form is known.
    pub(super) fn phase(&self, omega: f64) -> Option<f64> {
        if !self.firs.is_empty() {
            return None;
        }
        self.sections.iter().try_fold(0.0, |sum, s| {
            Some(sum + s.numerator().phase(omega)? - s.denominator().phase(omega)?)
        })
    }

    /// Poles outside the unit circle; none if one is on it.
    pub(super) fn outside(&self) -> Option<usize> {
        self.sections.iter().map(Section::outside).sum()
    }
}

fn fir_range(fir: &Fir, arc: Arc) -> (f64, f64) {
    let middle = fir.at(Complex64::from_polar(1.0, -arc.middle())).norm();
    let size: f64 = fir.taps.iter().map(|t| t.abs()).sum();
    // Horner's rule rounds twice a tap.
    let round = 8.0 * f64::EPSILON * fir.taps.len() as f64 * size;
    let reach = 0.5 * arc.width() * fir.slope + round;
    ((middle - reach).max(0.0), (middle + reach).min(size))
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
