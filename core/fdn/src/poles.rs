//! Where a network resonates.
//!
//! Between what its lines give, y, and what they are given, x = M(z)·y, a network
//! of loops has the poles where det(D(z) − M(z)) is zero, D being the diagonal of
//! z^m. Times the denominators of its filters that is a polynomial of known
//! degree, whose zeros the iteration of Ehrlich and Aberth finds all at once
//! (O. Aberth, Math. Comp. 27, 1973; for networks such as these S. J. Schlecht
//! and E. A. P. Habets, IEEE/ACM Trans. Audio Speech Lang. Process. 27, 2019). It
//! needs but the logarithmic derivative, tr((D − M)⁻¹·(D − M)′).

use std::f64::consts::TAU;

use nalgebra::DMatrix;
use num_complex::Complex64;

use crate::error::Error;
use crate::graph::Section;
use crate::network::Network;
use crate::scalar::{Scalar, Scalars};

/// Sweeps over all poles.
const SWEEPS: usize = 80;
/// A step so small, relative to the pole, ends its search.
const FOUND: f64 = 1e-13;
/// The largest step Newton's method may still want at a pole that is returned,
/// relative to it: what is wrong in its decay is then far below a thousandth.
const RESIDUAL: f64 = 1e-10;

/// Poles of the loops of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Poles {
    /// As found, each with a residual below 10⁻¹⁰ of itself; in no order. Of those
    /// at z = 0, which do not sound, any number.
    pub found: Vec<Complex64>,
    /// How many there are.
    pub count: usize,
}

/// The poles of the loops of `network`: all of them, if there are `most` or
/// fewer, or else about `most`, spread over all frequencies.
///
/// The cost is that of `most`² and `most`·lines³ multiplications, some dozen times.
///
/// # Errors
///
/// [`Error::NoSolution`], [`Error::TooLarge`] and [`Error::Invalid`] as those of
/// [`faust`](crate::faust).
pub fn poles(network: &Network, most: usize) -> Result<Poles, Error> {
    let scalars = Scalars::new(network)?;
    let system = System::new(&scalars);
    let count = system.degree();
    if system.lines.is_empty() {
        return Ok(Poles { found: Vec::new(), count });
    }
    let mut z = system.starts(count.min(most));
    let mut done = vec![false; z.len()];
    for _ in 0..SWEEPS {
        for k in 0..z.len() {
            if !done[k] {
                let others = z.iter().enumerate().filter(|(j, _)| *j != k);
                let away: Complex64 = others.map(|(_, other)| (z[k] - other).inv()).sum();
                let step = (system.log_derivative(z[k]) - away).inv();
                // Where the step is no number the point is a pole already, or lost.
                done[k] = !step.is_finite() || step.norm() <= FOUND * z[k].norm();
                if step.is_finite() {
                    // Far from any pole steps are long; none leaves its neighbourhood so.
                    let limit = (0.5 * z[k].norm() / step.norm()).min(1.0);
                    z[k] -= step * limit;
                }
            }
        }
        if done.iter().all(|d| *d) {
            break;
        }
    }
    z.retain(|z| system.residual(*z) <= RESIDUAL);
    Ok(Poles { found: distinct(z, count), count })
}

/// Poles without those found twice, which a sample of them may have.
fn distinct(mut z: Vec<Complex64>, count: usize) -> Vec<Complex64> {
    if z.len() == count {
        return z;
    }
    z.sort_by(|a, b| a.arg().total_cmp(&b.arg()));
    z.dedup_by(|a, b| (*a - *b).norm() < 1e-9);
    z
}

/// D − M and what makes it a polynomial.
struct System<'a> {
    scalars: &'a Scalars,
    /// Signal heard and length of each line.
    lines: Vec<(usize, usize)>,
    /// Filters within loops.
    sections: Vec<Section>,
    /// The power of z that makes a polynomial of the FIRs within loops.
    power: usize,
}

/// A function of z for each line, with its derivative.
type Row = Vec<[Complex64; 2]>;

const ZERO: Complex64 = Complex64::ZERO;

impl<'a> System<'a> {
    fn new(scalars: &'a Scalars) -> Self {
        let lines = scalars.lines.iter().filter_map(|l| match scalars.made[*l] {
            Scalar::Delay(x, samples) => Some((x, samples)),
            _ => None,
        });
        let mut system = Self { scalars, lines: lines.collect(), sections: Vec::new(), power: 0 };
        for x in scalars.looped() {
            match &scalars.made[x] {
                Scalar::Section(_, s) if s.a == [0.0; 2] => system.power += 2,
                Scalar::Section(_, s) => {
                    // One of first order leaves a pole at zero if b₂ is not.
                    system.power += usize::from(s.a[1] == 0.0 && s.b[2] != 0.0);
                    system.sections.push(*s);
                }
                Scalar::Fir(_, taps) => system.power += taps.len() - 1,
                _ => {}
            }
        }
        system
    }

    /// Of the polynomial.
    fn degree(&self) -> usize {
        let lines: usize = self.lines.iter().map(|(_, samples)| samples).sum();
        let sections: usize = self.sections.iter().map(|s| if s.a[1] == 0.0 { 1 } else { 2 }).sum();
        lines + sections + self.power
    }

    /// Around the circle, at the distance that poles have on average if the gains
    /// were at all frequencies what they are at this one.
    fn starts(&self, count: usize) -> Vec<Complex64> {
        let total: usize = self.lines.iter().map(|(_, samples)| samples).sum();
        let start = |k: usize| {
            // No symmetry about the real axis, or pairs would never part to become real.
            let direction = Complex64::cis(TAU * (k as f64 + 0.37) / count as f64);
            let [_, m, _] = self.matrices(direction);
            let radius = m.determinant().norm().powf(1.0 / total as f64);
            direction * if radius.is_finite() { radius.clamp(0.5, 1.1) } else { 1.0 }
        };
        (0..count).map(start).collect()
    }

    /// D, M, and the derivative of D − M, at `z`.
    fn matrices(&self, z: Complex64) -> [DMatrix<Complex64>; 3] {
        let n = self.lines.len();
        let rows = self.rows(z);
        let mut all = [(); 3].map(|()| DMatrix::zeros(n, n));
        for (i, (x, samples)) in self.lines.iter().enumerate() {
            if let Some(row) = &rows[*x] {
                for (j, [value, slope]) in row.iter().enumerate() {
                    all[1][(i, j)] = *value;
                    all[2][(i, j)] = -slope;
                }
            }
            all[0][(i, i)] = z.powi(*samples as i32);
            all[2][(i, i)] += *samples as f64 * z.powi(*samples as i32 - 1);
        }
        all
    }

    /// What of each line is in each signal; none, if nothing.
    fn rows(&self, z: Complex64) -> Vec<Option<Row>> {
        let n = self.lines.len();
        let mut rows: Vec<Option<Row>> = vec![None; self.scalars.made.len()];
        for (i, l) in self.scalars.lines.iter().enumerate() {
            let mut row = vec![[ZERO; 2]; n];
            row[i][0] = Complex64::ONE;
            rows[*l] = Some(row);
        }
        for x in &self.scalars.order {
            if rows[*x].is_some() {
                continue;
            }
            let mut sum: Option<Row> = None;
            let mut add = |y: usize, [gain, slope]: [Complex64; 2]| {
                let Some(row) = &rows[y] else { return };
                let sum = sum.get_or_insert_with(|| vec![[ZERO; 2]; n]);
                for (to, from) in sum.iter_mut().zip(row) {
                    to[0] += gain * from[0];
                    to[1] += gain * from[1] + slope * from[0];
                }
            };
            match &self.scalars.made[*x] {
                Scalar::Input(_) => {}
                Scalar::Sum(terms) => terms.iter().for_each(|(g, y)| add(*y, [(*g).into(), ZERO])),
                Scalar::Delay(y, m) => add(*y, power(z, *m)),
                Scalar::Section(y, s) => add(*y, section(s, z)),
                Scalar::Fir(y, taps) => add(*y, polynomial(taps, z)),
            }
            rows[*x] = sum;
        }
        rows
    }

    /// Of the polynomial.
    fn log_derivative(&self, z: Complex64) -> Complex64 {
        let [d, m, slope] = self.matrices(z);
        let mut p = d - m;
        let mut slope = slope;
        for i in 0..p.nrows() {
            // Far outside the circle z^m overflows what it is subtracted from.
            let scale = 1.0 / p.row(i).iter().map(|x| x.norm()).fold(f64::MIN_POSITIVE, f64::max);
            p.row_mut(i).iter_mut().for_each(|x| *x *= scale);
            slope.row_mut(i).iter_mut().for_each(|x| *x *= scale);
        }
        let Some(quotient) = p.lu().solve(&slope) else {
            // Singular: we are there.
            return Complex64::new(f64::INFINITY, 0.0);
        };
        let filters = self.sections.iter().map(|s| match s.a {
            [a1, 0.0] => (z + a1).inv(),
            [a1, a2] => (2.0 * z + a1) / (z * z + a1 * z + a2),
        });
        quotient.trace() + filters.sum::<Complex64>() + self.power as f64 / z
    }

    /// The step that Newton's method would take, relative to `z`.
    fn residual(&self, z: Complex64) -> f64 {
        let slope = self.log_derivative(z);
        if slope.re.is_infinite() { 0.0 } else { (slope * z).inv().norm() }
    }
}

/// z⁻ᵐ and its derivative.
fn power(z: Complex64, m: usize) -> [Complex64; 2] {
    let value = z.powi(-(m as i32));
    [value, -(m as f64) * value / z]
}

/// Σ tap·z⁻ⁿ and its derivative.
fn polynomial(taps: &[f64], z: Complex64) -> [Complex64; 2] {
    let w = z.inv();
    let mut all = [ZERO; 2];
    for tap in taps.iter().rev() {
        all[1] = all[1] * w + all[0];
        all[0] = all[0] * w + tap;
    }
    // By z, not by w.
    [all[0], -all[1] * w * w]
}

fn section(s: &Section, z: Complex64) -> [Complex64; 2] {
    let [b, b_slope] = polynomial(&s.b, z);
    let [a, a_slope] = polynomial(&[1.0, s.a[0], s.a[1]], z);
    [b / a, (b_slope - b / a * a_slope) / a]
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::graph::{Controls, Delay, Graph, Module, Node};

    fn delays(samples: &[f64]) -> Node {
        let lines = samples.iter().map(|s| Delay { samples: *s, interpolated: s.fract() != 0.0 });
        Node::module("d", Module::Delay(lines.collect())).unwrap()
    }

    fn found(forward: Node, feedback: Array2<f64>, most: usize) -> Poles {
        let backward = Node::module("m", Module::Matrix(feedback)).unwrap();
        let root = Node::recursion("r", forward, backward).unwrap();
        let (name, controls) = (String::new(), Controls::default());
        poles(
            &Network::new(&Graph { name, sample_rate: 48e3, root, controls, revision: None }),
            most,
        )
        .unwrap()
    }

    #[test]
    fn a_comb_has_the_roots_of_its_gain() {
        // z^100 = 0.5.
        let Poles { found, count } = found(delays(&[100.0]), array![[0.5]], 1000);
        assert_eq!((found.len(), count), (100, 100));
        for z in &found {
            assert!((z.powi(100) - 0.5).norm() < 1e-10);
        }
    }

    #[test]
    fn finds_every_pole_once() {
        let filter = |p: f64| vec![Section { b: [1.0 - p, 0.1, 0.05], a: [-p, 0.2] }];
        let filters = Node::module("f", Module::Filter([0.1, 0.3, 0.5].map(filter).into()));
        let damped = Node::series("s", 3, vec![delays(&[29.0, 37.0, 53.0]), filters.unwrap()]);
        let householder = Array2::eye(3) - 2.0 / 3.0;
        let Poles { found, count } = found(damped.unwrap(), householder, 1000);
        assert_eq!((found.len(), count), (29 + 37 + 53 + 6, 125));
        for (i, a) in found.iter().enumerate() {
            assert!(found[..i].iter().all(|b| (a - b).norm() > 1e-6));
            // Its conjugate is one as well.
            assert!(found.iter().any(|b| (a.conj() - b).norm() < 1e-9));
        }
    }

    #[test]
    fn a_lossless_network_has_them_on_the_circle() {
        let householder = Array2::eye(4) - 0.5;
        let Poles { found, count } =
            found(delays(&[809.0, 877.0, 937.0, 1049.0]), householder, 300);
        assert_eq!(count, 3672);
        assert!(found.len() > 250 && found.len() <= 300, "{}", found.len());
        assert!(found.iter().all(|z| (z.norm() - 1.0).abs() < 1e-9));
        assert!(found.iter().any(|z| z.arg() > 3.0) && found.iter().any(|z| z.arg().abs() < 0.1));
    }
}
