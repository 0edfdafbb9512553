//! Watches over workers: one that never comes back from its network, or has ended, is
//! replaced. No audio thread ever waits for it or starts a thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::link::{Sizes, link};
use crate::player::Mail;
use crate::shared::{Phase, Shared};
use crate::worker::{self, Job, LONGEST_PAUSE, Pauses};

/// Workers of a host that were given up and have not ended: with so many, it gets no
/// other.
const MOST_STRAYS: usize = 3;

/// How much longer than a call of a network building one may take: files are read then,
/// and programs translated.
const BUILDING: u32 = 30;

/// How often all workers are looked at.
const ROUND: Duration = Duration::from_millis(250);

/// How long an end is waited for, of a worker that is in the middle of something.
const FAREWELL: Duration = Duration::from_millis(100);

/// One host's provider of workers.
pub(crate) struct Keeper {
    job: Job,
    sizes: Sizes,
    mail: Arc<Mail>,
    /// A call of the network may take that long.
    patience: Duration,
    /// And the call that builds it.
    building: Duration,
    state: Mutex<State>,
}

struct State {
    worker: Option<Worker>,
    /// When the next one may be hired.
    due: Option<Instant>,
    pauses: Pauses,
    closed: bool,
}

struct Worker {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    /// Its calls of the network when it was last seen to get ahead.
    calls: u64,
    since: Instant,
    hired: Instant,
}

impl Keeper {
    pub(crate) fn new(job: Job, sizes: Sizes, mail: Arc<Mail>, patience: Duration) -> Self {
        let pauses = Pauses::new(job.pause);
        let state = Mutex::new(State { worker: None, due: None, pauses, closed: false });
        let building = patience.saturating_mul(BUILDING);
        Self { job, sizes, mail, patience, building, state }
    }

    /// Gives a call as long as building, where nobody waits for the sound.
    pub(crate) fn offline(self) -> Self {
        Self { patience: self.building, ..self }
    }

    /// Looks after the worker, as of `now`.
    pub(crate) fn look(&self, now: Instant) {
        drop(self.mail.outbox.take());
        let mut state = open(&self.state);
        if state.closed {
            return;
        }
        if let Some(worker) = &mut state.worker {
            if !worker.is_lost(now, self.patience, self.building) {
                return;
            }
            self.job.monitor.metrics.restarts.add(1);
            if now.saturating_duration_since(worker.hired) > LONGEST_PAUSE {
                state.pauses.reset();
            }
            state.due = now.checked_add(state.pauses.next());
        }
        let lost = state.worker.take();
        if lost.as_ref().is_some_and(|worker| !worker.shared.has_ended()) {
            let reason = format!("The network has not answered for {:?}.", self.patience);
            self.job.monitor.trouble(Some(reason));
        }
        self.job.strays.fetch_add(usize::from(lost.is_some()), Ordering::AcqRel);
        let free = self.job.strays.load(Ordering::Acquire) < MOST_STRAYS;
        if free && state.due.is_none_or(|due| now >= due) {
            state.worker = self.hire(now);
            if state.worker.is_none() {
                state.due = now.checked_add(state.pauses.next());
            }
        }
        // A render that waits for the old one finds the new one when it is told.
        if lost.is_some_and(|worker| !worker.shared.give_up()) {
            self.job.strays.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Starts a worker and offers its link to the player.
    fn hire(&self, now: Instant) -> Option<Worker> {
        let (link, bench) = link(self.sizes);
        let shared = link.shared.clone();
        let Ok(thread) = worker::spawn(self.job.clone(), bench) else {
            self.job.monitor.trouble(Some("The system has no thread left.".into()));
            return None;
        };
        drop(self.mail.inbox.swap(Some(Box::new(link))));
        Some(Worker { shared, thread, calls: 0, since: now, hired: now })
    }

    /// Ends the worker. One that does not end soon is left to itself.
    fn close(&self) {
        let mut state = open(&self.state);
        state.closed = true;
        let Some(Worker { shared, thread, .. }) = state.worker.take() else { return };
        drop(state);
        shared.stop();
        shared.wait(FAREWELL, || shared.has_ended());
        if shared.has_ended() {
            // What it panicked of, if it did, was told when it did.
            let _ = thread.join();
        }
    }

    /// Waits until the worker has built its network or failed to.
    fn await_built(&self, most: Duration) {
        let shared = open(&self.state).worker.as_ref().map(|worker| worker.shared.clone());
        if let Some(shared) = shared {
            shared.await_built(most);
        }
    }
}

impl Worker {
    fn is_lost(&mut self, now: Instant, patience: Duration, built: Duration) -> bool {
        let calls = self.shared.calls();
        let building = self.shared.phase() == Phase::Building;
        let patience = if building { built } else { patience };
        // Even: between two calls it waits for nobody but the audio thread.
        if calls != self.calls || calls.is_multiple_of(2) {
            (self.calls, self.since) = (calls, now);
        }
        self.shared.has_ended() || now.saturating_duration_since(self.since) >= patience
    }
}

fn open<T>(cell: &Mutex<T>) -> MutexGuard<'_, T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All keepers of the process, and the thread that goes round, as long as there are any.
struct Round {
    keepers: Mutex<Keepers>,
    bell: Condvar,
}

struct Keepers {
    all: Vec<Arc<Keeper>>,
    watchman: Option<(JoinHandle<()>, Arc<AtomicBool>)>,
}

static ROUNDS: Round = Round {
    keepers: Mutex::new(Keepers { all: Vec::new(), watchman: None }),
    bell: Condvar::new(),
};

/// A keeper that is watched until this is dropped.
pub(crate) struct Watched(Arc<Keeper>);

impl Watched {
    /// Starts the first worker, and waits up to `most` until it has built its network.
    pub(crate) fn new(keeper: Keeper, most: Duration) -> Self {
        let keeper = Arc::new(keeper);
        keeper.look(Instant::now());
        let mut keepers = open(&ROUNDS.keepers);
        keepers.all.push(keeper.clone());
        if keepers.watchman.is_none() {
            let over = Arc::new(AtomicBool::new(false));
            let until = over.clone();
            let thread = thread::Builder::new().name("networks".into());
            // Without one nothing is watched; the next host tries again.
            let spawned = thread.spawn(move || go_round(&until));
            keepers.watchman = spawned.ok().map(|thread| (thread, over));
        }
        drop(keepers);
        keeper.await_built(most);
        Self(keeper)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut keepers = open(&ROUNDS.keepers);
        keepers.all.retain(|keeper| !Arc::ptr_eq(keeper, &self.0));
        let watchman = if keepers.all.is_empty() { keepers.watchman.take() } else { None };
        if let Some((_, over)) = &watchman {
            over.store(true, Ordering::Release);
        }
        drop(keepers);
        ROUNDS.bell.notify_all();
        self.0.close();
        // It must not outlive a plugin whose code is about to be unloaded.
        if let Some((thread, _)) = watchman {
            let _ = thread.join();
        }
    }
}

fn go_round(over: &AtomicBool) {
    let mut keepers = open(&ROUNDS.keepers);
    while !over.load(Ordering::Acquire) {
        let woken = ROUNDS.bell.wait_timeout(keepers, ROUND);
        keepers = woken.unwrap_or_else(PoisonError::into_inner).0;
        let all = keepers.all.clone();
        drop(keepers);
        all.iter().for_each(|keeper| keeper.look(Instant::now()));
        drop(all);
        keepers = open(&ROUNDS.keepers);
    }
}

#[cfg(test)]
#[path = "supervisor_tests.rs"]
mod tests;
