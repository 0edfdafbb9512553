//! Finds what a matrix is made of.

use ndarray::{Array2, ArrayView2};

use crate::plan::Structure;

/// How near an entry must come to the structure's, against the largest: what
/// single precision keeps.
const NEAR: f64 = 1.2e-7;

/// A sparse factor: its rows, each of terms (column, weight).
pub(crate) type Factor = Vec<Vec<(usize, f64)>>;

/// The factors of `m`, the first to be applied first, if it has a structure.
pub(crate) fn factors(m: ArrayView2<'_, f64>) -> Option<(Structure, Vec<Factor>)> {
    if m.nrows() != m.ncols() || m.nrows() < 4 {
        return None;
    }
    hadamard(m)
        .map(|f| (Structure::Hadamard, f))
        .or_else(|| householder(m).map(|f| (Structure::Householder, f)))
        .or_else(|| kronecker(m).map(|f| (Structure::Kronecker, f)))
}

/// M[i][j] = size · sᵢ · tⱼ · (−1)^⟨p(i), q(j)⟩, p and q being permutations of
/// bit patterns.
fn hadamard(m: ArrayView2<'_, f64>) -> Option<Vec<Factor>> {
    let n = m.nrows();
    let size = m[(0, 0)].abs();
    if !n.is_power_of_two() || m.iter().any(|x| (x.abs() - size).abs() > NEAR * size) || size == 0.0
    {
        return None;
    }
    // With the first row and column made positive, rows are a group of signs.
    let sign = |i: usize, j: usize| m[(i, j)] * m[(i, 0)] * m[(0, j)] * m[(0, 0)] < 0.0;
    let mut spanned = vec![vec![false; n]]; // by number of the combination
    let mut columns = vec![0usize; n];
    while spanned.len() < n {
        let bit = spanned.len();
        let new = (0..n).map(|i| (0..n).map(|j| sign(i, j)).collect::<Vec<_>>());
        let new = new.into_iter().find(|row| !spanned.contains(row))?;
        for (column, minus) in columns.iter_mut().zip(&new) {
            *column |= if *minus { bit } else { 0 };
        }
        let more: Vec<Vec<bool>> =
            spanned.iter().map(|r| r.iter().zip(&new).map(|(a, b)| a ^ b).collect()).collect();
        spanned.extend(more);
    }
    let mut place = vec![None; n]; // pattern → column
    for (j, pattern) in columns.iter().enumerate() {
        if place[*pattern].replace(j).is_some() {
            return None;
        }
    }
    let place: Option<Vec<usize>> = place.into_iter().collect();
    let place = place?;
    let mut rows = Vec::with_capacity(n); // row → pattern
    for i in 0..n {
        let row: Vec<bool> = (0..n).map(|j| sign(i, j)).collect();
        rows.push(spanned.iter().position(|s| *s == row)?);
    }
    // Signs and order of the columns go into the first factor, of the rows into the last.
    let mut all = butterflies(n, |_| [[1.0, 1.0], [1.0, -1.0]]);
    for row in all.first_mut()? {
        for (column, weight) in row {
            let j = place[*column];
            *weight *= (m[(0, j)] * m[(0, 0)]).signum();
            *column = j;
        }
    }
    let last = all.pop()?;
    let ordered = |i: usize| {
        let sign = m[(i, 0)].signum() * size;
        last[rows[i]].iter().map(|(c, w)| (*c, w * sign)).collect()
    };
    all.push((0..n).map(ordered).collect());
    Some(all)
}

/// The stages of a Kronecker product of as many matrices of two as `n` has bits;
/// `of` gives the one of a bit. Two stages are joined where they can be, which
/// halves the passes over memory.
fn butterflies(n: usize, of: impl Fn(usize) -> [[f64; 2]; 2]) -> Vec<Factor> {
    let bits = n.trailing_zeros() as usize;
    let mut all = Vec::new();
    let mut bit = 0;
    while bit < bits {
        let joined = if bit + 1 < bits { 2 } else { 1 };
        let row = |i: usize| {
            (0..1 << joined)
                .map(|k: usize| {
                    let mut column = i & !(((1 << joined) - 1) << bit);
                    column |= k << bit;
                    let weight = |b: usize| of(bit + b)[(i >> (bit + b)) & 1][(k >> b) & 1];
                    (column, (0..joined).map(weight).product())
                })
                .collect()
        };
        all.push((0..n).map(row).collect());
        bit += joined;
    }
    all
}

/// M = c·I + u·vᵀ: one sum, and that much of it to each.
fn householder(m: ArrayView2<'_, f64>) -> Option<Vec<Factor>> {
    let n = m.nrows();
    let most = m.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    // The largest entry off the diagonal is the safest to divide by.
    let off = m.indexed_iter().filter(|((j, k), _)| j != k);
    let ((j, k), pivot) = off.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    if pivot.abs() <= NEAR * most {
        return None;
    }
    let i = (0..n).find(|i| *i != j && *i != k)?;
    let c = m[(i, i)] - m[(i, k)] * m[(j, i)] / pivot;
    let entry = |r: usize, s: usize| m[(r, s)] - if r == s { c } else { 0.0 };
    let u: Vec<f64> = (0..n).map(|r| entry(r, k) / pivot).collect();
    let v: Vec<f64> = (0..n).map(|s| entry(j, s)).collect();
    let near = |r: usize, s: usize| (entry(r, s) - u[r] * v[s]).abs() <= NEAR * most;
    if !(0..n).all(|r| (0..n).all(|s| near(r, s))) {
        return None;
    }
    let mut first: Factor = (0..n).map(|i| vec![(i, 1.0)]).collect();
    first.push(v.iter().copied().enumerate().collect());
    let last = (0..n).map(|i| vec![(i, c), (n, u[i])]).collect();
    Some(vec![first, last])
}

/// M = A₁ ⊗ A₂ ⊗ … of matrices of two.
fn kronecker(m: ArrayView2<'_, f64>) -> Option<Vec<Factor>> {
    let n = m.nrows();
    if !n.is_power_of_two() {
        return None;
    }
    let mut parts = Vec::new(); // from the highest bit down
    let mut rest: Array2<f64> = m.to_owned();
    while rest.nrows() > 2 {
        let half = rest.nrows() / 2;
        let most = rest.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let block = |a: usize, b: usize| {
            rest.slice(ndarray::s![a * half..(a + 1) * half, b * half..(b + 1) * half])
        };
        let ((i, j), pivot) = rest.indexed_iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
        let base = block(i / half, j / half).to_owned();
        let part = [0, 1].map(|a| [0, 1].map(|b| block(a, b)[(i % half, j % half)] / pivot));
        let near = |a: usize, b: usize| {
            let pairs = block(a, b).into_iter().zip(&base).map(|(x, y)| x - y * part[a][b]);
            pairs.fold(0.0_f64, |worst, x| worst.max(x.abs())) <= NEAR * most
        };
        if !(near(0, 0) && near(0, 1) && near(1, 0) && near(1, 1)) {
            return None;
        }
        parts.push(part);
        rest = base;
    }
    parts.push([[rest[(0, 0)], rest[(0, 1)]], [rest[(1, 0)], rest[(1, 1)]]]);
    parts.reverse();
    Some(butterflies(n, |bit| parts[bit]))
}
