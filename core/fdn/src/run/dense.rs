//! Dense matrices: frames across lanes, weights broadcast, a tile of outputs in
//! registers. Each output is summed in the order of the inputs whatever the
//! tile, so a signal may be cut anywhere.

use fearless_simd::{Simd, prelude::*};

use crate::plan::Dense;

/// Multiplies the first `n` frames. Up to a vector beyond them is overwritten
/// with nothing of meaning.
#[inline(always)]
pub(super) fn run<S: Simd>(s: S, dense: &Dense, memory: &mut [f32], at: &[u32], n: usize) {
    let lanes = S::f32s::LEN;
    let mut t = 0;
    while t < n {
        let left = n - t;
        // As many vectors of frames as the registers hold beside a tile.
        t += lanes
            * if lanes == 16 && left > 3 * lanes {
                columns::<S, 4>(s, dense, memory, at, t)
            } else if left > lanes {
                columns::<S, 2>(s, dense, memory, at, t)
            } else {
                columns::<S, 1>(s, dense, memory, at, t)
            };
    }
}

/// All outputs for `NT` vectors of frames from `t`; returns `NT`.
#[inline(always)]
fn columns<S: Simd, const NT: usize>(
    s: S,
    dense: &Dense,
    memory: &mut [f32],
    at: &[u32],
    t: usize,
) -> usize {
    let pad = Dense::TILE * dense.inputs.len();
    for (outputs, weights) in dense.outputs.chunks(Dense::TILE).zip(dense.weights.chunks(pad)) {
        match outputs.len() {
            6 => tile::<S, 6, NT>(s, dense, outputs, weights, memory, at, t),
            5 => tile::<S, 5, NT>(s, dense, outputs, weights, memory, at, t),
            4 => tile::<S, 4, NT>(s, dense, outputs, weights, memory, at, t),
            3 => tile::<S, 3, NT>(s, dense, outputs, weights, memory, at, t),
            2 => tile::<S, 2, NT>(s, dense, outputs, weights, memory, at, t),
            _ => tile::<S, 1, NT>(s, dense, outputs, weights, memory, at, t),
        }
    }
    NT
}

/// `H` outputs × `NT` vectors of frames from `t`, in registers.
#[inline(always)]
fn tile<S: Simd, const H: usize, const NT: usize>(
    s: S,
    dense: &Dense,
    outputs: &[u32],
    weights: &[f32],
    memory: &mut [f32],
    at: &[u32],
    t: usize,
) {
    let lanes = S::f32s::LEN;
    let mut acc = [[S::f32s::splat(s, 0.0); NT]; H];
    if dense.add {
        for h in 0..H {
            let row = &memory[at[outputs[h] as usize] as usize + t..][..NT * lanes];
            for v in 0..NT {
                acc[h][v] = S::f32s::from_slice(s, &row[v * lanes..v * lanes + lanes]);
            }
        }
    }
    let (weights, _) = weights.as_chunks::<{ Dense::TILE }>();
    for (w, input) in weights.iter().zip(&dense.inputs) {
        let row = &memory[at[*input as usize] as usize + t..][..NT * lanes];
        let mut x = [S::f32s::splat(s, 0.0); NT];
        for v in 0..NT {
            x[v] = S::f32s::from_slice(s, &row[v * lanes..v * lanes + lanes]);
        }
        for h in 0..H {
            let w = S::f32s::splat(s, w[h]);
            for v in 0..NT {
                acc[h][v] = w.mul_add(x[v], acc[h][v]);
            }
        }
    }
    // Written out, for a loop here would keep the sums in memory.
    put::<S, NT>(acc[0], at[outputs[0] as usize], memory, t);
    if H > 1 {
        put::<S, NT>(acc[1], at[outputs[1] as usize], memory, t);
    }
    if H > 2 {
        put::<S, NT>(acc[2], at[outputs[2] as usize], memory, t);
    }
    if H > 3 {
        put::<S, NT>(acc[3], at[outputs[3] as usize], memory, t);
    }
    if H > 4 {
        put::<S, NT>(acc[4], at[outputs[4] as usize], memory, t);
    }
    if H > 5 {
        put::<S, NT>(acc[5], at[outputs[5] as usize], memory, t);
    }
}

#[inline(always)]
fn put<S: Simd, const NT: usize>(sums: [S::f32s; NT], to: u32, memory: &mut [f32], t: usize) {
    let to = &mut memory[to as usize + t..][..NT * S::f32s::LEN];
    for (y, to) in sums.iter().zip(to.chunks_exact_mut(S::f32s::LEN)) {
        y.store_slice(to);
    }
}
