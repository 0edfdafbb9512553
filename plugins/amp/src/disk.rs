//! Where the plugin keeps what is the player's.

use std::path::{Path, PathBuf};

pub(crate) use shell::disk::write;

/// The folders of the player's that the plugin reads and writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Presets, as files.
    pub presets: PathBuf,
    /// Where models and impulse responses are looked for at first.
    pub models: PathBuf,
    /// What was chosen: favourites, the last folder.
    pub config: PathBuf,
    /// What can be found out again.
    pub cache: PathBuf,
}

impl Folders {
    /// Those of the user whose process this is.
    pub fn of_user() -> Self {
        let home = crate::files::home;
        let data = dirs::data_dir().unwrap_or_else(home).join("Kiln");
        Self {
            presets: data.join("Amp").join("Presets"),
            models: dirs::document_dir().map_or(data, |folder| folder.join("Kiln")).join("Models"),
            config: dirs::config_dir().unwrap_or_else(home).join("Kiln"),
            cache: dirs::cache_dir().unwrap_or_else(home).join("Kiln"),
        }
    }

    /// All of them in one folder, as tests want it.
    pub fn under(folder: &Path) -> Self {
        let [presets, models, config, cache] =
            ["presets", "models", "config", "cache"].map(|name| folder.join(name));
        Self { presets, models, config, cache }
    }
}
