//! One place: the file it holds, what is loaded into it, and what there is to
//! say of that.
//!
//! Files are read and engines built on a background thread or, where a host
//! restores a project, on the thread that asks. The audio thread meets the result
//! in its slot and never waits for anything here.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fx::{Setup, preset};
use nice_plug::params::persist::PersistentField;
use nn::Watch;
use shell::follow::{Live, Shown};

use crate::engines::{Built, Outlet};
use crate::places::{Place, Shared};
use crate::saved::{PathText, Record, Saved};
use crate::source::{self, Loaded, Playing, Source};

mod follow;

/// All the editor shows of a place.
#[derive(Clone, Default)]
pub struct Status {
    /// What plays; nothing in an empty place, and before the first activation.
    pub playing: Option<Arc<Playing>>,
    /// Name of what is being loaded.
    pub loading: Option<String>,
    /// Why the last wish could not be fulfilled.
    pub error: Option<String>,
    /// Something worth knowing that stops nothing.
    pub notice: Option<String>,
    /// The file that is followed.
    pub following: Option<Live>,
    /// Tell how the model does, if it works beside the audio thread.
    pub watches: Vec<Arc<dyn Watch>>,
}

impl Status {
    /// What is shown of the file that is followed.
    fn shown(&mut self) -> Shown<'_> {
        Shown { live: &mut self.following, error: &mut self.error }
    }
}

/// All a place can be given back later: what plays, and what is saved of it.
/// A clone shares it.
#[derive(Clone, Default)]
pub struct Held {
    /// What plays.
    pub playing: Option<Arc<Playing>>,
    /// What a project keeps.
    pub(crate) record: Arc<Record>,
}

impl Held {
    /// The file that is to be followed, if one is.
    fn follows(&self) -> Option<PathBuf> {
        // What is followed is a model, so this is where one is.
        self.playing.as_ref()?.model()?;
        self.record.follows(Place::Model(0))
    }

    /// What a clone shares: where it lies, and about how many bytes it takes.
    pub(crate) fn shared(&self) -> [(usize, usize); 2] {
        let playing = self
            .playing
            .as_ref()
            .map_or((0, 0), |playing| (Arc::as_ptr(playing).addr(), playing.content.bytes()));
        let copy = match &*self.record {
            Record::Whole(saved) => saved.copy.as_ref().map_or(0, String::len),
            Record::Damaged(_) => 0,
        };
        [playing, (Arc::as_ptr(&self.record).addr(), copy)]
    }
}

impl PartialEq for Held {
    /// Whether they are one and the same, not merely alike. What a trainer sends one after
    /// the other is: following it is one choice.
    fn eq(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (self.follows(), other.follows()) {
            return a == b;
        }
        let same_sound = match (&self.playing, &other.playing) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        same_sound && (Arc::ptr_eq(&self.record, &other.record) || self.record == other.record)
    }
}

/// A place of one plugin instance. A clone is another handle to the same.
#[derive(Clone)]
pub struct Seat(Arc<Inner>);

struct Inner {
    place: Place,
    outlet: Outlet,
    shared: Arc<Shared>,
    state: Mutex<State>,
    /// Told of everything in the state that ends following.
    news: Condvar,
    tail: AtomicU32,
}

#[derive(Default)]
struct State {
    status: Status,
    /// What is saved for what plays.
    record: Arc<Record>,
    /// A project's record that could not be played. It is saved in place of
    /// `record` until the player chooses something, so that nothing of it is lost.
    unplayed: Option<Arc<Record>>,
    /// The folder last looked into.
    folder: Option<PathBuf>,
    /// Something was chosen or restored, be it nothing at all.
    decided: bool,
    /// What the engine on offer was built for.
    built: Option<Setup>,
    /// Whether a check of the file would tell something new.
    unchecked: bool,
    /// Counts wishes, so that one that took long cannot undo a later one.
    wishes: u64,
    /// The number of the last that was to be put here, and of the last that was.
    asked: u64,
    put: u64,
    watch: follow::Watch,
}

impl State {
    /// Whether the engine on offer is one for what the host asks.
    fn is_built_for(&self, wanted: Option<Setup>) -> bool {
        let model = self.status.playing.as_ref().and_then(|playing| playing.model());
        match (self.built, wanted) {
            (Some(built), Some(wanted)) => built.serves(wanted, model),
            (built, wanted) => built == wanted,
        }
    }

    /// Says that `loaded` plays at `place`.
    fn take(&mut self, place: Place, loaded: Loaded) {
        let Loaded { playing, record } = loaded;
        let status = &mut self.status;
        (status.error, status.notice) = (None, None);
        status.following = Live::keep(status.following.take(), record.follows(place));
        let source = playing.as_ref().map(|playing| &playing.source);
        self.unchecked =
            matches!(source, Some(Source::Project(Some(_)))) && status.following.is_none();
        status.playing = playing;
        self.record = record;
        self.unplayed = None;
        self.decided = true;
    }
}

struct Wish {
    number: u64,
    name: String,
}

impl Seat {
    pub(crate) fn new(place: Place, outlet: Outlet, shared: Arc<Shared>) -> Self {
        let (state, news, tail) = (Mutex::default(), Condvar::new(), AtomicU32::new(0));
        Self(Arc::new(Inner { place, outlet, shared, state, news, tail }))
    }

    /// What there is to say now.
    pub fn status(&self) -> Status {
        self.state().status.clone()
    }

    /// What it holds now.
    pub fn held(&self) -> Held {
        let state = self.state();
        let record = state.unplayed.as_ref().unwrap_or(&state.record).clone();
        Held { playing: state.status.playing.clone(), record }
    }

    /// Whether to ask for a [`Task::Check`](crate::places::Task::Check); says so once.
    pub fn take_unchecked(&self) -> bool {
        std::mem::take(&mut self.state().unchecked)
    }

    /// The error was read.
    pub fn dismiss(&self) {
        let mut state = self.state();
        state.status.error = None;
        state.status.notice = None;
    }

    pub(crate) fn complain(&self, words: String) {
        self.state().status.error = Some(words);
    }

    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.state().folder.clone().filter(|folder| folder.is_dir())
    }

    pub(crate) fn set_folder(&self, folder: &Path) {
        self.state().folder = Some(folder.into());
    }

    pub(crate) fn tail(&self) -> u32 {
        self.0.tail.load(Relaxed)
    }

    pub(crate) fn collect(&self) {
        self.0.outlet.collect();
    }

    pub(crate) fn open(&self, path: &Path) {
        let wish = self.wish(&source::file_name(path));
        let loaded = source::from_file(self.0.place, path);
        if let (Ok(_), Some(folder)) = (&loaded, path.parent()) {
            self.set_folder(folder);
        }
        self.fulfil(wish, loaded, None);
    }

    pub(crate) fn factory(&self, id: &str) {
        let wish = self.wish(id);
        self.fulfil(wish, source::from_factory(self.0.place, id), None);
    }

    pub(crate) fn clear(&self) {
        let wish = self.wish("nothing");
        self.fulfil(wish, Ok(Loaded::nothing()), None);
    }

    /// A number for a [`Task::Put`](crate::places::Task::Put) that is to be asked.
    pub fn ask(&self) -> u64 {
        let mut state = self.state();
        state.asked += 1;
        state.asked
    }

    /// Whether what was asked under `number` was done, well or not.
    pub(crate) fn is_put(&self, number: u64) -> bool {
        self.state().put >= number
    }

    /// Gives back what was held before.
    pub(crate) fn put(&self, held: Held, number: u64) {
        if self.held() != held {
            let name = held.playing.as_ref().map_or("nothing", |playing| &playing.name);
            let wish = self.wish(name);
            let Held { playing, record } = held;
            self.fulfil(wish, Ok(Loaded { playing, record }), None);
        }
        let mut state = self.state();
        state.put = state.put.max(number);
    }

    /// Plays what a project or a preset saved.
    pub(crate) fn restore(&self, record: Record) {
        let wish = self.wish(&record.name(self.0.place));
        if let Some(folder) = record.folder() {
            self.set_folder(&folder);
        }
        let loaded = source::from_record(self.0.place, &record);
        self.fulfil(wish, loaded, Some(Arc::new(record)));
        self.0.shared.repaint();
    }

    /// Says so where the file of a restored project is gone or another by now.
    pub(crate) fn check(&self) {
        let (record, wish) = {
            let state = self.state();
            (state.record.clone(), state.wishes)
        };
        let Record::Whole(Saved { path: Some(path), copy: Some(copy), follow: false, .. }) =
            &*record
        else {
            return;
        };
        let path = path.path();
        let shown = path.display();
        let notice = match preset::read_file(&path) {
            Err(why) => {
                Some(format!("{shown} cannot be read: {why}. Playing the copy in the project."))
            }
            Ok(bytes) if preset::unpack(copy).is_ok_and(|copy| copy == bytes) => None,
            Ok(_) => Some(format!("{shown} has changed. Playing the copy in the project.")),
        };
        let mut state = self.state();
        if state.wishes == wish {
            state.status.notice = notice;
        }
    }

    /// Plays the default where nothing was chosen, and rebuilds the engine where
    /// it was built for another rate.
    pub(crate) fn prepare(&self) {
        let idle = |state: &State| state.status.playing.is_none() && state.status.loading.is_none();
        let undecided = {
            let state = self.state();
            idle(&state) && (!state.decided || state.unplayed.is_some())
        };
        if undecided && let Some(loaded) = source::default(self.0.place) {
            let mut state = self.state();
            match loaded {
                // Another thread may have loaded one meanwhile.
                Ok(loaded) if idle(&state) => {
                    state.status.playing = loaded.playing;
                    state.record = loaded.record;
                    state.built = None;
                    state.decided = true;
                }
                Ok(_) => {}
                Err(why) => state.status.error = Some(not_loaded("the factory's", &why)),
            }
        }
        self.rebuild();
    }

    /// Builds the engine anew until it is one for what plays and what is asked for.
    fn rebuild(&self) {
        loop {
            let (playing, wishes) = {
                let state = self.state();
                let wanted = self.0.shared.setup(self.0.place);
                if state.is_built_for(wanted) {
                    return;
                }
                (state.status.playing.clone(), state.wishes)
            };
            let Some(setup) = self.0.shared.setup(self.0.place) else { return };
            let engine = playing.map(|playing| playing.content.build(setup)).transpose();
            let mut state = self.state();
            if state.wishes != wishes {
                continue;
            }
            state.built = Some(setup);
            match engine {
                Ok(built) => self.offer(&mut state, built),
                Err(why) => {
                    // The engine there is was built for another rate, and would be wrong.
                    self.offer(&mut state, None);
                    state.status.error = Some(format!("What is loaded here does not play: {why}."));
                }
            }
        }
    }

    /// Under the lock, so that what is said to play is what was offered last.
    fn offer(&self, state: &mut State, built: Option<Built>) {
        let (tail, engine, watches) = match built {
            Some(Built { engine, tail, watches }) => (tail, Some(engine), watches),
            None => Default::default(),
        };
        self.0.tail.store(tail, Relaxed);
        state.status.watches = watches;
        self.0.outlet.offer(engine);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces a wish, which is void once another is announced.
    fn wish(&self, name: &str) -> Wish {
        let mut state = self.state();
        state.wishes += 1;
        state.status.loading = Some(name.into());
        self.0.shared.repaint();
        Wish { number: state.wishes, name: name.into() }
    }

    /// Ends a wish; `record` is the project's, where a project made it.
    fn fulfil(&self, wish: Wish, loaded: Result<Loaded, String>, record: Option<Arc<Record>>) {
        let setup = self.0.shared.setup(self.0.place);
        let built = loaded.and_then(|loaded| {
            let engine = match (setup, &loaded.playing) {
                (Some(setup), Some(playing)) => Some(playing.content.build(setup)?),
                _ => None,
            };
            Ok((loaded, engine))
        });
        let mut state = self.state();
        if state.wishes != wish.number {
            return;
        }
        state.status.loading = None;
        state.status.notice = None;
        match built {
            Ok((loaded, engine)) => {
                state.take(self.0.place, loaded);
                state.built = setup;
                self.offer(&mut state, engine);
            }
            Err(why) => {
                state.status.error = Some(not_loaded(&wish.name, &why));
                state.unplayed = record.or(state.unplayed.take());
            }
        }
        drop(state);
        self.watch();
        // The host may have changed its rate meanwhile.
        self.rebuild();
    }
}

impl<'a> PersistentField<'a, Record> for Seat {
    fn set(&self, record: Record) {
        self.restore(record);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Record) -> R,
    {
        let (record, folder) = {
            let state = self.state();
            match &state.unplayed {
                Some(unplayed) => (unplayed.clone(), None),
                None => (state.record.clone(), state.folder.clone()),
            }
        };
        match (&*record, folder) {
            (Record::Whole(saved), Some(folder)) => {
                let folder = Some(PathText::from(folder.as_path()));
                f(&Record::Whole(Saved { folder, ..saved.clone() }))
            }
            _ => f(&record),
        }
    }
}

fn not_loaded(name: &str, why: &str) -> String {
    format!("{name} was not loaded: {why}.")
}
