//! Classes of networks by name.

use std::fmt;
use std::str::FromStr;

use super::Settings;
use crate::optimiser::{self, Schedule};
use crate::{Error, loss};

/// What kind of network to teach.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Class {
    /// One hidden layer without memory.
    Curve {
        /// Its units.
        hidden: usize,
    },
    /// Filters, a hidden layer, filters: what most pedals are made of. Plays at any rate.
    Pedal {
        /// Units of the hidden layer.
        hidden: usize,
    },
    /// A hidden layer over the last samples, and one over that.
    Taps {
        /// Units of each hidden layer.
        hidden: usize,
        /// Samples the first one hears.
        taps: usize,
    },
    /// A long short-term memory.
    Lstm {
        /// Its units.
        hidden: usize,
    },
    /// A gated recurrent unit.
    Gru {
        /// Its units.
        hidden: usize,
    },
    /// An official size of Neural Amp Modeler's WaveNets; see
    /// [`nam::config`](crate::export::nam::config).
    WaveNet(String),
}

const SIZES: [&str; 6] = ["standard", "lite", "feather", "nano", "a2-full", "a2-lite"];
const MOST: usize = 256;

impl FromStr for Class {
    type Err = Error;

    /// `curve`, `pedal`, `taps`, `lstm` and `gru`, with units after a hyphen if not the
    /// usual ones, or the size of a WaveNet.
    fn from_str(name: &str) -> Result<Self, Error> {
        if SIZES.contains(&name) {
            return Ok(Class::WaveNet(name.to_owned()));
        }
        let (kind, hidden) = name.split_once('-').map_or((name, None), |(k, n)| (k, Some(n)));
        let hidden = |usual: usize| match hidden {
            None => Ok(usual),
            Some(n) => match n.parse::<usize>() {
                Ok(n) if (1..=MOST).contains(&n) => Ok(n),
                _ => Err(Error::setting("units of the network", format!("1 to {MOST}"), n)),
            },
        };
        match kind {
            "curve" => Ok(Class::Curve { hidden: hidden(16)? }),
            "pedal" => Ok(Class::Pedal { hidden: hidden(24)? }),
            "taps" => Ok(Class::Taps { hidden: hidden(16)?, taps: 64 }),
            "lstm" => Ok(Class::Lstm { hidden: hidden(20)? }),
            "gru" => Ok(Class::Gru { hidden: hidden(20)? }),
            _ => {
                let kinds = "curve, pedal, taps, lstm, gru (with units: lstm-20)";
                let expected = format!("{kinds}, {}", SIZES.join(", "));
                Err(Error::setting("class", expected, format!("{name:?}")))
            }
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Class::Curve { hidden } => write!(f, "curve-{hidden}"),
            Class::Pedal { hidden } => write!(f, "pedal-{hidden}"),
            Class::Taps { hidden, .. } => write!(f, "taps-{hidden}"),
            Class::Lstm { hidden } => write!(f, "lstm-{hidden}"),
            Class::Gru { hidden } => write!(f, "gru-{hidden}"),
            Class::WaveNet(size) => f.write_str(size),
        }
    }
}

impl Class {
    /// Settings that go well with the class.
    pub fn settings(self) -> Settings {
        let recurrent = matches!(self, Class::Lstm { .. } | Class::Gru { .. });
        let wavenet = matches!(self, Class::WaveNet(_));
        // Spectra cost as much for every network: small ones learn more in the same time
        // without them.
        let large =
            matches!(&self, Class::WaveNet(size) if size == "standard" || size == "a2-full");
        let (epochs, batch, length) = match self {
            Class::Curve { .. } | Class::Pedal { .. } => (400, 0, 0),
            Class::WaveNet(_) => (100, 16, 8192),
            Class::Taps { .. } => (200, 16, 4096),
            _ => (200, 32, 1024),
        };
        let rate = if wavenet { 0.004 } else { 0.005 };
        Settings {
            class: self,
            seed: 0,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            epochs,
            seconds: None,
            patience: epochs,
            batch,
            length,
            skip: false,
            loss: match wavenet {
                true if large => loss::Options::nam(),
                true => loss::Options::of(&[(loss::Kind::Mse, 1.0, loss::Filter::None)]),
                false => loss::Options::guitarml(loss::Filter::PreEmphasis(0.85)),
            },
            optimiser: optimiser::Options {
                rate,
                clip: recurrent.then_some(1.0),
                schedule: Schedule::Cosine { epochs, floor: rate / 100.0 },
                ..optimiser::Options::default()
            },
            checkpoint: None,
        }
    }

    /// The official NAM trainer's own recipe for its sizes.
    pub fn official(self) -> Settings {
        Settings {
            loss: loss::Options::nam(),
            optimiser: optimiser::Options::nam(),
            ..self.settings()
        }
    }
}
