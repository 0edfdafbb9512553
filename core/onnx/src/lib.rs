//! Plays an ONNX file of audio in and audio out as a model.
//!
//! [`load`] checks a file, finds out what its inputs and outputs are, runs it once on a
//! thread of its own, and gives an [`nn::Model`] like all others. [`Graph`] runs a file
//! at the level of tensors.
//!
//! # What plays
//!
//! One channel of sound as `[1, 1, time]`, `[1, time]`, `[time]` or `[1, time, 1]`, in
//! 32-bit floating point, and one of four kinds of graph:
//!
//! - With its past in **states**: inputs that start at nought and are fed from an output
//!   after each inference. They are paired by name (`h_in` and `h_out`, `in_h` and
//!   `out_h`, `past_0` and `present_0`, `h0` and `hn`, `h` and `hn`, `prev_h` and
//!   `next_h`, `h` and `new_h`, …), or because one of each is left.
//! - **Without states**, of any length of time: each inference hears its past again. How
//!   much is found at load by comparing long windows with shorter ones, and so is how
//!   far it looks ahead, which makes it late. Outputs that are shorter, as a convolution
//!   without padding leaves them, end where the input does; of longer ones the end is
//!   dropped.
//! - Without states, of one length of time: the same within that length.
//! - Without sound at its input, all of which metadata declares controls: it plays by
//!   itself.
//!
//! Where time is open, a hop is 256 samples with states and 512 without.
//!
//! # What a file may say of itself
//!
//! Under these keys of its metadata (`metadata_props`); `python/onnx/annotate.py` adds
//! them to a file.
//!
//! - `sample_rate`: in Hz, as text.
//! - `kiln.io`: JSON of any of these; others are refused.
//!
//! ```json
//! {
//!   "audio_in": "x",
//!   "audio_out": "y",
//!   "states": [["h_in", "h_out"], ["c_in", "c_out"]],
//!   "controls": {"drive": 0.5, "latent": [0.0, 1.0], "z": {"shape": [1, 2, 1], "values": [0, 1]}},
//!   "hop": 256,
//!   "context": 4092,
//!   "latency": 0,
//!   "memory": 48000,
//!   "sample_rate": 48000
//! }
//! ```
//!
//! `states` replaces all pairs by name. A control stands where the file says: one number
//! for all of its elements, as many as it has, or numbers in a shape where lengths are
//! open; nought if it says nothing, except that integers must be told, and that an input
//! named `sr` or `sample_rate` gets the rate. `hop` is the new samples of an inference,
//! `context` those of the past that it hears again, `latency` those it looks ahead, and
//! `memory` those after which it has forgotten. Where that is neither told nor found,
//! which is so with states, silence at the input never lets it rest.
//!
//! # What runs it
//!
//! rten, which we carry: written in Rust, it is memory-safe with any file. Where
//! [`Options`] name a library of ONNX Runtime, that does, on a graphics card if it can,
//! and the [`Report`](nn::Report) of an engine says what runs and why. tract, a third,
//! runs streaming convolutions as fast but refuses real files that these run, and adds
//! five times as much to a program.
//!
//! # Files from anybody
//!
//! [`limits`] says how much we accept. No file makes us open another: data beside the
//! file is refused, as are loops and operators that are not of the ONNX standard. What
//! runs too long at load is left behind and refused. What a graph takes of memory while
//! it runs is bounded only where its constants say it, so a file made to exhaust that
//! can; it cannot read or write what is not its own.

mod choice;
mod describe;
mod error;
mod file;
mod graph;
mod io;
pub mod limits;
mod load;
mod native;
mod network;
mod rewrite;
mod scan;
mod session;
mod tensor;
mod told;
mod trial;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use choice::Choice;
pub use describe::{Description, Kind, describe};
pub use error::Error;
pub use file::{Dim, Element, Port};
pub use graph::Graph;
pub use load::{Runs, load, open, runs};
pub use tensor::{Data, Tensor};

/// How to run a graph.
#[derive(Clone, Debug)]
pub struct Options {
    /// The library of ONNX Runtime to use instead of the runtime we carry, by an
    /// absolute path. One process loads one.
    pub library: Option<PathBuf>,
    /// What is to compute, where a library is named: the first that works.
    pub providers: Vec<Provider>,
    /// What one inference may take at load; a graph that takes longer is refused.
    pub longest: Duration,
    /// What the report of whatever is loaded tells besides, a sentence each.
    pub notices: Vec<String>,
}

impl Default for Options {
    /// The runtime we carry; where a library is named, whatever is fastest.
    fn default() -> Self {
        let providers = vec![Provider::Cuda, Provider::CoreMl, Provider::DirectMl, Provider::Cpu];
        Self { library: None, providers, longest: limits::MAX_INFERENCE, notices: Vec::new() }
    }
}

/// What computes in ONNX Runtime; a library is built with some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// A graphics card of NVIDIA.
    Cuda,
    /// What macOS chooses.
    CoreMl,
    /// A graphics card on Windows.
    DirectMl,
    /// One core of the processor.
    Cpu,
}
