use std::fmt;

/// Why a network could not be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// It could not be built or run: its runtime's words.
    Network(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(reason) => {
                write!(f, "network: expected one that runs, found: {reason}")
            }
        }
    }
}

impl std::error::Error for Error {}
