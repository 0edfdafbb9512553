//! From a [`Network`] to a [`Plan`].

mod compose;
mod emit;
mod mix;
mod places;
mod reduce;
mod schedule;
mod section;
mod solve;
mod structure;

use crate::error::Error;
use crate::network::Network;
use crate::plan::Plan;

/// On which lines [`Reverb::decay_to`](crate::Reverb::decay_to) acts. Lines on
/// which nothing acts cost nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decay {
    /// On none.
    #[default]
    None,
    /// On every delay in a loop, so that all of its modes decay faster by the
    /// same rate.
    Loops,
    /// On every delay in the forward path of a recursion, as ADAC does.
    Forward,
}

impl Plan {
    /// Decides how `network` is run at its sample rate.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when the network contradicts itself, [`Error::TooLarge`],
    /// and [`Error::NoSolution`] for a loop without delay that has none.
    pub fn compile(network: &Network, decay: Decay) -> Result<Self, Error> {
        network.check()?;
        let reduced = reduce::Reduced::new(network)?;
        let schedule = schedule::Schedule::new(&reduced);
        emit::emit(network.sample_rate, &reduced, &schedule, decay)
    }
}
