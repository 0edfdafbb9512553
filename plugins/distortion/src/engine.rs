//! What plays in one plugin instance: the model, the pedal it became, and what there is
//! to say of them.
//!
//! Models are read and pedals built on a [worker](crate::worker) or, where a host restores
//! a project, begins to play or renders offline, on the thread that asks. The audio thread
//! of a host that plays meets the result in its slot and never waits for anything here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use fx::drive::{Pedal, Quality};
use fx::{Calls, Loader};
use nice_plug::params::persist::PersistentField;
use nice_plug_egui::RepaintNotifier;

use crate::inner::{Inner, Number};
use crate::saved::Record;
use crate::source::{Content, Source};
use crate::status::Status;
use crate::worker::Worker;

/// What can be asked for.
#[derive(Clone)]
pub enum Wish {
    /// Play a file.
    Open(PathBuf),
    /// Play what is built in, by its id.
    Factory(&'static str),
    /// Play nothing: the sound passes.
    Clear,
    /// Play what is so many places on: in the folder of the present file or, where what
    /// plays is built in, among what is.
    Step(isize),
    /// Follow the file of what plays from now on, or no longer.
    Follow(bool),
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
#[derive(Clone, Default)]
pub struct Held {
    /// What plays, if anything does.
    pub content: Option<Arc<Content>>,
    /// What a project keeps.
    pub(crate) record: Arc<Record>,
}

impl Held {
    /// What a clone shares: where it lies, and about how many bytes it takes.
    pub fn shared(&self) -> [(usize, usize); 2] {
        let content = self.content.as_ref().map_or((0, 0), |content| {
            (Arc::as_ptr(content).addr(), content.model.weights() * size_of::<f32>())
        });
        let copy = self.record.copy().map_or(0, str::len);
        [content, (Arc::as_ptr(&self.record).addr(), copy)]
    }
}

impl PartialEq for Held {
    /// Whether they are one and the same, not merely alike. What a trainer sends one after
    /// the other is: following it is one choice.
    fn eq(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (self.record.follows(), other.record.follows()) {
            return a == b;
        }
        let same_sound = match (&self.content, &other.content) {
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
    /// One that offers pedals through `loader`. `repaint` is told of all that changes.
    pub fn new(loader: Loader<Pedal>, repaint: RepaintNotifier) -> Self {
        Self(Arc::new(Inner::new(loader, repaint)))
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

    /// Asks for something, in the background; what was asked before and not begun yet is
    /// void. For the GUI thread.
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

    /// Asks for a pedal of the quality that is set by now, in the background.
    pub fn ask_rebuild(&self) {
        self.0.state().outdated = true;
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

    /// The host is to run at `rate` Hz from now on: what plays is built for that, on this
    /// thread, so that a render has it from the first sample.
    /// In a render offline no file is followed.
    pub fn activate(&self, rate: f32, quality: Quality, calls: Calls) {
        self.set_quality(quality);
        self.0.offline.store(calls.offline, Relaxed);
        self.0.longest.store(calls.blocks.longest(), Relaxed);
        self.0.state().rate = Some(rate);
        self.0.prepare();
        self.start();
    }

    /// The host stopped: nothing is to be built for it until it goes on.
    pub fn deactivate(&self) {
        self.0.state().rate = None;
    }

    /// Takes note of what is to be done against aliasing; whether that is news, and
    /// [`ask_rebuild`](Self::ask_rebuild) due. Real-time safe.
    pub fn set_quality(&self, quality: Quality) -> bool {
        self.0.set_quality(quality)
    }

    /// Samples for which it sounds on after its input ends, but for its latency.
    /// Real-time safe.
    pub fn tail(&self) -> u32 {
        self.0.tail.load(Relaxed)
    }

    /// Sees to it that something plays, the first of the factory where nothing was
    /// chosen, at the quality that is set by now, on this thread. This is no choice of
    /// the player's.
    pub fn prepare(&self) {
        self.0.prepare();
    }

    /// Starts the worker, if there is none.
    fn start(&self) {
        let mut state = self.0.state();
        if state.worker.is_none() && !state.stop {
            state.worker = Worker::start(&self.0);
            if state.worker.is_none() {
                state.status.error = Some("The system has no thread to load models on.".into());
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
        // What that replaced is to be freed.
        if self.0.state().rate.is_some() {
            self.ask_rebuild();
        }
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Record) -> R,
    {
        f(&self.held().record)
    }
}

/// Where a list of files may begin.
pub fn folder_of(status: &Status, otherwise: &Path) -> PathBuf {
    let path = status.source().and_then(Source::path).and_then(Path::parent);
    path.filter(|folder| folder.is_dir()).unwrap_or(otherwise).into()
}
