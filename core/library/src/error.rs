use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Why the library cannot do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Not the JSON it should be: what was read, and the parser's words.
    Json {
        /// What was read.
        what: String,
        /// The parser's words, with line and column.
        error: serde_json::Error,
    },
    /// A value that contradicts the format, another value, or sense.
    Invalid {
        /// Which value.
        what: String,
        /// What would have been right.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A manifest that nobody vouches for, or not the one who should.
    Signature {
        /// What would have been right.
        expected: String,
        /// What was found.
        found: String,
    },
    /// There is no model of that id.
    Unknown {
        /// The id that was asked for.
        id: String,
    },
    /// The model is known, but not installed.
    NotInstalled {
        /// The id that was asked for.
        id: String,
    },
    /// The licence asks to be accepted first.
    NotAccepted {
        /// Whose licence.
        id: String,
        /// The licence, an SPDX expression.
        licence: String,
    },
    /// The server answered with another status than wanted.
    Status {
        /// What was asked for.
        url: String,
        /// The status of HTTP.
        found: u16,
    },
    /// The server wants to send us elsewhere, where nobody vouched for.
    Redirect {
        /// What was asked for.
        url: String,
        /// Where it should have been.
        to: String,
    },
    /// The network failed, before or while something arrived.
    Network {
        /// What was asked for.
        url: String,
        /// What went wrong.
        found: String,
    },
    /// Too little arrived for too long.
    Stalled {
        /// What was asked for.
        url: String,
    },
    /// A file of another length than the manifest says.
    Length {
        /// Which file.
        what: String,
        /// Bytes, by the manifest.
        expected: u64,
        /// Bytes found; of a file that goes on, as far as it was read.
        found: u64,
    },
    /// A file of another content than the manifest says.
    Hash {
        /// Which file.
        what: String,
        /// SHA-256 by the manifest, in hexadecimal.
        expected: String,
        /// SHA-256 found, in hexadecimal.
        found: String,
    },
    /// Given up because it was asked to.
    Cancelled,
    /// There is no room on the disk.
    Full {
        /// What was being written.
        path: PathBuf,
    },
    /// A file or folder cannot be read or written.
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Error {
    pub(crate) fn invalid(
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Error::Invalid { what: what.into(), expected: expected.into(), found: found.to_string() }
    }

    pub(crate) fn signature(expected: impl Into<String>, found: impl ToString) -> Self {
        Error::Signature { expected: expected.into(), found: found.to_string() }
    }

    /// What the system said of `path`, for `map_err`.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |error| {
            let path = path.to_owned();
            match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full { path },
                _ => Error::Io { path, error },
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Json { what, error } => write!(f, "{what}: expected its JSON, found {error}"),
            Error::Invalid { what, expected, found } => {
                write!(f, "{what}: expected {expected}, found {found}")
            }
            Error::Signature { expected, found } => {
                write!(f, "signature: expected {expected}, found {found}")
            }
            Error::Unknown { id } => write!(f, "{id}: expected the id of a model, found none"),
            Error::NotInstalled { id } => {
                write!(f, "{id}: expected an installed model, found it only listed")
            }
            Error::NotAccepted { id, licence } => {
                write!(f, "{id}: expected its licence, {licence}, to be accepted, found it is not")
            }
            Error::Status { url, found } => {
                write!(f, "{url}: expected an answer of status 200, found {found}")
            }
            Error::Redirect { url, to } => {
                write!(f, "{url}: expected the file itself, found a redirect to {to}")
            }
            Error::Network { url, found } => {
                write!(f, "{url}: expected an answer, found {found}")
            }
            Error::Stalled { url } => write!(f, "{url}: expected more to arrive, found a stall"),
            Error::Length { what, expected, found } => {
                write!(f, "{what}: expected {expected} bytes, found {found}")
            }
            Error::Hash { what, expected, found } => {
                write!(f, "{what}: expected the SHA-256 {expected}, found {found}")
            }
            Error::Cancelled => f.write_str("cancelled"),
            Error::Full { path } => {
                write!(f, "{}: expected room on the disk, found it full", path.display())
            }
            Error::Io { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

// Without a source: what there is to say is said, and would be said twice.
impl std::error::Error for Error {}
