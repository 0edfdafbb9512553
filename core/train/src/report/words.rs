//! Numbers in words.

use serde::Serialize;

use super::Report;

/// How good a model is, by its error-to-signal ratio on sound it has not learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Below 0.01.
    Excellent,
    /// Below 0.035.
    Good,
    /// Below 0.1.
    Fair,
    /// Below 0.3.
    Poor,
    /// Anything else.
    Failed,
    /// The held-out passage is silent, so nothing can be said.
    Unknown,
}

impl Verdict {
    /// Of an error-to-signal ratio, 0.01 for a hundredth of the energy. The bands are
    /// those at which users of NAM expect another word.
    pub fn of(esr: Option<f64>) -> Self {
        match esr {
            None => Verdict::Unknown,
            Some(esr) if esr < 0.01 => Verdict::Excellent,
            Some(esr) if esr < 0.035 => Verdict::Good,
            Some(esr) if esr < 0.1 => Verdict::Fair,
            Some(esr) if esr < 0.3 => Verdict::Poor,
            Some(_) => Verdict::Failed,
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Excellent => "Excellent",
            Verdict::Good => "Good",
            Verdict::Fair => "Fair",
            Verdict::Poor => "Poor",
            Verdict::Failed => "Failed",
            Verdict::Unknown => "Unknown",
        }
    }

    /// A sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Verdict::Excellent => "Side by side, few would tell it from the original.",
            Verdict::Good => "Close. In a mix it passes; a direct comparison shows differences.",
            Verdict::Fair => "The character is there, the detail is not.",
            Verdict::Poor => "It resembles the original, and everyone would hear that it is not.",
            Verdict::Failed => "It has not learnt the sound. Look at the recordings first.",
            Verdict::Unknown => "The held-out passage is silent: there is nothing to compare with.",
        }
    }
}

/// A line of the table.
pub(super) struct Row {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) meaning: &'static str,
}

/// What is measured and known, as lines.
pub(super) fn rows(report: &Report) -> Vec<Row> {
    let row = |label, value, meaning| Row { label, value, meaning };
    let mut rows = vec![];
    rows.extend(quality(report).map(|(label, value, meaning)| row(label, value, meaning)));
    let alias = report
        .tones
        .iter()
        .map(|t| format!("{} dB at {} dBFS", fixed(t.alias_db, 1), fixed(t.input_db, 0)));
    let alias: Vec<String> = alias.collect();
    if !alias.is_empty() {
        let meaning = "What folds back of a sine of 1.25 kHz, without oversampling";
        rows.push(row("Alias level", alias.join(", "), meaning));
    }
    rows.extend(facts(report).map(|(label, value, meaning)| row(label, value, meaning)));
    rows
}

type Line = (&'static str, String, &'static str);

/// How near it is.
fn quality(report: &Report) -> [Line; 7] {
    let n = &report.numbers;
    let or_none = |x: Option<f64>, say: &dyn Fn(f64) -> String| x.map_or("none".to_owned(), say);
    let peak = 20.0 * n.peak_error.log10();
    [
        ("ESR", or_none(n.esr, &small), "Energy of the difference by energy of the target"),
        (
            "Null depth",
            or_none(n.null_db, &|db| format!("{} dB", fixed(db, 1))),
            "What is left when one is taken off the other",
        ),
        ("A-weighted ESR", or_none(n.weighted_esr, &small), "The same by how loud it is heard"),
        (
            "Peak error",
            format!("{} ({} dBFS)", small(n.peak_error), fixed(peak.max(-240.0), 1)),
            "Largest difference of a sample",
        ),
        (
            "Gain error",
            or_none(n.gain_db, &|db| format!("{} dB", signed(db, 2))),
            "Level of the model by level of the target",
        ),
        ("DC error", small(n.dc), "Difference of the means"),
        (
            "Held out",
            format!("{} at {} Hz", duration(n.seconds), fixed(n.rate, 0)),
            "Sound it has not learnt from, on which all this is measured",
        ),
    ]
}

/// What it costs and how it came to be.
fn facts(report: &Report) -> [Line; 10] {
    let (about, cost) = (&report.about, &report.cost);
    let real_time = cost.real_time.map_or_else(String::new, |x| {
        format!(", {} times real time", if x < 10.0 { fixed(x, 1) } else { fixed(x, 0) })
    });
    let rate = match report.any_rate {
        true => "any rate".to_owned(),
        false => format!("{} Hz", fixed(report.numbers.rate, 0)),
    };
    let polarity = if about.inverted { "inverted, as the gear does" } else { "kept" };
    [
        ("Weights", grouped(cost.weights), "Numbers that were learnt"),
        ("Cost", format!("{} MACs a sample", grouped(cost.macs)), "Multiply-adds"),
        (
            "Speed",
            format!("{} ns a sample{real_time}", fixed(cost.nanoseconds, 1)),
            "Measured here, on one core",
        ),
        ("Plays at", rate, "Without being resampled"),
        (
            "Latency removed",
            format!("{} samples", plain(about.latency)),
            "By which the wet recording was late",
        ),
        ("Polarity", polarity.to_owned(), "Of the wet recording, before learning"),
        (
            "Gain",
            format!("{} dB", signed(20.0 * about.gain.abs().log10(), 2)),
            "Applied to the wet recording, before learning",
        ),
        ("Time taken", duration(about.seconds), ""),
        ("Seed", about.seed.to_string(), "The same seed and recordings give the same model"),
        ("Date", printable(&about.date), ""),
    ]
}

/// The report as lines for a terminal, each ended.
pub(super) fn summary(report: &Report) -> String {
    let about = &report.about;
    let mut text = format!("{} ({})\n", printable(&about.name), printable(&about.class));
    text += &format!("{}: {}\n", report.verdict.word(), report.verdict.sentence());
    let rows = rows(report);
    let width = rows.iter().map(|r| r.label.len()).max().unwrap_or(0);
    for row in rows {
        text += &format!("  {:width$}  {}\n", row.label, row.value);
    }
    for notice in report.notices() {
        text += &format!("Note: {}\n", printable(&notice));
    }
    text
}

/// Three digits, however small.
pub(super) fn small(x: f64) -> String {
    let text = match x.abs() {
        m if !m.is_finite() => "unknown".to_owned(),
        0.0 => "0".to_owned(),
        m if !(1e-4..1e6).contains(&m) => format!("{x:.2e}"),
        m => {
            let digits = (2 - m.log10().floor() as i32).clamp(0, 7) as usize;
            format!("{x:.digits$}")
        }
    };
    text.replace('-', "−")
}

/// So many digits behind the point, and a minus sign where there is less than zero.
pub(super) fn fixed(x: f64, digits: usize) -> String {
    if !x.is_finite() {
        return "unknown".to_owned();
    }
    let text = format!("{x:.digits$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().any(|b| (b'1'..=b'9').contains(&b)) => format!("−{rest}"),
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// The same with a sign in any case.
fn signed(x: f64, digits: usize) -> String {
    let text = fixed(x, digits);
    if text.starts_with(|c: char| c.is_ascii_digit()) { format!("+{text}") } else { text }
}

/// As few digits as there are, three at most.
fn plain(x: f64) -> String {
    let text = fixed(x, 3);
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// In groups of three digits, by thin spaces.
fn grouped(x: usize) -> String {
    let digits = x.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202F}');
        }
        text.push(digit);
    }
    text
}

/// Of seconds.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() => "unknown".to_owned(),
        s if s < 9.95 => format!("{} s", fixed(s, 1)),
        s if s < 59.5 => format!("{} s", fixed(s, 0)),
        s if s < 3570.0 => {
            let whole = s.round() as u64;
            format!("{} min {} s", whole / 60, whole % 60)
        }
        s => {
            let minutes = (s / 60.0).round() as u64;
            format!("{} h {} min", minutes / 60, minutes % 60)
        }
    }
}

/// Text from a file without what would steer a terminal, turn the direction of writing
/// or be no character of XML.
pub(super) fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}')
            || matches!(c, '\u{2066}'..='\u{2069}' | '\u{FFFE}' | '\u{FFFF}')
    };
    text.chars().map(|c| if steers(c) { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_change_where_users_of_nam_expect_it() {
        let found = [0.0, 0.0099, 0.01, 0.0349, 0.035, 0.1, 0.3, 9.0].map(|e| Verdict::of(Some(e)));
        use Verdict::{Excellent, Failed, Fair, Good, Poor};
        assert_eq!(found, [Excellent, Excellent, Good, Good, Fair, Poor, Failed, Failed]);
        assert_eq!(Verdict::of(None), Verdict::Unknown);
        // What is no number is no success.
        assert_eq!(Verdict::of(Some(f64::NAN)), Failed);
    }

    #[test]
    fn numbers_are_short_and_their_signs_are_signs() {
        let cases = [(0.01234, "0.0123"), (-1.2345, "−1.23"), (1.2e-6, "1.20e−6"), (0.0, "0")];
        for (x, text) in cases {
            assert_eq!(small(x), text);
        }
        assert_eq!((fixed(-0.04, 1), fixed(-0.06, 1)), ("0.0".into(), "−0.1".into()));
        assert_eq!((signed(0.5, 1), signed(-0.5, 1)), ("+0.5".into(), "−0.5".into()));
        assert_eq!((plain(37.0), plain(-0.25)), ("37".into(), "−0.25".into()));
        let lost = [small(f64::NAN), fixed(f64::NAN, 1), signed(-f64::INFINITY, 1)];
        assert_eq!(lost, ["unknown"; 3]);
        assert_eq!(plain(-f64::INFINITY), "unknown");
        assert_eq!(grouped(1_234_567), "1\u{202F}234\u{202F}567");
        let times = [1.25, 42.0, 59.9, 168.0, 7260.0].map(duration);
        assert_eq!(times, ["1.2 s", "42 s", "1 min 0 s", "2 min 48 s", "2 h 1 min"]);
    }
}
