//! All that the player set, at one moment: for undoing, comparing and presets.

use fx::amp::{Params as Values, RANGES};
use fx::preset::{Asset, Preset};
use nice_plug::prelude::*;
use shell::instance;
use shell::links::Linked as _;

use crate::choices::Oversampling;
use crate::params::AmpParams;
use crate::places::{Place, Task};
use crate::presets::Presets;
use crate::saved::{PathText, Record, Saved};
use crate::seat::Held;
use crate::source;

/// Parameters and the four places. A clone shares what the places hold.
#[derive(Clone)]
pub struct Snapshot {
    /// The parameters.
    pub params: Values,
    /// That of the models.
    pub oversampling: Oversampling,
    /// What the places hold, in the order of [`Place::ALL`].
    pub held: [Held; 4],
}

impl Snapshot {
    /// What is set now.
    pub fn of(params: &AmpParams) -> Self {
        Self {
            params: params.unmodulated(),
            oversampling: params.oversampling.unmodulated_plain_value(),
            held: params.places.held(),
        }
    }
}

impl instance::Snapshot for Snapshot {
    type Preset = Preset;
    type Held = Held;

    fn held(&self) -> &[Held] {
        &self.held
    }

    fn held_mut(&mut self) -> &mut [Held] {
        &mut self.held
    }

    fn has_alike_params(&self, other: &Self) -> bool {
        let mut params = self.params;
        for range in RANGES {
            let theirs = range.get(&other.params);
            if (range.get(&params) - theirs).abs() <= 1e-4 * (range.max - range.min) {
                range.set(&mut params, theirs);
            }
        }
        params == other.params && self.oversampling == other.oversampling
    }

    fn take_params(&mut self, other: &Self) {
        (self.params, self.oversampling) = (other.params, other.oversampling);
    }

    fn to_preset(&self) -> Preset {
        let [a, b, c, d] = self.held.each_ref().map(asset);
        Preset {
            params: self.params,
            oversampling: self.oversampling.factor(),
            models: [a, b],
            cabinets: [c, d],
            ..Preset::default()
        }
    }

    fn from_preset(preset: &Preset) -> Result<Self, String> {
        let mut held = [const { None }; 4];
        let assets = preset.models.iter().chain(&preset.cabinets);
        for ((place, held), asset) in Place::ALL.into_iter().zip(&mut held).zip(assets) {
            *held = Some(load(place, asset.as_ref())?);
        }
        Ok(Self {
            params: preset.params,
            oversampling: Oversampling::of(preset.oversampling),
            held: held.map(Option::unwrap_or_default),
        })
    }
}

impl instance::Holding for Held {
    fn shared(&self) -> [(usize, usize); 2] {
        Self::shared(self)
    }
}

impl instance::Instance for AmpParams {
    type Snapshot = Snapshot;
    type Task = Task;

    fn snapshot(&self) -> Snapshot {
        Snapshot::of(self)
    }

    fn change_params(&self, from: &Snapshot, to: &Snapshot, setter: &ParamSetter<'_>) {
        self.apply_change(&from.params, &to.params, setter);
        if from.oversampling != to.oversampling {
            self.set_oversampling(to.oversampling, setter);
        }
    }

    fn presets(&self) -> &Presets {
        &self.presets
    }

    fn noun(&self, place: usize) -> &'static str {
        Place::ALL[place.min(3)].noun()
    }

    fn held(&self, place: usize) -> Held {
        self.places.seat(Place::ALL[place.min(3)]).held()
    }

    fn ask_number(&self, place: usize) -> u64 {
        self.places.seat(Place::ALL[place.min(3)]).ask()
    }

    fn is_put(&self, place: usize, number: u64) -> bool {
        self.places.seat(Place::ALL[place.min(3)]).is_put(number)
    }

    fn put(&self, place: usize, held: Held, number: u64) -> Task {
        Task::Put(Place::ALL[place.min(3)], held, number)
    }

    fn touch(&self, setter: &ParamSetter<'_>) {
        self.touch(setter);
    }
}

fn load(place: Place, asset: Option<&Asset>) -> Result<Held, String> {
    let saved = match asset.cloned() {
        None => Saved::nothing(),
        Some(asset) => Saved {
            factory: asset.factory,
            name: asset.name,
            path: asset.path.map(PathText::from),
            copy: asset.copy,
            others: asset.others,
            ..Saved::default()
        },
    };
    let record = Record::Whole(saved);
    let loaded = source::from_record(place, &record).map_err(|why| {
        let name = record.name(place);
        format!("the {} {name} was not loaded: {why}", place.noun())
    })?;
    Ok(Held { playing: loaded.playing, record: loaded.record })
}

fn asset(held: &Held) -> Option<Asset> {
    let playing = held.playing.as_ref()?;
    if let source::Source::Factory(id) = playing.source {
        return Some(Asset::factory(id));
    }
    let Record::Whole(saved) = &*held.record else { return None };
    Some(Asset {
        factory: None,
        name: Some(playing.name.clone()),
        path: saved.path.as_ref().map(|path| path.path().to_string_lossy().into_owned()),
        copy: saved.copy.clone(),
        others: saved.others.clone(),
    })
}
