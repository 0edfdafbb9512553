//! How the audio thread tells an editor of levels, of its load, and of sound.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::{Duration, Instant};

use atomic_float::AtomicF32;

/// Seconds in which the shown load follows a change.
const LOAD_SECONDS: f32 = 0.3;

/// Takes note in `load` that `samples` at `rate` Hz took so long: the share of the time
/// a block lasts that it takes to process, smoothed.
pub fn took(load: &AtomicF32, time: Duration, samples: usize, rate: f32) {
    if samples == 0 || rate <= 0.0 {
        return;
    }
    let lasts = samples as f32 / rate;
    let before = load.load(Relaxed);
    let follow = (lasts / LOAD_SECONDS).min(1.0);
    load.store(before + follow * (time.as_secs_f32() / lasts - before), Relaxed);
}

/// Raises meters to what was reached since they were read. Real-time safe.
pub fn raise(meters: &[AtomicF32], peaks: &[f32]) {
    for (meter, peak) in meters.iter().zip(peaks) {
        meter.fetch_max(*peak, Relaxed);
    }
}

/// A clock for the audio thread. `Instant` reads the counter of the processor, or
/// one of its like, through a page the kernel shares (Linux), or in user mode
/// (Windows, macOS): no call into the kernel. It is read only while an editor is open.
pub fn clock(watched: bool) -> Option<Instant> {
    watched.then(Instant::now)
}

/// Samples that a [`Ring`] holds: 341 ms at 48 kHz, eight periods of a bass's low B.
pub const RING: usize = 16_384;

/// The last samples of a signal, from the audio thread to the editor.
pub struct Ring {
    /// Whether an editor reads them; nothing is written before. The editor sets it.
    pub wanted: AtomicBool,
    samples: Box<[AtomicF32]>,
    /// Samples written since the beginning of time.
    written: AtomicUsize,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            wanted: AtomicBool::new(false),
            samples: (0..RING).map(|_| AtomicF32::new(0.0)).collect(),
            written: AtomicUsize::new(0),
        }
    }
}

impl Ring {
    /// Adds the mean of the channels. Real-time safe; for one writer at a time.
    pub fn write(&self, channels: &[&mut [f32]]) {
        if !self.wanted.load(Relaxed) {
            return;
        }
        let Some(first) = channels.first() else { return };
        let start = self.written.load(Relaxed);
        let share = 1.0 / channels.len() as f32;
        for i in 0..first.len() {
            let sum: f32 = channels.iter().filter_map(|channel| channel.get(i)).sum();
            self.samples[start.wrapping_add(i) % RING].store(sum * share, Relaxed);
        }
        self.written.store(start.wrapping_add(first.len()), std::sync::atomic::Ordering::Release);
    }

    /// Fills `into` with the newest samples, oldest first, and says how many were
    /// ever written. What the audio thread writes meanwhile may be among them.
    pub fn read(&self, into: &mut [f32]) -> usize {
        let end = self.written.load(std::sync::atomic::Ordering::Acquire);
        let count = into.len().min(RING);
        let start = end.wrapping_sub(count);
        for (i, sample) in into[..count].iter_mut().enumerate() {
            *sample = self.samples[start.wrapping_add(i) % RING].load(Relaxed);
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_holds_the_newest_samples() {
        let ring = Ring::default();
        let mut newest = [0.0; 3];
        ring.write(&[&mut [1.0; 10]]);
        assert_eq!((ring.read(&mut newest), newest), (0, [0.0; 3]), "nobody wanted it");

        ring.wanted.store(true, Relaxed);
        let mut count = 0.0;
        for _ in 0..RING / 500 + 2 {
            let mut block = [(); 500].map(|()| {
                count += 1.0;
                count
            });
            ring.write(&[&mut block, &mut [0.0; 500]]);
        }
        ring.read(&mut newest);
        assert_eq!(newest, [count - 2.0, count - 1.0, count].map(|x| x * 0.5));
        let mut all = vec![0.0; RING];
        ring.read(&mut all);
        assert!(all.is_sorted());
    }

    #[test]
    fn the_load_follows() {
        let load = AtomicF32::new(0.0);
        for _ in 0..1000 {
            took(&load, Duration::from_millis(1), 480, 48_000.0);
        }
        assert!((load.load(Relaxed) - 0.1).abs() < 1e-3);
        took(&load, Duration::from_secs(1), 0, 48_000.0);
        took(&load, Duration::from_secs(1), 1_000_000, 0.0);
        assert!(load.load(Relaxed) < 0.2);
    }
}
