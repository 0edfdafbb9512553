//! Folders of files, as the browser and the arrows see them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::places::Place;

pub(crate) use shell::files::by_number;
pub use shell::files::home;

/// Entries of a folder that are looked at; more would only make a list no one reads.
const MAX_ENTRIES: usize = 10_000;

/// What a folder holds that concerns us, sorted as people count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The folder itself.
    pub folder: PathBuf,
    /// Names of the folders in it.
    pub folders: Vec<String>,
    /// Names of the model files in it.
    pub models: Vec<String>,
    /// Names of the sound files in it.
    pub cabinets: Vec<String>,
    /// Why it could not be read.
    pub error: Option<String>,
}

impl Listing {
    /// Reads `folder`, leaving out what is hidden.
    pub fn read(folder: &Path) -> Self {
        let mut listing = Self { folder: folder.to_owned(), ..Self::default() };
        match fs::read_dir(folder) {
            Ok(entries) => {
                entries.take(MAX_ENTRIES).flatten().for_each(|e| listing.add(&e.path()));
            }
            Err(e) => listing.error = Some(format!("{} cannot be read: {e}", folder.display())),
        }
        for names in [&mut listing.folders, &mut listing.models, &mut listing.cabinets] {
            names.sort_by_cached_key(|name| by_number(name));
        }
        listing
    }

    fn add(&mut self, path: &Path) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
        if name.starts_with('.') {
        } else if path.is_dir() {
            self.folders.push(name.into());
        } else if is_model(path) {
            self.models.push(name.into());
        } else if is_cabinet(path) {
            self.cabinets.push(name.into());
        }
    }

    /// Names of the files for `place`.
    pub fn names(&self, place: Place) -> &[String] {
        match place {
            Place::Model(_) => &self.models,
            Place::Cabinet(_) => &self.cabinets,
        }
    }

    /// The file for `place` that is `step` after `current`, round and round.
    pub fn step(&self, place: Place, current: Option<&Path>, step: isize) -> Option<PathBuf> {
        let names = self.names(place);
        let name = current.and_then(Path::file_name).and_then(|name| name.to_str());
        Some(self.folder.join(shell::files::step(names, name, step)?))
    }
}

/// Whether the name of `path` is that of a graph, which is run to find out how it plays.
pub fn is_graph(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
}

/// Whether the name of `path` is that of a model file: Neural Amp Modeler's, or one of
/// those that small networks come in.
pub fn is_model(path: &Path) -> bool {
    let ends = |ending: &str| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
    };
    ["nam", "aidax", "json", "onnx"].into_iter().any(ends)
}

/// Whether the name of `path` is that of an impulse response.
pub fn is_cabinet(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("wav") || extension.eq_ignore_ascii_case("wave")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_shows_folders_and_models() {
        let root = std::env::temp_dir().join(format!("kiln-files-{}", std::process::id()));
        fs::create_dir_all(root.join("cabs")).expect("a folder");
        fs::create_dir_all(root.join(".git")).expect("a folder");
        for name in ["b10.nam", "b9.NAM", "lead.json", "notes.txt", ".hidden.nam", "4x12.WAV"] {
            fs::write(root.join(name), "x").expect("a file");
        }
        let listing = Listing::read(&root);
        assert_eq!(listing.folders, ["cabs"]);
        assert_eq!(listing.models, ["b9.NAM", "b10.nam", "lead.json"]);
        assert_eq!(listing.names(Place::Cabinet(1)), ["4x12.WAV"]);

        let step = |from: &str, by| listing.step(Place::Model(0), Some(Path::new(from)), by);
        assert_eq!(step("/x/b9.NAM", 1), Some(root.join("b10.nam")));
        assert_eq!(step("/x/lead.json", 1), Some(root.join("b9.NAM")));
        assert_eq!(step("/x/gone.nam", -1), Some(root.join("lead.json")));
        assert_eq!(Listing::default().step(Place::Model(1), None, 1), None);

        assert!(Listing::read(&root.join("gone")).error.is_some());
        fs::remove_dir_all(root).expect("to clean up");
    }
}
