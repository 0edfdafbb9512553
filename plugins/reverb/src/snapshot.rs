//! All that the player set, at one moment: for undoing, comparing and presets.

use fx::preset::Asset;
use fx::reverb::preset::Preset;
use fx::reverb::{Params as Values, RANGES};
use nice_plug::prelude::*;
use shell::instance;
use shell::links::Linked as _;
use shell::path::PathText;

use crate::Task;
use crate::choices::Division;
use crate::engine::{Held, Wish};
use crate::params::ReverbParams;
use crate::presets::Presets;
use crate::saved::{Record, Saved};
use crate::source::{self, Loaded, Source};

/// Parameters and the graph. A clone shares the graph.
#[derive(Clone)]
pub struct Snapshot {
    /// The parameters.
    pub params: Values,
    /// What the pre-delay is in time with.
    pub sync: Division,
    /// The graph.
    pub held: Held,
}

impl Snapshot {
    /// What is set now.
    pub fn of(params: &ReverbParams) -> Self {
        Self {
            params: params.unmodulated(),
            sync: params.sync.unmodulated_plain_value(),
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
        params == other.params && self.sync == other.sync
    }

    fn take_params(&mut self, other: &Self) {
        (self.params, self.sync) = (other.params, other.sync);
    }

    fn to_preset(&self) -> Preset {
        Preset {
            params: self.params,
            sync: self.sync.into(),
            graph: asset(&self.held),
            ..Preset::default()
        }
    }

    fn from_preset(preset: &Preset) -> Result<Self, String> {
        let saved = preset.graph.clone().map_or_else(Saved::default, |asset| Saved {
            factory: asset.factory,
            name: asset.name,
            path: asset.path.map(PathText::from),
            copy: asset.copy,
            others: asset.others,
            ..Saved::default()
        });
        let record = Record::Whole(saved);
        let Loaded { content, record } = source::from_record(&record, None)
            .map_err(|why| format!("the graph {} was not loaded: {why}", record.name()))?;
        let held = Held { content: Some(content), record };
        Ok(Self { params: preset.params, sync: preset.sync.into(), held })
    }
}

/// The graph as a preset keeps it; none where the first plays.
fn asset(held: &Held) -> Option<Asset> {
    let content = held.content.as_ref()?;
    match content.source {
        Source::Factory(id) => return Some(Asset::factory(id)),
        Source::Own => return None,
        _ => {}
    }
    let Record::Whole(saved) = held.record() else { return None };
    Some(Asset {
        factory: None,
        name: Some(content.name.clone()),
        path: saved.path.map(|path| path.path().to_string_lossy().into_owned()),
        copy: saved.copy,
        others: saved.others,
    })
}

impl instance::Holding for Held {
    fn shared(&self) -> [(usize, usize); 2] {
        Self::shared(self)
    }
}

impl instance::Instance for ReverbParams {
    type Snapshot = Snapshot;
    type Task = Task;

    fn snapshot(&self) -> Snapshot {
        Snapshot::of(self)
    }

    fn change_params(&self, from: &Snapshot, to: &Snapshot, setter: &ParamSetter<'_>) {
        self.apply_change(&from.params, &to.params, setter);
        if from.sync != to.sync {
            self.set_sync(to.sync, setter);
        }
    }

    /// A locked mix stays, and so does a plugin's own graph.
    fn admit(&self, mut preset: Snapshot, now: &Snapshot) -> Snapshot {
        if self.mix_lock.get() {
            preset.params.mix = now.params.mix;
        }
        if self.engine.own().is_some() {
            preset.held = now.held.clone();
        }
        preset
    }

    fn presets(&self) -> &Presets {
        &self.presets
    }

    fn noun(&self, _place: usize) -> &'static str {
        "reverb"
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
