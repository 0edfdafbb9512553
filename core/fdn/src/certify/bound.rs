//! A bound of what a loop returns of what is sent into it, proven at every frequency.
//!
//! If on the whole unit circle some diagonal S has ‖S·M·|D|·S⁻¹‖ < 1, then no
//! I − τ·M·D with 0 ≤ τ ≤ 1 is singular there, so all poles stay where those of no
//! feedback are, inside: for any lengths of the delays, as S and |D| do not know
//! them. The norm grows with each |dᵢ|, so the most each can be on an arc bounds it
//! on all of that arc, and no peak is missed, however narrow. Arcs are halved until
//! proven, or until the norm in the middle of one is too large itself.

use std::collections::BinaryHeap;
use std::rc::Rc;

use super::filter::Arc;
use super::loops::Loop;
use super::scaling::{norm_above, norm_of_radii, scaled, search};

/// An arc and what is known of it.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) arc: Arc,
    /// log S.
    pub(super) scale: Rc<[f64]>,
    /// The norm is proven to be no more on all of the arc.
    pub(super) above: f64,
    /// The norm in its middle, with the best S tried.
    here: f64,
}

/// What is known of a whole loop.
pub(super) struct Bound {
    /// The norm nowhere exceeds it, if `proven`; else what it is somewhere at least,
    /// with the best S found.
    pub(super) most: f64,
    /// Where, in rad.
    pub(super) at: f64,
    /// Whether `most` is proven to bound.
    pub(super) proven: bool,
    /// Whether it is proven to be below one by the margin everywhere.
    pub(super) proven_below: bool,
    /// In order, from 0 to π.
    pub(super) pieces: Vec<Piece>,
}

/// How close to the largest norm found the proven bound should come.
pub(super) const TIGHT: f64 = 2e-3;
/// Arcs narrower than this are not halved: some 10 µHz.
const NARROWEST: f64 = 1e-9;

impl Piece {
    fn new(of: &Loop, arc: Arc, scale: Rc<[f64]>) -> Self {
        let above = norm(of, arc, &scale);
        let here = norm(of, Arc::point(arc.middle()), &scale);
        Self { arc, scale, above, here }
    }

    /// With the same S, or a better one where that does not do.
    fn better(of: &Loop, arc: Arc, scale: &Rc<[f64]>, enough: f64) -> Self {
        let mut best = Self::new(of, arc, Rc::clone(scale));
        // An S for the middle, and one for the most there is on the arc: the former is
        // better on wide arcs, whose most is far from what is anywhere on them.
        for on in [Arc::point(arc.middle()), arc] {
            if best.above < enough {
                break;
            }
            let other = Self::new(of, arc, improve(of, on, Some(&best.scale)));
            let here = best.here.min(other.here);
            if other.above < best.above || !best.above.is_finite() && other.here < best.here {
                best = other;
            }
            best.here = here;
        }
        best
    }
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
        self.above.total_cmp(&other.above)
    }
}

/// ‖S·M·|D|·S⁻¹‖ at its most on `arc`, proven.
pub(super) fn norm(of: &Loop, arc: Arc, scale: &[f64]) -> f64 {
    let most: Vec<f64> = of.lines.iter().map(|l| l.response.most(arc)).collect();
    if most.iter().any(|m| !m.is_finite()) {
        return f64::INFINITY;
    }
    if of.is_constant() {
        return norm_above(&scaled(&of.direct, scale, &most));
    }
    let (centre, radius) = of.discs(arc, arc.middle());
    let reach = norm_of_radii(&scaled(&radius, scale, &most));
    let all = norm_above(&scaled(&centre, scale, &most)) + reach;
    if all.is_nan() { f64::INFINITY } else { all }
}

/// An S good for the whole of `arc`.
pub(super) fn improve(of: &Loop, arc: Arc, start: Option<&[f64]>) -> Rc<[f64]> {
    let most: Vec<f64> = of.lines.iter().map(|l| l.response.most(arc).min(1e6)).collect();
    let still = vec![0.0; most.len()];
    if of.is_constant() {
        search(&scaled(&of.direct, &still, &most), start).into()
    } else {
        search(&scaled(&of.matrix(arc.middle()), &still, &most), start).into()
    }
}

/// Bounds `of` by no more than 1 − `margin` everywhere, or by 1 + `margin`, or finds
/// where that cannot be done; of at most `work` arcs. A bound further above the norms
/// found than `tight`, relatively, is refined; if that is infinite, one failure ends it,
/// and so does `stop`.
pub(super) fn bound(
    of: &Loop,
    margin: f64,
    work: usize,
    tight: f64,
    stop: &dyn Fn() -> bool,
) -> Bound {
    let whole = Arc { from: 0.0, to: std::f64::consts::PI };
    let enough = 1.0 - margin;
    let mut heap = BinaryHeap::from([first(of, whole, enough)]);
    let (mut done, mut highest) = (Vec::new(), 0.0_f64);
    let (mut left, mut refinements) = (work, 256);
    while let Some(piece) = heap.pop() {
        highest = highest.max(piece.here);
        let close = piece.above <= highest * (1.0 + tight);
        let settled = piece.above <= enough && (close || refinements == 0);
        let marginal = piece.above <= 1.0 + margin && piece.here > enough;
        let failed = piece.here > 1.0 + margin;
        if failed && tight.is_infinite() || stop() {
            // Who asks only whether it holds knows now; who gave up asks nothing.
            left = 0;
        }
        if settled || marginal || failed || piece.arc.width() < NARROWEST || left == 0 {
            done.push(piece);
            if settled {
                // None of the rest is higher.
                done.extend(heap.drain());
            }
            continue;
        }
        if piece.above <= enough {
            refinements -= 1;
        }
        left -= 1;
        for half in piece.arc.halves() {
            heap.push(Piece::better(of, half, &piece.scale, enough));
        }
    }
    done.sort_by(|a, b| a.arc.from.total_cmp(&b.arc.from));
    let proven = done.iter().all(|p| p.above <= 1.0 + margin);
    let proven_below = done.iter().all(|p| p.above <= enough);
    let by = |p: &&Piece| if proven { p.above } else { p.here };
    let worst = done.iter().max_by(|a, b| by(a).total_cmp(&by(b)));
    let (most, at) = worst.map_or((0.0, 0.0), |p| (by(&p), p.arc.middle()));
    Bound { most, at, proven, proven_below, pieces: done }
}

/// The whole circle with the S to begin with: none, where that does at once. What is
/// designed is seldom badly scaled, and a search in many dimensions takes long.
fn first(of: &Loop, whole: Arc, enough: f64) -> Piece {
    let plain = Piece::new(of, whole, vec![0.0; of.lines.len()].into());
    if plain.above <= enough {
        return plain;
    }
    Piece::better(of, whole, &improve(of, whole, None), enough)
}

/// A bound below one with one S at all frequencies, if one is found: then delays may
/// move too.
pub(super) fn constant_bound(
    of: &Loop,
    bound: &Bound,
    margin: f64,
    stop: &dyn Fn() -> bool,
) -> Option<f64> {
    let norm = |arc, scale: &[f64]| if stop() { f64::INFINITY } else { norm(of, arc, scale) };
    let everywhere = |scale: &[f64]| {
        let each = bound.pieces.iter().map(|p| norm(p.arc, scale));
        each.fold(0.0, f64::max)
    };
    let worst = bound.pieces.iter().max()?;
    let whole = Arc { from: 0.0, to: std::f64::consts::PI };
    let candidates = [Rc::clone(&worst.scale), improve(of, whole, Some(&worst.scale))];
    let best = candidates.iter().map(|s| everywhere(s)).fold(f64::INFINITY, f64::min);
    (best <= 1.0 - margin).then_some(best)
}
