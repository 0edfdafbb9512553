//! Where the plugin keeps what is the player's.

use std::path::{Path, PathBuf};

/// The folders of the player's that the plugin reads and writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Presets, as files.
    pub presets: PathBuf,
    /// Where graphs are looked for at first.
    pub graphs: PathBuf,
}

impl Folders {
    /// Those of the user whose process this is.
    pub fn of_user() -> Self {
        let home = || dirs::home_dir().unwrap_or_else(|| PathBuf::from("."));
        let data = dirs::data_dir().unwrap_or_else(home).join("Kiln");
        Self {
            presets: data.join("Reverb").join("Presets"),
            graphs: dirs::document_dir().map_or(data, |folder| folder.join("Kiln")).join("Reverbs"),
        }
    }

    /// Where it is kept which graphs were played lately.
    pub fn recent(&self) -> PathBuf {
        self.presets.with_file_name("recent.json")
    }

    /// All of them in one folder, as tests want it.
    pub fn under(folder: &Path) -> Self {
        let [presets, graphs] = ["presets", "graphs"].map(|name| folder.join(name));
        Self { presets, graphs }
    }
}
