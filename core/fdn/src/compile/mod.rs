//! From a [`Network`] to a [`Plan`].

mod emit;
mod mix;
mod places;
mod reduce;
mod schedule;
mod section;
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

/// The most operations, and signals, of a network.
const MOST: usize = 1 << 18;

impl Plan {
    /// Decides how `network` is run at its sample rate.
    ///
    /// Errors name what is too large, and delay-free loops that have no
    /// solution.
    pub fn compile(network: &Network, decay: Decay) -> Result<Self, Error> {
        if network.signals > MOST {
            let what = "signals in the graph".to_owned();
            return Err(Error::TooLarge { what, limit: MOST, found: network.signals });
        }
        let reduced = reduce::Reduced::new(network)?;
        let schedule = schedule::Schedule::new(&reduced);
        emit::emit(network.sample_rate, &reduced, &schedule, decay)
    }
}
