//! Pairs of lines turned into one another: a matrix that varies and keeps all energy.

use fearless_simd::{Simd, prelude::*};

use crate::plan::Id;

/// The cosine and the sine of the angle of a pair at the beginning of the grid, and
/// what each moves by a frame.
pub(super) type Angle = [f32; 4];

/// Turns `n` frames, `first` being the place of the first in the grid.
///
/// Between angles cosine and sine move in straight lines, and fall short of the circle:
/// one step of Newton's method for 1/√(c² + s²) from 1 brings them back, to 10⁻⁷ and
/// better.
#[inline(always)]
pub(super) fn run<S: Simd>(
    s: S,
    pairs: &[([Id; 2], u32)],
    angles: &[Angle],
    first: f32,
    memory: &mut [f32],
    at: &[u32],
    n: usize,
) {
    let lanes = S::f32s::LEN;
    let splat = |x: f32| S::f32s::splat(s, x);
    for (rows, pair) in pairs {
        let [c, s_, dc, ds] = angles[*pair as usize].map(splat);
        let [one, two] = rows.map(|row| at[row as usize] as usize);
        let mut frame = S::f32s::from_fn(s, |lane| first + lane as f32);
        for t in (0..n).step_by(lanes) {
            let (c, s_) = (dc.mul_add(frame, c), ds.mul_add(frame, s_));
            let square = c.mul_add(c, s_ * s_);
            let scale = square.mul_add(splat(-0.5), splat(1.5));
            let (c, s_) = (c * scale, s_ * scale);
            let x = S::f32s::from_slice(s, &memory[one + t..][..lanes]);
            let y = S::f32s::from_slice(s, &memory[two + t..][..lanes]);
            let (turned, other) = (c.mul_add(x, -(s_ * y)), s_.mul_add(x, c * y));
            turned.store_slice(&mut memory[one + t..][..lanes]);
            other.store_slice(&mut memory[two + t..][..lanes]);
            frame += splat(lanes as f32);
        }
    }
}
