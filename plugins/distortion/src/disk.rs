//! Where the plugin keeps what is the player's.

use std::path::{Path, PathBuf};

/// The folders of the player's that the plugin reads and writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Presets, as files.
    pub presets: PathBuf,
    /// Where models are looked for at first.
    pub models: PathBuf,
}

impl Folders {
    /// Those of the user whose process this is.
    pub fn of_user() -> Self {
        let home = || dirs::home_dir().unwrap_or_else(|| PathBuf::from("."));
        let data = dirs::data_dir().unwrap_or_else(home).join("Kiln");
        Self {
            presets: data.join("Drive").join("Presets"),
            models: dirs::document_dir().map_or(data, |folder| folder.join("Kiln")).join("Drives"),
        }
    }

    /// Where it is kept which models were played lately, for all instances.
    pub fn recent(&self) -> PathBuf {
        self.presets.with_file_name("recent.json")
    }

    /// All of them in one folder, as tests want it.
    pub fn under(folder: &Path) -> Self {
        let [presets, models] = ["presets", "models"].map(|name| folder.join(name));
        Self { presets, models }
    }
}
