//! Cascades of biquads, channels across lanes: a recursion cannot be spread over
//! time, but many of them can be run side by side.

use std::ops::Range;

use fearless_simd::{Simd, prelude::*};

use crate::plan::{Bank, Form, Id, Sections};

/// The most lanes there are.
const MOST: usize = 16;

/// Filters the first `n` frames; nothing beyond them is touched.
#[inline(always)]
pub(super) fn run<S: Simd>(
    s: S,
    bank: &Bank,
    states: &mut [f32],
    memory: &mut [f32],
    at: &[u32],
    n: usize,
) {
    let lanes = S::f32s::LEN;
    let states = &mut states[bank.states..][..2 * bank.width * bank.sections.len()];
    for (g, channels) in bank.channels.chunks_exact(lanes).enumerate() {
        let mut t = 0;
        while t + lanes <= n {
            block::<S, true>(s, bank, g * lanes, channels, states, memory, at, t..t + lanes);
            t += lanes;
        }
        if t < n {
            block::<S, false>(s, bank, g * lanes, channels, states, memory, at, t..n);
        }
    }
}

/// Filters a vector of channels over up to a vector of frames; `WHOLE`, over just
/// that, which is then kept in registers.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a kernel within a double loop")]
fn block<S: Simd, const WHOLE: bool>(
    s: S,
    bank: &Bank,
    group: usize,
    channels: &[(Id, Id)],
    states: &mut [f32],
    memory: &mut [f32],
    at: &[u32],
    frames: Range<usize>,
) {
    let lanes = S::f32s::LEN;
    let n = if WHOLE { lanes } else { frames.len() };
    let channels = &channels[..lanes];
    let mut x = [S::f32s::splat(s, 0.0); MOST];
    for k in 0..lanes {
        let from = at[channels[k].0 as usize] as usize + frames.start;
        x[k] = S::f32s::from_slice(s, &memory[from..][..lanes]);
    }
    x = transpose::<S>(x);
    let pairs = states.chunks_exact_mut(2 * bank.width);
    for (section, states) in bank.sections.iter().zip(pairs) {
        let (one, two) = states.split_at_mut(bank.width);
        let (one, two) = (&mut one[group..group + lanes], &mut two[group..group + lanes]);
        let width = bank.width;
        x = match section.form {
            Form::OnePole => one_pole(s, c(s, section, width, group), one, x, n),
            Form::First => first(s, c(s, section, width, group), one, x, n),
            Form::Direct => direct(s, c(s, section, width, group), one, two, x, n),
            Form::StateVariable => state_variable(s, c(s, section, width, group), one, two, x, n),
        };
    }
    x = transpose::<S>(x);
    for k in 0..lanes {
        let to = at[channels[k].1 as usize] as usize + frames.start;
        if WHOLE {
            x[k].store_slice(&mut memory[to..][..lanes]);
        } else {
            memory[to..][..n].copy_from_slice(&x[k].as_slice()[..n]);
        }
    }
}

/// Vectors of channels, one for each frame.
pub(super) type Frames<S> = [<S as Simd>::f32s; MOST];

/// The coefficients of a group of channels.
#[inline(always)]
fn c<S: Simd, const N: usize>(s: S, of: &Sections, width: usize, group: usize) -> [S::f32s; N] {
    let mut c = [S::f32s::splat(s, 0.0); N];
    for (c, all) in c.iter_mut().zip(of.coefficients.chunks_exact(width)) {
        *c = S::f32s::from_slice(s, &all[group..group + S::f32s::LEN]);
    }
    c
}

#[inline(always)]
fn one_pole<S: Simd>(
    s: S,
    [b0, a1]: [S::f32s; 2],
    state: &mut [f32],
    mut x: Frames<S>,
    n: usize,
) -> Frames<S> {
    let mut y = S::f32s::from_slice(s, state);
    for x in &mut x[..n] {
        y = (-a1).mul_add(y, b0 * *x);
        *x = y;
    }
    y.store_slice(state);
    x
}

#[inline(always)]
fn first<S: Simd>(
    s: S,
    [b0, b1, a1]: [S::f32s; 3],
    state: &mut [f32],
    mut x: Frames<S>,
    n: usize,
) -> Frames<S> {
    let mut s1 = S::f32s::from_slice(s, state);
    for x in &mut x[..n] {
        let y = b0.mul_add(*x, s1);
        s1 = (-a1).mul_add(y, b1 * *x);
        *x = y;
    }
    s1.store_slice(state);
    x
}

#[inline(always)]
fn direct<S: Simd>(
    s: S,
    [b0, b1, b2, a1, a2]: [S::f32s; 5],
    one: &mut [f32],
    two: &mut [f32],
    mut x: Frames<S>,
    n: usize,
) -> Frames<S> {
    let (mut s1, mut s2) = (S::f32s::from_slice(s, one), S::f32s::from_slice(s, two));
    for x in &mut x[..n] {
        let y = b0.mul_add(*x, s1);
        s1 = (-a1).mul_add(y, b1.mul_add(*x, s2));
        s2 = (-a2).mul_add(y, b2 * *x);
        *x = y;
    }
    s1.store_slice(one);
    s2.store_slice(two);
    x
}

/// The trapezoidal state variable filter (Simper, "Solving the continuous SVF
/// equations using trapezoidal integration and equivalent currents", 2011), its
/// states written as what they were plus a small change, so that the change
/// keeps all its digits.
#[inline(always)]
fn state_variable<S: Simd>(
    s: S,
    [through, p, b, q, c1, c2]: [S::f32s; 6],
    one: &mut [f32],
    two: &mut [f32],
    mut x: Frames<S>,
    n: usize,
) -> Frames<S> {
    let (mut s1, mut s2) = (S::f32s::from_slice(s, one), S::f32s::from_slice(s, two));
    for x in &mut x[..n] {
        let e = *x - s2;
        let y = c2.mul_add(s2, c1.mul_add(s1, through * *x));
        let (kept, moved) = ((-b).mul_add(s1, s1), p.mul_add(s1, s2));
        (s1, s2) = (p.mul_add(e, kept), q.mul_add(e, moved));
        *x = y;
    }
    s1.store_slice(one);
    s2.store_slice(two);
    x
}

/// Exchanges lanes and vectors: of the first `LEN` of each.
#[inline(always)]
pub(super) fn transpose<S: Simd>(mut x: Frames<S>) -> Frames<S> {
    let lanes = S::f32s::LEN;
    let mut step = 1;
    while step < lanes {
        let before = x;
        for i in 0..lanes / 2 {
            let (low, high) = before[i].interleave(before[i + lanes / 2]);
            x[2 * i] = low;
            x[2 * i + 1] = high;
        }
        step *= 2;
    }
    x
}
