//! The multiply-accumulate kernel.
//!
//! Planar: frames across lanes, weights broadcast, a tile of outputs in
//! registers. Each output is summed in one order (tap by tap, input by input, the
//! bias last, lest a quiet signal drown in its rounding) whatever the tile, so a
//! signal may be cut anywhere.

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch, prelude::*};

use crate::activation::leaky;
use crate::program::{Buffer, Finish, Id, Mac};
use crate::simd::{Vector, precise_tanh_each, tanh_each};

/// The memory of an engine and where in it the present lies.
pub struct Memory<'a> {
    /// All buffers.
    pub data: &'a mut [f32],
    /// Where in it each lies.
    pub buffers: &'a [Buffer],
    /// Where the present begins, by buffer.
    pub at: &'a [usize],
    /// Where the present frame of every input lies, as [`Mac::first`] counts them.
    pub inputs: &'a [u32],
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

/// The activation fused into the kernel, as a type so that each has its own loop.
pub(crate) trait Fused: Copy {
    /// Vectors in a tile of AVX2, whose 16 registers must also hold what the
    /// compiler keeps of the function's constants; measured.
    const AVX2_TILE: usize = 3;

    fn apply<S: Simd, V: Vector<S>, const N: usize>(self, s: S, x: [V; N]) -> [V; N];
}

#[derive(Clone, Copy)]
pub(crate) struct Identity;
#[derive(Clone, Copy)]
pub(crate) struct Tanh;
#[derive(Clone, Copy)]
pub(crate) struct PreciseTanh;
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
impl Fused for PreciseTanh {
    const AVX2_TILE: usize = 2;

    #[inline(always)]
    fn apply<S: Simd, V: Vector<S>, const N: usize>(self, s: S, x: [V; N]) -> [V; N] {
        precise_tanh_each(s, x)
    }
}
impl Fused for Leaky {
    const AVX2_TILE: usize = 2;

    #[inline(always)]
    fn apply<S: Simd, V: Vector<S>, const N: usize>(self, s: S, mut x: [V; N]) -> [V; N] {
        for x in &mut x {
            *x = leaky(s, *x, V::splat(s, self.0));
        }
        x
    }
}

/// Runs `mac` over the first `n` frames of the present. What lies beyond them
/// up to the next whole vector is overwritten with nothing of meaning. Apart, so that
/// there is one copy of it, whoever runs it.
#[inline(never)]
pub fn run(level: Level, mac: &Mac, m: &mut Memory<'_>, n: usize) {
    dispatch!(level, s => finishes(s, mac, m, n));
}

#[inline(always)]
fn finishes<S: Simd>(s: S, mac: &Mac, m: &mut Memory<'_>, n: usize) {
    match mac.finish {
        Finish::Identity => frames(s, mac, m, n, Identity),
        Finish::Tanh => frames(s, mac, m, n, Tanh),
        Finish::PreciseTanh => frames(s, mac, m, n, PreciseTanh),
        Finish::Leaky(k) => frames(s, mac, m, n, Leaky(k)),
    }
}

#[inline(always)]
fn frames<S: Simd, F: Fused>(s: S, mac: &Mac, m: &mut Memory<'_>, n: usize, finish: F) {
    let lanes = S::f32s::LEN;
    let residual = mac.residual.map(|id| m.place(id));
    let to = mac.to.map(|id| m.place(id));
    let sum = mac.sum.map(|(id, first)| (m.place(id), first));
    for (i, o) in (0..mac.outputs).step_by(mac.run).enumerate() {
        let first = mac.first + i * mac.inputs;
        let inputs = &m.inputs[first..first + mac.inputs];
        let run = Run { mac, inputs, outputs: o..o + mac.run, finish, residual, to, sum };
        let mut t = 0;
        while t < n {
            let left = n - t;
            t += lanes
                * if lanes == 16 && left > 3 * lanes {
                    run.columns::<S, 4>(s, m.data, t)
                } else if lanes == 8 && F::AVX2_TILE == 3 && left > 2 * lanes {
                    run.columns::<S, 3>(s, m.data, t)
                } else if left > lanes {
                    run.columns::<S, 2>(s, m.data, t)
                } else {
                    run.columns::<S, 1>(s, m.data, t)
                };
        }
    }
}

/// Outputs that share their inputs, with everything looked up.
struct Run<'a, F> {
    mac: &'a Mac,
    /// Where the present frame of each input lies.
    inputs: &'a [u32],
    outputs: Range<usize>,
    finish: F,
    residual: Option<Place>,
    to: Option<Place>,
    sum: Option<(Place, bool)>,
}

impl<F: Fused> Run<'_, F> {
    /// All of them for `NT` vectors of frames from `t`; returns `NT`.
    #[inline(always)]
    fn columns<S: Simd, const NT: usize>(&self, s: S, data: &mut [f32], t: usize) -> usize {
        let mut o = self.outputs.start;
        while o < self.outputs.end {
            o += match self.outputs.end - o {
                8.. if NT == 1 => self.tile::<S, 8, NT>(s, data, o, t),
                7.. | 4 => self.tile::<S, 4, NT>(s, data, o, t),
                5.. | 3 => self.tile::<S, 3, NT>(s, data, o, t),
                2 => self.tile::<S, 2, NT>(s, data, o, t),
                _ => self.tile::<S, 1, NT>(s, data, o, t),
            };
        }
        NT
    }

    /// `H` outputs from `o` × `NT` vectors of frames from `t`, in registers;
    /// returns `H`.
    #[inline(always)]
    fn tile<S: Simd, const H: usize, const NT: usize>(
        &self,
        s: S,
        data: &mut [f32],
        o: usize,
        t: usize,
    ) -> usize {
        let n = S::f32s::LEN;
        let mut acc = [[S::f32s::splat(s, 0.0); NT]; H];
        let pad = self.mac.bias.len();
        let mut weights = &self.mac.weights[..];
        for input in self.inputs {
            let Some((w, rest)) = weights.split_at_checked(pad) else { break };
            weights = rest;
            let (w, row) = (&w[o..o + H], &data[*input as usize + t..][..NT * n]);
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
        for (acc, b) in acc.iter_mut().zip(&self.mac.bias[o..o + H]) {
            let b = S::f32s::splat(s, *b);
            for acc in acc {
                *acc += b;
            }
        }
        if H == 4 && NT == 2 {
            // Two rows at a time, for a row has too few vectors to hide latency.
            for h in [0, 2] {
                let (mut a, mut b) = (acc[h], acc[h + 1]);
                let y = self.finish.apply(s, [a[0], a[1], b[0], b[1]]);
                (a[0], a[1], b[0], b[1]) = (y[0], y[1], y[2], y[3]);
                self.store(s, data, a, o + h, t);
                self.store(s, data, b, o + h + 1, t);
            }
            return H;
        }
        // Written out, for a loop here would keep the sums in memory.
        self.put(s, data, acc[0], o, t);
        if H > 1 {
            self.put(s, data, acc[1], o + 1, t);
        }
        if H > 2 {
            self.put(s, data, acc[2], o + 2, t);
        }
        if H > 3 {
            self.put(s, data, acc[3], o + 3, t);
        }
        if H > 4 {
            self.put(s, data, acc[4], o + 4, t);
        }
        if H > 5 {
            self.put(s, data, acc[5], o + 5, t);
        }
        if H > 6 {
            self.put(s, data, acc[6], o + 6, t);
        }
        if H > 7 {
            self.put(s, data, acc[7], o + 7, t);
        }
        H
    }

    /// Finishes frames `t..` of output `row`.
    #[inline(always)]
    fn put<S: Simd, const NT: usize>(
        &self,
        s: S,
        data: &mut [f32],
        sums: [S::f32s; NT],
        row: usize,
        t: usize,
    ) {
        self.store(s, data, self.finish.apply(s, sums), row, t);
    }

    /// Sends frames `t..` of output `row` where they go.
    #[inline(always)]
    fn store<S: Simd, const NT: usize>(
        &self,
        s: S,
        data: &mut [f32],
        mut y: [S::f32s; NT],
        row: usize,
        t: usize,
    ) {
        let n = S::f32s::LEN;
        if let Some((p, first)) = self.sum {
            let sum = &mut data[p.base + row * p.stride + t..][..NT * n];
            for (y, sum) in y.iter().zip(sum.chunks_exact_mut(n)) {
                let before = S::f32s::from_slice(s, sum);
                if first { y.store_slice(sum) } else { (before + *y).store_slice(sum) }
            }
        }
        if let Some(p) = self.residual {
            let x = &data[p.base + row * p.stride + t..][..NT * n];
            for (y, x) in y.iter_mut().zip(x.chunks_exact(n)) {
                *y += S::f32s::from_slice(s, x);
            }
        }
        if let Some(p) = self.to {
            let to = &mut data[p.base + row * p.stride + t..][..NT * n];
            for (y, to) in y.iter().zip(to.chunks_exact_mut(n)) {
                y.store_slice(to);
            }
        }
    }
}
