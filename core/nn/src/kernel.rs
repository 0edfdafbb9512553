//! The multiply-accumulate kernel, in two orders of the same sums.
//!
//! *Planar*: frames across lanes, weights broadcast, a tile of outputs in
//! registers. *Channels across lanes*: for blocks shorter than a vector. Each
//! output is summed in the same order in both (bias, then tap by tap, input by
//! input), so they agree to the bit and may be mixed freely.

use fearless_simd::{Simd, f32x4, f32x8, f32x16, prelude::*};

use crate::activation::leaky;
use crate::program::{Buffer, Finish, Mac, Tap};
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
    pub(crate) fn place(&self, id: crate::program::Id) -> Place {
        let b = &self.buffers[id.0];
        Place { base: b.offset + self.at[id.0], stride: b.stride }
    }

    /// The rows that feed outputs `o..` through `tap`, and the column in them
    /// of frame `t`.
    #[inline(always)]
    fn rows(&self, tap: &Tap, o: usize, t: usize) -> (&[f32], usize, usize) {
        let b = &self.buffers[tap.from.0];
        let first = b.offset + o / tap.group * tap.inputs * b.stride;
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
trait Fused: Copy {
    fn apply<S: Simd, V: Vector<S>>(self, s: S, x: V) -> V;
}

#[derive(Clone, Copy)]
struct Identity;
#[derive(Clone, Copy)]
struct Tanh;
#[derive(Clone, Copy)]
struct Leaky(f32);

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
    let run = mac.run();
    let target = Target {
        residual: mac.residual.map(|id| m.place(id)),
        to: mac.to.map(|id| m.place(id)),
        sum: mac.sum.map(|(id, first)| (m.place(id), first)),
    };
    if n < lanes && run == mac.outputs && mac.outputs >= 3 {
        return channels(s, mac, m, n, f, target);
    }
    let mut t = 0;
    while t < n {
        let left = n - t;
        t += lanes
            * if lanes == 16 && left > 3 * lanes {
                columns::<S, F, 4>(s, mac, m, t, run, f, target)
            } else if left > lanes {
                columns::<S, F, 2>(s, mac, m, t, run, f, target)
            } else {
                columns::<S, F, 1>(s, mac, m, t, run, f, target)
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
    run: usize,
    f: F,
    target: Target,
) -> usize {
    let mut o = 0;
    while o < mac.outputs {
        let left = run - o % run;
        o += match left {
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
        for (w, row) in weights.chunks_exact(pad).zip(rows.chunks_exact(stride)) {
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
    for (h, acc) in acc.iter().enumerate() {
        for (v, y) in acc.iter().enumerate() {
            store(s, m.data, f.apply(s, *y), o + h, t + v * n, target);
        }
    }
    H
}

#[inline(always)]
fn store<S: Simd>(s: S, data: &mut [f32], y: S::f32s, row: usize, t: usize, target: Target) {
    let n = S::f32s::LEN;
    if let Some((p, first)) = target.sum {
        let sum = &mut data[p.base + row * p.stride + t..][..n];
        if first { y.store_slice(sum) } else { (S::f32s::from_slice(s, sum) + y).store_slice(sum) }
    }
    let mut y = y;
    if let Some(p) = target.residual {
        y += S::f32s::from_slice(s, &data[p.base + row * p.stride + t..][..n]);
    }
    if let Some(p) = target.to {
        y.store_slice(&mut data[p.base + row * p.stride + t..][..n]);
    }
}

/// All outputs of `n` frames with the channels across lanes.
#[inline(always)]
fn channels<S: Simd, F: Fused>(
    s: S,
    mac: &Mac,
    m: &mut Memory<'_>,
    n: usize,
    f: F,
    target: Target,
) {
    let mut t = 0;
    while t < n {
        t += if n - t >= 4 {
            strips::<S, F, 4>(s, mac, m, t, f, target)
        } else {
            strips::<S, F, 1>(s, mac, m, t, f, target)
        };
    }
}

#[inline(always)]
fn strips<S: Simd, F: Fused, const N: usize>(
    s: S,
    mac: &Mac,
    m: &mut Memory<'_>,
    t: usize,
    f: F,
    target: Target,
) -> usize {
    let mut o = 0;
    while o < mac.bias.len() {
        o += match mac.bias.len() - o {
            16.. => strip::<S, F, f32x16<S>, N>(s, mac, m, o, t, f, target),
            8.. => strip::<S, F, f32x8<S>, N>(s, mac, m, o, t, f, target),
            _ => strip::<S, F, f32x4<S>, N>(s, mac, m, o, t, f, target),
        };
    }
    N
}

/// A vector of outputs from `o` for each of `N` frames from `t`; returns the lanes.
#[inline(always)]
fn strip<S: Simd, F: Fused, V: Vector<S>, const N: usize>(
    s: S,
    mac: &Mac,
    m: &mut Memory<'_>,
    o: usize,
    t: usize,
    f: F,
    target: Target,
) -> usize {
    let pad = mac.bias.len();
    let mut acc = [V::from_slice(s, &mac.bias[o..o + V::LEN]); N];
    for tap in &mac.taps {
        let (rows, stride, from) = m.rows(tap, 0, t);
        let weights = &mac.weights[tap.weights..tap.weights + tap.inputs * pad];
        assert!(from + N <= stride && o + V::LEN <= pad, "a column lies within its row");
        for (w, row) in weights.chunks_exact(pad).zip(rows.chunks_exact(stride)) {
            let w = V::from_slice(s, &w[o..o + V::LEN]);
            let x = &row[from..from + N];
            for v in 0..N {
                acc[v] = w.mul_add(V::splat(s, x[v]), acc[v]);
            }
        }
    }
    for (v, y) in acc.iter().enumerate() {
        let y = f.apply(s, *y);
        let used = V::LEN.min(mac.outputs - o.min(mac.outputs));
        for (lane, y) in y.as_slice()[..used].iter().enumerate() {
            store_one(m.data, *y, o + lane, t + v, target);
        }
    }
    V::LEN
}

#[inline(always)]
fn store_one(data: &mut [f32], y: f32, row: usize, t: usize, target: Target) {
    if let Some((p, first)) = target.sum {
        let sum = &mut data[p.base + row * p.stride + t];
        *sum = if first { y } else { *sum + y };
    }
    let residual = target.residual.map_or(y, |p| y + data[p.base + row * p.stride + t]);
    if let Some(p) = target.to {
        data[p.base + row * p.stride + t] = residual;
    }
}
