//! What a graph does to a complex exponential, and from it to an impulse.
//!
//! Computed from the tree, in float64, as FLAMO defines it: the reference that
//! the compiler is held to, which shares no code with it.

use std::f64::consts::TAU;

use nalgebra::DMatrix;
use ndarray::{Array2, Array3};
use num_complex::Complex64;
use realfft::RealFftPlanner;

use crate::error::Error;
use crate::graph::{Delay, Graph, Kind, Module, Node, Section};

/// The most samples all impulse responses of a graph may have together.
const MOST_SAMPLES: usize = 1 << 26;
/// What is left of a sample that has gone once round the circle: −220 dB. More
/// would cost precision, since undoing it raises rounding by half as many dB.
const ONCE_ROUND: f64 = 1e-11;

impl Graph {
    /// The transfer matrix at `z`, outputs × inputs: a series is a product, a
    /// recursion (I − F·B)⁻¹·F, a delay z⁻ᵐ on the principal branch.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if `z` is zero or not finite; [`Error::NoSolution`]
    /// names a recursion, or the root for
    /// a filter, with a pole there.
    pub fn response(&self, z: Complex64) -> Result<Array2<Complex64>, Error> {
        if !z.is_finite() || z.norm() == 0.0 {
            return Err(Error::invalid("z", "a finite number other than zero", z));
        }
        let point = Point::new(z.norm().ln(), z.arg() / TAU, longest(&self.root));
        let unit = DMatrix::identity(self.root.inputs(), self.root.inputs());
        let h = point.graph(self, unit)?;
        Ok(Array2::from_shape_fn(h.shape(), |at| h[at]))
    }

    /// The first `samples` samples of the impulse responses, outputs × inputs × time.
    ///
    /// Found on a circle slightly larger than the unit circle, so that what
    /// sounds on after the end comes round 220 dB down; every pole must lie within
    /// it. An interpolated delay has no causal response, and then the unit circle
    /// is used, four times as many samples and 65 536 at least: what sounds longer
    /// comes round as it is.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] beyond 2²⁶ samples in all; [`Error::NoSolution`] names
    /// a recursion with a pole on the circle.
    pub fn impulse_response(&self, samples: usize) -> Result<Array3<f64>, Error> {
        let (outputs, inputs) = (self.root.outputs(), self.root.inputs());
        let fractional = fractional(&self.root);
        let period = match fractional {
            false => samples.max(1).saturating_mul(2),
            true => samples.saturating_mul(4).max(1 << 16),
        };
        let period = period.checked_next_power_of_two().unwrap_or(usize::MAX);
        let found = period.saturating_mul(outputs * inputs);
        if found > MOST_SAMPLES {
            let what = "samples of impulse responses".to_owned();
            return Err(Error::TooLarge { what, limit: MOST_SAMPLES, found });
        }
        let ln_radius = if fractional { 0.0 } else { -ONCE_ROUND.ln() / period as f64 };
        let spectra = self.spectra(period, ln_radius)?;
        let inverse = RealFftPlanner::new().plan_fft_inverse(period);
        let mut h = Array3::zeros((outputs, inputs, samples));
        let mut time = inverse.make_output_vec();
        for (i, mut spectrum) in spectra.into_iter().enumerate() {
            // What is real in exact arithmetic, the transform wants real.
            spectrum[0].im = 0.0;
            spectrum[period / 2].im = 0.0;
            inverse.process(&mut spectrum, &mut time).expect("buffers the plan asked for");
            for n in 0..samples {
                let undone = (n as f64 * ln_radius).exp() / period as f64;
                h[(i / inputs, i % inputs, n)] = time[n] * undone;
            }
        }
        Ok(h)
    }

    /// The upper half of the circle for each pair, row-major.
    fn spectra(&self, period: usize, ln_radius: f64) -> Result<Vec<Vec<Complex64>>, Error> {
        let (outputs, inputs) = (self.root.outputs(), self.root.inputs());
        let mut spectra = vec![Vec::with_capacity(period / 2 + 1); outputs * inputs];
        let longest = longest(&self.root);
        for k in 0..=period / 2 {
            let point = Point::new(ln_radius, k as f64 / period as f64, longest);
            let h = point.graph(self, DMatrix::identity(inputs, inputs))?;
            for (i, spectrum) in spectra.iter_mut().enumerate() {
                spectrum.push(h[(i / inputs, i % inputs)]);
            }
        }
        Ok(spectra)
    }
}

/// A point of the plane, and its powers.
struct Point {
    ln_radius: f64,
    /// Its angle, in turns: a power's is then exact where it counts.
    turns: f64,
    /// z⁰, z⁻¹, ... of as many as any filter asks for.
    powers: Vec<Complex64>,
}

impl Point {
    fn new(ln_radius: f64, turns: f64, powers: usize) -> Self {
        let mut point = Self { ln_radius, turns, powers: Vec::new() };
        point.powers = (0..powers).map(|n| point.delay(n as f64)).collect();
        point
    }

    /// z⁻ᵐ
    fn delay(&self, m: f64) -> Complex64 {
        let turns = m * self.turns;
        Complex64::from_polar((-m * self.ln_radius).exp(), -TAU * (turns - turns.round()))
    }

    fn line(&self, delay: &Delay) -> Complex64 {
        self.delay(delay.samples)
    }

    fn cascade(&self, sections: &[Section]) -> Complex64 {
        let (z1, z2) = (self.powers[1], self.powers[2]);
        sections.iter().fold(Complex64::ONE, |h, Section { b, a }| {
            h * (b[0] + b[1] * z1 + b[2] * z2) / (1.0 + a[0] * z1 + a[1] * z2)
        })
    }

    fn taps(&self, taps: &[f64]) -> Complex64 {
        // Most taps of a velvet filter are nothing.
        taps.iter().zip(&self.powers).filter(|(t, _)| **t != 0.0).map(|(t, z)| t * z).sum()
    }

    /// What `graph` makes of `x`, which must be finite.
    fn graph(&self, graph: &Graph, x: Signals) -> Result<Signals, Error> {
        let y = self.node(&graph.root, x, "")?;
        match y.iter().all(|y| y.is_finite()) {
            true => Ok(y),
            false => Err(Error::NoSolution { what: graph.root.name().to_owned() }),
        }
    }

    /// What `node` makes of `x`, its inputs × however many signals.
    fn node(&self, node: &Node, x: Signals, path: &str) -> Result<Signals, Error> {
        let path = || format!("{path}/{}", node.name());
        match node.kind() {
            Kind::Series(children) => children.iter().try_fold(x, |x, c| self.node(c, x, &path())),
            Kind::Parallel { branches, sum } => {
                let mut y = DMatrix::zeros(node.outputs(), x.ncols());
                let mut row = 0;
                for branch in branches {
                    let made = self.node(branch, x.clone(), &path())?;
                    let mut place = y.rows_mut(row, made.nrows());
                    place += &made;
                    row += if *sum { 0 } else { made.nrows() };
                }
                Ok(y)
            }
            Kind::Recursion { forward, backward } => self.recursion(forward, backward, x, &path()),
            Kind::Module(module) => Ok(self.module(module, &x)),
        }
    }

    /// (I − F·B)⁻¹·F·x
    fn recursion(&self, f: &Node, b: &Node, x: Signals, path: &str) -> Result<Signals, Error> {
        let unit = DMatrix::<Complex64>::identity(f.outputs(), f.outputs());
        let once_round = self.node(f, self.node(b, unit.clone(), path)?, path)?;
        let y = self.node(f, x, path)?;
        let solved = (unit - once_round).lu().solve(&y);
        solved
            .filter(|y| y.iter().all(|y| y.is_finite()))
            .ok_or_else(|| Error::NoSolution { what: path[1..].to_owned() })
    }

    fn module(&self, module: &Module, x: &Signals) -> Signals {
        match module {
            Module::Matrix(m) => of_pairs(m, x, |gain| Complex64::from(*gain)),
            Module::DelayMatrix(m) => of_pairs(m, x, |(gain, d)| *gain * self.line(d)),
            Module::FilterMatrix(m) => of_pairs(m, x, |f| self.cascade(f)),
            Module::FirMatrix(m) => of_pairs(m, x, |f| self.taps(f)),
            Module::Delay(lines) => of_channels(lines, x, |d| self.line(d)),
            Module::Filter(f) => of_channels(f, x, |f| self.cascade(f)),
            Module::Fir(f) => of_channels(f, x, |f| self.taps(f)),
        }
    }
}

type Signals = DMatrix<Complex64>;

fn of_pairs<T>(pairs: &Array2<T>, x: &Signals, h: impl Fn(&T) -> Complex64) -> Signals {
    DMatrix::from_fn(pairs.nrows(), pairs.ncols(), |o, i| h(&pairs[(o, i)])) * x
}

fn of_channels<T>(each: &[T], x: &Signals, h: impl Fn(&T) -> Complex64) -> Signals {
    let mut y = x.clone();
    for (mut row, each) in y.row_iter_mut().zip(each) {
        row *= h(each);
    }
    y
}

/// How many powers of z the filters of `node` ask for.
fn longest(node: &Node) -> usize {
    let of = |nodes: &[Node]| nodes.iter().map(longest).max().unwrap_or(0);
    match node.kind() {
        Kind::Series(children) => of(children),
        Kind::Parallel { branches, .. } => of(branches),
        Kind::Recursion { forward, backward } => longest(forward).max(longest(backward)),
        Kind::Module(Module::Fir(f)) => f.iter().map(Vec::len).max().unwrap_or(0),
        Kind::Module(Module::FirMatrix(f)) => f.iter().map(Vec::len).max().unwrap_or(0),
        Kind::Module(Module::Filter(_) | Module::FilterMatrix(_)) => 3,
        Kind::Module(_) => 0,
    }
}

/// Whether `node` has a delay of a fraction of a sample.
fn fractional(node: &Node) -> bool {
    match node.kind() {
        Kind::Series(children) => children.iter().any(fractional),
        Kind::Parallel { branches, .. } => branches.iter().any(fractional),
        Kind::Recursion { forward, backward } => fractional(forward) || fractional(backward),
        Kind::Module(Module::Delay(lines)) => lines.iter().any(|d| d.samples.fract() != 0.0),
        Kind::Module(Module::DelayMatrix(m)) => m.iter().any(|(_, d)| d.samples.fract() != 0.0),
        Kind::Module(_) => false,
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
