use std::fmt;

/// Why a graph could not be loaded, compiled or certified. A running reverb
/// cannot fail.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Not JSON: the parser's words, with line and column.
    Json(serde_json::Error),
    /// A format or version we do not read.
    Version {
        /// What the file says.
        found: String,
    },
    /// The file asks for more than any real graph needs.
    TooLarge {
        /// What is too large, with its unit.
        what: String,
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
    /// The file has lost what the sound needs: how to write it again.
    Lost {
        /// Which module, by its path in the file.
        what: String,
        /// What is missing.
        missing: String,
        /// What to do about it.
        remedy: String,
    },
    /// A loop without any delay that no signal satisfies, or none stably.
    NoSolution {
        /// Which loop, by its path in the file.
        what: String,
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
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Json(e) => write!(f, "not the JSON of a graph: {e}"),
            Error::Version { found } => write!(
                f,
                "expected a graph of ADAC, \"pyfdn-fdn-build\" version 1 or \"kiln-fdn\" version 1, found {found}"
            ),
            Error::TooLarge { what, limit, found } => {
                write!(f, "expected at most {limit} {what}, found {found}")
            }
            Error::Invalid { what, expected, found } => {
                write!(f, "{what}: expected {expected}, found {found}")
            }
            Error::Lost { what, missing, remedy } => write!(f, "{what}: {missing}; {remedy}"),
            Error::NoSolution { what } => write!(
                f,
                "{what}: expected a delay in every loop, or a delay-free loop with a solution; found one whose gain is one"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Json(e) => Some(e),
            _ => None,
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(e: serde_json::Error) -> Self {
        Error::Json(e)
    }
}
