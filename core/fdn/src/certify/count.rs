//! Counts the poles of a loop outside the unit circle, with proof.
//!
//! f = det(I − M·D) has closed-loop poles for zeros and open-loop poles for poles, so
//! by the argument principle closed − open, outside, is −Δarg f / π over ω from 0 to π.
//! The half circle is cut into arcs:
//!
//! * where ‖S·L·S⁻¹‖ < 1 for L = M·D, arg f is known at each point without following
//!   it there: I − τL has a positive definite Hermitian part for 0 ≤ τ ≤ 1, so the
//!   pivots of its elimination stay in the right half plane, and arg f is the sum of
//!   theirs;
//! * where ‖S·L⁻¹·S⁻¹‖ < 1 the same holds of det(I − L⁻¹), and arg det(−L) is known in
//!   closed form;
//! * elsewhere it is followed in steps around centres c, f(ω)/f(c) = det(I − E) with
//!   E = (I − L(c))⁻¹(L(ω) − L(c)), each so short that ‖T·E·T⁻¹‖ < 1 on all of it is
//!   proven: then what was said of I − L holds of I − E.

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::bound::{Bound, Piece, improve, norm};
use super::filter::Arc;
use super::loops::Loop;
use super::scaling::{norm_above, norm_of_radii, scaled, search};

/// What a norm may be to count as less than one, after rounding.
const BELOW_ONE: f64 = 1.0 - 1e-9;
/// The most the norm of a step's E may be.
const STEP: f64 = 0.9;
/// Steps shorter than this mean a pole on the circle.
const SHORTEST: f64 = 1e-11;

/// How many poles of `of` are outside, if `effort` (some multiplications) suffices and
/// `stop` does not say to give up.
pub(super) fn count(
    of: &Loop,
    bound: &Bound,
    open: usize,
    effort: f64,
    stop: &dyn Fn() -> bool,
) -> Option<usize> {
    // A length that is no whole number has no polynomial.
    if of.lines.iter().any(|l| !l.whole) || of.at_once() < 1e-9 {
        return None;
    }
    let mut walk = Walk::new(of, effort, stop)?;
    for piece in &bound.pieces {
        walk.piece(piece)?;
    }
    walk.flush()?;
    let turns = -walk.arg / std::f64::consts::PI;
    let whole = turns.round();
    let closed = whole + open as f64;
    // A sum of angles that ends between integers was wrong somewhere.
    ((turns - whole).abs() < 1e-3 && closed >= 0.0).then_some(closed as usize)
}

struct Walk<'a> {
    of: &'a Loop,
    /// M⁻¹, if M has one and is the same everywhere.
    inverse: Option<DMatrix<f64>>,
    /// A good S for the norm of L⁻¹.
    expanding: Vec<f64>,
    longest: f64,
    arg: f64,
    effort: f64,
    stop: &'a dyn Fn() -> bool,
    /// What is to be followed, until something else comes.
    open: Option<(Arc, Vec<f64>)>,
}

impl<'a> Walk<'a> {
    fn new(of: &'a Loop, effort: f64, stop: &'a dyn Fn() -> bool) -> Option<Self> {
        let inverse = if of.is_constant() { of.direct.clone().try_inverse() } else { None };
        let inverse = inverse.filter(|m| m.iter().all(|e| e.is_finite()));
        let longest = of.lines.iter().map(|l| l.delay).fold(1.0, f64::max);
        let mut walk = Self {
            of,
            inverse,
            expanding: vec![0.0; of.lines.len()],
            longest,
            arg: 0.0,
            effort,
            stop,
            open: None,
        };
        let middle = Arc::point(std::f64::consts::FRAC_PI_2);
        if let Some(inverted) = walk.inverted(middle) {
            walk.expanding = search(&inverted, None);
        }
        (!of.lines.is_empty()).then_some(walk)
    }

    fn spend(&mut self, matrices: f64) -> Option<()> {
        let n = self.of.lines.len() as f64;
        self.effort -= matrices * (n.powi(3) + 20.0 * n);
        (self.effort > 0.0 && !(self.stop)()).then_some(())
    }

    /// |D|⁻¹·M⁻¹ at its most on `arc`.
    fn inverted(&self, arc: Arc) -> Option<DMatrix<f64>> {
        let mut m = self.inverse.clone()?;
        for (i, line) in self.of.lines.iter().enumerate() {
            let least = line.response.least(arc);
            if least.is_nan() || least < 1e-12 {
                return None;
            }
            m.row_mut(i).scale_mut(least.recip());
        }
        Some(m)
    }

    /// ‖S·L⁻¹·S⁻¹‖ at its most on `arc`.
    fn inverse_norm(&self, arc: Arc) -> f64 {
        let ones = vec![1.0; self.of.lines.len()];
        let inverted = self.inverted(arc);
        inverted.map_or(f64::INFINITY, |m| norm_above(&scaled(&m, &self.expanding, &ones)))
    }

    fn piece(&mut self, piece: &Piece) -> Option<()> {
        if piece.above < BELOW_ONE {
            return self.contraction(piece.arc, &piece.scale);
        }
        self.arc(piece.arc, &piece.scale)
    }

    /// An arc of which nothing is known but a scale to try.
    fn arc(&mut self, arc: Arc, scale: &[f64]) -> Option<()> {
        self.spend(20.0)?;
        if norm(self.of, arc, scale) < BELOW_ONE {
            return self.contraction(arc, scale);
        }
        if self.inverse_norm(arc) < BELOW_ONE {
            return self.expansion(arc);
        }
        if arc.width() * self.longest > 2.0 && self.may_split(arc, scale) {
            let [low, high] = arc.halves();
            let scale = if arc.width() > 1e-2 {
                self.spend(300.0)?;
                improve(self.of, Arc::point(arc.middle()), Some(scale))
            } else {
                scale.into()
            };
            self.arc(low, &scale)?;
            return self.arc(high, &scale);
        }
        match &mut self.open {
            Some((open, _)) => open.to = arc.to,
            None => self.open = Some((arc, scale.to_vec())),
        }
        Some(())
    }

    /// Whether some part of `arc` may need no following.
    fn may_split(&self, arc: Arc, scale: &[f64]) -> bool {
        (0..=4).any(|k| {
            let at = Arc::point(arc.from + arc.width() * f64::from(k) / 4.0);
            let best = improve(self.of, at, Some(scale));
            norm(self.of, at, &best) < BELOW_ONE || self.inverse_norm(at) < BELOW_ONE
        })
    }

    /// What was left open is followed.
    fn flush(&mut self) -> Option<()> {
        let Some((arc, scale)) = self.open.take() else { return Some(()) };
        self.follow(arc, &scale)
    }

    fn contraction(&mut self, arc: Arc, scale: &[f64]) -> Option<()> {
        self.flush()?;
        let arg = |omega| arg_of_one_less(&self.loop_matrix(omega), scale);
        self.arg += arg(arc.to)? - arg(arc.from)?;
        self.spend(2.0)
    }

    fn expansion(&mut self, arc: Arc) -> Option<()> {
        self.flush()?;
        let inverse = self.inverse.as_ref()?;
        let arg = |omega| {
            let diagonal = self.of.diagonal(omega);
            let mut m = inverse.map(Complex64::from);
            for (i, d) in diagonal.iter().enumerate() {
                m.row_mut(i).iter_mut().for_each(|e| *e /= d);
            }
            let lines = self.of.lines.iter();
            let phases = lines.map(|l| Some(l.response.phase(omega)? - l.delay * omega));
            Some(arg_of_one_less(&m, &self.expanding)? + phases.sum::<Option<f64>>()?)
        };
        self.arg += arg(arc.to)? - arg(arc.from)?;
        self.spend(2.0)
    }

    fn loop_matrix(&self, omega: f64) -> DMatrix<Complex64> {
        let mut m = self.of.matrix(omega);
        for (j, d) in self.of.diagonal(omega).iter().enumerate() {
            m.column_mut(j).iter_mut().for_each(|e| *e *= d);
        }
        m
    }

    /// Follows arg f over `arc`, step by step.
    fn follow(&mut self, arc: Arc, scale: &[f64]) -> Option<()> {
        let n = self.of.lines.len();
        let (mut at, mut reach) = (arc.from, 0.2 / self.longest);
        while at < arc.to {
            if reach < SHORTEST {
                return None;
            }
            self.spend(12.0)?;
            let centre = (at + reach).min(arc.to);
            let l = self.loop_matrix(centre);
            let mut system = DMatrix::<Complex64>::identity(n, n) - &l;
            for ((i, j), e) in (0..n).flat_map(|j| (0..n).map(move |i| (i, j))).zip(&mut system) {
                *e *= (scale[i] - scale[j]).exp();
            }
            let inverse = system.try_inverse()?;
            let to = (centre + reach).min(arc.to);
            let step = Arc { from: at, to };
            let size = self.change(step, centre, &inverse, scale);
            if size > STEP || size.is_nan() {
                reach *= if size < 1e6 { (0.8 * STEP / size).max(0.1) } else { 0.1 };
                continue;
            }
            let arg = |omega| {
                let change = &inverse * rescaled(&(self.loop_matrix(omega) - &l), scale);
                arg_of_one_less(&change, &vec![0.0; n])
            };
            self.arg += arg(to)? - arg(at)?;
            at = to;
            reach *= (0.9 * STEP / size).clamp(0.5, 2.0);
        }
        Some(())
    }

    /// The most ‖E‖ can be on `step`, with E around `centre`; `inverse` is
    /// (I − L(centre))⁻¹ in the same scale.
    fn change(&self, step: Arc, centre: f64, inverse: &DMatrix<Complex64>, scale: &[f64]) -> f64 {
        let reach = (step.to - centre).max(centre - step.from);
        let lines = &self.of.lines;
        let moves: Vec<f64> = lines
            .iter()
            .map(|l| {
                let turn = 2.0 * (0.5 * (l.delay * reach).min(std::f64::consts::PI)).sin();
                l.response.at(centre).norm() * turn + l.response.slope(step) * reach
            })
            .collect();
        let (m, radius) = if self.of.is_constant() {
            (self.of.direct.map(Complex64::from), None)
        } else {
            let (m, radius) = self.of.discs(step, centre);
            (m, Some(radius))
        };
        let size = schatten4(&(inverse * scaled(&m, scale, &moves)));
        let Some(radius) = radius else { return size };
        let most: Vec<f64> = lines.iter().map(|l| l.response.most(step)).collect();
        size + schatten4(inverse) * norm_of_radii(&scaled(&radius, scale, &most))
    }
}

fn rescaled(m: &DMatrix<Complex64>, scale: &[f64]) -> DMatrix<Complex64> {
    scaled(m, scale, &vec![1.0; scale.len()])
}

/// (tr (XᴴX)²)^¼, no less than the spectral norm and much quicker.
fn schatten4(x: &DMatrix<Complex64>) -> f64 {
    x.ad_mul(x).norm().sqrt() * (1.0 + 1e-9)
}

/// The sum of the principal args of the pivots of S·(I − L)·S⁻¹, without exchanges;
/// none if one is not in the right half plane.
fn arg_of_one_less(l: &DMatrix<Complex64>, scale: &[f64]) -> Option<f64> {
    let n = l.nrows();
    let mut m = -rescaled(l, scale);
    (0..n).for_each(|i| m[(i, i)] += 1.0);
    let mut arg = 0.0;
    for k in 0..n {
        let pivot = m[(k, k)];
        if pivot.re.is_nan() || pivot.re <= 0.0 {
            return None;
        }
        arg += pivot.arg();
        for j in k + 1..n {
            let factor = m[(k, j)] / pivot;
            if factor != Complex64::ZERO {
                for i in k + 1..n {
                    let below = m[(i, k)];
                    m[(i, j)] -= below * factor;
                }
            }
        }
    }
    Some(arg)
}
