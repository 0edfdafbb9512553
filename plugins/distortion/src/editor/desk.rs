//! What the parts of the editor work with: they read it, and leave on it what they want
//! done.

use std::path::PathBuf;

use nice_plug::prelude::ParamSetter;
use shell::newest::Latest;

use super::header::Click;
use super::pictures::Spectrum;
use crate::engine::Wish;
use crate::meters::Meters;
use crate::params::DriveParams;
use crate::status::Status;

/// What a part wants done.
#[derive(Clone)]
pub(super) enum Ask {
    /// By the engine.
    Wish(Wish),
    /// Look for a file.
    Browse,
    /// Look into a folder.
    Enter(PathBuf),
    /// Close the browser.
    Close,
    /// What was clicked in the header.
    Header(Click),
    /// What is told was read.
    Dismiss,
}

/// What the parts work with.
pub(super) struct Desk<'a> {
    pub(super) params: &'a DriveParams,
    pub(super) setter: &'a ParamSetter<'a>,
    pub(super) status: &'a Status,
    pub(super) meters: &'a Meters,
    /// Pairs of input and output.
    pub(super) curve: &'a Latest<Vec<[f32; 2]>>,
    pub(super) sine: &'a Latest<Spectrum>,
    /// Inputs and outputs of the sound of this moment; none in silence.
    pub(super) moving: &'a [[f32; 2]],
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
