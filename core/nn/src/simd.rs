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

/// A rational approximation of tanh, within 4e-7 of it everywhere. The
/// coefficients are Eigen's (`generic_fast_tanh_float`, MPL-2.0 as data).
#[inline(always)]
pub(crate) fn tanh<S: Simd, V: Vector<S>>(s: S, x: V) -> V {
    let c = |k: f32| V::splat(s, k);
    let x = x.max(c(-7.905_311)).min(c(7.905_311));
    let y = x * x;
    let mut p = y.mul_add(c(-2.760_768_5e-16), c(2.000_187_9e-13));
    p = p.mul_add(y, c(-8.604_672e-11));
    p = p.mul_add(y, c(5.122_297e-8));
    p = p.mul_add(y, c(1.485_722_4e-5));
    p = p.mul_add(y, c(6.372_619e-4));
    p = p.mul_add(y, c(4.893_524_6e-3));
    let mut q = y.mul_add(c(1.198_258_4e-6), c(1.185_347_05e-4));
    q = q.mul_add(y, c(2.268_434_6e-3));
    q = q.mul_add(y, c(4.893_525_2e-3));
    x * p / q
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
    use fearless_simd::dispatch;

    use super::*;

    #[inline(always)]
    fn apply<S: Simd>(s: S, x: &mut [f32; 16]) {
        let n = S::f32s::LEN;
        for x in x.chunks_exact_mut(n) {
            tanh(s, S::f32s::from_slice(s, x)).store_slice(x);
        }
    }

    #[test]
    fn tanh_is_within_its_bound_at_every_level() {
        for isa in Isa::available() {
            let level = isa.level();
            let mut worst = 0.0f64;
            for i in -160_000..160_000 {
                let mut x = [0.0; 16];
                x.iter_mut().enumerate().for_each(|(k, x)| *x = i as f32 * 1e-4 + k as f32 * 6e-6);
                let wanted = x.map(|x| f64::from(x).tanh());
                dispatch!(level, s => apply(s, &mut x));
                for (a, b) in x.iter().zip(wanted) {
                    worst = worst.max((f64::from(*a) - b).abs());
                }
            }
            assert!(worst < 4e-7, "{isa:?}: {worst:e}");
        }
    }
}
