//! What the audio thread tells the editor.

use std::sync::atomic::{AtomicBool, AtomicUsize};

use atomic_float::AtomicF32;

/// What the audio thread tells the editor. Written only while it is watched.
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
    /// What gate and ducking leave of the wet signal: 1 all.
    pub wet: AtomicF32,
    /// Share of the time a block lasts that it takes to process, smoothed.
    pub load: AtomicF32,
    /// Milliseconds of pre-delay, once a tempo was asked.
    pub pre_delay: AtomicF32,
    /// The sound that goes out.
    pub scope: shell::meters::Ring,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            watched: AtomicBool::default(),
            input: Default::default(),
            output: Default::default(),
            inputs: AtomicUsize::default(),
            outputs: AtomicUsize::default(),
            // Nothing is turned down before anything plays.
            wet: AtomicF32::new(1.0),
            load: AtomicF32::default(),
            pre_delay: AtomicF32::default(),
            scope: Default::default(),
        }
    }
}
