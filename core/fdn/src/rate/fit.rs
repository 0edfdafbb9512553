//! Fits the magnitude of a cascade by damped Gauss–Newton steps (Levenberg,
//! Marquardt) in the logarithms of its coefficients.

use nalgebra::{DMatrix, DVector};

use super::shape::{Shape, cascade_gain, power};

/// What a cascade's gain should be somewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// tan(πf/rate)
    pub(super) w: f64,
    /// ln |H|
    pub(super) target: f64,
    /// Below this, gains are alike.
    pub(super) floor: f64,
    /// What an error there is multiplied by.
    pub(super) weight: f64,
}

impl Point {
    /// How far `shapes` are off, weighted.
    pub(super) fn error(&self, shapes: &[Shape]) -> f64 {
        self.weight * (cascade_gain(shapes, self.w).max(self.floor) - self.target)
    }
}

const ROUNDS: usize = 40;
/// The longest step: a coefficient may grow threefold.
const LONGEST: f64 = 1.1;

/// A coefficient that is fitted.
#[derive(Clone, Copy)]
struct Unknown {
    section: usize,
    numerator: bool,
    power: usize,
}

/// Changes the coefficients of `shapes` that are not zero, and none of their signs,
/// until their product is as near to `points` as it gets.
pub(super) fn fit(shapes: &mut [Shape], points: &[Point]) {
    let unknowns = unknowns(shapes);
    if unknowns.is_empty() {
        return;
    }
    let mut errors = errors(shapes, points);
    let mut damping = 1e-3;
    for _ in 0..ROUNDS {
        if errors.amax() < 1e-7 {
            return;
        }
        let jacobian = jacobian(shapes, points, &unknowns);
        let normal = jacobian.tr_mul(&jacobian);
        let slope = jacobian.tr_mul(&errors);
        let cost = errors.norm_squared();
        let mut best = cost;
        while damping < 1e8 {
            if let Some(found) = step(shapes, points, &unknowns, &normal, &slope, damping)
                && found.1.norm_squared() < cost
            {
                shapes.copy_from_slice(&found.0);
                errors = found.1;
                best = errors.norm_squared();
                damping = (damping * 0.2).max(1e-12);
                break;
            }
            damping *= 4.0;
        }
        if best > cost * (1.0 - 1e-5) {
            return;
        }
    }
}

/// Where a step with this much damping leads, and the errors there.
fn step(
    shapes: &[Shape],
    points: &[Point],
    unknowns: &[Unknown],
    normal: &DMatrix<f64>,
    slope: &DVector<f64>,
    damping: f64,
) -> Option<(Vec<Shape>, DVector<f64>)> {
    let mut damped = normal.clone();
    let floor = 1e-9 * normal.diagonal().amax();
    for i in 0..damped.nrows() {
        damped[(i, i)] += damping * damped[(i, i)].max(floor);
    }
    let by = damped.cholesky()?.solve(slope);
    let by = &by * (LONGEST / by.amax()).min(1.0);
    let mut moved = shapes.to_vec();
    for (unknown, by) in unknowns.iter().zip(&by) {
        let shape = &mut moved[unknown.section];
        let of = if unknown.numerator { &mut shape.n } else { &mut shape.d };
        of[unknown.power] *= (-by).exp();
    }
    moved.iter_mut().for_each(Shape::limit);
    let errors = errors(&moved, points);
    errors.iter().all(|e| e.is_finite()).then_some((moved, errors))
}

fn unknowns(shapes: &[Shape]) -> Vec<Unknown> {
    let mut all = Vec::new();
    for (section, shape) in shapes.iter().enumerate() {
        for (numerator, c) in [(true, &shape.n), (false, &shape.d)] {
            let of = (0..3).filter(|p| c[*p] != 0.0);
            // The numerator can do what a scale of the denominator would.
            let of = of.skip(usize::from(!numerator));
            all.extend(of.map(|power| Unknown { section, numerator, power }));
        }
    }
    all
}

fn errors(shapes: &[Shape], points: &[Point]) -> DVector<f64> {
    DVector::from_iterator(points.len(), points.iter().map(|p| p.error(shapes)))
}

/// The derivatives of the errors, points × unknowns.
fn jacobian(shapes: &[Shape], points: &[Point], unknowns: &[Unknown]) -> DMatrix<f64> {
    DMatrix::from_fn(points.len(), unknowns.len(), |p, u| {
        let Point { w, weight, .. } = points[p];
        let Unknown { section, numerator, power: i } = unknowns[u];
        let shape = &shapes[section];
        let (c, sign) = if numerator { (&shape.n, weight) } else { (&shape.d, -weight) };
        // ½·∂ln((c₀ − c₂w²)² + c₁²w²)/∂ln cᵢ
        let re = c[0] - c[2] * w * w;
        let part = [c[0] * re, c[1] * c[1] * w * w, -c[2] * w * w * re][i];
        sign * part / power(c, w)
    })
}
