//! What the kernels need of the processor: which instruction set they run on, for
//! one binary serves every machine of an architecture, and numbers that stay
//! normal.

pub mod denormal;

use fearless_simd::Level;

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
    pub fn level(self) -> Level {
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
