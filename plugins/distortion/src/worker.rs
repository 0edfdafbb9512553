//! The thread of an engine: it loads models, and builds pedals when the quality changes.

use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::engine::Wish;
use crate::inner::{Inner, Number};

/// After which what was replaced is surely faded out, and can be freed.
const FADED: Duration = Duration::from_secs(2);

/// The thread.
pub(crate) struct Worker(JoinHandle<()>);

impl Worker {
    /// Starts it; none if the system has none to give.
    pub(crate) fn start(inner: &Arc<Inner>) -> Option<Self> {
        let inner = inner.clone();
        let thread = thread::Builder::new().name("kiln-drive".into());
        thread.spawn(move || work(&inner)).ok().map(Self)
    }

    /// Waits for its end, which it must have been told of.
    pub(crate) fn join(self) {
        // A thread that panicked has said so.
        let _ended = self.0.join();
    }
}

/// What there is to do.
enum Job {
    Wish(Number, Wish),
    /// Build what is asked for by now.
    Rebuild,
    /// Free what was replaced.
    Collect,
}

fn work(inner: &Inner) {
    let mut used = false;
    while let Some(job) = next(inner, used) {
        used = !matches!(job, Job::Collect);
        match job {
            Job::Wish(number, wish) => inner.run(number, wish),
            Job::Rebuild => inner.prepare(),
            Job::Collect => inner.collect(),
        }
    }
}

/// Waits for something to do; none at the end. Where something was done lately, what that
/// replaced is to be freed once it is quiet.
fn next(inner: &Inner, used: bool) -> Option<Job> {
    let mut state = inner.state();
    loop {
        if state.stop {
            return None;
        }
        if let Some((number, wish)) = state.queue.pop_front() {
            return Some(Job::Wish(number, wish));
        }
        if std::mem::take(&mut state.outdated) {
            return Some(Job::Rebuild);
        }
        if !used {
            state = inner.news.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let waited = inner.news.wait_timeout(state, FADED);
        let (next, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Some(Job::Collect);
        }
        state = next;
    }
}
