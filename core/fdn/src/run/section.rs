//! Biquads, a vector of channels at a time.

use fearless_simd::{Simd, prelude::*};

use crate::plan::Sections;

/// A vector of single precision, of any width.
pub(super) trait Floats<S: Simd>: SimdFloat<S, Element = f32> {}

impl<S: Simd, V: SimdFloat<S, Element = f32>> Floats<S> for V {}

/// A vector of the channels of some sections, by the first of them.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) of: &'a Sections,
    pub(super) width: usize,
    pub(super) first: usize,
}

impl Group<'_> {
    /// Its coefficients.
    #[inline(always)]
    fn coefficients<S: Simd, V: Floats<S>, const N: usize>(&self, s: S) -> [V; N] {
        let mut c = [V::splat(s, 0.0); N];
        for (k, c) in c.iter_mut().enumerate() {
            let from = k * self.width + self.first;
            *c = V::from_slice(s, &self.of.coefficients[from..from + V::LEN]);
        }
        c
    }

    /// One of its two states among those of the sections.
    #[inline(always)]
    fn load<S: Simd, V: Floats<S>>(&self, s: S, states: &[f32], which: usize) -> V {
        V::from_slice(s, &states[which * self.width + self.first..][..V::LEN])
    }

    #[inline(always)]
    fn save<V: Floats<S>, S: Simd>(&self, x: V, states: &mut [f32], which: usize) {
        x.store_slice(&mut states[which * self.width + self.first..][..V::LEN]);
    }
}

/// A section of a vector of channels: its coefficients and states, in registers.
pub(super) trait Filter<S: Simd, V: Floats<S>>: Sized {
    fn load(s: S, group: Group<'_>, states: &[f32]) -> Self;

    /// The next frame.
    fn tick(&mut self, x: V) -> V;

    fn save(self, group: Group<'_>, states: &mut [f32]);
}

/// One section over the first `n` frames.
#[inline(always)]
pub(super) fn one<S: Simd, V: Floats<S>, A: Filter<S, V>, const L: usize>(
    s: S,
    group: Group<'_>,
    states: &mut [f32],
    mut x: [V; L],
    n: usize,
) -> [V; L] {
    let mut a = A::load(s, group, states);
    for x in &mut x[..n] {
        *x = a.tick(*x);
    }
    a.save(group, states);
    x
}

/// Two sections over all frames, the second a frame behind the first. Each frame
/// of a section waits for the one before it; two chains wait half as long.
#[inline(always)]
pub(super) fn two<S: Simd, V: Floats<S>, A: Filter<S, V>, B: Filter<S, V>, const L: usize>(
    s: S,
    [first, second]: [Group<'_>; 2],
    states: &mut [f32],
    mut x: [V; L],
) -> [V; L] {
    let (states_a, states_b) = states.split_at_mut(2 * first.width);
    let (mut a, mut b) = (A::load(s, first, states_a), B::load(s, second, states_b));
    let mut between = a.tick(x[0]);
    for t in 1..L {
        let next = a.tick(x[t]);
        x[t - 1] = b.tick(between);
        between = next;
    }
    x[L - 1] = b.tick(between);
    a.save(first, states_a);
    b.save(second, states_b);
    x
}

/// y = b₀x − a₁y₋₁.
pub(super) struct OnePole<V> {
    c: [V; 2],
    y: V,
}

impl<S: Simd, V: Floats<S>> Filter<S, V> for OnePole<V> {
    #[inline(always)]
    fn load(s: S, group: Group<'_>, states: &[f32]) -> Self {
        Self { c: group.coefficients(s), y: group.load(s, states, 0) }
    }

    #[inline(always)]
    fn tick(&mut self, x: V) -> V {
        let [b0, a1] = self.c;
        self.y = (-a1).mul_add(self.y, b0 * x);
        self.y
    }

    #[inline(always)]
    fn save(self, group: Group<'_>, states: &mut [f32]) {
        group.save(self.y, states, 0);
    }
}

/// First order, transposed direct form.
pub(super) struct First<V> {
    c: [V; 3],
    s1: V,
}

impl<S: Simd, V: Floats<S>> Filter<S, V> for First<V> {
    #[inline(always)]
    fn load(s: S, group: Group<'_>, states: &[f32]) -> Self {
        Self { c: group.coefficients(s), s1: group.load(s, states, 0) }
    }

    #[inline(always)]
    fn tick(&mut self, x: V) -> V {
        let [b0, b1, a1] = self.c;
        let y = b0.mul_add(x, self.s1);
        self.s1 = (-a1).mul_add(y, b1 * x);
        y
    }

    #[inline(always)]
    fn save(self, group: Group<'_>, states: &mut [f32]) {
        group.save(self.s1, states, 0);
    }
}

/// Transposed direct form II.
pub(super) struct Direct<V> {
    c: [V; 5],
    s1: V,
    s2: V,
}

impl<S: Simd, V: Floats<S>> Filter<S, V> for Direct<V> {
    #[inline(always)]
    fn load(s: S, group: Group<'_>, states: &[f32]) -> Self {
        let (s1, s2) = (group.load(s, states, 0), group.load(s, states, 1));
        Self { c: group.coefficients(s), s1, s2 }
    }

    #[inline(always)]
    fn tick(&mut self, x: V) -> V {
        let [b0, b1, b2, a1, a2] = self.c;
        let y = b0.mul_add(x, self.s1);
        self.s1 = (-a1).mul_add(y, b1.mul_add(x, self.s2));
        self.s2 = (-a2).mul_add(y, b2 * x);
        y
    }

    #[inline(always)]
    fn save(self, group: Group<'_>, states: &mut [f32]) {
        group.save(self.s1, states, 0);
        group.save(self.s2, states, 1);
    }
}

/// The trapezoidal state variable filter (Simper, "Solving the continuous SVF
/// equations using trapezoidal integration and equivalent currents", 2011), its
/// states written as what they were plus a small change, so that the change
/// keeps all its digits.
pub(super) struct StateVariable<V> {
    c: [V; 6],
    s1: V,
    s2: V,
}

impl<S: Simd, V: Floats<S>> Filter<S, V> for StateVariable<V> {
    #[inline(always)]
    fn load(s: S, group: Group<'_>, states: &[f32]) -> Self {
        let (s1, s2) = (group.load(s, states, 0), group.load(s, states, 1));
        Self { c: group.coefficients(s), s1, s2 }
    }

    #[inline(always)]
    fn tick(&mut self, x: V) -> V {
        let ([through, p, b, q, c1, c2], s1, s2) = (self.c, self.s1, self.s2);
        let e = x - s2;
        let y = c2.mul_add(s2, c1.mul_add(s1, through * x));
        let (kept, moved) = ((-b).mul_add(s1, s1), p.mul_add(s1, s2));
        (self.s1, self.s2) = (p.mul_add(e, kept), q.mul_add(e, moved));
        y
    }

    #[inline(always)]
    fn save(self, group: Group<'_>, states: &mut [f32]) {
        group.save(self.s1, states, 0);
        group.save(self.s2, states, 1);
    }
}
