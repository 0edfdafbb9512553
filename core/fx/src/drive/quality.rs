//! Against aliasing: at what multiple of the rate a network runs, and how the signal
//! gets there.

use serde::{Deserialize, Serialize};

use crate::resample::Calls;

/// What is done against aliasing. A change of it needs another
/// [`Pedal`](super::Pedal), which a loader brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// How many times the rate of the host the network runs at.
    pub oversampling: Oversampling,
    /// The filters on the way there and back.
    pub phase: Phase,
    /// Whether a network of one hidden layer of tanh is integrated from sample to
    /// sample instead of evaluated at each (antiderivative antialiasing of first
    /// order). Nothing for other networks.
    pub antiderivative: bool,
}

/// A multiple of the host's rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oversampling {
    /// That rate.
    X1,
    /// Twice.
    X2,
    /// Four times.
    X4,
    /// Eight times.
    #[default]
    X8,
    /// Sixteen times.
    X16,
}

/// The kind of half-band filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Recursive ones: the least delay, more of it for the highest frequencies.
    #[default]
    Minimum,
    /// Symmetrical ones: the same delay for every frequency.
    Linear,
}

/// Where a model is to play.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Of the host, in Hz.
    pub sample_rate: f32,
    /// Against aliasing.
    pub quality: Quality,
    /// How the host calls.
    pub calls: Calls,
}

impl Setup {
    /// Whether what was built of `model` for this plays as well where `wanted` says.
    pub fn serves(self, wanted: Self, model: &nn::Model) -> bool {
        match model.is_foreign() {
            true => self.fitting(model) == wanted.fitting(model),
            false => self == Self { calls: self.calls, ..wanted },
        }
    }

    /// The same for `model`: one that works beside the audio thread runs once, and not
    /// once for each of the samples that oversampling makes of one.
    pub(super) fn fitting(self, model: &nn::Model) -> Self {
        match model.is_foreign() {
            true => {
                Self { quality: Quality { oversampling: Oversampling::X1, ..self.quality }, ..self }
            }
            false => self,
        }
    }
}

impl Oversampling {
    /// All, ascending.
    pub const ALL: [Self; 5] = [Self::X1, Self::X2, Self::X4, Self::X8, Self::X16];

    /// 1, 2, 4, 8 or 16.
    pub fn factor(self) -> usize {
        1 << self.stages()
    }

    /// How many times the rate is doubled.
    pub fn stages(self) -> usize {
        self as usize
    }
}
