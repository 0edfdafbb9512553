//! The multiply-accumulate kernel.
//!
//! Planar: frames across lanes, weights broadcast, a tile of outputs in
//! registers. Each output is summed in one order (bias, then tap by tap, input
//! by input) whatever the tile, so a signal may be cut anywhere.

use fearless_simd::{Simd, prelude::*};

use crate::activation::leaky;
use crate::program::{Buffer, Finish, Id, Mac, Tap};
use crate::simd::{Vector, tanh};

/// The memory of an engine and where in it the present lies.
pub(crate) struct Memory<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) buffers: &'a [Buffer],
    /// Where the present begins, by buffer.
    pub(crate) at: &'a [usize],
}

/// A buffer with its present: row `r`, frame `t` is at `base + r · stride + t`.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) base: usize,
    pub(crate) stride: usize,
}

impl Memory<'_> {
    #[inline(always)]
    pub(crate) fn place(&self, id: Id) -> Place {
        let b = &self.buffers[id.0];
        Place { base: b.offset + self.at[id.0], stride: b.stride }
    }

    /// The rows that feed outputs `o..` through `tap`, and the column in them
    /// of frame `t`.
    #[inline(always)]
    pub(crate) fn rows(&self, tap: &Tap, o: usize, t: usize) -> (&[f32], usize, usize) {
        let b = &self.buffers[tap.from.0];
        let group = tap.group.map_or(0, |group| o / group);
        let first = b.offset + group * tap.inputs * b.stride;
        let rows = &self.data[first..first + tap.inputs * b.stride];
        (rows, b.stride, self.at[tap.from.0] + t - tap.delay)
    }
}

/// Where results go, looked up once for a whole operation.
#[derive(Clone, Copy)]
struct Target {
    residual: Option<Place>,
    to: Option<Place>,
    sum: Option<(Place, bool)>,
}

/// The activation fused into the kernel, as a type so that each has its own loop.
pub(crate) trait Fused: Copy {
    fn apply<S: Simd, V: Vector<S>>(self, s: S, x: V) -> V;
}

#[derive(Clone, Copy)]
pub(crate) struct Identity;
#[derive(Clone, Copy)]
pub(crate) struct Tanh;
#[derive(Clone, Copy)]
pub(crate) struct Leaky(pub(crate) f32);

impl Fused for Identity {
    #[inline(always)]
    fn apply<S: Simd, V: Vector<S>>(self, _: S, x: V) -> V {
        x
    }
}
impl Fused for Tanh {
    #[inline(always)]
    fn apply<S: Simd, V: Vector<S>>(self, s: S, x: V) -> V {
        tanh(s, x)
    }
}
impl Fused for Leaky {
    #[inline(always)]
    fn apply<S: Simd, V: Vector<S>>(self, s: S, x: V) -> V {
        leaky(s, x, V::splat(s, self.0))
    }
}

/// Runs `mac` over the first `n` frames of the present. What lies beyond them
/// up to the next whole vector is overwritten with nothing of meaning.
#[inline(always)]
pub(crate) fn run<S: Simd>(s: S, mac: &Mac, m: &mut Memory<'_>, n: usize) {
    match mac.finish {
        Finish::Identity => s.vectorize(
            #[inline(always)]
            || frames(s, mac, m, n, Identity),
        ),
        Finish::Tanh => s.vectorize(
            #[inline(always)]
            || frames(s, mac, m, n, Tanh),
        ),
        Finish::Leaky(k) => s.vectorize(
            #[inline(always)]
            || frames(s, mac, m, n, Leaky(k)),
        ),
    }
}

#[inline(always)]
fn frames<S: Simd, F: Fused>(s: S, mac: &Mac, m: &mut Memory<'_>, n: usize, f: F) {
    let lanes = S::f32s::LEN;
    let target = Target {
        residual: mac.residual.map(|id| m.place(id)),
        to: mac.to.map(|id| m.place(id)),
        sum: mac.sum.map(|(id, first)| (m.place(id), first)),
    };
    let mut t = 0;
    while t < n {
        let left = n - t;
        t += lanes
            * if lanes == 16 && left > 3 * lanes {
                columns::<S, F, 4>(s, mac, m, t, f, target)
            } else if left > lanes {
                columns::<S, F, 2>(s, mac, m, t, f, target)
            } else {
                columns::<S, F, 1>(s, mac, m, t, f, target)
            };
    }
}

/// All outputs for `NT` vectors of frames from `t`; returns `NT`.
#[inline(always)]
fn columns<S: Simd, F: Fused, const NT: usize>(
    s: S,
    mac: &Mac,
    m: &mut Memory<'_>,
    t: usize,
    f: F,
    target: Target,
) -> usize {
    let mut o = 0;
    let mut end = 0;
    while o < mac.outputs {
        if o == end {
            end += mac.run;
        }
        o += match end - o {
            8.. if NT == 1 => tile::<S, F, 8, NT>(s, mac, m, o, t, f, target),
            7.. | 4 => tile::<S, F, 4, NT>(s, mac, m, o, t, f, target),
            5.. | 3 => tile::<S, F, 3, NT>(s, mac, m, o, t, f, target),
            2 => tile::<S, F, 2, NT>(s, mac, m, o, t, f, target),
            _ => tile::<S, F, 1, NT>(s, mac, m, o, t, f, target),
        };
    }
    NT
}

/// `H` outputs from `o` × `NT` vectors of frames from `t`, in registers; returns `H`.
#[inline(always)]
fn tile<S: Simd, F: Fused, const H: usize, const NT: usize>(
    s: S,
    mac: &Mac,
    m: &mut Memory<'_>,
    o: usize,
    t: usize,
    f: F,
    target: Target,
) -> usize {
    let n = S::f32s::LEN;
    let mut acc = [[S::f32s::splat(s, 0.0); NT]; H];
    for (acc, b) in acc.iter_mut().zip(&mac.bias[o..o + H]) {
        *acc = [S::f32s::splat(s, *b); NT];
    }
    let pad = mac.bias.len();
    for tap in &mac.taps {
        let (rows, stride, from) = m.rows(tap, o, t);
        let weights = &mac.weights[tap.weights..tap.weights + tap.inputs * pad];
        assert!(from + NT * n <= stride && o + H <= pad, "a column lies within its row");
        let mut left = (weights, rows);
        while let (Some((w, weights)), Some((row, rows))) =
            (left.0.split_at_checked(pad), left.1.split_at_checked(stride))
        {
            left = (weights, rows);
            let (w, row) = (&w[o..o + H], &row[from..from + NT * n]);
            let mut x = [S::f32s::splat(s, 0.0); NT];
            for v in 0..NT {
                x[v] = S::f32s::from_slice(s, &row[v * n..v * n + n]);
            }
            for h in 0..H {
                let w = S::f32s::splat(s, w[h]);
                for v in 0..NT {
                    acc[h][v] = w.mul_add(x[v], acc[h][v]);
                }
            }
        }
    }
    for h in 0..H {
        let mut y = acc[h];
        for y in &mut y {
            *y = f.apply(s, *y);
        }
        store::<S, NT>(s, m.data, y, o + h, t, target);
    }
    H
}

#[inline(always)]
fn store<S: Simd, const NT: usize>(
    s: S,
    data: &mut [f32],
    mut y: [S::f32s; NT],
    row: usize,
    t: usize,
    target: Target,
) {
    let n = S::f32s::LEN;
    if let Some((p, first)) = target.sum {
        let sum = &mut data[p.base + row * p.stride + t..][..NT * n];
        for (y, sum) in y.iter().zip(sum.chunks_exact_mut(n)) {
            let before = S::f32s::from_slice(s, sum);
            if first { y.store_slice(sum) } else { (before + *y).store_slice(sum) }
        }
    }
    if let Some(p) = target.residual {
        let x = &data[p.base + row * p.stride + t..][..NT * n];
        for (y, x) in y.iter_mut().zip(x.chunks_exact(n)) {
            *y += S::f32s::from_slice(s, x);
        }
    }
    if let Some(p) = target.to {
        let to = &mut data[p.base + row * p.stride + t..][..NT * n];
        for (y, to) in y.iter().zip(to.chunks_exact_mut(n)) {
            y.store_slice(to);
        }
    }
}
