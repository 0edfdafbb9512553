use std::fmt;

/// Why a file could not be loaded. What fails only while it plays is told by the
/// engine's [`Report`](nn::Report).
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
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
        /// Which value, by its place in the file.
        what: String,
        /// What would have been right.
        expected: String,
        /// What the file says.
        found: String,
    },
    /// A valid file that asks for something we do not run.
    Unsupported {
        /// Which value, by its place in the file.
        what: String,
        /// What we do run.
        expected: String,
        /// What the file says.
        found: String,
    },
    /// No runtime runs the graph.
    Runtime {
        /// The runtime, with its version.
        engine: String,
        /// Its words.
        said: String,
    },
    /// A model file that is no ONNX.
    Model(nn::Error),
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

    /// Refuses more than `limit`.
    pub(crate) fn cap(what: &'static str, limit: usize, found: usize) -> Result<(), Self> {
        if found > limit { Err(Error::TooLarge { what, limit, found }) } else { Ok(()) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::TooLarge { what, limit, found } => {
                write!(f, "too large: expected at most {limit} {what}, found {found}")
            }
            Error::Invalid { what, expected, found } => {
                write!(f, "{what}: expected {expected}, found {found}")
            }
            Error::Unsupported { what, expected, found } => {
                write!(f, "{what} is not supported: expected {expected}, found {found}")
            }
            Error::Runtime { engine, said } => {
                write!(f, "{engine}: expected a graph it runs, found: {said}")
            }
            Error::Model(e) => e.fmt(f),
        }
    }
}

// Without a source: what there is to say is said, and would be said twice.
impl std::error::Error for Error {}

impl From<nn::Error> for Error {
    fn from(e: nn::Error) -> Self {
        Error::Model(e)
    }
}
