//! Loops without delay.

use ndarray::Array2;

use super::{Scalar, Scalars, path};
use crate::error::Error;
use crate::graph::Section;
use crate::network::Network;

/// The most signals a loop without delay may have: solving it costs their cube.
const MOST: usize = 1024;

impl Scalars {
    /// Replaces every loop without delay by its solution.
    pub(super) fn solve(&mut self, network: &Network) -> Result<(), Error> {
        for group in self.components(true) {
            if self.is_loop(&group) {
                self.solve_one(&group, network)?;
            }
        }
        Ok(())
    }

    fn solve_one(&mut self, group: &[usize], network: &Network) -> Result<(), Error> {
        let what = path(network, self.origin[group[0]]);
        let count = group.len();
        if count > MOST {
            let what = format!("signals in a loop without delay around {what}");
            return Err(Error::TooLarge { what, limit: MOST, found: count });
        }
        group.iter().for_each(|x| self.split(*x));
        let mut place = vec![None; self.made.len()];
        group.iter().enumerate().for_each(|(i, x)| place[*x] = Some(i));
        // (1 − A)·s = u, where u is what comes from elsewhere.
        let mut left = Array2::<f64>::eye(count);
        let mut outside = Vec::with_capacity(count);
        for (i, x) in group.iter().enumerate() {
            let Scalar::Sum(terms) = &self.made[*x] else { continue };
            let mut rest = Vec::new();
            for (gain, y) in terms {
                match place[*y] {
                    Some(j) => left[(i, j)] -= gain,
                    None => rest.push((*gain, *y)),
                }
            }
            outside.push((i, rest, self.origin[*x]));
        }
        let inverse = invert(left).ok_or(Error::NoSolution { what })?;
        let mut given = vec![None; count];
        for (i, rest, origin) in outside {
            if !rest.is_empty() {
                given[i] = Some(self.add(Scalar::Sum(rest), origin));
            }
        }
        for (i, x) in group.iter().enumerate() {
            let terms =
                given.iter().enumerate().filter_map(|(j, u)| Some((inverse[(i, j)], (*u)?)));
            self.made[*x] = Scalar::Sum(terms.filter(|(gain, _)| *gain != 0.0).collect());
        }
        Ok(())
    }

    /// Makes a filter the sum of what it passes at once and what comes later:
    /// H(z) = b₀ + z⁻¹·R(z).
    fn split(&mut self, x: usize) {
        let origin = self.origin[x];
        let (Scalar::Section(heard, _) | Scalar::Fir(heard, _)) = self.made[x] else { return };
        let past = self.add(Scalar::Delay(heard, 1), origin);
        let (at_once, later) = match &self.made[x] {
            Scalar::Section(_, Section { b, a }) => {
                let rest = [b[1] - a[0] * b[0], b[2] - a[1] * b[0], 0.0];
                (b[0], Scalar::Section(past, Section { b: rest, a: *a }))
            }
            Scalar::Fir(_, taps) => (taps[0], Scalar::Fir(past, taps[1..].to_vec())),
            _ => return,
        };
        let later = self.add(later, origin);
        self.made[x] = Scalar::Sum(vec![(at_once, heard), (1.0, later)]);
    }
}

/// The inverse, by elimination with pivots from the whole column; none of what
/// is singular to the precision of its numbers.
fn invert(mut a: Array2<f64>) -> Option<Array2<f64>> {
    let n = a.nrows();
    let scale = a.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let least = scale * n as f64 * f64::EPSILON;
    let mut inverse = Array2::eye(n);
    for c in 0..n {
        let pivot = (c..n).max_by(|i, j| a[(*i, c)].abs().total_cmp(&a[(*j, c)].abs()))?;
        // What is no number is no pivot either.
        if a[(pivot, c)].abs() <= least || a[(pivot, c)].is_nan() {
            return None;
        }
        for k in 0..n {
            a.swap((c, k), (pivot, k));
            inverse.swap((c, k), (pivot, k));
        }
        let factor = 1.0 / a[(c, c)];
        a.row_mut(c).map_inplace(|x| *x *= factor);
        inverse.row_mut(c).map_inplace(|x| *x *= factor);
        let (from, to) = (a.row(c).to_owned(), inverse.row(c).to_owned());
        for i in (0..n).filter(|i| *i != c) {
            let factor = a[(i, c)];
            if factor != 0.0 {
                a.row_mut(i).scaled_add(-factor, &from);
                inverse.row_mut(i).scaled_add(-factor, &to);
            }
        }
    }
    inverse.iter().all(|x| x.is_finite()).then_some(inverse)
}
