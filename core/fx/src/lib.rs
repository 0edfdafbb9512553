//! The effects, whole but host-free: what a plugin wraps and what the offline renderer runs.

pub mod amp;
pub mod denormal;
pub mod smooth;
pub mod swap;

pub use amp::Amp;
pub use swap::{Loader, Pair, Slot};
