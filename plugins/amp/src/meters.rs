//! What the audio thread tells the editor.

use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use atomic_float::AtomicF32;

pub(crate) use shell::meters::clock;
pub use shell::meters::{RING, Ring};

/// What the audio thread tells the editor. Written only while it is watched.
#[derive(Default)]
pub struct Meters {
    /// Whether an editor is open. The editor sets it.
    pub watched: AtomicBool,
    /// The largest magnitudes at the model's input since the editor took them.
    pub input: [AtomicF32; 2],
    /// The same at the output.
    pub output: [AtomicF32; 2],
    /// Channels that come in.
    pub inputs: AtomicUsize,
    /// Channels that go out.
    pub outputs: AtomicUsize,
    /// The gate's gain: 0 closed, 1 open.
    pub gate: AtomicF32,
    /// Share of the time a block lasts that it takes to process, smoothed.
    pub load: AtomicF32,
    /// Samples by which the output is late.
    pub latency: AtomicUsize,
    /// The sound that comes in.
    pub tuner: Ring,
}

impl Meters {
    pub(crate) fn raise(&self, peaks: fx::amp::Peaks) {
        shell::meters::raise(&self.input, &peaks.input);
        shell::meters::raise(&self.output, &peaks.output);
    }

    /// Takes note that `samples` at `rate` Hz took so long.
    pub(crate) fn took(&self, time: Duration, samples: usize, rate: f32) {
        shell::meters::took(&self.load, time, samples, rate);
    }
}
