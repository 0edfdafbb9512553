//! What the threads of an engine share, and how a model becomes what plays.

use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fx::drive::{Oversampling, Pedal, Phase, Quality, Setup};
use fx::{Calls, Loader, Voice as _};
use nice_plug_egui::RepaintNotifier;
use nn::Blocks;

use crate::engine::Wish;
use crate::saved::Record;
use crate::source::{self, Content, Loaded};
use crate::status::Status;
use crate::wishes::not_loaded;
use crate::worker::Worker;

/// What they share.
pub(crate) struct Inner {
    loader: Loader<Pedal>,
    repaint: RepaintNotifier,
    state: Mutex<State>,
    /// Told of everything in the state that the worker has to act on.
    pub(crate) news: Condvar,
    /// What is to be done against aliasing, in one number.
    quality: AtomicU32,
    /// Whether the host renders offline.
    pub(crate) offline: AtomicBool,
    /// Samples it passes at once, at most.
    pub(crate) longest: AtomicUsize,
    /// See [`Engine::tail`](crate::Engine::tail).
    pub(crate) tail: AtomicU32,
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
    /// The host's rate in Hz, while it plays.
    pub(crate) rate: Option<f32>,
    /// What the content could not be built for last.
    pub(crate) failed: Option<Failed>,
    /// Whether a check of the file would tell something new.
    pub(crate) unchecked: bool,
    /// Counts wishes, so that one that took long cannot undo a later one.
    pub(crate) wishes: u64,
    /// What the worker is to do, with the number of the wish.
    pub(crate) queue: VecDeque<(Number, Wish)>,
    /// Whether the worker is to build anew what plays.
    pub(crate) outdated: bool,
    /// The number of the last that was to be put here, and of the last that was.
    pub(crate) asked: u64,
    pub(crate) put: u64,
    pub(crate) worker: Option<Worker>,
    pub(crate) stop: bool,
}

impl State {
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
        }
    }
}

/// What something could not be built for, and the error that says so.
#[derive(Debug)]
pub(crate) struct Failed {
    setup: Setup,
    why: String,
}

/// The number of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

/// A pedal, and what it was built for.
pub(crate) struct Built {
    setup: Setup,
    pedal: Pedal,
}

impl Inner {
    pub(crate) fn new(loader: Loader<Pedal>, repaint: RepaintNotifier) -> Self {
        Self {
            loader,
            repaint,
            state: Mutex::default(),
            news: Condvar::new(),
            quality: AtomicU32::new(packed(Quality::default())),
            offline: AtomicBool::new(false),
            longest: AtomicUsize::new(1),
            tail: AtomicU32::new(0),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn repaint(&self) {
        self.repaint.request_repaint();
    }

    /// Frees what was replaced last.
    pub(crate) fn collect(&self) {
        self.loader.collect();
    }

    /// Whether that is another quality than before.
    pub(crate) fn set_quality(&self, quality: Quality) -> bool {
        let packed = packed(quality);
        self.quality.swap(packed, Relaxed) != packed
    }

    /// What pedals are to be built for; nothing before the host said at what rate it
    /// runs.
    pub(crate) fn setup(&self) -> Option<Setup> {
        let sample_rate = self.state().rate?;
        let calls = Calls {
            blocks: Blocks::UpTo(self.longest.load(Relaxed)),
            offline: self.offline.load(Relaxed),
        };
        Some(Setup { sample_rate, quality: unpacked(self.quality.load(Relaxed)), calls })
    }

    /// A pedal of `content`.
    pub(crate) fn build(content: &Content, setup: Setup) -> Result<Built, String> {
        let pedal = Pedal::build(&content.model, setup).map_err(|e| e.to_string())?;
        Ok(Built { setup, pedal })
    }

    /// Plays `built`. Under the lock, so that what is said to play is what was offered
    /// last.
    fn offer(&self, state: &mut State, built: Built) {
        let Built { setup, pedal } = built;
        // Longer memories than a second hold nothing that is heard.
        let tail = pedal.warm_up().min(setup.sample_rate as usize) as u32;
        self.tail.store(tail, Relaxed);
        (state.status.setup, state.status.latency) = (Some(setup), pedal.latency());
        state.status.watches = pedal.watches().to_vec();
        self.loader.offer(pedal);
        state.recover();
    }

    /// Lets the sound pass.
    fn offer_nothing(&self, state: &mut State) {
        self.loader.offer(Pedal::none());
        self.tail.store(0, Relaxed);
        (state.status.setup, state.status.latency) = (None, 0);
        state.status.watches.clear();
    }

    /// [Plays](Self::offer) what was `built` for the rate the host has by now; what was
    /// built for another, or not at all, [`prepare`](Self::prepare) is to build.
    pub(crate) fn offer_fitting(&self, state: &mut State, built: Option<Built>) {
        if state.status.content.is_none() {
            return self.offer_nothing(state);
        }
        match built.filter(|built| Some(built.setup.sample_rate) == state.rate) {
            Some(built) => self.offer(state, built),
            None => state.status.setup = None,
        }
    }

    /// Plays the first where nothing was chosen, and builds what plays for the host's
    /// rate, and the quality that is asked for.
    pub(crate) fn prepare(&self) {
        let undecided = |state: &State| {
            let idle = state.status.content.is_none() && state.status.loading.is_none();
            idle && (!state.decided || state.unplayed.is_some())
        };
        if undecided(&self.state()) {
            let first = source::first();
            let mut state = self.state();
            // Another thread may have loaded one meanwhile.
            if undecided(&state) {
                match first {
                    Ok(Loaded { content, record }) => {
                        state.status.content = content;
                        (state.record, state.decided) = (record, true);
                        (state.status.setup, state.failed) = (None, None);
                    }
                    Err(why) => {
                        state.decided = true;
                        state.status.error = Some(not_loaded("the first model", &why));
                    }
                }
            }
        }
        self.rebuild();
    }

    /// What plays, if it is to be built anew, and for what: what failed is not tried
    /// again before something else is asked for.
    fn due(&self) -> Option<(Arc<Content>, u64, Setup)> {
        let setup = self.setup()?;
        let mut state = self.state();
        let content = state.status.content.clone()?;
        if state.status.setup.is_some_and(|built| built.serves(setup, &content.model)) {
            state.recover();
            return None;
        }
        (!state.has_failed(setup)).then_some((content, state.wishes, setup))
    }

    /// Builds what plays anew until it is what is asked for.
    fn rebuild(&self) {
        while let Some((content, wishes, setup)) = self.due() {
            let built = Self::build(&content, setup);
            let mut state = self.state();
            if state.wishes != wishes || state.rate != Some(setup.sample_rate) {
                continue;
            }
            match built {
                Ok(built) => self.offer(&mut state, built),
                // It goes on as it does.
                Err(why)
                    if state.status.setup.is_some_and(|s| s.sample_rate == setup.sample_rate) =>
                {
                    state.fail(
                        setup,
                        format!("At this quality {} is not played: {why}.", content.name),
                    );
                }
                Err(why) => {
                    // What there is was built for another rate, and would be wrong.
                    self.offer_nothing(&mut state);
                    state.fail(setup, not_loaded(&content.name, &why));
                }
            }
            drop(state);
            self.repaint();
        }
    }
}

/// A quality as one number.
fn packed(quality: Quality) -> u32 {
    let Quality { oversampling, phase, antiderivative } = quality;
    let linear = u32::from(phase == Phase::Linear);
    oversampling.stages() as u32 | linear << 8 | u32::from(antiderivative) << 9
}

/// The quality of [`packed`].
fn unpacked(packed: u32) -> Quality {
    let stages = (packed & 0xff) as usize;
    Quality {
        oversampling: Oversampling::ALL.get(stages).copied().unwrap_or_default(),
        phase: if packed & 1 << 8 != 0 { Phase::Linear } else { Phase::Minimum },
        antiderivative: packed & 1 << 9 != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_pass_through_one_number() {
        for oversampling in Oversampling::ALL {
            for phase in [Phase::Minimum, Phase::Linear] {
                for antiderivative in [false, true] {
                    let quality = Quality { oversampling, phase, antiderivative };
                    assert_eq!(unpacked(packed(quality)), quality);
                }
            }
        }
    }
}
