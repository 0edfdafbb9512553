//! Paths in projects.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A path as text, so that one that is not Unicode cannot lose the whole record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PathText(String);

impl PathText {
    /// The path.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(&self.0)
    }
}

impl From<String> for PathText {
    fn from(path: String) -> Self {
        Self(path)
    }
}

impl From<&Path> for PathText {
    fn from(path: &Path) -> Self {
        Self(path.to_string_lossy().into_owned())
    }
}
