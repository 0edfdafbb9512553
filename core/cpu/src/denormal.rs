//! Keeping numbers normal: subnormal arithmetic can cost a hundred times the
//! usual time, and a NaN that enters a feedback path never leaves it.

/// Flushes subnormal results and operands to zero until dropped.
///
/// The mode belongs to the thread and the host, so it is put back at the end of
/// each block. Elsewhere than on x86-64 and AArch64 it does nothing.
#[must_use = "the mode ends when this is dropped"]
pub struct FlushDenormals {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    before: register::Word,
    /// The register is the thread's own.
    _not_send: std::marker::PhantomData<*const ()>,
}

impl FlushDenormals {
    /// Enters the mode.
    #[inline]
    pub fn enter() -> Self {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        let before = {
            let before = register::read();
            register::write(before | register::FLUSH);
            before
        };
        Self {
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            before,
            _not_send: std::marker::PhantomData,
        }
    }
}

impl Drop for FlushDenormals {
    #[inline]
    fn drop(&mut self) {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        register::write(self.before);
    }
}

/// MXCSR, the control word of SSE arithmetic.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "control registers can be reached only by assembly")]
mod register {
    use std::arch::asm;

    pub(super) type Word = u32;

    /// Flush-to-zero (bit 15) and denormals-are-zero (bit 6).
    pub(super) const FLUSH: Word = 1 << 15 | 1 << 6;

    #[inline]
    pub(super) fn read() -> Word {
        let mut word: Word = 0;
        // SAFETY: stores four bytes into a live, aligned `u32`; every x86-64 has SSE.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        word
    }

    #[inline]
    pub(super) fn write(word: Word) {
        // SAFETY: loads four bytes of a live `u32` that `read` produced, with at most
        // the two defined bits of `FLUSH` added; exceptions stay masked as they were.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, preserves_flags)) };
    }
}

/// FPCR, the control word of floating-point arithmetic.
#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code, reason = "control registers can be reached only by assembly")]
mod register {
    use std::arch::asm;

    pub(super) type Word = u64;

    /// Flush-to-zero of operands and results (bit 24).
    pub(super) const FLUSH: Word = 1 << 24;

    #[inline]
    pub(super) fn read() -> Word {
        let word: Word;
        // SAFETY: reads a register that user code may always read.
        unsafe { asm!("mrs {}, fpcr", out(reg) word, options(nostack, preserves_flags)) };
        word
    }

    #[inline]
    pub(super) fn write(word: Word) {
        // SAFETY: writes back what `read` produced, with at most the bit of `FLUSH` added.
        unsafe { asm!("msr fpcr, {}", in(reg) word, options(nostack, preserves_flags)) };
    }
}

/// What is smaller than this, 600 dB below full scale, is silence.
const SILENCE: f32 = 1e-30;

/// `x`, or 0 where `x` is not finite or so small that it would soon be subnormal.
#[inline]
pub fn scrub(x: f32) -> f32 {
    // NaN lies in no range.
    if (SILENCE..=f32::MAX).contains(&x.abs()) { x } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn the_guard_flushes_and_restores() {
        let halve = || black_box(black_box(f32::MIN_POSITIVE) * black_box(0.5));
        assert!(halve().is_subnormal());
        {
            let _flush = FlushDenormals::enter();
            assert_eq!(halve().to_bits(), 0);
            drop(FlushDenormals::enter());
            assert_eq!(halve().to_bits(), 0, "an inner guard ended the outer one");
        }
        assert!(halve().is_subnormal());
    }

    #[test]
    fn scrubs() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-31, -1e-40, f32::MIN_POSITIVE] {
            assert_eq!(scrub(bad).to_bits(), 0, "{bad:e}");
        }
        for good in [1.0, -1e-29, f32::MAX, f32::MIN] {
            assert_eq!(scrub(good), good);
        }
    }
}
