//! Where models come from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fx::{factory, preset};
use shell::follow::{Sent, hash};
use shell::path::PathText;

use crate::saved::{Record, Saved};

/// What plays where nothing was chosen.
pub const FIRST: &str = "overdrive";

/// Where a model came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built in, by its id.
    Factory(&'static str),
    /// A file.
    File(PathBuf),
    /// The copy in a project or preset, of a file if that is known.
    Project(Option<PathBuf>),
}

impl Source {
    /// The file, if there is or was one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Project(path) => path.as_deref(),
            Self::Factory(_) => None,
        }
    }
}

/// A model that can be played.
#[derive(Clone)]
pub struct Content {
    /// What it is called.
    pub name: String,
    /// Where it came from.
    pub source: Source,
    /// The network.
    pub model: Arc<nn::Model>,
    /// Whether it can be integrated from sample to sample
    /// ([`Quality::antiderivative`](fx::drive::Quality)).
    pub integrable: bool,
    /// What its file is told by: see [`hash`](shell::follow::hash). None where it is built in.
    pub(crate) hash: Option<String>,
}

impl Content {
    fn new(name: String, source: Source, model: Arc<nn::Model>, hash: Option<String>) -> Self {
        // One that states a rate runs there as it is.
        let integrable = model.follows_rate() && model.antiderivative().is_some();
        Self { name, source, model, integrable, hash }
    }
}

/// A model or nothing, and what is saved of it.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) content: Option<Arc<Content>>,
    pub(crate) record: Arc<Record>,
}

impl Loaded {
    pub(crate) fn nothing() -> Self {
        Self { content: None, record: Arc::new(Record::Whole(Saved::nothing())) }
    }

    fn new(content: Content, record: Record) -> Self {
        Self { content: Some(Arc::new(content)), record: Arc::new(record) }
    }
}

/// The name of the file at `path`.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// What is built in under `id`.
pub(crate) fn from_factory(id: &str) -> Result<Loaded, String> {
    Ok(Loaded::new(built_in(id)?, Record::Whole(Saved::factory(id))))
}

fn built_in(id: &str) -> Result<Content, String> {
    let item = factory::drive(id).ok_or_else(|| format!("there is no factory drive {id:?}"))?;
    let (name, source) = (item.name.to_owned(), Source::Factory(item.id));
    Ok(Content::new(name, source, read(item.bytes)?, None))
}

/// What plays where nothing was chosen.
pub(crate) fn first() -> Result<Loaded, String> {
    from_factory(FIRST)
}

/// What is in a file.
pub(crate) fn from_file(path: &Path) -> Result<Loaded, String> {
    let bytes = preset::read_file(path)?;
    let model = read(&bytes)?;
    Ok(of_file(path, model, &bytes, hash(&bytes), Saved::default()))
}

/// What came in a file that is followed, whose bytes have that hash.
pub(crate) fn from_live(path: &Path, sent: Sent, hash: String) -> Loaded {
    let saved = Saved { follow: true, ..Saved::default() };
    of_file(path, Arc::new(sent.model), &sent.bytes, hash, saved)
}

fn of_file(path: &Path, model: Arc<nn::Model>, bytes: &[u8], hash: String, saved: Saved) -> Loaded {
    let (path_text, copy) = (Some(PathText::from(path)), Some(preset::pack(bytes)));
    let saved = Saved { path: path_text, copy, ..saved };
    let (name, source) = (named(&model, None, Some(path)), Source::File(path.into()));
    Loaded::new(Content::new(name, source, model, Some(hash)), Record::Whole(saved))
}

/// What a project or preset saved: what is built in, else the copy, for that is the sound
/// that was saved whatever became of the file, else the file.
pub(crate) fn from_record(record: &Record) -> Result<Loaded, String> {
    let Record::Whole(saved) = record else {
        return Err("what the project holds of it is damaged".into());
    };
    let kept = |content| Loaded::new(content, record.clone());
    if saved.empty {
        return Ok(Loaded { content: None, record: Arc::new(record.clone()) });
    }
    if let Some(id) = &saved.factory {
        return Ok(kept(built_in(id)?));
    }
    let path = saved.path.as_ref().map(PathText::path);
    match (&saved.copy, path) {
        (None, None) => Ok(kept(built_in(FIRST)?)),
        (None, Some(path)) => from_saved_file(&path, saved),
        (Some(copy), path) => {
            let bytes = preset::unpack(copy).map_err(|e| e.to_string());
            match (bytes.and_then(|bytes| Ok((read(&bytes)?, hash(&bytes)))), path) {
                (Ok((model, hash)), path) => {
                    let name = named(&model, saved.name.as_deref(), path.as_deref());
                    Ok(kept(Content::new(name, Source::Project(path), model, Some(hash))))
                }
                (Err(_), Some(path)) if path.is_file() => from_saved_file(&path, saved),
                (Err(why), _) => Err(why),
            }
        }
    }
}

/// The file of a record that has no copy which could be read, and what else is in it.
fn from_saved_file(path: &Path, saved: &Saved) -> Result<Loaded, String> {
    let Loaded { content, record } = from_file(path)?;
    let mut now = (*record).clone();
    if let Record::Whole(now) = &mut now {
        now.follow = saved.follow;
        now.others.clone_from(&saved.others);
    }
    Ok(Loaded { content, record: Arc::new(now) })
}

fn read(bytes: &[u8]) -> Result<Arc<nn::Model>, String> {
    onnx::open(bytes).map(Arc::new).map_err(|e| e.to_string())
}

/// What a model calls itself, else what it was called before, else its file.
fn named(model: &nn::Model, said: Option<&str>, path: Option<&Path>) -> String {
    let stem = path.and_then(Path::file_stem).map(|stem| stem.to_string_lossy());
    let names = [model.metadata().name.as_deref(), said, stem.as_deref()];
    let name = names.into_iter().flatten().map(str::trim).find(|name| !name.is_empty());
    name.unwrap_or("Untitled").chars().take(200).collect()
}
