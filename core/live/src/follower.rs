//! Noticing that a file was replaced, and what by.

use std::fmt;
use std::io::ErrorKind;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::file::{Stamp, hash, read};
use crate::{Error, Format};

/// How long what is no JSON, or is not there, must stay so to be told.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long it may go on changing without being told.
const MOST_PATIENCE: Duration = Duration::from_secs(3);
/// When a file is read again after it was seen to change, whatever its metadata say:
/// two writes may be too close for the clock of a file system, which ticks every two
/// seconds at worst (FAT).
const AGAIN: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_millis(2500),
];
/// How often to try what cannot be read though it is there.
const RETRY: Duration = Duration::from_millis(500);

/// What has become of a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<C> {
    /// Something to play.
    Loaded {
        /// What is in the file.
        content: C,
        /// What it says.
        revision: Option<u64>,
        /// SHA-256 of the file in lower-case hexadecimal.
        bytes_hash: String,
    },
    /// Nothing to play; what plays goes on.
    Failed {
        /// Why.
        error: Error,
        /// What the file says, if it can be read as far as that.
        revision: Option<u64>,
        /// SHA-256 of the file in lower-case hexadecimal; none if there is none.
        bytes_hash: Option<String>,
    },
}

/// Follows a file of the format `F`; see [the crate](crate) for what it accepts.
pub struct Follower<F> {
    path: PathBuf,
    /// As it was when it was last read; none if there is no file.
    pub(crate) stamp: Option<Stamp>,
    /// When it was seen to change, and how many of [`AGAIN`] have passed since.
    changed: Option<(Instant, usize)>,
    /// When to try again to read what could not be read.
    retry: Option<Instant>,
    /// What was told last: a hash, or the words of an error without one.
    told: Option<String>,
    /// The hash of what was accepted last.
    accepted: Option<String>,
    /// The highest revision that was accepted.
    revision: Option<u64>,
    trouble: Option<Trouble>,
    format: PhantomData<fn() -> F>,
}

impl<F> fmt::Debug for Follower<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What may yet come right by itself.
#[derive(Debug)]
struct Trouble {
    /// As in [`Follower::told`].
    key: String,
    error: Error,
    revision: Option<u64>,
    bytes_hash: Option<String>,
    /// When trouble began, and when it last changed.
    since: Instant,
    latest: Instant,
}

impl<F: Format> Follower<F> {
    /// Follows the file at `path`, whether it is there yet or not. The first
    /// [`poll`](Self::poll) finds what is there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            stamp: None,
            changed: None,
            retry: None,
            told: None,
            accepted: None,
            revision: None,
            trouble: None,
            format: PhantomData,
        }
    }

    /// The file it follows.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is new, if anything is. Of files that replaced each other since the last
    /// call only the last one is seen. Not for the audio thread; while nothing changes
    /// it asks for the metadata of the file, so it may be called a hundred times a
    /// second.
    pub fn poll(&mut self) -> Option<Event<F::Content>> {
        self.poll_at(Instant::now())
    }

    /// [`poll`](Self::poll), were it `now`.
    pub(crate) fn poll_at(&mut self, now: Instant) -> Option<Event<F::Content>> {
        match self.look(now) {
            Ok(Some(bytes)) => self.examine(&bytes, now),
            Ok(None) => self.overdue(now),
            Err(error) => {
                let key = error.to_string();
                self.wait_for(key, error, None, None, now)
            }
        }
    }

    /// The bytes of the file, if it is time to read them.
    fn look(&mut self, now: Instant) -> Result<Option<Vec<u8>>, Error> {
        let stamp = Stamp::of(&self.path).inspect_err(|_| self.stamp = None)?;
        if self.stamp != Some(stamp) {
            (self.stamp, self.changed) = (Some(stamp), Some((now, 0)));
        } else if !self.due(now) {
            return Ok(None);
        }
        // What replaces it from here on has another stamp.
        let bytes = read(&self.path, &stamp, F::MOST_BYTES);
        self.retry = bytes.is_err().then(|| now + RETRY);
        bytes.map(Some)
    }

    /// Whether to read the file again though it seems the same.
    fn due(&mut self, now: Instant) -> bool {
        if self.retry.is_some_and(|at| now >= at) {
            return true;
        }
        let Some((changed, seen)) = &mut self.changed else { return false };
        let since = now.saturating_duration_since(*changed);
        let passed = AGAIN.iter().filter(|after| since >= **after).count();
        std::mem::replace(seen, passed) < passed
    }

    fn examine(&mut self, bytes: &[u8], now: Instant) -> Option<Event<F::Content>> {
        let hash = hash(bytes);
        if self.told.as_ref() == Some(&hash) {
            self.trouble = None;
            return None;
        }
        if self.trouble.as_ref().is_some_and(|t| t.key == hash) {
            return self.overdue(now);
        }
        let content = match F::load(bytes) {
            Ok(content) => content,
            Err(error) => {
                let (revision, bytes_hash) = (F::claimed(bytes), Some(hash.clone()));
                let unfinished = F::is_unfinished(&error);
                let error = Error::content::<F>(error);
                if unfinished {
                    return self.wait_for(hash, error, revision, bytes_hash, now);
                }
                self.tell(hash);
                return Some(Event::Failed { error, revision, bytes_hash });
            }
        };
        self.tell(hash.clone());
        let revision = F::revision(&content);
        if self.accepted.as_ref() != Some(&hash)
            && let (Some(found), Some(last)) = (revision, self.revision)
            && found <= last
        {
            let error = Error::Revision { last, found };
            return Some(Event::Failed { error, revision, bytes_hash: Some(hash) });
        }
        self.revision = self.revision.max(revision);
        self.accepted = Some(hash.clone());
        Some(Event::Loaded { content, revision, bytes_hash: hash })
    }

    fn tell(&mut self, key: String) {
        self.told = Some(key);
        self.trouble = None;
    }

    /// Tells trouble if it has been there for long enough.
    fn wait_for(
        &mut self,
        key: String,
        error: Error,
        revision: Option<u64>,
        bytes_hash: Option<String>,
        now: Instant,
    ) -> Option<Event<F::Content>> {
        if self.told.as_ref() == Some(&key) {
            self.trouble = None;
            return None;
        }
        if self.trouble.as_ref().is_none_or(|t| t.key != key) {
            let since = self.trouble.as_ref().map_or(now, |t| t.since);
            self.trouble = Some(Trouble { key, error, revision, bytes_hash, since, latest: now });
        }
        self.overdue(now)
    }

    fn overdue(&mut self, now: Instant) -> Option<Event<F::Content>> {
        let late = |t: &mut Trouble| {
            now.saturating_duration_since(t.latest) >= PATIENCE
                || now.saturating_duration_since(t.since) >= MOST_PATIENCE
        };
        let Trouble { key, error, revision, bytes_hash, .. } = self.trouble.take_if(late)?;
        self.told = Some(key);
        if matches!(&error, Error::File { error, .. } if error.kind() == ErrorKind::NotFound) {
            // Whoever removes the file may begin to count anew.
            self.revision = None;
        }
        Some(Event::Failed { error, revision, bytes_hash })
    }
}
