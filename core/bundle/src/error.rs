use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// Why an identity could not be made, read or given.
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
    /// Not the JSON that was expected.
    Json {
        /// Of what.
        what: String,
        /// The parser's words, with line and column.
        error: serde_json::Error,
    },
    /// A value or file that is not as it must be.
    Invalid {
        /// Which.
        what: String,
        /// What would have been right.
        expected: String,
        /// What there is.
        found: String,
    },
    /// The system does not say where the library lies that this code runs in.
    Nowhere,
}

impl Error {
    pub(crate) fn invalid(
        what: impl ToString,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Error::Invalid {
            what: what.to_string(),
            expected: expected.into(),
            found: found.to_string(),
        }
    }

    /// For `map_err`.
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Error::File { path: path.into(), error }
    }

    /// For `map_err`.
    pub(crate) fn json(what: impl ToString) -> impl FnOnce(serde_json::Error) -> Self {
        move |error| Error::Json { what: what.to_string(), error }
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
            Error::Json { what, error } => write!(f, "{what}: expected JSON, found {error}"),
            Error::Invalid { what, expected, found } => {
                write!(f, "{what}: expected {expected}, found {found}")
            }
            Error::Nowhere => {
                write!(f, "the running library: expected a path to it, found none")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::File { error, .. } => Some(error),
            Error::Json { error, .. } => Some(error),
            _ => None,
        }
    }
}
