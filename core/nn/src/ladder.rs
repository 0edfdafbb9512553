//! A slimmable model: several sizes of one network, one of which is heard.

use std::any::Any;

use crate::Engine;

/// Samples a size is run in silence before it is heard, at most: half a second
/// at 48 kHz, for networks whose memory has no end.
const WARM_UP: usize = 24_000;
/// Samples of the cross-fade: 20 ms at 48 kHz.
const FADE: usize = 960;

/// Engines of one model, smallest first.
pub(crate) struct Ladder {
    rungs: Vec<Rung>,
    live: usize,
    /// The size that is to be heard.
    wanted: usize,
    next: Option<Change>,
    scratch: [f32; crate::BLOCK],
    /// Whether anything was heard since the reset; until then a change is immediate.
    started: bool,
}

/// One size, for qualities below `until`.
pub(crate) struct Rung {
    pub(crate) until: f32,
    pub(crate) engine: Box<dyn Engine>,
}

/// The way to another size: first `warm` samples unheard, then the fade.
#[derive(Clone, Copy)]
struct Change {
    to: usize,
    warm: usize,
    faded: usize,
}

/// The first size whose bound lies above `quality`, else the best.
pub(crate) fn choose(bounds: impl ExactSizeIterator<Item = f32>, quality: f32) -> usize {
    let best = bounds.len() - 1;
    bounds.enumerate().find(|(_, until)| quality < *until).map_or(best, |(i, _)| i)
}

impl Ladder {
    /// Starts at the best. There is at least one rung.
    pub(crate) fn new(rungs: Vec<Rung>) -> Self {
        let best = rungs.len() - 1;
        let scratch = [0.0; crate::BLOCK];
        Self { rungs, live: best, wanted: best, next: None, scratch, started: false }
    }

    /// Begins, redirects or gives up a change. One already being heard runs out first.
    fn steer(&mut self) {
        if self.next.as_ref().is_some_and(|c| c.faded > 0 || c.to == self.wanted) {
            return;
        }
        self.next = (self.wanted != self.live).then(|| {
            let engine = &mut self.rungs[self.wanted].engine;
            engine.reset();
            Change { to: self.wanted, warm: engine.receptive_field().min(WARM_UP), faded: 0 }
        });
    }

    /// Runs at most a block, and no further than a change goes on in the same way.
    fn part(&mut self, io: &mut [f32]) -> usize {
        self.steer();
        let Some(change) = &mut self.next else {
            self.rungs[self.live].engine.process(io);
            return io.len();
        };
        let left = if change.warm > 0 { change.warm } else { FADE - change.faded };
        let n = io.len().min(left).min(self.scratch.len());
        let (io, other) = (&mut io[..n], &mut self.scratch[..n]);
        other.copy_from_slice(io);
        self.rungs[self.live].engine.process(io);
        self.rungs[change.to].engine.process(other);
        if change.warm > 0 {
            change.warm -= n;
            return n;
        }
        for (x, y) in io.iter_mut().zip(other) {
            change.faded += 1;
            *x += (change.faded as f32 / FADE as f32) * (*y - *x);
        }
        if change.faded == FADE {
            self.live = change.to;
            self.next = None;
        }
        n
    }
}

impl Engine for Ladder {
    fn process(&mut self, io: &mut [f32]) {
        let mut io = io;
        while !io.is_empty() {
            self.started = true;
            let n = self.part(io);
            io = &mut io[n..];
        }
    }

    fn reset(&mut self) {
        (self.live, self.next, self.started) = (self.wanted, None, false);
        self.rungs[self.live].engine.reset();
    }

    fn receptive_field(&self) -> usize {
        self.rungs.iter().map(|r| r.engine.receptive_field()).max().unwrap_or(1)
    }

    fn take_over(&mut self, other: &dyn Engine) -> bool {
        let Some(other) = (other as &dyn Any).downcast_ref::<Self>() else { return false };
        let running = [Some(other.live), other.next.as_ref().map(|change| change.to)];
        for i in running.into_iter().flatten() {
            let (Some(to), Some(from)) = (self.rungs.get_mut(i), other.rungs.get(i)) else {
                return false;
            };
            if !to.engine.take_over(&*from.engine) {
                return false;
            }
        }
        (self.live, self.wanted, self.started) = (other.live, other.wanted, other.started);
        self.next = other.next;
        true
    }

    fn set_quality(&mut self, quality: f32) {
        self.wanted = choose(self.rungs.iter().map(|r| r.until), quality);
        if !self.started && self.wanted != self.live {
            self.reset();
        }
    }
}
