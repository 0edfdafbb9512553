//! Files that were played lately.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Files that are remembered.
const MOST: usize = 8;
/// Bytes of the largest list of them that is read.
const MOST_BYTES: usize = 1 << 20;

/// Files that were played lately, the last first. They are kept beside the presets, for
/// all instances; a clone is another handle to the same.
#[derive(Clone, Default)]
pub struct Recent(Arc<Inner>);

#[derive(Default)]
struct Inner {
    files: Mutex<Files>,
    /// Held while they are written down.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Files {
    at: PathBuf,
    paths: Vec<PathBuf>,
}

impl Recent {
    /// Those that are remembered at `path`; none where it cannot be read.
    pub fn read(path: PathBuf) -> Self {
        let bytes = fx::preset::read_at_most(&path, MOST_BYTES).unwrap_or_default();
        let paths: Vec<String> = serde_json::from_slice(&bytes).unwrap_or_default();
        let paths = paths.into_iter().map(PathBuf::from).take(MOST).collect();
        let files = Mutex::new(Files { at: path, paths });
        Self(Arc::new(Inner { files, writing: Mutex::default() }))
    }

    /// The last first.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.0.files().paths.clone()
    }

    /// Puts a file first, and writes that down in the background. Returns the thread that
    /// does, if there is something to write.
    pub fn note(&self, path: &Path) -> Option<JoinHandle<()>> {
        let mut files = self.0.files();
        if files.paths.first().is_some_and(|first| first == path) {
            return None;
        }
        files.paths.retain(|known| known != path);
        files.paths.insert(0, path.to_owned());
        files.paths.truncate(MOST);
        drop(files);
        let inner = self.0.clone();
        // Not remembered is no harm.
        std::thread::Builder::new().spawn(move || inner.write()).ok()
    }
}

impl Inner {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what is remembered by now: whoever writes last writes the newest.
    fn write(&self) {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, paths) = {
            let files = self.files();
            (files.at.clone(), files.paths.clone())
        };
        let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
        let json = serde_json::to_vec(&paths).unwrap_or_default();
        if let Err(why) = crate::disk::write(&at, &json) {
            nice_plug::nice_log!("{why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_files_are_remembered() {
        let folder = std::env::temp_dir().join(format!("kiln-recent-{}", std::process::id()));
        let at = folder.join("recent.json");
        let recent = Recent::read(at.clone());
        assert!(recent.paths().is_empty());
        let note = |i| recent.note(Path::new(&format!("/{i}.json")));
        let writers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5].map(note);
        writers.into_iter().flatten().for_each(|writer| writer.join().expect("it writes"));
        let names: Vec<_> = recent.paths().iter().map(|p| p.display().to_string()).collect();
        let expected = [5, 9, 8, 7, 6, 4, 3, 2].map(|i| format!("/{i}.json"));
        assert_eq!(names, expected);
        assert_eq!(Recent::read(at.clone()).paths(), recent.paths(), "it was written down");
        assert!(recent.note(Path::new("/5.json")).is_none());
        std::fs::write(&at, r#"["/a.json", "/b.json"]"#).expect("to write");
        assert_eq!(Recent::read(at.clone()).paths().len(), 2);
        std::fs::write(&at, "{").expect("to write");
        assert!(Recent::read(at).paths().is_empty());
        std::fs::remove_dir_all(folder).expect("to clean up");
    }
}
