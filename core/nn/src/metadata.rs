//! What a file says about itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// What a file says about itself. Every entry may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// When it was exported.
    pub date: Option<Date>,
    /// Output level for the trainer's standard input: dB of RMS, not LUFS.
    pub loudness: Option<f64>,
    /// How much the gear compresses, 0 to 1.
    pub gain: Option<f64>,
    /// A name for people.
    pub name: Option<String>,
    /// Who made the model.
    pub modeled_by: Option<String>,
    /// `amp`, `pedal`, `pedal_amp`, `amp_cab`, `amp_pedal_cab`, `preamp`, `studio`, or free text.
    pub gear_type: Option<String>,
    /// Who made the gear.
    pub gear_make: Option<String>,
    /// The gear.
    pub gear_model: Option<String>,
    /// `clean`, `overdrive`, `crunch`, `hi_gain`, `fuzz`, or free text.
    pub tone_type: Option<String>,
    /// RMS level in dBu of a 1 kHz sine that peaks at 0 dBFS at the input.
    pub input_level_dbu: Option<f64>,
    /// The same at the output.
    pub output_level_dbu: Option<f64>,
    /// What the model is of, in a sentence or two.
    pub description: Option<String>,
    /// Error-to-signal ratio against the gear on sound it was not trained with.
    pub esr: Option<f64>,
    /// Which of the files it is that a trainer wrote one after the other, counted up.
    pub revision: Option<u64>,
}

impl Metadata {
    /// Takes what it understands: people's tools write all sorts of things
    /// here, and none of it changes the sound.
    pub(crate) fn read(json: &RawValue) -> Self {
        let entries: BTreeMap<String, &RawValue> =
            serde_json::from_str(json.get()).unwrap_or_default();
        fn take<'a, T: Deserialize<'a>>(
            entries: &BTreeMap<String, &'a RawValue>,
            key: &str,
        ) -> Option<T> {
            serde_json::from_str(entries.get(key)?.get()).ok()
        }
        let number = |key| take::<f64>(&entries, key).filter(|x| x.is_finite());
        let text = |key| take::<String>(&entries, key);
        let training: BTreeMap<String, &RawValue> = take(&entries, "training").unwrap_or_default();
        Self {
            date: take(&entries, "date"),
            loudness: number("loudness"),
            gain: number("gain"),
            name: text("name"),
            modeled_by: text("modeled_by"),
            gear_type: text("gear_type"),
            gear_make: text("gear_make"),
            gear_model: text("gear_model"),
            tone_type: text("tone_type"),
            input_level_dbu: number("input_level_dbu"),
            output_level_dbu: number("output_level_dbu"),
            description: None,
            // What the trainer says of its work, the official one or ours.
            esr: take::<f64>(&training, "validation_esr").filter(|x| x.is_finite()),
            revision: take(&training, "revision"),
        }
    }
}

/// A moment of local time, as the trainer writes it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say all")]
pub struct Date {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Metadata {
        Metadata::read(&RawValue::from_string(json.to_owned()).expect("JSON"))
    }

    #[test]
    fn takes_what_it_understands() {
        let m = read(
            r#"{ "name": "Amp", "loudness": -18.5, "gain": "much", "gear_type": null,
                "date": { "year": 2026, "month": 1, "day": 2, "hour": 3, "minute": 4, "second": 5 },
                "input_level_dbu": [12], "training": { "anything": [], "validation_esr": 0.01, "revision": 7 } }"#,
        );
        assert_eq!((m.esr, m.revision), (Some(0.01), Some(7)));
        assert_eq!((m.name.as_deref(), m.loudness, m.gain), (Some("Amp"), Some(-18.5), None));
        assert_eq!(
            (m.date.map(|d| d.second), m.input_level_dbu, m.gear_type),
            (Some(5), None, None)
        );
        // One that is no number does not take the other away.
        let m = read(r#"{ "training": { "validation_esr": null, "revision": 1 } }"#);
        assert_eq!((m.esr, m.revision), (None, Some(1)));
        let m = read(r#"{ "training": { "validation_esr": 0.5, "revision": -1 } }"#);
        assert_eq!((m.esr, m.revision), (Some(0.5), None));
        assert_eq!(read("[1, 2]"), Metadata::default());
    }
}
