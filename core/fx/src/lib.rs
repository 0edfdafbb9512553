//! The effects, whole but host-free: what a plugin wraps and what the offline renderer runs.
//!
//! ```
//! use fx::amp::{Amp, Params};
//!
//! let (loader, mut amp) = Amp::new(48_000.0);
//! // From any thread, at any time: `loader.offer(fx::Pair::of(&model))`.
//! let (mut left, mut right) = ([0.5; 64], [-0.5; 64]);
//! let params = Params { output_gain: -20.0, ..Params::default() };
//! amp.process(&mut [&mut left, &mut right], 2, &params);
//! assert_eq!((left[0], right[0]), (0.05, -0.05)); // no model yet: dry
//! # let _ = loader;
//! ```

pub mod amp;
pub mod cabinet;
pub mod denormal;
mod error;
pub mod impulse;
pub mod pair;
pub mod smooth;
pub mod swap;

pub use amp::Amp;
pub use cabinet::Cabinet;
pub use error::Error;
pub use impulse::Impulse;
pub use pair::Pair;
pub use swap::{Loader, Slot, Voice};
