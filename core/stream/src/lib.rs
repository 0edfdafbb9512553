//! Runs a heavy network beside the audio thread, at a fixed latency and without a dropout.
//!
//! A [`Source`] builds [`Network`]s, which take sound a hop at a time, may allocate, and
//! may take long. A [`Host`] is an [`nn::Engine`] that runs one on a thread of its own:
//!
//! - [`latency`](mod@latency) says how late its output must be, and it always is;
//! - where the output is not there all the same, the input is heard, equally late, with
//!   fades, and no input of a network that only stalled is lost;
//! - a network that fails, panics, gives what is no number, is too slow or never comes
//!   back is passed by, reported and tried again.

mod error;
mod fade;
mod host;
pub mod latency;
mod link;
mod measure;
mod metrics;
mod monitor;
mod network;
mod player;
#[cfg(test)]
mod scene;
mod shared;
mod supervisor;
mod worker;

pub use error::Error;
pub use host::{Host, Options};
pub use measure::{Measured, measure, measure_network};
pub use network::{ENDLESS, Network, Source};
