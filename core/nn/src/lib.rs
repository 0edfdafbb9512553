//! Neural networks for audio: load once, run forever without allocating.
//!
//! A [`Model`] is inert: a checked configuration and its weights, shared by
//! reference. An [`Engine`] is one running mono channel of it.
//!
//! ```
//! let json = r#"{ "version": "0.5.4", "architecture": "Linear", "sample_rate": 48000,
//!     "config": { "receptive_field": 2, "bias": false }, "weights": [0.0, 0.5] }"#;
//! let model = nn::Model::load(json.as_bytes())?;
//! let mut left = model.engine();
//! let mut right = model.engine(); // same weights, its own state
//! let mut block = [1.0, -1.0];
//! left.process(&mut block);
//! assert_eq!(block, [0.5, -0.5]);
//! # right.reset();
//! # Ok::<(), nn::Error>(())
//! ```

mod activation;
mod cell;
mod convnet;
mod convolver;
mod error;
pub mod foreign;
mod formats;
mod gates;
pub mod kernel;
mod knob;
mod ladder;
mod linear;
mod lstm;
mod metadata;
mod model;
mod nam;
mod partition;
pub mod program;
mod recurrent;
mod run;
mod short;
pub mod simd;
mod small;
mod wavenet;

use std::any::Any;
use std::sync::Arc;

pub use activation::Activation;
pub use convolver::Convolver;
pub use cpu::Isa;
pub use error::Error;
pub use foreign::{Blocks, Place, Report, Watch};
pub use knob::Knob;
pub use metadata::{Date, Metadata};
pub use model::Model;
pub use recurrent::{Recurrent, RecurrentLayer};
pub use small::{Coefficients, Filter, FilterKind};

/// Samples an engine handles at a time; longer input is cut into such blocks.
///
/// Scratch is sized by this constant, so no engine needs to be told the host's
/// block size and no host can break it by exceeding one it promised.
pub const BLOCK: usize = 64;

/// Samples in which an engine comes to rest, or nearly so.
const SETTLE: usize = 2048;

/// One running mono channel of a network.
///
/// Building one allocates. The methods here never allocate, lock, or make a
/// system call.
pub trait Engine: Any + Send {
    /// Replaces `io` with the network's output. Any length; the result does
    /// not depend on how a signal is cut into calls.
    fn process(&mut self, io: &mut [f32]);

    /// Returns to the state just after construction: settled on silence.
    fn reset(&mut self);

    /// Samples of input, the present one included, that shape an output: the
    /// warm-up after which no trace of the starting state remains. This is not
    /// latency. For a recurrent network, whose memory has no end, the time
    /// after which we take it to have forgotten.
    fn receptive_field(&self) -> usize;

    /// Samples by which the output trails the input.
    fn latency(&self) -> usize {
        0
    }

    /// How it does, if it works beside the audio thread. Not for the audio thread.
    fn watch(&self) -> Option<Arc<dyn Watch>> {
        None
    }

    /// Goes on as `other`, an engine of the same model, would: takes over its
    /// state. False, with nothing changed, where that cannot be done.
    ///
    /// So one engine can run for two channels while both carry the same signal.
    fn take_over(&mut self, other: &dyn Engine) -> bool {
        let _ = other;
        false
    }

    /// Chooses between the sizes of a slimmable model, `0.0` smallest to `1.0`
    /// best. Without effect on a model of one size. Safe while playing: the
    /// chosen size is warmed up in silence, then cross-faded in.
    fn set_quality(&mut self, quality: f32) {
        let _ = quality;
    }

    /// Turns knob `index` of [`Model::knobs`], in its own unit, from the next
    /// sample on. Takes it as it is: who turns it makes that smooth. Without
    /// effect where there is no such knob or `value` is not finite.
    fn set_knob(&mut self, index: usize, value: f32) {
        let _ = (index, value);
    }

    /// Comes to rest on silence where its knobs stand, as soon as the audio thread
    /// allows: at once if it has no memory but filters.
    fn settle(&mut self) {
        let mut silence = [0.0; BLOCK];
        for _ in 0..SETTLE / BLOCK {
            silence.fill(0.0);
            self.process(&mut silence);
        }
    }

    /// [`process`](Self::process) while the first knobs follow `knobs` from sample to
    /// sample, each a slice as long as `io`. They stay where those end.
    fn process_turning(&mut self, io: &mut [f32], knobs: &[&[f32]]) {
        for (i, value) in knobs.iter().enumerate().filter_map(|(i, k)| Some((i, k.last()?))) {
            self.set_knob(i, *value);
        }
        self.process(io);
    }
}
