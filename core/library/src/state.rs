//! What the library remembers: whom it trusts, and what is installed.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::names::{self, MOST_FILE, MOST_ID};
use crate::{Error, disk};

/// The version of the format.
const VERSION: u32 = 1;

/// Most bytes of the file.
const MOST_BYTES: u64 = 16 << 20;

/// A model that is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installed {
    /// The name of its file.
    pub file: String,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
    /// Bytes of its file.
    pub bytes: u64,
    /// The licence it came under, an SPDX expression.
    pub licence: String,
    /// Who is to be named.
    pub attribution: String,
    /// The list it came from.
    pub list: String,
    /// When its licence was accepted, in seconds since 1970 (UTC), if it was.
    pub accepted: Option<u64>,
    /// When it was installed, in seconds since 1970 (UTC).
    pub installed: u64,
}

/// A list that was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// SHA-256 of the manifest, by which its copy is named.
    pub(crate) sha256: String,
    /// Its revision, below which no other is taken.
    pub(crate) revision: u64,
    /// The key that must have signed it; none if it was added unsigned.
    pub(crate) key: Option<String>,
    /// The path or address it was added from.
    pub(crate) origin: String,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    version: u32,
    /// By the names of the lists.
    pub(crate) lists: BTreeMap<String, Source>,
    /// By the ids of the models.
    pub(crate) installed: BTreeMap<String, Installed>,
}

impl Default for State {
    fn default() -> Self {
        Self { version: VERSION, lists: BTreeMap::new(), installed: BTreeMap::new() }
    }
}

impl State {
    /// What `path` holds; if it is not there, nothing yet.
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        let Some(bytes) = disk::read(path, MOST_BYTES)? else { return Ok(Self::default()) };
        let what = path.display().to_string();
        if bytes.len() as u64 > MOST_BYTES {
            return Err(Error::invalid(what, format!("at most {MOST_BYTES} bytes"), "more"));
        }
        let state: Self = serde_json::from_slice(&bytes)
            .map_err(|error| Error::Json { what: what.clone(), error })?;
        if state.version != VERSION {
            let expected = format!("version {VERSION}");
            return Err(Error::invalid(what, expected, state.version));
        }
        // Paths are made of these, and files removed by them.
        for (id, model) in &state.installed {
            names::check(&what, id, MOST_ID)?;
            names::check(&what, &model.file, MOST_FILE)?;
        }
        for (name, source) in &state.lists {
            names::check(&what, name, MOST_ID)?;
            names::check(&what, &source.sha256, MOST_ID)?;
        }
        Ok(state)
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), Error> {
        let json = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::Json { what: path.display().to_string(), error })?;
        disk::replace(path, &json)
    }
}
