//! A delay by whole samples, to keep parallel paths together.

use std::ops::Range;

use nn::BLOCK;

use crate::error::Error;

/// Samples of the longest latency that other paths are kept beside.
pub(crate) const MAX_LATENCY: usize = 32_768;

/// Passes on the samples by which an engine trails, unless two such in series are more
/// than other paths can be delayed. Only a model that works beside the audio thread is
/// ever as late.
///
/// # Errors
/// [`Error::Latency`].
pub(crate) fn in_time(found: usize) -> Result<usize, Error> {
    const LIMIT: usize = MAX_LATENCY / 2;
    if found > LIMIT { Err(Error::Latency { limit: LIMIT, found }) } else { Ok(found) }
}

/// A delay line for one channel, whose length may change while it sounds.
#[derive(Clone, Debug)]
pub struct Delay {
    /// The last samples heard; its length is a power of two.
    ring: Vec<f32>,
    /// Where the next sample goes.
    head: usize,
    capacity: usize,
    /// The length that is heard, or faded away from.
    live: usize,
    /// The length faded to; `live` unless a fade is under way.
    next: usize,
    /// The length asked for last, and samples to fade to it in.
    wanted: (usize, usize),
    /// Samples of the fade under way, and how many of them lie behind.
    fade: usize,
    faded: usize,
    /// Nothing was heard since construction or reset, so there is nothing to fade from.
    fresh: bool,
}

impl Delay {
    /// A line of length 0 that can be set to up to `capacity` samples.
    pub fn new(capacity: usize) -> Self {
        Self {
            // A block is written before its delayed samples are read.
            ring: vec![0.0; (capacity + BLOCK).next_power_of_two()],
            head: 0,
            capacity,
            live: 0,
            next: 0,
            wanted: (0, 1),
            fade: 1,
            faded: 0,
            fresh: true,
        }
    }

    /// Heads for a delay of `delay` samples, at most the capacity, by a linear
    /// cross-fade of `fade` samples; before the first sample it holds at once. A
    /// fade under way ends first, and of several delays asked for meanwhile the last
    /// is taken. Repeating the present one changes nothing. Real-time safe.
    pub fn set(&mut self, delay: usize, fade: usize) {
        self.wanted = (delay.min(self.capacity), fade.max(1));
        if self.fresh {
            self.live = self.wanted.0;
            self.next = self.wanted.0;
        }
    }

    /// The delay it has or heads for, in samples.
    pub fn delay(&self) -> usize {
        self.wanted.0
    }

    /// Forgets all sound and ends a fade. Real-time safe.
    pub fn reset(&mut self) {
        self.ring.fill(0.0);
        self.head = 0;
        self.live = self.wanted.0;
        self.next = self.wanted.0;
        self.fresh = true;
    }

    /// Delays in place. Real-time safe.
    pub fn process(&mut self, io: &mut [f32]) {
        self.fresh &= io.is_empty();
        let mut at = 0;
        while at < io.len() {
            if self.next == self.live && self.wanted.0 != self.live {
                (self.next, self.fade) = self.wanted;
                self.faded = 0;
            }
            let fading = self.next != self.live;
            let span = if fading { BLOCK.min(self.fade - self.faded) } else { BLOCK };
            let end = io.len().min(at + span);
            self.write(&io[at..end]);
            if fading {
                self.cross_fade(&mut io[at..end]);
            } else if self.live > 0 {
                self.read(self.live, &mut io[at..end]);
            }
            at = end;
        }
    }

    /// Writes the old delay's samples and the new one's, mixed, over `io`.
    fn cross_fade(&mut self, io: &mut [f32]) {
        let mut new = [0.0; BLOCK];
        let new = &mut new[..io.len()];
        self.read(self.live, io);
        self.read(self.next, new);
        for (i, (x, new)) in io.iter_mut().zip(new).enumerate() {
            let t = (self.faded + i + 1) as f32 / self.fade as f32;
            // A sum of products, so that it ends at exactly the new one.
            *x = *x * (1.0 - t) + *new * t;
        }
        self.faded += io.len();
        if self.faded == self.fade {
            self.live = self.next;
        }
    }

    /// Appends at most a block to the past.
    fn write(&mut self, input: &[f32]) {
        let [first, second] = wrap(self.head, input.len(), self.ring.len());
        let (early, late) = input.split_at(first.len());
        self.ring[first].copy_from_slice(early);
        self.ring[second].copy_from_slice(late);
        self.head = (self.head + input.len()) & (self.ring.len() - 1);
    }

    /// What was written last, `delay` samples earlier.
    fn read(&self, delay: usize, output: &mut [f32]) {
        let start = self.head.wrapping_sub(output.len() + delay) & (self.ring.len() - 1);
        let [first, second] = wrap(start, output.len(), self.ring.len());
        let (early, late) = output.split_at_mut(first.len());
        early.copy_from_slice(&self.ring[first]);
        late.copy_from_slice(&self.ring[second]);
    }
}

/// The one or two parts of a ring that `length` samples from `start` on lie in.
fn wrap(start: usize, length: usize, ring: usize) -> [Range<usize>; 2] {
    let end = ring.min(start + length);
    [start..end, 0..length - (end - start)]
}

#[cfg(test)]
#[path = "delay_tests.rs"]
mod tests;
