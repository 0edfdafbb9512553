//! The choices of [`fx::amp::Params`] as a host sees them. The ids are for ever.

use nice_plug::prelude::Enum;
use shell::choice;

choice!(
    /// What becomes of two input channels.
    Channels of fx::amp::Channels: "stereo" "Stereo" Stereo, "mono" "Mono" Mono
);
choice!(
    /// How the slots are joined.
    Routing of fx::amp::Routing: "series" "Series" Series, "parallel" "Parallel" Parallel
);
choice!(
    /// What is made of a model's own level.
    Level of fx::amp::OutputLevel:
        "raw" "Raw" Raw, "normalized" "Normalized" Normalized, "calibrated" "Calibrated" Calibrated
);

choice!(
    /// How many times their own rate the models run at.
    Oversampling of fx::Oversampling: "1x" "1x" X1, "2x" "2x" X2, "4x" "4x" X4
);

impl Oversampling {
    /// 1, 2 or 4.
    pub fn factor(self) -> u32 {
        1 << self.to_index()
    }

    /// That of a [`factor`](Self::factor), or the next smaller one.
    pub fn of(factor: u32) -> Self {
        Self::from_index(factor.clamp(1, 4).ilog2() as usize)
    }
}
