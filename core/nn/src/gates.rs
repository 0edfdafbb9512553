//! The gates of a group of LSTM units, as vectors.

use fearless_simd::{Simd, f32x4, f32x8, f32x16, prelude::*};

use crate::simd::{Line, Vector, tanh};

/// A group of units as one vector, and their four gates as `R` vectors of 16.
pub(crate) trait Units<S: Simd, const R: usize>: Vector<S> {
    /// Input, forget, candidate and output gate out of what the rows hold.
    fn gates(packed: [f32x16<S>; R]) -> [Self; 4];
}

impl<S: Simd> Units<S, 1> for f32x4<S> {
    #[inline(always)]
    fn gates([all]: [f32x16<S>; 1]) -> [Self; 4] {
        let (first, last) = all.split();
        let ((i, f), (g, o)) = (first.split(), last.split());
        [i, f, g, o]
    }
}

impl<S: Simd> Units<S, 2> for f32x8<S> {
    #[inline(always)]
    fn gates([first, last]: [f32x16<S>; 2]) -> [Self; 4] {
        let ((i, f), (g, o)) = (first.split(), last.split());
        [i, f, g, o]
    }
}

impl<S: Simd> Units<S, 4> for f32x16<S> {
    #[inline(always)]
    fn gates(packed: [f32x16<S>; 4]) -> [Self; 4] {
        packed
    }
}

/// The sums that feed the gates, in as many independent chains as it takes to
/// keep the multipliers busy without running out of registers.
pub(crate) struct Sums<S: Simd, const R: usize>([[f32x16<S>; R]; 4]);

impl<S: Simd, const R: usize> Sums<S, R> {
    const CHAINS: usize = {
        let registers = R * 16 / S::f32s::LEN;
        if registers >= 8 {
            1
        } else if registers >= 4 {
            2
        } else {
            4
        }
    };

    #[inline(always)]
    pub(crate) fn new(simd: S, rows: &[Line], x: f32) -> Self {
        let mut sums = [[f32x16::splat(simd, 0.0); R]; 4];
        if let [bias, row, ..] = rows.as_chunks::<R>().0 {
            let x = f32x16::splat(simd, x);
            for r in 0..R {
                let bias = f32x16::load_array_ref(simd, &bias[r].0);
                sums[0][r] = f32x16::load_array_ref(simd, &row[r].0).mul_add(x, bias);
            }
        }
        Self(sums)
    }

    #[inline(always)]
    pub(crate) fn add<V: Units<S, R>>(&mut self, simd: S, rows: &[Line], h: &[Line]) {
        let fours = h.iter().flat_map(
            #[inline(always)]
            |h| h.0[..V::LEN].as_chunks::<4>().0,
        );
        let rows = rows.as_chunks::<R>().0.as_chunks::<4>().0;
        // Fours of rows, because a loop that is not unrolled would keep the
        // sums in memory.
        for (rows, h) in rows.iter().zip(fours) {
            for k in 0..4 {
                let h = f32x16::splat(simd, h[k]);
                for (sum, w) in self.0[k % Self::CHAINS].iter_mut().zip(&rows[k]) {
                    *sum = f32x16::load_array_ref(simd, &w.0).mul_add(h, *sum);
                }
            }
        }
    }

    #[inline(always)]
    pub(crate) fn total(self) -> [f32x16<S>; R] {
        let [a, b, c, d] = self.0;
        std::array::from_fn(|r| match Self::CHAINS {
            1 => a[r],
            2 => a[r] + b[r],
            _ => (a[r] + b[r]) + (c[r] + d[r]),
        })
    }
}

/// `σ` for three gates and `tanh` for the candidate, whose lanes alone are not
/// halved.
#[inline(always)]
pub(crate) fn activate<S: Simd, V: Units<S, R>, const R: usize>(
    simd: S,
    z: [f32x16<S>; R],
) -> [f32x16<S>; R] {
    let mut out = z;
    for (r, out) in out.iter_mut().enumerate() {
        let candidate = |lane: usize| (16 * r + lane) / V::LEN == 2;
        let scale = f32x16::from_fn(simd, |lane| if candidate(lane) { 1.0 } else { 0.5 });
        let shift = f32x16::from_fn(simd, |lane| if candidate(lane) { 0.0 } else { 0.5 });
        *out = tanh(simd, z[r], scale) + shift;
    }
    out
}

#[inline(always)]
pub(crate) fn load<S: Simd, V: Vector<S>>(simd: S, line: &Line) -> V {
    V::from_slice(simd, &line.0[..V::LEN])
}
