//! The thread that measures what plays, while a window is open.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use fdn::{Model, Portrait};
use nice_plug_egui::RepaintNotifier;

/// How long what is wanted must stay the same: a knob that turns is not followed.
const QUIET: Duration = Duration::from_millis(80);
/// While it never does, as often as this something is shown all the same.
const LONGEST: Duration = Duration::from_millis(700);

/// What is to be measured.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) model: Arc<Model>,
    pub(super) params: fdn::Params,
    /// Whether its times are final.
    pub(super) calibrated: bool,
}

impl PartialEq for Wanted {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.model, &other.model)
            && self.params == other.params
            && self.calibrated == other.calibrated
    }
}

/// What there is to show of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    /// The last that was measured whole.
    pub(super) portrait: Option<Arc<Portrait>>,
    /// Whether something newer is being measured.
    pub(super) busy: bool,
}

/// A clone is another handle to the same.
#[derive(Clone, Default)]
pub(super) struct Measure(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
    /// Counts all that was wanted, and all ends.
    number: AtomicU64,
}

#[derive(Default)]
struct State {
    wanted: Option<Wanted>,
    /// The number of what was measured last, and what came of it.
    done: u64,
    portrait: Option<Arc<Portrait>>,
    /// When something was last shown.
    shown: Option<Instant>,
    /// The thread's number, while there is one: one that finds another here ends.
    running: Option<u64>,
}

impl Measure {
    /// Starts measuring; `repaint` is told of what was found.
    pub(super) fn start(&self, repaint: &RepaintNotifier) {
        self.stop();
        let (shared, repaint) = (self.0.clone(), repaint.clone());
        let run = shared.bump();
        shared.state().running = Some(run);
        let spawned = thread::Builder::new().name("kiln-portrait".into());
        let spawned = spawned.spawn(move || shared.run(run, &repaint));
        if spawned.is_err() {
            // Without a thread the pictures stay empty; everything else works.
            self.0.state().running = None;
        }
    }

    /// Ends what is under way, and measures nothing more.
    pub(super) fn stop(&self) {
        let mut state = self.0.state();
        state.running = None;
        state.wanted = None;
        self.0.bump();
        drop(state);
        self.0.news.notify_all();
    }

    /// Says what plays now.
    pub(super) fn want(&self, wanted: Option<Wanted>) {
        let mut state = self.0.state();
        if wanted.is_none() {
            state.portrait = None;
        }
        if state.wanted == wanted || state.running.is_none() {
            return;
        }
        state.wanted = wanted;
        self.0.bump();
        drop(state);
        self.0.news.notify_all();
    }

    pub(super) fn measured(&self) -> Measured {
        let state = self.0.state();
        let busy = state.wanted.is_some() && state.done != self.0.number.load(Relaxed);
        Measured { portrait: state.portrait.clone(), busy }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes everything before void.
    fn bump(&self) -> u64 {
        self.number.fetch_add(1, Relaxed) + 1
    }

    fn run(&self, run: u64, repaint: &RepaintNotifier) {
        while let Some((number, wanted, due)) = self.next(run) {
            let newer = || {
                let ended = || self.state().running != Some(run);
                self.number.load(Relaxed) != number && (!due || ended())
            };
            let found = Portrait::new(&wanted.model, &wanted.params, &newer);
            let mut state = self.state();
            if let (Some(found), true) = (found, state.running == Some(run)) {
                state.portrait = Some(Arc::new(found));
                state.shown = Some(Instant::now());
                state.done = number;
            }
            drop(state);
            repaint.request_repaint();
        }
    }

    /// Waits for something to measure that has stayed the same for a moment. With it
    /// comes whether it is to be finished whatever is wanted meanwhile.
    fn next(&self, run: u64) -> Option<(u64, Wanted, bool)> {
        let mut state = self.state();
        loop {
            if state.running != Some(run) {
                return None;
            }
            let number = self.number.load(Relaxed);
            let Some(wanted) = state.wanted.clone().filter(|_| state.done != number) else {
                state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let due = state.shown.is_none_or(|shown| shown.elapsed() > LONGEST);
            if due {
                return Some((number, wanted, true));
            }
            let waited = self.news.wait_timeout(state, QUIET);
            let (next, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = next;
            let same = self.number.load(Relaxed) == number;
            if timeout.timed_out() && same && state.running == Some(run) {
                return Some((number, wanted, false));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(rt60: f64) -> Wanted {
        let item = fx::factory::reverb("small-room").expect("it is built in");
        let graph = fdn::Graph::load(item.bytes).expect("a graph");
        let model = fx::reverb::model(&graph, 48_000.0, 1.0).expect("a network");
        model.estimate();
        let params = fdn::Params { rt60: Some(rt60), ..fdn::Params::default() };
        Wanted { model: Arc::new(model), params, calibrated: false }
    }

    fn settle(measure: &Measure) -> Measured {
        for _ in 0..1500 {
            let measured = measure.measured();
            if !measured.busy {
                return measured;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("it is never measured");
    }

    #[test]
    fn the_newest_is_measured_and_nothing_once_stopped() {
        let measure = Measure::default();
        measure.want(Some(wanted(0.5)));
        assert!(!measure.measured().busy, "nothing is measured before there is a window");
        measure.start(&RepaintNotifier::new());
        let first = wanted(0.3);
        measure.want(Some(first.clone()));
        let short = settle(&measure).portrait.expect("a portrait");
        for rt60 in [0.4, 0.5, 0.6] {
            let params = fdn::Params { rt60: Some(rt60), ..first.params };
            measure.want(Some(Wanted { params, ..first.clone() }));
        }
        assert!(measure.measured().busy);
        let long = settle(&measure).portrait.expect("another");
        let times = [&short, &long].map(|portrait| portrait.t60.expect("a time"));
        assert!(times[1] > 1.4 * times[0], "{times:?}");
        measure.stop();
        measure.want(Some(wanted(0.2)));
        let left = measure.measured();
        assert!(!left.busy && left.portrait.is_some_and(|portrait| Arc::ptr_eq(&portrait, &long)));
        measure.start(&RepaintNotifier::new());
        measure.want(None);
        assert!(measure.measured().portrait.is_none(), "what plays no more is not shown");
    }
}
