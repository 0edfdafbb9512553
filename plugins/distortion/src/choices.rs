//! The choices of the effect as a host sees them. The ids are for ever.

use nice_plug::prelude::Enum;
use shell::choice;

choice!(
    /// What becomes of two input channels.
    Channels of fx::drive::Channels:
        "stereo" "Stereo" Stereo, "mono" "Mono" Mono, "mid_side" "Mid/side" MidSide
);
choice!(
    /// How many times the host's rate the network runs at.
    Oversampling of fx::drive::Oversampling:
        "1x" "1x" X1, "2x" "2x" X2, "4x" "4x" X4, "8x" "8x" X8, "16x" "16x" X16
);
choice!(
    /// The filters on the way there and back.
    Phase of fx::drive::Phase: "minimum" "Minimum" Minimum, "linear" "Linear" Linear
);
