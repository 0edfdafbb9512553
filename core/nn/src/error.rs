use std::fmt;

/// Why a model could not be loaded. An engine, once built, cannot fail.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Not the JSON of a model file: the parser's words, with line and column.
    Json(serde_json::Error),
    /// A format version we do not read.
    Version {
        /// What the file says.
        found: String,
    },
    /// The configuration implies another number of weights than the file holds.
    WeightCount {
        /// Implied by the configuration.
        expected: usize,
        /// Found in the file.
        found: usize,
    },
    /// The file asks for more than any real model needs.
    TooLarge {
        /// What is too large, with its unit.
        what: &'static str,
        /// The most we accept.
        limit: usize,
        /// Found in the file.
        found: usize,
    },
    /// A value that contradicts the format, another value, or sense.
    Invalid {
        /// Which value, by its path in the file.
        what: String,
        /// What would have been right.
        expected: String,
        /// What the file says.
        found: String,
    },
    /// A valid file that asks for something we do not run.
    Unsupported {
        /// Which value, by its path in the file.
        what: String,
        /// What we do run.
        expected: String,
        /// What the file says.
        found: String,
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

    pub(crate) fn unsupported(
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Error::Unsupported {
            what: what.into(),
            expected: expected.into(),
            found: found.to_string(),
        }
    }
}

impl Error {
    /// The same of a model that lies at `at` inside another.
    pub(crate) fn within(self, at: &str) -> Self {
        match self {
            Error::WeightCount { expected, found } => {
                Self::invalid(format!("{at}.weights"), format!("{expected} of them"), found)
            }
            Error::Invalid { what, expected, found } => {
                Error::Invalid { what: format!("{at}.{what}"), expected, found }
            }
            Error::Unsupported { what, expected, found } => {
                Error::Unsupported { what: format!("{at}.{what}"), expected, found }
            }
            other => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Json(e) => write!(f, "not a model file: {e}"),
            Error::Version { found } => {
                write!(f, "expected format version 0.5.0 to 0.7.x, found {found:?}")
            }
            Error::WeightCount { expected, found } => {
                write!(f, "expected {expected} weights from the configuration, found {found}")
            }
            Error::TooLarge { what, limit, found } => {
                write!(f, "too large: expected at most {limit} {what}, found {found}")
            }
            Error::Invalid { what, expected, found } => {
                write!(f, "{what}: expected {expected}, found {found}")
            }
            Error::Unsupported { what, expected, found } => {
                write!(f, "{what} is not supported: expected {expected}, found {found}")
            }
        }
    }
}

// Without a source: what there is to say is said, and would be said twice.
impl std::error::Error for Error {}

impl From<serde_json::Error> for Error {
    fn from(e: serde_json::Error) -> Self {
        Error::Json(e)
    }
}
