//! What there is to say of an engine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use fdn::{Certificate, Model};

use crate::source::{Content, Source};

/// All an editor shows of what plays.
#[derive(Clone, Default)]
pub struct Status {
    /// The graph that plays; nothing before the first activation or choice.
    pub content: Option<Arc<Content>>,
    /// It as it is run; nothing before the first activation.
    pub model: Option<Arc<Model>>,
    /// What is known of its stability.
    pub proof: Proof,
    /// Whether it is played with a limiter, for it is not proven to be stable.
    pub guarded: bool,
    /// Name of what is being loaded.
    pub loading: Option<String>,
    /// Why the last wish could not be fulfilled.
    pub error: Option<String>,
    /// Something worth knowing that stops nothing.
    pub notice: Option<String>,
    /// Whether what was refused last can be [insisted](crate::engine::Wish::Insist) on.
    pub insistable: bool,
    /// The file that is followed.
    pub following: Option<Live>,
    /// As many times as large as designed it plays now.
    pub size: f32,
    /// The host's rate, in Hz; 0 before it said so.
    pub rate: f32,
}

/// A file that is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// Where it is.
    pub path: PathBuf,
    /// The revision that plays, if it says which it is.
    pub revision: Option<u64>,
    /// How many graphs were taken from it since it is followed.
    pub reloads: u64,
    /// When the last one was.
    pub latest: Option<Instant>,
}

/// What is known of the stability of what plays.
#[derive(Clone, Debug, Default)]
pub enum Proof {
    /// Nothing plays.
    #[default]
    None,
    /// It is being proven. That it cannot grow is plain already, or it would not play.
    Checking,
    /// All there is.
    Done(Arc<Certificate>),
}

impl Status {
    /// What it is called; "" where there is nothing.
    pub fn name(&self) -> &str {
        self.content.as_ref().map_or("", |content| &content.name)
    }

    /// Where it came from.
    pub fn source(&self) -> Option<&Source> {
        self.content.as_ref().map(|content| &content.source)
    }

    /// Lines that feed back.
    pub fn lines(&self) -> usize {
        self.content.as_ref().map_or(0, |content| content.lines())
    }

    /// The shortest and the longest time it can be set to, in seconds; none if its time
    /// cannot be set.
    pub fn span(&self) -> Option<[f64; 2]> {
        let range = self.model.as_ref()?.ranges().rt60?;
        Some([range.min, range.max])
    }

    /// Seconds it was trained to ring; none if that is forever, or not known yet.
    pub fn trained(&self) -> Option<f64> {
        self.model.as_ref()?.calibration()?.trained()
    }

    /// Whether times are final: until then they are an estimate.
    pub fn is_calibrated(&self) -> bool {
        self.model.as_ref().is_some_and(|model| model.is_calibrated())
    }

    /// Whether its sound can be held.
    pub fn freezes(&self) -> bool {
        self.model.as_ref().is_some_and(|model| model.freezes())
    }

    /// Whether its times may differ by band and its lines be modulated.
    pub fn is_passive(&self) -> bool {
        self.model.as_ref().is_some_and(|model| model.passivity().is_some())
    }
}
