use std::fmt;

/// Why a graphics card did not render. Whatever it is, the processor still can.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No card answers to what was asked for.
    NoDevice {
        /// What was asked for.
        expected: String,
        /// What there is.
        found: String,
    },
    /// The card or its driver failed; the device is of no more use.
    Device {
        /// While doing what.
        at: &'static str,
        /// The driver's words.
        found: String,
    },
    /// The card's memory does not hold what is needed.
    Memory {
        /// For what.
        at: &'static str,
        /// Bytes there may be.
        expected: u64,
        /// Bytes needed, or the driver's words.
        found: String,
    },
    /// The card did not answer in time; the device is of no more use.
    Timeout {
        /// While doing what.
        at: &'static str,
        /// The longest wait in seconds.
        expected: u64,
    },
    /// A network that only the processor runs.
    Unsupported {
        /// Which one.
        at: String,
        /// What cards run.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Something asked for that there is not.
    Invalid {
        /// Where.
        at: &'static str,
        /// What would have been right.
        expected: String,
        /// What was found.
        found: String,
    },
}

impl Error {
    pub(crate) fn unsupported(
        at: impl Into<String>,
        expected: &'static str,
        found: impl ToString,
    ) -> Self {
        Self::Unsupported { at: at.into(), expected, found: found.to_string() }
    }

    pub(crate) fn invalid(
        at: &'static str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Invalid { at, expected: expected.into(), found: found.to_string() }
    }

    /// A sentence for people, where the processor does the work instead.
    pub fn notice(&self) -> String {
        format!("The processor computes instead of the graphics card: {self}.")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDevice { expected, found } => {
                write!(f, "devices: expected {expected}, found {found}")
            }
            Self::Device { at, found } => write!(f, "{at}: expected no error, found {found}"),
            Self::Memory { at, expected, found } => {
                write!(f, "{at}: expected at most {expected} bytes, found {found}")
            }
            Self::Timeout { at, expected } => {
                write!(f, "{at}: expected an answer within {expected} s, found none")
            }
            Self::Unsupported { at, expected, found } => {
                write!(f, "{at}: expected {expected}, found {found}")
            }
            Self::Invalid { at, expected, found } => {
                write!(f, "{at}: expected {expected}, found {found}")
            }
        }
    }
}

impl std::error::Error for Error {}
