//! What is named on the command line: models and presets, in files or in the factory.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use fx::drive::preset::Preset;
use fx::drive::{KNOBS, Params};
use fx::factory;
use fx::preset::Stored as _;
use nn::Model;

use super::Render;
use crate::settings::{Setting, apply};

/// Before the name of what is in the factory.
const FACTORY: &str = "factory:";

/// The model that `name` is: a file, or the id or name of one of the factory's.
pub(super) fn model(name: &str) -> Result<Model> {
    let bytes: Cow<'_, [u8]> = match name.strip_prefix(FACTORY) {
        None => crate::read(Path::new(name), onnx::limits::MAX_BYTES)?.into(),
        Some(id) => {
            let all = factory::DRIVES;
            let named = |item: &&factory::Item| item.id == id || item.name == id;
            let Some(item) = all.iter().find(named) else {
                let ids: Vec<_> = all.iter().map(|item| item.id).collect();
                bail!("model: expected one of {}, found {id}", ids.join(", "));
            };
            item.bytes.into()
        }
    };
    onnx::open(&bytes).with_context(|| name.to_owned())
}

/// The preset that `name` is: a file, or one of the factory's.
fn preset(name: &str) -> Result<Preset> {
    let Some(named) = name.strip_prefix(FACTORY) else {
        let bytes = crate::read(Path::new(name), fx::preset::MAX_BYTES)?;
        return Preset::load(&bytes).with_context(|| name.to_owned());
    };
    let all = factory::drive_presets();
    let found = all.iter().find(|preset| preset.name.eq_ignore_ascii_case(named));
    found.cloned().with_context(|| {
        let names: Vec<_> = all.iter().map(|preset| &*preset.name).collect();
        format!("preset: expected one of {}, found {named}", names.join(", "))
    })
}

/// A preset with what the command line puts on top of it.
pub(super) struct Rig {
    pub(super) model: Option<Model>,
    pub(super) params: Params,
    pub(super) quality: fx::drive::Quality,
}

impl Rig {
    pub(super) fn load(args: &Render) -> Result<Self> {
        let preset = args.preset.as_deref().map(preset).transpose()?.unwrap_or_default();
        let model = match (&args.model, &preset.model) {
            (Some(name), _) => Some(model(name)?),
            (None, Some(asset)) => {
                let name = || asset.name().unwrap_or("the model of the preset").to_owned();
                let bytes = asset.bytes().with_context(name)?;
                Some(onnx::open(&bytes).with_context(name)?)
            }
            (None, None) => None,
        };
        let mut settings = args.knobs.settings();
        for text in &args.knob {
            settings.push(knob(text, model.as_ref())?);
        }
        // As a host renders it without haste.
        let quality = preset.render_quality.unwrap_or(preset.quality);
        Ok(Self {
            params: apply(&preset.params, &settings)?,
            quality: args.against.on(quality),
            model,
        })
    }
}

/// Parses `tone=0.3` or `2=0.3`; the first knob is the drive and has its own flag.
fn knob(text: &str, model: Option<&Model>) -> Result<Setting> {
    let Some((name, value)) = text.split_once('=') else {
        bail!("knob: expected NAME=VALUE, found {text}");
    };
    let knobs = model.map_or(&[][..], Model::knobs);
    let named = knobs.iter().position(|knob| knob.name.eq_ignore_ascii_case(name));
    let number = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let share = value.parse::<f32>().ok().filter(|x| (0.0..=1.0).contains(x));
    let (Some(i), Some(share)) = (named.or(number).filter(|i| *i < knobs.len()), share) else {
        let names: Vec<_> = knobs.iter().map(|knob| &*knob.name).collect();
        bail!("knob: expected one of {} and 0 to 1, found {text}", names.join(", "));
    };
    match i.checked_sub(1) {
        None => Ok(Setting::new("drive", share)),
        Some(i) if i < KNOBS => Ok(Setting::new(&format!("knobs.{i}"), share)),
        Some(_) => bail!("knob: expected one of the first {}, found {text}", KNOBS + 1),
    }
}
