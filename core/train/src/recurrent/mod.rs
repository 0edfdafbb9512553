//! Recurrent networks, differentiated through time.
//!
//! One layer of an LSTM or a GRU over sound and knobs, a dense layer to one output, and
//! if wanted the sound added to that. Many sequences run side by side, one to a lane of
//! the vectors: what a feed-forward network has as frames is here the batch, so that
//! every matrix of a step, forward or back, is one call of the players' kernel. The way
//! back stops where the run began (truncated back-propagation through time); the state
//! is carried from run to run.
//!
//! Sequences come and go as plain slices of samples, one for each lane.

mod gates;
mod network;
mod run;

#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod tests;

pub use network::{Cell, Recurrent};
pub use run::Unrolled;
