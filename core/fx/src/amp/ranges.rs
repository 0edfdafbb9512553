//! The range of every number in [`Params`], in one list that the effect, a
//! plugin and the command line read alike.

use super::Params;
use crate::range::{self, Range, ranges};

/// All of them.
pub const RANGES: &[Range<Params>] = ranges![
    "input_gain": -20.0 to 20.0 in (input_gain);
    "output_gain": -40.0 to 40.0 in (output_gain);
    "mix": 0.0 to 1.0 in (mix);
    "gate.threshold": -100.0 to 0.0 in (gate.threshold);
    "gate.hysteresis": 0.0 to 24.0 in (gate.hysteresis);
    "gate.attack": 0.1 to 50.0 in (gate.attack);
    "gate.hold": 0.0 to 500.0 in (gate.hold);
    "gate.release": 5.0 to 1000.0 in (gate.release);
    "gate.range": -100.0 to 0.0 in (gate.range);
    "slots.0.trim": -20.0 to 20.0 in (slots[0].trim);
    "slots.0.quality": 0.0 to 1.0 in (slots[0].quality);
    "slots.1.trim": -20.0 to 20.0 in (slots[1].trim);
    "slots.1.quality": 0.0 to 1.0 in (slots[1].quality);
    "blend": 0.0 to 1.0 in (blend);
    "tone.bass": 0.0 to 10.0 in (tone.bass);
    "tone.middle": 0.0 to 10.0 in (tone.middle);
    "tone.treble": 0.0 to 10.0 in (tone.treble);
    "tone.presence": 0.0 to 10.0 in (tone.presence);
    "cabinet.blend": 0.0 to 1.0 in (cabinet.blend);
    "cabinet.low_cut": 20.0 to 800.0 in (cabinet.low_cut);
    "cabinet.high_cut": 1000.0 to 20000.0 in (cabinet.high_cut);
    "levels.interface": -20.0 to 40.0 in (levels.interface);
];

/// The range of the number at `key`.
///
/// # Panics
/// When there is none of that name.
pub fn range(key: &str) -> &'static Range<Params> {
    range::of(RANGES, key)
}

impl Params {
    /// The same with every number within its range, and the default for what
    /// is no number.
    pub fn sane(mut self) -> Self {
        range::sane(RANGES, &mut self);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range::check;

    #[test]
    fn the_list_is_complete_and_keeps_values_sane() {
        check::complete(RANGES);
        check::sane(RANGES, Params::sane);
    }
}
