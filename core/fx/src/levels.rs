//! How loud a model is made.
//!
//! Formulas are those of the official player (NeuralAmpModelerPlugin 0.7.14):
//! a model file may say how loud its output was for the trainer's standard
//! input, and which analogue levels 0 dBFS stood for on either side of the gear.

use nn::Metadata;

use crate::amp::{Levels, OutputLevel};

/// Loudness to which models are normalized, in dB.
pub const TARGET: f32 = -18.0;

/// The most a file can change a level, in dB; beyond that it is mistaken.
const MOST: f32 = 60.0;

/// What a model file says of its levels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    /// Output level for the trainer's standard input, in dB of RMS.
    pub loudness: Option<f32>,
    /// Level in dBu RMS of a sine that peaks at 0 dBFS at the input.
    pub input: Option<f32>,
    /// The same at the output.
    pub output: Option<f32>,
}

impl Known {
    /// What `metadata` tells.
    pub fn of(metadata: &Metadata) -> Self {
        let number = |x: Option<f64>| x.map(|x| x as f32).filter(|x| x.is_finite());
        Self {
            loudness: number(metadata.loudness),
            input: number(metadata.input_level_dbu),
            output: number(metadata.output_level_dbu),
        }
    }

    /// Gain before the model, in dB: with calibration, interface − input level.
    pub fn before(&self, levels: &Levels) -> f32 {
        match self.input {
            Some(input) if levels.calibrate_input => bound(levels.interface - input),
            _ => 0.0,
        }
    }

    /// Gain after the model, in dB: normalized, [`TARGET`] − loudness;
    /// calibrated, output level − interface.
    pub fn after(&self, levels: &Levels) -> f32 {
        match (levels.output, self.loudness, self.output) {
            (OutputLevel::Normalized, Some(loudness), _) => bound(TARGET - loudness),
            (OutputLevel::Calibrated, _, Some(output)) => bound(output - levels.interface),
            _ => 0.0,
        }
    }
}

impl Levels {
    /// The levels of a model that feeds another: with calibration it hands on
    /// what the gear would, so that the next one's own calibration meets it;
    /// otherwise it hands on what it plays.
    pub fn between(&self) -> Self {
        let output = if self.calibrate_input { OutputLevel::Calibrated } else { OutputLevel::Raw };
        Self { output, ..*self }
    }
}

fn bound(db: f32) -> f32 {
    db.clamp(-MOST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known = Known { loudness: Some(-25.5), input: Some(18.3), output: Some(9.0) };

    fn levels(output: OutputLevel, calibrate_input: bool) -> Levels {
        Levels { output, calibrate_input, interface: 12.5 }
    }

    #[test]
    fn the_formulas_of_the_official_player() {
        for (output, gain) in [
            (OutputLevel::Raw, 0.0),
            (OutputLevel::Normalized, -18.0 + 25.5),
            (OutputLevel::Calibrated, 9.0 - 12.5),
        ] {
            assert_eq!(KNOWN.after(&levels(output, true)), gain);
            assert_eq!(KNOWN.after(&levels(output, false)), gain);
            assert_eq!(Known::default().after(&levels(output, true)), 0.0);
        }
        let raw = |calibrate| levels(OutputLevel::Raw, calibrate);
        assert_eq!(KNOWN.before(&raw(true)), 12.5 - 18.3);
        assert_eq!(KNOWN.before(&raw(false)), 0.0);
        assert_eq!(Known::default().before(&raw(true)), 0.0);
    }

    /// From the output of one gear to the input of the next, the player's
    /// converter must not matter.
    #[test]
    fn in_series_the_converter_cancels() {
        for interface in [0.0, 12.5, 20.0] {
            let levels = Levels { interface, ..levels(OutputLevel::Normalized, true) };
            let gain = KNOWN.after(&levels.between()) + KNOWN.before(&levels);
            assert!((gain - (9.0 - 18.3)).abs() < 1e-5, "{interface} dBu: {gain} dB");
        }
        let raw = levels(OutputLevel::Normalized, false);
        assert_eq!(KNOWN.after(&raw.between()) + KNOWN.before(&raw), 0.0);
    }

    #[test]
    fn files_that_lie_do_no_harm() {
        let mad =
            Metadata { loudness: Some(-1e300), input_level_dbu: Some(1e9), ..Metadata::default() };
        let known = Known::of(&mad);
        assert_eq!(known.loudness, None);
        assert_eq!(known.before(&levels(OutputLevel::Raw, true)), -MOST);
    }
}
