//! Loading models, and what there is to say about the one that plays.
//!
//! Files are read and networks built on a background thread or, where a host
//! restores a project, on the thread that asks. The audio thread meets the result
//! in its slot and never waits for anything here.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atomic_float::AtomicF32;
use fx::{Loader, Pair};
use nice_plug::params::persist::PersistentField;
use nice_plug_egui::RepaintNotifier;

use crate::files::{self, Listing};
use crate::saved::{self, PathText, Record, Saved};

/// The model that plays until the player chooses one.
const FACTORY: &[u8] = include_bytes!("../../../assets/kiln-crunch.nam");

/// What can be asked of the background thread.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// Play the model in a file.
    Open(PathBuf),
    /// Play the factory model.
    Factory,
    /// Play the model so many places on in the folder of the present one.
    Step(isize),
    /// Read a folder for the browser.
    List(PathBuf),
    /// Compare a project's copy with the file it was made from.
    Check,
}

/// Where the sound that plays comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Built in.
    Factory,
    /// A file, read from this path.
    File(PathBuf),
    /// The copy in the project; the path is where its file lay.
    Project(Option<PathBuf>),
}

impl Source {
    /// The file, wherever its content was read from.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Source::Factory => None,
            Source::File(path) => Some(path),
            Source::Project(path) => path.as_deref(),
        }
    }
}

/// The model that plays.
#[derive(Clone)]
pub struct Playing {
    /// Where it comes from.
    pub source: Source,
    /// A name for people.
    pub name: String,
    /// The model itself.
    pub model: nn::Model,
    /// Samples of input that shape an output.
    pub receptive_field: usize,
}

/// All the editor shows of the model.
#[derive(Clone, Default)]
pub struct Status {
    /// What plays; nothing before the plugin is first activated.
    pub playing: Option<Playing>,
    /// Name of what is being loaded.
    pub loading: Option<String>,
    /// Why the last wish could not be fulfilled.
    pub error: Option<String>,
    /// Something worth knowing that stops nothing.
    pub notice: Option<String>,
    /// The folder last read.
    pub listing: Arc<Listing>,
}

/// The models of one plugin instance. A clone is another handle to the same.
#[derive(Clone)]
pub struct Models(Arc<Inner>);

struct Inner {
    loader: Loader<Pair>,
    state: Mutex<State>,
    host_rate: AtomicF32,
    repaint: RepaintNotifier,
}

#[derive(Default)]
struct State {
    status: Status,
    /// What is saved for the model that plays.
    saved: Saved,
    /// A project's record that could not be played. It is saved in place of
    /// `saved` until the player chooses a model, so that nothing of it is lost.
    unplayed: Option<Record>,
    /// Whether a [`Task::Check`] would tell something new.
    unchecked: bool,
    /// Counts wishes, so that one that took long cannot undo a later one.
    wishes: u64,
}

impl Models {
    /// Models for the slot of `loader`; nothing is loaded yet. `repaint` is told
    /// of all that changes.
    pub fn new(loader: Loader<Pair>, repaint: RepaintNotifier) -> Self {
        Self(Arc::new(Inner {
            loader,
            state: Mutex::default(),
            host_rate: AtomicF32::new(0.0),
            repaint,
        }))
    }

    /// Does what a [`Task`] asks, on this thread.
    pub fn run(&self, task: Task) {
        match task {
            Task::Open(path) => self.open(&path),
            Task::Factory => self.factory(),
            Task::Step(step) => self.step(step),
            Task::List(folder) => self.list(&folder),
            Task::Check => self.check(),
        }
        if self.host_rate() > 0.0 {
            // The host plays already, and what was asked for may have failed.
            self.ensure();
        }
        self.collect();
        self.0.repaint.request_repaint();
    }

    /// Plays the factory model if nothing plays or is about to. This is no choice
    /// of the player's: what is saved and what is wrong stay as they are.
    pub fn ensure(&self) {
        let idle = |state: &State| state.status.playing.is_none() && state.status.loading.is_none();
        if !idle(&self.state()) {
            return;
        }
        let loaded = build(FACTORY, Source::Factory);
        let mut state = self.state();
        match loaded {
            // Another thread may have loaded one meanwhile.
            Ok((pair, playing)) if idle(&state) => {
                state.status.playing = Some(playing);
                self.0.loader.offer(pair);
            }
            Ok(_) => {}
            Err(why) => state.status.error = Some(not_loaded("the factory model", &why)),
        }
    }

    /// Frees the model that was replaced last, if it waits for that.
    pub fn collect(&self) {
        self.0.loader.collect();
    }

    /// What there is to say now.
    pub fn status(&self) -> Status {
        self.state().status.clone()
    }

    /// The folder to start browsing in.
    pub fn folder(&self) -> PathBuf {
        let folder = self.state().saved.folder.as_ref().map(PathText::path);
        folder.filter(|folder| folder.is_dir()).unwrap_or_else(home)
    }

    /// Whether to ask for a [`Task::Check`]; says so once.
    pub fn take_unchecked(&self) -> bool {
        std::mem::take(&mut self.state().unchecked)
    }

    /// The error was read.
    pub fn dismiss(&self) {
        let mut state = self.state();
        state.status.error = None;
        state.status.notice = None;
    }

    /// The rate the host runs at, in Hz; 0 before it said so.
    pub fn host_rate(&self) -> f32 {
        self.0.host_rate.load(Relaxed)
    }

    /// Takes note of the rate the host runs at, in Hz.
    pub fn set_host_rate(&self, rate: f32) {
        self.0.host_rate.store(rate, Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn factory(&self) {
        let wish = self.wish("the factory model");
        let saved = Saved { folder: self.state().saved.folder.clone(), ..Saved::default() };
        self.fulfil(wish, build(FACTORY, Source::Factory).map(|loaded| (loaded, saved)), None);
    }

    fn open(&self, path: &Path) {
        let wish = self.wish(&file_name(path));
        self.fulfil(wish, from_file(path), None);
    }

    fn step(&self, step: isize) {
        let playing = self.status().playing;
        let current = playing.as_ref().and_then(|playing| playing.source.path());
        let folder = current.and_then(Path::parent).filter(|folder| folder.is_dir());
        let listing = Listing::read(&folder.map_or_else(|| self.folder(), Path::to_owned));
        match listing.step(current, step) {
            Some(path) => self.open(&path),
            None => {
                let words = format!("There are no models in {}.", listing.folder.display());
                self.state().status.error = Some(words);
            }
        }
    }

    fn list(&self, folder: &Path) {
        let listing = Arc::new(Listing::read(folder));
        let mut state = self.state();
        if listing.error.is_none() {
            state.saved.folder = Some(folder.into());
        }
        state.status.listing = listing;
    }

    /// Plays what a project saved.
    fn restore(&self, record: Record) {
        let name = match &record {
            Record::Whole(Saved { path: Some(path), .. }) => file_name(&path.path()),
            _ => "the model of this project".into(),
        };
        let wish = self.wish(&name);
        self.fulfil(wish, from_record(&record), Some(record));
        self.0.repaint.request_repaint();
    }

    /// Says so where the file of a restored project is gone or another by now.
    fn check(&self) {
        let (path, copy, wish) = {
            let state = self.state();
            (state.saved.path.clone(), state.saved.copy.clone(), state.wishes)
        };
        let (Some(path), Some(copy)) = (path.as_ref().map(PathText::path), copy) else { return };
        let shown = path.display();
        let notice = match files::read(&path) {
            Err(_) => Some(format!("{shown} is not there. Playing the copy in the project.")),
            Ok(bytes) if saved::unpack(&copy).is_ok_and(|copy| copy == bytes) => None,
            Ok(_) => Some(format!("{shown} has changed. Playing the copy in the project.")),
        };
        let mut state = self.state();
        if state.wishes == wish {
            state.status.notice = notice;
        }
    }

    /// Announces a wish, which is void once another is announced.
    fn wish(&self, name: &str) -> Wish {
        let mut state = self.state();
        state.wishes += 1;
        state.status.loading = Some(name.into());
        self.0.repaint.request_repaint();
        Wish { number: state.wishes, name: name.into() }
    }

    /// Ends a wish; `record` is the project's, where a project made it.
    fn fulfil(&self, wish: Wish, loaded: Result<Loaded, String>, record: Option<Record>) {
        let mut state = self.state();
        if state.wishes != wish.number {
            return;
        }
        state.status.loading = None;
        state.status.notice = None;
        match loaded {
            Ok(((pair, playing), saved)) => {
                state.status.error = None;
                state.unchecked = matches!(playing.source, Source::Project(Some(_)));
                state.status.playing = Some(playing);
                state.saved = saved;
                state.unplayed = None;
                // Under the lock, so that what is said to play is what was offered last.
                self.0.loader.offer(pair);
            }
            Err(why) => {
                state.status.error = Some(not_loaded(&wish.name, &why));
                state.unplayed = record.or(state.unplayed.take());
            }
        }
    }
}

/// Both engines, what there is to say of them, and what a project keeps.
type Loaded = ((Pair, Playing), Saved);

struct Wish {
    number: u64,
    name: String,
}

impl<'a> PersistentField<'a, Record> for Models {
    fn set(&self, record: Record) {
        self.restore(record);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Record) -> R,
    {
        let state = self.state();
        let record = state.unplayed.clone();
        let record = record.unwrap_or_else(|| Record::Whole(state.saved.clone()));
        drop(state);
        f(&record)
    }
}

/// The model in a file.
fn from_file(path: &Path) -> Result<Loaded, String> {
    let bytes = files::read(path)?;
    let saved = Saved {
        path: Some(path.into()),
        copy: Some(saved::pack(&bytes)),
        folder: path.parent().map(Into::into),
        ..Saved::default()
    };
    Ok((build(&bytes, Source::File(path.to_owned()))?, saved))
}

/// The model of a project. The copy comes first: it is the tone that was saved,
/// whatever became of the file.
fn from_record(record: &Record) -> Result<Loaded, String> {
    let Record::Whole(saved) = record else {
        return Err("the project's record of it is damaged".into());
    };
    let path = saved.path.as_ref().map(PathText::path);
    match (&saved.copy, path) {
        (Some(copy), path) => {
            let source = Source::Project(path.clone());
            match (saved::unpack(copy).and_then(|bytes| build(&bytes, source)), path) {
                (Err(_), Some(path)) if path.is_file() => from_file(&path),
                (built, _) => Ok((built?, saved.clone())),
            }
        }
        (None, Some(path)) => from_file(&path),
        (None, None) => Ok((build(FACTORY, Source::Factory)?, saved.clone())),
    }
}

fn not_loaded(name: &str, why: &str) -> String {
    format!("{name} was not loaded: {why}.")
}

/// Both engines of the model in `bytes`.
fn build(bytes: &[u8], source: Source) -> Result<(Pair, Playing), String> {
    let model = nn::Model::load(bytes).map_err(|e| e.to_string())?;
    let left = model.engine();
    let receptive_field = left.receptive_field();
    let pair = Pair::new(left, model.engine());
    let name = source.path().and_then(Path::file_stem).map(|name| name.to_string_lossy());
    let name = match (&source, &model.metadata().name) {
        (Source::Factory, _) => "Kiln Crunch".into(),
        (_, Some(name)) if !name.trim().is_empty() => name.trim().to_owned(),
        _ => name.map_or("Untitled".into(), |name| name.into_owned()),
    };
    Ok((pair, Playing { source, name, model, receptive_field }))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The player's home folder, or the root where there is none.
pub fn home() -> PathBuf {
    std::env::home_dir().filter(|home| home.is_dir()).unwrap_or_else(|| PathBuf::from("/"))
}
