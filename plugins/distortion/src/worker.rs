//! The thread of an engine: it loads models, follows the file of one, and builds pedals when
//! the quality changes.

use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use shell::follow::{self, Following, LOOK};

use crate::engine::{Held, Wish};
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
    /// Look at the file that is followed, if one is.
    Look,
}

fn work(inner: &Inner) {
    let mut used = false;
    let mut following: Option<Following<Held>> = None;
    while let Some(job) = next(inner, used, following.is_some()) {
        used = !matches!(job, Job::Collect);
        match job {
            Job::Wish(number, wish) => inner.run(number, wish),
            Job::Rebuild => inner.prepare(),
            Job::Collect => inner.collect(),
            Job::Look => {
                inner.collect();
                follow::look(&mut following, inner);
            }
        }
    }
}

/// Waits for something to do; none at the end. Where something was done lately, what that
/// replaced is to be freed once it is quiet; while something `follows` it is never quiet.
fn next(inner: &Inner, used: bool, follows: bool) -> Option<Job> {
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
        let followed = state.status.following.is_some();
        let (pause, job) = match (followed || follows, used) {
            (true, _) => (LOOK, Job::Look),
            (false, true) => (FADED, Job::Collect),
            (false, false) => {
                state = inner.news.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
        };
        let waited = inner.news.wait_timeout(state, pause);
        let (next, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Some(job);
        }
        state = next;
    }
}
