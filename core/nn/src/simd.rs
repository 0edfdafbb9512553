//! Vector mathematics shared by the kernels, generic over the instruction set.

use fearless_simd::{Simd, SimdFloat};

/// One cache line of numbers, so that packed weights are loaded without
/// crossing lines.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [f32; 16]);

impl Line {
    pub(crate) const ZERO: Self = Self([0.0; 16]);
}

/// `scale · tanh(x)` for finite or infinite `x`; `scale` costs nothing.
///
/// A rational minimax fit over ±9, where `tanh` is 1 to the last bit, as an odd
/// numerator of degree 9 over an even denominator of degree 8. In real numbers
/// its relative error is 2e-8, so what remains is rounding: under 2e-7. Never
/// beyond ±`scale`. The sums are paired (Estrin) to be short in time, for the
/// networks in which one sample waits for the one before.
#[inline(always)]
pub(crate) fn tanh<S: Simd, V: SimdFloat<S, Element = f32>>(simd: S, x: V, scale: V) -> V {
    let c = |k: f32| V::splat(simd, k);
    let x = x.max(c(-9.0)).min(c(9.0));
    let (y, s) = (x * x, x * scale);
    let yy = y * y;
    let low = y.mul_add(c(0.133_810_1), c(1.0));
    let high = yy.mul_add(c(1.335_427_8e-8), y.mul_add(c(2.060_879e-5), c(3.495_569_8e-3)));
    let above = (s * yy).mul_add(high, s * low);
    let low = y.mul_add(c(0.467_143_26), c(1.0));
    let high = yy.mul_add(c(7.776_397e-7), y.mul_add(c(3.285_605_3e-4), c(2.587_691_2e-2)));
    above / yy.mul_add(high, low)
}
