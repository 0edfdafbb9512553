//! All that the player set, at one moment: for undoing, comparing and presets.

use fx::drive::preset::Preset;
use fx::drive::{Params as Values, RANGES};
use fx::preset::Asset;
use nice_plug::prelude::*;
use shell::instance;
use shell::links::Linked as _;
use shell::path::PathText;

use crate::Task;
use crate::engine::{Held, Wish};
use crate::params::{DriveParams, Qualities};
use crate::presets::Presets;
use crate::saved::{Record, Saved};
use crate::source::{self, Loaded, Source};

/// Parameters and the model. A clone shares the model.
#[derive(Clone)]
pub struct Snapshot {
    /// The parameters.
    pub params: Values,
    /// What is done against aliasing; of a preset that says nothing of renders, their
    /// quality means nothing.
    pub qualities: Qualities,
    /// The model.
    pub held: Held,
}

impl Snapshot {
    /// What is set now.
    pub fn of(params: &DriveParams) -> Self {
        Self {
            params: params.unmodulated(),
            qualities: params.qualities(),
            held: params.engine.held(),
        }
    }
}

impl instance::Snapshot for Snapshot {
    type Preset = Preset;
    type Held = Held;

    fn held(&self) -> &[Held] {
        std::slice::from_ref(&self.held)
    }

    fn held_mut(&mut self) -> &mut [Held] {
        std::slice::from_mut(&mut self.held)
    }

    fn has_alike_params(&self, other: &Self) -> bool {
        let mut params = self.params;
        for range in RANGES {
            let theirs = range.get(&other.params);
            if (range.get(&params) - theirs).abs() <= 1e-4 * (range.max - range.min) {
                range.set(&mut params, theirs);
            }
        }
        params == other.params && self.qualities == other.qualities
    }

    fn take_params(&mut self, other: &Self) {
        (self.params, self.qualities) = (other.params, other.qualities);
    }

    fn to_preset(&self) -> Preset {
        let Qualities { live, own, render } = self.qualities;
        Preset {
            params: self.params,
            quality: live,
            render_quality: own.then_some(render),
            model: asset(&self.held),
            ..Preset::default()
        }
    }

    fn from_preset(preset: &Preset) -> Result<Self, String> {
        let saved = preset.model.clone().map_or_else(Saved::nothing, |asset| Saved {
            factory: asset.factory,
            name: asset.name,
            path: asset.path.map(PathText::from),
            copy: asset.copy,
            others: asset.others,
            ..Saved::default()
        });
        let record = Record::Whole(saved);
        let Loaded { content, record } = source::from_record(&record)
            .map_err(|why| format!("the model {} was not loaded: {why}", record.name()))?;
        let (live, render) = (preset.quality, preset.render_quality);
        let qualities = Qualities { live, own: render.is_some(), render: render.unwrap_or(live) };
        let held = Held { content, record };
        Ok(Self { params: preset.params, qualities, held })
    }
}

/// The model as a preset keeps it.
fn asset(held: &Held) -> Option<Asset> {
    let content = held.content.as_ref()?;
    if let Source::Factory(id) = content.source {
        return Some(Asset::factory(id));
    }
    let Record::Whole(saved) = &*held.record else { return None };
    Some(Asset {
        factory: None,
        name: Some(content.name.clone()),
        path: saved.path.as_ref().map(|path| path.path().to_string_lossy().into_owned()),
        copy: saved.copy.clone(),
        others: saved.others.clone(),
    })
}

impl instance::Holding for Held {
    fn shared(&self) -> [(usize, usize); 2] {
        Self::shared(self)
    }
}

impl instance::Instance for DriveParams {
    type Snapshot = Snapshot;
    type Task = Task;

    fn snapshot(&self) -> Snapshot {
        Snapshot::of(self)
    }

    fn change_params(&self, from: &Snapshot, to: &Snapshot, setter: &ParamSetter<'_>) {
        self.apply_change(&from.params, &to.params, setter);
        if from.qualities != to.qualities {
            self.set_qualities(to.qualities, setter);
        }
    }

    /// The quality of renders stays as it was where the preset has none for them.
    fn admit(&self, mut preset: Snapshot, now: &Snapshot) -> Snapshot {
        if !preset.qualities.own {
            preset.qualities.render = now.qualities.render;
        }
        preset
    }

    fn presets(&self) -> &Presets {
        &self.presets
    }

    fn noun(&self, _place: usize) -> &'static str {
        "model"
    }

    fn held(&self, _place: usize) -> Held {
        self.engine.held()
    }

    fn ask_number(&self, _place: usize) -> u64 {
        self.engine.ask_number()
    }

    fn is_put(&self, _place: usize, number: u64) -> bool {
        self.engine.is_put(number)
    }

    fn put(&self, _place: usize, held: Held, number: u64) -> Task {
        Task::Wish(Wish::Put(held, number))
    }

    fn touch(&self, setter: &ParamSetter<'_>) {
        self.touch(setter);
    }
}
