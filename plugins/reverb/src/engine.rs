//! What plays in one plugin instance: the graph, the network it became, and what there
//! is to say of them.
//!
//! Graphs are read and networks made on a [worker](crate::worker) or, where a host
//! restores a project or begins to play, on the thread that asks. The audio thread
//! meets the result in its slot. It never waits for anything here; what its knobs say
//! lies in atomics.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use fx::Loader;
use fx::reverb::Tail;
use nice_plug::params::persist::PersistentField;
use nice_plug_egui::RepaintNotifier;

use crate::inner::{Inner, Number};
use crate::own::Own;
use crate::saved::Record;
use crate::source::{Content, Source};
use crate::status::Status;
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

impl Engine {
    /// One that offers networks through `loader`; with `own`, it begins with that graph.
    /// `repaint` is told of all that changes.
    pub fn new(loader: Loader<Tail>, own: Option<Own>, repaint: RepaintNotifier) -> Self {
        Self(Arc::new(Inner::new(loader, own, repaint)))
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

    /// Whether what is asked for is another size than what plays, and not known to be
    /// none it can have. Only for offline rendering: it may wait.
    pub fn is_resized(&self) -> bool {
        self.0.is_due()
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

/// Where a folder dialog or a list of files may begin.
pub fn folder_of(status: &Status, otherwise: &Path) -> PathBuf {
    let path = status.source().and_then(Source::path).and_then(Path::parent);
    path.filter(|folder| folder.is_dir()).unwrap_or(otherwise).into()
}
