//! The engines of the left and the right channel of one model.

use nn::Engine;

use crate::amp::Levels;
use crate::error::Error;
use crate::levels::Known;
use crate::resample::{Plan, Setup};
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
    /// See [`Plan::new`].
    pub fn build(model: &nn::Model, setup: Setup) -> Result<Self, Error> {
        let plan = Plan::new(model, setup)?;
        let pair = Self::new(plan.engine(), plan.engine()).at(setup.sample_rate);
        Ok(pair.knowing(Known::of(model.metadata())))
    }

    fn with(engines: Option<[Box<dyn Engine>; 2]>) -> Self {
        let most = |of: fn(&dyn Engine) -> usize| {
            engines.iter().flatten().map(|engine| of(&**engine)).max().unwrap_or(0)
        };
        let (memory, latency) = (most(|e| e.receptive_field()), most(|e| e.latency()));
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
                left.run(mono);
                apart.iter_mut().for_each(Rest::wake);
            }
            ([a, b, ..], None) => {
                left.run(a);
                right.run(b);
            }
            ([a, b, ..], Some(apart)) => run_joined([left, right], apart, a, b),
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

/// Runs both channels, the second only where it is or lately was another signal.
fn run_joined(channels: [&mut Channel; 2], apart: &mut Rest, a: &mut [f32], b: &mut [f32]) {
    let [left, right] = channels;
    let mut at = 0;
    while at < a.len() {
        let span = apart.next(at, a.len(), |i| a[*i].to_bits() == b[*i].to_bits());
        if span.woken && !right.take_over(left) {
            right.reset();
        }
        let part = at..at + span.samples;
        left.run(&mut a[part.clone()]);
        if span.resting {
            b[part.clone()].copy_from_slice(&a[part.clone()]);
        } else {
            right.run(&mut b[part.clone()]);
        }
        at = part.end;
    }
}

/// An engine that rests while its input and so its output stand still.
struct Channel {
    engine: Box<dyn Engine>,
    rest: Rest,
    /// The output when it last ran.
    level: f32,
}

impl Channel {
    fn new(engine: Box<dyn Engine>, memory: usize) -> Self {
        Self { rest: Rest::new(memory), engine, level: 0.0 }
    }

    fn run(&mut self, io: &mut [f32]) {
        let mut at = 0;
        while at < io.len() {
            let span = self.rest.next(at, io.len(), |i| io[*i] == 0.0);
            let part = &mut io[at..at + span.samples];
            at += span.samples;
            if span.resting {
                part.fill(self.level);
                continue;
            }
            self.engine.process(part);
            // Where a network leaves the finite numbers there is silence; it is not
            // reset, for its memory is finite or bounded and a reset may be costly.
            for x in &mut *part {
                *x = if x.is_finite() { x.clamp(-LOUDEST, LOUDEST) } else { 0.0 };
            }
            self.level = part[span.samples - 1];
        }
    }

    fn reset(&mut self) {
        self.engine.reset();
        self.rest.wake();
    }

    fn take_over(&mut self, other: &Self) -> bool {
        (self.rest, self.level) = (other.rest, other.level);
        self.engine.take_over(&*other.engine)
    }
}
