//! Cascades of biquads, channels across lanes: a recursion cannot be spread over
//! time, but many of them can be run side by side.

use fearless_simd::{Simd, prelude::*};

use super::section::{Direct, First, Group, OnePole, StateVariable, one, two};
use super::transpose::transpose;
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
    // As many vectors as lanes are held: more would be copied with them.
    match S::f32s::LEN {
        4 => groups::<S, 4>(s, bank, states, memory, at, n),
        8 => groups::<S, 8>(s, bank, states, memory, at, n),
        _ => groups::<S, 16>(s, bank, states, memory, at, n),
    }
}

/// Filters vectors of `L` channels, one after the other.
#[inline(always)]
fn groups<S: Simd, const L: usize>(
    s: S,
    bank: &Bank,
    states: &mut [f32],
    memory: &mut [f32],
    at: &[u32],
    n: usize,
) {
    let (channels, _) = bank.channels.as_chunks::<L>();
    for (g, channels) in channels.iter().enumerate() {
        let place = |id: Id| at[id as usize] as usize;
        let (from, to) = (channels.map(|c| place(c.0)), channels.map(|c| place(c.1)));
        let mut t = 0;
        while t + L <= n {
            let mut x = [S::f32s::splat(s, 0.0); L];
            for k in 0..L {
                x[k] = S::f32s::from_slice(s, &memory[from[k] + t..][..L]);
            }
            x = transpose(s, x);
            x = cascade::<S, L, true>(s, bank, g * L, states, x, L);
            x = transpose(s, x);
            for k in 0..L {
                x[k].store_slice(&mut memory[to[k] + t..][..L]);
            }
            t += L;
        }
        if t < n {
            let mut x = [S::f32s::splat(s, 0.0); L];
            for k in 0..L {
                x[k] = S::f32s::from_slice(s, &memory[from[k] + t..][..L]);
            }
            x = transpose(s, x);
            x = cascade::<S, L, false>(s, bank, g * L, states, x, n - t);
            x = transpose(s, x);
            for k in 0..L {
                memory[to[k] + t..][..n - t].copy_from_slice(&x[k].as_slice()[..n - t]);
            }
        }
    }
}

/// All sections of a vector of channels over `n` frames; `WHOLE`, over just `L`,
/// which are then kept in registers.
#[inline(always)]
fn cascade<S: Simd, const L: usize, const WHOLE: bool>(
    s: S,
    bank: &Bank,
    first: usize,
    mut states: &mut [f32],
    mut x: [S::f32s; L],
    n: usize,
) -> [S::f32s; L] {
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
                Form::OnePole => one::<S, OnePole<S>, L>(s, group(a), mine, x, n),
                Form::First => one::<S, First<S>, L>(s, group(a), mine, x, n),
                Form::Direct => one::<S, Direct<S>, L>(s, group(a), mine, x, n),
                Form::StateVariable => one::<S, StateVariable<S>, L>(s, group(a), mine, x, n),
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
fn pair<S: Simd, const L: usize>(
    s: S,
    groups: [Group<'_>; 2],
    states: &mut [f32],
    x: [S::f32s; L],
) -> [S::f32s; L] {
    use Form::Direct as D;
    match groups.map(|group| group.of.form) {
        [D, D] => two::<S, Direct<S>, Direct<S>, L>(s, groups, states, x),
        [D, _] => two::<S, Direct<S>, StateVariable<S>, L>(s, groups, states, x),
        [_, D] => two::<S, StateVariable<S>, Direct<S>, L>(s, groups, states, x),
        _ => two::<S, StateVariable<S>, StateVariable<S>, L>(s, groups, states, x),
    }
}
