//! Not computing what is known: after enough silence, more silence changes
//! nothing, and two networks that have heard the same for long enough agree.
//!
//! Where a rest begins and ends is decided sample by sample, not block by
//! block, so that any cut of a signal still gives the same output.

/// The shortest memory reckoned with, so that a signal which is silent every
/// other moment is not chopped into pieces too short to compute well.
const SHORTEST: usize = 2048;
const _: () = assert!(SHORTEST >= nn::BLOCK);

/// Counts for how long nothing new has come to something that forgets within
/// `memory` samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    memory: usize,
    silent: usize,
}

/// A run of samples that are treated alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) samples: usize,
    pub(crate) resting: bool,
    /// The first after a rest.
    pub(crate) woken: bool,
}

impl Rest {
    /// Begins awake.
    pub(crate) fn new(memory: usize) -> Self {
        Self { memory: memory.max(SHORTEST), silent: 0 }
    }

    /// Is awake from now on.
    pub(crate) fn wake(&mut self) {
        self.silent = 0;
    }

    /// Rests from now on until something new comes.
    pub(crate) fn rest(&mut self) {
        self.silent = self.memory;
    }

    pub(crate) fn resting(&self) -> bool {
        self.silent >= self.memory
    }

    /// Reckons with another memory from now on.
    pub(crate) fn set_memory(&mut self, memory: usize) {
        let resting = self.resting();
        self.memory = memory.max(SHORTEST);
        if resting {
            self.rest();
        }
    }

    /// How the samples from the one at `from` up to `length`, at most a block,
    /// are to be treated; `silent` tells of each whether it brings nothing new.
    /// There is at least one.
    pub(crate) fn next(
        &mut self,
        from: usize,
        length: usize,
        silent: impl Fn(&usize) -> bool,
    ) -> Span {
        let woken = self.resting();
        let lead = (from..length).take_while(&silent).count();
        if woken {
            if lead > 0 {
                return Span { samples: lead, resting: true, woken: false };
            }
            self.silent = 0;
        }
        if self.silent + lead >= self.memory {
            let samples = self.memory - self.silent;
            self.silent = self.memory;
            return Span { samples, resting: false, woken };
        }
        // No run that begins within a block is as long as any memory.
        let last = (from..length).rev().take_while(&silent).count();
        self.silent = if last < length - from { last } else { self.silent + last };
        Span { samples: length - from, resting: false, woken }
    }
}

/// Runs `process` over all parts of one or two channels but those of a long
/// silence, which stays as it is; tells it which is the first after one.
pub(crate) fn unless_silent(
    rest: &mut Rest,
    io: &mut [&mut [f32]],
    mut process: impl FnMut(&mut [&mut [f32]], bool),
) {
    let length = io.first().map_or(0, |channel| channel.len());
    let mut at = 0;
    while at < length {
        let span = rest.next(at, length, |i| io.iter().all(|channel| channel[*i] == 0.0));
        let part = at..at + span.samples;
        at = part.end;
        match io {
            _ if span.resting => {}
            [mono] => process(&mut [&mut mono[part]], span.woken),
            [left, right] => {
                process(&mut [&mut left[part.clone()], &mut right[part]], span.woken);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which samples of `signal` are rested through when it comes in blocks of `cut`.
    fn rested(signal: &[f32], memory: usize, cut: usize) -> Vec<bool> {
        let mut rest = Rest { memory, silent: 0 };
        let mut all = Vec::new();
        for block in signal.chunks(cut) {
            let mut at = 0;
            while at < block.len() {
                let span = rest.next(at, block.len(), |i| block[*i] == 0.0);
                assert!(span.samples > 0);
                all.extend(std::iter::repeat_n(span.resting, span.samples));
                at += span.samples;
            }
        }
        all
    }

    #[test]
    fn rests_after_as_much_silence_as_it_remembers_however_it_is_cut() {
        let mut signal = [0.0; 900];
        signal[80] = 1.0; // in the block that ends the first silence
        (signal[150], signal[200], signal[350], signal[899]) = (1.0, 1.0, -1.0, 1e-30);
        let expected: Vec<bool> =
            (0..900).map(|i| i >= 70 && signal[i - 70..=i].iter().all(|x| *x == 0.0)).collect();
        assert_eq!(expected.iter().filter(|rests| **rests).count(), 10 + 79 + 478);
        for cut in [1, 2, 19, 20, 21, 63, 64] {
            assert_eq!(rested(&signal, 70, cut), expected, "cut into {cut}s");
        }
    }
}
