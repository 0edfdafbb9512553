//! The thread that runs a network, and what it does when that fails.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cpu::denormal::FlushDenormals;

use crate::link::{Bench, Work};
use crate::monitor::Monitor;
use crate::shared::{Phase, Shared};
use crate::{Network, Source};

/// Failures in a row after which a network is built anew.
const FAILURES: usize = 3;

/// The longest pause between two tries to build a network.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a worker needs to know besides its end of the link.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) monitor: Arc<Monitor>,
    /// To ask the system for a higher priority.
    pub(crate) urgent: bool,
    /// Before the second try to build a network; each further one takes twice as long.
    pub(crate) pause: Duration,
    /// Workers that are given up and have not ended yet.
    pub(crate) strays: Arc<AtomicUsize>,
}

/// Starts a worker.
///
/// # Errors
/// If the system has no thread left.
pub(crate) fn spawn(job: Job, bench: Bench) -> io::Result<JoinHandle<()>> {
    let work = move || {
        let shared = bench.shared.clone();
        let source = job.source.clone();
        let mut bench = Some(bench);
        let mut life = || {
            if let Some(bench) = bench.take() {
                live(&job, bench);
            }
        };
        let host = catch_unwind(AssertUnwindSafe(|| source.host(&mut life)));
        if host.is_err() && !shared.is_stopped() {
            job.monitor.trouble(Some("The runtime of the network failed.".into()));
        }
        if shared.end() {
            job.strays.fetch_sub(1, Ordering::AcqRel);
        }
    };
    thread::Builder::new().name("network".into()).spawn(work)
}

/// Builds networks and runs them, until it is asked to end.
fn live(job: &Job, bench: Bench) {
    let _flush = FlushDenormals::enter();
    if job.urgent {
        job.monitor.refused(raise().err());
    }
    let shared = bench.shared.clone();
    shared.settle_here();
    let mut runner = Runner::new(bench, job.monitor.clone());
    let mut pauses = Pauses::new(job.pause);
    while !shared.is_stopped() {
        shared.enter(Phase::Building);
        let begun = Instant::now();
        shared.call();
        let built = build(&*job.source);
        shared.call();
        let reason = match built {
            Ok(network) if shared.is_stopped() => return discard(network),
            Ok(mut network) => {
                job.monitor.loaded(begun.elapsed());
                shared.enter(Phase::Running);
                let ran = serve(&mut runner, &mut *network);
                discard(network);
                let Some(reason) = ran else { return };
                if runner.has_succeeded() {
                    pauses.reset();
                }
                reason
            }
            Err(reason) => reason,
        };
        if shared.is_stopped() {
            return;
        }
        job.monitor.trouble(Some(reason));
        shared.enter(Phase::Failed);
        pause(&shared, pauses.next());
    }
}

/// Runs `network` until it is asked to end, or to the reason why that makes no sense.
fn serve(runner: &mut Runner, network: &mut dyn Network) -> Option<String> {
    runner.renew();
    let shared = runner.bench.shared.clone();
    while !shared.is_stopped() {
        match runner.step(network) {
            Step::Idle if runner.bench.doze() => {
                thread::park();
                shared.rouse();
            }
            Step::Idle => {}
            Step::Done => shared.tell(),
            Step::Broken(reason) => return Some(reason),
        }
    }
    None
}

/// A network of the kind that was promised.
pub(crate) fn build(source: &dyn Source) -> Result<Box<dyn Network>, String> {
    let built = catch_unwind(AssertUnwindSafe(|| {
        let network = source.build()?;
        let found = [network.hop(), network.latency()];
        Ok::<_, String>((network, found))
    }));
    let (network, found) = built.map_err(|_| "Building the network panicked.")??;
    let expected = [source.hop(), source.latency()];
    if found != expected {
        discard(network);
        return Err(format!(
            "network: expected hops of {} samples and a latency of {}, found {} and {}",
            expected[0], expected[1], found[0], found[1]
        ));
    }
    Ok(network)
}

/// Drops a network, whose runtime may panic in that.
fn discard(network: Box<dyn Network>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(network)));
}

fn pause(shared: &Shared, time: Duration) {
    shared.wait(time, || shared.is_stopped());
}

/// Pauses between tries, which grow.
pub(crate) struct Pauses {
    first: Duration,
    next: Duration,
}

impl Pauses {
    pub(crate) fn new(first: Duration) -> Self {
        Self { first, next: Duration::ZERO }
    }

    /// What has worked may be tried again at once.
    pub(crate) fn reset(&mut self) {
        self.next = Duration::ZERO;
    }

    /// The first is none.
    pub(crate) fn next(&mut self) -> Duration {
        let grown = if self.next.is_zero() { self.first } else { self.next.saturating_mul(2) };
        std::mem::replace(&mut self.next, grown.min(LONGEST_PAUSE))
    }
}

/// Raises the priority of the thread it is called on.
///
/// # Errors
/// Says in a sentence that the system refused.
fn raise() -> Result<(), String> {
    use thread_priority::ThreadPriority;
    #[cfg(unix)]
    let raised = {
        use thread_priority::{
            RealtimeThreadSchedulePolicy, ThreadPriorityValue, ThreadSchedulePolicy,
            set_thread_priority_and_policy, thread_native_id,
        };
        // Above all that is not real time, yet low among what is: nearly all audio threads
        // of servers and hosts have more. Elsewhere than on Linux 10 may not be allowed.
        let value = if cfg!(target_os = "linux") { 10 } else { 50 };
        let low = ThreadPriorityValue::try_from(value).map(ThreadPriority::Crossplatform);
        let first_in_first_out = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
        set_thread_priority_and_policy(
            thread_native_id(),
            low.unwrap_or(ThreadPriority::Min),
            first_in_first_out,
        )
    };
    #[cfg(not(unix))]
    let raised = ThreadPriority::Max.set_for_current();
    raised.map_err(|_| "The system grants the network's thread no higher priority.".into())
}

/// How a step ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// There was nothing to do.
    Idle,
    /// There may be more.
    Done,
    /// The network is of no use any more, and why.
    Broken(String),
}

/// Takes hops off a link, runs them and gives them back.
pub(crate) struct Runner {
    pub(crate) bench: Bench,
    monitor: Arc<Monitor>,
    hop: Vec<f32>,
    /// The network has run since it was built or reset.
    used: bool,
    /// Failures since the last success.
    failures: usize,
    /// Whether there was a success since it was built.
    succeeded: bool,
}

impl Runner {
    pub(crate) fn new(bench: Bench, monitor: Arc<Monitor>) -> Self {
        let hop = vec![0.0; bench.hop()];
        Self { bench, monitor, hop, used: false, failures: 0, succeeded: false }
    }

    /// Expects a new network.
    pub(crate) fn renew(&mut self) {
        (self.used, self.failures, self.succeeded) = (false, 0, false);
    }

    fn has_succeeded(&self) -> bool {
        self.succeeded
    }

    /// Does what comes next, if there is anything.
    pub(crate) fn step(&mut self, network: &mut dyn Network) -> Step {
        match self.bench.next(&mut self.hop) {
            Work::None => Step::Idle,
            Work::Start { lost } => {
                self.monitor.metrics.lost.add(lost);
                self.reset(network)
            }
            Work::Run { start } => self.run(network, start),
        }
    }

    fn run(&mut self, network: &mut dyn Network, start: u64) -> Step {
        let hop = &mut self.hop;
        self.used = true;
        let begun = Instant::now();
        let ran = guarded(&self.bench.shared, || network.run(hop));
        let time = begun.elapsed();
        if self.bench.shared.is_stopped() {
            // Another may count by now, and nobody listens to us.
            return Step::Done;
        }
        let result = match ran {
            Some(Ok(())) if self.hop.iter().all(|y| y.is_finite()) => Ok(()),
            Some(Ok(())) => Err("its output is no number".into()),
            Some(Err(reason)) => Err(reason),
            None => Err("it panicked".into()),
        };
        let given = self.bench.give(start, result.is_ok().then_some(&self.hop[..]));
        // What is counted is there.
        self.monitor.metrics.ran(time, self.monitor.budget);
        match result {
            Ok(()) => {
                (self.failures, self.succeeded) = (0, true);
                self.monitor.metrics.errors.add(u64::from(!given));
                Step::Done
            }
            Err(reason) => self.fail(network, &reason),
        }
    }

    fn fail(&mut self, network: &mut dyn Network, reason: &str) -> Step {
        self.monitor.metrics.errors.add(1);
        self.failures += 1;
        if self.failures < FAILURES {
            return self.reset(network);
        }
        Step::Broken(format!("The network failed {FAILURES} times in a row: {reason}"))
    }

    fn reset(&mut self, network: &mut dyn Network) -> Step {
        if std::mem::take(&mut self.used)
            && guarded(&self.bench.shared, || network.reset()).is_none()
        {
            return Step::Broken("The network panicked when it was reset.".into());
        }
        Step::Done
    }
}

/// Calls a network, in sight of those who watch for one that never returns. Nothing if
/// it panics.
fn guarded<R>(shared: &Shared, call: impl FnOnce() -> R) -> Option<R> {
    shared.call();
    let result = catch_unwind(AssertUnwindSafe(call));
    shared.call();
    result.ok()
}
