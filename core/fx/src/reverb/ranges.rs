//! The range of every number in [`Params`], in one list that the effect, a plugin and
//! the command line read alike.

use super::Params;
use crate::range::{self, Range, ranges};

/// All of them.
pub const RANGES: &[Range<Params>] = ranges![
    "mix": 0.0 to 1.0 in (mix);
    "output_gain": -40.0 to 20.0 in (output_gain);
    "rt60": 0.1 to 30.0 in (rt60);
    "bands.low": 0.1 to 4.0 in (bands.low);
    "bands.high": 0.1 to 4.0 in (bands.high);
    "bands.low_crossover": 50.0 to 1000.0 in (bands.low_crossover);
    "bands.high_crossover": 1000.0 to 12000.0 in (bands.high_crossover);
    "pre_delay": 0.0 to 500.0 in (pre_delay);
    "size": 0.25 to 4.0 in (size);
    "modulation.depth": 0.0 to 1.0 in (modulation.depth);
    "modulation.rate": 0.05 to 10.0 in (modulation.rate);
    "early.level": -60.0 to 6.0 in (early.level);
    "early.send": 0.0 to 1.0 in (early.send);
    "early.size": 0.25 to 4.0 in (early.size);
    "width": 0.0 to 2.0 in (width);
    "cross": 0.0 to 1.0 in (cross);
    "low_cut": 20.0 to 800.0 in (low_cut);
    "high_cut": 1000.0 to 20000.0 in (high_cut);
    "duck.depth": 0.0 to 40.0 in (duck.depth);
    "duck.threshold": -60.0 to 0.0 in (duck.threshold);
    "duck.attack": 1.0 to 100.0 in (duck.attack);
    "duck.release": 20.0 to 2000.0 in (duck.release);
    "gate.threshold": -100.0 to 0.0 in (gate.threshold);
    "gate.hysteresis": 0.0 to 24.0 in (gate.hysteresis);
    "gate.attack": 0.1 to 50.0 in (gate.attack);
    "gate.hold": 0.0 to 500.0 in (gate.hold);
    "gate.release": 5.0 to 1000.0 in (gate.release);
    "gate.range": -100.0 to 0.0 in (gate.range);
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
