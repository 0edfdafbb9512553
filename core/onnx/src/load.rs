//! From bytes to a model.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nn::foreign::{About, Foreign};
use nn::{Engine, Metadata, Model, Place};
use stream::Host;

use crate::file::File;
use crate::io::Io;
use crate::limits::{MAX_STEP, MAX_TRIAL};
use crate::network::Playable;
use crate::session::{RTEN, Rten, Runtime};
use crate::{Choice, Error, Options, native, scan, trial};

/// Reads any model file that Kiln plays: ONNX by its first bytes, all others as
/// [`nn::Model::load`] does. What runs ONNX files is what the user [chose](Choice).
///
/// # Errors
/// Says what was expected and what was found; see [`Error`].
pub fn open(bytes: &[u8]) -> Result<Model, Error> {
    if scan::is_onnx(bytes) { load(bytes, &Choice::of_user()) } else { Ok(Model::load(bytes)?) }
}

/// Reads an `.onnx` file of audio in and audio out. Takes as long as a few inferences,
/// or some dozens of them for a graph whose memory it has to find.
///
/// # Errors
/// Says what was expected and what was found; see [`Error`].
pub fn load(bytes: &[u8], options: &Options) -> Result<Model, Error> {
    let Loaded { file, playable } = Loaded::read(bytes, options)?;
    let plan = playable.plan.clone();
    let measured = stream::measure(&playable)
        .map_err(|e| Error::Runtime { engine: playable.runtime.engine(), said: e.to_string() })?;
    let budget = measured.budget(Duration::ZERO);
    let host = stream::Options { budget, ..stream::Options::default() };
    let metadata = Metadata {
        name: file.metadata.get("name").cloned(),
        description: file.metadata.get("description").cloned(),
        ..Metadata::default()
    };
    let heard = plan.context + plan.chunk;
    let network = Network {
        weights: file.weights,
        // Each weight is used about once for each sample that is heard.
        macs: file.weights.saturating_mul(heard) / plan.chunk.max(1),
        source: Arc::new(playable),
        host,
    };
    Ok(Model::foreign(About {
        format: "ONNX",
        architecture: "Graph",
        sample_rate: plan.io.sample_rate,
        metadata,
        notices: plan.io.notices.clone(),
        network: Arc::new(network),
    }))
}

/// What runs graphs here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// The runtime, with its version.
    pub engine: String,
    /// What computes.
    pub device: String,
    /// Why that is not what was asked for, a sentence each.
    pub notices: Vec<String>,
}

/// Finds out what would run a graph with `options`, by loading a small one.
///
/// # Errors
/// If nothing does.
pub fn runs(options: &Options) -> Result<Runs, Error> {
    let Loaded { playable, .. } = Loaded::read(include_bytes!("trial.onnx"), options)?;
    let (engine, device) = (playable.runtime.engine(), playable.runtime.device());
    Ok(Runs { engine, device, notices: playable.notices })
}

/// A file, and what was found to play it.
pub(crate) struct Loaded {
    pub(crate) file: File,
    pub(crate) playable: Playable,
}

impl Loaded {
    pub(crate) fn read(bytes: &[u8], options: &Options) -> Result<Self, Error> {
        let file = File::read(bytes)?;
        let io = Io::of(&file)?;
        let mut notices = options.notices.clone();
        let deadline = Instant::now() + MAX_TRIAL;
        for runtime in native::runtimes(&file, options, &mut notices) {
            match trial::run(&runtime, &io, options.longest, MAX_STEP, deadline) {
                Ok(plan) => {
                    let playable = Playable { runtime, plan, notices };
                    return Ok(Self { file, playable });
                }
                Err(said) => notices.push(format!("{}: {said}", runtime.engine())),
            }
        }
        let runtime: Arc<dyn Runtime> = Arc::new(Rten::load(&file, true)?);
        let said = |said| Error::Runtime { engine: RTEN.to_owned(), said };
        let deadline = Instant::now() + MAX_TRIAL;
        let plan = trial::run(&runtime, &io, options.longest, MAX_STEP, deadline).map_err(said)?;
        Ok(Self { file, playable: Playable { runtime, plan, notices } })
    }
}

/// What a model holds of it.
struct Network {
    weights: usize,
    macs: usize,
    source: Arc<Playable>,
    host: stream::Options,
}

impl Foreign for Network {
    fn engine(&self, place: &Place) -> Box<dyn Engine> {
        Box::new(Host::new(self.source.clone(), place, &self.host))
    }

    fn latency(&self, place: &Place) -> usize {
        Host::latency_at(&*self.source, place, &self.host)
    }

    fn memory(&self) -> Option<usize> {
        self.source.plan.memory
    }

    fn weights(&self) -> usize {
        self.weights
    }

    fn macs(&self) -> usize {
        self.macs
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
pub(crate) mod tests;
