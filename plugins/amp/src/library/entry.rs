//! What a list says of a file.

use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::{engines, files, wav};

/// Characters of the longest text that is taken from a file.
const MAX_TEXT: usize = 200;

/// A file of the library.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it lies.
    pub path: std::path::PathBuf,
    /// What it is called.
    pub name: String,
    /// Its folder, from the root of the library.
    pub folder: String,
    /// What it is.
    pub kind: Kind,
    /// Why it cannot be played.
    pub error: Option<String>,
    /// Nanoseconds a sample costs on this machine, for a model.
    pub cost: Option<f32>,
    /// All there is to search in, in lower case.
    pub(super) text: String,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// A model.
    Model(Box<ModelFacts>),
    /// An impulse response.
    Cabinet(wav::Shape),
    /// A file that cannot be played, for a place of models or not.
    Unreadable {
        /// Whether it is called a model.
        model: bool,
    },
    /// Something else that is called as models are, and in no list.
    Other,
}

/// What a model says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelFacts {
    /// A name for people.
    pub name: Option<String>,
    /// Maker and name of the gear.
    pub gear: Option<String>,
    /// As in `amp` or `pedal`.
    pub gear_type: Option<String>,
    /// As in `clean` or `hi_gain`.
    pub tone: Option<String>,
    /// Who made the model.
    pub author: Option<String>,
    /// The kind of network.
    pub architecture: String,
    /// Its numbers.
    pub weights: usize,
    /// Multiply-adds a sample.
    pub macs: usize,
    /// Sizes to choose from; 1 for a model that is not slimmable.
    pub sizes: usize,
    /// In Hz.
    pub sample_rate: Option<f64>,
    /// In dB of RMS.
    pub loudness: Option<f64>,
    /// Level of full scale at the input, in dBu.
    pub input_dbu: Option<f64>,
    /// The same at the output.
    pub output_dbu: Option<f64>,
}

impl Entry {
    /// What is known of the file at `path`, below `root`.
    pub(super) fn new(root: &Path, path: &Path, facts: Facts, cost: Option<f32>) -> Self {
        let Facts { kind, error } = facts;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().and_then(|folder| folder.strip_prefix(root).ok());
        let folder = folder.unwrap_or(Path::new("")).to_string_lossy().into_owned();
        let said = match &kind {
            Kind::Model(facts) => facts.texts(),
            _ => String::new(),
        };
        let text = format!("{stem}\n{folder}\n{said}").to_lowercase();
        Self { path: path.into(), name: stem, folder, kind, error, cost, text }
    }

    /// The model's facts, for a model.
    pub fn model(&self) -> Option<&ModelFacts> {
        match &self.kind {
            Kind::Model(facts) => Some(facts),
            _ => None,
        }
    }

    /// The shape of the sound, for an impulse response.
    pub fn cabinet(&self) -> Option<&wav::Shape> {
        match &self.kind {
            Kind::Cabinet(shape) => Some(shape),
            _ => None,
        }
    }

    /// Whether it belongs among models and not among impulse responses.
    pub fn is_model(&self) -> bool {
        matches!(self.kind, Kind::Model(_) | Kind::Unreadable { model: true })
    }

    /// Share of real time that one channel takes at `rate` Hz, 1 being all of it.
    pub fn load(&self, rate: f32) -> Option<f32> {
        self.cost.map(|cost| cost * 1e-9 * rate)
    }
}

impl ModelFacts {
    /// Of a file that was not run.
    fn of_graph(found: onnx::Description) -> Self {
        Self {
            name: found.name.map(|name| name.trim().chars().take(MAX_TEXT).collect()),
            gear: None,
            gear_type: None,
            tone: None,
            author: None,
            architecture: "ONNX graph".into(),
            weights: found.weights,
            macs: found.weights,
            sizes: 1,
            sample_rate: found.sample_rate,
            loudness: None,
            input_dbu: None,
            output_dbu: None,
        }
    }

    fn of(model: &nn::Model) -> Self {
        let metadata = model.metadata();
        let text = |text: &Option<String>| {
            let text: String = text.as_deref()?.trim().chars().take(MAX_TEXT).collect();
            (!text.is_empty()).then_some(text)
        };
        let gear = match (text(&metadata.gear_make), text(&metadata.gear_model)) {
            (Some(make), Some(model)) => Some(format!("{make} {model}")),
            (make, model) => make.or(model),
        };
        Self {
            name: text(&metadata.name),
            gear,
            gear_type: text(&metadata.gear_type),
            tone: text(&metadata.tone_type),
            author: text(&metadata.modeled_by),
            architecture: model.architecture().into(),
            weights: model.weights(),
            macs: model.macs(),
            sizes: model.qualities().len() + 1,
            sample_rate: model.sample_rate(),
            loudness: metadata.loudness,
            input_dbu: metadata.input_level_dbu,
            output_dbu: metadata.output_level_dbu,
        }
    }

    fn texts(&self) -> String {
        let texts = [&self.name, &self.gear, &self.gear_type, &self.tone, &self.author];
        let texts = texts.into_iter().flatten().map(String::as_str);
        texts.chain([self.architecture.as_str()]).collect::<Vec<_>>().join("\n")
    }

    /// What decides how much it costs.
    pub(super) fn cost_key(&self) -> String {
        format!("{} {} {}", self.architecture, self.weights, self.macs)
    }

    /// Whether it says at what level it was made.
    pub fn is_calibrated(&self) -> bool {
        self.input_dbu.is_some() && self.output_dbu.is_some()
    }
}

/// What a file was found to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) kind: Kind,
    pub(super) error: Option<String>,
}

/// Reads a file; also hands out the model, to measure it.
pub(super) fn read(path: &Path) -> (Facts, Option<nn::Model>) {
    let is_model = files::is_model(path);
    let refuse = |why: String| {
        let error = Some(why.chars().take(2 * MAX_TEXT).collect());
        Facts { kind: Kind::Unreadable { model: is_model }, error }
    };
    if !is_model {
        let shape = std::fs::File::open(path)
            .map_err(|e| e.to_string())
            .and_then(|file| wav::read(&mut std::io::BufReader::new(file)));
        return match shape {
            Ok(shape) => (Facts { kind: Kind::Cabinet(shape), error: None }, None),
            Err(why) => (refuse(why), None),
        };
    }
    let bytes = fx::preset::read_file(path);
    if files::is_graph(path) {
        // To know more it would have to be run.
        let found = bytes.and_then(|bytes| onnx::describe(&bytes).map_err(|e| e.to_string()));
        return match found {
            Ok(found) => {
                let kind = Kind::Model(Box::new(ModelFacts::of_graph(found)));
                (Facts { kind, error: None }, None)
            }
            Err(why) => (refuse(why), None),
        };
    }
    match bytes.and_then(|bytes| engines::model(&bytes)) {
        Ok(model) => {
            let kind = Kind::Model(Box::new(ModelFacts::of(&model)));
            (Facts { kind, error: None }, Some(model))
        }
        // Models share this ending with everything there is.
        Err(_) if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) => {
            (Facts { kind: Kind::Other, error: None }, None)
        }
        Err(why) => (refuse(why), None),
    }
}

/// What changes when a file does: its size, and when it was written, in
/// nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp(u64, u64);

impl Stamp {
    pub(super) fn of(metadata: &std::fs::Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Self(metadata.len(), modified.map_or(0, |at| at.as_nanos() as u64))
    }
}
