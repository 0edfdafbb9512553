//! The parameters of the effect as the command line sets them.
//!
//! Keys, ranges, choices and defaults all come from [`fx::amp`], so that what
//! is new there can be set here.

use std::fmt::Write as _;

use anyhow::Result;
use fx::amp::{Params, RANGES};
use serde_json::{Map, Value, json};

/// One parameter and its value, checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    key: String,
    value: Value,
}

/// Flags for what is set most; each switches on the stage it belongs to.
#[derive(clap::Args)]
#[command(next_help_heading = "Parameters (ranges and all others: kiln amp --params)")]
pub(crate) struct Knobs {
    /// Gain before everything, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = within("input_gain"))]
    input_gain: Option<f32>,
    /// Gain after everything, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = within("output_gain"))]
    output_gain: Option<f32>,
    /// Share of the processed signal: 0 dry to 1 wet
    #[arg(long, value_name = "SHARE", value_parser = within("mix"))]
    mix: Option<f32>,
    /// Send the mean of two channels through one network, to both
    #[arg(long)]
    mono: bool,
    /// Close the noise gate below this level, in dBFS
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = within("gate.threshold"))]
    gate: Option<f32>,
    /// Gain before the first model, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = within("slots.0.trim"))]
    trim: Option<f32>,
    /// Gain before the second model, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = within("slots.1.trim"))]
    trim_b: Option<f32>,
    /// Play the models side by side, not one into the other
    #[arg(long)]
    parallel: bool,
    /// Share of the second model when side by side
    #[arg(long, value_name = "SHARE", value_parser = within("blend"))]
    blend: Option<f32>,
    /// Bass, 5 is flat
    #[arg(long, value_name = "MARK", value_parser = within("tone.bass"))]
    bass: Option<f32>,
    /// Middle, 5 is flat
    #[arg(long, value_name = "MARK", value_parser = within("tone.middle"))]
    middle: Option<f32>,
    /// Treble, 5 is flat
    #[arg(long, value_name = "MARK", value_parser = within("tone.treble"))]
    treble: Option<f32>,
    /// Presence, 5 is flat
    #[arg(long, value_name = "MARK", value_parser = within("tone.presence"))]
    presence: Option<f32>,
    /// Edge of the cabinet's high-pass filter, in Hz
    #[arg(long, value_name = "HZ", value_parser = within("cabinet.low_cut"))]
    low_cut: Option<f32>,
    /// Edge of the cabinet's low-pass filter, in Hz
    #[arg(long, value_name = "HZ", value_parser = within("cabinet.high_cut"))]
    high_cut: Option<f32>,
    /// Share of the second cabinet
    #[arg(long, value_name = "SHARE", value_parser = within("cabinet.blend"))]
    cabinet_blend: Option<f32>,
    /// Switch the cabinet off
    #[arg(long)]
    no_cabinet: bool,
    /// What is made of a model's own level: raw, normalized or calibrated
    #[arg(long, value_parser = |text: &str| value("levels.output", text))]
    level: Option<Value>,
    /// Bring the input to the level the model was made at
    #[arg(long)]
    calibrate_input: bool,
    /// dBu of a sine that reaches 0 dBFS at your converter
    #[arg(long, value_name = "DBU", allow_negative_numbers = true, value_parser = within("levels.interface"))]
    interface: Option<f32>,
    /// Set any parameter; may be repeated, and comes after all flags
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<Setting>,
}

impl Knobs {
    /// Everything that was set, in the order it is to be applied.
    pub(crate) fn settings(&self, quality: Option<f32>) -> Vec<Setting> {
        let mut all = Vec::new();
        let mut set = |key: &str, value: Value| all.push(Setting { key: key.into(), value });
        // With each, the switch without which it would not be heard.
        for (key, number, switch) in [
            ("input_gain", self.input_gain, None),
            ("output_gain", self.output_gain, None),
            ("mix", self.mix, None),
            ("gate.threshold", self.gate, Some("gate.on")),
            ("slots.0.trim", self.trim, Some("slots.0.on")),
            ("slots.1.trim", self.trim_b, Some("slots.1.on")),
            ("slots.0.quality", quality, None),
            ("slots.1.quality", quality, None),
            ("blend", self.blend, None),
            ("tone.bass", self.bass, Some("tone.on")),
            ("tone.middle", self.middle, Some("tone.on")),
            ("tone.treble", self.treble, Some("tone.on")),
            ("tone.presence", self.presence, Some("tone.on")),
            ("cabinet.low_cut", self.low_cut, Some("cabinet.on")),
            ("cabinet.high_cut", self.high_cut, Some("cabinet.on")),
            ("cabinet.blend", self.cabinet_blend, Some("cabinet.on")),
            ("levels.interface", self.interface, None),
        ] {
            let Some(number) = number else { continue };
            set(key, number.into());
            switch.iter().for_each(|switch| set(switch, true.into()));
        }
        for (key, given, value) in [
            ("channels", self.mono, json!("mono")),
            ("routing", self.parallel, json!("parallel")),
            ("cabinet.on", self.no_cabinet, json!(false)),
            ("levels.calibrate_input", self.calibrate_input, json!(true)),
        ] {
            if given {
                set(key, value);
            }
        }
        self.level.iter().for_each(|level| set("levels.output", level.clone()));
        all.extend(self.set.iter().cloned());
        all
    }
}

/// `params` with `settings` on top.
pub(crate) fn apply(params: &Params, settings: &[Setting]) -> Result<Params> {
    let mut json = serde_json::to_value(params)?;
    for Setting { key, value } in settings {
        if let Some(place) = json.pointer_mut(&pointer(key)) {
            *place = value.clone();
        }
    }
    Ok(serde_json::from_value(json)?)
}

/// Parses `gate.threshold=-60`.
fn setting(text: &str) -> Result<Setting, String> {
    let (key, text) = text.split_once('=').ok_or("expected KEY=VALUE, found no =")?;
    let key = key.trim().replace('-', "_");
    let value = value(&key, text.trim())?;
    Ok(Setting { key, value })
}

/// A parser of the number at `key`.
pub(crate) fn within(
    key: &'static str,
) -> impl Fn(&str) -> Result<f32, String> + Clone + Send + Sync + 'static {
    move |text| number(key, text)
}

/// `text` as a number that `key` may have.
fn number(key: &str, text: &str) -> Result<f32, String> {
    let Some(range) = RANGES.iter().find(|range| range.key == key) else {
        return Err(format!("expected a parameter with a range, found {key}"));
    };
    match text.parse() {
        Ok(x) if (range.min..=range.max).contains(&x) => Ok(x),
        _ => Err(format!("expected {} to {}, found {text}", range.min, range.max)),
    }
}

/// `text` as a value that `key` may have.
fn value(key: &str, text: &str) -> Result<Value, String> {
    let Some((_, default)) = leaves().into_iter().find(|(known, _)| known == key) else {
        let nearest = nearest(key);
        return Err(format!("expected a parameter, found {key}; is {nearest} meant?"));
    };
    match default {
        Value::Number(_) => Ok(number(key, text)?.into()),
        Value::Bool(_) => match text {
            "true" | "on" => Ok(true.into()),
            "false" | "off" => Ok(false.into()),
            _ => Err(format!("expected true or false, found {text}")),
        },
        _ => {
            let choices = choices(key);
            let known = choices.iter().any(|choice| choice == text);
            let choices = choices.join(" or ");
            known.then(|| text.into()).ok_or(format!("expected {choices}, found {text}"))
        }
    }
}

/// Every parameter with its default, by key.
fn leaves() -> Vec<(String, Value)> {
    values(&Params::default())
}

/// What is set otherwise than the default, by key.
pub(crate) fn changed(params: &Params) -> Map<String, Value> {
    let short = |(key, value): (String, Value)| match RANGES.iter().find(|range| range.key == key) {
        Some(range) => (key, short(range.get(params))),
        None => (key, value),
    };
    let all = values(params).into_iter().zip(leaves());
    all.filter(|(value, default)| value != default).map(|(value, _)| short(value)).collect()
}

/// Every parameter with its value, by key.
fn values(params: &Params) -> Vec<(String, Value)> {
    fn walk(json: Value, key: &str, found: &mut Vec<(String, Value)>) {
        let below = |name: &str| if key.is_empty() { name.into() } else { format!("{key}.{name}") };
        match json {
            Value::Object(map) => map.into_iter().for_each(|(k, v)| walk(v, &below(&k), found)),
            Value::Array(list) => {
                let entries = list.into_iter().enumerate();
                entries.for_each(|(i, v)| walk(v, &below(&i.to_string()), found));
            }
            leaf => found.push((key.to_owned(), leaf)),
        }
    }
    let mut found = Vec::new();
    walk(serde_json::to_value(params).unwrap_or_default(), "", &mut found);
    found
}

/// The words `key` may have. Only the type knows them, and it tells them in
/// the error about a word that is none.
fn choices(key: &str) -> Vec<String> {
    let mut json = serde_json::to_value(Params::default()).unwrap_or_default();
    if let Some(place) = json.pointer_mut(&pointer(key)) {
        *place = "?".into();
    }
    let error =
        serde_json::from_value::<Params>(json).map_or_else(|e| e.to_string(), |_| "".into());
    let words = error.split('`').skip(1).step_by(2).filter(|word| *word != "?");
    words.map(str::to_owned).collect()
}

/// The key most like `wrong`, in whole or in its last part.
fn nearest(wrong: &str) -> String {
    let like = |key: &str| {
        let last = key.rsplit('.').next().unwrap_or(key);
        let likeness = strsim::normalized_damerau_levenshtein;
        likeness(wrong, key).max(likeness(wrong, last))
    };
    let keys = leaves().into_iter().map(|(key, _)| key);
    keys.max_by(|a, b| like(a).total_cmp(&like(b))).unwrap_or_default()
}

/// `key` as a JSON pointer.
fn pointer(key: &str) -> String {
    format!("/{}", key.replace('.', "/"))
}

/// All parameters with their ranges and defaults, for people or as JSON.
pub(crate) fn list(as_json: bool) -> Result<String> {
    let entries: Vec<Value> =
        leaves().into_iter().map(|(key, default)| entry(&key, default)).collect();
    if as_json {
        return Ok(serde_json::to_string_pretty(&entries)? + "\n");
    }
    let mut text = format!("{:24} {:>10}  {}\n", "key", "default", "values");
    let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    for entry in &entries {
        let values = match entry["choices"].as_array() {
            Some(choices) => choices.iter().map(plain).collect::<Vec<_>>().join(", "),
            None => format!("{} to {}", entry["min"], entry["max"]),
        };
        writeln!(text, "{:24} {:>10}  {values}", plain(&entry["key"]), plain(&entry["default"]))?;
    }
    Ok(text)
}

fn entry(key: &str, default: Value) -> Value {
    match (RANGES.iter().find(|range| range.key == key), default) {
        (Some(range), _) => {
            let [min, max, default] =
                [range.min, range.max, range.get(&Params::default())].map(short);
            json!({ "key": key, "default": default, "min": min, "max": max })
        }
        (None, Value::Bool(on)) => json!({ "key": key, "default": on, "choices": [true, false] }),
        (None, word) => json!({ "key": key, "default": word, "choices": choices(key) }),
    }
}

/// The shortest number that is `x` in 32 bits, where widening would say 0.10000000149.
fn short(x: f32) -> Value {
    serde_json::from_str(&x.to_string()).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_can_be_set() -> Result<()> {
        for (key, default) in leaves() {
            let text = match &default {
                Value::Number(_) => {
                    // Where no default is.
                    let range = fx::amp::range(&key);
                    ((range.min + 2.0 * range.max) / 3.0).to_string()
                }
                Value::Bool(on) => (!on).to_string(),
                _ => {
                    let choices = choices(&key);
                    assert!(choices.len() > 1, "{key} has the choices {choices:?}");
                    let other = choices.iter().find(|choice| default != choice.as_str());
                    other.expect("another").clone()
                }
            };
            let setting = setting(&format!("{key}={text}")).map_err(anyhow::Error::msg)?;
            let params = apply(&Params::default(), std::slice::from_ref(&setting))?;
            assert_ne!(params, Params::default(), "{key}");
            let json = serde_json::to_value(params)?;
            assert_eq!(json.pointer(&pointer(&key)), Some(&setting.value), "{key}");
        }
        Ok(())
    }

    #[test]
    fn what_cannot_be_is_told_in_words() {
        for (text, words) in [
            ("mix", "expected KEY=VALUE, found no ="),
            (
                "gate.treshold=-60",
                "expected a parameter, found gate.treshold; is gate.threshold meant?",
            ),
            ("presense=3", "is tone.presence meant?"),
            ("gate.threshold=3", "expected -100 to 0, found 3"),
            ("mix=nan", "expected 0 to 1, found nan"),
            ("mix=half", "expected 0 to 1, found half"),
            ("tone.on=yes", "expected true or false, found yes"),
            ("routing=both", "expected series or parallel, found both"),
            ("levels.output=loud", "expected raw or normalized or calibrated, found loud"),
            ("gate=3", "is gate"),
        ] {
            let error = setting(text).expect_err(text);
            assert!(error.contains(words), "{words} is not in {error}");
        }
    }
}
