//! Delay lines.

use std::ops::Range;

use fearless_simd::{Simd, prelude::*};

use crate::plan::{Id, Read, Ring};

/// All rings, where the present is in each, and where the first begins.
pub(super) struct Lines<'a> {
    pub(super) rings: &'a [Ring],
    pub(super) heads: &'a [u32],
    pub(super) first: usize,
}

impl Lines<'_> {
    fn ring(&self, ring: u32) -> (&Ring, usize) {
        (&self.rings[ring as usize], self.heads[ring as usize] as usize)
    }
}

/// Where in a ring it is `lag` samples before `head`.
#[inline(always)]
pub(super) fn before(ring: &Ring, head: usize, lag: usize) -> usize {
    if head >= lag { head - lag } else { head + ring.period - lag }
}

/// Reads the `n` frames from the present on, each line its lag late. Up to a
/// vector beyond them is overwritten with nothing of meaning.
#[inline(always)]
pub(super) fn read<S: Simd>(
    s: S,
    reads: &[Read],
    lines: &Lines<'_>,
    memory: &mut [f32],
    at: &[u32],
    n: usize,
) {
    for read in reads {
        let (ring, head) = lines.ring(read.ring);
        let oldest = read.lag + read.taps.len().saturating_sub(1);
        let from = lines.first + ring.at + before(ring, head, oldest);
        let to = at[read.to as usize] as usize;
        match &read.taps[..] {
            [] => fir(s, &[1.0], read.add, from, to, memory, n),
            taps => fir(s, taps, read.add, from, to, memory, n),
        }
    }
}

/// A weighted sum of neighbours; the newest weight is the first.
#[inline(always)]
fn fir<S: Simd>(
    s: S,
    taps: &[f32],
    add: bool,
    from: usize,
    to: usize,
    memory: &mut [f32],
    n: usize,
) {
    let lanes = S::f32s::LEN;
    let mut t = 0;
    while t < n {
        let mut acc = if add {
            S::f32s::from_slice(s, &memory[to + t..][..lanes])
        } else {
            S::f32s::splat(s, 0.0)
        };
        let heard = &memory[from + t..][..taps.len() - 1 + lanes];
        for (x, w) in heard.windows(lanes).zip(taps.iter().rev()) {
            acc = S::f32s::splat(s, *w).mul_add(S::f32s::from_slice(s, x), acc);
        }
        acc.store_slice(&mut memory[to + t..][..lanes]);
        t += lanes;
    }
}

/// Multiplies rows by the gains of their lines, `first` being the first frame's
/// place in the grid.
#[inline(always)]
pub(super) fn decay<S: Simd>(
    s: S,
    decays: &[(Id, u32)],
    gains: &[(f32, f32)],
    first: f32,
    memory: &mut [f32],
    at: &[u32],
    n: usize,
) {
    let lanes = S::f32s::LEN;
    for (row, line) in decays {
        let (gain, change) = gains[*line as usize];
        let (gain, change) = (S::f32s::splat(s, gain), S::f32s::splat(s, change));
        let row = &mut memory[at[*row as usize] as usize..][..n.next_multiple_of(lanes)];
        let mut frame = S::f32s::from_fn(s, |lane| first + lane as f32);
        for x in row.chunks_exact_mut(lanes) {
            let y = S::f32s::from_slice(s, x) * change.mul_add(frame, gain);
            y.store_slice(x);
            frame += S::f32s::splat(s, lanes as f32);
        }
    }
}

/// Writes the `n` frames from the present on. Up to a vector beyond them is
/// overwritten with nothing of meaning: there lies what is older than any read.
#[inline(always)]
pub(super) fn write<S: Simd>(
    s: S,
    writes: &[(Id, u32)],
    lines: &Lines<'_>,
    memory: &mut [f32],
    at: &[u32],
    n: usize,
) {
    let lanes = S::f32s::LEN;
    for (row, id) in writes {
        let (ring, head) = lines.ring(*id);
        let (from, to) = (at[*row as usize] as usize, lines.first + ring.at + head);
        for t in (0..n).step_by(lanes) {
            let x = S::f32s::from_slice(s, &memory[from + t..][..lanes]);
            x.store_slice(&mut memory[to + t..][..lanes]);
        }
        repeat(ring, head, &mut memory[lines.first + ring.at..], n);
    }
}

/// Repeats what was written directly.
pub(super) fn mirror(rings: &[u32], lines: &Lines<'_>, memory: &mut [f32], n: usize) {
    for id in rings {
        let (ring, head) = lines.ring(*id);
        repeat(ring, head, &mut memory[lines.first + ring.at..], n);
    }
}

/// What lies past the end of a ring is also what comes at its beginning, and the
/// reverse.
#[inline(always)]
fn repeat(ring: &Ring, head: usize, memory: &mut [f32], n: usize) {
    let end = head + n;
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
