//! The neural distortion: a small network, oversampled, with all that a pedal needs around it.

mod params;
mod quality;
mod ranges;

pub use params::{Channels, Cut, KNOBS, Params};
pub use quality::{Oversampling, Phase, Quality, Setup};
pub use ranges::{RANGES, range};
