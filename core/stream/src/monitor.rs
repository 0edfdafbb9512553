//! What is known of a host, for those who ask from any thread.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nn::foreign::{Report, State, Watch};

use crate::Source;
use crate::metrics::Metrics;

/// Why the audio thread passes its input on although there is a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Pause {
    None,
    /// Output came too late too often.
    Late,
    /// Input waits for as long as it may.
    Full,
}

/// One host's.
pub(crate) struct Monitor {
    pub(crate) metrics: Metrics,
    source: Arc<dyn Source>,
    /// Sound in a hop.
    pub(crate) hop: Duration,
    /// Time for an inference.
    pub(crate) budget: Duration,
    pause: AtomicU8,
    load: AtomicU64,
    /// Why there is no network, if there is none.
    trouble: Mutex<Option<String>>,
    /// What the system refused to a worker.
    refusal: Mutex<Option<String>>,
}

fn open<T>(cell: &Mutex<T>) -> MutexGuard<'_, T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Monitor {
    pub(crate) fn new(source: Arc<dyn Source>, hop: Duration, budget: Duration) -> Self {
        Self {
            metrics: Metrics::default(),
            source,
            hop,
            budget,
            pause: AtomicU8::new(Pause::None as u8),
            load: AtomicU64::new(0),
            trouble: Mutex::default(),
            refusal: Mutex::default(),
        }
    }

    /// Real-time safe.
    pub(crate) fn pause(&self, why: Pause) {
        self.pause.store(why as u8, Ordering::Relaxed);
    }

    pub(crate) fn loaded(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.load.store(nanoseconds, Ordering::Relaxed);
        self.trouble(None);
    }

    pub(crate) fn trouble(&self, reason: Option<String>) {
        *open(&self.trouble) = reason;
    }

    pub(crate) fn refused(&self, what: Option<String>) {
        *open(&self.refusal) = what;
    }

    fn state(&self) -> State {
        if let Some(reason) = open(&self.trouble).clone() {
            return State::Bypassed { reason };
        }
        let reason = match self.pause.load(Ordering::Relaxed) {
            pause if pause == Pause::Late as u8 => {
                "The network is too slow: its output came too late again and again.".into()
            }
            pause if pause == Pause::Full as u8 => {
                "The network is too slow: a second of input waits for it.".into()
            }
            _ => return State::Running,
        };
        State::Bypassed { reason }
    }
}

impl Watch for Monitor {
    fn report(&self) -> Report {
        let times = self.metrics.times();
        let mut notices = self.source.notices();
        notices.extend(open(&self.refusal).clone());
        let restarts = self.metrics.restarts.get();
        if restarts > 0 {
            notices.push(format!("The network did not answer and was started anew: {restarts} x."));
        }
        Report {
            engine: self.source.engine(),
            device: self.source.device(),
            notices,
            state: self.state(),
            hop: self.hop,
            budget: self.budget,
            mean: times.mean,
            p99: times.p99,
            peak: times.peak,
            load: Duration::from_nanos(self.load.load(Ordering::Relaxed)),
            inferences: times.inferences,
            over_budget: times.over_budget,
            underruns: self.metrics.underruns.get(),
            samples_lost: self.metrics.lost.get(),
            errors: self.metrics.errors.get(),
        }
    }
}
