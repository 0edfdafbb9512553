//! How a program is cut into stages, and what lies in the memory of the card.

use std::collections::BTreeSet;
use std::ops::Range;

use nn::program::{Id, Op, Program};

/// Where a signal lies in the memory of a lane: a ring of frames a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    /// Floats before its first row.
    pub(crate) offset: usize,
    /// A power of two.
    pub(crate) frames: usize,
    pub(crate) rows: usize,
    /// Whether it has a past, which must be at rest before the first frame.
    pub(crate) past: bool,
}

/// Operations of which every frame is computed by itself: whatever they read of other
/// frames, stages before have written.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) ops: Range<usize>,
    /// Signals that later stages or later frames read.
    pub(crate) stores: Vec<Id>,
}

/// A program laid out for blocks of some length.
pub(crate) struct Plan {
    pub(crate) stages: Vec<Stage>,
    /// By buffer; none for those that never leave a stage.
    pub(crate) rings: Vec<Option<Ring>>,
    /// Floats of a lane.
    pub(crate) floats: usize,
}

impl Plan {
    /// For blocks of up to `block` frames, a power of two.
    pub(crate) fn new(program: &Program, block: usize) -> Self {
        let cuts = stages(program);
        let uses: Vec<Uses> = cuts.iter().map(|ops| Uses::of(program, ops)).collect();
        let mut floats = 0;
        let mut rings = Vec::new();
        for (i, buffer) in program.buffers.iter().enumerate() {
            let kept = buffer.reach > 0 || uses.iter().any(|u| u.needs.contains(&i));
            rings.push(kept.then(|| {
                let frames = (buffer.reach + block).next_power_of_two();
                let ring =
                    Ring { offset: floats, frames, rows: buffer.rows, past: buffer.reach > 0 };
                floats += frames * buffer.rows;
                ring
            }));
        }
        let wanted = |s: usize, id: usize| {
            program.buffers[id].reach > 0
                || uses[s + 1..]
                    .iter()
                    .find_map(|u| match (u.needs.contains(&id), u.writes.contains(&id)) {
                        (true, _) => Some(true),
                        (false, true) => Some(false),
                        _ => None,
                    })
                    .unwrap_or(false)
        };
        let stage = |(s, ops): (usize, &Range<usize>)| {
            let stores = uses[s].writes.iter().filter(|id| wanted(s, **id)).map(|id| Id(*id));
            Stage { ops: ops.clone(), stores: stores.collect() }
        };
        let stages = cuts.iter().enumerate().map(stage).collect();
        Self { stages, rings, floats }
    }
}

/// Cuts before an operation that reads the past of what its stage writes, or that
/// writes what its stage reads the past of.
fn stages(program: &Program) -> Vec<Range<usize>> {
    let mut cuts = Vec::new();
    let mut start = 0;
    let mut written = BTreeSet::from([program.input.0]);
    let mut delayed = BTreeSet::new();
    for (i, op) in program.ops.iter().enumerate() {
        let past: Vec<usize> = past(op).collect();
        let waits = past.iter().any(|id| written.contains(id));
        if waits || writes(op).into_iter().flatten().any(|id| delayed.contains(&id.0)) {
            cuts.push(start..i);
            start = i;
            written.clear();
            delayed.clear();
        }
        delayed.extend(past);
        written.extend(writes(op).into_iter().flatten().map(|id| id.0));
    }
    cuts.push(start..program.ops.len());
    cuts
}

/// What a stage has to do with signals, by index.
#[derive(Default)]
struct Uses {
    /// Read at the present frame before the stage writes it.
    needs: BTreeSet<usize>,
    writes: BTreeSet<usize>,
}

impl Uses {
    fn of(program: &Program, ops: &Range<usize>) -> Self {
        let mut uses = Self::default();
        if ops.start == 0 {
            uses.writes.insert(program.input.0);
        }
        for op in &program.ops[ops.clone()] {
            for id in reads(op) {
                if !uses.writes.contains(&id.0) {
                    uses.needs.insert(id.0);
                }
            }
            uses.writes.extend(writes(op).into_iter().flatten().map(|id| id.0));
        }
        if ops.end == program.ops.len() && !uses.writes.contains(&program.output.0) {
            uses.needs.insert(program.output.0);
        }
        uses
    }
}

/// Signals of whose past an operation reads.
fn past(op: &Op) -> impl Iterator<Item = usize> {
    let taps = if let Op::Mac(mac) = op { &mac.taps[..] } else { &[] };
    taps.iter().filter(|tap| tap.delay > 0).map(|tap| tap.from.0)
}

/// Signals of which an operation reads the present frame.
pub(crate) fn reads(op: &Op) -> Vec<Id> {
    match op {
        Op::Mac(mac) => {
            let taps = mac.taps.iter().filter(|tap| tap.delay == 0).map(|tap| tap.from);
            let sum = mac.sum.filter(|(_, first)| !first).map(|(id, _)| id);
            taps.chain(mac.residual).chain(sum).collect()
        }
        Op::Activate { from, .. } | Op::Pair { from, .. } => vec![*from],
        Op::Film { from, scale, .. } => vec![*from, *scale],
        Op::Softmax { to } => vec![*to],
        Op::Add { from, with, .. } => std::iter::once(*from).chain(*with).collect(),
    }
}

/// Signals an operation writes.
pub(crate) fn writes(op: &Op) -> [Option<Id>; 2] {
    match op {
        Op::Mac(mac) => [mac.to, mac.sum.map(|(id, _)| id)],
        Op::Activate { to, .. } | Op::Pair { to, .. } | Op::Film { to, .. } => [Some(*to), None],
        Op::Add { to, .. } | Op::Softmax { to } => [Some(*to), None],
    }
}
