//! Projects as a host keeps them, written by hand: what a player set, and what
//! lies at the four places for files.

use std::path::Path;

use serde_json::{Map, Value, json};

/// Where each parameter of the effect is in its JSON, and the plugin's id of it.
pub const PARAMS: &[(&str, &str)] = &[
    ("input_gain", "input"),
    ("output_gain", "output"),
    ("mix", "mix"),
    ("bypass", "bypass"),
    ("channels", "channels"),
    ("gate.on", "gate_on"),
    ("gate.threshold", "gate_threshold"),
    ("gate.hysteresis", "gate_hysteresis"),
    ("gate.attack", "gate_attack"),
    ("gate.hold", "gate_hold"),
    ("gate.release", "gate_release"),
    ("gate.range", "gate_range"),
    ("slots.0.on", "a_on"),
    ("slots.0.trim", "a_trim"),
    ("slots.0.quality", "quality"),
    ("slots.1.on", "b_on"),
    ("slots.1.trim", "b_trim"),
    ("slots.1.quality", "b_quality"),
    ("routing", "routing"),
    ("blend", "blend"),
    ("invert", "invert"),
    ("tone.on", "tone_on"),
    ("tone.before", "tone_before"),
    ("tone.bass", "bass"),
    ("tone.middle", "middle"),
    ("tone.treble", "treble"),
    ("tone.presence", "presence"),
    ("cabinet.on", "cab_on"),
    ("cabinet.blend", "cab_blend"),
    ("cabinet.normalize", "cab_normalize"),
    ("cabinet.low_cut", "low_cut"),
    ("cabinet.high_cut", "high_cut"),
    ("levels.output", "level"),
    ("levels.calibrate_input", "calibrate"),
    ("levels.interface", "interface"),
];

/// The same of the reverb's, in the JSON of its presets.
pub const REVERB_PARAMS: &[(&str, &str)] = &[
    ("mix", "mix"),
    ("output_gain", "output"),
    ("bypass", "bypass"),
    ("as_trained", "as_trained"),
    ("rt60", "rt60"),
    ("bands.low", "low_decay"),
    ("bands.high", "high_decay"),
    ("bands.low_crossover", "low_cross"),
    ("bands.high_crossover", "high_cross"),
    ("pre_delay", "pre_delay"),
    ("size", "size"),
    ("freeze", "freeze"),
    ("modulation.depth", "mod_depth"),
    ("modulation.rate", "mod_rate"),
    ("early.level", "early_level"),
    ("early.send", "early_send"),
    ("early.size", "early_size"),
    ("width", "width"),
    ("cross", "cross"),
    ("low_cut", "low_cut"),
    ("high_cut", "high_cut"),
    ("duck.depth", "duck_depth"),
    ("duck.threshold", "duck_threshold"),
    ("duck.attack", "duck_attack"),
    ("duck.release", "duck_release"),
    ("gate.on", "gate_on"),
    ("gate.threshold", "gate_threshold"),
    ("gate.hysteresis", "gate_hysteresis"),
    ("gate.attack", "gate_attack"),
    ("gate.hold", "gate_hold"),
    ("gate.release", "gate_release"),
    ("gate.range", "gate_range"),
];

/// The same of the distortion's.
pub const DRIVE_PARAMS: &[(&str, &str)] = &[
    ("input_gain", "input"),
    ("drive", "drive"),
    ("knobs.0", "knob2"),
    ("knobs.1", "knob3"),
    ("knobs.2", "knob4"),
    ("before.low", "before_low"),
    ("before.high", "before_high"),
    ("after.low", "after_low"),
    ("after.high", "after_high"),
    ("tilt", "tilt"),
    ("mix", "mix"),
    ("output_gain", "output"),
    ("auto_gain", "auto_gain"),
    ("bypass", "bypass"),
    ("channels", "channels"),
    ("calibrate_input", "calibrate"),
    ("interface", "interface"),
];

/// The places, as a project's fields name them.
pub const PLACES: [&str; 4] = ["model", "model2", "cabinet1", "cabinet2"];

/// A project. What it does not set stays as it is; places it does not name are empty.
#[derive(Clone, Debug)]
pub struct Project {
    params: Map<String, Value>,
    fields: Map<String, Value>,
}

impl Default for Project {
    fn default() -> Self {
        Self { params: Map::new(), fields: Map::new() }.empty("model")
    }
}

impl Project {
    /// One that sets all that is in the JSON of the effect's parameters.
    ///
    /// # Panics
    /// When a parameter is missing there.
    pub fn with(params: &Value) -> Self {
        PARAMS.iter().fold(Self::default(), |project, (key, id)| {
            let pointer = format!("/{}", key.replace('.', "/"));
            let value = params.pointer(&pointer).unwrap_or_else(|| panic!("no {key} in {params}"));
            project.set(id, value.clone())
        })
    }

    /// Sets a parameter to a number, a switch, or the id of a choice.
    ///
    /// # Panics
    /// When the value is none of these.
    #[must_use]
    pub fn set(mut self, id: &str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            value @ Value::Bool(_) => json!({ "bool": value }),
            value @ Value::Number(_) => json!({ "f32": value }),
            value @ Value::String(_) => json!({ "string": value }),
            value => panic!("{id} cannot be {value}"),
        };
        self.params.insert(id.into(), value);
        self
    }

    /// How many times their own rate the models run at: 1, 2 or 4.
    #[must_use]
    pub fn oversampled(self, factor: u32) -> Self {
        self.set("oversampling", format!("{factor}x"))
    }

    /// Puts a file to a place.
    #[must_use]
    pub fn file(self, place: &str, path: &Path) -> Self {
        self.record(place, &json!({ "path": path, "copy": null, "folder": null }))
    }

    /// Puts a file to a place, to be followed.
    #[must_use]
    pub fn followed(self, place: &str, path: &Path) -> Self {
        self.record(place, &json!({ "path": path, "follow": true }))
    }

    /// Puts what is built in to a place.
    #[must_use]
    pub fn factory(self, place: &str, id: &str) -> Self {
        self.record(place, &json!({ "factory": id }))
    }

    /// Leaves a place empty.
    #[must_use]
    pub fn empty(self, place: &str) -> Self {
        self.record(place, &json!({ "empty": true }))
    }

    fn record(mut self, place: &str, record: &Value) -> Self {
        self.fields.insert(place.into(), record.to_string().into());
        self
    }

    /// The state as a VST3 host has it.
    pub fn json(&self) -> Vec<u8> {
        let Self { params, fields } = self;
        let state = json!({ "version": "0.1.0", "params": params, "fields": fields });
        state.to_string().into()
    }

    /// The state as a CLAP host has it.
    pub fn bytes(&self) -> Vec<u8> {
        framed(&self.json())
    }
}

/// A project from before there was more than one model between two gains, with a
/// model taken from a file.
pub fn state_with(model: &Path, input: f64, output: f64) -> Vec<u8> {
    let record = json!({ "path": model, "copy": null, "folder": null });
    let state = json!({
        "version": "0.1.0",
        "params": {
            "input": { "f32": input }, "output": { "f32": output },
            "quality": { "f32": 1.0 }, "bypass": { "bool": false },
        },
        "fields": { "model": record.to_string() },
    });
    framed(state.to_string().as_bytes())
}

/// For CLAP the framework puts the length before the JSON.
pub fn framed(json: &[u8]) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes()[..], json].concat()
}

/// A project of Kiln Reverb's, as a CLAP host has it: what lies where its graph does,
/// and parameters.
pub fn reverb(graph: &Value, params: &[(&str, Value)]) -> Vec<u8> {
    framed(&of_one_file("graph", graph, params))
}

/// A project of Kiln Drive's, as a VST3 host has it: what lies where its model does, and
/// parameters.
pub fn drive(model: &Value, params: &[(&str, Value)]) -> Vec<u8> {
    of_one_file("model", model, params)
}

fn of_one_file(field: &str, record: &Value, params: &[(&str, Value)]) -> Vec<u8> {
    let project = params.iter().fold(Project::default(), |p, (id, value)| p.set(id, value.clone()));
    let fields = json!({ field: record.to_string() });
    let state = json!({ "version": "0.1.0", "params": project.params, "fields": fields });
    state.to_string().into()
}
