//! What the player chose in the browser, kept between sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::disk::{self, Folders};

/// Bytes of the largest file that is read.
const MAX_BYTES: usize = 4 << 20;

/// The folder and the favourites.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Choices {
    pub(super) folder: Option<PathBuf>,
    pub(super) favourites: BTreeSet<PathBuf>,
    /// What a newer version may have added.
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl Choices {
    /// What was chosen before; nothing if that cannot be read.
    pub(super) fn read(folders: &Folders) -> Self {
        fx::preset::read_at_most(&path(folders), MAX_BYTES)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    pub(super) fn write(mut self, folders: &Folders) -> Result<(), String> {
        // A path that is not Unicode cannot be kept, but all others can.
        self.favourites.retain(|path| path.to_str().is_some());
        self.folder.take_if(|path| path.to_str().is_none());
        let json = serde_json::to_vec_pretty(&self).map_err(|e| e.to_string())?;
        disk::write(&path(folders), &json)
    }
}

fn path(folders: &Folders) -> PathBuf {
    folders.config.join("library.json")
}
