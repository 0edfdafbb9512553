//! A running filter of second order, four samples at a time.
//!
//! In the usual form each sample waits for the one before, some ten cycles. Here the
//! outputs of four, and the state after them, are sums of the four inputs and the
//! state before them, so that the wait comes once in four samples. In double precision:
//! at high rates the poles of low frequencies lie close to one.

use fearless_simd::{Level, Simd, dispatch, f64x4, prelude::*};

use super::filter::Coefficients;

/// Below it a number is nothing: lest states decay through denormal numbers.
const NOTHING: f64 = 1e-25;

/// The largest output, so that no row of filters makes an infinity, which would stay.
const LARGEST: f64 = 1e9;

/// Samples of a group.
const GROUP: usize = 4;

/// Groups after which a state that is nothing becomes it.
const TIDY: u32 = 16;

#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    coefficients: Coefficients,
    /// The four outputs to each of four inputs alone, then to each part of the state.
    outputs: [[f64; GROUP]; GROUP + 2],
    /// The state after a group, likewise.
    states: [[f64; 2]; GROUP + 2],
    /// That before the present group, as transposed direct form II has it.
    state: [f64; 2],
    /// Inputs of the present group, and how many.
    group: [f32; GROUP],
    filled: usize,
    /// Groups until the state is looked at.
    untidy: u32,
}

impl Section {
    /// At rest on silence.
    pub(super) fn new(coefficients: Coefficients) -> Self {
        let (mut outputs, mut states) = ([[0.0; GROUP]; GROUP + 2], [[0.0; 2]; GROUP + 2]);
        for (k, (outputs, state)) in outputs.iter_mut().zip(&mut states).enumerate() {
            let unit = |here: bool| if here { 1.0 } else { 0.0 };
            *state = [unit(k == GROUP), unit(k == GROUP + 1)];
            for (i, y) in outputs.iter_mut().enumerate() {
                *y = step(&coefficients, state, unit(i == k));
            }
        }
        Self {
            coefficients,
            outputs,
            states,
            state: [0.0; 2],
            group: [0.0; GROUP],
            filled: 0,
            untidy: TIDY,
        }
    }

    /// Filters `io` in place; how it is cut changes nothing.
    pub(super) fn process(&mut self, level: Level, io: &mut [f32]) {
        dispatch!(level, s => self.run(s, io));
    }

    #[inline(always)]
    fn run<S: Simd>(&mut self, s: S, io: &mut [f32]) {
        let begun = io.len().min((GROUP - self.filled) % GROUP);
        let (begun, io) = io.split_at_mut(begun);
        self.part(s, begun);
        let (groups, rest) = io.as_chunks_mut::<GROUP>();
        for group in groups {
            *group = self.whole(s, *group);
        }
        self.part(s, rest);
    }

    /// Less than a group, within one.
    #[inline(always)]
    fn part<S: Simd>(&mut self, s: S, io: &mut [f32]) {
        for x in io {
            self.group[self.filled] = *x;
            *x = self.answer(s, self.group)[self.filled];
            self.filled += 1;
            if self.filled == GROUP {
                self.whole(s, self.group);
                self.group = [0.0; GROUP];
                self.filled = 0;
            }
        }
    }

    /// The outputs of a group.
    #[inline(always)]
    fn answer<S: Simd>(&self, s: S, x: [f32; GROUP]) -> [f32; GROUP] {
        let mut y = f64x4::splat(s, 0.0);
        for (outputs, x) in self.outputs.iter().zip(x) {
            y = f64x4::load_array(s, *outputs).mul_add(f64x4::splat(s, f64::from(x)), y);
        }
        for (outputs, state) in self.outputs[GROUP..].iter().zip(self.state) {
            y = f64x4::load_array(s, *outputs).mul_add(f64x4::splat(s, state), y);
        }
        y.to_array().map(|y| match y.clamp(-LARGEST, LARGEST) {
            y if y.abs() < NOTHING => 0.0,
            y => y as f32,
        })
    }

    /// The outputs of a group, leaving the state after it.
    #[inline(always)]
    fn whole<S: Simd>(&mut self, s: S, x: [f32; GROUP]) -> [f32; GROUP] {
        let y = self.answer(s, x);
        // What the inputs add first: nothing of it waits for the state.
        let mut added = [0.0; 2];
        for (states, x) in self.states.iter().zip(x) {
            let x = f64::from(x);
            added = [added[0] + states[0] * x, added[1] + states[1] * x];
        }
        let ([one, two], [a, b]) = (self.state, [self.states[GROUP], self.states[GROUP + 1]]);
        self.state = [added[0] + a[0] * one + b[0] * two, added[1] + a[1] * one + b[1] * two];
        self.untidy -= 1;
        if self.untidy == 0 {
            self.untidy = TIDY;
            self.state = self.state.map(|s| if s.abs() < NOTHING { 0.0 } else { s });
        }
        y
    }

    /// Comes to rest on a constant input; returns the constant output.
    pub(super) fn rest(&mut self, x: f32) -> f32 {
        self.clear();
        let Coefficients { b: [b0, b1, b2], a: [a1, a2] } = self.coefficients;
        let x = f64::from(x);
        let y = x * (b0 + b1 + b2) / (1.0 + a1 + a2);
        let s2 = b2 * x - a2 * y;
        self.state = [b1 * x - a1 * y + s2, s2];
        y as f32
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.state = [0.0; 2];
        self.group = [0.0; GROUP];
        (self.filled, self.untidy) = (0, TIDY);
    }
}

/// A sample of transposed direct form II.
fn step(c: &Coefficients, state: &mut [f64; 2], x: f64) -> f64 {
    let y = c.b[0] * x + state[0];
    *state = [c.b[1] * x - c.a[0] * y + state[1], c.b[2] * x - c.a[1] * y];
    y
}

#[cfg(test)]
mod tests {
    use cpu::Isa;

    use super::*;

    /// A resonance at a thousandth of the rate.
    fn sharp() -> Coefficients {
        let (w, alpha) = (std::f64::consts::TAU * 1e-3, 1e-4);
        let a0 = 1.0 + alpha;
        let b = 0.5 * (1.0 - w.cos()) / a0;
        Coefficients { b: [b, 2.0 * b, b], a: [-2.0 * w.cos() / a0, (1.0 - alpha) / a0] }
    }

    fn noise(n: usize) -> Vec<f32> {
        let mut seed = 1u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / 8_388_608.0 - 1.0
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn four_at_a_time_are_one_at_a_time() {
        let x = noise(20_000);
        let mut state = [0.0; 2];
        let wanted: Vec<f64> =
            x.iter().map(|x| step(&sharp(), &mut state, f64::from(*x))).collect();
        for isa in Isa::available() {
            let mut io = x.clone();
            Section::new(sharp()).process(isa.level(), &mut io);
            for (y, wanted) in io.iter().zip(&wanted) {
                assert!((f64::from(*y) - wanted).abs() <= 2e-7 * wanted.abs().max(0.1), "{isa:?}");
            }
        }
    }

    #[test]
    fn no_cut_changes_a_bit() {
        let x = noise(1000);
        for isa in Isa::available() {
            let mut whole = x.clone();
            Section::new(sharp()).process(isa.level(), &mut whole);
            for cut in [1, 2, 3, 5, 7, 64] {
                let (mut parts, mut section) = (x.clone(), Section::new(sharp()));
                parts.chunks_mut(cut).for_each(|part| section.process(isa.level(), part));
                let same = parts.iter().zip(&whole).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{isa:?} in parts of {cut}");
            }
        }
    }

    #[test]
    fn rest_is_where_a_constant_leads() {
        let (level, mut long) = (Isa::best().level(), Section::new(sharp()));
        let mut io = vec![0.25; 200_000];
        long.process(level, &mut io);
        let mut rested = Section::new(sharp());
        assert!((rested.rest(0.25) - io[199_999]).abs() < 1e-6);
        let (mut a, mut b) = ([0.25, 0.5, -1.0], [0.25, 0.5, -1.0]);
        long.process(level, &mut a);
        rested.process(level, &mut b);
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?} {b:?}");
    }
}
