//! Exchanges rows and columns of a square of vectors.

#[cfg(target_arch = "x86_64")]
use fearless_simd::Level;
use fearless_simd::Simd;

use super::section::Floats;

/// Lane k of vector i becomes lane i of vector k, of as many vectors as lanes.
#[inline(always)]
pub(super) fn transpose<S: Simd, V: Floats<S>, const L: usize>(s: S, x: [V; L]) -> [V; L] {
    #[cfg(target_arch = "x86_64")]
    match (L, s.level(), s.level().as_avx2()) {
        (8, _, Some(avx2)) => return x86::eight(s, avx2, x),
        (16, Level::Avx512(avx512), _) => return x86::sixteen(s, avx512, x),
        _ => {}
    }
    let _level = s;
    interleaved(x)
}

/// `L` frames of as many channels from frame `t` on, a vector for each frame.
#[inline(always)]
pub(super) fn load<S: Simd, V: Floats<S>, const L: usize>(
    s: S,
    memory: &[f32],
    from: &[usize; L],
    t: usize,
) -> [V; L] {
    #[cfg(target_arch = "x86_64")]
    if let (8, Some(avx2)) = (L, s.level().as_avx2()) {
        return x86::load_eight(s, avx2, memory, from, t);
    }
    let mut x = [V::splat(s, 0.0); L];
    for k in 0..L {
        x[k] = V::from_slice(s, &memory[from[k] + t..][..L]);
    }
    transpose(s, x)
}

/// By perfect shuffles, each of the first half of all vectors with the second.
#[inline(always)]
fn interleaved<S: Simd, V: Floats<S>, const L: usize>(mut x: [V; L]) -> [V; L] {
    let mut step = 1;
    while step < L {
        let before = x;
        for i in 0..L / 2 {
            let (low, high) = before[i].interleave(before[i + L / 2]);
            x[2 * i] = low;
            x[2 * i + 1] = high;
        }
        step *= 2;
    }
    x
}

/// By the shuffles these machines do within and between parts of 128 bits: a
/// perfect shuffle is four of them on AVX2, and on AVX-512 one that waits longer.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use fearless_simd::{Avx2, Avx512, Simd, f32x4, f32x8, f32x16, kernel, prelude::*};

    use crate::run::section::Floats;

    #[inline(always)]
    pub(super) fn eight<S: Simd, V: Floats<S>, const L: usize>(
        s: S,
        avx2: Avx2,
        x: [V; L],
    ) -> [V; L] {
        let mut rows: [__m256; 8] = [f32x8::splat(avx2, 0.0).into(); 8];
        for i in 0..L.min(8) {
            rows[i] = f32x8::from_slice(avx2, x[i].as_slice()).into();
        }
        let rows = transpose_8(avx2, rows);
        let mut y = x;
        for i in 0..L.min(8) {
            let row: f32x8<Avx2> = rows[i].simd_into(avx2);
            y[i] = V::from_slice(s, row.as_slice());
        }
        y
    }

    /// Halves are put together while they are loaded, which shuffles nothing.
    #[inline(always)]
    pub(super) fn load_eight<S: Simd, V: Floats<S>, const L: usize>(
        s: S,
        avx2: Avx2,
        memory: &[f32],
        from: &[usize; L],
        t: usize,
    ) -> [V; L] {
        let mut halves: [__m256; 8] = [f32x8::splat(avx2, 0.0).into(); 8];
        for i in 0..L.min(8) / 2 {
            let [low, high] = [i, i + 4].map(|k| &memory[from[k] + t..][..8]);
            let half = |row: &[f32]| f32x4::from_slice(avx2, row);
            halves[i] = half(&low[..4]).combine(half(&high[..4])).into();
            halves[i + 4] = half(&low[4..]).combine(half(&high[4..])).into();
        }
        let rows = quarters(avx2, halves);
        let mut y = [V::splat(s, 0.0); L];
        for i in 0..L.min(8) {
            let row: f32x8<Avx2> = rows[i].simd_into(avx2);
            y[i] = V::from_slice(s, row.as_slice());
        }
        y
    }

    #[inline(always)]
    pub(super) fn sixteen<S: Simd, V: Floats<S>, const L: usize>(
        s: S,
        avx512: Avx512,
        x: [V; L],
    ) -> [V; L] {
        let mut rows: [__m512; 16] = [f32x16::splat(avx512, 0.0).into(); 16];
        for i in 0..L.min(16) {
            rows[i] = f32x16::from_slice(avx512, x[i].as_slice()).into();
        }
        let rows = transpose_16(avx512, rows);
        let mut y = x;
        for i in 0..L.min(16) {
            let row: f32x16<Avx512> = rows[i].simd_into(avx512);
            y[i] = V::from_slice(s, row.as_slice());
        }
        y
    }

    kernel!(
        #[inline(always)]
        fn transpose_8(avx2: Avx2, x: [__m256; 8]) -> [__m256; 8] {
            let x = quarters(avx2, x);
            let mut y = x;
            for i in 0..4 {
                y[i] = _mm256_permute2f128_ps::<0x20>(x[i], x[i + 4]);
                y[i + 4] = _mm256_permute2f128_ps::<0x31>(x[i], x[i + 4]);
            }
            y
        }
    );

    kernel!(
        /// Transposes each 4 × 4.
        #[inline(always)]
        fn quarters(avx2: Avx2, x: [__m256; 8]) -> [__m256; 8] {
            let mut y = x;
            for i in [0, 4] {
                let (a, b) =
                    (_mm256_unpacklo_ps(x[i], x[i + 1]), _mm256_unpackhi_ps(x[i], x[i + 1]));
                let (c, d) = (
                    _mm256_unpacklo_ps(x[i + 2], x[i + 3]),
                    _mm256_unpackhi_ps(x[i + 2], x[i + 3]),
                );
                y[i] = _mm256_shuffle_ps::<0x44>(a, c);
                y[i + 1] = _mm256_shuffle_ps::<0xEE>(a, c);
                y[i + 2] = _mm256_shuffle_ps::<0x44>(b, d);
                y[i + 3] = _mm256_shuffle_ps::<0xEE>(b, d);
            }
            y
        }
    );

    kernel!(
        #[inline(always)]
        fn transpose_16(avx512: Avx512, x: [__m512; 16]) -> [__m512; 16] {
            let mut y = x;
            // Within each quarter, 4 × 4.
            for i in [0, 4, 8, 12] {
                let (a, b) =
                    (_mm512_unpacklo_ps(x[i], x[i + 1]), _mm512_unpackhi_ps(x[i], x[i + 1]));
                let (c, d) = (
                    _mm512_unpacklo_ps(x[i + 2], x[i + 3]),
                    _mm512_unpackhi_ps(x[i + 2], x[i + 3]),
                );
                y[i] = _mm512_shuffle_ps::<0x44>(a, c);
                y[i + 1] = _mm512_shuffle_ps::<0xEE>(a, c);
                y[i + 2] = _mm512_shuffle_ps::<0x44>(b, d);
                y[i + 3] = _mm512_shuffle_ps::<0xEE>(b, d);
            }
            // Then the quarters.
            let mut z = y;
            for i in 0..4 {
                let (a, b) = (
                    _mm512_shuffle_f32x4::<0x88>(y[i], y[i + 4]),
                    _mm512_shuffle_f32x4::<0xDD>(y[i], y[i + 4]),
                );
                let (c, d) = (
                    _mm512_shuffle_f32x4::<0x88>(y[i + 8], y[i + 12]),
                    _mm512_shuffle_f32x4::<0xDD>(y[i + 8], y[i + 12]),
                );
                z[i] = _mm512_shuffle_f32x4::<0x88>(a, c);
                z[i + 8] = _mm512_shuffle_f32x4::<0xDD>(a, c);
                z[i + 4] = _mm512_shuffle_f32x4::<0x88>(b, d);
                z[i + 12] = _mm512_shuffle_f32x4::<0xDD>(b, d);
            }
            z
        }
    );
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Simd, dispatch, f32x4, f32x8, f32x16};

    use crate::run::section::Floats;

    fn exchanges<S: Simd, V: Floats<S>, const L: usize>(s: S) {
        let mut x = [V::splat(s, 0.0); L];
        for (i, x) in x.iter_mut().enumerate() {
            *x = V::from_fn(s, |k| (100 * i + k) as f32);
        }
        for (k, y) in super::transpose(s, x).iter().enumerate() {
            for (i, y) in y.as_slice().iter().enumerate() {
                assert_eq!(*y, (100 * i + k) as f32, "lane {i} of vector {k} of {L}");
            }
        }
    }

    #[test]
    fn lanes_and_vectors_change_places() {
        for isa in cpu::Isa::available() {
            dispatch!(isa.level(), s => {
                exchanges::<_, f32x4<_>, 4>(s);
                exchanges::<_, f32x8<_>, 8>(s);
                exchanges::<_, f32x16<_>, 16>(s);
            });
        }
    }
}
