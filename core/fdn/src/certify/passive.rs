//! Whether nothing in a loop ever adds energy: then lines may be turned into one
//! another, and their gains and filters moved, in any way that adds none either.
//!
//! Around a loop, its lines and its matrix take turns. If each filter passes nothing
//! louder than it came, and M(ω) has no singular value above one, every turn returns
//! at most the energy it was sent, whatever else that does not add any is put between
//! them, at any speed: the product of contractions is one.

use std::collections::BinaryHeap;

use super::bound::norm;
use super::filter::{Arc, Response};
use super::loops::{Line, Loop, Part, loops};
use super::{Conditions, margin};
use crate::network::Network;
use crate::passivity::{Passivity, Turn};

/// Arcs looked at for the most a filter passes, or a matrix returns.
const ARCS: usize = 4096;
/// How close to what is somewhere the bound of a filter should come.
const CLOSE: f64 = 1e-4;

/// How far `network` is passive; none if some loop is not, or it cannot be shown.
pub(crate) fn passivity(network: &Network) -> Option<Passivity> {
    network.check().ok()?;
    let (mut decay, mut turns, mut loudest) = (f64::INFINITY, Vec::new(), 0.0_f64);
    for each in loops(network, &Conditions::default()) {
        let one = each.ok()?;
        if one.at_once() < 1e-12 || !returns_no_more(&one) {
            return None;
        }
        for line in &one.lines {
            let peak = peak(&line.response)?;
            loudest = loudest.max(peak);
            turns.push(turn(line)?);
            if line.delay > 0.0 {
                decay = decay.min(-peak.log2() / line.delay);
            } else if peak > 1.0 {
                return None;
            }
        }
    }
    let (first, last) = (turns.contains(&Turn::First), turns.contains(&Turn::Last));
    let turn = match (first, last) {
        (false, false) => Turn::Any,
        (false, true) => Turn::Last,
        _ => Turn::First,
    };
    if first && last {
        // On one side or the other of the turn a filter stands alone, and so does what
        // the line gains.
        decay = decay.min(0.0);
    }
    (!(first && last && loudest > 1.0)).then_some(Passivity { decay, turn })
}

/// Whether no M(ω) of `of` returns more than it is sent.
fn returns_no_more(of: &Loop) -> bool {
    let still = vec![0.0; of.lines.len()];
    let open = of.without_filters();
    let enough = 1.0 + margin(of.lines.len());
    let mut left = vec![Arc { from: 0.0, to: std::f64::consts::PI }];
    let mut looked = 0;
    while let Some(arc) = left.pop() {
        looked += 1;
        if norm(&open, arc, &still) <= enough {
            continue;
        }
        if looked > ARCS || norm(&open, Arc::point(arc.middle()), &still) > enough {
            return false;
        }
        left.extend(arc.halves());
    }
    true
}

/// On which side of its delay a line has its filters; none if on both, or if gains
/// between them make up for one another.
fn turn(line: &Line) -> Option<Turn> {
    let mut sides = line.parts.split(|p| *p == Part::Delay);
    let (before, after) = (sides.next()?, sides.next());
    if sides.next().is_some() {
        return None;
    }
    let idle = |parts: &[Part]| parts.iter().all(|p| matches!(p, Part::Gain(g) if g.abs() == 1.0));
    match after {
        // A filter that feeds itself.
        None => Some(Turn::Any),
        Some(after) if idle(before) && idle(after) => Some(Turn::Any),
        Some(after) if idle(before) && after.len() == 1 => Some(Turn::First),
        Some(after) if idle(after) && before.len() == 1 => Some(Turn::Last),
        Some(_) => None,
    }
}

/// The most a line passes of any frequency, proven; none if that takes too long.
fn peak(of: &Response) -> Option<f64> {
    let whole = Arc { from: 0.0, to: std::f64::consts::PI };
    let mut heap = BinaryHeap::from([Piece { most: of.most(whole), arc: whole }]);
    for _ in 0..ARCS {
        let piece = heap.pop()?;
        let here = of.at(piece.arc.middle()).norm();
        if piece.most <= 1.0 || piece.most <= here * (1.0 + CLOSE) || piece.arc.width() < 1e-9 {
            return Some(piece.most).filter(|m| m.is_finite());
        }
        heap.extend(piece.arc.halves().map(|arc| Piece { most: of.most(arc), arc }));
    }
    None
}

struct Piece {
    most: f64,
    arc: Arc,
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Piece {}

impl PartialOrd for Piece {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Piece {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.most.total_cmp(&other.most)
    }
}
