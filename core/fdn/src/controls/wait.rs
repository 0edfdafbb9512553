//! The delay before the reverberation.

use super::ramp::Ramp;
use crate::plan::FRAMES;

/// What was heard of all channels, and which moment of it is heard now. A new
/// delay is crossfaded to, so that nothing clicks and no pitch sweeps.
pub(super) struct Wait {
    /// A ring for each channel, one after the other.
    past: Vec<f32>,
    /// Of a ring: a power of two.
    length: usize,
    /// Where the present is in all rings.
    head: usize,
    /// The delay in samples that is heard, and the one that is faded to.
    taps: [usize; 2],
    /// The share of the second.
    share: Ramp,
}

impl Wait {
    /// Room for `most` samples of delay.
    pub(super) fn new(channels: usize, most: usize, grids: u32) -> Self {
        let length = ring(most);
        let past = vec![0.0; channels * length];
        Self { past, length, head: 0, taps: [0; 2], share: Ramp::new(0.0, grids) }
    }

    /// Silence, heard `delay` samples ago.
    pub(super) fn reset(&mut self, delay: usize) {
        self.past.fill(0.0);
        self.head = 0;
        self.taps = [delay; 2];
        self.share.snap(0.0);
    }

    /// Goes on with what `other` heard, if it hears as much.
    pub(super) fn adopt(&mut self, other: &Self) {
        if self.length == other.length && self.past.len() == other.past.len() {
            self.past.copy_from_slice(&other.past);
            (self.head, self.taps, self.share) = (other.head, other.taps, other.share);
        }
    }

    /// Goes on by a grid, towards `delay` samples. A fade is finished before
    /// another begins.
    pub(super) fn advance(&mut self, delay: usize) {
        if self.share.end() == 1.0 {
            self.taps[0] = self.taps[1];
            self.share.snap(0.0);
        }
        if self.taps[0] == self.taps[1] {
            self.taps[1] = delay;
        }
        let fading = self.taps[0] != self.taps[1];
        self.share.advance(if fading { 1.0 } else { 0.0 });
    }

    /// Hears `x`, the frames from frame `frame` of the grid on of a channel, and
    /// writes into `y` what is heard of it by now. All channels hear the same
    /// frames, at most a grid, before they [`pass`](Self::pass).
    pub(super) fn hear(&mut self, channel: usize, frame: usize, x: &[f32], y: &mut [f32]) {
        let ring = &mut self.past[channel * self.length..][..self.length];
        let n = x.len();
        let (before_end, after) = x.split_at(n.min(self.length - self.head));
        ring[self.head..][..before_end.len()].copy_from_slice(before_end);
        ring[..after.len()].copy_from_slice(after);
        let [old, new] = self.taps;
        read(ring, self.head, old, &mut y[..n]);
        if self.share.settled() == Some(0.0) {
            return;
        }
        let mut faded = [0.0; FRAMES];
        read(ring, self.head, new, &mut faded[..n]);
        for (i, (y, to)) in y.iter_mut().zip(&faded[..n]).enumerate() {
            *y = (to - *y).mul_add(self.share.at(frame + i), *y);
        }
    }

    /// Lets `n` frames pass.
    pub(super) fn pass(&mut self, n: usize) {
        self.head = (self.head + n) & (self.length - 1);
    }
}

/// What came into `ring` from `delay` samples before `head` on.
fn read(ring: &[f32], head: usize, delay: usize, y: &mut [f32]) {
    let from = (head + ring.len() - delay) & (ring.len() - 1);
    let (before_end, after) = y.split_at_mut(y.len().min(ring.len() - from));
    before_end.copy_from_slice(&ring[from..][..before_end.len()]);
    after.copy_from_slice(&ring[..after.len()]);
}

/// Samples of the ring of a channel that waits at most so long.
pub(super) fn ring(most: usize) -> usize {
    (most + FRAMES).next_power_of_two()
}
