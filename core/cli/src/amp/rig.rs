//! Everything that shapes the sound, loaded once and played for every file.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Error, Result};
use fx::Impulse;
use fx::amp::Params;
use fx::factory::{self, Item};
use fx::preset::{Asset, Preset};
use nn::Model;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Sources;
use crate::device::Device;
use crate::settings::{Setting, apply};

/// A preset with what the command line puts on top of it.
#[derive(Clone)]
pub(crate) struct Rig {
    pub(crate) models: [Option<Model>; 2],
    pub(crate) cabinets: [Option<Impulse>; 2],
    pub(crate) params: Params,
    /// Factor at which the models run above the signal's rate.
    pub(crate) oversampling: u32,
    /// Where the bare network alone is wanted, its size.
    pub(crate) raw: Option<f32>,
    files: Vec<Source>,
    /// What computes the networks.
    pub(crate) device: Device,
}

/// A file that shapes the sound.
#[derive(Clone)]
struct Source {
    what: &'static str,
    /// Its path, or what else tells it from others.
    name: String,
    hash: String,
}

/// All that shapes the sound but the input; equal ones sound equal.
#[derive(Serialize)]
pub(crate) struct Recipe<'a> {
    version: &'static str,
    params: &'a Params,
    oversampling: u32,
    raw: Option<f32>,
    files: Vec<(&'a str, &'a str)>,
    /// A card's last digits are its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    card: bool,
}

impl Rig {
    /// Reads what `sources` name, and puts `settings` on top of the preset.
    pub(crate) fn load(sources: &Sources, settings: &[Setting], raw: Option<f32>) -> Result<Self> {
        let preset = sources.preset.as_deref().map(preset).transpose()?.unwrap_or_default();
        let mut files = Vec::new();
        if let Some(path) = &sources.preset {
            // What it says is in the parameters and in the files it names.
            let name = path.display().to_string();
            files.push(Source { what: "preset", name, hash: String::new() });
        }
        let mut model = |what, path: &Option<PathBuf>, kept: &Option<Asset>| {
            let find = find(path.as_deref(), kept.as_ref(), factory::model)?;
            let Some((bytes, name)) = find else { return Ok(None) };
            let model = onnx::open(&bytes).with_context(|| name.clone())?;
            files.push(Source { what, name, hash: hash(&bytes) });
            Ok::<_, Error>(Some(model))
        };
        let models = [
            model("model", &sources.model, &preset.models[0])?,
            model("second model", &sources.model_b, &preset.models[1])?,
        ];
        let mut cabinet = |what, path: &Option<PathBuf>, kept: &Option<Asset>| {
            let find = find(path.as_deref(), kept.as_ref(), factory::cabinet)?;
            let Some((bytes, name)) = find else { return Ok(None) };
            let impulse = Impulse::load(&bytes).with_context(|| name.clone())?;
            files.push(Source { what, name, hash: hash(&bytes) });
            Ok::<_, Error>(Some(impulse))
        };
        let cabinets = [
            cabinet("cabinet", &sources.cabinet, &preset.cabinets[0])?,
            cabinet("second cabinet", &sources.cabinet_b, &preset.cabinets[1])?,
        ];
        let mut params = preset.params;
        // Who names a file wants to hear it, whatever the preset switched off.
        params.slots[0].on |= sources.model.is_some();
        params.slots[1].on |= sources.model_b.is_some();
        params.cabinet.on |= sources.cabinet.is_some() || sources.cabinet_b.is_some();
        let params = apply(&params, settings)?;
        let oversampling = sources.oversampling.unwrap_or(preset.oversampling);
        Ok(Self { models, cabinets, params, oversampling, raw, files, device: Device::Cpu })
    }

    /// A model as it is built in, with nothing else changed.
    pub(crate) fn of(model: &Model, raw: Option<f32>) -> Self {
        let models = [Some(model.clone()), None];
        let params = Params::default();
        let cabinets = [None, None];
        let (files, device) = (Vec::new(), Device::Cpu);
        Self { models, cabinets, params, oversampling: 1, raw, files, device }
    }

    /// What else must not be overwritten, and what it is.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.files.iter().map(|file| (file.what, Path::new(&file.name)))
    }

    pub(crate) fn recipe(&self) -> Recipe<'_> {
        Recipe {
            version: env!("CARGO_PKG_VERSION"),
            params: &self.params,
            oversampling: self.oversampling,
            raw: self.raw,
            files: self.files.iter().map(|file| (file.what, file.hash.as_str())).collect(),
            card: self.device.is_card(),
        }
    }
}

/// A digest of `bytes`, in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The preset in a file, or of that name in the factory.
fn preset(path: &Path) -> Result<Preset> {
    let named = |preset: &&Preset| path.to_str() == Some(&preset.name);
    if let Some(preset) = factory::presets().iter().find(named).filter(|_| !path.exists()) {
        return Ok(preset.clone());
    }
    let bytes = crate::read(path, fx::preset::MAX_BYTES)?;
    Preset::load(&bytes).with_context(|| path.display().to_string())
}

/// The bytes of what is named, in a file, in the factory or in the library, or else of
/// what the preset holds; and a name for them.
fn find(
    path: Option<&Path>,
    kept: Option<&Asset>,
    built_in: fn(&str) -> Option<&'static Item>,
) -> Result<Option<(Cow<'static, [u8]>, String)>> {
    match (path, kept) {
        (Some(path), _) => {
            let name = path.display().to_string();
            let id = path.to_str().filter(|_| !path.exists());
            if let Some(item) = id.and_then(built_in) {
                return Ok(Some((item.bytes.into(), name)));
            }
            if let Some((bytes, path)) = id.map(crate::models::installed).transpose()?.flatten() {
                return Ok(Some((bytes.into(), path.display().to_string())));
            }
            Ok(Some((crate::read(path, onnx::limits::MAX_BYTES)?.into(), name)))
        }
        (None, Some(asset)) => {
            let name = asset.name().unwrap_or("a file of the preset").to_owned();
            let bytes = asset.bytes().with_context(|| name.clone())?;
            Ok(Some((bytes, name)))
        }
        (None, None) => Ok(None),
    }
}
