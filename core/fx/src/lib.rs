//! The effects, whole but host-free: what a plugin wraps and what the offline renderer runs.
//!
//! ```
//! use fx::amp::{Amp, Params};
//!
//! let (loaders, mut amp) = Amp::new(48_000.0);
//! // From any thread, at any time: `loaders.models[0].offer(fx::Pair::of(&model))`.
//! let (mut left, mut right) = ([0.5; 64], [-0.5; 64]);
//! let params = Params { mix: 0.0, output_gain: -20.0, ..Params::default() };
//! amp.process(&mut [&mut left, &mut right], 2, &params);
//! assert_eq!((left[0], right[0]), (0.05, -0.05)); // dry, and 20 dB lower
//! # let _ = loaders;
//! ```

pub mod amp;
mod bank;
pub mod cabinet;
pub mod cuts;
pub mod delay;
pub mod drive;
pub mod early;
pub use cpu::denormal;
pub mod duck;
mod error;
pub mod factory;
pub mod filter;
pub mod gate;
pub mod impulse;
pub mod levels;
pub mod pair;
mod peaks;
pub mod preset;
#[cfg(test)]
mod probe;
pub mod range;
pub mod resample;
mod rest;
pub mod reverb;
pub mod smooth;
pub mod swap;
pub mod tone;

pub use amp::{Amp, Loaders};
pub use cabinet::Cabinet;
pub use drive::{Drive, Pedal};
pub use error::Error;
pub use impulse::Impulse;
pub use pair::Pair;
pub use range::Range;
pub use resample::{Calls, Oversampling, Setup};
pub use reverb::Reverb;
pub use swap::{Loader, Slot, Voice};
