//! Values that move in straight lines, the same however a signal is cut.

use crate::plan::FRAMES;

/// Seconds a change takes.
const FADE: f64 = 0.02;

/// How many grids of [`FRAMES`] a change takes at `rate` Hz.
pub(super) fn grids(rate: f64) -> u32 {
    // Rates are at most a megahertz.
    ((FADE * rate / FRAMES as f64).round() as u32).max(1)
}

/// A value that moves to its target in a straight line, told anew once a grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ramp {
    /// Where it is as this grid begins, and as it ends.
    span: [f64; 2],
    target: f64,
    /// Grids until it is there, after this one.
    left: u32,
    length: u32,
}

impl Ramp {
    /// Settled; a change takes `length` grids.
    pub(super) fn new(value: f64, length: u32) -> Self {
        Self { span: [value; 2], target: value, left: 0, length }
    }

    /// Is there at once.
    pub(super) fn snap(&mut self, value: f64) {
        *self = Self::new(value, self.length);
    }

    /// Goes on by a grid, towards `target`.
    pub(super) fn advance(&mut self, target: f64) {
        if target != self.target {
            (self.target, self.left) = (target, self.length);
        }
        let from = self.span[1];
        let to = match self.left {
            // The end is set, not summed, so that it is exact.
            0 | 1 => self.target,
            left => from + (self.target - from) / f64::from(left),
        };
        (self.span, self.left) = ([from, to], self.left.saturating_sub(1));
    }

    /// The value all through this grid, if it has one.
    pub(super) fn settled(&self) -> Option<f32> {
        (self.span[0] == self.span[1]).then_some(self.span[1] as f32)
    }

    /// Where it is headed.
    pub(super) fn target(&self) -> f64 {
        self.target
    }

    /// Where it is as this grid ends.
    pub(super) fn end(&self) -> f64 {
        self.span[1]
    }

    /// What it is in frame `frame` of this grid; at the end of the last frame
    /// it is where it will be.
    pub(super) fn at(&self, frame: usize) -> f32 {
        let [from, to] = self.span;
        (from + (to - from) * ((frame + 1) as f64 / FRAMES as f64)) as f32
    }
}
