//! What the player of [`Amp`](super::Amp) may set: plain values, which a plugin
//! maps to host parameters and a preset keeps as JSON.

use serde::{Deserialize, Serialize};

/// Everything. Values outside their range act as its nearest end, and what is
/// no number as the default; switches and choices cross-fade.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Before everything, in dB: −20 to 20.
    pub input_gain: f32,
    /// After everything, in dB: −40 to 40.
    pub output_gain: f32,
    /// Share of the processed signal in the output: 0 dry to 1 wet. The dry
    /// signal is delayed as much as the processed one is.
    pub mix: f32,
    /// Whether the input passes unchanged, but for the latency.
    pub bypass: bool,
    /// What becomes of two input channels.
    pub channels: Channels,
    /// The noise gate.
    pub gate: Gate,
    /// The two places for models.
    pub slots: [Slot; 2],
    /// How the slots are joined.
    pub routing: Routing,
    /// In parallel, the share of the second slot: 0 to 1.
    pub blend: f32,
    /// In parallel, whether the second slot's output is turned upside down.
    pub invert: bool,
    /// The tone stack.
    pub tone: Tone,
    /// The cabinet.
    pub cabinet: Cabinet,
    /// How loud models are made.
    pub levels: Levels,
}

/// What becomes of two input channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// Each goes through networks of its own.
    #[default]
    Stereo,
    /// Their mean goes through one network, at half the cost, to both outputs.
    Mono,
}

/// How the slots are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// The first into the second, as a pedal into an amplifier.
    #[default]
    Series,
    /// Side by side, mixed.
    Parallel,
}

/// A noise gate that listens before the models and closes after them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gate {
    /// Whether it acts.
    pub on: bool,
    /// Level of the input, in dBFS, at which it opens: −100 to 0.
    pub threshold: f32,
    /// How far below the threshold it closes, in dB: 0 to 24.
    pub hysteresis: f32,
    /// Time it takes to open, in milliseconds: 0.1 to 50.
    pub attack: f32,
    /// Time below the threshold before it begins to close, in milliseconds: 0 to 500.
    pub hold: f32,
    /// Time it takes to close, in milliseconds: 5 to 1000.
    pub release: f32,
    /// Attenuation when closed, in dB: −100 to 0, where −100 is silence.
    pub range: f32,
}

/// One place for a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slot {
    /// Whether its model is heard; otherwise the signal passes it.
    pub on: bool,
    /// Gain before its model, in dB: −20 to 20.
    pub trim: f32,
    /// The size of a slimmable model: 0 smallest, 1 best.
    pub quality: f32,
}

/// A tone stack whose knobs go from 0 to 10, and are flat at 5.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tone {
    /// Whether it acts.
    pub on: bool,
    /// Whether it lies before the models instead of after.
    pub before: bool,
    /// Shelf below 150 Hz, 4 dB a mark.
    pub bass: f32,
    /// Peak at 425 Hz, 3 dB a mark.
    pub middle: f32,
    /// Shelf above 1.8 kHz, 2 dB a mark.
    pub treble: f32,
    /// Shelf above 4 kHz, 2 dB a mark.
    pub presence: f32,
}

/// Two impulse responses and two filters after them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cabinet {
    /// Whether it acts.
    pub on: bool,
    /// With two responses, the share of the second: 0 to 1.
    pub blend: f32,
    /// Whether responses are made equally loud.
    pub normalize: bool,
    /// Edge of the high-pass filter in Hz: 20 to 800; 20 is off.
    pub low_cut: f32,
    /// Edge of the low-pass filter in Hz: 1000 to 20 000; 20 000 is off.
    pub high_cut: f32,
}

/// How levels outside the computer become levels inside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Levels {
    /// What is made of a model's own level.
    pub output: OutputLevel,
    /// Whether the input is brought to the level the model was made at.
    pub calibrate_input: bool,
    /// Level, in dBu RMS, of a sine that reaches 0 dBFS at the player's
    /// converter: −20 to 40.
    pub interface: f32,
}

/// What is made of a model's own level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputLevel {
    /// Nothing.
    Raw,
    /// All models play at −18 dB.
    #[default]
    Normalized,
    /// As loud as the gear itself into the player's converter.
    Calibrated,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            input_gain: 0.0,
            output_gain: 0.0,
            mix: 1.0,
            bypass: false,
            channels: Channels::Stereo,
            gate: Gate::default(),
            slots: [Slot::default(); 2],
            routing: Routing::Series,
            blend: 0.5,
            invert: false,
            tone: Tone::default(),
            cabinet: Cabinet::default(),
            levels: Levels::default(),
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            on: false,
            threshold: -70.0,
            hysteresis: 6.0,
            attack: 1.0,
            hold: 20.0,
            release: 80.0,
            range: -100.0,
        }
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self { on: true, trim: 0.0, quality: 1.0 }
    }
}

impl Default for Tone {
    fn default() -> Self {
        Self { on: true, before: false, bass: 5.0, middle: 5.0, treble: 5.0, presence: 5.0 }
    }
}

impl Default for Cabinet {
    fn default() -> Self {
        Self { on: true, blend: 0.5, normalize: true, low_cut: 20.0, high_cut: 20_000.0 }
    }
}

impl Default for Levels {
    fn default() -> Self {
        Self { output: OutputLevel::Normalized, calibrate_input: false, interface: 12.0 }
    }
}
