//! Walking a folder tree and reading what is in it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cache::Cache;
use super::entry::{self, Entry, Kind, Stamp};
use super::{Shared, cost};
use crate::files;

/// Files that are listed at most.
const MOST_FILES: usize = 20_000;

/// Entries of all folders together that are looked at.
const MOST_LOOKS: usize = 200_000;

/// Folders in folders.
const MOST_DEPTH: usize = 16;

/// How often the catalogue is shown while it grows.
const SHOWN: Duration = Duration::from_millis(100);

/// How much longer than showing it takes: a large one is to be read, not sorted.
const SELDOM: u32 = 10;

/// Scans `root`; gives up once another scan is asked for.
pub(super) fn run(shared: &Shared, scan: u64, root: &Path, cache: &mut Cache) {
    let (found, error) = find(shared, scan, root);
    let mut entries = Vec::with_capacity(found.len());
    let (mut shown, mut pause) = (Instant::now(), SHOWN);
    for (i, (path, stamp)) in found.iter().enumerate() {
        if shared.is_void(scan) {
            break;
        }
        entries.push(Arc::new(look(cache, root, path, *stamp)));
        if shown.elapsed() >= pause {
            let began = Instant::now();
            show(shared, scan, &entries, found.len(), i + 1);
            shown = Instant::now();
            pause = SHOWN.max(SELDOM * began.elapsed());
        }
    }
    cache.write();
    show(shared, scan, &entries, found.len(), entries.len());
    if !shared.is_void(scan) {
        shared.update(|catalogue| (catalogue.scanning, catalogue.error) = (false, error));
    }
}

/// Makes what is known so far the catalogue, unless it is of no interest any more.
fn show(shared: &Shared, scan: u64, entries: &[Arc<Entry>], found: usize, read: usize) {
    let mut entries = entries.to_vec();
    entries.sort_by_cached_key(|entry| (files::by_number(&entry.name), entry.path.clone()));
    if shared.is_void(scan) {
        return;
    }
    shared.update(|catalogue| {
        // A scan of the same folder anew does not make the list shorter meanwhile.
        if read == found || entries.len() >= catalogue.entries.len() {
            catalogue.entries = Arc::new(entries);
        }
        (catalogue.found, catalogue.read) = (found, read);
    });
}

/// What is known of a file, or is found out now.
fn look(cache: &mut Cache, root: &Path, path: &Path, stamp: Stamp) -> Entry {
    let known = cache.get(path, stamp).cloned();
    let (facts, model) = match known {
        Some(facts) => (facts, None),
        None => {
            let (facts, model) = entry::read(path);
            cache.insert(path.to_owned(), stamp, facts.clone());
            (facts, model)
        }
    };
    let Kind::Model(said) = &facts.kind else { return Entry::new(root, path, facts, None) };
    if files::is_graph(path) {
        // What it costs is told when it plays.
        return Entry::new(root, path, facts, None);
    }
    let key = said.cost_key();
    let cost = cache.cost(&key).or_else(|| {
        let model = model.or_else(|| entry::read(path).1)?;
        let cost = cost::measure(&model);
        cache.set_cost(key, cost);
        Some(cost)
    });
    Entry::new(root, path, facts, cost)
}

/// All files below `root` that concern us, and why that may not be all.
fn find(shared: &Shared, scan: u64, root: &Path) -> (Vec<(PathBuf, Stamp)>, Option<String>) {
    let mut found = Vec::new();
    let mut error = None;
    let mut looks = 0;
    // By their true paths, so that no link leads in circles.
    let mut visited = HashSet::new();
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if shared.is_void(scan) {
            break;
        }
        if !fs::canonicalize(&folder).is_ok_and(|folder| visited.insert(folder)) && depth > 0 {
            continue;
        }
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) => {
                error = Some(format!("{} cannot be read: {e}", folder.display()));
                continue;
            }
        };
        for entry in entries.flatten() {
            looks += 1;
            if looks > MOST_LOOKS || found.len() >= MOST_FILES {
                let words = format!("There is more in {} than is listed.", root.display());
                return (found, Some(words));
            }
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            // Through links, as the files behind them are to be played.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if hidden {
            } else if metadata.is_dir() && depth < MOST_DEPTH {
                folders.push((path, depth + 1));
            } else if metadata.is_file() && (files::is_model(&path) || files::is_cabinet(&path)) {
                found.push((path, Stamp::of(&metadata)));
            }
        }
    }
    (found, error)
}
