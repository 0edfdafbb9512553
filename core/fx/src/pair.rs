//! The engines of the left and the right channel of one model.

use std::ops::Range;
use std::sync::Arc;

use nn::{BLOCK, Engine, Watch};

use crate::amp::Levels;
use crate::delay::in_time;
use crate::error::Error;
use crate::levels::Known;
use crate::resample::{Make, Plan, Setup};
use crate::rest::Rest;
use crate::smooth::Smooth;
use crate::swap::Voice;

/// 60 dB over full scale, so that no gain after a network makes an infinity of
/// what it gives.
const LOUDEST: f32 = 1000.0;

/// Two engines that change in one sample, at the level the player asks for.
///
/// What need not be computed is not: a channel that has been silent for as
/// long as its network remembers rests, and while both channels are the same
/// one network plays for both.
pub struct Pair {
    channels: Option<[Channel; 2]>,
    /// Rests while both channels are the same and one network plays for both.
    apart: Option<Rest>,
    known: Known,
    before: Smooth,
    after: Smooth,
    memory: usize,
    latency: usize,
    /// Tell how engines do that work beside the audio thread.
    watches: Vec<Arc<dyn Watch>>,
    /// The first settings after a reset hold at once.
    fresh: bool,
}

/// What the player may change about a model while it plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// See [`nn::Engine::set_quality`].
    pub quality: f32,
    /// What is made of the levels the model's file tells.
    pub levels: Levels,
}

impl Pair {
    /// No model: what comes in goes out.
    pub fn none() -> Self {
        Self::with(None)
    }

    /// Two engines of one model, or of two.
    pub fn new(left: Box<dyn Engine>, right: Box<dyn Engine>) -> Self {
        Self::with(Some([left, right]))
    }

    /// Two engines of `model`, at the rate it was made at and sharing its weights.
    pub fn of(model: &nn::Model) -> Self {
        Self::new(model.engine(), model.engine()).knowing(Known::of(model.metadata()))
    }

    /// Two engines of `model` that play where `setup` says, sharing its weights.
    /// Takes milliseconds.
    ///
    /// # Errors
    /// See [`Plan::new`]. [`Error::Latency`]: the model works beside the audio thread,
    /// and would be later than other paths can be delayed.
    pub fn build(model: &nn::Model, setup: Setup) -> Result<Self, Error> {
        let plan = Plan::new(model, setup)?;
        Self::new(plan.engine(), plan.engine()).of_model(model, setup)
    }

    /// [`Pair::build`] with what `make` gives in place of the model's engines, first the
    /// left channel's, then the right one's. See [`Plan::engine_with`].
    ///
    /// # Errors
    /// See [`Plan::new`].
    pub fn build_with(model: &nn::Model, setup: Setup, make: &mut Make<'_>) -> Result<Self, Error> {
        let plan = Plan::new(model, setup)?;
        let left = plan.engine_with(make);
        Self::new(left, plan.engine_with(make)).of_model(model, setup)
    }

    fn of_model(self, model: &nn::Model, setup: Setup) -> Result<Self, Error> {
        in_time(self.latency)?;
        let pair = self.at(setup.sample_rate);
        Ok(pair.knowing(Known::of(model.metadata())))
    }

    fn with(engines: Option<[Box<dyn Engine>; 2]>) -> Self {
        let most = |of: fn(&dyn Engine) -> usize| {
            engines.iter().flatten().map(|engine| of(&**engine)).max().unwrap_or(0)
        };
        let (memory, latency) = (most(|e| e.receptive_field()), most(|e| e.latency()));
        let watches = engines.iter().flatten().filter_map(|engine| engine.watch()).collect();
        let mut channels = engines.map(|engines| engines.map(|e| Channel::new(e, memory)));
        let joins = channels.as_mut().is_some_and(|[left, right]| right.take_over(left));
        let mut pair = Self {
            channels,
            apart: joins.then(|| Rest::new(memory)),
            known: Known::default(),
            before: Smooth::new(1.0, 1),
            after: Smooth::new(1.0, 1),
            memory,
            latency,
            watches,
            fresh: true,
        };
        pair.join();
        pair
    }

    /// Its levels, where its model's file tells them.
    pub fn knowing(mut self, known: Known) -> Self {
        self.known = known;
        self
    }

    /// The rate it plays at, in Hz, on which the length of fades depends.
    pub fn at(mut self, sample_rate: f32) -> Self {
        let fade = crate::smooth::fade_samples(sample_rate);
        self.before.set_length(fade);
        self.after.set_length(fade);
        self
    }

    /// Whether there is a model.
    pub fn is_some(&self) -> bool {
        self.channels.is_some()
    }

    /// How its engines do, if they work beside the audio thread.
    pub fn watches(&self) -> &[Arc<dyn Watch>] {
        &self.watches
    }

    /// Samples by which the output trails the input.
    pub fn latency(&self) -> usize {
        self.latency
    }

    /// Both channels have heard the same.
    fn join(&mut self) {
        self.apart.iter_mut().for_each(Rest::rest);
    }

    /// The next settings hold at once.
    pub(crate) fn refresh(&mut self) {
        self.fresh = true;
    }

    fn follow(&mut self, settings: &Settings) {
        let before = crate::smooth::gain(self.known.before(&settings.levels));
        let after = crate::smooth::gain(self.known.after(&settings.levels));
        if std::mem::take(&mut self.fresh) {
            self.before.snap(before);
            self.after.snap(after);
        }
        self.before.set(before);
        self.after.set(after);
        for channel in self.channels.iter_mut().flatten() {
            channel.engine.set_quality(settings.quality);
        }
    }
}

impl Voice for Pair {
    type Settings = Settings;

    fn run(&mut self, io: &mut [&mut [f32]], settings: &Settings) {
        self.follow(settings);
        let Some([left, right]) = &mut self.channels else { return };
        self.before.apply(io);
        match (&mut *io, &mut self.apart) {
            ([], _) => {}
            ([mono], apart) => {
                left.run(mono, &Turning::NONE);
                apart.iter_mut().for_each(Rest::wake);
            }
            ([a, b, ..], None) => {
                left.run(a, &Turning::NONE);
                right.run(b, &Turning::NONE);
            }
            ([a, b, ..], Some(apart)) => run_joined([left, right], apart, [a, b], &Turning::NONE),
        }
        self.after.apply(io);
    }

    fn reset(&mut self) {
        self.channels.iter_mut().flatten().for_each(Channel::reset);
        self.join();
        self.fresh = true;
    }

    fn warm_up(&self) -> usize {
        self.memory
    }
}

/// The most knobs that turn.
pub(crate) const MOST_KNOBS: usize = 4;

/// Knobs of a network that follow slices while it runs.
#[derive(Clone, Copy)]
pub(crate) struct Turning<'a> {
    knobs: [&'a [f32]; MOST_KNOBS],
    count: usize,
}

impl<'a> Turning<'a> {
    /// None turns.
    pub(crate) const NONE: Self = Self { knobs: [&[]; MOST_KNOBS], count: 0 };

    /// The first `count` of `knobs`.
    pub(crate) fn new(knobs: [&'a [f32]; MOST_KNOBS], count: usize) -> Self {
        Self { knobs, count: count.min(MOST_KNOBS) }
    }

    fn part(&self, part: Range<usize>) -> Self {
        let knobs = std::array::from_fn(|k| self.knobs[k].get(part.clone()).unwrap_or_default());
        Self { knobs, count: self.count }
    }
}

/// Runs both channels, the second only where it is or lately was another signal.
pub(crate) fn run_joined(
    channels: [&mut Channel; 2],
    apart: &mut Rest,
    io: [&mut [f32]; 2],
    knobs: &Turning<'_>,
) {
    let ([left, right], [a, b]) = (channels, io);
    let mut at = 0;
    while at < a.len() {
        let most = a.len().min(at + BLOCK);
        let span = apart.next(at, most, |i| a[*i].to_bits() == b[*i].to_bits());
        if span.woken && !right.take_over(left) {
            right.reset();
        }
        let part = at..at + span.samples;
        left.run(&mut a[part.clone()], &knobs.part(part.clone()));
        if span.resting {
            b[part.clone()].copy_from_slice(&a[part.clone()]);
        } else {
            right.run(&mut b[part.clone()], &knobs.part(part.clone()));
        }
        at = part.end;
    }
}

/// An engine that rests while its input and so its output stand still.
pub(crate) struct Channel {
    pub(crate) engine: Box<dyn Engine>,
    rest: Rest,
    /// The output when it last ran.
    level: f32,
}

impl Channel {
    pub(crate) fn new(engine: Box<dyn Engine>, memory: usize) -> Self {
        Self { rest: Rest::new(memory), engine, level: 0.0 }
    }

    /// Is awake from now on: its knobs stand elsewhere.
    pub(crate) fn wake(&mut self) {
        self.rest.wake();
    }

    pub(crate) fn run(&mut self, io: &mut [f32], knobs: &Turning<'_>) {
        if knobs.count > 0 {
            self.rest.wake();
            self.engine.process_turning(io, &knobs.knobs[..knobs.count]);
            self.level = tame(io).unwrap_or(self.level);
            return;
        }
        let mut at = 0;
        while at < io.len() {
            let most = io.len().min(at + BLOCK);
            let span = self.rest.next(at, most, |i| io[*i] == 0.0);
            let part = &mut io[at..at + span.samples];
            at += span.samples;
            if span.resting {
                part.fill(self.level);
                continue;
            }
            self.engine.process(part);
            self.level = tame(part).unwrap_or(self.level);
        }
    }

    pub(crate) fn reset(&mut self) {
        self.engine.reset();
        self.rest.wake();
    }

    pub(crate) fn take_over(&mut self, other: &Self) -> bool {
        (self.rest, self.level) = (other.rest, other.level);
        self.engine.take_over(&*other.engine)
    }
}

/// Where a network leaves the finite numbers there is silence; it is not reset, for
/// its memory is finite or bounded and a reset may be costly. Returns the last sample.
fn tame(io: &mut [f32]) -> Option<f32> {
    for x in &mut *io {
        *x = if x.is_finite() { x.clamp(-LOUDEST, LOUDEST) } else { 0.0 };
    }
    io.last().copied()
}
