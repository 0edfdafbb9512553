//! Runs a heavy network beside the audio thread, at a fixed latency and without a dropout.

mod fade;
pub mod latency;
mod metrics;
mod network;

pub use network::{Network, Source};
