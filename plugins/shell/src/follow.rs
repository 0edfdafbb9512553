//! Following the file of a model while a trainer writes it anew: what is new in it
//! plays, what is broken does not, and each is answered beside the file.

use std::path::{Path, PathBuf};
use std::time::Instant;

use live::Format;
use serde::Deserialize;
use ui::light::Followed;

pub use live::hash;

mod following;
#[cfg(test)]
mod tests;
mod view;

pub use following::{Following, LOOK, Player, look};
pub use view::{Place, show};

/// A model that came in a file, and the file.
pub struct Sent {
    /// As it was read.
    pub model: nn::Model,
    /// What a project is to keep.
    pub bytes: Vec<u8>,
}

/// The format of a file of a model.
#[derive(Debug)]
pub enum Models {}

impl Format for Models {
    type Content = Sent;
    type Error = nn::Error;

    const MOST_BYTES: usize = nn::Model::MAX_BYTES;

    fn load(bytes: &[u8]) -> Result<Sent, nn::Error> {
        Ok(Sent { model: nn::Model::load(bytes)?, bytes: bytes.to_vec() })
    }

    fn is_unfinished(error: &nn::Error) -> bool {
        matches!(error, nn::Error::Json(_))
    }

    fn revision(sent: &Sent) -> Option<u64> {
        sent.model.metadata().revision
    }

    /// Ours has it at the top, NAM's among what is said of the training.
    fn claimed(bytes: &[u8]) -> Option<u64> {
        #[derive(Deserialize)]
        struct File {
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            training: Training,
        }
        #[derive(Deserialize)]
        struct Training {
            revision: Option<u64>,
        }
        let within = || serde_json::from_slice::<File>(bytes).ok()?.metadata.training.revision;
        live::revision(bytes).or_else(within)
    }
}

/// A file that is followed, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// Where it is.
    pub path: PathBuf,
    /// The revision that plays, if it says which it is.
    pub revision: Option<u64>,
    /// Its error-to-signal ratio, if it says so.
    pub esr: Option<f64>,
    /// How many models were taken from it since it is followed.
    pub reloads: u64,
    /// When the last one was.
    pub latest: Option<Instant>,
    /// Why what came last is not played.
    pub error: Option<String>,
}

impl Live {
    /// A file at `path` from which nothing came yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, revision: None, esr: None, reloads: 0, latest: None, error: None }
    }

    /// What `now` is followed by what was followed before: the same, if it is the same file.
    pub fn keep(before: Option<Self>, now: Option<PathBuf>) -> Option<Self> {
        let path = now?;
        Some(before.filter(|live| live.path == path).unwrap_or_else(|| Self::new(path)))
    }

    /// A model was taken from it.
    pub fn take(&mut self, model: &nn::Model) {
        let metadata = model.metadata();
        (self.revision, self.esr) = (metadata.revision, metadata.esr);
        (self.latest, self.error) = (Some(Instant::now()), None);
        self.reloads += 1;
    }

    /// What there is to show of it.
    fn followed(&self) -> Followed<'_> {
        Followed {
            path: &self.path,
            revision: self.revision,
            score: self.esr.map(|esr| format!("ESR {}", crate::text::percent(esr))),
            reloads: self.reloads,
            since: self.latest.map(|latest| latest.elapsed().as_secs_f32()),
            error: self.error.as_deref(),
        }
    }
}

/// What is shown of a file that is followed, among what else is shown of a player.
pub struct Shown<'a> {
    /// The file, if one is followed.
    pub live: &'a mut Option<Live>,
    /// Why the last wish could not be fulfilled, or why the last file is not played.
    pub error: &'a mut Option<String>,
}

impl Shown<'_> {
    /// Counts `model` as taken once more, for it plays already. Returns whether any file is
    /// followed.
    pub fn adopt(self, model: &nn::Model) -> bool {
        let Some(live) = self.live else { return false };
        // What was said of the file before is no longer true; other errors are to be read.
        if live.error.is_some() {
            *self.error = None;
        }
        live.take(model);
        true
    }

    /// Shows why what came last in the file at `path` is not played.
    pub fn refuse(self, path: &Path, why: &str) {
        if let Some(live) = self.live {
            live.error = Some(why.to_owned());
            *self.error = Some(format!("{} is not played: {why}.", path.display()));
        }
    }
}
