//! Handing what rings in one network to another.

use std::ops::Range;

use super::Reverb;
use super::line::before;
use crate::plan::{Bank, FRAMES, Plan, Ring, STRIDE, Step};

impl Reverb {
    /// Takes over what rings in the lines of `other`, by their names, as far back as it
    /// hears them, and where `other` is in time; all of its own is forgotten. Filters of
    /// the same kinds go on where those of `other` are.
    ///
    /// Returns whether each has exactly the lines of the other: if not, a part of the
    /// sound is missing. Real-time safe; it copies what is copied once.
    pub fn adopt(&mut self, other: &Self) -> bool {
        self.motion.snap(&self.plan);
        self.motion.adopt(&other.motion);
        self.memory.fill(0.0);
        self.heads.fill(0);
        self.states.fill(0.0);
        self.phase = other.phase;
        let plan = self.plan.clone();
        let rings = self.skip + plan.rows * STRIDE;
        let same = each_pair(&plan, &other.plan, |to, from| {
            write(&plan.rings[to], &mut self.memory[rings..], other.past(from));
        });
        if alike(&self.plan, &other.plan) {
            self.states.copy_from_slice(&other.states);
        }
        same
    }

    /// Lets the last grid that each line was given be a mixture with what the same line
    /// of `other`, which is where it is in time, was given: `share` tells of each frame
    /// how much of its own there is. A loop that closes otherwise than the one it
    /// goes on for would else go round with an edge. Real-time safe.
    pub(crate) fn lean(&mut self, other: &Self, share: impl Fn(usize) -> f32) {
        let plan = self.plan.clone();
        let rings = self.skip + plan.rows * STRIDE;
        each_pair(&plan, &other.plan, |to, from| {
            let (own, theirs) = (&plan.rings[to], &other.plan.rings[from]);
            let n = FRAMES.min(own.reach).min(theirs.reach);
            for age in 1..=n {
                let at = own.at + before(own, self.heads[to] as usize, age);
                let from = theirs.at + before(theirs, other.heads[from] as usize, age);
                let x = other.memory[other.skip + other.plan.rows * STRIDE + from];
                let mixed = x + share(FRAMES - age) * (self.memory[rings + at] - x);
                self.memory[rings + at] = mixed;
                if at - own.at < own.twice {
                    self.memory[rings + at + own.period] = mixed;
                }
            }
        });
    }

    /// What a line remembers, in two pieces, the older first.
    fn past(&self, ring: usize) -> [&[f32]; 2] {
        let (Ring { at, period, reach, .. }, head) = (&self.plan.rings[ring], self.heads[ring]);
        let memory = &self.memory[self.skip + self.plan.rows * STRIDE + at..][..*period];
        let head = head as usize;
        let before: Range<usize> = (period + head).saturating_sub(*reach).min(*period)..*period;
        [&memory[before], &memory[head.saturating_sub(*reach)..head]]
    }
}

/// Does something with the rings of each line that two plans have both. Returns whether
/// there are no others.
fn each_pair(own: &Plan, other: &Plan, mut act: impl FnMut(usize, usize)) -> bool {
    let (own, others) = (&own.keys, &other.keys);
    let (mut i, mut k, mut same) = (0, 0, own.len() == others.len());
    while let (Some((key, to)), Some((theirs, from))) = (own.get(i), others.get(k)) {
        if key == theirs {
            act(*to as usize, *from as usize);
        } else {
            same = false;
        }
        (i, k) = (i + usize::from(key <= theirs), k + usize::from(theirs <= key));
    }
    same
}

/// Lets `past` be what `ring` remembers when its present is at its beginning.
fn write(ring: &Ring, memory: &mut [f32], past: [&[f32]; 2]) {
    let memory = &mut memory[ring.at..][..ring.period + ring.twice];
    let mut end = ring.period;
    for piece in past.into_iter().rev() {
        let piece = &piece[piece.len() - piece.len().min(end)..];
        memory[end - piece.len()..end].copy_from_slice(piece);
        end -= piece.len();
    }
    memory.copy_within(0..ring.twice, ring.period);
}

/// Whether the filters of two plans have the same states.
fn alike(one: &Plan, other: &Plan) -> bool {
    let (mut one, mut other) = (one.stateful(), other.stateful());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if same_states(a, b) => {}
            _ => return false,
        }
    }
}

fn same_states(one: &Step, other: &Step) -> bool {
    match (one, other) {
        (Step::Filter(a), Step::Filter(b)) => {
            let forms = |bank: &Bank, k: usize| bank.sections.get(k).map(|s| s.form);
            let count = a.sections.len().max(b.sections.len());
            a.states == b.states
                && a.width == b.width
                && (0..count).all(|k| forms(a, k) == forms(b, k))
        }
        (Step::Shelve(a), Step::Shelve(b)) => {
            a.states == b.states && a.channels.len() == b.channels.len()
        }
        _ => false,
    }
}
