//! The player's presets, as files, and the factory's.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use fx::preset::{self, Stored};
use serde::Deserialize;

use crate::disk;
use crate::instance::Snapshot;

/// Presets of a folder that are listed at most.
const MOST: usize = 5000;

/// Which preset.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    /// The factory's, by its number.
    Factory(usize),
    /// A file of the player's.
    User(PathBuf),
}

/// A preset, in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// Who made it.
    pub author: String,
    /// What it is for.
    pub category: String,
    /// Why it cannot be read.
    pub error: Option<String>,
}

/// What can be asked of the background thread about presets.
#[derive(Clone)]
pub enum PresetTask<P> {
    /// Read the list anew.
    List,
    /// Load one; the session takes it up in its next frame.
    Load(Id),
    /// Save one under its name, in place of another of that name if so said.
    Save(Box<P>, Overwrite),
    /// Give a preset of the player's another name.
    Rename(PathBuf, String),
    /// Delete a preset of the player's.
    Delete(PathBuf),
}

/// Whether a file of the same name may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// It may.
    Yes,
    /// It is an error.
    No,
}

/// A preset that was loaded, on its way to the session.
pub(crate) struct Loaded<S> {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) snapshot: S,
}

/// What the editor shows of presets.
#[derive(Clone, Default)]
pub struct PresetStatus {
    /// The factory's, then the player's, by name.
    pub list: Arc<Vec<Entry>>,
    /// Why the last wish could not be fulfilled.
    pub error: Option<String>,
    /// The file that was saved or renamed last.
    pub saved: Option<PathBuf>,
    /// Something is under way.
    pub busy: bool,
}

/// The presets of one plugin instance. A clone is another handle to the same.
pub struct Presets<S>(Arc<Inner<S>>);

impl<S> Clone for Presets<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Inner<S> {
    folder: PathBuf,
    state: Mutex<State<S>>,
}

struct State<S> {
    status: PresetStatus,
    loaded: Option<Loaded<S>>,
    /// What was read of each file, for as long as it stays the same.
    known: HashMap<PathBuf, (Stamp, Entry)>,
}

/// What changes when a file does.
type Stamp = (u64, Option<SystemTime>);

/// As much of a preset as a list shows; the rest is passed over unread.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    format: String,
    name: String,
    author: String,
    category: String,
}

impl<S: Snapshot> Presets<S> {
    /// Those in `folder`, which need not exist.
    pub fn new(folder: PathBuf) -> Self {
        let status = PresetStatus::default();
        let state = State { status, loaded: None, known: HashMap::new() };
        Self(Arc::new(Inner { folder, state: Mutex::new(state) }))
    }

    /// What there is to say now.
    pub fn status(&self) -> PresetStatus {
        self.state().status.clone()
    }

    /// The error was read.
    pub fn dismiss(&self) {
        self.state().status.error = None;
    }

    /// The file that was saved last, once.
    pub fn take_saved(&self) -> Option<PathBuf> {
        self.state().status.saved.take()
    }

    pub(crate) fn take_loaded(&self) -> Option<Loaded<S>> {
        self.state().loaded.take()
    }

    /// Does what a task asks, on this thread.
    pub fn run(&self, task: PresetTask<S::Preset>) {
        self.state().status.busy = true;
        let result = match task {
            PresetTask::List => Ok(None),
            PresetTask::Load(id) => self.load(id).map(|()| None),
            PresetTask::Save(preset, overwrite) => self.save(&preset, overwrite).map(Some),
            PresetTask::Rename(path, name) => self.rename(&path, &name).map(Some),
            PresetTask::Delete(path) => self.delete(&path).map(|()| None),
        };
        let list = Arc::new(self.list());
        let mut state = self.state();
        state.status.list = list;
        state.status.busy = false;
        match result {
            Ok(saved) => {
                state.status.error = None;
                state.status.saved = saved.or(state.status.saved.take());
            }
            Err(why) => state.status.error = Some(why),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self, id: Id) -> Result<(), String> {
        let (name, preset) = match &id {
            Id::Factory(number) => {
                let presets = S::Preset::factory();
                let preset = presets.get(*number).ok_or("There is no such factory preset.")?;
                (preset.name().to_owned(), preset.clone())
            }
            Id::User(path) => {
                let preset: S::Preset = read(path)?;
                let said = Some(preset.name().to_owned()).filter(|name| !name.is_empty());
                (said.unwrap_or_else(|| stem(path)), preset)
            }
        };
        let snapshot = S::from_preset(&preset)
            .map_err(|why| format!("The preset {name} was not loaded: {why}."))?;
        self.state().loaded = Some(Loaded { id, name, snapshot });
        Ok(())
    }

    fn save(&self, preset: &S::Preset, overwrite: Overwrite) -> Result<PathBuf, String> {
        let path = self.path(preset.name())?;
        if overwrite == Overwrite::No && path.exists() {
            return Err(format!("There is a preset {} already.", preset.name().trim()));
        }
        write(&path, preset)?;
        Ok(path)
    }

    fn rename(&self, path: &Path, name: &str) -> Result<PathBuf, String> {
        self.check(path)?;
        let to = self.path(name)?;
        let mut preset: S::Preset = read(path)?;
        preset.set_name(name.trim());
        // On some file systems names that differ only in case are one file.
        let same = to == path || fs::canonicalize(&to).ok() == fs::canonicalize(path).ok();
        if to.exists() && !same {
            return Err(format!("There is a preset {} already.", name.trim()));
        }
        write(&to, &preset)?;
        if !same {
            fs::remove_file(path)
                .map_err(|e| format!("{} cannot be removed: {e}", path.display()))?;
        }
        Ok(to)
    }

    fn delete(&self, path: &Path) -> Result<(), String> {
        self.check(path)?;
        // One click does it, so the file stays for who finds it was the wrong one.
        fs::rename(path, path.with_extension("json.deleted"))
            .map_err(|e| format!("{} cannot be deleted: {e}", path.display()))
    }

    /// Refuses what is no preset of ours, so that nothing else is harmed.
    fn check(&self, path: &Path) -> Result<(), String> {
        let ours = path.parent() == Some(&*self.0.folder) && is_preset(path);
        ours.then_some(()).ok_or_else(|| format!("{} is no preset of yours.", path.display()))
    }

    fn path(&self, name: &str) -> Result<PathBuf, String> {
        let stem = disk::file_stem(name).ok_or("A preset needs a name.")?;
        Ok(self.0.folder.join(stem + ".json"))
    }

    fn list(&self) -> Vec<Entry> {
        let factory = S::Preset::factory().iter().enumerate().map(|(i, preset)| {
            let [name, author, category] =
                [preset.name(), preset.author(), preset.category()].map(str::to_owned);
            Entry { id: Id::Factory(i), name, author, category, error: None }
        });
        let mut known = std::mem::take(&mut self.state().known);
        let files = fs::read_dir(&self.0.folder).into_iter().flatten().flatten();
        let mut found = HashMap::new();
        for path in files.map(|file| file.path()).filter(|path| is_preset(path)).take(MOST) {
            let stamp = stamp(&path);
            let entry = match known.remove(&path) {
                Some((before, entry)) if before == stamp => entry,
                _ => entry::<S::Preset>(&path),
            };
            found.insert(path, (stamp, entry));
        }
        let mut user: Vec<Entry> = found.values().map(|(_, entry)| entry.clone()).collect();
        user.sort_by_cached_key(|entry| (entry.name.to_lowercase(), entry.name.clone()));
        self.state().known = found;
        factory.chain(user).collect()
    }
}

fn is_preset(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok();
    (metadata.as_ref().map_or(0, fs::Metadata::len), metadata.and_then(|m| m.modified().ok()))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn read<P: Stored>(path: &Path) -> Result<P, String> {
    let name = stem(path);
    let refuse = |why: String| format!("The preset {name} was not loaded: {why}.");
    let bytes = preset::read_at_most(path, preset::MAX_BYTES).map_err(refuse)?;
    P::load(&bytes).map_err(|why| refuse(why.to_string()))
}

/// Refuses what could not be read back.
fn write<P: Stored>(path: &Path, preset: &P) -> Result<(), String> {
    let json = preset.to_json();
    if json.len() > preset::MAX_BYTES {
        let (name, most) = (preset.name().trim(), preset::MAX_BYTES >> 20);
        return Err(format!(
            "The preset {name} was not saved: with its files it is larger than {most} MiB."
        ));
    }
    disk::write(path, json.as_bytes())
}

fn entry<P: Stored>(path: &Path) -> Entry {
    let read = preset::read_at_most(path, preset::MAX_BYTES).and_then(|bytes| {
        let head: Head = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
        match head.format.as_str() {
            format if format == P::FORMAT => Ok(head),
            _ => Err("it is not a preset file".into()),
        }
    });
    let (head, error) = match read {
        Ok(head) => (head, None),
        Err(why) => (Head::default(), Some(why)),
    };
    let short = |text: String| text.trim().chars().take(200).collect::<String>();
    let name = Some(short(head.name)).filter(|name| !name.is_empty());
    Entry {
        id: Id::User(path.to_owned()),
        name: name.unwrap_or_else(|| stem(path)),
        author: short(head.author),
        category: short(head.category),
        error,
    }
}
