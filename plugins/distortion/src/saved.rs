//! What a project remembers of the model: where it lay, and the file itself, so that
//! the sound survives a move, a rename or another computer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nice_plug::plugin::PluginState;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shell::path::PathText;

use crate::defaults::defaults;
use crate::source::file_name;

/// The key of the model among a project's fields. For ever.
pub const MODEL: &str = "model";

/// The field that is JSON of any kind, and left out where it is none.
const WINDOW: &str = "window";

/// The model of a project. One that says nothing stands for the first state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Where the file lay when it was loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathText>,
    /// The file, as [`fx::preset::pack`] makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// The id of what is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factory: Option<String>,
    /// A name for people, where neither file nor path has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Nothing is to play: the sound passes.
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
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Whole(Saved { name: Some(name), .. }) => name.clone(),
            Self::Whole(Saved { path: Some(path), .. }) => file_name(&path.path()),
            Self::Whole(Saved { factory: Some(id), .. }) => id.clone(),
            _ => "the model of this project".into(),
        }
    }

    /// Whether nothing is to play.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Whole(Saved { empty: true, .. }))
    }

    /// The file that is to be followed, if one is.
    pub(crate) fn follows(&self) -> Option<PathBuf> {
        match self {
            Self::Whole(Saved { follow: true, path: Some(path), .. }) => Some(path.path()),
            _ => None,
        }
    }

    /// The compressed file in it, if there is one.
    pub(crate) fn copy(&self) -> Option<&str> {
        match self {
            Self::Whole(saved) => saved.copy.as_deref(),
            Self::Damaged(_) => None,
        }
    }
}

/// Makes a state one that will reach us whole. What is not JSON becomes a JSON text of
/// it, which is no record. What is missing becomes its default, lest what the instance
/// was set to before stays.
pub fn mend(state: &mut PluginState) {
    let record = state.fields.entry(MODEL.into()).or_insert_with(|| "{}".into());
    if serde_json::from_str::<Record>(record).is_err() {
        *record = Value::from(record.as_str()).to_string();
    }
    if state.fields.get(WINDOW).is_some_and(|w| serde_json::from_str::<Value>(w).is_err()) {
        state.fields.remove(WINDOW);
    }
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
        assert!(matches!(read(r#"{"path":"/a.json","new":1}"#), Record::Whole(_)));
        for bad in
            ["3", "\"x\"", r#"{"path":3}"#, r#"{"copy":{}}"#, r#"{"empty":1}"#, r#"{"follow":1}"#]
        {
            assert!(matches!(read(bad), Record::Damaged(_)), "{bad}");
        }
    }

    #[test]
    fn mending() {
        for (found, left) in [(None, "{}"), (Some("{\""), r#""{\"""#), (Some("[1]"), "[1]")] {
            let fields = found.map(|text| (MODEL.to_owned(), text.to_owned()));
            let mut fields: BTreeMap<_, _> = fields.into_iter().collect();
            fields.insert(WINDOW.into(), "[".into());
            let mut state = PluginState { version: String::new(), params: BTreeMap::new(), fields };
            mend(&mut state);
            assert_eq!(state.fields[MODEL], left);
            assert!(!state.fields.contains_key(WINDOW));
            assert!(state.params.contains_key("drive") && !state.params.contains_key("changes"));
        }
    }
}
