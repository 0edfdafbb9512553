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
