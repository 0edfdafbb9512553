//! The choices of the effect as a host sees them. The ids are for ever.

use nice_plug::prelude::Enum;
use shell::choice;

choice!(
    /// What the pre-delay is in time with.
    Division of fx::reverb::Division:
        "off" "Off" Off,
        "1/64t" "1/64 T" SixtyFourthTriplet,
        "1/64" "1/64" SixtyFourth,
        "1/32t" "1/32 T" ThirtySecondTriplet,
        "1/64d" "1/64 D" SixtyFourthDotted,
        "1/32" "1/32" ThirtySecond,
        "1/16t" "1/16 T" SixteenthTriplet,
        "1/32d" "1/32 D" ThirtySecondDotted,
        "1/16" "1/16" Sixteenth,
        "1/8t" "1/8 T" EighthTriplet,
        "1/16d" "1/16 D" SixteenthDotted,
        "1/8" "1/8" Eighth,
        "1/4t" "1/4 T" QuarterTriplet,
        "1/8d" "1/8 D" EighthDotted,
        "1/4" "1/4" Quarter,
        "1/2" "1/2" Half
);
