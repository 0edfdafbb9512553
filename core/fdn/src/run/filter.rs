//! Cascades of biquads, channels across lanes: a recursion cannot be spread over
//! time, but many of them can be run side by side.

use std::ops::Range;

use fearless_simd::{Simd, f32x4, f32x8, prelude::*};

use super::section::{Direct, First, Floats, Group, OnePole, StateVariable, one, two};
use super::transpose::{load, transpose};
use crate::plan::{Bank, Form, Id, Sections};

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
    let states = &mut states[bank.states..][..2 * bank.width * bank.sections.len()];
    let lanes = S::f32s::LEN;
    let (whole, left) = (bank.heard / lanes * lanes, bank.heard % lanes);
    // Nobody hears the channels that fill the last vector: the narrowest will do.
    let first = if left > lanes / 2 { bank.heard } else { whole };
    let all = Channels { bank, at, n };
    match lanes {
        4 => all.filter::<S, S::f32s, 4>(s, 0..bank.heard, states, memory),
        8 => all.filter::<S, S::f32s, 8>(s, 0..first, states, memory),
        _ => all.filter::<S, S::f32s, 16>(s, 0..first, states, memory),
    }
    match bank.heard.saturating_sub(first) {
        0 => {}
        _ if lanes == 4 => {}
        1..=4 => all.filter::<S, f32x4<S>, 4>(s, first..bank.heard, states, memory),
        _ => all.filter::<S, f32x8<S>, 8>(s, first..bank.heard, states, memory),
    }
}

/// The channels of a bank, where they are, and over how many frames to run them.
#[derive(Clone, Copy)]
struct Channels<'a> {
    bank: &'a Bank,
    at: &'a [u32],
    n: usize,
}

impl Channels<'_> {
    /// Filters the channels `which` in vectors of `L`, one after the other.
    #[inline(always)]
    fn filter<S: Simd, V: Floats<S>, const L: usize>(
        self,
        s: S,
        which: Range<usize>,
        states: &mut [f32],
        memory: &mut [f32],
    ) {
        for first in which.step_by(L) {
            let (from, to) = self.places::<L>(first);
            let mut t = 0;
            while t + L <= self.n {
                let mut x = load::<S, V, L>(s, memory, &from, t);
                x = cascade::<S, V, L, true>(s, self.bank, first, states, x, L);
                x = transpose(s, x);
                for k in 0..L {
                    x[k].store_slice(&mut memory[to[k] + t..][..L]);
                }
                t += L;
            }
            let rest = self.n - t;
            if rest > 0 {
                let mut x = load::<S, V, L>(s, memory, &from, t);
                x = cascade::<S, V, L, false>(s, self.bank, first, states, x, rest);
                x = transpose(s, x);
                for k in 0..L {
                    memory[to[k] + t..][..rest].copy_from_slice(&x[k].as_slice()[..rest]);
                }
            }
        }
    }

    /// From where to where `L` channels go.
    #[inline(always)]
    fn places<const L: usize>(self, first: usize) -> ([usize; L], [usize; L]) {
        let place = |id: Id| self.at[id as usize] as usize;
        let (mut from, mut to) = ([0; L], [0; L]);
        for (k, channel) in self.bank.channels[first..first + L].iter().enumerate() {
            (from[k], to[k]) = (place(channel.0), place(channel.1));
        }
        (from, to)
    }
}

/// All sections of a vector of channels over `n` frames; `WHOLE`, over just `L`,
/// which are then kept in registers.
#[inline(always)]
fn cascade<S: Simd, V: Floats<S>, const L: usize, const WHOLE: bool>(
    s: S,
    bank: &Bank,
    first: usize,
    mut states: &mut [f32],
    mut x: [V; L],
    n: usize,
) -> [V; L] {
    let n = if WHOLE { L } else { n };
    let width = bank.width;
    let group = |of| Group { of, width, first };
    let mut sections = &bank.sections[..];
    while let [a, rest @ ..] = sections {
        if WHOLE
            && let [b, rest @ ..] = rest
            && second_order(a)
            && second_order(b)
        {
            let (mine, others) = states.split_at_mut(4 * width);
            x = pair(s, [group(a), group(b)], mine, x);
            (sections, states) = (rest, others);
        } else {
            let (mine, others) = states.split_at_mut(2 * width);
            x = match a.form {
                Form::OnePole => one::<S, V, OnePole<V>, L>(s, group(a), mine, x, n),
                Form::First => one::<S, V, First<V>, L>(s, group(a), mine, x, n),
                Form::Direct => one::<S, V, Direct<V>, L>(s, group(a), mine, x, n),
                Form::StateVariable => one::<S, V, StateVariable<V>, L>(s, group(a), mine, x, n),
            };
            (sections, states) = (rest, others);
        }
    }
    x
}

fn second_order(sections: &Sections) -> bool {
    matches!(sections.form, Form::Direct | Form::StateVariable)
}

/// Two sections of second order.
#[inline(always)]
fn pair<S: Simd, V: Floats<S>, const L: usize>(
    s: S,
    groups: [Group<'_>; 2],
    states: &mut [f32],
    x: [V; L],
) -> [V; L] {
    use Form::Direct as D;
    match groups.map(|group| group.of.form) {
        [D, D] => two::<S, V, Direct<V>, Direct<V>, L>(s, groups, states, x),
        [D, _] => two::<S, V, Direct<V>, StateVariable<V>, L>(s, groups, states, x),
        [_, D] => two::<S, V, StateVariable<V>, Direct<V>, L>(s, groups, states, x),
        _ => two::<S, V, StateVariable<V>, StateVariable<V>, L>(s, groups, states, x),
    }
}
