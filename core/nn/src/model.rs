//! A loaded model: checked, inert, shareable between threads and channels.

use serde::Deserialize;

use crate::linear::Linear;
use crate::lstm::Lstm;
use crate::nam::File;
use crate::{Engine, Error};

/// A checked network and what its file says about it. Weights are shared, so a
/// clone is cheap and every engine of a model reads the same ones.
#[derive(Clone)]
pub struct Model {
    net: Net,
    architecture: &'static str,
    weights: usize,
    sample_rate: Option<f64>,
    metadata: Metadata,
}

/// One variant per architecture; each holds its weights by `Arc`.
#[derive(Clone)]
pub(crate) enum Net {
    Lstm(Lstm),
    Linear(Linear),
}

impl Model {
    /// Reads a `.nam` file of any architecture and of format version 0.5.0 to
    /// 0.7.x. Whatever would not sound as trained is refused.
    ///
    /// # Errors
    /// Says what was expected and what was found; see [`Error`].
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        let file = File::read(bytes)?;
        let (architecture, net) = Net::load(&file)?;
        Ok(Self {
            net,
            architecture,
            weights: file.weights.len(),
            sample_rate: file.sample_rate,
            metadata: file.metadata.unwrap_or_default(),
        })
    }

    /// One running mono channel, settled on silence: its output equals the
    /// trainer's on a zero-padded signal from the first sample.
    pub fn engine(&self) -> Box<dyn Engine> {
        self.net.engine()
    }

    /// `WaveNet`, `LSTM`, `ConvNet`, `Linear` or `SlimmableContainer`.
    pub fn architecture(&self) -> &'static str {
        self.architecture
    }

    /// The number of weights, of all sizes of a slimmable model together.
    pub fn weights(&self) -> usize {
        self.weights
    }

    /// Multiply-adds a sample costs at the best quality.
    pub fn macs(&self) -> usize {
        self.net.macs()
    }

    /// The rate it was trained at, in Hz. Files without one were made at 48 000.
    pub fn sample_rate(&self) -> Option<f64> {
        self.sample_rate
    }

    /// What the file says of the gear and its levels.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// For a slimmable model the quality values at which its sizes end,
    /// ascending: `n` sizes have `n − 1` of them. Empty for a model of one size.
    pub fn qualities(&self) -> Vec<f32> {
        Vec::new()
    }

    /// Where the official player is known to sound different from the trainer,
    /// which we follow: a sentence each.
    pub fn differences(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Net {
    pub(crate) fn load(file: &File<'_>) -> Result<(&'static str, Self), Error> {
        Ok(match file.architecture.as_str() {
            "LSTM" => ("LSTM", Net::Lstm(Lstm::load(file.config, &file.weights)?)),
            "Linear" => ("Linear", Net::Linear(Linear::load(file.config, &file.weights)?)),
            other => {
                return Err(Error::unsupported(
                    "architecture",
                    "WaveNet, LSTM, ConvNet, Linear or SlimmableContainer",
                    other,
                ));
            }
        })
    }

    pub(crate) fn engine(&self) -> Box<dyn Engine> {
        match self {
            Net::Lstm(net) => net.engine(),
            Net::Linear(net) => net.engine(),
        }
    }

    fn macs(&self) -> usize {
        match self {
            Net::Lstm(net) => net.macs(),
            Net::Linear(net) => net.macs(),
        }
    }
}

/// What a file says about itself. Every entry may be missing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Metadata {
    /// When it was exported.
    pub date: Option<Date>,
    /// Output level for the trainer's standard input: dB of RMS, not LUFS.
    pub loudness: Option<f64>,
    /// How much the gear compresses, 0 to 1.
    pub gain: Option<f64>,
    /// A name for people.
    pub name: Option<String>,
    /// Who made the model.
    pub modeled_by: Option<String>,
    /// `amp`, `pedal`, `pedal_amp`, `amp_cab`, `amp_pedal_cab`, `preamp`, `studio`, or free text.
    pub gear_type: Option<String>,
    /// Who made the gear.
    pub gear_make: Option<String>,
    /// The gear.
    pub gear_model: Option<String>,
    /// `clean`, `overdrive`, `crunch`, `hi_gain`, `fuzz`, or free text.
    pub tone_type: Option<String>,
    /// RMS level in dBu of a 1 kHz sine that peaks at 0 dBFS at the input.
    pub input_level_dbu: Option<f64>,
    /// The same at the output.
    pub output_level_dbu: Option<f64>,
}

/// A moment of local time, as the trainer writes it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say all")]
pub struct Date {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}
