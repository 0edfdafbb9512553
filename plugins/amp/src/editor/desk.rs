//! What the pages of the editor work with: they read it, and leave on it what
//! they want done.

use nice_plug::prelude::ParamSetter;

use super::face::Drawer;
use super::header::Click;
use crate::meters::Meters;
use crate::params::AmpParams;
use crate::places::{Place, Task};
use crate::seat::Status;
use crate::source::Playing;

/// A page of the editor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Page {
    #[default]
    Amp,
    Models,
    Cabinet,
    Settings,
}

impl Page {
    pub(super) const ALL: [Self; 4] = [Self::Amp, Self::Models, Self::Cabinet, Self::Settings];

    pub(super) fn name(self) -> &'static str {
        ["Amp", "Models", "Cabinet", "Settings"][self as usize]
    }
}

/// What a page wants done.
#[derive(Clone)]
pub(super) enum Ask {
    /// In the background.
    Run(Task),
    /// Open the browser for a place.
    Browse(Place),
    /// Turn to a page.
    Show(Page),
    /// Open a drawer over the face, or close it.
    Toggle(Drawer),
    /// What was clicked in the header.
    Header(Click),
}

/// What the pages work with.
pub(super) struct Desk<'a> {
    pub(super) params: &'a AmpParams,
    pub(super) setter: &'a ParamSetter<'a>,
    pub(super) status: &'a [Status; 4],
    pub(super) meters: &'a Meters,
    pub(super) asks: Vec<Ask>,
}

impl Desk<'_> {
    pub(super) fn ask(&mut self, ask: Ask) {
        self.asks.push(ask);
    }

    pub(super) fn status(&self, place: Place) -> &Status {
        &self.status[place.index()]
    }

    pub(super) fn playing(&self, place: Place) -> Option<&Playing> {
        self.status(place).playing.as_deref()
    }

    /// The name of what is at `place`, or what becomes of it.
    pub(super) fn name(&self, place: Place) -> String {
        let status = self.status(place);
        match (&status.loading, &status.playing) {
            (Some(name), _) => format!("Loading {name}"),
            (None, Some(playing)) => playing.name.clone(),
            (None, None) => "Empty".into(),
        }
    }
}
