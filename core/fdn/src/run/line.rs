//! Delay lines.

use std::ops::Range;

use fearless_simd::{Simd, prelude::*};

use super::sane;
use crate::plan::{Read, Ring};

/// Reads the `n` frames from the present on, `read.lag` samples late.
#[inline(always)]
pub(super) fn read<S: Simd>(
    s: S,
    read: &Read,
    ring: &Ring,
    head: usize,
    rings: &[f32],
    rows: &mut [f32],
    n: usize,
) {
    let oldest = read.lag + read.taps.len().saturating_sub(1);
    let first = if head >= oldest { head - oldest } else { head + ring.period - oldest };
    let heard = &rings[ring.at + first..];
    let row = &mut rows[read.to as usize..];
    match (&read.taps[..], read.add) {
        ([], false) => row[..n].copy_from_slice(&heard[..n]),
        ([], true) => row[..n].iter_mut().zip(heard).for_each(|(y, x)| *y += x),
        (taps, add) => fir(s, taps, add, heard, row, n),
    }
}

/// A weighted sum of neighbours; the newest weight is the first.
#[inline(always)]
fn fir<S: Simd>(s: S, taps: &[f32], add: bool, heard: &[f32], row: &mut [f32], n: usize) {
    let lanes = S::f32s::LEN;
    let mut t = 0;
    while t < n {
        let mut acc =
            if add { S::f32s::from_slice(s, &row[t..t + lanes]) } else { S::f32s::splat(s, 0.0) };
        let heard = &heard[t..t + taps.len() - 1 + lanes];
        for (x, w) in heard.windows(lanes).zip(taps.iter().rev()) {
            acc = S::f32s::splat(s, *w).mul_add(S::f32s::from_slice(s, x), acc);
        }
        acc.store_slice(&mut row[t..t + lanes]);
        t += lanes;
    }
}

/// Writes the `n` frames from the present on.
#[inline(always)]
pub(super) fn write<S: Simd>(
    s: S,
    ring: &Ring,
    head: usize,
    rings: &mut [f32],
    row: &[f32],
    n: usize,
) {
    let (lanes, end) = (S::f32s::LEN, head + n);
    let memory = &mut rings[ring.at..][..ring.period + ring.twice];
    let mut t = 0;
    while t < n {
        let x = sane(s, S::f32s::from_slice(s, &row[t..t + lanes]));
        let to = &mut memory[head + t..];
        if t + lanes <= n {
            x.store_slice(&mut to[..lanes]);
        } else {
            to[..n - t].copy_from_slice(&x.as_slice()[..n - t]);
        }
        t += lanes;
    }
    // What lies past the end is also what comes at the beginning, and the reverse.
    if end > ring.period {
        memory.copy_within(ring.period..end, 0);
    }
    if head < ring.twice {
        memory.copy_within(head..end.min(ring.twice), ring.period + head);
    }
}

/// Moves the present of `lines` on by `n` frames.
#[inline(always)]
pub(super) fn advance(rings: &[Ring], heads: &mut [u32], lines: Range<usize>, n: usize) {
    for (ring, head) in rings[lines.clone()].iter().zip(&mut heads[lines]) {
        *head += n as u32;
        if *head as usize >= ring.period {
            *head -= ring.period as u32;
        }
    }
}
