//! What the threads of an engine share, and how a graph becomes what plays.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use atomic_float::AtomicF32;
use fx::Loader;
use fx::reverb::Tail;
use nice_plug_egui::RepaintNotifier;

use crate::engine::Wish;
use crate::own::Own;
use crate::prepared::{Prepared, Setup};
use crate::saved::Record;
use crate::source::{self, Content, Loaded, Source};
use crate::status::{Proof, Status};
use crate::wishes::not_loaded;
use crate::worker::Worker;

/// What they share.
pub(crate) struct Inner {
    loader: Loader<Tail>,
    pub(crate) own: Option<Own>,
    repaint: RepaintNotifier,
    pub(crate) state: Mutex<State>,
    /// Told of everything in the state that a worker may have to act on.
    pub(crate) news: Condvar,
    /// What the knobs say, from the audio thread: the size; and the reverberation time
    /// in seconds, 0 as trained.
    pub(crate) size: AtomicF32,
    pub(crate) rt60: AtomicF32,
    /// Whether the host renders offline: what plays then changes only where the host is.
    pub(crate) offline: AtomicBool,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) status: Status,
    /// What is saved for what plays.
    pub(crate) record: Arc<Record>,
    /// A project's record that could not be played. It is saved in place of `record`
    /// until the player chooses something, so that nothing of it is lost.
    pub(crate) unplayed: Option<Arc<Record>>,
    /// Something was chosen or restored.
    pub(crate) decided: bool,
    /// The host's rate in Hz, once it said so.
    pub(crate) rate: Option<f32>,
    /// The network on offer.
    pub(crate) playing: Option<Arc<Prepared>>,
    /// What the content could not be built for last.
    pub(crate) failed: Option<Failed>,
    /// What times were measured of last, while a file is followed.
    pub(crate) measured: Option<Measured>,
    /// What was refused, and may be insisted on.
    pub(crate) refused: Option<Loaded>,
    /// Whether a check of the file would tell something new.
    pub(crate) unchecked: bool,
    /// Counts wishes, so that one that took long cannot undo a later one.
    pub(crate) wishes: u64,
    /// What the worker is to do, with the number of the wish.
    pub(crate) queue: VecDeque<(Number, Wish)>,
    /// The number of the last that was to be put here, and of the last that was.
    pub(crate) asked: u64,
    pub(crate) put: u64,
    pub(crate) worker: Option<Worker>,
    pub(crate) stop: bool,
}

impl State {
    /// Whether the host plays.
    pub(crate) fn is_active(&self) -> bool {
        self.rate.is_some()
    }

    /// Whether it is known already that it cannot be built for `setup`.
    fn has_failed(&self, setup: Setup) -> bool {
        self.failed.as_ref().is_some_and(|failed| failed.setup == setup)
    }

    /// Notes that it cannot be built for `setup`: said once.
    fn fail(&mut self, setup: Setup, why: String) {
        self.status.error = Some(why.clone());
        self.failed = Some(Failed { setup, why });
    }

    /// What plays is what is asked for: no failure is left to be told of.
    fn recover(&mut self) {
        let Some(failed) = self.failed.take() else { return };
        if self.status.error == Some(failed.why) {
            self.status.error = None;
            self.status.insistable = false;
            self.refused = None;
        }
    }
}

/// What something could not be built for, and the error that says so.
#[derive(Debug)]
pub(crate) struct Failed {
    setup: Setup,
    why: String,
}

/// A network whose times are known, how many lines it has, and since when.
pub(crate) type Measured = (Arc<Prepared>, usize, Instant);

/// The number of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

/// Why a graph is not played.
pub(crate) struct Refused {
    pub(crate) why: String,
    /// Whether it can be insisted on.
    pub(crate) insistable: bool,
    /// Poles outside the unit circle, if that is known.
    pub(crate) proven: Option<Arc<fdn::Certificate>>,
}

/// What became of what was built anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// It plays.
    Played,
    /// It is not played.
    Refused,
    /// It is not wanted any more.
    Outdated,
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self { why, insistable: false, proven: None }
    }
}

impl Inner {
    pub(crate) fn new(loader: Loader<Tail>, own: Option<Own>, repaint: RepaintNotifier) -> Self {
        Self {
            loader,
            own,
            repaint,
            state: Mutex::default(),
            news: Condvar::new(),
            size: AtomicF32::new(1.0),
            rt60: AtomicF32::new(0.0),
            offline: AtomicBool::new(false),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn repaint(&self) {
        self.repaint.request_repaint();
    }

    pub(crate) fn collect(&self) {
        self.loader.collect();
    }

    /// What networks are to be made for; nothing before the host said at what rate it
    /// runs.
    pub(crate) fn setup(&self) -> Option<Setup> {
        let rate = self.state().rate?;
        Some(Setup { rate, size: self.size.load(Relaxed) })
    }

    /// Whether something else is to be built than what plays, for the knobs were turned
    /// or nothing plays yet: what failed is not tried again before they are.
    pub(crate) fn is_due(&self) -> bool {
        self.resized().is_some() || self.is_missing()
    }

    /// What plays, if it is to have another size, and which.
    fn resized(&self) -> Option<(Arc<Content>, Arc<Prepared>, Setup)> {
        let setup = self.setup()?;
        let mut state = self.state();
        let playing = state.playing.clone()?;
        if playing.setup == setup {
            state.recover();
            return None;
        }
        let content = state.status.content.clone().filter(|_| !state.has_failed(setup))?;
        Some((content, playing, setup))
    }

    /// Whether nothing plays, and it is not known that nothing can.
    fn is_missing(&self) -> bool {
        let Some(setup) = self.setup() else { return false };
        let state = self.state();
        state.playing.is_none() && state.status.content.is_some() && !state.has_failed(setup)
    }

    /// Builds what [is due](Self::is_due).
    pub(crate) fn resize(&self) {
        let Some((content, before, setup)) = self.resized() else {
            if self.is_missing() {
                self.prepare();
            }
            return;
        };
        let allowed = self.state().record.allowed();
        let built = self.build(&content, setup, allowed, Some(&before));
        let mut state = self.state();
        if !state.playing.as_ref().is_some_and(|playing| Arc::ptr_eq(playing, &before)) {
            return;
        }
        match built {
            Ok((prepared, guarded)) => self.offer(&mut state, prepared, guarded),
            Err(refused) => state.fail(setup, not_at_this_size(&content.name, &refused.why)),
        }
        drop(state);
        self.repaint();
    }

    /// Makes `content` ready, with times like those of `before`, its relative. Returns
    /// whether it is to be guarded.
    pub(crate) fn build(
        &self,
        content: &Content,
        setup: Setup,
        allowed: bool,
        before: Option<&Arc<Prepared>>,
    ) -> Result<(Arc<Prepared>, bool), Refused> {
        let offline = self.offline.load(Relaxed);
        let live = matches!(content.source, Source::Live(_));
        // A render is not to depend on what others made.
        let prepared = match before {
            Some(_) if live || offline => Arc::new(Prepared::new(content, setup)?),
            _ => Prepared::shared(content, setup)?,
        };
        match before {
            None if offline => drop(prepared.model.calibrate()),
            before => prepared.begin_like(before.map(|before| &**before)),
        }
        let bounded = prepared.is_bounded(&|| self.state().stop);
        if !bounded && !allowed {
            return Err(Refused {
                why: prepared.refusal(),
                insistable: true,
                proven: prepared.proven().cloned(),
            });
        }
        Ok((prepared, !bounded))
    }

    /// Plays `prepared`. Under the lock, so that what is said to play is what was
    /// offered last.
    pub(crate) fn offer(&self, state: &mut State, prepared: Arc<Prepared>, guarded: bool) {
        self.loader.offer(Tail::new(&prepared.model, guarded));
        let Setup { rate, size } = prepared.setup;
        let status = &mut state.status;
        (status.rate, status.size, status.guarded) = (rate, size, guarded);
        status.model = Some(prepared.model.clone());
        status.proof = match prepared.proven() {
            Some(proven) => Proof::Done(proven.clone()),
            None => Proof::Checking,
        };
        state.playing = Some(prepared);
        state.recover();
        self.news.notify_all();
    }

    /// [Plays](Self::offer) what was `built` for the rate the host has by now; what was
    /// built for another, or not at all, [`prepare`](Self::prepare) is to build.
    pub(crate) fn offer_fitting(&self, state: &mut State, built: Option<(Arc<Prepared>, bool)>) {
        match built.filter(|(prepared, _)| Some(prepared.setup.rate) == state.rate) {
            Some((prepared, guarded)) => self.offer(state, prepared, guarded),
            None => state.playing = None,
        }
    }

    /// Plays the first where nothing was chosen, and builds what plays for the host's
    /// rate, and its size.
    pub(crate) fn prepare(&self) {
        let undecided = |state: &State| {
            let idle = state.status.content.is_none() && state.status.loading.is_none();
            idle && (!state.decided || state.unplayed.is_some())
        };
        if undecided(&self.state()) {
            let first = source::first(self.own.as_ref());
            let mut state = self.state();
            // Another thread may have loaded one meanwhile.
            if undecided(&state) {
                match first {
                    Ok(Loaded { content, record }) => {
                        state.status.content = Some(content);
                        (state.record, state.decided) = (record, true);
                        (state.playing, state.failed) = (None, None);
                    }
                    Err(why) => {
                        state.decided = true;
                        state.status.error = Some(not_loaded("the first reverb", &why));
                    }
                }
            }
        }
        self.rebuild();
    }

    /// Builds what plays anew until it is what is asked for.
    fn rebuild(&self) {
        loop {
            let Some(setup) = self.setup() else { return };
            let (content, wishes, allowed, playing) = {
                let state = self.state();
                let Some(content) = state.status.content.clone() else { return };
                let fits = |playing: &Arc<Prepared>| {
                    let same_rate = playing.setup.rate == setup.rate;
                    playing.setup == setup || same_rate && state.has_failed(setup)
                };
                let playing = state.playing.clone().filter(fits);
                (content, state.wishes, state.record.allowed(), playing)
            };
            if let Some(playing) = playing {
                // A render is not to begin with times that are an estimate.
                if self.offline.load(Relaxed) {
                    playing.model.calibrate();
                    self.repaint();
                }
                return;
            }
            let built = self.build(&content, setup, allowed, None);
            if self.replace(&content, wishes, setup, built) == Replaced::Refused {
                return;
            }
        }
    }

    /// Plays what `content` became, or says why not, unless something else was asked for
    /// or sent since `wishes` were counted.
    pub(crate) fn replace(
        &self,
        content: &Arc<Content>,
        wishes: u64,
        setup: Setup,
        built: Result<(Arc<Prepared>, bool), Refused>,
    ) -> Replaced {
        let mut state = self.state();
        // What a trainer sends is no wish.
        let same = state.status.content.as_ref().is_some_and(|now| Arc::ptr_eq(now, content));
        if state.wishes != wishes || !same {
            return Replaced::Outdated;
        }
        match built {
            Ok((prepared, guarded)) => {
                self.offer(&mut state, prepared, guarded);
                Replaced::Played
            }
            // It goes on at the size it has.
            Err(refused) if state.playing.as_ref().is_some_and(|p| p.setup.rate == setup.rate) => {
                state.fail(setup, not_at_this_size(&content.name, &refused.why));
                Replaced::Refused
            }
            Err(refused) => {
                // What there is was built for another rate, and would be wrong.
                self.loader.offer(Tail::silent());
                (state.playing, state.status.model) = (None, None);
                state.status.proof = Proof::None;
                state.fail(setup, not_loaded(&content.name, &refused.why));
                state.status.insistable = refused.insistable;
                let (content, record) = (content.clone(), state.record.clone());
                state.refused = refused.insistable.then_some(Loaded { content, record });
                Replaced::Refused
            }
        }
    }
}

/// Why what plays has another size than it is asked for.
fn not_at_this_size(name: &str, why: &str) -> String {
    format!("At this size {name} is not played: {why}.")
}
