//! Minimum phase: elliptic half-band filters of two branches of all-pass sections.
//!
//! Both branches of all four channels fill one vector of eight, so that the dry signal
//! beside the wet one costs nothing. Structure: R. A. Valenzuela and A. G.
//! Constantinides, *Digital signal processing schemes for efficient interpolation and
//! decimation* (IEE Proceedings G, 1983). Of a doubling the even samples come from one
//! branch and the odd ones from the other; a halving takes them the other way round, so
//! that a doubling and its halving together are all sections in a row, an all-pass.

use fearless_simd::{Level, Simd, dispatch, f32x4, f32x8, prelude::*};

use super::design::{self, Branches, FIRST, FIRST_DELAY, OTHER, OTHER_DELAY};
use super::{BLOCK, Frame};

/// The sections of both branches, which four channels go through.
#[derive(Clone)]
struct Sections<const M: usize> {
    coefs: [[f32; 8]; M],
    /// The last input, and the last output of each section.
    input: [f32; 8],
    outputs: [[f32; 8]; M],
}

impl<const M: usize> Sections<M> {
    fn new(branches: &Branches<M>, swapped: bool) -> Self {
        let branch = |lane: usize| usize::from((lane >= 4) != swapped);
        let coefs = |k: usize| std::array::from_fn(|lane| branches[branch(lane)][k]);
        Self { coefs: std::array::from_fn(coefs), input: [0.0; 8], outputs: [[0.0; 8]; M] }
    }

    fn reset(&mut self) {
        self.input = [0.0; 8];
        self.outputs = [[0.0; 8]; M];
    }

    /// Runs frames of both branches, one for each of `n`, from where `read` finds
    /// them to where `write` puts them.
    #[inline(always)]
    fn run<S: Simd>(
        &mut self,
        s: S,
        n: usize,
        read: impl Fn(usize) -> f32x8<S>,
        mut write: impl FnMut(usize, f32x8<S>),
    ) {
        let load = |x: &[f32; 8]| f32x8::from_slice(s, x);
        let coefs: [f32x8<S>; M] = std::array::from_fn(|k| load(&self.coefs[k]));
        let mut outputs: [f32x8<S>; M] = std::array::from_fn(|k| load(&self.outputs[k]));
        let mut input = load(&self.input);
        for i in 0..n {
            let mut x = read(i);
            let mut before = std::mem::replace(&mut input, x);
            for (coef, output) in coefs.iter().zip(&mut outputs) {
                let y = (x - *output).mul_add(*coef, before);
                before = std::mem::replace(output, y);
                x = y;
            }
            write(i, x);
        }
        input.store_slice(&mut self.input);
        for (to, output) in self.outputs.iter_mut().zip(&outputs) {
            output.store_slice(to);
        }
    }

    /// Doubles the rate of `from`.
    fn double(&mut self, level: Level, from: &[Frame], to: &mut [Frame]) {
        dispatch!(level, s => self.double_on(s, from, to));
    }

    #[inline(always)]
    fn double_on<S: Simd>(&mut self, s: S, from: &[Frame], to: &mut [Frame]) {
        let to = to[..2 * from.len()].as_flattened_mut();
        let read = |i: usize| {
            let x = f32x4::from_slice(s, &from[i]);
            x.combine(x)
        };
        self.run(s, from.len(), read, |i, y| y.store_slice(&mut to[8 * i..8 * i + 8]));
    }

    /// Halves the rate of `from`.
    fn halve(&mut self, level: Level, from: &[Frame], to: &mut [Frame]) {
        dispatch!(level, s => self.halve_on(s, from, to));
    }

    #[inline(always)]
    fn halve_on<S: Simd>(&mut self, s: S, from: &[Frame], to: &mut [Frame]) {
        let half = f32x4::splat(s, 0.5);
        let n = from.len() / 2;
        let (from, to) = (from.as_flattened(), &mut to[..n]);
        let read = |i: usize| f32x8::from_slice(s, &from[8 * i..8 * i + 8]);
        self.run(s, n, read, |i, y| {
            let (even, odd) = y.split();
            (half * (even + odd)).store_slice(&mut to[i]);
        });
    }
}

/// All doublings and halvings.
pub(super) struct Recursive {
    up: (Sections<FIRST>, Vec<Sections<OTHER>>),
    down: (Sections<FIRST>, Vec<Sections<OTHER>>),
    /// The frames at the highest rate, after those that are still to be delayed.
    top: Vec<Frame>,
    work: [Vec<Frame>; 2],
    /// Frames of the highest rate by which the wet and the dry channels are delayed.
    delays: [usize; 2],
    level: Level,
}

impl Recursive {
    /// `stages` doublings, one or more; the dry channels come later by `behind`
    /// samples of the highest rate.
    pub(super) fn new(stages: usize, behind: usize, level: Level) -> Self {
        let factor = 1 << stages;
        let others = |swapped| vec![Sections::new(design::other(), swapped); stages - 1];
        let pad = (factor - (delay(stages) + behind) % factor) % factor;
        let frames = || vec![[0.0; 4]; BLOCK * factor];
        Self {
            up: (Sections::new(design::first(), false), others(false)),
            down: (Sections::new(design::first(), true), others(true)),
            top: vec![[0.0; 4]; pad + behind + BLOCK * factor],
            work: [frames(), frames()],
            delays: [pad, pad + behind],
            level,
        }
    }

    /// Samples of the highest rate by which low frequencies of the dry channels come
    /// late: a whole multiple of those of the lowest.
    pub(super) fn latency(&self) -> usize {
        delay(1 + self.up.1.len()) + self.delays[1]
    }

    pub(super) fn reset(&mut self) {
        for (first, others) in [&mut self.up, &mut self.down] {
            first.reset();
            others.iter_mut().for_each(Sections::reset);
        }
        self.top.fill([0.0; 4]);
    }

    /// Brings at most a block up; leaves the wet channels in `wet`.
    pub(super) fn up(&mut self, io: &[&mut [f32]; 4], wet: [&mut [f32]; 2]) {
        let Self { up: (first, others), top, work: [a, b], delays, level, .. } = self;
        let mut n = io[0].len();
        for (i, frame) in a[..n].iter_mut().enumerate() {
            *frame = std::array::from_fn(|c| io[c][i]);
        }
        let top = &mut top[..];
        let (mut from, mut to) = (a, b);
        let newest = delays[1];
        if others.is_empty() {
            first.double(*level, &from[..n], &mut top[newest..]);
        } else {
            first.double(*level, &from[..n], to);
        }
        n *= 2;
        let last = others.len();
        for (k, stage) in others.iter_mut().enumerate() {
            std::mem::swap(&mut from, &mut to);
            if k + 1 == last {
                stage.double(*level, &from[..n], &mut top[newest..]);
            } else {
                stage.double(*level, &from[..n], to);
            }
            n *= 2;
        }
        let [left, right] = wet;
        let late = delays[1] - delays[0];
        for (frame, (l, r)) in top[late..].iter().zip(left.iter_mut().zip(right)) {
            (*l, *r) = (frame[0], frame[1]);
        }
    }

    /// Brings what [`up`](Self::up) brought up back down, with `wet` for its wet
    /// channels.
    pub(super) fn down(&mut self, wet: [&[f32]; 2], io: [&mut [f32]; 4]) {
        let Self { down: (first, others), top, work: [a, b], delays, level, .. } = self;
        let mut n = wet[0].len();
        for ((to, frame), (l, r)) in a.iter_mut().zip(&*top).zip(wet[0].iter().zip(wet[1])) {
            *to = [*l, *r, frame[2], frame[3]];
        }
        top.copy_within(n..n + delays[1], 0);
        let (mut from, mut to) = (a, b);
        for stage in others.iter_mut().rev() {
            stage.halve(*level, &from[..n], to);
            std::mem::swap(&mut from, &mut to);
            n /= 2;
        }
        first.halve(*level, &from[..n], to);
        let [a, b, c, d] = io;
        for (i, frame) in to[..n / 2].iter().enumerate() {
            (a[i], b[i], c[i], d[i]) = (frame[0], frame[1], frame[2], frame[3]);
        }
    }
}

/// Samples of the highest rate by which low frequencies come late through as many
/// doublings and halvings.
fn delay(stages: usize) -> usize {
    let factor = 1 << stages;
    let others = (1..stages).map(|stage| OTHER_DELAY * (factor >> stage) / 2);
    FIRST_DELAY * factor / 2 + others.sum::<usize>()
}
