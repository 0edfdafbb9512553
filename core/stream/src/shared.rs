//! What the audio thread, a worker and those who watch over it see of each other.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// For waits that the one who watches over the worker ends.
pub(crate) const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Where a worker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// There is no network yet.
    Building,
    /// It runs.
    Running,
    /// There is none until another try.
    Failed,
}

const ENDED: u8 = 1;
const GIVEN_UP: u8 = 2;

/// What both ends and those who watch them see of each other.
pub(crate) struct Shared {
    /// Twice the position of the latest start, plus 1 if what it cuts off is a loss.
    start: AtomicU64,
    asleep: AtomicBool,
    /// Who sleeps: the thread of a runtime, it may be.
    sleeper: OnceLock<Thread>,
    stop: AtomicBool,
    phase: AtomicU8,
    /// Calls of the network, begun and ended: odd while one is under way.
    calls: AtomicU64,
    /// Whether the worker has ended, and whether it was given up before: [`ENDED`] and
    /// [`GIVEN_UP`].
    fate: AtomicU8,
    /// Wakes those who wait for the worker, none of whom is an audio thread.
    news: (Mutex<()>, Condvar),
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            start: AtomicU64::new(0),
            asleep: AtomicBool::new(false),
            sleeper: OnceLock::new(),
            stop: AtomicBool::new(false),
            phase: AtomicU8::new(Phase::Building as u8),
            calls: AtomicU64::new(0),
            fate: AtomicU8::new(0),
            news: (Mutex::new(()), Condvar::new()),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Building,
            1 => Phase::Running,
            _ => Phase::Failed,
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
        self.tell();
    }

    /// Lets the network start afresh at a position; see `start`. Real-time safe.
    pub(crate) fn mark(&self, start: u64, loss: bool) {
        self.start.store(start << 1 | u64::from(loss), Ordering::Release);
    }

    /// The latest mark. Whoever sees input sees the marks that were set before it.
    pub(crate) fn marked(&self) -> (u64, bool) {
        let mark = self.start.load(Ordering::Acquire);
        (mark >> 1, mark & 1 == 1)
    }

    /// Says that the worker lives on this thread.
    pub(crate) fn settle_here(&self) {
        let _ = self.sleeper.set(thread::current());
    }

    /// Wakes the worker where it said that it sleeps: only then is it a call of the
    /// system. Real-time safe but for that.
    pub(crate) fn wake(&self) {
        // Either we see the flag, or the worker sees our news before it sleeps.
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed)
            && let Some(sleeper) = self.sleeper.get()
        {
            sleeper.unpark();
        }
    }

    /// Flags that the worker is about to sleep. False, and no flag, if it is not `idle`
    /// after all.
    pub(crate) fn doze(&self, idle: impl FnOnce() -> bool) -> bool {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let sleeps = idle() && !self.is_stopped();
        if !sleeps {
            self.rouse();
        }
        sleeps
    }

    /// Takes the flag back.
    pub(crate) fn rouse(&self) {
        self.asleep.store(false, Ordering::Relaxed);
    }

    /// Asks the worker to end as soon as it can.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
        self.tell();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// The worker is about to end. True if nobody expects that any more.
    pub(crate) fn end(&self) -> bool {
        let before = self.fate.fetch_or(ENDED, Ordering::AcqRel);
        self.tell();
        before & GIVEN_UP != 0
    }

    /// Expects nothing of the worker any more. False if it has ended.
    pub(crate) fn give_up(&self) -> bool {
        self.stop();
        self.fate.fetch_or(GIVEN_UP, Ordering::AcqRel) & ENDED == 0
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.fate.load(Ordering::Acquire) & ENDED != 0
    }

    /// A call of the network begins or ends.
    pub(crate) fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// See `calls`.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Nothing will come from this worker any more.
    pub(crate) fn is_over(&self) -> bool {
        self.is_stopped() || self.has_ended()
    }

    /// Wakes those who [`wait`](Self::wait).
    pub(crate) fn tell(&self) {
        drop(self.news.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.news.1.notify_all();
    }

    /// Waits until `done`, at most `most` long. Not for the audio thread.
    pub(crate) fn wait(&self, most: Duration, mut done: impl FnMut() -> bool) {
        let guard = self.news.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.news.1.wait_timeout_while(guard, most, |()| !done());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until the network is built or is not going to be, at most `most` long.
    pub(crate) fn await_built(&self, most: Duration) {
        if self.phase() == Phase::Building {
            self.wait(most, || self.phase() != Phase::Building || self.is_over());
        }
    }
}
