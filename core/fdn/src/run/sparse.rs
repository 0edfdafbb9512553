//! Sparse matrices: sums, permutations, gains, and the factors of fast
//! transforms.

use fearless_simd::{Simd, prelude::*};

use crate::plan::Sparse;

/// Multiplies the first `n` frames. Up to a vector beyond them is overwritten
/// with nothing of meaning. Rows written are never among those read.
#[inline(always)]
pub(super) fn run<S: Simd>(s: S, sparse: &Sparse, memory: &mut [f32], at: &[u32], n: usize) {
    let lanes = S::f32s::LEN;
    let mut t = 0;
    while t < n {
        t += lanes
            * if n - t > 3 * lanes {
                columns::<S, 4>(s, sparse, memory, at, t)
            } else if n - t > lanes {
                columns::<S, 2>(s, sparse, memory, at, t)
            } else {
                columns::<S, 1>(s, sparse, memory, at, t)
            };
    }
}

#[inline(always)]
fn columns<S: Simd, const NT: usize>(
    s: S,
    sparse: &Sparse,
    memory: &mut [f32],
    at: &[u32],
    t: usize,
) -> usize {
    let mut terms = &sparse.terms[..];
    for (to, count) in &sparse.rows {
        let (mine, rest) = terms.split_at(*count as usize);
        terms = rest;
        let to = at[*to as usize] as usize + t;
        match (mine, sparse.add) {
            // The rows of fast transforms.
            ([a, b], false) => sum::<S, 2, NT>(s, &[*a, *b], memory, at, to, t),
            ([a, b, c, d], false) => sum::<S, 4, NT>(s, &[*a, *b, *c, *d], memory, at, to, t),
            _ => any::<S, NT>(s, mine, sparse.add, memory, at, to, t),
        }
    }
    NT
}

/// A row of as many terms as are known.
#[inline(always)]
fn sum<S: Simd, const K: usize, const NT: usize>(
    s: S,
    terms: &[(u32, f32); K],
    memory: &mut [f32],
    at: &[u32],
    to: usize,
    t: usize,
) {
    let lanes = S::f32s::LEN;
    let mut acc = [S::f32s::splat(s, 0.0); NT];
    for (from, w) in *terms {
        let (row, w) =
            (&memory[at[from as usize] as usize + t..][..NT * lanes], S::f32s::splat(s, w));
        for v in 0..NT {
            let x = S::f32s::from_slice(s, &row[v * lanes..v * lanes + lanes]);
            acc[v] = w.mul_add(x, acc[v]);
        }
    }
    let to = &mut memory[to..][..NT * lanes];
    for v in 0..NT {
        acc[v].store_slice(&mut to[v * lanes..v * lanes + lanes]);
    }
}

/// A row of any number of terms.
#[inline(always)]
fn any<S: Simd, const NT: usize>(
    s: S,
    terms: &[(u32, f32)],
    add: bool,
    memory: &mut [f32],
    at: &[u32],
    to: usize,
    t: usize,
) {
    let lanes = S::f32s::LEN;
    let mut acc = [S::f32s::splat(s, 0.0); NT];
    if add {
        let row = &memory[to..][..NT * lanes];
        for v in 0..NT {
            acc[v] = S::f32s::from_slice(s, &row[v * lanes..v * lanes + lanes]);
        }
    }
    for (from, w) in terms {
        let (row, w) =
            (&memory[at[*from as usize] as usize + t..][..NT * lanes], S::f32s::splat(s, *w));
        for v in 0..NT {
            let x = S::f32s::from_slice(s, &row[v * lanes..v * lanes + lanes]);
            acc[v] = w.mul_add(x, acc[v]);
        }
    }
    let to = &mut memory[to..][..NT * lanes];
    for v in 0..NT {
        acc[v].store_slice(&mut to[v * lanes..v * lanes + lanes]);
    }
}
