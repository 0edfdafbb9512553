//! A file as it is now.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::graph::MOST_BYTES;

/// What changes whenever a file does, but for writes that follow each other faster
/// than the clock of its file system ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device, number, and when anything about it changed, where there are such.
    identity: [i64; 4],
}

impl Stamp {
    /// That of the file at `path`, or where links there lead to.
    pub(super) fn of(path: &Path) -> Result<Self, Error> {
        let meta = fs::metadata(path).map_err(|e| unreadable(path, e))?;
        if !meta.is_file() {
            // A pipe would make whoever opens it wait.
            let what = path.display().to_string();
            return Err(Error::invalid(what, "a file", "a folder or device"));
        }
        let (bytes, modified) = (meta.len(), meta.modified().ok());
        Ok(Self { bytes, modified, identity: identity(&meta) })
    }
}

#[cfg(unix)]
fn identity(meta: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt as _;
    [meta.dev().cast_signed(), meta.ino().cast_signed(), meta.ctime(), meta.ctime_nsec()]
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> [i64; 4] {
    [0; 4]
}

/// The bytes of a file, if they are no more than a graph may have.
pub(super) fn read(path: &Path, stamp: &Stamp) -> Result<Vec<u8>, Error> {
    let too_large = |found: u64| {
        let (what, found) = ("bytes of a file".to_owned(), found.try_into().unwrap_or(usize::MAX));
        Error::TooLarge { what, limit: MOST_BYTES, found }
    };
    // It may still grow, so this is asked twice.
    if stamp.bytes > MOST_BYTES as u64 {
        return Err(too_large(stamp.bytes));
    }
    let mut bytes = Vec::with_capacity(stamp.bytes as usize + 1);
    let file = File::open(path).map_err(|e| unreadable(path, e))?;
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| unreadable(path, e))?;
    if bytes.len() > MOST_BYTES { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
}

/// SHA-256 in lower-case hexadecimal.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a file could not be read or written.
pub(super) fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::File { path: path.to_owned(), error }
}
