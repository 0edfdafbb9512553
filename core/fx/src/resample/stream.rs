//! A stream of samples read at another rate.

use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch, f32x16, prelude::*};

use super::kernel::{Bank, LANES};

/// Samples between two moves of the past to the beginning of its buffer.
const ROOM: usize = 4096;

/// Takes samples at one rate and gives them at another. Every output is one sum
/// in a fixed order, so it does not matter which are taken together.
pub(super) struct Stream {
    pub(super) bank: Arc<Bank>,
    level: Level,
    past: Vec<f32>,
    /// Where the next input goes.
    end: usize,
    /// Where the inputs of the next output begin.
    from: usize,
    /// The row of the next output.
    row: usize,
    /// How far the next output lies past its newest input, in parts of `p`.
    ahead: usize,
}

impl Stream {
    /// Preceded by silence. At most `most` inputs are pushed at a time, and no
    /// more than that are left waiting.
    pub(super) fn new(bank: Arc<Bank>, most: usize) -> Self {
        let past = vec![0.0; bank.stride + 2 * most + ROOM];
        let end = bank.stride - 1;
        Self { bank, level: Level::new(), past, end, from: 0, row: 0, ahead: 0 }
    }

    /// Forgets all input.
    pub(super) fn reset(&mut self) {
        self.past.fill(0.0);
        self.end = self.bank.stride - 1;
        (self.from, self.row, self.ahead) = (0, 0, 0);
    }

    /// Goes on as `other`, of the same bank, would.
    pub(super) fn follow(&mut self, other: &Self) {
        let kept = other.from..other.end;
        self.past[kept.clone()].copy_from_slice(&other.past[kept]);
        (self.from, self.end) = (other.from, other.end);
        (self.row, self.ahead) = (other.row, other.ahead);
    }

    /// Where to write the next `count` inputs.
    pub(super) fn push(&mut self, count: usize) -> &mut [f32] {
        if self.end + count > self.past.len() {
            self.past.copy_within(self.from..self.end, 0);
            self.end -= self.from;
            self.from = 0;
        }
        let at = self.end;
        self.end += count;
        &mut self.past[at..self.end]
    }

    /// Writes the next outputs, whose inputs must have been pushed.
    pub(super) fn pull(&mut self, out: &mut [f32]) {
        dispatch!(self.level, simd => self.run(simd, out));
    }

    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, out: &mut [f32]) {
        let ratio = self.bank.ratio;
        let (whole, part) = (ratio.q / ratio.p, ratio.q % ratio.p);
        for y in out {
            *y = dot(simd, self.bank.row(self.row), &self.past[self.from..]);
            self.row += 1;
            if self.row == ratio.p {
                self.row = 0;
            }
            self.from += whole;
            self.ahead += part;
            if self.ahead >= ratio.p {
                self.ahead -= ratio.p;
                self.from += 1;
            }
        }
    }
}

/// The sum of the products; `past` may go on.
#[inline(always)]
fn dot<S: Simd>(simd: S, row: &[f32], past: &[f32]) -> f32 {
    let past = &past[..row.len()];
    let zero = f32x16::splat(simd, 0.0);
    let mut sums = [zero; 2];
    let term = |row: &[f32], past: &[f32], sum: f32x16<S>| {
        f32x16::from_slice(simd, row).mul_add(f32x16::from_slice(simd, past), sum)
    };
    let (rows, pasts) = (row.chunks_exact(2 * LANES), past.chunks_exact(2 * LANES));
    let last = (rows.remainder(), pasts.remainder());
    for (row, past) in rows.zip(pasts) {
        sums[0] = term(&row[..LANES], &past[..LANES], sums[0]);
        sums[1] = term(&row[LANES..], &past[LANES..], sums[1]);
    }
    if !last.0.is_empty() {
        sums[0] = term(last.0, last.1, sums[0]);
    }
    (sums[0] + sums[1]).reduce_sum()
}
