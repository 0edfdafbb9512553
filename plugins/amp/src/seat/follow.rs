//! How the file of a place's model is followed: on a thread of its own, for as long as one
//! is, because the background thread of a plugin is shared by all and cannot wait.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};

use shell::follow::{self, LOOK, Live, Player, Sent};

use super::{Held, Seat};
use crate::saved::{Record, Saved};
use crate::source::from_live;

/// The thread that follows.
#[derive(Default)]
pub(super) struct Watch {
    thread: Option<JoinHandle<()>>,
    /// It looks at the file, and has not decided to end.
    runs: bool,
    /// None is to be started any more.
    stop: bool,
}

impl Seat {
    /// Follows the file of what plays from now on, or no longer. What plays goes on until
    /// there is something else in the file.
    pub(crate) fn follow(&self, on: bool) {
        let mut state = self.state();
        state.wishes += 1;
        if let Record::Whole(saved) = &*state.record
            && let Some(path) = saved.path.as_ref().filter(|_| saved.follow != on)
        {
            let live = Live::new(path.path());
            let record = Record::Whole(Saved { follow: on, ..saved.clone() });
            let follows = record.follows(self.0.place).is_some();
            state.record = Arc::new(record);
            state.status.following = follows.then_some(live);
            (state.status.error, state.status.notice) = (None, None);
        }
        drop(state);
        self.0.news.notify_all();
        self.watch();
    }

    /// Starts the thread that follows, if there is a file to follow and none that does.
    pub(super) fn watch(&self) {
        let mut state = self.state();
        if state.status.following.is_none() || state.watch.runs || state.watch.stop {
            return;
        }
        let seat = self.clone();
        let spawned = thread::Builder::new().name("kiln-follow".into()).spawn(move || seat.run());
        state.watch.runs = spawned.is_ok();
        match spawned {
            // The one before has decided to end, and does nothing any more.
            Ok(thread) => state.watch.thread = Some(thread),
            Err(_) => {
                state.status.error = Some("The system has no thread to follow files on.".into());
            }
        }
    }

    /// Ends the thread; none is started after this.
    pub(crate) fn stop(&self) {
        let thread = {
            let mut state = self.state();
            state.watch.stop = true;
            state.watch.thread.take()
        };
        self.0.news.notify_all();
        if let Some(thread) = thread {
            // A thread that panicked has said so.
            let _ended = thread.join();
        }
    }

    /// What the thread does.
    fn run(&self) {
        let mut following = None;
        while self.waits() {
            self.collect();
            follow::look(&mut following, self);
        }
    }

    /// Waits until it is time for a look; not if there is nothing to look at any more.
    fn waits(&self) -> bool {
        let state = self.state();
        let waited = self.0.news.wait_timeout(state, LOOK);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.watch.runs = state.status.following.is_some() && !state.watch.stop;
        state.watch.runs
    }
}

impl Player for Seat {
    type Held = Held;

    fn followed(&self) -> Option<PathBuf> {
        let path = self.state().status.following.as_ref().map(|live| live.path.clone());
        path.filter(|_| !self.0.shared.offline.load(Relaxed))
    }

    fn wishes(&self) -> u64 {
        self.state().wishes
    }

    fn held(&self) -> Held {
        let state = self.state();
        Held { playing: state.status.playing.clone(), record: state.record.clone() }
    }

    fn adopt(&self, sent: &Sent, hash: &str) -> bool {
        let mut state = self.state();
        let status = &mut state.status;
        let plays = status.playing.as_ref().and_then(|playing| playing.hash.as_deref());
        if plays != Some(hash) || !status.shown().adopt(&sent.model) {
            return false;
        }
        drop(state);
        self.0.shared.repaint();
        true
    }

    fn take(
        &self,
        wishes: u64,
        path: &Path,
        sent: Sent,
        hash: &str,
    ) -> Result<Option<Held>, String> {
        let loaded = from_live(path, sent, hash.to_owned())?;
        let setup = self.0.shared.setup(self.0.place);
        let engine = match (setup, &loaded.playing) {
            (Some(setup), Some(playing)) => Some(playing.content.build(setup)?),
            _ => None,
        };
        let mut state = self.state();
        if state.wishes != wishes {
            return Ok(None);
        }
        let held = Held { playing: loaded.playing.clone(), record: loaded.record.clone() };
        state.take(self.0.place, loaded);
        let model = held.playing.as_ref().and_then(|playing| playing.model());
        if let (Some(live), Some(model)) = (&mut state.status.following, model) {
            live.take(model);
        }
        state.built = setup;
        self.offer(&mut state, engine);
        drop(state);
        self.0.shared.repaint();
        // The host may have changed its rate meanwhile.
        self.rebuild();
        Ok(Some(held))
    }

    fn refuse(&self, wishes: u64, path: &Path, why: &str) -> bool {
        let mut state = self.state();
        let in_time = state.wishes == wishes;
        if in_time {
            state.status.shown().refuse(path, why);
        }
        drop(state);
        self.0.shared.repaint();
        in_time
    }

    fn plays(&self) -> bool {
        let setup = self.0.shared.setup(self.0.place);
        let state = self.state();
        setup.is_some() && state.is_built_for(setup) && state.status.playing.is_some()
    }
}
