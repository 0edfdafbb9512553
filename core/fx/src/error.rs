//! What the effects refuse, in words for the player.

use std::fmt;

/// Why something cannot be played. What plays, once built, cannot fail.
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
    /// A sample rate too far from those of audio to convert.
    SampleRate {
        /// Whose rate: the host's or the model's.
        of: &'static str,
        /// What would have been right, in Hz.
        expected: std::ops::RangeInclusive<f64>,
        /// What it is, in Hz.
        found: f64,
    },
    /// A model that cannot alias, so that oversampling would only cost time.
    NoHarmonics {
        /// The model's architecture.
        architecture: &'static str,
    },
    /// A model that works beside the audio thread and would be too late.
    Latency {
        /// Samples by which it may trail.
        limit: usize,
        /// Samples by which it would.
        found: usize,
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
            Error::SampleRate { of, expected, found } => {
                let (from, to) = (expected.start(), expected.end());
                write!(f, "sample rate of the {of}: expected {from} to {to} Hz, found {found}")
            }
            Error::NoHarmonics { architecture } => write!(
                f,
                "oversampling: expected a model that makes harmonics, found {architecture}, \
                 which makes none and sounds the same without"
            ),
            Error::Latency { limit, found } => write!(
                f,
                "latency of the model: expected at most {limit} samples, found {found}; \
                 shorter blocks of the host make it less"
            ),
        }
    }
}

impl std::error::Error for Error {}
