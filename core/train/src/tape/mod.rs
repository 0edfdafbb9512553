//! Networks without feedback, differentiated in reverse.
//!
//! The forward pass is that of the players, by their own kernel; a tape keeps every
//! signal of it. The way back is planned as data, too: the derivative by a signal
//! gathers what its readers hand back, which is a convolution that looks ahead and so
//! runs by the same kernel; only the gradients of the weights, correlations of errors
//! with signals, have one of their own. Both ways go in chunks that stay in the cache,
//! forward from the first frame, back from the last.

mod back;
mod batch;
mod linked;
mod network;
mod run;

#[cfg(test)]
mod tests;

pub use batch::Batch;
pub use network::Network;
pub use run::Tape;
