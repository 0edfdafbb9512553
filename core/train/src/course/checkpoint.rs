//! What it takes to go on after an interruption, as a file.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Lessons, Settings};
use crate::Error;
use crate::optimiser::{Optimiser, Schedule, exact};
use crate::report::Point;

/// The state of a course between two epochs.
#[derive(Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Of what course; see [`course`].
    pub(super) course: String,
    pub(super) epoch: u64,
    pub(super) seconds: f64,
    #[serde(with = "exact")]
    pub(super) weights: Vec<f32>,
    pub(super) optimiser: Optimiser,
    pub(super) best: Option<Best>,
    pub(super) history: Vec<Point>,
}

/// The best weights so far.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Best {
    #[serde(with = "exact")]
    pub(super) weights: Vec<f32>,
    pub(super) esr: f64,
    pub(super) epoch: u64,
}

/// A digest of the recordings and of all settings that shape the result. Not of how long
/// to go on, so that a course may be prolonged, but for schedules that know their end.
pub(super) fn course(lessons: &Lessons, settings: &Settings) -> String {
    let mut digest = Sha256::new();
    let said = (
        &settings.class,
        settings.seed,
        (settings.batch, settings.length, settings.skip),
        &settings.loss,
        &settings.optimiser,
    );
    // Plain data: there is nothing in it that JSON cannot hold.
    digest.update(serde_json::to_vec(&said).unwrap_or_default());
    for (pair, knobs) in &lessons.pairs {
        for sound in [&pair.dry, &pair.wet, knobs] {
            digest.update(sound.len().to_le_bytes());
            sound.iter().for_each(|x| digest.update(x.to_le_bytes()));
        }
        let ranges = pair.train.iter().chain([&pair.held_out]);
        ranges.for_each(|r| digest.update([r.start.to_le_bytes(), r.end.to_le_bytes()].concat()));
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The epochs that the schedule of an interrupted course was made for, for those who
/// worked them out from a time that they had. `None` if there is no such course.
pub fn planned(path: &Path) -> Option<u64> {
    let kept: Checkpoint = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    match kept.optimiser.options().schedule {
        Schedule::Cosine { epochs, .. } => Some(epochs),
        _ => None,
    }
}

/// Whether a file is what a course keeps.
pub fn is_checkpoint(path: &Path) -> bool {
    let bytes = fs::read(path).unwrap_or_default();
    serde_json::from_slice::<Checkpoint>(&bytes).is_ok()
}

impl Checkpoint {
    /// The state of `course` at `path`; `None` where there is no file.
    ///
    /// # Errors
    /// If it cannot be read, or is of another course.
    pub(super) fn read(path: &Path, course: &str) -> Result<Option<Self>, Error> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| Error::Io { path: path.to_owned(), error })?,
        };
        let wrong = |expected: &str, found: String| {
            Error::setting(path.display().to_string(), expected, found)
        };
        let checkpoint: Self = serde_json::from_slice(&bytes)
            .map_err(|error| wrong("the checkpoint of a course", error.to_string()))?;
        if checkpoint.course != course {
            let expected = "a checkpoint of these recordings and settings; remove it, or say --fresh, to begin anew";
            return Err(wrong(expected, "one of others".to_owned()));
        }
        let weights = checkpoint.weights.len();
        let best = checkpoint.best.as_ref().map_or(weights, |best| best.weights.len());
        if best != weights || checkpoint.optimiser.weights() != weights {
            return Err(wrong("as many weights everywhere", "different numbers".to_owned()));
        }
        Ok(Some(checkpoint))
    }

    /// Replaces the file at `path` at once and whole.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn write(&self, path: &Path) -> Result<(), Error> {
        let write = || {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.persist(path)?;
            Ok(())
        };
        write().map_err(|error| Error::Io { path: path.to_owned(), error })
    }
}
