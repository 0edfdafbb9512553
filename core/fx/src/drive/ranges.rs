//! The range of every number in [`Params`], in one list that the effect, a plugin and
//! the command line read alike.

use super::Params;
use crate::range::{self, Range, ranges};

/// All of them.
pub const RANGES: &[Range<Params>] = ranges![
    "input_gain": -20.0 to 20.0 in (input_gain);
    "drive": 0.0 to 1.0 in (drive);
    "knobs.0": 0.0 to 1.0 in (knobs[0]);
    "knobs.1": 0.0 to 1.0 in (knobs[1]);
    "knobs.2": 0.0 to 1.0 in (knobs[2]);
    "before.low": 20.0 to 800.0 in (before.low);
    "before.high": 1000.0 to 20000.0 in (before.high);
    "after.low": 20.0 to 800.0 in (after.low);
    "after.high": 1000.0 to 20000.0 in (after.high);
    "tilt": -12.0 to 12.0 in (tilt);
    "mix": 0.0 to 1.0 in (mix);
    "output_gain": -40.0 to 20.0 in (output_gain);
    "interface": -20.0 to 40.0 in (interface);
];

/// The range of the number at `key`.
///
/// # Panics
/// When there is none of that name.
pub fn range(key: &str) -> &'static Range<Params> {
    range::of(RANGES, key)
}

impl Params {
    /// The same with every number within its range, and the default for what is no
    /// number.
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
