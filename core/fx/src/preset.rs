//! Preset files: all that a player may set, with the files it was set for.
//!
//! A preset is JSON that the plugin and the command line read alike. It holds
//! its models and impulse responses, compressed, so that it sounds the same on a
//! computer that has none of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::amp::Params;
use crate::factory::{self, Item};

/// Bytes of the largest preset file that is read.
pub const MAX_BYTES: usize = 64 << 20;

/// Bytes of the largest file that a preset holds.
pub const MAX_FILE_BYTES: usize = nn::Model::MAX_BYTES;

/// What the files call themselves.
pub const FORMAT: &str = "kiln-amp-preset";

/// The newest version that is understood, and the one that is written.
const VERSION: u64 = 1;

/// Values a preset file holds at most: what holds a thousand times as many as ours
/// would take many times its size in memory.
const MAX_VALUES: usize = 100_000;

/// Characters of the longest name, author or category; more is cut off.
const MAX_TEXT: usize = 200;

/// A whole preset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preset {
    /// What it is called.
    pub name: String,
    /// Who made it.
    pub author: String,
    /// What it is for, as in `Clean`.
    pub category: String,
    /// Anything else.
    pub notes: String,
    /// What the player set.
    pub params: Params,
    /// How many times the host's rate the models run at: 1, 2 or 4.
    pub oversampling: u32,
    /// The models.
    pub models: [Option<Asset>; 2],
    /// The impulse responses.
    pub cabinets: [Option<Asset>; 2],
    /// What a newer version may have added, so that passing through us does not lose it.
    #[serde(flatten)]
    pub others: BTreeMap<String, Value>,
    /// The parameters as they were read, for the same reason.
    #[serde(skip)]
    pub params_read: Map<String, Value>,
}

/// Preset files of one kind, as lists and folders see them.
pub trait Stored: Clone + Send + Sync + Sized + 'static {
    /// What the files call themselves.
    const FORMAT: &'static str;

    /// Reads one.
    ///
    /// # Errors
    /// Says what was expected and found.
    fn load(bytes: &[u8]) -> Result<Self, Error>;

    /// As a file.
    fn to_json(&self) -> String;

    /// What it is called.
    fn name(&self) -> &str;

    /// Calls it otherwise.
    fn set_name(&mut self, name: &str);

    /// Who made it.
    fn author(&self) -> &str;

    /// What it is for.
    fn category(&self) -> &str;

    /// Those that are built in.
    fn factory() -> &'static [Self];
}

/// A file of a preset: what is built in under an id, or a copy, a path, or both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asset {
    /// The id of what is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factory: Option<String>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the file lay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The file itself, as [`pack`] makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// What a newer version may have added.
    #[serde(flatten)]
    pub others: BTreeMap<String, Value>,
}

/// Why a preset could not be read, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl Default for Preset {
    fn default() -> Self {
        Self {
            name: String::new(),
            author: String::new(),
            category: String::new(),
            notes: String::new(),
            params: Params::default(),
            oversampling: 1,
            models: [None, None],
            cabinets: [None, None],
            others: BTreeMap::new(),
            params_read: Map::new(),
        }
    }
}

impl Preset {
    /// Reads a preset file. Parameters outside their ranges come back within.
    ///
    /// # Errors
    /// Says what was expected and found.
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        let json = open(bytes, FORMAT, "Kiln Amp")?;
        let read = json.get("params").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut preset: Self =
            serde_json::from_value(Value::Object(json)).map_err(|e| damaged(&e))?;
        if !matches!(preset.oversampling, 1 | 2 | 4) {
            let words =
                format!("expected an oversampling of 1, 2 or 4, found {}", preset.oversampling);
            return Err(Error(words));
        }
        shorten([&mut preset.name, &mut preset.author, &mut preset.category]);
        preset.params = preset.params.sane();
        preset.params_read = read;
        Ok(preset)
    }

    /// The preset as a file.
    pub fn to_json(&self) -> String {
        close(serde_json::json!(self), FORMAT, &self.params_read)
    }
}

/// What is in a preset file, but for its head: one of the format `expected`, of
/// `product`.
pub(crate) fn open(
    bytes: &[u8],
    expected: &str,
    product: &str,
) -> Result<Map<String, Value>, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error(format!("it is larger than {} MiB", MAX_BYTES >> 20)));
    }
    // Before any of it is parsed. The copies hold none of these, being base64.
    if bytes.iter().filter(|byte| b",:[{".contains(byte)).count() > MAX_VALUES {
        let words = format!("it is not a preset file: expected at most {MAX_VALUES} values");
        return Err(Error(words));
    }
    let not_json = |e| Error(format!("it is not a preset file: expected JSON, found {e}"));
    let mut json: Map<String, Value> = serde_json::from_slice(bytes).map_err(not_json)?;
    let format = json.remove("format");
    if format.as_ref().and_then(Value::as_str) != Some(expected) {
        let found = format.map_or("none".into(), |format| shortened(&format.to_string(), 60));
        let words = format!("it is not a preset file: expected format {expected:?}, found {found}");
        return Err(Error(words));
    }
    match json.remove("version").as_ref().and_then(Value::as_u64) {
        Some(1..=VERSION) => {}
        Some(newer) if newer > VERSION => {
            return Err(Error(format!(
                "it is of version {newer}, made by a newer {product}; expected at most {VERSION}"
            )));
        }
        found => return Err(Error(format!("expected a version, found {found:?}"))),
    }
    Ok(json)
}

/// The file of what is in `json`, with what `read` has more among its parameters.
pub(crate) fn close(mut json: Value, format: &str, read: &Map<String, Value>) -> String {
    json["format"] = format.into();
    json["version"] = VERSION.into();
    keep(&mut json["params"], &Value::Object(read.clone()));
    let mut text = format!("{json:#}");
    text.push('\n');
    text
}

/// Leaves of texts no more than anyone reads.
pub(crate) fn shorten(texts: [&mut String; 3]) {
    for text in texts {
        *text = shortened(text.trim(), MAX_TEXT);
    }
}

/// What is wrong with a preset that was opened.
pub(crate) fn damaged(error: &serde_json::Error) -> Error {
    Error(format!("it is damaged: {}", shortened(&error.to_string(), 200)))
}

impl Stored for Preset {
    const FORMAT: &'static str = FORMAT;

    fn load(bytes: &[u8]) -> Result<Self, Error> {
        Self::load(bytes)
    }

    fn to_json(&self) -> String {
        self.to_json()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn set_name(&mut self, name: &str) {
        self.name = name.into();
    }

    fn author(&self) -> &str {
        &self.author
    }

    fn category(&self) -> &str {
        &self.category
    }

    fn factory() -> &'static [Self] {
        factory::presets()
    }
}

/// Adds to `json` what is in `before` and not in it, at any depth.
fn keep(json: &mut Value, before: &Value) {
    match (json, before) {
        (Value::Object(json), Value::Object(before)) => {
            for (key, before) in before {
                match json.get_mut(key) {
                    Some(json) => keep(json, before),
                    None => drop(json.insert(key.clone(), before.clone())),
                }
            }
        }
        (Value::Array(json), Value::Array(before)) => {
            json.iter_mut().zip(before).for_each(|(json, before)| keep(json, before));
        }
        _ => {}
    }
}

/// At most `most` characters of `text`.
fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

impl Asset {
    /// What is built in under `id`.
    pub fn factory(id: &str) -> Self {
        Self { factory: Some(id.into()), ..Self::default() }
    }

    /// A file with a copy of it. `name` is for people.
    pub fn file(name: &str, path: Option<&Path>, bytes: &[u8]) -> Self {
        Self {
            name: Some(name.into()),
            path: path.map(|path| path.to_string_lossy().into_owned()),
            copy: Some(pack(bytes)),
            ..Self::default()
        }
    }

    /// What it is called, if that is said.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref().or_else(|| self.built_in().map(|item| item.name))
    }

    /// The file: what is built in, else the copy, else what lies at the path.
    ///
    /// # Errors
    /// Says in words why it could not be had.
    pub fn bytes(&self) -> Result<Cow<'static, [u8]>, Error> {
        match (&self.factory, &self.copy, &self.path) {
            (Some(id), ..) => match self.built_in() {
                Some(item) => Ok(item.bytes.into()),
                None => Err(Error(format!("there is no factory file {:?}", shortened(id, 60)))),
            },
            (_, Some(copy), _) => unpack(copy).map(Into::into),
            (.., Some(path)) => read_file(Path::new(path)).map(Into::into).map_err(Error),
            _ => Err(Error("expected a factory id, a copy or a path, found none".into())),
        }
    }

    fn built_in(&self) -> Option<&'static Item> {
        let id = self.factory.as_deref()?;
        let files = [factory::model, factory::cabinet, factory::reverb, factory::drive];
        files.into_iter().find_map(|find| find(id))
    }
}

/// A file as it is kept in presets and projects: zlib in base64.
pub fn pack(file: &[u8]) -> String {
    BASE64_STANDARD.encode(compress_to_vec_zlib(file, 6))
}

/// The file of [`pack`].
///
/// # Errors
/// Says in words what is wrong; never takes more than [`MAX_FILE_BYTES`].
pub fn unpack(copy: &str) -> Result<Vec<u8>, Error> {
    if copy.len() > 2 * MAX_FILE_BYTES {
        return Err(Error("the copy of it is too large".into()));
    }
    let damaged = || Error("the copy of it is damaged".into());
    let packed = BASE64_STANDARD.decode(copy).map_err(|_| damaged())?;
    decompress_to_vec_zlib_with_limit(&packed, MAX_FILE_BYTES).map_err(|_| damaged())
}

/// The whole of a model or sound file.
///
/// # Errors
/// Says in words why it could not be had.
pub fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    read_at_most(path, MAX_FILE_BYTES)
}

/// The whole of a file that is no larger than `most` bytes.
///
/// # Errors
/// Says in words why it could not be had.
pub fn read_at_most(path: &Path, most: usize) -> Result<Vec<u8>, String> {
    use std::io::{ErrorKind, Read};

    let refuse = |e: std::io::Error| match e.kind() {
        ErrorKind::NotFound => "the file is not there".to_owned(),
        ErrorKind::PermissionDenied => "this user may not read the file".to_owned(),
        _ => e.to_string(),
    };
    // A pipe or device could keep us waiting for ever.
    if !std::fs::metadata(path).map_err(refuse)?.is_file() {
        return Err("it is not a file".into());
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(refuse)?;
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(refuse)?;
    if bytes.len() > most {
        return Err(format!("it is larger than {} MiB", most >> 20));
    }
    Ok(bytes)
}

#[cfg(test)]
#[path = "preset_tests.rs"]
mod tests;
