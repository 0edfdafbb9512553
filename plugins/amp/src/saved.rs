//! What a project remembers of the model: where it lay, and the file itself, so
//! that the tone survives a move, a rename or another computer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nice_plug::plugin::{ParamValue, PluginState};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use shell::path::PathText;

use crate::defaults::defaults;
use crate::places::Place;
use crate::source::file_name;

/// The file at one place of a project. What is built in needs neither path nor
/// copy; a record that says nothing stands for the place's first state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Where the file lay when it was loaded.
    pub path: Option<PathText>,
    /// The file, compressed: zlib in base64.
    pub copy: Option<String>,
    /// The folder last looked into.
    pub folder: Option<PathText>,
    /// The id of what is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factory: Option<String>,
    /// A name for people, where neither file nor path has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Nothing is to play here.
    #[serde(skip_serializing_if = "is_false")]
    pub empty: bool,
    /// Whether the file is followed.
    #[serde(skip_serializing_if = "is_false")]
    pub follow: bool,
    /// What a newer plugin may have added, so that passing through us does not lose it.
    #[serde(flatten)]
    pub others: BTreeMap<String, Value>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Saved {
    /// Nothing plays.
    pub fn nothing() -> Self {
        Self { empty: true, ..Self::default() }
    }

    /// What is built in under `id`.
    pub fn factory(id: &str) -> Self {
        Self { factory: Some(id.into()), ..Self::default() }
    }
}

/// What a host hands back: a record, or JSON that is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Record {
    /// A record as we wrote it.
    Whole(Saved),
    /// Something else.
    Damaged(Value),
}

impl Default for Record {
    fn default() -> Self {
        Self::Whole(Saved::default())
    }
}

impl Record {
    /// What to call it while it is loaded.
    pub(crate) fn name(&self, place: Place) -> String {
        match self {
            Self::Whole(Saved { name: Some(name), .. }) => name.clone(),
            Self::Whole(Saved { path: Some(path), .. }) => file_name(&path.path()),
            Self::Whole(Saved { factory: Some(id), .. }) => id.clone(),
            _ => format!("the {} of this project", place.noun()),
        }
    }

    /// The file that is to be followed, if one is: cabinets never are.
    pub(crate) fn follows(&self, place: Place) -> Option<PathBuf> {
        match (place, self) {
            (Place::Model(_), Self::Whole(Saved { follow: true, path: Some(path), .. })) => {
                Some(path.path())
            }
            _ => None,
        }
    }

    /// The folder it was looked into last.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::Whole(saved) => saved.folder.as_ref().map(PathText::path),
            Self::Damaged(_) => None,
        }
    }
}

/// Makes a state one that will reach us whole. A record that is missing becomes
/// what it was when there was none: the factory's first model at the first place,
/// nothing at the others. What is not JSON becomes a JSON text of it, which is no
/// record. Parameters that are missing become their defaults, lest what the instance
/// was set to before stays; projects from before there were levels keep theirs.
pub fn mend(state: &mut PluginState) {
    for place in Place::ALL {
        let missing = if place == Place::Model(0) { "{}" } else { r#"{"empty":true}"# };
        let record = state.fields.entry(place.key().into()).or_insert_with(|| missing.into());
        if serde_json::from_str::<Record>(record).is_err() {
            *record = Value::from(record.as_str()).to_string();
        }
    }
    if state.fields.get("window").is_some_and(|w| serde_json::from_str::<Value>(w).is_err()) {
        state.fields.remove("window");
    }
    state.params.entry("level".into()).or_insert_with(|| ParamValue::String("raw".into()));
    for (id, default) in defaults() {
        state.params.entry((*id).into()).or_insert_with(|| default.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_json_is_a_record_or_damaged() {
        let read = |json: &str| serde_json::from_str::<Record>(json).expect("JSON");
        assert!(matches!(read("{}"), Record::Whole(saved) if saved == Saved::default()));
        assert!(matches!(read(r#"{"path":"/a.nam","new":1}"#), Record::Whole(_)));
        for bad in ["3", "\"x\"", r#"{"path":3}"#, r#"{"copy":{}}"#, r#"{"follow":1}"#, "null"] {
            assert!(matches!(read(bad), Record::Damaged(_)), "{bad}");
        }
    }

    #[test]
    fn mending() {
        for (found, left) in [(None, "{}"), (Some("{\""), r#""{\"""#), (Some("[1]"), "[1]")] {
            let fields = found.map(|text| ("model".to_owned(), text.to_owned()));
            let mut state = PluginState {
                version: String::new(),
                params: BTreeMap::new(),
                fields: fields.into_iter().collect(),
            };
            mend(&mut state);
            assert_eq!(state.fields["model"], left);
            assert_eq!(state.fields["cabinet1"], r#"{"empty":true}"#);
            assert!(matches!(&state.params["level"], ParamValue::String(level) if level == "raw"));
        }
    }
}
