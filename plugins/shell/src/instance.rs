//! What a session asks of a plugin instance.

use nice_plug::prelude::*;

use crate::presets::Presets;

/// All that the player set, at one moment: for undoing, comparing and presets.
pub trait Snapshot: Clone + Send + 'static {
    /// As a file.
    type Preset: fx::preset::Stored;
    /// What a place for files holds.
    type Held: Holding;

    /// What the places hold.
    fn held(&self) -> &[Self::Held];

    /// The same, to be changed.
    fn held_mut(&mut self) -> &mut [Self::Held];

    /// Whether the same is set, but for the rounding of a host's scale and files.
    fn has_alike_params(&self, other: &Self) -> bool;

    /// Takes over all but the files of `other`.
    fn take_params(&mut self, other: &Self);

    /// As a preset without a name.
    fn to_preset(&self) -> Self::Preset;

    /// Loads the files of a preset.
    ///
    /// # Errors
    /// Says which of them could not be had, and why.
    fn from_preset(preset: &Self::Preset) -> Result<Self, String>;

    /// Whether the same is set, but for the rounding of a host's scale.
    fn is_alike(&self, other: &Self) -> bool {
        self.has_alike_params(other) && self.held() == other.held()
    }
}

/// What a place for files holds. A clone shares it.
pub trait Holding: Clone + PartialEq + Send + 'static {
    /// What a clone shares: where it lies, and about how many bytes it takes.
    fn shared(&self) -> [(usize, usize); 2];
}

/// The parameters and places of a plugin instance, as far as a session sees them.
pub trait Instance: Send + Sync + 'static {
    /// What it is set to.
    type Snapshot: Snapshot;
    /// What can be asked of its background.
    type Task;

    /// What is set now.
    fn snapshot(&self) -> Self::Snapshot;

    /// Makes the change of parameters from `from` to `to`. What is the same in both
    /// stays as it is.
    fn change_params(&self, from: &Self::Snapshot, to: &Self::Snapshot, setter: &ParamSetter<'_>);

    /// What is to be set for a preset, while `now` is set.
    fn admit(&self, preset: Self::Snapshot, _now: &Self::Snapshot) -> Self::Snapshot {
        preset
    }

    /// Its presets.
    fn presets(&self) -> &Presets<Self::Snapshot>;

    /// What lies at a place, for people.
    fn noun(&self, place: usize) -> &'static str;

    /// What a place holds.
    fn held(&self, place: usize) -> HeldOf<Self>;

    /// A number for what is to be put at a place.
    fn ask_number(&self, place: usize) -> u64;

    /// Whether what was asked under `number` was done, well or not.
    fn is_put(&self, place: usize, number: u64) -> bool;

    /// What asks for `held` to be put at a place, under `number`.
    fn put(&self, place: usize, held: HeldOf<Self>, number: u64) -> Self::Task;

    /// Tells the host that the project changed.
    fn touch(&self, setter: &ParamSetter<'_>);
}

/// What the places of an instance hold.
pub type HeldOf<I> = <<I as Instance>::Snapshot as Snapshot>::Held;
