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
use crate::passivity::Turn;
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

/// What a plan lets be changed while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moves {
    pub(crate) decay: Decay,
    /// Whether [`Reverb::shelve_to`](crate::Reverb::shelve_to) acts as well.
    pub(crate) shelves: bool,
    /// Whether, and where in a line, [`Reverb::turn_to`](crate::Reverb::turn_to) does.
    pub(crate) turn: Option<Turn>,
}

impl Plan {
    /// Decides how `network` is run at its sample rate.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when the network contradicts itself, [`Error::TooLarge`],
    /// and [`Error::NoSolution`] for a loop without delay that has none.
    pub fn compile(network: &Network, decay: Decay) -> Result<Self, Error> {
        Self::compile_to_move(network, Moves { decay, ..Moves::default() })
    }

    /// The same, and what else may be changed.
    pub(crate) fn compile_to_move(network: &Network, moves: Moves) -> Result<Self, Error> {
        network.check()?;
        let reduced = reduce::Reduced::new(network)?;
        let schedule = schedule::Schedule::new(&reduced);
        emit::emit(network.sample_rate, &reduced, &schedule, moves)
    }
}
