//! What comes in, and what goes out.

use fearless_simd::{Simd, prelude::*};

/// What a signal may be: beyond it something has gone wrong.
const LOUDEST: f32 = 1e8;

/// Copies, what is not a number or beyond ±[`LOUDEST`] as silence.
#[inline(always)]
pub(super) fn take<S: Simd>(s: S, from: &[f32], to: &mut [f32]) {
    let lanes = S::f32s::LEN;
    let (most, zero) = (S::f32s::splat(s, LOUDEST), S::f32s::splat(s, 0.0));
    let whole = from.len() / lanes * lanes;
    let (vectors, rest) = from.split_at(whole);
    let (to_vectors, to_rest) = to.split_at_mut(whole);
    for (x, y) in vectors.chunks_exact(lanes).zip(to_vectors.chunks_exact_mut(lanes)) {
        let x = S::f32s::from_slice(s, x);
        x.abs().simd_le(most).select(x, zero).store_slice(y);
    }
    for (x, y) in rest.iter().zip(to_rest) {
        *y = if x.abs() <= LOUDEST { *x } else { 0.0 };
    }
}

/// Copies, and tells whether all of it may be a signal.
#[inline(always)]
pub(super) fn give<S: Simd>(s: S, from: &[f32], to: &mut [f32]) -> bool {
    let lanes = S::f32s::LEN;
    let whole = from.len() / lanes * lanes;
    let (vectors, rest) = from.split_at(whole);
    let (to_vectors, to_rest) = to.split_at_mut(whole);
    // A number times zero is zero; anything else is not a number, and stays so.
    let (mut bad, zero) = (S::f32s::splat(s, 0.0), S::f32s::splat(s, 0.0));
    let scale = S::f32s::splat(s, f32::MAX / LOUDEST);
    for (x, y) in vectors.chunks_exact(lanes).zip(to_vectors.chunks_exact_mut(lanes)) {
        let x = S::f32s::from_slice(s, x);
        bad = (x * scale).mul_add(zero, bad);
        x.store_slice(y);
    }
    let mut sane = bad.as_slice().iter().all(|b| *b == 0.0);
    for (x, y) in rest.iter().zip(to_rest) {
        sane &= x.abs() <= LOUDEST;
        *y = *x;
    }
    sane
}
