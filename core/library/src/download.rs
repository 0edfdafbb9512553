//! Files that arrive in part, and are given their name when all of them is there and right.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::address::Address;
use crate::client::{Answer, Resume, Transfer, ask, strong};
use crate::disk;
use crate::{Entry, Error};

/// Most bytes of a note on a part.
const MOST_NOTE: u64 = 8192;

/// Where a part came from, without which it is not gone on with.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    url: String,
    etag: Option<String>,
}

/// What has arrived of one file. It is called by the digest that the file must have.
struct Part {
    path: PathBuf,
    note: PathBuf,
}

/// How far asking for a file got.
enum Filled {
    /// All of it is there and right.
    Whole,
    /// What was there before does not go with what the server has now.
    Stale(u16),
}

/// Fetches the file of `entry` into `folder`, and moves it to `to` when it is whole and right.
/// One that was interrupted is gone on with; of one that is wrong nothing stays.
pub(crate) fn fetch(
    entry: &Entry,
    folder: &Path,
    to: &Path,
    transfer: &mut Transfer<'_>,
) -> Result<(), Error> {
    let address = Address::new(&entry.id, &entry.url)?;
    let at = |ending: &str| folder.join(format!("{}.{ending}", entry.sha256));
    let part = Part { path: at("part"), note: at("json") };
    let _lock = disk::lock(&at("lock"), transfer.cancel)?;
    // Whoever held the lock may have been after the same file.
    if to.exists() && disk::check(to, entry.bytes, &entry.sha256, transfer.cancel).is_ok() {
        return Ok(());
    }
    let filled = part.try_fill(entry, &address, transfer).and_then(|filled| match filled {
        Filled::Whole => Ok(Filled::Whole),
        Filled::Stale(_) => {
            part.discard()?;
            part.try_fill(entry, &address, transfer)
        }
    })?;
    match filled {
        Filled::Whole => disk::rename(&part.path, to)?,
        Filled::Stale(found) => return Err(Error::Status { url: entry.url.clone(), found }),
    }
    part.discard()
}

/// Forgets what has arrived of a file.
pub(crate) fn forget(folder: &Path, sha256: &str) -> Result<(), Error> {
    let at = |ending: &str| folder.join(format!("{sha256}.{ending}"));
    Part { path: at("part"), note: at("json") }.discard()
}

impl Part {
    fn discard(&self) -> Result<(), Error> {
        disk::remove(&self.path).and(disk::remove(&self.note))
    }

    /// Fills it, and discards it unless it can be gone on with.
    fn try_fill(
        &self,
        entry: &Entry,
        address: &Address,
        transfer: &mut Transfer<'_>,
    ) -> Result<Filled, Error> {
        let filled = self.fill(entry, address, transfer);
        if let Err(error) = &filled {
            let interrupted = matches!(
                error,
                Error::Cancelled
                    | Error::Stalled { .. }
                    | Error::Network { .. }
                    | Error::Status { .. }
                    | Error::Redirect { .. }
            );
            let empty = self.path.metadata().is_ok_and(|about| about.len() == 0);
            if !interrupted || empty {
                let _what_went_wrong_counts = self.discard();
            }
        }
        filled
    }

    fn fill(
        &self,
        entry: &Entry,
        address: &Address,
        transfer: &mut Transfer<'_>,
    ) -> Result<Filled, Error> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&self.path)
            .map_err(Error::at(&self.path))?;
        let note = self.note();
        let there = file.metadata().map_err(Error::at(&self.path))?.len();
        let known = note.as_ref().is_some_and(|note| note.url == entry.url);
        let mut filling = Filling {
            part: self,
            entry,
            address,
            file,
            hasher: Sha256::new(),
            there: if known && there <= entry.bytes { there } else { 0 },
        };
        filling.catch_up(transfer)?;
        if filling.there < entry.bytes {
            let etag = note.and_then(|note| note.etag).and_then(|etag| strong(&etag));
            let resume = Resume { from: filling.there, etag: etag.as_deref() };
            let resume = Some(&resume).filter(|_| filling.there > 0);
            let how = (transfer.patience, transfer.cancel);
            let stale = ask(address, resume, how, |answer| filling.take(answer, transfer))?;
            if let Some(stale) = stale {
                return Ok(stale);
            }
        }
        filling.finish()?;
        Ok(Filled::Whole)
    }

    fn note(&self) -> Option<Note> {
        let bytes = disk::read(&self.note, MOST_NOTE).ok().flatten()?;
        serde_json::from_slice(&bytes).ok()
    }
}

/// A part while it is being filled.
struct Filling<'a> {
    part: &'a Part,
    entry: &'a Entry,
    address: &'a Address,
    file: File,
    /// Of what is there.
    hasher: Sha256,
    /// Bytes that are there.
    there: u64,
}

impl Filling<'_> {
    /// Hashes what is there from before, and stands behind it.
    fn catch_up(&mut self, transfer: &mut Transfer<'_>) -> Result<(), Error> {
        if self.there > 0 {
            let (file, path, most) = (&mut self.file, &self.part.path, self.there);
            self.there = disk::digest(file, most, &mut self.hasher, path, transfer.cancel)?;
        }
        (transfer.progress)(self.there, self.entry.bytes);
        Ok(())
    }

    /// Begins anew, with a file of that mark.
    fn restart(&mut self, etag: Option<String>) -> Result<(), Error> {
        (self.hasher, self.there) = (Sha256::new(), 0);
        let empty = || match self.file.metadata()?.len() {
            0 => Ok(0),
            _ => self.file.set_len(0).and_then(|()| (&self.file).seek(SeekFrom::Start(0))),
        };
        empty().map_err(Error::at(&self.part.path))?;
        let note = Note { url: self.entry.url.clone(), etag };
        let note = serde_json::to_vec(&note)
            .map_err(|error| Error::Json { what: self.part.note.display().to_string(), error })?;
        disk::replace(&self.part.note, &note)
    }

    /// Takes what a server answers; tells if that does not go with what is there.
    fn take(
        &mut self,
        answer: Answer,
        transfer: &mut Transfer<'_>,
    ) -> Result<Option<Filled>, Error> {
        let (url, whole) = (|| self.entry.url.clone(), self.entry.bytes);
        match (answer.status, answer.range) {
            (200, _) => self.restart(answer.etag.clone())?,
            (206, Some((first, all)))
                if self.there > 0 && first == self.there && all.is_none_or(|all| all == whole) => {}
            (206 | 416, _) if self.there > 0 => return Ok(Some(Filled::Stale(answer.status))),
            (found, _) => return Err(Error::Status { url: url(), found }),
        }
        if let Some(length) = answer.length {
            self.expect(self.there.saturating_add(length))?;
        }
        let (address, marked) = (self.address, answer.marked);
        answer.pour(address, (transfer.patience, transfer.cancel), |bytes| {
            self.write(bytes)?;
            (transfer.progress)(self.there, whole);
            Ok(())
        })?;
        if self.there < whole && !marked {
            let found = format!("the connection closed after {} of {whole} bytes", self.there);
            return Err(Error::Network { url: self.entry.url.clone(), found });
        }
        Ok(None)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let there = self.there + bytes.len() as u64;
        if there > self.entry.bytes {
            self.expect(there)?;
        }
        self.file.write_all(bytes).map_err(Error::at(&self.part.path))?;
        self.hasher.update(bytes);
        self.there = there;
        Ok(())
    }

    /// Refuses any number of bytes but that of the manifest.
    fn expect(&self, found: u64) -> Result<(), Error> {
        let (what, expected) = (self.entry.url.clone(), self.entry.bytes);
        if found == expected { Ok(()) } else { Err(Error::Length { what, expected, found }) }
    }

    fn finish(self) -> Result<(), Error> {
        let bytes = (self.entry.bytes, self.there);
        disk::verdict(&self.entry.url, bytes, &self.entry.sha256, self.hasher)?;
        self.file.sync_all().map_err(Error::at(&self.part.path))
    }
}
