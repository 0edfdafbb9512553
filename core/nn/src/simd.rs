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
/// its relative error is 2e-8, so what remains is rounding: under 4e-7. The result
/// may exceed ±`scale` by a unit or two in the last place. The sums are paired (Estrin) to be short in time, for the
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

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::{Level, dispatch, f32x16, prelude::*};

    #[inline(always)]
    fn sixteen<S: Simd>(simd: S, x: &[f32; 16]) -> [f32; 16] {
        tanh(simd, f32x16::load_array(simd, *x), f32x16::splat(simd, 1.0)).to_array()
    }

    #[cfg(target_arch = "x86_64")]
    fn levels() -> Vec<Level> {
        let best = Level::new();
        let lower = [best.as_sse2().map(Level::Sse2), best.as_avx2().map(Level::Avx2)];
        lower.into_iter().flatten().chain([best]).collect()
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn levels() -> Vec<Level> {
        vec![Level::new()]
    }

    /// Every 97th float from 1e-8 to 12: tens of thousands to each octave.
    #[test]
    fn tanh_is_accurate() {
        for level in levels() {
            let (mut bits, mut worst) = (1e-8_f32.to_bits(), 0.0_f64);
            while f32::from_bits(bits) < 12.0 {
                let x: [f32; 16] = std::array::from_fn(|i| f32::from_bits(bits + 97 * i as u32));
                bits += 97 * 16;
                for (x, y) in x.into_iter().zip(dispatch!(level, simd => sixteen(simd, &x))) {
                    let exact = f64::from(x).tanh();
                    worst = worst.max((f64::from(y) - exact).abs() / exact);
                }
            }
            assert!(worst < 4e-7, "{worst:e}, {level:?}");
        }
    }

    #[test]
    fn tanh_takes_every_number() {
        let edge = [f32::INFINITY, f32::MAX, 20.0, 9.0, 0.0, f32::MIN_POSITIVE];
        for level in levels() {
            for sign in [1.0, -1.0] {
                let x = std::array::from_fn(|i| sign * edge[i % 6]);
                let y = dispatch!(level, simd => sixteen(simd, &x));
                assert!(y[..4].iter().all(|y| (y - sign).abs() < 4e-7), "{level:?}: {y:?}");
                assert_eq!(y[4..6], [sign * 0.0, sign * f32::MIN_POSITIVE], "{level:?}");
            }
        }
    }
}
