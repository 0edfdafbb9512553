//! Values as text, and text that people type as values.

use std::sync::Arc;

use nice_plug::prelude::*;

type Show = Arc<dyn Fn(f32) -> String + Send + Sync>;
type Read = Arc<dyn Fn(&str) -> Option<f32> + Send + Sync>;

/// What a number measures, which decides how it is written and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Decibels, or dB of something, whose unit the parameter shows.
    Decibels,
    /// Decibels, where the least is silence.
    Attenuation,
    /// Milliseconds.
    Time,
    /// Seconds.
    Seconds,
    /// Hertz, where this end of the range is "off".
    Frequency(End),
    /// Hertz, none of them "off".
    Hertz,
    /// A multiple of what is usual.
    Times,
    /// A share from 0 to 1, shown in percent.
    Share,
    /// Marks of a knob.
    Marks,
}

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The least value.
    Low,
    /// The largest value.
    High,
}

impl Quantity {
    /// What stands behind its numbers in a host; "" where they say it themselves.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Decibels | Self::Attenuation => " dB",
            Self::Time => " ms",
            Self::Seconds => " s",
            Self::Times => " ×",
            Self::Share => " %",
            Self::Frequency(_) | Self::Hertz | Self::Marks => "",
        }
    }

    /// The usual range of a parameter from `min` to `max`: the ear measures times,
    /// frequencies and sizes by their ratio, so that the middle of a knob's travel is
    /// their geometric mean.
    pub fn scale(self, min: f32, max: f32) -> FloatRange {
        let middle = match self {
            Self::Time | Self::Seconds | Self::Frequency(_) | Self::Hertz | Self::Times
                if min > 0.0 =>
            {
                Some((min * max).sqrt())
            }
            Self::Time => Some(0.1 * max),
            _ => None,
        };
        let Some(middle) = middle else { return FloatRange::Linear { min, max } };
        let factor = 0.5f32.log((middle - min) / (max - min));
        FloatRange::Skewed { min, max, factor }
    }

    /// `param`, whose range is from `min` to `max`, written and read as this.
    pub fn dress(self, param: FloatParam, min: f32, max: f32) -> FloatParam {
        let show: Show = Arc::new(move |value| self.show(value, min, max));
        let read: Read = Arc::new(move |text| self.read(text, min, max));
        param.with_value_to_string(show).with_string_to_value(read)
    }

    fn show(self, value: f32, min: f32, max: f32) -> String {
        match self {
            // What would read as the end of the range is shown as that.
            Self::Attenuation if value < min + 0.05 => "-inf".into(),
            Self::Decibels | Self::Attenuation | Self::Marks => rounded(value, 1),
            Self::Time if value < 9.95 => rounded(value, 1),
            Self::Time => rounded(value, 0),
            Self::Seconds | Self::Times if value < 9.995 => rounded(value, 2),
            Self::Seconds | Self::Times => rounded(value, 1),
            Self::Share => rounded(value * 100.0, 0),
            Self::Hertz if value < 9.995 => rounded(value, 2) + " Hz",
            Self::Frequency(End::Low) if value < min + 0.5 => "off".into(),
            Self::Frequency(End::High) if value > max - 5.0 => "off".into(),
            Self::Frequency(_) | Self::Hertz if value < 999.5 => rounded(value, 0) + " Hz",
            Self::Frequency(_) | Self::Hertz => rounded(value / 1000.0, 2) + " kHz",
        }
    }

    fn read(self, text: &str, min: f32, max: f32) -> Option<f32> {
        let text = text.trim().to_lowercase();
        let is_off = matches!(text.as_str(), "off" | "none");
        match self {
            Self::Frequency(End::Low) if is_off => return Some(min),
            Self::Frequency(End::High) if is_off => return Some(max),
            Self::Attenuation if is_off || is_silence(&text) => return Some(min),
            _ => {}
        }
        let (number, unit) = match self {
            Self::Times => split(text.trim_start_matches(['x', '×']).trim_start())?,
            _ => split(&text)?,
        };
        let factor = match (self, unit) {
            (Self::Decibels | Self::Attenuation, "" | "db" | "dbu" | "dbfs")
            | (Self::Marks, "")
            | (Self::Frequency(_) | Self::Hertz, "" | "hz")
            | (Self::Time, "" | "ms")
            | (Self::Seconds, "" | "s" | "sec")
            | (Self::Times, "" | "x" | "×") => 1.0,
            (Self::Frequency(_) | Self::Hertz, "k" | "khz") | (Self::Time, "s" | "sec") => 1000.0,
            (Self::Time, "us" | "µs" | "μs") | (Self::Seconds, "ms") => 0.001,
            (Self::Times, "%") => 0.01,
            (Self::Share, "" | "%") => 0.01,
            _ => return None,
        };
        Some(number * factor)
    }
}

/// `value` with so many digits after the point, and no sign before a zero.
fn rounded(value: f32, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    if is_zero { text.trim_start_matches('-').into() } else { text }
}

/// A share in percent, with two digits that count.
pub fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let digits = match percent {
        p if p >= 10.0 => 0,
        p if p >= 1.0 => 1,
        p if p >= 0.1 => 2,
        _ => 3,
    };
    format!("{percent:.digits$} %")
}

fn is_silence(text: &str) -> bool {
    let text = text.trim_end_matches("db").trim_end();
    matches!(text, "-inf" | "-infinity" | "-∞" | "−inf" | "−∞")
}

/// A number, with either sign for the decimals, and what follows it.
fn split(text: &str) -> Option<(f32, &str)> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '+' | '-' | '−');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let mut number = number.replace('−', "-");
    // Of two different signs the later is that of the decimals.
    match (number.rfind(','), number.rfind('.')) {
        (Some(comma), Some(point)) if point > comma => number = number.replace(',', ""),
        (Some(_), Some(_)) => number = number.replace('.', "").replace(',', "."),
        _ => number = number.replace(',', "."),
    }
    let number: f32 = number.parse().ok()?;
    number.is_finite().then_some((number, unit.trim()))
}

/// A switch with words of its own for off and on, that reads the usual ones too.
pub fn switch(name: &str, default: bool, off: &'static str, on: &'static str) -> BoolParam {
    BoolParam::new(name, default)
        .with_value_to_string(Arc::new(move |value| if value { on } else { off }.into()))
        .with_string_to_value(Arc::new(move |text| {
            let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
            match () {
                () if is(&[on, "on", "true", "yes", "1"]) => Some(true),
                () if is(&[off, "off", "false", "no", "0"]) => Some(false),
                () => None,
            }
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: Quantity = Quantity::Frequency(End::Low);
    const HIGH: Quantity = Quantity::Frequency(End::High);

    #[test]
    fn people_write_as_they_like() {
        for (quantity, text, value) in [
            (Quantity::Decibels, "-12", -12.0),
            (Quantity::Decibels, "−12,5 dB", -12.5),
            (Quantity::Decibels, "+3dBu", 3.0),
            (Quantity::Attenuation, "-inf", -100.0),
            (Quantity::Attenuation, " -inf dB", -100.0),
            (Quantity::Attenuation, "off", -100.0),
            (Quantity::Time, "1.2 s", 1200.0),
            (Quantity::Time, "250 us", 0.25),
            (Quantity::Share, "50 %", 0.5),
            (Quantity::Seconds, "1,5", 1.5),
            (Quantity::Seconds, "800 ms", 0.8),
            (Quantity::Times, "×1.5", 1.5),
            (Quantity::Times, "150 %", 1.5),
            (Quantity::Hertz, "0.5 Hz", 0.5),
            (Quantity::Hertz, "2k", 2000.0),
            (Quantity::Marks, "7,5", 7.5),
            (LOW, "OFF", 20.0),
            (HIGH, "off", 20_000.0),
            (HIGH, "1.2k", 1200.0),
            (HIGH, "1,2 kHz", 1200.0),
            (HIGH, "1200hz", 1200.0),
            (HIGH, "12.000,5", 12_000.5),
            (HIGH, "12,000.5", 12_000.5),
        ] {
            let (min, max) = match quantity {
                Quantity::Attenuation => (-100.0, 0.0),
                _ => (20.0, 20_000.0),
            };
            let read = quantity.read(text, min, max);
            assert!(read.is_some_and(|read| (read - value).abs() < 1e-4), "{text}: {read:?}");
        }
        for text in ["", "x", "12 apples", "1.2.3", "--1", "kHz", "5 %", "off", "nan", "1e5"] {
            assert_eq!(Quantity::Decibels.read(text, -20.0, 20.0), None, "{text}");
        }
    }

    #[test]
    fn shares_have_two_digits_that_count() {
        let said = [0.5, 0.034, 0.0041, 0.000_52].map(percent);
        assert_eq!(said, ["50 %", "3.4 %", "0.41 %", "0.052 %"]);
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        for (quantity, min, max) in [
            (Quantity::Decibels, -40.0, 40.0),
            (Quantity::Attenuation, -100.0, 0.0),
            (Quantity::Time, 0.1, 1000.0),
            (Quantity::Seconds, 0.1, 30.0),
            (Quantity::Times, 0.25, 4.0),
            (Quantity::Hertz, 0.05, 12_000.0),
            (Quantity::Share, 0.0, 1.0),
            (Quantity::Marks, 0.0, 10.0),
            (LOW, 20.0, 800.0),
            (HIGH, 1000.0, 20_000.0),
        ] {
            for i in 0..=1000 {
                let shown = quantity.show(min + (max - min) * i as f32 / 1000.0, min, max);
                let read = quantity.read(&shown, min, max).expect(&shown);
                assert_eq!(quantity.show(read, min, max), shown, "{quantity:?}");
            }
        }
        assert_eq!(Quantity::Decibels.show(-0.04, -20.0, 20.0), "0.0");
        assert_eq!(HIGH.show(999.6, 20.0, 20_000.0), "1.00 kHz");
    }
}
