//! Where what plays comes from: a file, what is built in, or a project's copy.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fx::{Impulse, factory, preset};
use shell::follow::{Sent, hash};

use crate::engines::{Content, playable};
use crate::places::Place;
use crate::saved::{PathText, Record, Saved};

/// Where the sound that plays comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Built in; its id.
    Factory(&'static str),
    /// A file, read from this path.
    File(PathBuf),
    /// The copy in the project; the path is where its file lay.
    Project(Option<PathBuf>),
}

impl Source {
    /// The file, wherever its content was read from.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Source::Factory(_) => None,
            Source::File(path) => Some(path),
            Source::Project(path) => path.as_deref(),
        }
    }
}

/// What plays at a place.
pub struct Playing {
    /// Where it comes from.
    pub source: Source,
    /// A name for people.
    pub name: String,
    /// What it is.
    pub content: Content,
    /// Samples of input that shape an output of a model.
    pub receptive_field: usize,
    /// What its file is told by: see [`hash`](shell::follow::hash). None where it is built in.
    pub(crate) hash: Option<String>,
}

impl Playing {
    /// The model, where it is one.
    pub fn model(&self) -> Option<&nn::Model> {
        match &self.content {
            Content::Model(model) => Some(model),
            Content::Cabinet(_) => None,
        }
    }

    /// The impulse response, where it is one.
    pub fn impulse(&self) -> Option<&Impulse> {
        match &self.content {
            Content::Model(_) => None,
            Content::Cabinet(impulse) => Some(impulse),
        }
    }
}

/// What a wish leads to: what plays, and what a project keeps of it.
pub(crate) struct Loaded {
    pub(crate) playing: Option<Arc<Playing>>,
    pub(crate) record: Arc<Record>,
}

impl Loaded {
    pub(crate) fn nothing() -> Self {
        Self { playing: None, record: Arc::new(Record::Whole(Saved::nothing())) }
    }

    fn of(playing: Playing, saved: Saved) -> Self {
        Self { playing: Some(Arc::new(playing)), record: Arc::new(Record::Whole(saved)) }
    }
}

/// What plays at `place` before anything was chosen.
pub(crate) fn default(place: Place) -> Option<Result<Loaded, String>> {
    let item = first(place)?;
    let playing = build(place, item.bytes, Source::Factory(item.id), Some(item.name));
    Some(playing.map(|playing| Loaded::of(playing, Saved::factory(item.id))))
}

/// The id of what plays at `place` before anything was chosen.
fn first(place: Place) -> Option<&'static factory::Item> {
    match place {
        Place::Model(0) => factory::model("kiln-crunch"),
        Place::Cabinet(0) => factory::cabinet("kiln-112-open"),
        _ => None,
    }
}

/// What is built in under `id`.
pub(crate) fn from_factory(place: Place, id: &str) -> Result<Loaded, String> {
    let playing = built_in(place, id)?;
    Ok(Loaded::of(playing, Saved::factory(id)))
}

fn built_in(place: Place, id: &str) -> Result<Playing, String> {
    let item = match place {
        Place::Model(_) => factory::model(id),
        Place::Cabinet(_) => factory::cabinet(id),
    };
    let item = item.ok_or_else(|| format!("there is no factory {} {id:?}", place.noun()))?;
    build(place, item.bytes, Source::Factory(item.id), Some(item.name))
}

/// What is in a file.
pub(crate) fn from_file(place: Place, path: &Path) -> Result<Loaded, String> {
    let bytes = preset::read_file(path)?;
    let saved =
        Saved { path: Some(path.into()), copy: Some(preset::pack(&bytes)), ..Saved::default() };
    Ok(Loaded::of(build(place, &bytes, Source::File(path.to_owned()), None)?, saved))
}

/// What came in the file of a model that is followed, whose bytes have that hash.
pub(crate) fn from_live(path: &Path, sent: Sent, hash: String) -> Result<Loaded, String> {
    let saved = Saved {
        path: Some(path.into()),
        copy: Some(preset::pack(&sent.bytes)),
        follow: true,
        ..Saved::default()
    };
    let content = Content::Model(Box::new(playable(sent.model)?));
    let source = Source::File(path.to_owned());
    Ok(Loaded::of(named(content, source, None, Some(hash)), saved))
}

/// What a project holds. The copy comes first: it is the tone that was saved,
/// whatever became of the file.
pub(crate) fn from_record(place: Place, record: &Record) -> Result<Loaded, String> {
    let Record::Whole(saved) = record else {
        return Err("the project's record of it is damaged".into());
    };
    let path = saved.path.as_ref().map(PathText::path);
    let name = saved.name.as_deref();
    let from_file = |path: &Path| from_saved_file(place, path, saved);
    let playing = match (saved, &saved.copy, path) {
        (Saved { empty: true, .. }, _, _) => None,
        (_, Some(copy), path) => {
            let source = Source::Project(path.clone());
            let unpacked = preset::unpack(copy).map_err(|error| error.to_string());
            match (unpacked.and_then(|bytes| build(place, &bytes, source, name)), path) {
                (Err(_), Some(path)) if path.is_file() => return from_file(&path),
                (built, _) => Some(built?),
            }
        }
        (_, None, Some(path)) => return from_file(&path),
        (Saved { factory: Some(id), .. }, None, None) => Some(built_in(place, id)?),
        (_, None, None) if place == Place::Model(0) => {
            first(place).map(|item| built_in(place, item.id)).transpose()?
        }
        _ => None,
    };
    Ok(Loaded { playing: playing.map(Arc::new), record: Arc::new(record.clone()) })
}

/// The file of a record that has no copy which could be read, and whether it is followed.
fn from_saved_file(place: Place, path: &Path, saved: &Saved) -> Result<Loaded, String> {
    let Loaded { playing, record } = from_file(place, path)?;
    let mut now = (*record).clone();
    if let Record::Whole(now) = &mut now {
        now.follow = saved.follow;
    }
    Ok(Loaded { playing, record: Arc::new(now) })
}

/// What is in `bytes`, under the best name there is for it.
fn build(
    place: Place,
    bytes: &[u8],
    source: Source,
    name: Option<&str>,
) -> Result<Playing, String> {
    let content = Content::read(place, bytes)?;
    let hash = matches!((place, &source), (Place::Model(_), Source::File(_) | Source::Project(_)))
        .then(|| hash(bytes));
    Ok(named(content, source, name, hash))
}

/// The same of what was read.
fn named(content: Content, source: Source, name: Option<&str>, hash: Option<String>) -> Playing {
    let (said, receptive_field) = match &content {
        Content::Model(model) => (model.metadata().name.as_deref(), memory(model)),
        Content::Cabinet(_) => (None, 0),
    };
    let stem = source.path().and_then(Path::file_stem).map(|stem| stem.to_string_lossy());
    let built_in = matches!(source, Source::Factory(_));
    let name = name.filter(|_| built_in || said.is_none()).or(said).map(str::trim);
    let name = match (name.filter(|name| !name.is_empty()), stem) {
        (Some(name), _) => name.to_owned(),
        (None, Some(stem)) => stem.into_owned(),
        (None, None) => "Untitled".into(),
    };
    Playing { source, name, content, receptive_field, hash }
}

/// Samples of input that shape an output. An engine beside the audio thread is not built
/// only to be asked.
fn memory(model: &nn::Model) -> usize {
    match model.is_foreign() {
        true => model.foreign_memory().unwrap_or(usize::MAX),
        false => model.engine().receptive_field(),
    }
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
