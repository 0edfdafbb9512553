//! Delay lines.

use std::ops::Range;

use fearless_simd::{Simd, prelude::*};

use super::sane;
use crate::plan::{Read, Ring, Row};

/// Reads the `n` frames from the present on, each line its lag late. Up to a
/// vector beyond them is overwritten with nothing of meaning.
#[inline(always)]
pub(super) fn read<S: Simd>(
    s: S,
    reads: &[Read],
    rings: &[Ring],
    heads: &[u32],
    memory: &[f32],
    rows: &mut [f32],
    n: usize,
) {
    for read in reads {
        let (ring, head) = (&rings[read.ring as usize], heads[read.ring as usize] as usize);
        let oldest = read.lag + read.taps.len().saturating_sub(1);
        let first = if head >= oldest { head - oldest } else { head + ring.period - oldest };
        let heard = &memory[ring.at + first..];
        let row = &mut rows[read.to as usize..];
        match (&read.taps[..], read.add) {
            ([], false) => copy(s, heard, row, n),
            ([], true) => fir(s, &[1.0], true, heard, row, n),
            (taps, add) => fir(s, taps, add, heard, row, n),
        }
    }
}

#[inline(always)]
fn copy<S: Simd>(s: S, heard: &[f32], row: &mut [f32], n: usize) {
    let lanes = S::f32s::LEN;
    let whole = n.next_multiple_of(lanes);
    for (x, y) in heard[..whole].chunks_exact(lanes).zip(row.chunks_exact_mut(lanes)) {
        S::f32s::from_slice(s, x).store_slice(y);
    }
}

/// Multiplies rows by the gains of their lines, `first` being the first frame's
/// place in the grid.
#[inline(always)]
pub(super) fn decay<S: Simd>(
    s: S,
    lines: &[(Row, u32)],
    gains: &[(f32, f32)],
    first: f32,
    rows: &mut [f32],
    n: usize,
) {
    let lanes = S::f32s::LEN;
    for (row, line) in lines {
        let (gain, change) = gains[*line as usize];
        let (gain, change) = (S::f32s::splat(s, gain), S::f32s::splat(s, change));
        let row = &mut rows[*row as usize..][..n.next_multiple_of(lanes)];
        let mut at = S::f32s::from_fn(s, |lane| first + lane as f32);
        for x in row.chunks_exact_mut(lanes) {
            let y = S::f32s::from_slice(s, x) * change.mul_add(at, gain);
            y.store_slice(x);
            at += S::f32s::splat(s, lanes as f32);
        }
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
    writes: &[(Row, u32)],
    rings: &[Ring],
    heads: &[u32],
    memory: &mut [f32],
    rows: &[f32],
    n: usize,
) {
    let lanes = S::f32s::LEN;
    for (row, ring) in writes {
        let (ring, head) = (&rings[*ring as usize], heads[*ring as usize] as usize);
        let memory = &mut memory[ring.at..][..ring.period + ring.twice];
        let row = &rows[*row as usize..][..n.next_multiple_of(lanes)];
        let (mut to, mut left) = (&mut memory[head..], n);
        for x in row.chunks_exact(lanes) {
            let x = sane(s, S::f32s::from_slice(s, x));
            let some = left.min(lanes);
            let (now, later) = to.split_at_mut(some);
            if some == lanes {
                x.store_slice(now);
            } else {
                now.copy_from_slice(&x.as_slice()[..some]);
            }
            (to, left) = (later, left - some);
        }
        // What lies past the end is also what comes at the beginning, and the reverse.
        let end = head + n;
        if end > ring.period {
            memory.copy_within(ring.period..end, 0);
        }
        if head < ring.twice {
            memory.copy_within(head..end.min(ring.twice), ring.period + head);
        }
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
