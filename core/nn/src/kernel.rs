//! The multiply-accumulate kernel.
//!
//! Planar: frames across lanes, weights broadcast, a tile of outputs in
//! registers. Each output is summed in one order (bias, then tap by tap, input
//! by input) whatever the tile, so a signal may be cut anywhere.

use std::ops::Range;

use fearless_simd::{Simd, prelude::*};

use crate::activation::leaky;
use crate::program::{Buffer, Finish, Id, Mac};
use crate::simd::{Vector, tanh_each};

/// The memory of an engine and where in it the present lies.
pub(crate) struct Memory<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) buffers: &'a [Buffer],
    /// Where the present begins, by buffer.
    pub(crate) at: &'a [usize],
    /// Where the present frame of every input lies, as [`Mac::first`] counts them.
    pub(crate) inputs: &'a [u32],
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
    fn apply<S: Simd, V: Vector<S>, const N: usize>(self, s: S, x: [V; N]) -> [V; N];
}

#[derive(Clone, Copy)]
pub(crate) struct Identity;
#[derive(Clone, Copy)]
pub(crate) struct Tanh;
#[derive(Clone, Copy)]
pub(crate) struct Leaky(pub(crate) f32);

impl Fused for Identity {
    #[inline(always)]
    fn apply<S: Simd, V: Vector<S>, const N: usize>(self, _: S, x: [V; N]) -> [V; N] {
        x
    }
}
impl Fused for Tanh {
    #[inline(always)]
    fn apply<S: Simd, V: Vector<S>, const N: usize>(self, s: S, x: [V; N]) -> [V; N] {
        tanh_each(s, x)
    }
}
impl Fused for Leaky {
    #[inline(always)]
    fn apply<S: Simd, V: Vector<S>, const N: usize>(self, s: S, mut x: [V; N]) -> [V; N] {
        for x in &mut x {
            *x = leaky(s, *x, V::splat(s, self.0));
        }
        x
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
    for (i, o) in (0..mac.outputs).step_by(mac.run).enumerate() {
        let first = mac.first + i * mac.inputs;
        let inputs = &m.inputs[first..first + mac.inputs];
        let outputs = o..o + mac.run;
        let mut t = 0;
        while t < n {
            let left = n - t;
            t += lanes
                * if lanes == 16 && left > 3 * lanes {
                    columns::<S, F, 4>(s, mac, m, outputs.clone(), t, inputs, f, target)
                } else if left > lanes {
                    columns::<S, F, 2>(s, mac, m, outputs.clone(), t, inputs, f, target)
                } else {
                    columns::<S, F, 1>(s, mac, m, outputs.clone(), t, inputs, f, target)
                };
        }
    }
}

/// `outputs` that share their inputs, for `NT` vectors of frames from `t`;
/// returns `NT`.
#[inline(always)]
fn columns<S: Simd, F: Fused, const NT: usize>(
    s: S,
    mac: &Mac,
    m: &mut Memory<'_>,
    outputs: Range<usize>,
    t: usize,
    inputs: &[u32],
    f: F,
    target: Target,
) -> usize {
    let mut o = outputs.start;
    while o < outputs.end {
        o += match outputs.end - o {
            8.. if NT == 1 => tile::<S, F, 8, NT>(s, mac, m, o, t, inputs, f, target),
            7.. | 4 => tile::<S, F, 4, NT>(s, mac, m, o, t, inputs, f, target),
            5.. | 3 => tile::<S, F, 3, NT>(s, mac, m, o, t, inputs, f, target),
            2 => tile::<S, F, 2, NT>(s, mac, m, o, t, inputs, f, target),
            _ => tile::<S, F, 1, NT>(s, mac, m, o, t, inputs, f, target),
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
    inputs: &[u32],
    f: F,
    target: Target,
) -> usize {
    let n = S::f32s::LEN;
    let mut acc = [[S::f32s::splat(s, 0.0); NT]; H];
    for (acc, b) in acc.iter_mut().zip(&mac.bias[o..o + H]) {
        *acc = [S::f32s::splat(s, *b); NT];
    }
    let pad = mac.bias.len();
    let mut weights = &mac.weights[..];
    for input in inputs {
        let Some((w, rest)) = weights.split_at_checked(pad) else { break };
        weights = rest;
        let (w, row) = (&w[o..o + H], &m.data[*input as usize + t..][..NT * n]);
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
    if H == 4 && NT == 2 {
        // Two rows at a time, for a row has too few vectors to hide latency.
        for h in [0, 2] {
            let (a, b) = (acc[h], acc[h + 1]);
            let y = f.apply(s, [a[0], a[1], b[0], b[1]]);
            let (mut a, mut b) = (a, b);
            (a[0], a[1], b[0], b[1]) = (y[0], y[1], y[2], y[3]);
            store::<S, NT>(s, m.data, a, o + h, t, target);
            store::<S, NT>(s, m.data, b, o + h + 1, t, target);
        }
        return H;
    }
    for h in 0..H {
        store::<S, NT>(s, m.data, f.apply(s, acc[h]), o + h, t, target);
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
