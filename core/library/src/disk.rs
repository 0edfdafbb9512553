//! Files that are there whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::Error;

/// Bytes read or written at a time.
pub(crate) const CHUNK: usize = 64 << 10;

/// How often one who waits looks whether it may go on, or should stop.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// Replaces a file at once and whole.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::at(folder))?;
    let write = || {
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(Error::at(path))?;
    settle(folder);
    Ok(())
}

/// Gives a finished file its name, which replaces what had it.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::at(folder))?;
    fs::rename(from, to).map_err(Error::at(to))?;
    settle(folder);
    Ok(())
}

/// Asks that new names in a folder outlast a power cut. Not every system can; what the
/// files hold is safe either way.
fn settle(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _best_effort = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _no_such_thing = folder;
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::at(path)(error)),
        _ => Ok(()),
    }
}

/// The contents of a file, of at most `most` bytes and one, which tells that there are more.
/// None if there is no file.
pub(crate) fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, Error> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(Error::at(path))?,
    };
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(Error::at(path))?;
    Ok(Some(bytes))
}

/// Waits until no other process, nor another thread of this one, holds the lock at `path`,
/// and holds it until the file is dropped. Locks end with their process, so none is left over.
pub(crate) fn lock(path: &Path, cancel: &AtomicBool) -> Result<File, Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::at(folder))?;
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(Error::at(path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(Error::at(path)(error)),
            Err(TryLockError::WouldBlock) if cancel.load(Ordering::Relaxed) => {
                return Err(Error::Cancelled);
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK),
        }
    }
}

/// Feeds what a file holds to `hasher`, to its end or one byte beyond `most`; returns how
/// many bytes that were.
pub(crate) fn digest(
    file: &mut File,
    most: u64,
    hasher: &mut Sha256,
    path: &Path,
    cancel: &AtomicBool,
) -> Result<u64, Error> {
    let limit = most.saturating_add(1);
    let mut buffer = vec![0; CHUNK];
    let mut file = file.take(limit);
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        match file.read(&mut buffer) {
            Ok(0) => return Ok(limit - file.limit()),
            Ok(n) => hasher.update(&buffer[..n]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::at(path)(error)),
        }
    }
}

/// Refuses a file that has not just these bytes.
pub(crate) fn check(
    path: &Path,
    bytes: u64,
    sha256: &str,
    cancel: &AtomicBool,
) -> Result<(), Error> {
    let mut file = File::open(path).map_err(Error::at(path))?;
    let mut hasher = Sha256::new();
    let found = digest(&mut file, bytes, &mut hasher, path, cancel)?;
    verdict(&path.display().to_string(), (bytes, found), sha256, hasher)
}

/// Compares a length in bytes, expected and found, and a SHA-256.
pub(crate) fn verdict(
    what: &str,
    (expected, found): (u64, u64),
    sha256: &str,
    hasher: Sha256,
) -> Result<(), Error> {
    if found != expected {
        return Err(Error::Length { what: what.to_owned(), expected, found });
    }
    let digest = hex(hasher);
    if digest != sha256 {
        let expected = sha256.to_owned();
        return Err(Error::Hash { what: what.to_owned(), expected, found: digest });
    }
    Ok(())
}

/// The digest, in hexadecimal.
pub(crate) fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
