//! The graphs at hand: the factory's by category, and files that were played lately.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

use fdn::Graph;
use fx::factory::{self, Item};
use serde_json::Value;

use super::words::{self, DOT};
use crate::source;

/// Categories, in the order in which they are listed, and what belongs to them.
const CATEGORIES: [(&str, &[&str]); 4] = [
    ("Rooms", &["small-room", "live-room", "chamber"]),
    ("Halls", &["medium-hall", "large-hall", "cathedral"]),
    ("Plates and springs", &["bright-plate", "dark-plate", "spring"]),
    ("Others", &["colourless", "endless-bloom"]),
];

/// Files that are remembered.
const MOST_RECENT: usize = 8;
/// Bytes of the largest list of them that is read.
const MOST_BYTES: usize = 1 << 20;

/// What is known of a graph of the factory's.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) item: &'static Item,
    pub(super) category: &'static str,
    /// In short: how many lines, and two of its tags.
    pub(super) facts: String,
    /// In a sentence.
    pub(super) details: String,
}

/// The factory's graphs, by category. Read once, in some milliseconds.
pub(super) fn factory() -> &'static [Known] {
    static READ: OnceLock<Vec<Known>> = OnceLock::new();
    READ.get_or_init(|| {
        let in_order = CATEGORIES.iter().flat_map(|(category, ids)| {
            let items = ids.iter().filter_map(|id| factory::reverb(id));
            items.map(move |item| known(item, category))
        });
        in_order.collect()
    })
}

fn known(item: &'static Item, category: &'static str) -> Known {
    let lines = Graph::load(item.bytes).map_or(0, |graph| source::lines(&graph.root, false));
    let file: Value = serde_json::from_slice(item.bytes).unwrap_or_default();
    let meta = file.get("meta");
    let text = |key| meta.and_then(|meta| meta.get(key));
    let tags = text("tags").and_then(Value::as_array).into_iter().flatten();
    let tags: Vec<&str> = tags.filter_map(Value::as_str).take(2).collect();
    let facts = format!("{}{DOT}{}", words::lines(lines), tags.join(", "));
    let details = text("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    Known { item, category, facts, details }
}

/// Files that were played lately, the last first. They are kept beside the presets, for
/// all instances; a clone is another handle to the same.
#[derive(Clone, Default)]
pub(super) struct Recent(Arc<Inner>);

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
    pub(super) fn read(path: PathBuf) -> Self {
        let bytes = fx::preset::read_at_most(&path, MOST_BYTES).unwrap_or_default();
        let paths: Vec<String> = serde_json::from_slice(&bytes).unwrap_or_default();
        let paths = paths.into_iter().map(PathBuf::from).take(MOST_RECENT).collect();
        let files = Mutex::new(Files { at: path, paths });
        Self(Arc::new(Inner { files, writing: Mutex::default() }))
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.0.files().paths.clone()
    }

    /// Puts a file first, and writes that down in the background. Returns the thread that
    /// does, if there is something to write.
    pub(super) fn note(&self, path: &Path) -> Option<JoinHandle<()>> {
        let mut files = self.0.files();
        if files.paths.first().is_some_and(|first| first == path) {
            return None;
        }
        files.paths.retain(|known| known != path);
        files.paths.insert(0, path.to_owned());
        files.paths.truncate(MOST_RECENT);
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
        if let Err(why) = shell::disk::write(&at, &json) {
            nice_plug::nice_log!("{why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_graph_of_the_factory_has_its_place() {
        let shown: Vec<&str> = factory().iter().map(|known| known.item.id).collect();
        for item in factory::REVERBS {
            assert_eq!(shown.iter().filter(|id| **id == item.id).count(), 1, "{}", item.id);
        }
        assert_eq!(shown.len(), factory::REVERBS.len());
        for known in factory() {
            assert!(!known.details.is_empty() && !known.facts.starts_with('0'), "{known:?}");
        }
    }

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
