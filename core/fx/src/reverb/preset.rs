//! Preset files of the reverb: all that a player may set, with the graph it was set for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Division, Params};
use crate::factory;
use crate::preset::{Asset, Error, Stored, close, damaged, open, shorten};

/// What the files call themselves.
pub const FORMAT: &str = "kiln-reverb-preset";

/// A whole preset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preset {
    /// What it is called.
    pub name: String,
    /// Who made it.
    pub author: String,
    /// What it is for, as in `Halls`.
    pub category: String,
    /// Anything else.
    pub notes: String,
    /// What the player set.
    pub params: Params,
    /// What the pre-delay is in time with, where there is a tempo.
    pub sync: Division,
    /// The graph; the first of the factory's if there is none.
    pub graph: Option<Asset>,
    /// What a newer version may have added, so that passing through us does not lose it.
    #[serde(flatten)]
    pub others: BTreeMap<String, Value>,
    /// The parameters as they were read, for the same reason.
    #[serde(skip)]
    pub params_read: Map<String, Value>,
}

impl Stored for Preset {
    const FORMAT: &'static str = FORMAT;

    fn load(bytes: &[u8]) -> Result<Self, Error> {
        let json = open(bytes, FORMAT, "Kiln Reverb")?;
        let read = json.get("params").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut preset: Self =
            serde_json::from_value(Value::Object(json)).map_err(|e| damaged(&e))?;
        shorten([&mut preset.name, &mut preset.author, &mut preset.category]);
        preset.params = preset.params.sane();
        preset.params_read = read;
        Ok(preset)
    }

    fn to_json(&self) -> String {
        close(serde_json::json!(self), FORMAT, &self.params_read)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn set_name(&mut self, name: &str) {
        self.name = name.into();
    }

    fn author(&self) -> &str {
        &self.author
    }

    fn category(&self) -> &str {
        &self.category
    }

    fn factory() -> &'static [Self] {
        factory::reverb_presets()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_survives_a_file_and_what_is_newer_with_it() {
        let mut preset = Preset {
            name: "Mine".into(),
            sync: Division::EighthDotted,
            graph: Some(Asset::file("Room", None, b"{}")),
            ..Preset::default()
        };
        preset.params.bands.low = 1.5;
        let json = preset.to_json().replacen("\"low\"", "\"newer\": 1, \"low\"", 1);
        let read = Preset::load(json.as_bytes()).expect("a preset");
        assert_eq!(Preset { params_read: Map::new(), ..read.clone() }, preset);
        assert!(read.to_json().contains("newer"));
    }

    #[test]
    fn what_is_no_preset_is_refused_in_words() {
        for (json, words) in [
            ("", "JSON"),
            ("{}", "expected format \"kiln-reverb-preset\""),
            (r#"{"format":"kiln-amp-preset","version":1}"#, "expected format"),
            (r#"{"format":"kiln-reverb-preset","version":2}"#, "newer Kiln Reverb"),
            (r#"{"format":"kiln-reverb-preset","version":1,"sync":"1/3"}"#, "damaged"),
        ] {
            let error = Preset::load(json.as_bytes()).expect_err(json).to_string();
            assert!(error.contains(words), "{json}: {error}");
        }
        let far = r#"{"format":"kiln-reverb-preset","version":1,"params":{"rt60":1e9}}"#;
        assert_eq!(Preset::load(far.as_bytes()).expect("a preset").params.rt60, 30.0);
    }

    #[test]
    fn every_factory_preset_plays_what_is_built_in() {
        let all = factory::reverb_presets();
        assert_eq!(all.len(), factory::REVERB_PRESETS.len());
        let used = |id: &str| {
            let id_of = |p: &'static Preset| p.graph.as_ref()?.factory.as_deref();
            all.iter().any(|p| id_of(p) == Some(id))
        };
        for preset in all {
            let graph = preset.graph.as_ref().expect("a graph");
            assert!(graph.factory.is_some() && graph.bytes().is_ok(), "{}", preset.name);
            let categories = ["Rooms", "Halls", "Plates", "Springs", "Pads", "Creative"];
            assert!(categories.contains(&&*preset.category), "{}", preset.name);
        }
        for item in factory::REVERBS {
            assert!(used(item.id), "no preset plays {}", item.id);
        }
    }
}
