//! The kernels that training needs besides the forward one: planar as that is, frames
//! across lanes.

use fearless_simd::{Level, Simd, dispatch, prelude::*};
use nn::program::Finish;

/// Signals in planes: channel `r`, frame `t` at `base + r · stride + t`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planes {
    pub(crate) base: usize,
    pub(crate) stride: usize,
    pub(crate) rows: usize,
}

/// Frames that are summed over: `n` of them from 0 on, in every one of `blocks` blocks.
/// `n` is a whole number of vectors of 16.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frames {
    pub(crate) n: usize,
    pub(crate) blocks: usize,
    /// From one block to the next: of the errors, and of the inputs.
    pub(crate) steps: [usize; 2],
}

/// The gradient of a matrix: what its outputs should have been, times what came in.
pub(crate) struct Correlation<'a> {
    /// Derivatives of the loss by the outputs.
    pub(crate) errors: &'a [f32],
    pub(crate) outputs: Planes,
    /// What came in, and where frame 0 of each input lies.
    pub(crate) data: &'a [f32],
    pub(crate) inputs: &'a [u32],
    /// How much later than there.
    pub(crate) shift: usize,
    pub(crate) frames: Frames,
}

impl Correlation<'_> {
    /// Adds `Σ error of output o · input i` to `gradient[i · pad + o]`.
    #[inline(never)]
    pub(crate) fn add(&self, level: Level, gradient: &mut [f32], pad: usize) {
        dispatch!(level, s => s.vectorize(
            #[inline(always)]
            || self.tiles(s, gradient, pad)
        ));
    }

    /// Adds `Σ error of output o` to `gradient[o]`.
    #[inline(never)]
    pub(crate) fn add_bias(&self, level: Level, gradient: &mut [f32]) {
        dispatch!(level, s => s.vectorize(
            #[inline(always)]
            || self.rows(s, gradient)
        ));
    }

    #[inline(always)]
    fn rows<S: Simd>(&self, s: S, gradient: &mut [f32]) {
        let Frames { n, blocks, steps } = self.frames;
        for (o, sum) in gradient.iter_mut().enumerate().take(self.outputs.rows) {
            let mut total = S::f32s::splat(s, 0.0);
            for block in 0..blocks {
                let at = self.outputs.base + o * self.outputs.stride + block * steps[0];
                for errors in self.errors[at..at + n].chunks_exact(S::f32s::LEN) {
                    total += S::f32s::from_slice(s, errors);
                }
            }
            *sum += total.reduce_sum();
        }
    }

    /// Inputs outside, so that the few rows of a tile stay in the nearest cache while
    /// all others pass by.
    #[inline(always)]
    fn tiles<S: Simd>(&self, s: S, gradient: &mut [f32], pad: usize) {
        let wide = S::f32s::LEN == 16;
        let mut o = 0;
        while o < self.outputs.rows {
            let outputs = self.outputs.rows - o;
            let mut i = 0;
            while i < self.inputs.len() {
                let inputs = self.inputs.len() - i;
                let mut at = Tile { of: self, o, i, gradient: &mut *gradient, pad };
                i += match (outputs, inputs) {
                    (4.., 4..) if wide => at.run::<S, 4, 4>(s),
                    (4.., 3..) => at.run::<S, 4, 3>(s),
                    (4.., 2) => at.run::<S, 4, 2>(s),
                    (4.., _) => at.run::<S, 4, 1>(s),
                    (2.., 4..) => at.run::<S, 2, 4>(s),
                    (2.., 2..) => at.run::<S, 2, 2>(s),
                    (2.., _) => at.run::<S, 2, 1>(s),
                    (_, 4..) => at.run::<S, 1, 4>(s),
                    _ => at.run::<S, 1, 1>(s),
                };
            }
            o += match outputs {
                4.. => 4,
                2.. => 2,
                _ => 1,
            };
        }
    }
}

/// Some outputs and inputs whose products are summed in registers.
struct Tile<'a, 'b> {
    of: &'a Correlation<'a>,
    o: usize,
    i: usize,
    gradient: &'b mut [f32],
    pad: usize,
}

impl Tile<'_, '_> {
    /// `O` outputs by `I` inputs; returns `I`.
    #[inline(always)]
    fn run<S: Simd, const O: usize, const I: usize>(&mut self, s: S) -> usize {
        let lanes = S::f32s::LEN;
        let Correlation { errors, outputs, data, inputs, shift, frames } = self.of;
        let mut sums = [[S::f32s::splat(s, 0.0); O]; I];
        for block in 0..frames.blocks {
            // Plain loops, for a closure may be left outside of them, as a call for each row.
            let mut rows: [&[f32]; O] = [&[]; O];
            for (k, row) in rows.iter_mut().enumerate() {
                let at = outputs.base + (self.o + k) * outputs.stride + block * frames.steps[0];
                *row = &errors[at..at + frames.n];
            }
            let mut ins: [&[f32]; I] = [&[]; I];
            for (input, at) in ins.iter_mut().zip(&inputs[self.i..self.i + I]) {
                let at = *at as usize + shift + block * frames.steps[1];
                *input = &data[at..at + frames.n];
            }
            for t in (0..frames.n / lanes).map(|t| t * lanes) {
                let mut e = [S::f32s::splat(s, 0.0); O];
                for (e, row) in e.iter_mut().zip(&rows) {
                    *e = S::f32s::from_slice(s, &row[t..t + lanes]);
                }
                for (sums, x) in sums.iter_mut().zip(&ins) {
                    let x = S::f32s::from_slice(s, &x[t..t + lanes]);
                    for (sum, e) in sums.iter_mut().zip(&e) {
                        *sum = e.mul_add(x, *sum);
                    }
                }
            }
        }
        let mut totals = [[0.0; O]; I];
        reduce(s, sums.as_flattened(), totals.as_flattened_mut());
        for (i, totals) in totals.iter().enumerate() {
            let to = &mut self.gradient[(self.i + i) * self.pad + self.o..][..O];
            to.iter_mut().zip(totals).for_each(|(to, total)| *to += total);
        }
        I
    }
}

/// The sums of the lanes of each vector, many at a time: neighbours are added until as
/// many vectors as have lanes have become one.
#[inline(always)]
fn reduce<S: Simd>(s: S, vectors: &[S::f32s], totals: &mut [f32]) {
    let lanes = S::f32s::LEN;
    for (vectors, totals) in vectors.chunks(lanes).zip(totals.chunks_mut(lanes)) {
        let mut all = [S::f32s::splat(s, 0.0); 16];
        all[..vectors.len()].copy_from_slice(vectors);
        let mut width = lanes;
        while width > 1 {
            width /= 2;
            for k in 0..width {
                let (a, b) = (all[2 * k], all[2 * k + 1]);
                all[k] = a.unzip_low(b) + a.unzip_high(b);
            }
        }
        let mut sums = [0.0; 16];
        all[0].store_slice(&mut sums[..lanes]);
        totals.copy_from_slice(&sums[..totals.len()]);
    }
}

/// Multiplies the errors of `outputs`, `n` frames of them, by the derivative of the
/// activation where it gave `values`.
#[inline(never)]
pub(crate) fn derive(
    level: Level,
    finish: Finish,
    (errors, outputs): (&mut [f32], Planes),
    (values, from): (&[f32], Planes),
    n: usize,
) {
    dispatch!(level, s => s.vectorize(
        #[inline(always)]
        || for r in 0..outputs.rows {
            let errors = &mut errors[outputs.base + r * outputs.stride..][..n];
            let values = &values[from.base + r * from.stride..][..n];
            slope(s, finish, errors, values);
        }
    ));
}

#[inline(always)]
fn slope<S: Simd>(s: S, finish: Finish, errors: &mut [f32], values: &[f32]) {
    let lanes = S::f32s::LEN;
    let one = S::f32s::splat(s, 1.0);
    let vectors = errors.chunks_exact_mut(lanes).zip(values.chunks_exact(lanes));
    match finish {
        Finish::Identity => {}
        Finish::Tanh | Finish::PreciseTanh => vectors.for_each(
            #[inline(always)]
            |(e, y)| {
                let (error, y) = (S::f32s::from_slice(s, e), S::f32s::from_slice(s, y));
                (error * (-y).mul_add(y, one)).store_slice(e);
            },
        ),
        Finish::Leaky(slope) => vectors.for_each(
            #[inline(always)]
            |(e, y)| {
                let (error, y) = (S::f32s::from_slice(s, e), S::f32s::from_slice(s, y));
                let rising = y.simd_gt(S::f32s::splat(s, 0.0));
                rising.select(error, error * S::f32s::splat(s, slope)).store_slice(e);
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpu::Isa;

    #[test]
    fn sums_are_those_of_plain_loops() {
        for isa in Isa::available() {
            for (outputs, inputs, n, blocks) in [(16, 48, 64, 1), (7, 5, 32, 3), (1, 1, 16, 2)] {
                let mut random = fastrand::Rng::with_seed(7);
                let mut noise =
                    |n: usize| -> Vec<f32> { (0..n).map(|_| random.f32() - 0.5).collect() };
                let (stride, step) = (n + 16, (n + 16) * outputs.max(inputs));
                let errors = noise(blocks * step);
                let data = noise(blocks * step + 3);
                let at: Vec<u32> = (0..inputs).map(|i| (i * stride + 1) as u32).collect();
                let correlation = Correlation {
                    errors: &errors,
                    outputs: Planes { base: 0, stride, rows: outputs },
                    data: &data,
                    inputs: &at,
                    shift: 2,
                    frames: Frames { n, blocks, steps: [step, step] },
                };
                let pad = outputs.next_multiple_of(4);
                let (mut found, mut bias) = (vec![1.0; inputs * pad], vec![0.5; pad]);
                correlation.add(isa.level(), &mut found, pad);
                correlation.add_bias(isa.level(), &mut bias);
                for o in 0..outputs {
                    let frames = (0..blocks).flat_map(|b| (0..n).map(move |t| (b, t)));
                    let error = |b, t| f64::from(errors[b * step + o * stride + t]);
                    let sum: f64 = frames.clone().map(|(b, t)| error(b, t)).sum();
                    assert!((f64::from(bias[o]) - 0.5 - sum).abs() < 1e-4, "{isa:?}");
                    for i in 0..inputs {
                        let x = |b, t| f64::from(data[b * step + i * stride + 3 + t]);
                        let sum: f64 = frames.clone().map(|(b, t)| error(b, t) * x(b, t)).sum();
                        let found = f64::from(found[i * pad + o]) - 1.0;
                        assert!((found - sum).abs() < 1e-4, "{isa:?} {o} {i}: {found} {sum}");
                    }
                }
            }
        }
    }
}
