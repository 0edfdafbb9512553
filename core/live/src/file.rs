//! A file as it is now.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::Error;

/// What changes whenever a file does, but for writes that follow each other faster
/// than the clock of its file system ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device, number, and when anything about it changed, where there are such.
    identity: [i64; 4],
}

impl Stamp {
    /// That of the file at `path`, or where links there lead to.
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let meta = fs::metadata(path).map_err(|e| unreadable(path, e))?;
        if !meta.is_file() {
            // A pipe would make whoever opens it wait.
            return Err(Error::NoFile { path: path.to_owned() });
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

/// The bytes of a file, if they are at most `limit`.
pub(crate) fn read(path: &Path, stamp: &Stamp, limit: usize) -> Result<Vec<u8>, Error> {
    // It may still grow, so this is asked twice.
    if stamp.bytes > limit as u64 {
        return Err(Error::TooLarge { limit, found: stamp.bytes });
    }
    let mut bytes = Vec::with_capacity(stamp.bytes as usize + 1);
    let file = File::open(path).map_err(|e| unreadable(path, e))?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|e| unreadable(path, e))?;
    let found = bytes.len() as u64;
    if found > limit as u64 { Err(Error::TooLarge { limit, found }) } else { Ok(bytes) }
}

/// What an [`Ack`](crate::Ack) calls a file by: the SHA-256 of its `bytes` in lower-case
/// hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a file could not be read or written.
pub(crate) fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::File { path: path.to_owned(), error }
}
