//! What plays in one plugin instance: the graph, the network it became, and what there
//! is to say of them.
//!
//! Graphs are read and networks made on a [worker](crate::worker) or, where a host
//! restores a project or begins to play, on the thread that asks. The audio thread
//! meets the result in its slot. It never waits for anything here; what its knobs say
//! lies in atomics.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use atomic_float::AtomicF32;
use fx::Loader;
use fx::reverb::Tail;
use nice_plug::params::persist::PersistentField;
use nice_plug_egui::RepaintNotifier;

use crate::own::Own;
use crate::prepared::{Prepared, Setup};
use crate::saved::{Record, Saved};
use crate::source::{self, Content, Loaded, Source};
use crate::status::{Live, Proof, Status};
use crate::worker::Worker;

/// What can be asked for.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Play a file.
    Open(PathBuf),
    /// Play what is built in, by its id.
    Factory(&'static str),
    /// Play a file, and whatever replaces it.
    Follow(PathBuf),
    /// Go on with what plays, whatever becomes of its file.
    StopFollowing,
    /// Play what was refused last, though it is not proven to be stable.
    Insist,
    /// Play what was held before, under a number from [`Engine::ask_number`].
    Put(Held, u64),
    /// Compare a project's copy with the file it was made from.
    Check,
}

impl Wish {
    /// Whether it is a choice of the player's, which the project is to keep.
    pub fn is_choice(&self) -> bool {
        !matches!(self, Self::Put(..) | Self::Check)
    }
}

/// All that can be given back later: what plays, and what is saved of it. A clone
/// shares it.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// What plays.
    pub content: Option<Arc<Content>>,
    /// What a project keeps.
    pub(crate) record: Arc<Record>,
}

impl Held {
    /// What a project or preset keeps of it: a graph that was sent live goes along as it
    /// is now.
    pub(crate) fn record(&self) -> Record {
        let mut record = (*self.record).clone();
        if let Record::Whole(saved) = &mut record
            && let Some(content) = &self.content
            && let Source::Live(_) = content.source
        {
            saved.copy = Some(fx::preset::pack(content.graph.to_json().as_bytes()));
        }
        record
    }

    /// What a clone shares: where it lies, and about how many bytes it takes.
    pub fn shared(&self) -> [(usize, usize); 2] {
        let copy = match &*self.record {
            Record::Whole(saved) => saved.copy.as_ref().map_or(0, String::len),
            Record::Damaged(_) => 0,
        };
        // A graph takes about as much as its copy, uncompressed.
        let content = self.content.as_ref().map_or(0, |content| Arc::as_ptr(content).addr());
        [(content, 4 * copy + 4096), (Arc::as_ptr(&self.record).addr(), copy)]
    }
}

impl PartialEq for Held {
    /// Whether they are one and the same, not merely alike. What a trainer sends one
    /// after the other is: following it is one choice.
    fn eq(&self, other: &Self) -> bool {
        let live = |source: &Source| matches!(source, Source::Live(_));
        let same_sound = match (&self.content, &other.content) {
            (Some(a), Some(b)) if live(&a.source) => a.source == b.source,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        same_sound && (Arc::ptr_eq(&self.record, &other.record) || self.record == other.record)
    }
}

/// The engine of one plugin instance. A clone is another handle to the same.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    loader: Loader<Tail>,
    own: Option<Own>,
    repaint: RepaintNotifier,
    pub(crate) state: Mutex<State>,
    /// Told of everything in the state that a worker may have to act on.
    pub(crate) news: Condvar,
    /// What the knobs say, from the audio thread: the size; and the reverberation time
    /// in seconds, 0 as trained.
    pub(crate) size: AtomicF32,
    pub(crate) rt60: AtomicF32,
    /// Whether the host renders offline: what plays then changes only where the host is.
    pub(crate) offline: AtomicBool,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) status: Status,
    /// What is saved for what plays.
    record: Arc<Record>,
    /// A project's record that could not be played. It is saved in place of `record`
    /// until the player chooses something, so that nothing of it is lost.
    unplayed: Option<Arc<Record>>,
    /// Something was chosen or restored.
    decided: bool,
    /// The host's rate in Hz, once it said so.
    rate: Option<f32>,
    /// The network on offer.
    pub(crate) playing: Option<Arc<Prepared>>,
    /// What was refused, and may be insisted on.
    refused: Option<Loaded>,
    /// Whether a check of the file would tell something new.
    unchecked: bool,
    /// Counts wishes, so that one that took long cannot undo a later one.
    pub(crate) wishes: u64,
    /// What the worker is to do, with the number of the wish.
    pub(crate) queue: std::collections::VecDeque<(Number, Wish)>,
    /// The number of the last that was to be put here, and of the last that was.
    asked: u64,
    put: u64,
    pub(crate) worker: Option<Worker>,
    pub(crate) stop: bool,
}

impl State {
    /// Whether the host plays.
    pub(crate) fn is_active(&self) -> bool {
        self.rate.is_some()
    }
}

/// The number of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

/// Why a graph is not played.
pub(crate) struct Refused {
    pub(crate) why: String,
    /// Whether it can be insisted on.
    pub(crate) insistable: bool,
    /// Poles outside the unit circle, if that is known.
    pub(crate) proven: Option<Arc<fdn::Certificate>>,
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self { why, insistable: false, proven: None }
    }
}

impl Engine {
    /// One that offers networks through `loader`; with `own`, it begins with that graph.
    /// `repaint` is told of all that changes.
    pub fn new(loader: Loader<Tail>, own: Option<Own>, repaint: RepaintNotifier) -> Self {
        Self(Arc::new(Inner {
            loader,
            own,
            repaint,
            state: Mutex::default(),
            news: Condvar::new(),
            size: AtomicF32::new(1.0),
            rt60: AtomicF32::new(0.0),
            offline: AtomicBool::new(false),
        }))
    }

    /// The graph the plugin is made of, if it is not the factory's.
    pub fn own(&self) -> Option<&Own> {
        self.0.own.as_ref()
    }

    /// What there is to say now.
    pub fn status(&self) -> Status {
        self.0.state().status.clone()
    }

    /// What it holds now.
    pub fn held(&self) -> Held {
        let state = self.0.state();
        let record = state.unplayed.as_ref().unwrap_or(&state.record).clone();
        Held { content: state.status.content.clone(), record }
    }

    /// Asks the worker for something; what was asked before and not begun yet is void.
    /// For the GUI thread.
    pub fn ask(&self, wish: Wish) {
        let mut state = self.0.state();
        let number = match wish {
            Wish::Check => Number(state.wishes),
            _ => {
                state.wishes += 1;
                Number(state.wishes)
            }
        };
        state.queue.push_back((number, wish));
        drop(state);
        self.start();
        self.0.news.notify_all();
    }

    /// A number for a [`Wish::Put`] that is to be asked.
    pub fn ask_number(&self) -> u64 {
        let mut state = self.0.state();
        state.asked += 1;
        state.asked
    }

    /// Whether what was asked under `number` was done, well or not.
    pub fn is_put(&self, number: u64) -> bool {
        self.0.state().put >= number
    }

    /// Whether to ask for a [`Wish::Check`]; says so once.
    pub fn take_unchecked(&self) -> bool {
        std::mem::take(&mut self.0.state().unchecked)
    }

    /// Asks for another frame of the editor.
    pub fn repaint(&self) {
        self.0.repaint();
    }

    /// The error was read.
    pub fn dismiss(&self) {
        let mut state = self.0.state();
        state.status.error = None;
        state.status.notice = None;
    }

    /// The host is to run at `rate` Hz from now on, its knobs where `size` and `rt60`
    /// say: what plays is built for that, on this thread, so that a render has it from
    /// the first sample.
    pub fn activate(&self, rate: f32, offline: bool, size: f32, rt60: f32) {
        self.0.offline.store(offline, Relaxed);
        self.follow_knobs(size, rt60);
        self.0.state().rate = Some(rate);
        self.0.prepare();
        self.start();
        self.0.news.notify_all();
    }

    /// The host stopped: nothing is to be looked after until it goes on.
    pub fn deactivate(&self) {
        self.0.state().rate = None;
        self.0.news.notify_all();
    }

    /// Takes note of the knobs. Real-time safe.
    pub fn follow_knobs(&self, size: f32, rt60: f32) {
        self.0.size.store(size, Relaxed);
        self.0.rt60.store(rt60, Relaxed);
    }

    /// Whether what is asked for is another size than what was built last. Only for
    /// offline rendering: it may wait.
    pub fn is_resized(&self) -> bool {
        self.0.resized().is_some()
    }

    /// Builds the size that is asked for, on this thread.
    pub fn resize(&self) {
        self.0.resize();
    }

    /// Sees to it that something plays, the first of the factory where nothing was
    /// chosen. This is no choice of the player's.
    pub fn prepare(&self) {
        self.0.prepare();
    }

    /// Starts the worker, if there is none.
    fn start(&self) {
        let mut state = self.0.state();
        if state.worker.is_none() && !state.stop {
            state.worker = Worker::start(&self.0);
            if state.worker.is_none() {
                state.status.error = Some("The system has no thread to load graphs on.".into());
            }
        }
    }

    /// Ends the worker; nothing is loaded after this.
    pub(crate) fn stop(&self) {
        let worker = {
            let mut state = self.0.state();
            state.stop = true;
            state.worker.take()
        };
        self.0.news.notify_all();
        if let Some(worker) = worker {
            worker.join();
        }
    }
}

impl Inner {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn repaint(&self) {
        self.repaint.request_repaint();
    }

    pub(crate) fn collect(&self) {
        self.loader.collect();
    }

    /// What networks are to be made for; nothing before the host said at what rate it
    /// runs.
    pub(crate) fn setup(&self) -> Option<Setup> {
        let rate = self.state().rate?;
        Some(Setup { rate, size: self.size.load(Relaxed) })
    }

    /// What plays, if it is to have another size, and which.
    pub(crate) fn resized(&self) -> Option<(Arc<Content>, Arc<Prepared>, Setup)> {
        let setup = self.setup()?;
        let state = self.state();
        let playing = state.playing.as_ref().filter(|playing| playing.setup != setup)?;
        Some((state.status.content.clone()?, playing.clone(), setup))
    }

    pub(crate) fn resize(&self) {
        let Some((content, before, setup)) = self.resized() else { return };
        let allowed = self.state().record.allowed();
        let built = self.build(&content, setup, allowed, Some(&before));
        let mut state = self.state();
        if !state.playing.as_ref().is_some_and(|playing| Arc::ptr_eq(playing, &before)) {
            return;
        }
        match built {
            Ok((prepared, guarded)) => self.offer(&mut state, prepared, guarded),
            Err(refused) => {
                // Said once: it counts as built.
                let why = format!("At this size {} is not played: {}.", content.name, refused.why);
                state.status.error = Some(why);
                state.playing = Some(Arc::new(before.at(setup)));
            }
        }
        drop(state);
        self.repaint();
    }

    /// Makes `content` ready, with times like those of `before`, its relative. Returns
    /// whether it is to be guarded.
    pub(crate) fn build(
        &self,
        content: &Content,
        setup: Setup,
        allowed: bool,
        before: Option<&Arc<Prepared>>,
    ) -> Result<(Arc<Prepared>, bool), Refused> {
        let offline = self.offline.load(Relaxed);
        let live = matches!(content.source, Source::Live(_));
        // A render is not to depend on what others made.
        let prepared = match before {
            Some(_) if live || offline => Arc::new(Prepared::new(content, setup)?),
            _ => Prepared::shared(content, setup)?,
        };
        match before {
            None if offline => drop(prepared.model.calibrate()),
            before => prepared.begin_like(before.map(|before| &**before)),
        }
        let bounded = prepared.is_bounded();
        if !bounded && !allowed {
            return Err(Refused {
                why: prepared.refusal(),
                insistable: true,
                proven: prepared.proven().cloned(),
            });
        }
        Ok((prepared, !bounded))
    }

    /// Plays `prepared`. Under the lock, so that what is said to play is what was
    /// offered last.
    pub(crate) fn offer(&self, state: &mut State, prepared: Arc<Prepared>, guarded: bool) {
        self.loader.offer(Tail::new(&prepared.model, guarded));
        let Setup { rate, size } = prepared.setup;
        let status = &mut state.status;
        (status.rate, status.size, status.guarded) = (rate, size, guarded);
        status.model = Some(prepared.model.clone());
        status.proof = match prepared.proven() {
            Some(proven) => Proof::Done(proven.clone()),
            None => Proof::Checking,
        };
        state.playing = Some(prepared);
        self.news.notify_all();
    }

    /// Announces a wish, which is void once another is announced.
    pub(crate) fn announce(&self, name: &str) -> Number {
        let mut state = self.state();
        state.wishes += 1;
        state.status.loading = Some(name.into());
        let number = Number(state.wishes);
        drop(state);
        self.repaint();
        number
    }

    /// Ends a wish; `record` is the project's, where a project made it.
    pub(crate) fn fulfil(
        &self,
        number: Number,
        name: &str,
        loaded: Result<Loaded, String>,
        record: Option<Arc<Record>>,
    ) {
        let setup = self.setup();
        let kept = loaded.as_ref().ok().cloned();
        let built = loaded.map_err(Refused::from).and_then(|loaded| {
            let built = match setup {
                Some(setup) => {
                    Some(self.build(&loaded.content, setup, loaded.record.allowed(), None)?)
                }
                None => None,
            };
            Ok((loaded, built))
        });
        let mut state = self.state();
        if state.wishes != number.0 {
            return;
        }
        state.status.loading = None;
        state.status.notice = None;
        state.status.insistable = false;
        state.refused = None;
        match built {
            Ok((loaded, built)) => {
                self.take(&mut state, loaded);
                match built {
                    Some((prepared, guarded)) => self.offer(&mut state, prepared, guarded),
                    None => state.playing = None,
                }
            }
            Err(refused) => {
                state.status.error = Some(not_loaded(name, &refused.why));
                state.status.insistable = refused.insistable;
                state.refused = kept.filter(|_| refused.insistable);
                state.unplayed = record.or(state.unplayed.take());
            }
        }
        drop(state);
        self.repaint();
        // The host may have changed its rate meanwhile.
        self.prepare();
    }

    /// Says that `loaded` plays.
    fn take(&self, state: &mut State, loaded: Loaded) {
        let Loaded { content, record } = loaded;
        state.status.error = None;
        let follows = match &*record {
            Record::Whole(Saved { follow: true, path: Some(path), .. }) => Some(path.path()),
            _ => None,
        };
        let same = |live: &Live| Some(&live.path) == follows.as_ref();
        if !state.status.following.as_ref().is_some_and(same) {
            let live =
                |path| Live { path, revision: content.graph.revision, reloads: 0, latest: None };
            state.status.following = follows.map(live);
        }
        state.unchecked =
            matches!(content.source, Source::Project(Some(_))) && state.status.following.is_none();
        state.status.content = Some(content);
        state.record = record;
        state.unplayed = None;
        state.decided = true;
    }

    /// Takes what a trainer sent, unless something else was asked for since `number`.
    pub(crate) fn take_live(
        &self,
        number: Number,
        loaded: Loaded,
        built: Option<(Arc<Prepared>, bool)>,
    ) -> bool {
        let mut state = self.state();
        if state.wishes != number.0 {
            return false;
        }
        let revision = loaded.content.graph.revision;
        self.take(&mut state, loaded);
        if let Some(live) = &mut state.status.following {
            (live.revision, live.latest) = (revision, Some(std::time::Instant::now()));
            live.reloads += 1;
        }
        state.status.notice = None;
        state.status.insistable = false;
        state.refused = None;
        match built {
            Some((prepared, guarded)) => self.offer(&mut state, prepared, guarded),
            None => state.playing = None,
        }
        drop(state);
        self.repaint();
        true
    }

    /// Says why what a trainer sent is not played.
    pub(crate) fn refuse_live(&self, number: Number, why: &str, refused: Option<Loaded>) {
        let mut state = self.state();
        if state.wishes == number.0 {
            state.status.error = Some(why.into());
            state.status.insistable = refused.is_some();
            state.refused = refused;
        }
        drop(state);
        self.repaint();
    }

    /// Whether the player insisted on what is followed.
    pub(crate) fn is_allowed(&self) -> bool {
        self.state().record.allowed()
    }

    /// Plays what a project saved.
    pub(crate) fn restore(&self, record: Record) {
        let name = record.name();
        let number = self.announce(&name);
        let loaded = source::from_record(&record, self.own.as_ref());
        self.fulfil(number, &name, loaded, Some(Arc::new(record)));
    }

    /// Does what was asked under `number`, on this thread.
    pub(crate) fn run(&self, number: Number, wish: Wish) {
        let loading = |name: &str| {
            self.state().status.loading = Some(name.into());
            self.repaint();
        };
        match wish {
            Wish::Open(path) => {
                let name = source::file_name(&path);
                loading(&name);
                self.fulfil(number, &name, source::from_file(&path), None);
            }
            Wish::Factory(id) => {
                loading(id);
                self.fulfil(number, id, source::from_factory(id), None);
            }
            Wish::Follow(path) => self.follow(number, Some(path)),
            Wish::StopFollowing => self.follow(number, None),
            Wish::Insist => {
                let refused = self.state().refused.clone();
                if let Some(refused) = refused {
                    let name = refused.content.name.clone();
                    self.fulfil(number, &name, Ok(allowed(refused)), None);
                }
            }
            Wish::Put(held, put) => {
                if self.held() != held
                    && let Held { content: Some(content), record } = held
                {
                    let name = content.name.clone();
                    self.fulfil(number, &name, Ok(Loaded { content, record }), None);
                }
                let mut state = self.state();
                state.put = state.put.max(put);
            }
            Wish::Check => self.check(number),
        }
    }

    fn held(&self) -> Held {
        let state = self.state();
        Held { content: state.status.content.clone(), record: state.record.clone() }
    }

    /// Follows a file from now on, or none. What plays goes on until there is something
    /// in it.
    fn follow(&self, number: Number, path: Option<PathBuf>) {
        let held = self.held();
        let mut state = self.state();
        if state.wishes != number.0 {
            return;
        }
        let mut record = held.record();
        if let Record::Whole(saved) = &mut record {
            saved.follow = false;
            if let Some(path) = &path {
                // The graph of the project, and where its successors will come from.
                let copy = saved.copy.take().or_else(|| {
                    let content = held.content.as_ref()?;
                    Some(fx::preset::pack(content.graph.to_json().as_bytes()))
                });
                *saved = Saved {
                    path: Some(path.as_path().into()),
                    copy,
                    name: held.content.as_ref().map(|content| content.name.clone()),
                    follow: true,
                    ..Saved::default()
                };
            }
        }
        state.record = Arc::new(record);
        (state.unplayed, state.decided) = (None, true);
        (state.status.error, state.status.loading) = (None, None);
        let live = |path| Live { path, revision: None, reloads: 0, latest: None };
        state.status.following = path.map(live);
        drop(state);
        self.news.notify_all();
        self.repaint();
    }

    /// Says so where the file of a restored project is gone or another by now.
    fn check(&self, number: Number) {
        let record = self.state().record.clone();
        let Record::Whole(Saved { path: Some(path), copy: Some(copy), follow: false, .. }) =
            &*record
        else {
            return;
        };
        let path = path.path();
        let shown = path.display();
        let notice = match fx::preset::read_file(&path) {
            Err(why) => {
                Some(format!("{shown} cannot be read: {why}. Playing the copy in the project."))
            }
            Ok(bytes) if fx::preset::unpack(copy).is_ok_and(|copy| copy == bytes) => None,
            Ok(_) => Some(format!("{shown} has changed. Playing the copy in the project.")),
        };
        let mut state = self.state();
        if state.wishes == number.0 {
            state.status.notice = notice;
        }
        drop(state);
        self.repaint();
    }

    /// Plays the first where nothing was chosen, and builds what plays for the host's
    /// rate, and its size.
    pub(crate) fn prepare(&self) {
        let undecided = |state: &State| {
            let idle = state.status.content.is_none() && state.status.loading.is_none();
            idle && (!state.decided || state.unplayed.is_some())
        };
        if undecided(&self.state()) {
            let first = source::first(self.own.as_ref());
            let mut state = self.state();
            // Another thread may have loaded one meanwhile.
            if undecided(&state) {
                match first {
                    Ok(Loaded { content, record }) => {
                        state.status.content = Some(content);
                        (state.record, state.playing, state.decided) = (record, None, true);
                    }
                    Err(why) => {
                        state.decided = true;
                        state.status.error = Some(not_loaded("the first reverb", &why));
                    }
                }
            }
        }
        self.rebuild();
    }

    /// Builds what plays anew until it is what is asked for.
    fn rebuild(&self) {
        loop {
            let Some(setup) = self.setup() else { return };
            let (content, wishes, allowed) = {
                let state = self.state();
                if state.playing.as_ref().is_some_and(|playing| playing.setup == setup) {
                    return;
                }
                let Some(content) = state.status.content.clone() else { return };
                (content, state.wishes, state.record.allowed())
            };
            let built = self.build(&content, setup, allowed, None);
            let mut state = self.state();
            if state.wishes != wishes {
                continue;
            }
            match built {
                Ok((prepared, guarded)) => self.offer(&mut state, prepared, guarded),
                Err(refused) => {
                    // What there is was built for another rate, and would be wrong.
                    self.loader.offer(Tail::silent());
                    (state.playing, state.status.model) = (None, None);
                    state.status.proof = Proof::None;
                    state.status.error = Some(not_loaded(&content.name, &refused.why));
                    state.status.insistable = refused.insistable;
                    let record = state.record.clone();
                    state.refused = refused.insistable.then_some(Loaded { content, record });
                    return;
                }
            }
        }
    }
}

/// The same, though it is not proven.
fn allowed(loaded: Loaded) -> Loaded {
    let mut record = (*loaded.record).clone();
    if let Record::Whole(saved) = &mut record {
        saved.allow = true;
    }
    Loaded { record: Arc::new(record), ..loaded }
}

impl<'a> PersistentField<'a, Record> for Engine {
    fn set(&self, record: Record) {
        self.0.restore(record);
        if self.0.state().rate.is_some() {
            self.start();
            self.0.news.notify_all();
        }
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Record) -> R,
    {
        f(&self.held().record())
    }
}

fn not_loaded(name: &str, why: &str) -> String {
    format!("{name} was not loaded: {why}.")
}

/// Where a folder dialog or a list of files may begin.
pub fn folder_of(status: &Status, otherwise: &Path) -> PathBuf {
    let path = status.source().and_then(Source::path).and_then(Path::parent);
    path.filter(|folder| folder.is_dir()).unwrap_or(otherwise).into()
}
