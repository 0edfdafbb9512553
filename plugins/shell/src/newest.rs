//! A thread that finds out what an editor wants to show: only ever what is wanted last.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// While what is wanted never stays the same, as often as this something is found all the
/// same.
const LONGEST: Duration = Duration::from_millis(700);
/// And after it rests this many times as long as it took, so that a costly one leaves the
/// processor to the sound.
const REST: u32 = 3;

/// What an editor may want to know.
pub trait Wanted: Clone + PartialEq + Send + 'static {
    /// What is found.
    type Found: Send + Sync + 'static;

    /// The name of the thread.
    const THREAD: &'static str;

    /// How long it must stay the same before it is begun; a knob that turns is then not
    /// followed.
    const QUIET: Duration;

    /// Finds it: nothing where there is nothing, or once `void` says that it is not wanted
    /// any more.
    fn find(&self, void: &dyn Fn() -> bool) -> Option<Self::Found>;
}

/// What there is to show.
#[derive(Debug)]
pub struct Latest<F> {
    /// The last that was found whole.
    pub found: Option<Arc<F>>,
    /// Whether something newer is being found.
    pub busy: bool,
}

impl<F> Default for Latest<F> {
    fn default() -> Self {
        Self { found: None, busy: false }
    }
}

/// The thread, while a window is open. A clone is another handle to the same.
pub struct Newest<W: Wanted>(Arc<Shared<W>>);

impl<W: Wanted> Clone for Newest<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<W: Wanted> Default for Newest<W> {
    fn default() -> Self {
        let state = State { wanted: None, done: 0, found: None, shown: None, running: None };
        let (state, news) = (Mutex::new(state), Condvar::new());
        Self(Arc::new(Shared { state, news, number: AtomicU64::new(0) }))
    }
}

struct Shared<W: Wanted> {
    state: Mutex<State<W>>,
    news: Condvar,
    /// Counts all that was wanted, and all ends.
    number: AtomicU64,
}

struct State<W: Wanted> {
    wanted: Option<W>,
    /// The number of what was found last, and what came of it.
    done: u64,
    found: Option<Arc<W::Found>>,
    /// When something was last found, and how long that took.
    shown: Option<(Instant, Duration)>,
    /// The thread's number, while there is one: one that finds another here ends.
    running: Option<u64>,
}

impl<W: Wanted> Newest<W> {
    /// Starts looking; `tell` is called where something was found, on another thread.
    /// Returns the number of this run, for [`stop_run`](Self::stop_run).
    pub fn start(&self, tell: impl Fn() + Send + 'static) -> u64 {
        self.stop();
        let shared = self.0.clone();
        let run = shared.bump();
        shared.state().running = Some(run);
        let spawned = thread::Builder::new().name(W::THREAD.into());
        if spawned.spawn(move || shared.run(run, &tell)).is_err() {
            // Without a thread there is nothing to show; everything else works.
            self.0.state().running = None;
        }
        run
    }

    /// Ends what is under way, and looks for nothing more.
    pub fn stop(&self) {
        self.end(self.0.state());
    }

    /// [`stop`](Self::stop), unless it was started again since the run of that number:
    /// for whoever learns late that its time is over.
    pub fn stop_run(&self, run: u64) {
        let state = self.0.state();
        if state.running == Some(run) {
            self.end(state);
        }
    }

    fn end(&self, mut state: MutexGuard<'_, State<W>>) {
        state.running = None;
        state.wanted = None;
        self.0.bump();
        drop(state);
        self.0.news.notify_all();
    }

    /// Says what is wanted now.
    pub fn want(&self, wanted: Option<W>) {
        let mut state = self.0.state();
        if wanted.is_none() {
            state.found = None;
        }
        if state.wanted == wanted || state.running.is_none() {
            return;
        }
        state.wanted = wanted;
        self.0.bump();
        drop(state);
        self.0.news.notify_all();
    }

    /// What there is to show.
    pub fn latest(&self) -> Latest<W::Found> {
        let state = self.0.state();
        let busy = state.wanted.is_some() && state.done != self.0.number.load(Relaxed);
        Latest { found: state.found.clone(), busy }
    }
}

impl<W: Wanted> Shared<W> {
    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes everything before void.
    fn bump(&self) -> u64 {
        self.number.fetch_add(1, Relaxed) + 1
    }

    fn run(&self, run: u64, tell: &dyn Fn()) {
        while let Some((number, wanted, due)) = self.next(run) {
            let is_newer = || self.number.load(Relaxed) != number;
            let void = || is_newer() && (!due || self.state().running != Some(run));
            let began = Instant::now();
            let found = wanted.find(&void);
            let mut state = self.state();
            if state.running == Some(run)
                && state.wanted.is_some()
                && !(found.is_none() && is_newer())
            {
                state.found = found.map(Arc::new);
                state.shown = Some((Instant::now(), began.elapsed()));
                state.done = number;
            }
            drop(state);
            tell();
        }
    }

    /// Waits for something to find that has stayed the same for a moment. With it comes
    /// whether it is to be finished whatever is wanted meanwhile.
    fn next(&self, run: u64) -> Option<(u64, W, bool)> {
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
            let rested = |(at, took): (Instant, Duration)| at.elapsed() > LONGEST.max(REST * took);
            if W::QUIET.is_zero() || state.shown.is_none_or(rested) {
                return Some((number, wanted, true));
            }
            let waited = self.news.wait_timeout(state, W::QUIET);
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

    /// Finds its own number, unless that is negative; odd ones take until they are void.
    #[derive(Clone, PartialEq)]
    struct Number<const QUIET: u64>(i32);

    impl<const QUIET: u64> Wanted for Number<QUIET> {
        type Found = i32;
        const THREAD: &'static str = "test-newest";
        const QUIET: Duration = Duration::from_millis(QUIET);

        fn find(&self, void: &dyn Fn() -> bool) -> Option<i32> {
            let endless = self.0 % 2 == 1;
            while endless && !void() {
                thread::sleep(Duration::from_millis(1));
            }
            (self.0 >= 0 && !endless).then_some(self.0)
        }
    }

    fn settle<W: Wanted>(newest: &Newest<W>) -> Option<Arc<W::Found>> {
        for _ in 0..3000 {
            let latest = newest.latest();
            if !latest.busy {
                return latest.found;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("it is never found");
    }

    #[test]
    fn what_is_wanted_last_is_found_and_nothing_once_stopped() {
        let newest = Newest::<Number<20>>::default();
        newest.want(Some(Number(2)));
        assert!(!newest.latest().busy, "nothing is looked for before there is a window");
        newest.start(|| {});
        newest.want(Some(Number(2)));
        assert_eq!(settle(&newest).as_deref(), Some(&2));
        newest.want(Some(Number(3)));
        assert!(newest.latest().busy && newest.latest().found.as_deref() == Some(&2));
        thread::sleep(Duration::from_millis(60));
        newest.want(Some(Number(4)));
        assert_eq!(settle(&newest).as_deref(), Some(&4), "what takes long gives way");
        newest.stop();
        newest.want(Some(Number(6)));
        let left = newest.latest();
        assert!(!left.busy && left.found.as_deref() == Some(&4));
        let run = newest.start(|| {});
        newest.want(None);
        assert!(newest.latest().found.is_none(), "what is wanted no more is not shown");
        newest.start(|| {});
        newest.stop_run(run);
        newest.want(Some(Number(8)));
        assert_eq!(settle(&newest).as_deref(), Some(&8), "who was replaced stops nobody");
    }

    #[test]
    fn nothing_is_found_once_and_shown_as_nothing() {
        let newest = Newest::<Number<0>>::default();
        newest.start(|| {});
        newest.want(Some(Number(8)));
        assert_eq!(settle(&newest).as_deref(), Some(&8));
        newest.want(Some(Number(-2)));
        assert_eq!(settle(&newest), None);
        newest.stop();
    }
}
