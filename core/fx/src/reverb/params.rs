//! What the player of [`Reverb`](super::Reverb) may set: plain values, which a plugin
//! maps to host parameters and a preset keeps as JSON.

use serde::{Deserialize, Serialize};

use crate::amp;

/// Everything. Values outside their range act as its nearest end, and what is no
/// number as the default; switches and choices cross-fade.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// From the dry signal, 0, to the wet, 1, at equal power.
    pub mix: f32,
    /// After everything, in dB: −40 to 20.
    pub output_gain: f32,
    /// Whether the input passes unchanged.
    pub bypass: bool,
    /// Whether the network decays as it was trained, whatever `rt60` says.
    pub as_trained: bool,
    /// Reverberation time in seconds: 0.1 to 30. A network goes as far of that as is
    /// proven for it.
    pub rt60: f32,
    /// How it differs by frequency.
    pub bands: Bands,
    /// Before the reverberation, in milliseconds: 0 to 500.
    pub pre_delay: f32,
    /// All delays of the network, as multiples of what they were trained to: 0.25 to 4.
    /// It is heard in the networks a loader brings: see [`model`](super::model).
    pub size: f32,
    /// Whether what rings goes on forever, and nothing is added to it.
    pub freeze: bool,
    /// How lines are turned into one another.
    pub modulation: Modulation,
    /// Early reflections.
    pub early: Early,
    /// Left against right in the wet signal: 0 mono, 1 as it is, 2 twice the difference.
    pub width: f32,
    /// How much of each channel is reverberated on the other side: 0 none, 0.5 as much
    /// as on its own, 1 all of it.
    pub cross: f32,
    /// Edge of the wet signal's high-pass filter in Hz: 20 to 800; 20 is off.
    pub low_cut: f32,
    /// Edge of its low-pass filter in Hz: 1000 to 20 000; 20 000 is off.
    pub high_cut: f32,
    /// The wet signal steps back while the dry one is loud.
    pub duck: Duck,
    /// A gate of the wet signal that listens to the dry one.
    pub gate: amp::Gate,
}

/// Reverberation times of a low and a high band, as multiples of the middle one's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bands {
    /// 0.1 to 4.
    pub low: f32,
    /// 0.1 to 4.
    pub high: f32,
    /// Where the low band ends, in Hz: 50 to 1000.
    pub low_crossover: f32,
    /// Where the high band begins, in Hz: 1000 to 12 000.
    pub high_crossover: f32,
}

/// A lossless movement within the network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Modulation {
    /// 0 to 1.
    pub depth: f32,
    /// Hz: 0.05 to 10.
    pub rate: f32,
}

/// The first reflections of a room.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Early {
    /// Their level in the wet signal, in dB: −60 to 6, where −60 is silence.
    pub level: f32,
    /// How much of them is reverberated as well: 0 to 1.
    pub send: f32,
    /// How far walls are, as a multiple of a room of 7 by 5 by 3 metres: 0.25 to 4.
    pub size: f32,
}

/// A compressor of the wet signal that listens to the dry one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Duck {
    /// By how much the wet signal is turned down at most, in dB: 0 to 40; 0 is off.
    pub depth: f32,
    /// Level of the dry signal from which on it is, in dBFS: −60 to 0; 12 dB above, all
    /// the way.
    pub threshold: f32,
    /// Time it takes to step back, in milliseconds: 1 to 100.
    pub attack: f32,
    /// Time it takes to return, in milliseconds: 20 to 2000.
    pub release: f32,
}

impl Params {
    /// What the network is told: the mix, the pre-delay and all else are not its own.
    pub fn network(&self) -> fdn::Params {
        let Bands { low, high, low_crossover, high_crossover } = self.bands;
        fdn::Params {
            rt60: (!self.as_trained).then_some(f64::from(self.rt60)),
            bands: fdn::Bands {
                low: f64::from(low),
                high: f64::from(high),
                crossovers: [low_crossover, high_crossover].map(f64::from),
            },
            modulation: fdn::Modulation {
                depth: f64::from(self.modulation.depth),
                rate: f64::from(self.modulation.rate),
            },
            freeze: self.freeze,
            ..fdn::Params::default()
        }
    }
}

impl Default for Params {
    fn default() -> Self {
        Self {
            mix: 0.3,
            output_gain: 0.0,
            bypass: false,
            as_trained: false,
            rt60: 2.0,
            bands: Bands::default(),
            pre_delay: 0.0,
            size: 1.0,
            freeze: false,
            modulation: Modulation::default(),
            early: Early::default(),
            width: 1.0,
            cross: 0.0,
            low_cut: 20.0,
            high_cut: 20_000.0,
            duck: Duck::default(),
            gate: amp::Gate {
                threshold: -40.0,
                hold: 200.0,
                release: 60.0,
                ..amp::Gate::default()
            },
        }
    }
}

impl Default for Bands {
    fn default() -> Self {
        Self { low: 1.0, high: 1.0, low_crossover: 250.0, high_crossover: 4000.0 }
    }
}

impl Default for Modulation {
    fn default() -> Self {
        Self { depth: 0.0, rate: 0.5 }
    }
}

impl Default for Early {
    fn default() -> Self {
        Self { level: -60.0, send: 0.0, size: 1.0 }
    }
}

impl Default for Duck {
    fn default() -> Self {
        Self { depth: 0.0, threshold: -30.0, attack: 10.0, release: 250.0 }
    }
}
