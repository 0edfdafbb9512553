//! What ships inside the plugin and the command line.

use std::sync::OnceLock;

use crate::preset::{Preset, Stored};
use crate::{drive, reverb};

/// A file that is built in.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// What projects and presets call it. For ever.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// The file.
    pub bytes: &'static [u8],
}

macro_rules! items {
    ($($id:literal $name:literal $file:literal)*) => {
        &[$(Item {
            id: $id,
            name: $name,
            bytes: include_bytes!(concat!("../../../assets/", $file)),
        }),*]
    };
}

/// The models.
pub const MODELS: &[Item] = items![
    "kiln-clean" "Kiln Clean" "kiln-clean.nam"
    "kiln-edge" "Kiln Edge" "kiln-edge.nam"
    "kiln-crunch" "Kiln Crunch" "kiln-crunch.nam"
    "kiln-high-gain" "Kiln High Gain" "kiln-high-gain.nam"
    "kiln-bass" "Kiln Bass" "kiln-bass.nam"
    "kiln-overdrive" "Kiln Overdrive" "kiln-overdrive.nam"
];

/// The impulse responses.
pub const CABINETS: &[Item] = items![
    "kiln-112-open" "Kiln 1x12 Open" "kiln-112-open.wav"
    "kiln-412-closed" "Kiln 4x12 Closed" "kiln-412-closed.wav"
];

/// The networks of reverberators, as graphs.
pub const REVERBS: &[Item] = items![
    "small-room" "Small Room" "reverbs/small-room.json"
    "live-room" "Live Room" "reverbs/live-room.json"
    "chamber" "Echo Chamber" "reverbs/chamber.json"
    "medium-hall" "Medium Hall" "reverbs/medium-hall.json"
    "large-hall" "Large Hall" "reverbs/large-hall.json"
    "cathedral" "Cathedral" "reverbs/cathedral.json"
    "bright-plate" "Bright Plate" "reverbs/bright-plate.json"
    "dark-plate" "Dark Plate" "reverbs/dark-plate.json"
    "spring" "Spring Tank" "reverbs/spring.json"
    "colourless" "Colourless" "reverbs/colourless.json"
    "endless-bloom" "Endless Bloom" "reverbs/endless-bloom.json"
];

/// The model of that id.
pub fn model(id: &str) -> Option<&'static Item> {
    MODELS.iter().find(|item| item.id == id)
}

/// The impulse response of that id.
pub fn cabinet(id: &str) -> Option<&'static Item> {
    CABINETS.iter().find(|item| item.id == id)
}

/// The network of that id.
pub fn reverb(id: &str) -> Option<&'static Item> {
    REVERBS.iter().find(|item| item.id == id)
}

/// The models of the distortion.
pub const DRIVES: &[Item] = items![
    "overdrive" "Kiln Tone Overdrive" "drives/overdrive.json"
    "soft-clip" "Kiln Soft Clip" "drives/soft-clip.json"
    "hard-clip" "Kiln Hard Clip" "drives/hard-clip.json"
    "fuzz" "Kiln Fuzz" "drives/fuzz.json"
    "tube" "Kiln Tube Drive" "drives/tube.json"
    "octave" "Kiln Octave Fuzz" "drives/octave.json"
];

/// The model of the distortion of that id.
pub fn drive(id: &str) -> Option<&'static Item> {
    DRIVES.iter().find(|item| item.id == id)
}

/// The presets of the distortion, in the order in which they are listed.
pub(crate) const DRIVE_PRESETS: &[&str] = &[
    include_str!("../../../assets/presets/drive/warm-push.json"),
    include_str!("../../../assets/presets/drive/mid-lead.json"),
    include_str!("../../../assets/presets/drive/dark-blues.json"),
    include_str!("../../../assets/presets/drive/parallel-grit.json"),
    include_str!("../../../assets/presets/drive/bass-drive.json"),
    include_str!("../../../assets/presets/drive/crunch-box.json"),
    include_str!("../../../assets/presets/drive/bright-edge.json"),
    include_str!("../../../assets/presets/drive/tight-metal.json"),
    include_str!("../../../assets/presets/drive/germanium.json"),
    include_str!("../../../assets/presets/drive/velcro.json"),
    include_str!("../../../assets/presets/drive/fuzz-bass.json"),
    include_str!("../../../assets/presets/drive/glass-preamp.json"),
    include_str!("../../../assets/presets/drive/hot-bottle.json"),
    include_str!("../../../assets/presets/drive/upper-octave.json"),
    include_str!("../../../assets/presets/drive/octave-over-dry.json"),
    include_str!("../../../assets/presets/drive/console-warmth.json"),
    include_str!("../../../assets/presets/drive/drum-crush.json"),
    include_str!("../../../assets/presets/drive/wide-sides.json"),
    include_str!("../../../assets/presets/drive/vocal-bite.json"),
];

/// The presets of the distortion.
pub fn drive_presets() -> &'static [drive::preset::Preset] {
    static READ: OnceLock<Vec<drive::preset::Preset>> = OnceLock::new();
    // The tests see to it that each of them is read.
    READ.get_or_init(|| {
        DRIVE_PRESETS.iter().filter_map(|json| Stored::load(json.as_bytes()).ok()).collect()
    })
}

/// The presets, in the order in which they are listed.
const PRESETS: &[&str] = &[
    include_str!("../../../assets/presets/clean.json"),
    include_str!("../../../assets/presets/edge.json"),
    include_str!("../../../assets/presets/crunch.json"),
    include_str!("../../../assets/presets/high-gain.json"),
    include_str!("../../../assets/presets/bass.json"),
    include_str!("../../../assets/presets/pedal-into-edge.json"),
    include_str!("../../../assets/presets/two-amps.json"),
];

/// The presets of the reverb, in the order in which they are listed.
pub(crate) const REVERB_PRESETS: &[&str] = &[
    include_str!("../../../assets/presets/reverb/close-room.json"),
    include_str!("../../../assets/presets/reverb/vocal-booth.json"),
    include_str!("../../../assets/presets/reverb/drum-room.json"),
    include_str!("../../../assets/presets/reverb/gated-drums.json"),
    include_str!("../../../assets/presets/reverb/echo-chamber.json"),
    include_str!("../../../assets/presets/reverb/chamber-hall.json"),
    include_str!("../../../assets/presets/reverb/concert-hall.json"),
    include_str!("../../../assets/presets/reverb/dark-hall.json"),
    include_str!("../../../assets/presets/reverb/cathedral.json"),
    include_str!("../../../assets/presets/reverb/ducked-hall.json"),
    include_str!("../../../assets/presets/reverb/vocal-plate.json"),
    include_str!("../../../assets/presets/reverb/drum-plate.json"),
    include_str!("../../../assets/presets/reverb/slapped-plate.json"),
    include_str!("../../../assets/presets/reverb/spring-tank.json"),
    include_str!("../../../assets/presets/reverb/surf.json"),
    include_str!("../../../assets/presets/reverb/endless-pad.json"),
    include_str!("../../../assets/presets/reverb/wide-bloom.json"),
    include_str!("../../../assets/presets/reverb/soft-wash.json"),
    include_str!("../../../assets/presets/reverb/colourless.json"),
    include_str!("../../../assets/presets/reverb/tiny-metal.json"),
    include_str!("../../../assets/presets/reverb/other-side.json"),
];

/// The presets of the reverb.
pub fn reverb_presets() -> &'static [reverb::preset::Preset] {
    static READ: OnceLock<Vec<reverb::preset::Preset>> = OnceLock::new();
    // The tests see to it that each of them is read.
    READ.get_or_init(|| {
        REVERB_PRESETS.iter().filter_map(|json| Stored::load(json.as_bytes()).ok()).collect()
    })
}

/// The presets.
pub fn presets() -> &'static [Preset] {
    static READ: OnceLock<Vec<Preset>> = OnceLock::new();
    // The tests see to it that each of them is read.
    READ.get_or_init(|| {
        PRESETS.iter().filter_map(|json| Preset::load(json.as_bytes()).ok()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_is_sound() {
        for item in MODELS {
            assert!(nn::Model::load(item.bytes).is_ok(), "{}", item.id);
        }
        for item in CABINETS {
            assert!(crate::Impulse::load(item.bytes).is_ok(), "{}", item.id);
        }
        for item in REVERBS {
            let graph = fdn::Graph::load(item.bytes).expect(item.id);
            assert_eq!(graph.name, item.name);
        }
        for item in DRIVES {
            assert!(nn::Model::load(item.bytes).is_ok(), "{}", item.id);
        }
        let all = || MODELS.iter().chain(CABINETS).chain(REVERBS).chain(DRIVES);
        let mut ids: Vec<&str> = all().map(|item| item.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all().count(), "an id is there twice");
    }

    #[test]
    fn every_preset_plays_what_is_built_in() {
        for json in PRESETS {
            let preset = Preset::load(json.as_bytes()).unwrap_or_else(|e| panic!("{e}: {json}"));
            assert!(!preset.name.is_empty() && !preset.category.is_empty(), "{}", preset.name);
            for asset in preset.models.iter().chain(&preset.cabinets).flatten() {
                assert!(asset.factory.is_some() && asset.bytes().is_ok(), "{}", preset.name);
            }
        }
        let used = |item: &Item| {
            presets()
                .iter()
                .flat_map(|preset| preset.models.iter().chain(&preset.cabinets))
                .any(|asset| asset.as_ref().and_then(|a| a.factory.as_deref()) == Some(item.id))
        };
        for item in MODELS.iter().chain(CABINETS) {
            assert!(used(item), "no preset plays {}", item.id);
        }
    }
}
