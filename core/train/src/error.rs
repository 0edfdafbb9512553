use std::fmt;

/// Why something cannot be taught.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A recording that cannot be learnt from, and what to do about it.
    Recording {
        /// Which recording, or which part of the pair.
        what: String,
        /// What would have been right.
        expected: String,
        /// What was found.
        found: String,
        /// What the player can do.
        advice: String,
    },
    /// A setting that contradicts another, or sense.
    Setting {
        /// Which setting.
        what: String,
        /// What would have been right.
        expected: String,
        /// What was asked for.
        found: String,
    },
    /// A model that cannot be taught, or written in the format asked for.
    Model(nn::Error),
    /// A file or folder that cannot be read or written.
    Io {
        /// Which one.
        path: std::path::PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

impl Error {
    /// A setting: what was expected, what was found.
    pub(crate) fn setting(
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Error::Setting { what: what.into(), expected: expected.into(), found: found.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Recording { what, expected, found, advice } => {
                write!(f, "{what}: expected {expected}, found {found}; {advice}")
            }
            Error::Setting { what, expected, found } => {
                write!(f, "{what}: expected {expected}, found {found}")
            }
            Error::Model(error) => error.fmt(f),
            Error::Io { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

// Without a source: what there is to say is said, and would be said twice.
impl std::error::Error for Error {}

impl From<nn::Error> for Error {
    fn from(error: nn::Error) -> Self {
        Error::Model(error)
    }
}
