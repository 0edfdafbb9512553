//! What the player of [`Drive`](super::Drive) may set: plain values, which a plugin
//! maps to host parameters and a preset keeps as JSON.

use serde::{Deserialize, Serialize};

/// Knobs of a network beside the first one, which is the drive.
pub const KNOBS: usize = 3;

/// Everything. Values outside their range act as its nearest end, and what is
/// no number as the default; switches and choices cross-fade.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Before everything, in dB: −20 to 20.
    pub input_gain: f32,
    /// How hard it distorts: 0 to 1. A network that was trained with knobs has its
    /// first one there, from its least to its most; any other has a gain before it,
    /// from −24 to 24 dB, so that 0.5 is the pedal as it was captured.
    pub drive: f32,
    /// The network's further knobs, as shares of their ranges: 0 to 1.
    pub knobs: [f32; KNOBS],
    /// Filters before the network.
    pub before: Cut,
    /// Filters after it.
    pub after: Cut,
    /// Tilt of the spectrum after the network about 700 Hz, in dB at either end:
    /// −12 darker to 12 brighter.
    pub tilt: f32,
    /// Share of the processed signal in the output: 0 dry to 1 wet. The dry
    /// signal is as late as the processed one, at every frequency.
    pub mix: f32,
    /// After everything, in dB: −40 to 20.
    pub output_gain: f32,
    /// Whether the loudness that drive adds is taken back.
    pub auto_gain: bool,
    /// Whether the input passes unchanged, but for the latency.
    pub bypass: bool,
    /// What becomes of two input channels.
    pub channels: Channels,
    /// Whether the input is brought to the level the model was made at.
    pub calibrate_input: bool,
    /// Level, in dBu RMS, of a sine that reaches 0 dBFS at the player's
    /// converter: −20 to 40.
    pub interface: f32,
}

/// A high-pass and a low-pass filter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cut {
    /// Edge of the high-pass filter in Hz: 20 to 800; 20 is off.
    pub low: f32,
    /// Edge of the low-pass filter in Hz: 1000 to 20 000; 20 000 is off.
    pub high: f32,
}

/// What becomes of two input channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// Each goes through a network of its own.
    #[default]
    Stereo,
    /// Their mean goes through one network, at half the cost, to both outputs.
    Mono,
    /// Half the sum and half the difference go through networks of their own.
    MidSide,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            input_gain: 0.0,
            drive: 0.5,
            knobs: [0.5; KNOBS],
            before: Cut::default(),
            after: Cut::default(),
            tilt: 0.0,
            mix: 1.0,
            output_gain: 0.0,
            auto_gain: false,
            bypass: false,
            channels: Channels::Stereo,
            calibrate_input: false,
            interface: 12.0,
        }
    }
}

impl Default for Cut {
    fn default() -> Self {
        Self { low: 20.0, high: 20_000.0 }
    }
}
