//! What there is to say of an engine.

use std::sync::Arc;

use fx::drive::Setup;
use nn::{Report, Watch};
use shell::follow::{Live, Shown};

use crate::source::{Content, Source};

/// All an editor shows of what plays.
#[derive(Clone, Default)]
pub struct Status {
    /// The model that plays; nothing before the first activation or choice, and where the
    /// player wants none.
    pub content: Option<Arc<Content>>,
    /// Name of what is being loaded.
    pub loading: Option<String>,
    /// Why the last wish could not be fulfilled.
    pub error: Option<String>,
    /// Something worth knowing that stops nothing.
    pub notice: Option<String>,
    /// What it plays at: the host's rate, and what is done against aliasing. Nothing
    /// before the host said its rate, and where nothing plays.
    pub setup: Option<Setup>,
    /// The file that is followed.
    pub following: Option<Live>,
    /// Samples by which it is late, of the host's.
    pub latency: usize,
    /// Tell how the model does, if it works beside the audio thread.
    pub watches: Vec<Arc<dyn Watch>>,
}

impl Status {
    /// What is shown of the file that is followed.
    pub(crate) fn shown(&mut self) -> Shown<'_> {
        Shown { live: &mut self.following, error: &mut self.error }
    }

    /// How the model does, if it works beside the audio thread.
    pub fn report(&self) -> Option<Report> {
        Report::of(&self.watches)
    }

    /// What it is called; "" where there is nothing.
    pub fn name(&self) -> &str {
        self.content.as_ref().map_or("", |content| &content.name)
    }

    /// Where it came from.
    pub fn source(&self) -> Option<&Source> {
        self.content.as_ref().map(|content| &content.source)
    }

    /// The network.
    pub fn model(&self) -> Option<&Arc<nn::Model>> {
        self.content.as_ref().map(|content| &content.model)
    }

    /// Whose file it is, as [`nn::Model::format`] says; "" where there is nothing.
    pub fn format(&self) -> &'static str {
        self.model().map_or("", |model| model.format())
    }

    /// What can be turned: the first is the drive, the others are further knobs.
    pub fn knobs(&self) -> &[nn::Knob] {
        self.model().map_or(&[], |model| model.knobs())
    }

    /// Whether it sounds the same at any rate, with nothing resampled.
    pub fn follows_rate(&self) -> bool {
        self.model().is_some_and(|model| model.follows_rate())
    }

    /// Whether the antiderivative does anything for it.
    pub fn is_integrable(&self) -> bool {
        self.content.as_ref().is_some_and(|content| content.integrable)
    }

    /// Where it may sound different from what its trainer heard: a sentence each.
    pub fn differences(&self) -> &[String] {
        self.model().map_or(&[], |model| model.differences())
    }
}
