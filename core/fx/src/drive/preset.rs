//! Preset files of the distortion: all that a player may set, with the model it was
//! set for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Params, Quality};
use crate::factory;
use crate::preset::{Asset, Error, Stored, close, damaged, open, shorten};

/// What the files call themselves.
pub const FORMAT: &str = "kiln-drive-preset";

/// A whole preset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preset {
    /// What it is called.
    pub name: String,
    /// Who made it.
    pub author: String,
    /// What it is for, as in `Fuzz`.
    pub category: String,
    /// Anything else.
    pub notes: String,
    /// What the player set.
    pub params: Params,
    /// What is done against aliasing while it plays.
    pub quality: Quality,
    /// And where a host renders without haste, if something else.
    pub render_quality: Option<Quality>,
    /// The model; without one the sound passes.
    pub model: Option<Asset>,
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
        let json = open(bytes, FORMAT, "Kiln Drive")?;
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
        factory::drive_presets()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::{Oversampling, Phase};

    #[test]
    fn a_preset_survives_a_file_and_what_is_newer_with_it() {
        let linear =
            Quality { oversampling: Oversampling::X16, phase: Phase::Linear, antiderivative: true };
        let mut preset = Preset {
            name: "Mine".into(),
            quality: linear,
            render_quality: Some(Quality::default()),
            model: Some(Asset::file("Fuzz", None, b"{}")),
            ..Preset::default()
        };
        preset.params.before.low = 90.0;
        let json = preset.to_json().replacen("\"low\"", "\"newer\": 1, \"low\"", 1);
        let read = Preset::load(json.as_bytes()).expect("a preset");
        assert_eq!(Preset { params_read: Map::new(), ..read.clone() }, preset);
        assert!(read.to_json().contains("newer"));
    }

    #[test]
    fn what_is_no_preset_is_refused_in_words() {
        for (json, words) in [
            ("", "JSON"),
            ("{}", "expected format \"kiln-drive-preset\""),
            (r#"{"format":"kiln-amp-preset","version":1}"#, "expected format"),
            (r#"{"format":"kiln-drive-preset","version":2}"#, "newer Kiln Drive"),
            (
                r#"{"format":"kiln-drive-preset","version":1,"quality":{"oversampling":"x3"}}"#,
                "damaged",
            ),
        ] {
            let error = Preset::load(json.as_bytes()).expect_err(json).to_string();
            assert!(error.contains(words), "{json}: {error}");
        }
        let far = r#"{"format":"kiln-drive-preset","version":1,"params":{"tilt":1e9}}"#;
        assert_eq!(Preset::load(far.as_bytes()).expect("a preset").params.tilt, 12.0);
    }

    #[test]
    fn every_factory_preset_plays_what_is_built_in() {
        let all = factory::drive_presets();
        assert_eq!(all.len(), factory::DRIVE_PRESETS.len());
        for preset in all {
            let model = preset.model.as_ref().expect("a model");
            assert!(model.factory.is_some() && model.bytes().is_ok(), "{}", preset.name);
            assert!(!preset.name.is_empty() && !preset.category.is_empty(), "{}", preset.name);
        }
        let used = |id: &str| {
            let id_of = |p: &'static Preset| p.model.as_ref()?.factory.as_deref();
            all.iter().any(|p| id_of(p) == Some(id))
        };
        for item in factory::DRIVES.iter().filter(|_| !all.is_empty()) {
            assert!(used(item.id), "no preset plays {}", item.id);
        }
    }
}
