//! Pictures from plain numbers: of a reverb its impulse response, its decay, its
//! reverberation times and its echo density; of a distortion its transfer curve and
//! what it makes of a sine. Under the pointer each tells its value.

mod decay;
mod density;
mod frame;
mod impulse;
mod spectrum;
mod times;
mod transfer;

pub use decay::{Decay, decay};
pub use density::{Density, density};
pub use impulse::{Impulse, impulse};
pub use spectrum::{Spectrum, spectrum};
pub use times::{Band, Times, times};
pub use transfer::{Transfer, transfer};

/// What there is to be drawn.
#[derive(Debug)]
pub struct Shown<'a, T> {
    /// The numbers, once they are known.
    pub data: Option<&'a T>,
    /// Whether newer ones are being found.
    pub busy: bool,
}

impl<'a, T> Shown<'a, T> {
    /// These numbers, which nothing newer will replace.
    pub fn of(data: &'a T) -> Self {
        Self { data: Some(data), busy: false }
    }
}

/// Seconds in words, with as many digits as an ear could tell.
pub fn seconds(seconds: f32) -> String {
    match seconds {
        s if !s.is_finite() => "—".into(),
        s if s < 0.0995 => format!("{:.0} ms", s * 1000.0),
        s if s < 9.995 => format!("{s:.2} s"),
        s => format!("{s:.1} s"),
    }
}

/// A frequency in words.
pub fn hertz(hz: f32) -> String {
    match hz {
        f if !f.is_finite() => "—".into(),
        f if f < 999.5 => format!("{f:.0} Hz"),
        f => format!("{:.1} kHz", f / 1000.0),
    }
}

/// A magnitude in words, by full scale.
fn level(magnitude: f32) -> String {
    if magnitude > 1e-6 { format!("{:.1} dB", 20.0 * magnitude.log10()) } else { "silence".into() }
}

/// What is told of a decay that is longer than what was looked at.
fn longer(cut: f32) -> String {
    format!("longer than {cut:.0} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let said = [0.0042, 0.0994, 0.5, 2.416, 12.34, f32::NAN].map(seconds);
        assert_eq!(said, ["4 ms", "99 ms", "0.50 s", "2.42 s", "12.3 s", "—"]);
        let said = [31.5, 1000.0, 15_990.0, f32::INFINITY].map(hertz);
        assert_eq!(said, ["32 Hz", "1.0 kHz", "16.0 kHz", "—"]);
    }
}
