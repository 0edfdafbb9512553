//! Norms of matrices under diagonal scaling, the upper bound of the structured
//! singular value (Doyle, "Analysis of feedback systems with structured
//! uncertainties", 1982): a proven one, and a search for the best scaling.

use nalgebra::{Cholesky, ComplexField, DMatrix, DVector, SVD};

/// S·M·diag(weights)·S⁻¹ for S = diag(exp(logs)).
pub(super) fn scaled<T: ComplexField<RealField = f64>>(
    m: &DMatrix<T>,
    logs: &[f64],
    weights: &[f64],
) -> DMatrix<T> {
    // Around their middle, so that none is beyond what a number holds.
    let middle = logs.iter().sum::<f64>() / logs.len().max(1) as f64;
    let scale: Vec<f64> = logs.iter().map(|log| (log - middle).exp()).collect();
    DMatrix::from_fn(m.nrows(), m.ncols(), |i, j| {
        m[(i, j)].clone().scale(scale[i] / scale[j] * weights[j])
    })
}

/// XᴴX. With the adjoint laid out, the product is by blocks, which for large
/// matrices is much quicker than column by column.
fn gram_of<T: ComplexField<RealField = f64>>(x: &DMatrix<T>) -> DMatrix<T> {
    x.adjoint() * x
}

/// An upper bound of the spectral norm, proven: t²I − XᴴX has a Cholesky
/// factorisation, with room for the rounding of both (Higham, "Accuracy and
/// stability of numerical algorithms", theorem 10.3). Infinite when there is none.
pub(super) fn norm_above<T: ComplexField<RealField = f64>>(x: &DMatrix<T>) -> f64 {
    let n = x.ncols() as f64;
    let frobenius = x.iter().map(|e| e.clone().modulus_squared()).sum::<f64>();
    if frobenius == 0.0 {
        return 0.0;
    }
    if !frobenius.is_finite() {
        return f64::INFINITY;
    }
    if x.ncols() == 1 {
        return frobenius.sqrt() * (1.0 + 4.0 * n * f64::EPSILON);
    }
    let gram = gram_of(x);
    let Some(svd) = SVD::try_new(x.clone(), false, false, f64::EPSILON, 100 * x.ncols()) else {
        return frobenius.sqrt() * (1.0 + 1e-9);
    };
    let guess = svd.singular_values.max();
    for inflate in [1e-12, 1e-10, 1e-8, 1e-6, 1e-3] {
        let t = guess * (1.0 + inflate);
        let slack = 8.0 * (n + 3.0) * f64::EPSILON * (frobenius + n * t * t);
        if is_above(&gram, t * t - slack) {
            return t;
        }
    }
    frobenius.sqrt() * (1.0 + 1e-9)
}

/// Whether `level`·I − `gram` is positive definite.
fn is_above<T: ComplexField<RealField = f64>>(gram: &DMatrix<T>, level: f64) -> bool {
    let mut rest = -gram.clone();
    for i in 0..rest.nrows() {
        rest[(i, i)] += T::from_real(level);
        if rest[(i, i)].clone().real() <= 0.0 {
            return false;
        }
    }
    Cholesky::new(rest).is_some()
}

/// An upper bound of the spectral norm of a matrix without negative entries,
/// and of any whose entries are no larger.
pub(super) fn norm_of_radii(m: &DMatrix<f64>) -> f64 {
    let rows = m.row_iter().map(|r| r.sum()).fold(0.0, f64::max);
    let columns = m.column_iter().map(|c| c.sum()).fold(0.0, f64::max);
    (rows * columns).sqrt()
}

/// Searches S for a small norm of S·M·S⁻¹, from `start`. It need not be the best:
/// what it is good for is proven after.
///
/// The norm has corners; the Schatten norm (tr (XᴴX)^p)^{1/2p} has none and nears
/// it as p grows, so we go down the latter with p rising (BFGS).
pub(super) fn search<T: ComplexField<RealField = f64>>(
    m: &DMatrix<T>,
    start: Option<&[f64]>,
) -> Vec<f64> {
    let mut logs = start.map_or_else(|| balance(m), <[f64]>::to_vec);
    // Beyond this, one search would take minutes.
    if m.nrows() == 1 || m.nrows() > 256 || m.iter().any(|e| !e.is_finite()) {
        return logs;
    }
    let steps = if m.nrows() > 64 { 6 } else { 16 };
    for doublings in [1, 3, 5, 7, 9, 11] {
        logs = descend(m, logs, doublings, steps);
    }
    logs
}

/// Osborne's balancing ("On pre-conditioning of matrices", 1960): each row as
/// long as its column.
fn balance<T: ComplexField<RealField = f64>>(m: &DMatrix<T>) -> Vec<f64> {
    let n = m.nrows();
    let mut squares = m.map(|e| e.modulus_squared());
    let mut logs = vec![0.0; n];
    for _ in 0..20 {
        for i in 0..n {
            let own = squares[(i, i)];
            let (row, column) = (squares.row(i).sum() - own, squares.column(i).sum() - own);
            let factor = (column / row).sqrt();
            // Lines nothing comes from or goes to cannot be balanced, nor matter.
            if !(1e-12..1e12).contains(&factor) {
                continue;
            }
            squares.row_mut(i).iter_mut().for_each(|e| *e *= factor);
            squares.column_mut(i).iter_mut().for_each(|e| *e /= factor);
            logs[i] += 0.5 * factor.ln();
        }
    }
    logs
}

/// BFGS on the Schatten norm with p = 2^doublings + 1.
fn descend<T: ComplexField<RealField = f64>>(
    m: &DMatrix<T>,
    logs: Vec<f64>,
    doublings: usize,
    steps: usize,
) -> Vec<f64> {
    let n = logs.len();
    let mut at = DVector::from_vec(logs);
    let (mut value, mut slope) = schatten(m, at.as_slice(), doublings);
    let mut curve = DMatrix::<f64>::identity(n, n) * (0.5 / (1 << doublings) as f64);
    for _ in 0..steps {
        let mut step = -(&curve * &slope);
        if !step.iter().all(|s| s.is_finite()) || slope.norm() < 1e-6 {
            break;
        }
        let longest = step.amax();
        if longest > 1.0 {
            step /= longest;
        }
        let fall = slope.dot(&step);
        let mut found = None;
        for _ in 0..8 {
            let next = &at + &step;
            let (v, s) = schatten(m, next.as_slice(), doublings);
            if v <= value + 1e-4 * fall {
                found = Some((next, v, s));
                break;
            }
            step *= 0.4;
        }
        let Some((next, v, s)) = found else { break };
        update(&mut curve, &(&next - &at), &(&s - &slope));
        let small = value - v < 1e-7;
        (at, value, slope) = (next, v, s);
        if small {
            break;
        }
    }
    at.as_slice().to_vec()
}

/// The BFGS update of the inverse Hessian.
fn update(curve: &mut DMatrix<f64>, step: &DVector<f64>, change: &DVector<f64>) {
    let along = step.dot(change);
    if along <= 1e-14 {
        return;
    }
    let bent = &*curve * change;
    let scale = (along + change.dot(&bent)) / (along * along);
    curve.ger(scale, step, step, 1.0);
    curve.ger(-1.0 / along, &bent, step, 1.0);
    curve.ger(-1.0 / along, step, &bent, 1.0);
}

/// log (tr (XᴴX)^p)^{1/2p} and its gradient by the logs of S: what each line puts
/// out of the dominant directions less what it takes in.
fn schatten<T: ComplexField<RealField = f64>>(
    m: &DMatrix<T>,
    logs: &[f64],
    doublings: usize,
) -> (f64, DVector<f64>) {
    let n = logs.len();
    let x = scaled(m, logs, &vec![1.0; n]);
    let gram = gram_of(&x);
    let mut power = gram.clone();
    let (mut log, mut p) = (0.0, 1.0);
    for _ in 0..doublings {
        let trace = real_trace(&power);
        if !(trace > 0.0 && trace.is_finite()) {
            return (f64::INFINITY, DVector::zeros(n));
        }
        power = &power * &power;
        power.scale_mut((trace * trace).recip());
        log = 2.0 * (log + trace.ln());
        p *= 2.0;
    }
    let (left, right) = (&x * &power, &gram * &power);
    let total = real_trace(&right);
    let slope = DVector::from_fn(n, |i, _| {
        let pairs = (0..n).map(|j| left[(i, j)].clone() * x[(i, j)].clone().conjugate());
        let out: f64 = pairs.map(ComplexField::real).sum();
        (out - right[(i, i)].clone().real()) / total
    });
    ((log + total.ln()) / (2.0 * (p + 1.0)), slope)
}

fn real_trace<T: ComplexField<RealField = f64>>(m: &DMatrix<T>) -> f64 {
    m.diagonal().iter().map(|e| e.clone().real()).sum()
}
