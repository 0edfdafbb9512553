//! Parameters of an effect as the command line sets them.
//!
//! Keys, ranges, choices and defaults all come from the effect's own crate, so that
//! what is new there can be set here.

use std::fmt::Write as _;

use anyhow::Result;
use fx::Range;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// What an effect may be told.
pub(crate) trait Params:
    Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Its numbers.
    const RANGES: &'static [Range<Self>];
}

impl Params for fx::amp::Params {
    const RANGES: &'static [Range<Self>] = fx::amp::RANGES;
}

impl Params for fx::drive::Params {
    const RANGES: &'static [Range<Self>] = fx::drive::RANGES;
}

/// One parameter and its value, checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) value: Value,
}

impl Setting {
    pub(crate) fn new(key: &str, value: impl Into<Value>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// `params` with `settings` on top.
pub(crate) fn apply<P: Params>(params: &P, settings: &[Setting]) -> Result<P> {
    let mut json = serde_json::to_value(params)?;
    for Setting { key, value } in settings {
        if let Some(place) = json.pointer_mut(&pointer(key)) {
            *place = value.clone();
        }
    }
    Ok(serde_json::from_value(json)?)
}

/// Parses `gate.threshold=-60`.
pub(crate) fn setting<P: Params>(text: &str) -> Result<Setting, String> {
    let (key, text) = text.split_once('=').ok_or("expected KEY=VALUE, found no =")?;
    let key = key.trim().replace('-', "_");
    let value = value::<P>(&key, text.trim())?;
    Ok(Setting { key, value })
}

/// A parser of the number at `key`.
pub(crate) fn within<P: Params>(
    key: &'static str,
) -> impl Fn(&str) -> Result<f32, String> + Clone + Send + Sync + 'static {
    move |text| number::<P>(key, text)
}

/// `text` as a number that `key` may have.
fn number<P: Params>(key: &str, text: &str) -> Result<f32, String> {
    let Some(range) = P::RANGES.iter().find(|range| range.key == key) else {
        return Err(format!("expected a parameter with a range, found {key}"));
    };
    match text.parse() {
        Ok(x) if (range.min..=range.max).contains(&x) => Ok(x),
        _ => Err(format!("expected {} to {}, found {text}", range.min, range.max)),
    }
}

/// `text` as a value that `key` may have.
pub(crate) fn value<P: Params>(key: &str, text: &str) -> Result<Value, String> {
    let Some((_, default)) = leaves::<P>().into_iter().find(|(known, _)| known == key) else {
        let nearest = nearest::<P>(key);
        return Err(format!("expected a parameter, found {key}; is {nearest} meant?"));
    };
    match default {
        Value::Number(_) => Ok(number::<P>(key, text)?.into()),
        Value::Bool(_) => match text {
            "true" | "on" => Ok(true.into()),
            "false" | "off" => Ok(false.into()),
            _ => Err(format!("expected true or false, found {text}")),
        },
        _ => {
            let choices = choices::<P>(key);
            let known = choices.iter().any(|choice| choice == text);
            let choices = choices.join(" or ");
            known.then(|| text.into()).ok_or(format!("expected {choices}, found {text}"))
        }
    }
}

/// Every parameter with its default, by key.
fn leaves<P: Params>() -> Vec<(String, Value)> {
    values(&P::default())
}

/// What is set otherwise than the default, by key.
pub(crate) fn changed<P: Params>(params: &P) -> Map<String, Value> {
    let short =
        |(key, value): (String, Value)| match P::RANGES.iter().find(|range| range.key == key) {
            Some(range) => (key, short(range.get(params))),
            None => (key, value),
        };
    let all = values(params).into_iter().zip(leaves::<P>());
    all.filter(|(value, default)| value != default).map(|(value, _)| short(value)).collect()
}

/// Every parameter with its value, by key.
fn values<P: Params>(params: &P) -> Vec<(String, Value)> {
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
fn choices<P: Params>(key: &str) -> Vec<String> {
    let mut json = serde_json::to_value(P::default()).unwrap_or_default();
    if let Some(place) = json.pointer_mut(&pointer(key)) {
        *place = "?".into();
    }
    let error = serde_json::from_value::<P>(json).map_or_else(|e| e.to_string(), |_| "".into());
    let words = error.split('`').skip(1).step_by(2).filter(|word| *word != "?");
    words.map(str::to_owned).collect()
}

/// The key most like `wrong`, in whole or in its last part.
fn nearest<P: Params>(wrong: &str) -> String {
    let like = |key: &str| {
        let last = key.rsplit('.').next().unwrap_or(key);
        let likeness = strsim::normalized_damerau_levenshtein;
        likeness(wrong, key).max(likeness(wrong, last))
    };
    let keys = leaves::<P>().into_iter().map(|(key, _)| key);
    keys.max_by(|a, b| like(a).total_cmp(&like(b))).unwrap_or_default()
}

/// `key` as a JSON pointer.
fn pointer(key: &str) -> String {
    format!("/{}", key.replace('.', "/"))
}

/// All parameters with their ranges and defaults, for people or as JSON.
pub(crate) fn list<P: Params>(as_json: bool) -> Result<String> {
    let entries: Vec<Value> =
        leaves::<P>().into_iter().map(|(key, default)| entry::<P>(&key, default)).collect();
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

fn entry<P: Params>(key: &str, default: Value) -> Value {
    match (P::RANGES.iter().find(|range| range.key == key), default) {
        (Some(range), _) => {
            let [min, max, default] = [range.min, range.max, range.get(&P::default())].map(short);
            json!({ "key": key, "default": default, "min": min, "max": max })
        }
        (None, Value::Bool(on)) => json!({ "key": key, "default": on, "choices": [true, false] }),
        (None, word) => json!({ "key": key, "default": word, "choices": choices::<P>(key) }),
    }
}

/// The shortest number that is `x` in 32 bits, where widening would say 0.10000000149.
fn short(x: f32) -> Value {
    serde_json::from_str(&x.to_string()).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fx::amp::Params as Amp;

    #[test]
    fn every_key_can_be_set() -> Result<()> {
        settable::<Amp>()?;
        settable::<fx::drive::Params>()
    }

    fn settable<P: Params + PartialEq + std::fmt::Debug>() -> Result<()> {
        for (key, default) in leaves::<P>() {
            let text = match &default {
                Value::Number(_) => {
                    // Where no default is.
                    let range = P::RANGES.iter().find(|range| range.key == key).expect("a range");
                    let at = |t: f32| range.min + t * (range.max - range.min);
                    let taken = range.get(&P::default());
                    let free = [0.7, 0.4].map(at).into_iter().find(|x| *x != taken);
                    free.expect("another").to_string()
                }
                Value::Bool(on) => (!on).to_string(),
                _ => {
                    let choices = choices::<P>(&key);
                    assert!(choices.len() > 1, "{key} has the choices {choices:?}");
                    let other = choices.iter().find(|choice| default != choice.as_str());
                    other.expect("another").clone()
                }
            };
            let setting = setting::<P>(&format!("{key}={text}")).map_err(anyhow::Error::msg)?;
            let params = apply(&P::default(), std::slice::from_ref(&setting))?;
            assert_ne!(params, P::default(), "{key}");
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
            let error = setting::<Amp>(text).expect_err(text);
            assert!(error.contains(words), "{words} is not in {error}");
        }
    }
}
