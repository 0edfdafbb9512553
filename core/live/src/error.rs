use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use crate::Format;

/// Why a file could not be read, played or answered.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file that cannot be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Something at the path that is no file: whoever opened it might wait for ever.
    NoFile {
        /// Which.
        path: PathBuf,
    },
    /// A file of more bytes than any that is followed.
    TooLarge {
        /// The most that are read.
        limit: usize,
        /// Found.
        found: u64,
    },
    /// A revision that is not above the last one that was accepted.
    Revision {
        /// The highest that was accepted.
        last: u64,
        /// What the file says.
        found: u64,
    },
    /// What the [`Format`] says of the content.
    Content(Box<dyn std::error::Error + Send + Sync>),
    /// An acknowledgement that is no JSON, or lacks a key.
    Ack(serde_json::Error),
    /// An acknowledgement of another version.
    AckVersion {
        /// Ours.
        expected: u32,
        /// What the file says.
        found: u32,
    },
}

impl Error {
    /// Of content that is none of the format `F`.
    pub(crate) fn content<F: Format>(error: F::Error) -> Self {
        Self::Content(Box::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::File { path, error } => {
                let path = path.display();
                match error.kind() {
                    ErrorKind::NotFound => write!(f, "{path}: expected a file, found none"),
                    _ => write!(f, "{path}: expected a file within reach, found {error}"),
                }
            }
            Error::NoFile { path } => {
                write!(f, "{}: expected a file, found a folder or device", path.display())
            }
            Error::TooLarge { limit, found } => {
                write!(f, "expected at most {limit} bytes of a file, found {found}")
            }
            Error::Revision { last, found } => {
                write!(f, "revision: expected one above {last}, found {found}")
            }
            Error::Content(error) => error.fmt(f),
            Error::Ack(error) => write!(f, "not the JSON of an acknowledgement: {error}"),
            Error::AckVersion { expected, found } => {
                write!(f, "kiln-ack: expected {expected}, found {found}")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::File { error, .. } => Some(error),
            Error::Content(error) => error.source(),
            Error::Ack(error) => Some(error),
            _ => None,
        }
    }
}
