//! What the parts of the editor work with: they read it, and leave on it what they want
//! done.

use std::path::PathBuf;

use nice_plug::prelude::ParamSetter;

use super::header::Click;
use super::measure::Measured;
use crate::engine::Wish;
use crate::meters::Meters;
use crate::params::ReverbParams;
use crate::status::Status;

/// What a part wants done.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// By the engine.
    Wish(Wish),
    /// Look for a file, to open it or to follow it.
    Browse {
        /// To follow it.
        follow: bool,
    },
    /// Look into a folder.
    Enter(PathBuf),
    /// Close the browser.
    Close,
    /// What was clicked in the header.
    Header(Click),
    /// What is told was read.
    Dismiss,
    /// Whether presets leave the mix as it is.
    Lock(bool),
}

/// What the parts work with.
pub(super) struct Desk<'a> {
    pub(super) params: &'a ReverbParams,
    pub(super) setter: &'a ParamSetter<'a>,
    pub(super) status: &'a Status,
    pub(super) meters: &'a Meters,
    /// What the network is told now.
    pub(super) network: &'a fdn::Params,
    pub(super) measured: &'a Measured,
    pub(super) asks: Vec<Ask>,
}

impl Desk<'_> {
    pub(super) fn ask(&mut self, ask: Ask) {
        self.asks.push(ask);
    }

    pub(super) fn wish(&mut self, wish: Wish) {
        self.ask(Ask::Wish(wish));
    }
}
