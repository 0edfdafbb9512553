//! What an output folder's files were made of, so that a later run can leave
//! alone what it would make the same.
//!
//! One line of JSON a file, added when the file is complete: an interrupted
//! run loses nothing, and a torn last line counts as none.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::shard::Shard;

/// The beginning of the log's name in the output folder.
const NAME: &str = ".kiln-amp";

/// One finished file.
#[derive(Serialize, Deserialize)]
struct Entry {
    /// Within the folder.
    output: String,
    /// Of everything but the input, see [`super::render::Job::fingerprint`].
    fingerprint: String,
    input: Stamp,
    made: Stamp,
}

/// Which file, as it was when it was last written.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    path: String,
    bytes: u64,
    /// Nanoseconds since 1970.
    modified: u64,
}

impl Stamp {
    fn of(path: &Path) -> Result<Self> {
        let read = || {
            let file = fs::metadata(path)?;
            let since = file.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            let path = fs::canonicalize(path)?.display().to_string();
            let modified = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
            Ok::<_, std::io::Error>(Self { path, bytes: file.len(), modified })
        };
        read().with_context(|| path.display().to_string())
    }
}

/// The log of a folder.
pub(crate) struct Log {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
    file: Mutex<File>,
}

impl Log {
    /// Reads the log of a share of `folder`, or begins one.
    pub(crate) fn open(folder: &Path, shard: Option<Shard>) -> Result<Self> {
        let path = Shard::log(shard, folder, NAME);
        let text = fs::read(&path).unwrap_or_default();
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        let count = lines.clone().count();
        let entries: BTreeMap<_, _> = lines
            .filter_map(|line| serde_json::from_slice::<Entry>(line).ok())
            .map(|entry| (entry.output.clone(), entry))
            .collect();
        let open = || {
            // Lines that were replaced or torn are dropped.
            if count != entries.len() || !text.ends_with(b"\n") {
                let unfinished = path.with_extension(format!("{}.tmp", std::process::id()));
                let mut kept = Vec::new();
                entries.values().try_for_each(|entry| append(&mut kept, entry))?;
                fs::write(&unfinished, kept)?;
                fs::rename(&unfinished, &path)?;
            }
            Ok::<_, anyhow::Error>(OpenOptions::new().create(true).append(true).open(&path)?)
        };
        let file = open().with_context(|| path.display().to_string())?;
        Ok(Self { path, entries, file: Mutex::new(file) })
    }

    /// Whether `output` is there, made of `input` as it still is.
    pub(crate) fn has(&self, name: &str, fingerprint: &str, input: &Path, output: &Path) -> bool {
        self.entries.get(name).is_some_and(|entry| {
            entry.fingerprint == fingerprint
                && Stamp::of(input).is_ok_and(|stamp| stamp == entry.input)
                && Stamp::of(output).is_ok_and(|stamp| stamp == entry.made)
        })
    }

    /// Adds a finished file.
    pub(crate) fn add(
        &self,
        name: &str,
        fingerprint: &str,
        input: &Path,
        output: &Path,
    ) -> Result<()> {
        let entry = Entry {
            output: name.to_owned(),
            fingerprint: fingerprint.to_owned(),
            input: Stamp::of(input)?,
            made: Stamp::of(output)?,
        };
        let mut line = Vec::new();
        append(&mut line, &entry)?;
        let mut file = self.file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        file.write_all(&line).with_context(|| self.path.display().to_string())
    }
}

/// Writes a line.
fn append(text: &mut Vec<u8>, entry: &Entry) -> Result<()> {
    serde_json::to_writer(&mut *text, entry)?;
    text.push(b'\n');
    Ok(())
}
