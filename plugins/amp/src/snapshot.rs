//! All that the player set, at one moment: for undoing, comparing and presets.

use fx::amp::{Params as Values, RANGES};
use fx::preset::{Asset, Preset};
use nice_plug::prelude::*;
use shell::links::Linked as _;

use crate::choices::Oversampling;
use crate::params::AmpParams;
use crate::places::Place;
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

    /// Whether the same is set, but for the rounding of a host's scale.
    pub fn is_alike(&self, other: &Self) -> bool {
        self.has_alike_params(other) && self.held == other.held
    }

    pub(crate) fn has_alike_params(&self, other: &Self) -> bool {
        let mut params = self.params;
        for range in RANGES {
            let theirs = range.get(&other.params);
            if (range.get(&params) - theirs).abs() <= 1e-4 * (range.max - range.min) {
                range.set(&mut params, theirs);
            }
        }
        params == other.params && self.oversampling == other.oversampling
    }

    /// Makes the change of parameters from `from` to this one. What is the same in
    /// both stays as it is.
    pub(crate) fn change_params(&self, from: &Self, params: &AmpParams, setter: &ParamSetter<'_>) {
        params.apply_change(&from.params, &self.params, setter);
        if from.oversampling != self.oversampling {
            params.set_oversampling(self.oversampling, setter);
        }
    }

    /// As a preset without a name.
    pub fn to_preset(&self) -> Preset {
        let [a, b, c, d] = self.held.each_ref().map(asset);
        Preset {
            params: self.params,
            oversampling: self.oversampling.factor(),
            models: [a, b],
            cabinets: [c, d],
            ..Preset::default()
        }
    }

    /// Loads the files of a preset.
    ///
    /// # Errors
    /// Says which of them could not be had, and why.
    pub fn from_preset(preset: &Preset) -> Result<Self, String> {
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
