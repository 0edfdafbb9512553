//! Stand-ins for engines: some note what they are to play, others play what was computed
//! of it in the meantime.
//!
//! The effect asks an engine for no more than its output, and nothing before a network
//! depends on what comes after it. So the same effect, played with stand-ins, finds out
//! what each of its networks will hear, to the bit, without running any.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard};

use nn::{Engine, Model};

use crate::device::Job;

/// What an effect wants to know of an engine before it plays.
#[derive(Clone, Copy)]
pub(crate) struct Nature {
    receptive_field: usize,
    latency: usize,
    /// Whether it takes over the state of another.
    follows: bool,
    /// Samples that make it what it is, see [`Model::memory`].
    memory: usize,
}

impl Nature {
    /// Of the engines of `model`, if their memory has an end.
    pub(crate) fn of(model: &Model) -> Option<Self> {
        let memory = model.memory()?;
        let (mut engine, other) = (model.engine(), model.engine());
        let (receptive_field, latency) = (engine.receptive_field(), engine.latency());
        Some(Self { receptive_field, latency, memory, follows: engine.take_over(&*other) })
    }

    /// See [`Model::memory`].
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }
}

/// A stretch through which an engine only plays.
#[derive(Clone)]
struct Run {
    quality: f32,
    /// Samples at the front that were played before.
    past: usize,
    samples: Vec<f32>,
}

impl Run {
    fn fresh(quality: f32) -> Self {
        Self { quality, past: 0, samples: Vec::new() }
    }

    /// Goes on where this one ends. What is left of it is all an engine knows: either
    /// everything since it was at rest, or as much as it remembers.
    fn next(&self, nature: &Nature, quality: f32) -> Self {
        let past = self.samples.len().min(nature.memory.saturating_sub(1));
        Self { quality, past, samples: self.samples[self.samples.len() - past..].to_vec() }
    }
}

/// What an engine hears within a window.
pub(crate) struct Tape {
    nature: Nature,
    model: Model,
    runs: Vec<Run>,
}

/// A tape that a stand-in writes.
pub(crate) type Recording = Arc<Mutex<Tape>>;

impl Tape {
    fn new(model: &Model, nature: Nature) -> Self {
        Self { nature, model: model.clone(), runs: vec![Run::fresh(1.0)] }
    }

    fn last(&mut self) -> &mut Run {
        if self.runs.is_empty() {
            self.runs.push(Run::fresh(1.0));
        }
        let last = self.runs.len() - 1;
        &mut self.runs[last]
    }

    fn begin(&mut self, run: Run) {
        if self.last().samples.len() == self.last().past {
            self.runs.pop();
        }
        self.runs.push(run);
    }

    /// What was recorded; the next window goes on where it ends.
    pub(crate) fn take(&mut self) -> Self {
        let quality = self.last().quality;
        let nature = self.nature;
        let next = self.last().next(&nature, quality);
        let runs = std::mem::replace(&mut self.runs, vec![next]);
        Self { nature: self.nature, model: self.model.clone(), runs }
    }

    /// The work it is to play all, in parts of at most `most` samples. A part costs what
    /// it must hear before it on top.
    pub(crate) fn jobs(&self, most: usize) -> impl Iterator<Item = Job<'_>> {
        let reach = self.nature.memory.saturating_sub(1);
        let most = most.max(1);
        self.runs.iter().flat_map(move |run| {
            let length = run.samples.len() - run.past;
            let parts = length.div_ceil(most);
            (0..parts).map(move |i| {
                let [from, to] = [i, i + 1].map(|i| run.past + length * i / parts);
                Job {
                    model: &self.model,
                    quality: run.quality,
                    past: &run.samples[from.saturating_sub(reach)..from],
                    signal: &run.samples[from..to],
                }
            })
        })
    }
}

/// What an engine answers within a window.
#[derive(Default)]
pub(crate) struct Reel {
    samples: Vec<f32>,
    at: usize,
    /// It was asked for more than there is.
    ran_out: bool,
}

/// A reel that a stand-in plays.
pub(crate) type Playing = Arc<Mutex<Reel>>;

impl Reel {
    /// Whether all that was put on before has been played and no more.
    pub(crate) fn is_done(&self) -> bool {
        self.at == self.samples.len() && !self.ran_out
    }

    pub(crate) fn put_on(&mut self, samples: Vec<f32>) {
        (self.samples, self.at) = (samples, 0);
    }
}

/// What a stand-in does.
enum Role {
    /// Is silent, for its turn has not come.
    Waits,
    Records(Recording),
    Plays(Playing),
}

/// In place of an engine whose quality stands still but for a first choice.
pub(crate) struct StandIn {
    nature: Nature,
    role: Role,
}

impl StandIn {
    pub(crate) fn waiting(nature: Nature) -> Box<dyn Engine> {
        Box::new(Self { nature, role: Role::Waits })
    }

    pub(crate) fn recording(model: &Model, nature: Nature) -> (Box<dyn Engine>, Recording) {
        let tape = Arc::new(Mutex::new(Tape::new(model, nature)));
        (Box::new(Self { nature, role: Role::Records(tape.clone()) }), tape)
    }

    pub(crate) fn playing(nature: Nature) -> (Box<dyn Engine>, Playing) {
        let reel = Playing::default();
        (Box::new(Self { nature, role: Role::Plays(reel.clone()) }), reel)
    }
}

/// What a thread that died held is still what it was.
pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Engine for StandIn {
    fn process(&mut self, io: &mut [f32]) {
        match &self.role {
            Role::Waits => io.fill(0.0),
            Role::Records(tape) => {
                lock(tape).last().samples.extend_from_slice(io);
                io.fill(0.0);
            }
            Role::Plays(reel) => {
                let Reel { samples, at, ran_out } = &mut *lock(reel);
                let found = samples[*at..].len().min(io.len());
                io[..found].copy_from_slice(&samples[*at..*at + found]);
                io[found..].fill(0.0);
                *at += found;
                *ran_out |= found < io.len();
            }
        }
    }

    fn reset(&mut self) {
        if let Role::Records(tape) = &self.role {
            let mut tape = lock(tape);
            let quality = tape.last().quality;
            tape.begin(Run::fresh(quality));
        }
    }

    fn receptive_field(&self) -> usize {
        self.nature.receptive_field
    }

    fn latency(&self) -> usize {
        self.nature.latency
    }

    fn take_over(&mut self, other: &dyn Engine) -> bool {
        let Some(other) = (other as &dyn Any).downcast_ref::<Self>() else { return false };
        if !self.nature.follows {
            return false;
        }
        if let (Role::Records(to), Role::Records(from)) = (&self.role, &other.role) {
            let next = {
                let mut from = lock(from);
                let quality = from.last().quality;
                from.last().next(&self.nature, quality)
            };
            lock(to).begin(next);
        }
        true
    }

    fn set_quality(&mut self, quality: f32) {
        let Role::Records(tape) = &self.role else { return };
        let mut tape = lock(tape);
        if tape.last().quality.to_bits() != quality.to_bits() {
            let next = tape.last().next(&self.nature, quality);
            tape.begin(next);
        }
    }
}
