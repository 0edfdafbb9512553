//! Vector mathematics shared by the kernels, generic over the instruction set.

use fearless_simd::{Simd, prelude::*};

/// A vector of samples or channels at some instruction set.
pub trait Vector<S: Simd>: SimdFloat<S, Element = f32> {}
impl<S: Simd, V: SimdFloat<S, Element = f32>> Vector<S> for V {}

/// The largest input a network is given: +60 dB over full scale. Beyond it only
/// mistakes live, and layers without a ceiling would carry them to infinity.
const LOUDEST: f32 = 1000.0;

/// Reads a sample the way every engine does: a number that is not one is
/// silence, so that it cannot stay in the memory of a network.
#[inline(always)]
pub fn clean(x: f32) -> f32 {
    if x.is_finite() { x.clamp(-LOUDEST, LOUDEST) } else { 0.0 }
}

/// One cache line of numbers, so that packed weights are loaded without
/// crossing lines.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [f32; 16]);

impl Line {
    pub(crate) const ZERO: Self = Self([0.0; 16]);
}

/// Beyond it tanh is 1 to the last bit.
pub const TANH_END: f32 = 9.0;
/// A rational minimax fit of tanh over ±[`TANH_END`]: an odd numerator of degree
/// 9 over an even denominator of degree 8, lowest powers first. In real numbers
/// its relative error is 2e-8, so what remains is rounding: under 4e-7. The
/// result may exceed ±1 by a unit or two in the last place.
pub const TANH_TOP: [f32; 5] = [1.0, 0.133_810_1, 3.495_569_8e-3, 2.060_879e-5, 1.335_427_8e-8];
/// The denominator of [`TANH_TOP`].
pub const TANH_BOTTOM: [f32; 5] = [1.0, 0.467_143_26, 2.587_691_2e-2, 3.285_605_3e-4, 7.776_397e-7];

/// `scale · tanh(x)` for finite or infinite `x`; `scale` costs nothing.
///
/// The sums are paired (Estrin) to be short in time, for the networks in which
/// one sample waits for the one before.
#[inline(always)]
pub(crate) fn tanh<S: Simd, V: Vector<S>>(s: S, x: V, scale: V) -> V {
    let c = |k: f32| V::splat(s, k);
    let x = x.max(c(-TANH_END)).min(c(TANH_END));
    let (y, scaled) = (x * x, x * scale);
    let yy = y * y;
    let [_, a, b, d, e] = TANH_TOP;
    let low = y.mul_add(c(a), c(1.0));
    let high = yy.mul_add(c(e), y.mul_add(c(d), c(b)));
    let above = (scaled * yy).mul_add(high, scaled * low);
    let [_, a, b, d, e] = TANH_BOTTOM;
    let low = y.mul_add(c(a), c(1.0));
    let high = yy.mul_add(c(e), y.mul_add(c(d), c(b)));
    above / yy.mul_add(high, low)
}

/// [`tanh`] of several vectors, just as precise and never beyond ±1, with as few
/// operations as can be: by Horner's rule, step by step, so that they hide each
/// other's latency.
#[inline(always)]
pub fn precise_tanh_each<S: Simd, V: Vector<S>, const N: usize>(s: S, mut x: [V; N]) -> [V; N] {
    let (low, high, one) = (V::splat(s, -TANH_END), V::splat(s, TANH_END), V::splat(s, 1.0));
    let mut y = x;
    for v in 0..N {
        // In this order a NaN stays one.
        x[v] = high.min(low.max(x[v]));
        y[v] = x[v] * x[v];
    }
    let top = polynomial(s, &TANH_TOP, y);
    let bottom = polynomial(s, &TANH_BOTTOM, y);
    for v in 0..N {
        x[v] = one.min((-one).max(x[v] * top[v] / bottom[v]));
    }
    x
}

/// `TANH_BOTTOM − TANH_TOP`, divided by the square of the argument.
const TANH_LOSS: [f32; 4] = {
    let mut loss = [0.0; 4];
    let mut k = 0;
    while k < 4 {
        loss[k] = TANH_BOTTOM[k + 1] - TANH_TOP[k + 1];
        k += 1;
    }
    loss
};

/// tanh of several vectors with as few operations as can be, step by step, so
/// that they share the constants and hide each other's latency.
///
/// Taken as `x` less what tanh loses of it, so that rounding errs by a unit in
/// the last place where a quiet signal lives, by 6e-7 up to ±3 and by 3e-6 far
/// into saturation, where little passes.
#[inline(always)]
pub(crate) fn tanh_each<S: Simd, V: Vector<S>, const N: usize>(s: S, mut x: [V; N]) -> [V; N] {
    let (low, high) = (V::splat(s, -TANH_END), V::splat(s, TANH_END));
    let mut y = x;
    for v in 0..N {
        x[v] = x[v].max(low).min(high);
        y[v] = x[v] * x[v];
    }
    let loss = polynomial(s, &TANH_LOSS, y);
    let bottom = polynomial(s, &TANH_BOTTOM, y);
    for v in 0..N {
        let lost = y[v] * loss[v] / bottom[v];
        x[v] = (-x[v]).mul_add(lost, x[v]);
    }
    x
}

/// By Horner's rule, from the last coefficient to the first.
#[inline(always)]
fn polynomial<S: Simd, V: Vector<S>, const N: usize, const K: usize>(
    s: S,
    coefficients: &[f32; K],
    x: [V; N],
) -> [V; N] {
    let mut sum = [V::splat(s, coefficients[K - 1]); N];
    for c in coefficients[..K - 1].iter().rev() {
        let c = V::splat(s, *c);
        for v in 0..N {
            sum[v] = sum[v].mul_add(x[v], c);
        }
    }
    sum
}

/// The logistic function as precise as [`tanh`], by its identity with it.
#[inline(always)]
pub(crate) fn precise_sigmoid<S: Simd, V: Vector<S>>(s: S, x: V) -> V {
    let half = V::splat(s, 0.5);
    tanh(s, x * half, half) + half
}

/// `eˣ` for `x ≤ 0`, to 4e-7 absolutely: `(1 + t) / (1 − t)`, `t = tanh(x/2)`.
#[inline(always)]
pub(crate) fn exp_below_zero<S: Simd, V: Vector<S>>(s: S, x: V) -> V {
    let one = V::splat(s, 1.0);
    let t = tanh(s, x * V::splat(s, 0.5), one).max(-one);
    (one + t) / (one - t)
}

/// `x` where positive, `eˣ − 1` elsewhere, as precise as [`tanh`] also near
/// zero: `2t / (1 − t)`, `t = tanh(x/2)`.
#[inline(always)]
pub(crate) fn elu<S: Simd, V: Vector<S>>(s: S, x: V) -> V {
    let (zero, one) = (V::splat(s, 0.0), V::splat(s, 1.0));
    let t = tanh(s, x.min(zero) * V::splat(s, 0.5), one);
    x.max(zero) + (t + t) / (one - t)
}

/// The logistic function, by its identity with [`tanh`].
#[inline(always)]
pub(crate) fn sigmoid<S: Simd, V: Vector<S>>(s: S, x: V) -> V {
    let half = V::splat(s, 0.5);
    tanh_each(s, [x * half])[0].mul_add(half, half)
}

#[cfg(test)]
mod tests {
    use cpu::Isa;
    use fearless_simd::{dispatch, f32x16};

    use super::*;

    /// All forms.
    #[inline(always)]
    fn sixteen<S: Simd>(s: S, x: &[f32; 16]) -> [[f32; 16]; 3] {
        let x = f32x16::load_array(s, *x);
        let one = f32x16::splat(s, 1.0);
        [tanh(s, x, one), tanh_each(s, [x])[0], precise_tanh_each(s, [x])[0]].map(|y| y.to_array())
    }

    /// The largest relative error of all forms over `range`: of every 97th
    /// float, which is tens of thousands to each octave.
    fn worst(isa: Isa, range: std::ops::Range<f32>) -> [f64; 3] {
        let (mut bits, mut worst) = (range.start.to_bits(), [0.0_f64; 3]);
        while f32::from_bits(bits) < range.end {
            let x: [f32; 16] = std::array::from_fn(|i| f32::from_bits(bits + 97 * i as u32));
            bits += 97 * 16;
            for (worst, y) in worst.iter_mut().zip(dispatch!(isa.level(), s => sixteen(s, &x))) {
                for (x, y) in x.into_iter().zip(y) {
                    let exact = f64::from(x).tanh();
                    *worst = worst.max((f64::from(y) - exact).abs() / exact);
                }
            }
        }
        worst
    }

    #[test]
    fn tanh_is_accurate() {
        for isa in Isa::available() {
            let [quiet, loud, over] = [1e-8..1.0, 1.0..3.0, 3.0..12.0].map(|r| worst(isa, r));
            for k in [0, 2] {
                assert!(quiet[k] < 4e-7 && loud[k] < 4e-7 && over[k] < 4e-7, "{isa:?}: {over:?}");
            }
            assert!(quiet[1] < 2e-7, "{isa:?}: {:e}", quiet[1]);
            assert!(loud[1] < 6e-7, "{isa:?}: {:e}", loud[1]);
            assert!(over[1] < 3e-6, "{isa:?}: {:e}", over[1]);
        }
    }

    /// The precise sigmoid, ELU and power, of one range of inputs.
    #[inline(always)]
    fn derived<S: Simd>(s: S, x: &[f32; 16]) -> [[f32; 16]; 3] {
        let x = f32x16::load_array(s, *x);
        [precise_sigmoid(s, x), elu(s, x), exp_below_zero(s, x.min(-x))].map(|y| y.to_array())
    }

    #[test]
    fn what_is_made_of_tanh_is_accurate() {
        for isa in Isa::available() {
            let mut worst = [0.0_f64; 3];
            for i in -40_000..40_000 {
                let x: [f32; 16] = std::array::from_fn(|k| (16 * i + k as i32) as f32 / 16_000.0);
                let found = dispatch!(isa.level(), s => derived(s, &x));
                for (k, x) in x.into_iter().map(f64::from).enumerate() {
                    let elu = if x > 0.0 { x } else { x.exp_m1() };
                    let exact = [1.0 / (1.0 + (-x).exp()), elu, (-x.abs()).exp()];
                    for (worst, (y, exact)) in worst.iter_mut().zip(found.iter().zip(exact)) {
                        *worst = worst.max((f64::from(y[k]) - exact).abs() / exact.abs().max(1.0));
                    }
                }
            }
            assert!(worst.iter().all(|worst| *worst < 4e-7), "{isa:?}: {worst:?}");
        }
    }

    /// What the tanh of small networks must be at every float.
    fn check_precise(isa: Isa, bits: impl Iterator<Item = u32>) -> f64 {
        let mut worst = 0.0_f64;
        for bits in bits {
            let x: [f32; 16] = std::array::from_fn(|i| f32::from_bits(bits.wrapping_add(i as u32)));
            let [_, _, y] = dispatch!(isa.level(), s => sixteen(s, &x));
            let [_, _, negative] = dispatch!(isa.level(), s => sixteen(s, &x.map(|x| -x)));
            for ((x, y), negative) in x.into_iter().zip(y).zip(negative) {
                if x.is_nan() {
                    assert!(y.is_nan(), "{isa:?}: NaN is {y}");
                    continue;
                }
                assert!(y.to_bits() == (-negative).to_bits(), "{isa:?}: not odd at {x}");
                assert!(y.abs() <= 1.0, "{isa:?}: {y} at {x}");
                worst = worst.max((f64::from(y) - f64::from(x).tanh()).abs());
            }
        }
        worst
    }

    #[test]
    fn the_accurate_tanh_is_odd_and_bounded() {
        for isa in Isa::available() {
            let worst = check_precise(isa, (0..=u32::MAX >> 12).map(|i| (i << 12) | 0x5A5));
            println!("{isa:?}: {worst:e}");
            assert!(worst <= 5e-7, "{isa:?}: {worst:e}");
        }
    }

    #[test]
    #[ignore = "minutes: every float there is"]
    fn the_accurate_tanh_of_every_float() {
        for isa in Isa::available() {
            let worst = check_precise(isa, (0..=u32::MAX >> 5).map(|i| i << 4));
            println!("{isa:?}: at most {worst:e} from tanh");
            assert!(worst <= 5e-7, "{isa:?}: {worst:e}");
        }
    }

    #[test]
    fn tanh_takes_every_number() {
        let edge = [f32::INFINITY, f32::MAX, 20.0, 9.0, 0.0, f32::MIN_POSITIVE];
        for isa in Isa::available() {
            for sign in [1.0, -1.0] {
                let x = std::array::from_fn(|i| sign * edge[i % 6]);
                for y in dispatch!(isa.level(), s => sixteen(s, &x)) {
                    assert!(y[..4].iter().all(|y| (y - sign).abs() < 3e-6), "{isa:?}: {y:?}");
                    assert_eq!(y[4..6], [sign * 0.0, sign * f32::MIN_POSITIVE], "{isa:?}");
                }
            }
        }
    }
}
