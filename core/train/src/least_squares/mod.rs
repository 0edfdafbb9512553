//! Least squares by K. Levenberg's and D. Marquardt's method (Quart. Appl. Math. 2, 1944;
//! SIAM J. Appl. Math. 11/2, 1963), for a few hundred parameters and a hundred thousand
//! residuals.
//!
//! The damping follows the gain ratio as H. B. Nielsen has it ("Damping parameter in
//! Marquardt's method", IMM-REP-1999-05, 1999).

mod sums;

use std::ops::ControlFlow;

use nalgebra::{Cholesky, DMatrix, DVector};
use rayon::prelude::*;

pub use sums::{LANES, Rows, Sums};

/// Residuals as functions of parameters, in blocks that are worth a thread each.
pub trait Problem: Sync {
    /// What all blocks need to know of the parameters.
    type Prepared: Sync;

    /// Works that out, once for all blocks; with what derivatives need, if `slopes`.
    fn prepare(&self, parameters: &[f64], slopes: bool) -> Self::Prepared;

    /// How many parameters there are.
    fn parameters(&self) -> usize;

    /// How many blocks the residuals come in.
    fn blocks(&self) -> usize;

    /// Adds the residuals of `block` at `parameters`, and their derivatives, to `sums`,
    /// a few hundred at a time.
    fn differentiate(
        &self,
        parameters: &[f64],
        prepared: &Self::Prepared,
        block: usize,
        sums: &mut Sums,
    );

    /// Half the sum of the squares of the weighted residuals of `block`.
    fn cost(&self, parameters: &[f64], prepared: &Self::Prepared, block: usize) -> f64;

    /// Brings parameters back to where they have a meaning.
    fn confine(&self, parameters: &mut [f64]) {
        let _ = parameters;
    }

    /// What half the square of each parameter costs, for those that nothing else
    /// decides; one for each, or none at all.
    fn stiffness(&self) -> &[f64] {
        &[]
    }
}

/// How [`minimise`] goes about it, and when it ends.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Steps tried at most.
    pub iterations: usize,
    /// Damping to begin with, in proportion to the curvature.
    pub damping: f64,
    /// Ends when a step lowers the cost by less than this share of it.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { iterations: 100, damping: 1e-2, tolerance: 1e-9 }
    }
}

/// Where a search stands after a step.
#[derive(Clone, Copy, Debug)]
pub struct Iteration<'a> {
    /// Steps tried so far.
    pub iteration: usize,
    /// Half the weighted sum of squares, and what stiffness adds.
    pub cost: f64,
    /// The best parameters so far.
    pub parameters: &'a [f64],
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Stop {
    /// All steps were made.
    Iterations,
    /// Steps gain next to nothing.
    Converged,
    /// No step gains anything.
    Stuck,
    /// Whoever watched said so.
    Asked,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Solution {
    /// The best parameters.
    pub parameters: Vec<f64>,
    /// Half the weighted sum of squares at them, and what stiffness adds.
    pub cost: f64,
    /// The damping it ended with, to go on from.
    pub damping: f64,
    /// Steps tried.
    pub iterations: usize,
    /// Why it ended.
    pub stop: Stop,
}

/// Blocks are summed in this many runs, each in order, and the runs in order: the result
/// does not depend on the number of threads.
const RUNS: usize = 16;

/// Curvatures below this share of the largest count as that: a parameter without effect
/// is not free to go anywhere.
const FLAT: f64 = 1e-7;

/// Damping between which a search goes on.
const DAMPING: [f64; 2] = [1e-12, 1e12];

/// Searches from `start` for parameters that make the cost small. A cost that is not a
/// number counts as worse than any.
pub fn minimise<P: Problem + ?Sized>(
    problem: &P,
    start: Vec<f64>,
    options: &Options,
    watch: &mut dyn FnMut(&Iteration<'_>) -> ControlFlow<()>,
) -> Solution {
    let (mut damping, mut raise) = (options.damping.clamp(DAMPING[0], 1.0), 2.0);
    let mut parameters = start;
    problem.confine(&mut parameters);
    let mut found = cost(problem, &parameters);
    let (mut normal, mut moved) = (Normal::new(problem, &parameters), false);
    let (mut iterations, mut stop) = (0, Stop::Iterations);
    while iterations < options.iterations {
        iterations += 1;
        if std::mem::take(&mut moved) {
            normal = Normal::new(problem, &parameters);
        }
        let step = normal.step(damping).map(|(step, promised)| {
            let mut trial: Vec<f64> = parameters.iter().zip(&step).map(|(p, h)| p + h).collect();
            problem.confine(&mut trial);
            (cost(problem, &trial), trial, promised)
        });
        match step {
            Some((next, trial, promised)) if next < found => {
                let gained = found - next;
                let shape = 1.0 - (2.0 * gained / promised - 1.0).powi(3);
                damping = (damping * shape.clamp(1.0 / 3.0, 2.0)).max(DAMPING[0]);
                raise = 2.0;
                (parameters, found, moved) = (trial, next, true);
                if gained <= options.tolerance * next {
                    stop = Stop::Converged;
                }
            }
            _ => {
                damping *= raise;
                raise *= 2.0;
                if damping > DAMPING[1] {
                    stop = Stop::Stuck;
                }
            }
        }
        let now = Iteration { iteration: iterations, cost: found, parameters: &parameters };
        if watch(&now).is_break() {
            stop = Stop::Asked;
        }
        if stop != Stop::Iterations {
            break;
        }
    }
    Solution { parameters, cost: found, damping, iterations, stop }
}

/// Half the weighted sum of squares at `parameters`, and what stiffness adds; infinite
/// where it is not a number.
pub fn cost<P: Problem + ?Sized>(problem: &P, parameters: &[f64]) -> f64 {
    let prepared = problem.prepare(parameters, false);
    let block = |i| problem.cost(parameters, &prepared, i);
    let blocks: Vec<f64> = (0..problem.blocks()).into_par_iter().map(block).collect();
    let stiff = problem.stiffness().iter().zip(parameters).map(|(q, p)| 0.5 * q * p * p);
    let sum = blocks.iter().sum::<f64>() + stiff.sum::<f64>();
    if sum.is_nan() { f64::INFINITY } else { sum }
}

/// All sums at `parameters`, stiffness not included.
pub(crate) fn sums<P: Problem + ?Sized>(problem: &P, parameters: &[f64]) -> Sums {
    let (blocks, prepared) = (problem.blocks(), problem.prepare(parameters, true));
    let runs: Vec<Sums> = (0..RUNS.min(blocks))
        .into_par_iter()
        .map(|run| {
            let mut sums = Sums::new(problem.parameters());
            for block in run * blocks / RUNS.min(blocks)..(run + 1) * blocks / RUNS.min(blocks) {
                problem.differentiate(parameters, &prepared, block, &mut sums);
            }
            sums
        })
        .collect();
    let mut all = Sums::new(problem.parameters());
    runs.iter().for_each(|run| all.merge(run));
    all
}

/// The normal equations at some parameters.
struct Normal {
    matrix: DMatrix<f64>,
    gradient: DVector<f64>,
    /// The diagonal that damping is in proportion to.
    scale: Vec<f64>,
}

impl Normal {
    fn new<P: Problem + ?Sized>(problem: &P, parameters: &[f64]) -> Self {
        let sums = sums(problem, parameters);
        let n = problem.parameters();
        let mut matrix = DMatrix::from_fn(n, n, |i, j| sums.at(i, j));
        let mut gradient = DVector::from_column_slice(&sums.gradient[..n]);
        for (i, (q, p)) in problem.stiffness().iter().zip(parameters).enumerate() {
            matrix[(i, i)] += q;
            gradient[i] += q * p;
        }
        let largest = matrix.diagonal().max().max(f64::MIN_POSITIVE);
        let scale = matrix.diagonal().iter().map(|d| d.max(FLAT * largest)).collect();
        Self { matrix, gradient, scale }
    }

    /// The step at `damping`, and what it promises to gain. None where the matrix is not
    /// positive definite to the precision there is.
    fn step(&self, damping: f64) -> Option<(Vec<f64>, f64)> {
        // With a diagonal of ones, least is lost to rounding.
        let root: Vec<f64> = self.scale.iter().map(|s| s.sqrt()).collect();
        let n = root.len();
        let mut damped = DMatrix::from_fn(n, n, |i, j| self.matrix[(i, j)] / (root[i] * root[j]));
        (0..n).for_each(|i| damped[(i, i)] += damping);
        let right = DVector::from_fn(n, |i, _| -self.gradient[i] / root[i]);
        let step = Cholesky::new(damped)?.solve(&right);
        let promised = 0.5 * (damping * step.dot(&step) + step.dot(&right));
        let step: Vec<f64> = step.iter().zip(&root).map(|(h, root)| h / root).collect();
        (promised > 0.0 && step.iter().all(|h| h.is_finite())).then_some((step, promised))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
