//! Vector mathematics shared by the kernels, generic over the instruction set.

use fearless_simd::{Level, Simd, prelude::*};

/// A vector of samples or channels at some instruction set.
pub(crate) trait Vector<S: Simd>: SimdFloat<S, Element = f32> {}
impl<S: Simd, V: SimdFloat<S, Element = f32>> Vector<S> for V {}

/// The largest input a network is given: +60 dB over full scale. Beyond it only
/// mistakes live, and layers without a ceiling would carry them to infinity.
const LOUDEST: f32 = 1000.0;

/// Reads a sample the way every engine does: a number that is not one is
/// silence, so that it cannot stay in the memory of a network.
#[inline(always)]
pub(crate) fn clean(x: f32) -> f32 {
    if x.is_finite() { x.clamp(-LOUDEST, LOUDEST) } else { 0.0 }
}

/// Coefficients of a rational approximation of tanh over ±9, beyond which it is
/// 1 to the last bit: powers 1, 3, … of the numerator, 0, 2, … of the
/// denominator. Of this form it has the least greatest relative error, 2e-8 (by
/// Lawson's algorithm in 40 digits), so what remains is rounding.
const TANH: ([f32; 5], [f32; 5]) = (
    [1.0, 0.133_810_1, 3.495_569_8e-3, 2.060_879e-5, 1.335_427_8e-8],
    [1.0, 0.467_143_26, 2.587_691_2e-2, 3.285_605_3e-4, 7.776_397e-7],
);
const TANH_LIMIT: f32 = 9.0;

/// Hyperbolic tangent within 4e-7, relative, in the fewest operations.
#[inline(always)]
pub(crate) fn tanh<S: Simd, V: Vector<S>>(s: S, x: V) -> V {
    let c = |k: f32| V::splat(s, k);
    let x = x.max(c(-TANH_LIMIT)).min(c(TANH_LIMIT));
    let y = x * x;
    let ([p0, p1, p2, p3, p4], [q0, q1, q2, q3, q4]) = TANH;
    let mut p = y.mul_add(c(p4), c(p3));
    p = p.mul_add(y, c(p2));
    p = p.mul_add(y, c(p1));
    p = p.mul_add(y, c(p0));
    let mut q = y.mul_add(c(q4), c(q3));
    q = q.mul_add(y, c(q2));
    q = q.mul_add(y, c(q1));
    q = q.mul_add(y, c(q0));
    x * p / q
}

/// `scale · tanh x` in the shortest time, for networks in which a sample waits
/// for the one before: the same function, its sums paired (Estrin) so that
/// they run side by side.
#[inline(always)]
pub(crate) fn tanh_times<S: Simd, V: Vector<S>>(s: S, x: V, scale: V) -> V {
    let c = |k: f32| V::splat(s, k);
    let x = x.max(c(-TANH_LIMIT)).min(c(TANH_LIMIT));
    let (y, x) = (x * x, x * scale);
    let yy = y * y;
    let ([p0, p1, p2, p3, p4], [q0, q1, q2, q3, q4]) = TANH;
    let high = yy.mul_add(c(p4), y.mul_add(c(p3), c(p2)));
    let p = (x * yy).mul_add(high, x * y.mul_add(c(p1), c(p0)));
    let high = yy.mul_add(c(q4), y.mul_add(c(q3), c(q2)));
    p / yy.mul_add(high, y.mul_add(c(q1), c(q0)))
}

/// One cache line of numbers, so that packed weights are loaded without
/// crossing lines.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [f32; 16]);

impl Line {
    pub(crate) const ZERO: Self = Self([0.0; 16]);
}

/// The logistic function, by its identity with [`tanh`].
#[inline(always)]
pub(crate) fn sigmoid<S: Simd, V: Vector<S>>(s: S, x: V) -> V {
    let half = V::splat(s, 0.5);
    tanh(s, x * half).mul_add(half, half)
}

/// The instruction set an engine runs on. By default the best of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isa {
    /// What every machine of this architecture has: SSE2 on x86-64, NEON on AArch64.
    Baseline,
    /// AVX2 with FMA.
    Avx2,
    /// AVX-512 (F, BW, CD, DQ, VL).
    Avx512,
}

impl Isa {
    /// Those this machine can run, the best last.
    pub fn available() -> Vec<Self> {
        let all = [Isa::Baseline, Isa::Avx2, Isa::Avx512];
        all.into_iter().filter(|isa| isa.exact().is_some()).collect()
    }

    /// The best of this machine.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Isa::Baseline)
    }

    /// What to dispatch on: this one, or the best if it is lacking.
    pub(crate) fn level(self) -> Level {
        self.exact().unwrap_or_else(Level::new)
    }

    fn exact(self) -> Option<Level> {
        let top = Level::new();
        #[cfg(target_arch = "x86_64")]
        return match self {
            Isa::Baseline => top.as_sse2().map(Level::Sse2),
            Isa::Avx2 => top.as_avx2().map(Level::Avx2),
            Isa::Avx512 => top.as_avx512().map(Level::Avx512),
        };
        #[cfg(not(target_arch = "x86_64"))]
        return (self == Isa::Baseline).then_some(top);
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::{dispatch, f32x16};

    use super::*;

    #[inline(always)]
    fn both<S: Simd>(s: S, x: &[f32; 16]) -> [[f32; 16]; 2] {
        let x = f32x16::load_array(s, *x);
        [tanh(s, x).to_array(), (tanh_times(s, x, f32x16::splat(s, 0.5)) * 2.0).to_array()]
    }

    /// Every 97th float from 1e-8 to 12: tens of thousands to each octave.
    #[test]
    fn tanh_is_within_its_bound_at_every_level() {
        for isa in Isa::available() {
            let level = isa.level();
            let (mut bits, mut worst) = (1e-8_f32.to_bits(), 0.0_f64);
            while f32::from_bits(bits) < 12.0 {
                let x: [f32; 16] = std::array::from_fn(|i| f32::from_bits(bits + 97 * i as u32));
                bits += 97 * 16;
                for found in dispatch!(level, s => both(s, &x)) {
                    for (x, y) in x.iter().zip(found) {
                        let exact = f64::from(*x).tanh();
                        worst = worst.max((f64::from(y) - exact).abs() / exact);
                    }
                }
            }
            assert!(worst < 4e-7, "{isa:?}: {worst:e}");
        }
    }

    #[test]
    fn tanh_takes_every_number() {
        let edge = [f32::INFINITY, f32::MAX, 20.0, 9.0, 0.0, f32::MIN_POSITIVE];
        for isa in Isa::available() {
            let level = isa.level();
            for sign in [1.0, -1.0] {
                let x = std::array::from_fn(|i| sign * edge[i % 6]);
                for y in dispatch!(level, s => both(s, &x)) {
                    assert!(y[..4].iter().all(|y| (y - sign).abs() < 4e-7), "{isa:?}: {y:?}");
                    assert_eq!(y[4..6], [sign * 0.0, sign * f32::MIN_POSITIVE], "{isa:?}");
                }
            }
        }
    }
}
