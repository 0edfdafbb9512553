//! First-order antiderivative antialiasing of a network of one hidden layer.
//!
//! Between two samples every input of a tanh moves on a line, whatever filters are
//! before it, so the mean of the network's output over that time is known: for an input
//! that goes from `m − d` to `m + d` it is `atanh(tanh m · tanh d) / d`. The difference
//! of two values of ln cosh, which is the same, loses all its digits where the input
//! hardly moves; this form loses none.
//!
//! Near `d = 0` it is `A(a²) · tanh m · Q(d²)`, where `A(x²) = atanh(x)/x`,
//! `Q(x²) = tanh(x)/x` and `a = tanh m · tanh d`; elsewhere, where that product may round
//! to one, `± (min(|m|, |d|) + atanh q) / |d|` with
//! `q = (tanh v − tanh u) / (2 + tanh v + tanh u)`, `u = |m| + |d|`, `v = ||m| − |d||`.
//! Either way the argument of atanh stays under 0.34, where a short series will do.

use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch, f32x16, prelude::*};

use crate::BLOCK;
use crate::activation::Activation;
use crate::simd::precise_tanh_each;

use super::layer::{Layer, Spec};

/// Samples of a vector.
const LANES: usize = 16;

/// Half a step up to which an input hardly moves.
const NEAR: f32 = 0.35;

/// `atanh(x)/x` by `x²`, lowest power first.
const ATANH: [f32; 7] = [1.0, 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0];

/// `tanh(x)/x` by `x²`, lowest power first.
const TANH: [f32; 7] = [
    1.0,
    -1.0 / 3.0,
    2.0 / 15.0,
    -17.0 / 315.0,
    62.0 / 2835.0,
    -1382.0 / 155_925.0,
    21_844.0 / 6_081_075.0,
];

/// A dense layer, tanh, and a dense layer to one output.
pub(super) struct OneHidden {
    rows: Vec<f32>, // units × inputs
    bias: Vec<f32>, // units
    head: Vec<f32>, // units
    end: f32,
    inputs: usize,
}

impl OneHidden {
    /// The network of `spec`, if it is one.
    pub(super) fn of(spec: &Spec) -> Option<Self> {
        let [Layer::Dense(first), Layer::Activation(tanh), Layer::Dense(head)] = &spec.layers[..]
        else {
            return None;
        };
        let is_tanh = matches!(tanh, Activation::Tanh | Activation::PreciseTanh);
        // A skip is a network beside it, not delayed by half a sample.
        if !is_tanh || head.outputs != 1 || spec.skip {
            return None;
        }
        Some(Self {
            rows: first.weights.clone(),
            bias: first.bias.clone(),
            head: head.weights.clone(),
            end: head.bias[0],
            inputs: first.inputs,
        })
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(super) fn macs(&self) -> usize {
        self.rows.len() + self.head.len()
    }

    /// The output for inputs that stand still.
    pub(super) fn evaluate(&self, inputs: &[f32]) -> f32 {
        let unit = |(unit, head): (usize, &f32)| head * self.before(unit, inputs).tanh();
        self.head.iter().enumerate().map(unit).sum::<f32>() + self.end
    }

    /// What goes into the tanh of one unit. Missing inputs are 0.
    fn before(&self, unit: usize, inputs: &[f32]) -> f32 {
        let row = &self.rows[unit * self.inputs..][..self.inputs];
        row.iter().zip(inputs).fold(self.bias[unit], |sum, (w, x)| sum + w * x)
    }
}

/// A running one.
pub(super) struct Integrating {
    net: Arc<OneHidden>,
    /// What went into each tanh in the sample before.
    last: Vec<f32>,
    rest: Vec<f32>,
    output: f32,
    level: Level,
}

impl Integrating {
    /// Settled on `inputs`.
    pub(super) fn new(net: Arc<OneHidden>, inputs: &[f32], level: Level) -> Self {
        let rest: Vec<f32> = (0..net.head.len()).map(|unit| net.before(unit, inputs)).collect();
        Self { last: rest.clone(), rest, output: net.evaluate(inputs), net, level }
    }

    pub(super) fn reset(&mut self) {
        self.last.copy_from_slice(&self.rest);
    }

    pub(super) fn resting(&self) -> f32 {
        self.output
    }

    pub(super) fn take_over(&mut self, other: &Self) {
        self.last.copy_from_slice(&other.last);
    }

    /// Runs `n` frames in place. Apart, so that there is one copy of the kernel.
    #[inline(never)]
    pub(super) fn planes(&mut self, planes: &mut [[f32; BLOCK]], n: usize) {
        dispatch!(self.level, s => self.run(s, planes, n));
    }

    #[inline(always)]
    fn run<S: Simd>(&mut self, s: S, planes: &mut [[f32; BLOCK]], n: usize) {
        let Self { net, last, .. } = self;
        let inputs = net.inputs.min(planes.len());
        let mut sums = [[net.end; LANES]; BLOCK / LANES];
        let mut z = [0.0; 1 + BLOCK];
        for (unit, last) in last.iter_mut().enumerate() {
            z[0] = *last;
            let row = &net.rows[unit * net.inputs..][..inputs];
            for (i, z) in z[1..].chunks_exact_mut(LANES).enumerate() {
                let mut sum = f32x16::splat(s, net.bias[unit]);
                for (w, plane) in row.iter().zip(&*planes) {
                    let x = f32x16::from_slice(s, &plane[i * LANES..][..LANES]);
                    sum = x.mul_add(f32x16::splat(s, *w), sum);
                }
                sum.store_slice(z);
            }
            let head = f32x16::splat(s, net.head[unit]);
            for (i, sum) in sums.iter_mut().enumerate().take(n.div_ceil(LANES)) {
                let [a, b] = [i * LANES, i * LANES + 1].map(|at| &z[at..at + LANES]);
                let [a, b] = [a, b].map(|z| f32x16::from_slice(s, z));
                let sums = f32x16::load_array(s, *sum);
                *sum = mean(s, a, b).mul_add(head, sums).to_array();
            }
            *last = z[n];
        }
        planes[0].copy_from_slice(sums.as_flattened());
    }
}

/// The mean of tanh from `a` to `b`.
#[inline(always)]
fn mean<S: Simd>(s: S, a: f32x16<S>, b: f32x16<S>) -> f32x16<S> {
    let c = |k: f32| f32x16::splat(s, k);
    let (m, d) = ((a + b) * c(0.5), (b - a) * c(0.5));
    let (far, away) = (d.abs(), m.abs());
    let near = far.simd_lt(c(NEAR));
    let [tm, tu, tv] = precise_tanh_each(s, [m, away + far, (away - far).abs()]);
    // Beyond its end the series is not read, but must not overflow.
    let short = near.select(d, c(0.0));
    let quotient = series(s, &TANH, short * short);
    let q = (tv - tu) / (c(2.0) + tv + tu);
    let a = near.select(tm * short * quotient, q);
    let atanh = series(s, &ATANH, a * a);
    let apart = (away.min(far) + q * atanh) / far.max(c(NEAR));
    near.select(atanh * tm * quotient, apart.copysign(m))
}

#[inline(always)]
fn series<S: Simd>(s: S, coefficients: &[f32; 7], x: f32x16<S>) -> f32x16<S> {
    let mut sum = f32x16::splat(s, coefficients[6]);
    for c in coefficients[..6].iter().rev() {
        sum = sum.mul_add(x, f32x16::splat(s, *c));
    }
    sum
}

#[cfg(test)]
mod tests {
    use cpu::Isa;

    use super::*;

    /// ln cosh in double precision.
    fn ln_cosh(x: f64) -> f64 {
        x.abs() + (-2.0 * x.abs()).exp().ln_1p() - std::f64::consts::LN_2
    }

    /// By the difference, where that has digits left, else by the trapezoids.
    fn wanted(a: f64, b: f64) -> f64 {
        if (b - a).abs() > 0.1 {
            return (ln_cosh(b) - ln_cosh(a)) / (b - a);
        }
        let steps = 64;
        let at = |i: i32| (a + (b - a) * (f64::from(i) + 0.5) / f64::from(steps)).tanh();
        // Midpoints err by (b − a)² / 24 / steps² of the curvature.
        (0..steps).map(at).sum::<f64>() / f64::from(steps)
    }

    #[test]
    fn the_mean_of_tanh_is_accurate_everywhere() {
        let mut seed = 7u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / 8_388_608.0 - 1.0
        };
        for loud in [0.01, 0.3, 1.0, 5.0, 20.0, 300.0] {
            let pairs: Vec<[f32; 2]> =
                (0..16 * 500).map(|_| [(loud * next()) as f32, (loud * next()) as f32]).collect();
            for isa in Isa::available() {
                let (mut error, mut power) = (0.0, 0.0);
                for pairs in pairs.chunks_exact(16) {
                    let [a, b]: [[f32; 16]; 2] =
                        [0, 1].map(|k| std::array::from_fn(|i| pairs[i][k]));
                    let y = dispatch!(isa.level(), s =>
                        mean(s, f32x16::load_array(s, a), f32x16::load_array(s, b)).to_array());
                    for (i, y) in y.into_iter().enumerate() {
                        let wanted = wanted(f64::from(a[i]), f64::from(b[i]));
                        error += (f64::from(y) - wanted).powi(2);
                        power += wanted * wanted;
                        assert!((f64::from(y) - wanted).abs() < 1.5e-6, "{} to {}", a[i], b[i]);
                    }
                }
                let db = 10.0 * (error / power).log10();
                println!("{isa:?} at {loud}: {db:.1} dB");
                assert!(db < -120.0, "{isa:?} at {loud}: {db} dB");
            }
        }
    }

    #[test]
    fn what_stands_still_is_tanh() {
        for isa in Isa::available() {
            for x in [0.0, 1e-30, 0.3, -2.0, 9.0, -500.0] {
                let y = dispatch!(isa.level(), s =>
                    mean(s, f32x16::splat(s, x), f32x16::splat(s, x)).to_array());
                assert!((y[0] - x.tanh()).abs() <= 4e-7 * x.tanh().abs(), "{isa:?} {x}: {}", y[0]);
            }
        }
    }
}
