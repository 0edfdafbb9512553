//! Where graphs come from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fdn::{Graph, Kind, Module, Node};
use fx::{factory, preset};
use shell::path::PathText;

use crate::own::Own;
use crate::saved::{Record, Saved};

/// What plays where nothing was chosen.
pub const FIRST: &str = "medium-hall";

/// Where a graph came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built in, by its id.
    Factory(&'static str),
    /// The plugin's own.
    Own,
    /// A file.
    File(PathBuf),
    /// A file that is followed.
    Live(PathBuf),
    /// The copy in a project or preset, of a file if that is known.
    Project(Option<PathBuf>),
}

impl Source {
    /// The file, if there is or was one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Live(path) => Some(path),
            Self::Project(path) => path.as_deref(),
            Self::Factory(_) | Self::Own => None,
        }
    }
}

/// A graph that can be played.
#[derive(Clone, Debug)]
pub struct Content {
    /// What it is called.
    pub name: String,
    /// Where it came from.
    pub source: Source,
    /// As it was designed.
    pub graph: Graph,
    /// Tells it from others of other bytes.
    pub(crate) key: String,
}

impl Content {
    /// Lines that feed back.
    pub fn lines(&self) -> usize {
        lines(&self.graph.root, false)
    }
}

/// A graph, and what is saved of it.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) content: Arc<Content>,
    pub(crate) record: Arc<Record>,
}

/// The name of the file at `path`.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

pub(crate) fn from_factory(id: &str) -> Result<Loaded, String> {
    let item = factory::reverb(id).ok_or_else(|| format!("there is no factory reverb {id:?}"))?;
    let graph = read(item.bytes)?;
    let (name, source) = (item.name.to_owned(), Source::Factory(item.id));
    let key = format!("factory {id}");
    let record = Arc::new(Record::Whole(Saved::factory(item.id)));
    Ok(Loaded { content: Arc::new(Content { name, source, graph, key }), record })
}

pub(crate) fn from_own(own: &Own) -> Result<Loaded, String> {
    let graph = read(&own.graph)?;
    let (name, key) = (own.name.clone(), own.key.clone());
    let content = Content { name, source: Source::Own, graph, key };
    Ok(Loaded { content: Arc::new(content), record: Arc::default() })
}

/// What plays where nothing was chosen.
pub(crate) fn first(own: Option<&Own>) -> Result<Loaded, String> {
    own.map_or_else(|| from_factory(FIRST), from_own)
}

pub(crate) fn from_file(path: &Path) -> Result<Loaded, String> {
    let bytes = preset::read_file(path)?;
    let graph = read(&bytes)?;
    let copy = preset::pack(&bytes);
    let (name, source) = (named(&graph, path), Source::File(path.into()));
    let saved =
        Saved { path: Some(PathText::from(path)), copy: Some(copy.clone()), ..Saved::default() };
    let content = Content { name, source, graph, key: copy };
    Ok(Loaded { content: Arc::new(content), record: Arc::new(Record::Whole(saved)) })
}

/// A graph that a trainer sent, whose file has the hash `key`.
pub(crate) fn from_live(path: &Path, graph: Graph, key: String, allow: bool) -> Loaded {
    let (name, source) = (named(&graph, path), Source::Live(path.into()));
    let saved = Saved { path: Some(PathText::from(path)), follow: true, allow, ..Saved::default() };
    let content = Content { name, source, graph, key };
    Loaded { content: Arc::new(content), record: Arc::new(Record::Whole(saved)) }
}

/// What a project or preset saved: what is built in, else the copy, else the file.
pub(crate) fn from_record(record: &Record, own: Option<&Own>) -> Result<Loaded, String> {
    let Record::Whole(saved) = record else {
        return Err("what the project holds of it is damaged".into());
    };
    let kept = |content| Loaded { content, record: Arc::new(record.clone()) };
    if let Some(id) = &saved.factory {
        return Ok(kept(from_factory(id)?.content));
    }
    let path = saved.path.as_ref().map(PathText::path);
    let Some(copy) = &saved.copy else {
        let Some(path) = path else { return Ok(kept(first(own)?.content)) };
        let Loaded { content, record } = from_file(&path)?;
        let mut now = (*record).clone();
        if let Record::Whole(now) = &mut now {
            (now.follow, now.allow) = (saved.follow, saved.allow);
            now.others.clone_from(&saved.others);
        }
        return Ok(Loaded { content, record: Arc::new(now) });
    };
    let bytes = preset::unpack(copy).map_err(|e| e.to_string())?;
    let graph = read(&bytes)?;
    let said = saved.name.clone().filter(|name| !name.is_empty());
    let name = said.unwrap_or_else(|| named(&graph, path.as_deref().unwrap_or(Path::new(""))));
    let source = Source::Project(path);
    Ok(kept(Arc::new(Content { name, source, graph, key: copy.clone() })))
}

fn read(bytes: &[u8]) -> Result<Graph, String> {
    Graph::load(bytes).map_err(|e| e.to_string())
}

/// What a graph calls itself, or its file.
fn named(graph: &Graph, path: &Path) -> String {
    let own = graph.name.trim();
    if own.is_empty() { file_name(path) } else { own.chars().take(200).collect() }
}

/// Delay lines below `node`, if it is within a loop.
pub(crate) fn lines(node: &Node, looped: bool) -> usize {
    match node.kind() {
        Kind::Series(all) | Kind::Parallel { branches: all, .. } => {
            all.iter().map(|node| lines(node, looped)).sum()
        }
        Kind::Recursion { forward, backward } => lines(forward, true) + lines(backward, true),
        Kind::Module(Module::Delay(delays)) if looped => delays.len(),
        Kind::Module(Module::DelayMatrix(pairs)) if looped => pairs.len(),
        Kind::Module(_) => 0,
    }
}
