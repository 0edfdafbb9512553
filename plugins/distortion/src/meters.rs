//! What the audio thread tells the editor.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, fence};

use atomic_float::AtomicF32;

/// What the audio thread tells the editor. Written only while it is watched.
#[derive(Default)]
pub struct Meters {
    /// Whether an editor is open. The editor sets it.
    pub watched: AtomicBool,
    /// The largest magnitudes at the input since the editor took them.
    pub input: [AtomicF32; 2],
    /// The same at the output.
    pub output: [AtomicF32; 2],
    /// Channels that come in.
    pub inputs: AtomicUsize,
    /// Channels that go out.
    pub outputs: AtomicUsize,
    /// Share of the time a block lasts that it takes to process, smoothed.
    pub load: AtomicF32,
    /// Samples by which the output is late.
    pub latency: AtomicUsize,
    /// What went into the network lately, and what came of it.
    pub trace: Trace,
}

pub use fx::drive::PAIRS;

/// Pairs from the audio thread to the editor, the newest set of them. The writer never
/// waits; a reader that meets it looks again.
pub struct Trace {
    /// Odd while it is written.
    version: AtomicUsize,
    /// Both numbers of a pair in one, so that they belong together.
    pairs: Box<[AtomicU64]>,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            version: AtomicUsize::new(0),
            pairs: (0..PAIRS).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl Trace {
    /// Replaces all pairs; of more than there is room for, only the first are taken. For
    /// one writer at a time, and real-time safe.
    pub fn write(&self, pairs: impl IntoIterator<Item = [f32; 2]>) {
        let version = self.version.load(Relaxed);
        self.version.store(version.wrapping_add(1), Relaxed);
        fence(Release);
        for (at, [input, output]) in self.pairs.iter().zip(pairs) {
            at.store(u64::from(input.to_bits()) << 32 | u64::from(output.to_bits()), Relaxed);
        }
        self.version.store(version.wrapping_add(2), Release);
    }

    /// Reads one whole set into `into`, as input and output; false, with `into` in no
    /// order, where the writer was faster each time.
    pub fn read(&self, into: &mut [[f32; 2]; PAIRS]) -> bool {
        // It writes at most some dozens of times in a second.
        for _ in 0..8 {
            let before = self.version.load(Acquire);
            for (to, pair) in into.iter_mut().zip(&self.pairs) {
                let pair = pair.load(Relaxed);
                *to = [f32::from_bits((pair >> 32) as u32), f32::from_bits(pair as u32)];
            }
            fence(Acquire);
            if before.is_multiple_of(2) && self.version.load(Relaxed) == before {
                return true;
            }
            std::hint::spin_loop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_as_it_was_written() {
        let trace = Trace::default();
        let mut read = [[1.0; 2]; PAIRS];
        assert!(trace.read(&mut read) && read == [[0.0; 2]; PAIRS]);
        let written: [[f32; 2]; PAIRS] = std::array::from_fn(|i| [i as f32, -0.5 * i as f32]);
        trace.write(written);
        assert!(trace.read(&mut read) && read == written);
    }

    #[test]
    fn a_reader_never_sees_two_sets_at_once() {
        let trace = Trace::default();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for set in 0..20_000 {
                    trace.write([[set as f32, -(set as f32)]; PAIRS]);
                }
                done.store(true, Relaxed);
            });
            let (mut read, mut last, mut whole) = ([[0.0; 2]; PAIRS], 0.0, 0);
            while !done.load(Relaxed) || whole == 0 {
                if trace.read(&mut read) {
                    let [first, other] = read[0];
                    assert!(read.iter().all(|pair| *pair == [first, other]) && other == -first);
                    assert!(first >= last, "{first} after {last}");
                    (last, whole) = (first, whole + 1);
                }
            }
        });
    }
}
