//! The player's presets, as files, and the factory's.

pub use shell::presets::{Entry, Id, Overwrite, PresetStatus};

use crate::snapshot::Snapshot;

/// The presets of one plugin instance.
pub type Presets = shell::presets::Presets<Snapshot>;
/// What can be asked of the background thread about presets.
pub type PresetTask = shell::presets::PresetTask<fx::drive::preset::Preset>;
