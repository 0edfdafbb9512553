//! Delays in time with the music.

use serde::{Deserialize, Serialize};

use super::range;

macro_rules! divisions {
    ($($name:ident $id:tt ($of:expr))+) => {
        /// A part of a whole note, dotted (d) or as a triplet (t); or none.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the names say all")]
        pub enum Division {
            #[default]
            #[serde(rename = "off")]
            Off,
            $(#[serde(rename = $id)] $name,)+
        }

        impl Division {
            /// All of them, the shortest first.
            pub const ALL: &[Self] = &[Self::Off, $(Self::$name),+];

            /// Quarter notes it lasts; none for [`Division::Off`].
            pub fn quarters(self) -> Option<f64> {
                match self {
                    Self::Off => None,
                    $(Self::$name => Some(4.0 * $of),)+
                }
            }
        }
    };
}

divisions!(
    SixtyFourthTriplet "1/64t" (1.0 / 96.0)
    SixtyFourth "1/64" (1.0 / 64.0)
    ThirtySecondTriplet "1/32t" (1.0 / 48.0)
    SixtyFourthDotted "1/64d" (3.0 / 128.0)
    ThirtySecond "1/32" (1.0 / 32.0)
    SixteenthTriplet "1/16t" (1.0 / 24.0)
    ThirtySecondDotted "1/32d" (3.0 / 64.0)
    Sixteenth "1/16" (1.0 / 16.0)
    EighthTriplet "1/8t" (1.0 / 12.0)
    SixteenthDotted "1/16d" (3.0 / 32.0)
    Eighth "1/8" (1.0 / 8.0)
    QuarterTriplet "1/4t" (1.0 / 6.0)
    EighthDotted "1/8d" (3.0 / 16.0)
    Quarter "1/4" (1.0 / 4.0)
    Half "1/2" (1.0 / 2.0)
);

impl Division {
    /// Milliseconds it lasts at `tempo` quarter notes a minute, as far as a delay before
    /// the reverberation goes; `otherwise` where there is no tempo, or nothing to be in
    /// time with.
    pub fn milliseconds(self, tempo: Option<f64>, otherwise: f32) -> f32 {
        match (self.quarters(), tempo) {
            (Some(quarters), Some(tempo)) if tempo > 0.0 && tempo.is_finite() => {
                ((quarters * 60_000.0 / tempo) as f32).min(range("pre_delay").max)
            }
            _ => otherwise,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_last_as_long_as_the_tempo_says() {
        for (division, tempo, ms) in [
            (Division::Sixteenth, 120.0, 125.0),
            (Division::EighthTriplet, 120.0, 500.0 / 3.0),
            (Division::SixteenthDotted, 100.0, 225.0),
            (Division::Half, 240.0, 500.0),
            (Division::Half, 60.0, 500.0),
        ] {
            let found = division.milliseconds(Some(tempo), 3.0);
            assert!((found - ms).abs() < 1e-3, "{division:?} at {tempo}: {found} ms");
        }
        for tempo in [None, Some(0.0), Some(f64::NAN), Some(-1.0)] {
            assert_eq!(Division::Quarter.milliseconds(tempo, 3.0), 3.0, "{tempo:?}");
        }
        assert_eq!(Division::Off.milliseconds(Some(120.0), 3.0), 3.0);
        let lengths: Vec<_> = Division::ALL[1..].iter().map(|d| d.quarters()).collect();
        assert!(lengths.is_sorted());
    }
}
