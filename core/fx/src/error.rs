use std::fmt;

/// Why something could not be made. What is made runs without failing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A file that is not what it should be, or is too damaged to tell.
    Unreadable {
        /// What it should be.
        expected: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that cannot be used.
    Invalid {
        /// Which value.
        what: &'static str,
        /// What can be used.
        expected: String,
        /// What it is.
        found: String,
    },
}

impl Error {
    pub(crate) fn unreadable(expected: &'static str, reason: impl ToString) -> Self {
        Error::Unreadable { expected, reason: reason.to_string() }
    }

    pub(crate) fn invalid(
        what: &'static str,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        Error::Invalid { what, expected: expected.to_string(), found: found.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unreadable { expected, reason } => write!(f, "not {expected}: {reason}"),
            Error::Invalid { what, expected, found } => {
                write!(f, "{what}: expected {expected}, found {found}")
            }
        }
    }
}

impl std::error::Error for Error {}
