//! Teaching networks: from a dry and a wet recording to a model file, on any CPU.
//!
//! [`data`] makes a pair of recordings fit to learn from, or says why it is not.
//! Networks without feedback are differentiated by [`tape`], recurrent ones by
//! [`recurrent`], and pedals made of filters around a small network are fitted by
//! [`hammerstein`] with [`least_squares`]. [`loss`] says how wrong an answer is,
//! [`optimiser`] what to do about it; [`course`] puts all that together. [`export`] writes
//! files for players and [`report`] a page for people.

pub mod course;
pub mod data;
mod error;
pub mod export;
pub mod hammerstein;
mod kernel;
pub mod least_squares;
pub mod loss;
pub mod optimiser;
pub mod recurrent;
pub mod report;
pub mod tape;

pub use error::Error;
