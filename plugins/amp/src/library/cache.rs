//! What was found out about files before, so that a library is read only once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::{Facts, Stamp};
use crate::disk::{self, Folders};

/// Changes whenever what is kept of a file, or how it is judged, does.
const VERSION: u32 = 2;

/// Files that are remembered at most.
const MOST: usize = 50_000;

/// Bytes of the largest cache that is read.
const MAX_BYTES: usize = 64 << 20;

/// What is known of files, and of the cost of networks.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Cache {
    version: u32,
    /// Costs were measured on this machine, by this build.
    machine: String,
    costs: HashMap<String, f32>,
    files: HashMap<PathBuf, (Stamp, Facts)>,
    #[serde(skip)]
    path: PathBuf,
    #[serde(skip)]
    is_changed: bool,
}

impl Cache {
    /// What was kept; nothing if that cannot be read or is of another version.
    pub(super) fn read(folders: &Folders) -> Self {
        let path = folders.cache.join("library.json");
        let kept = fx::preset::read_at_most(&path, MAX_BYTES)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok())
            .filter(|kept| kept.version == VERSION && kept.files.len() <= MOST);
        let machine = machine();
        let mut cache = kept.unwrap_or_default();
        if cache.machine != machine {
            cache.costs.clear();
        }
        Self { version: VERSION, machine, path, is_changed: false, ..cache }
    }

    /// What is known of a file, unless it has changed since.
    pub(super) fn get(&self, path: &Path, stamp: Stamp) -> Option<&Facts> {
        self.files.get(path).filter(|(known, _)| *known == stamp).map(|(_, facts)| facts)
    }

    pub(super) fn insert(&mut self, path: PathBuf, stamp: Stamp, facts: Facts) {
        // JSON cannot hold it, and nothing else would be kept for its sake.
        if path.to_str().is_none() {
            return;
        }
        if self.files.len() >= MOST {
            // Whoever has so many files may wait for them now and then.
            self.files.clear();
        }
        self.files.insert(path, (stamp, facts));
        self.is_changed = true;
    }

    pub(super) fn cost(&self, key: &str) -> Option<f32> {
        self.costs.get(key).copied()
    }

    pub(super) fn set_cost(&mut self, key: String, cost: f32) {
        if self.costs.len() < MOST {
            self.costs.insert(key, cost);
            self.is_changed = true;
        }
    }

    /// Keeps it, if something is new. That it cannot be kept costs only time.
    pub(super) fn write(&mut self) {
        if std::mem::take(&mut self.is_changed)
            && let Ok(json) = serde_json::to_vec(self)
        {
            let _ = disk::write(&self.path, &json);
        }
    }
}

/// What must be the same for costs to be: the build, and what it runs on.
fn machine() -> String {
    let threads = std::thread::available_parallelism().map_or(0, usize::from);
    let (version, debug) = (env!("CARGO_PKG_VERSION"), cfg!(debug_assertions));
    format!("{version} {debug} {:?} {threads}", nn::Isa::best())
}
