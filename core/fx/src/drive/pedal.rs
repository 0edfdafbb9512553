//! One model made ready to play: its engines, what lies around them against
//! aliasing, and what it does to the loudness.

use std::sync::Arc;

use nn::{BLOCK, Isa, Model, Watch};

use super::loudness::Loudness;
use super::network::Network;
use super::oversample::Chain;
use super::{KNOBS, Params, Setup};
use crate::amp::{Levels, OutputLevel};
use crate::delay::{Delay, in_time};
use crate::error::Error;
use crate::levels::Known;
use crate::pair::{Channel, MOST_KNOBS, Turning, run_joined};
use crate::resample::RATES;
use crate::rest::Rest;
use crate::smooth::{Smooth, fade_samples, gain};
use crate::swap::Voice;

/// What drive does to a network without knobs: dB from its least to its most.
pub const DRIVE_SPAN: f32 = 48.0;

/// The most, in dB, that loudness is made up for: a network that gates says nothing at
/// low levels, which no gain brings back.
const MOST_MAKE_UP: f32 = 40.0;

/// Samples for which a pedal plays unheard at most: an eighth of a second at 48 kHz, for
/// a choice to be heard soon. Filters that remember longer have heard nearly all by then.
const WARM_UP: usize = 6000;

/// 180 dB below full scale: silence, so that a network may rest.
const FLOOR: f32 = 1e-9;

/// Both channels of one model at one [`Setup`], with the dry signal beside them.
///
/// As a [`Voice`] it takes four channels: the wet left and right, which go through
/// the network, and the dry ones, which go the same way around it.
pub struct Pedal {
    setup: Option<Setup>,
    core: Option<Box<Core>>,
}

/// What the player may change about a pedal while it plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// See [`Params::drive`].
    pub drive: f32,
    /// See [`Params::knobs`].
    pub knobs: [f32; KNOBS],
    /// What was applied before, in dB, which counts where loudness is made up for.
    pub input_gain: f32,
    /// See [`Params::auto_gain`].
    pub auto_gain: bool,
    /// See [`Params::calibrate_input`].
    pub calibrate_input: bool,
    /// See [`Params::interface`].
    pub interface: f32,
}

/// The parts of a pedal with a model.
struct Core {
    channels: [Channel; 2],
    /// Rests while both channels are the same and one network plays for both.
    apart: Option<Rest>,
    chain: Chain,
    factor: usize,
    /// Make the dry channels as late as a network's own rate makes the wet ones.
    late: [Delay; 2],
    known: Known,
    loudness: Loudness,
    knobs: Vec<Turn>,
    /// Calibration and, for a network without knobs, the drive.
    before: Smooth,
    make_up: Smooth,
    /// What the network says in silence, at its own rate: without it, no turn of the
    /// drive and no other pedal is heard where nothing plays.
    offset: Smooth,
    offsets: Vec<f32>,
    memory: usize,
    latency: usize,
    /// Tell how engines do that work beside the audio thread.
    watches: Vec<Arc<dyn Watch>>,
    /// The first settings after a reset hold at once.
    fresh: bool,
    /// Whether it runs unheard before it is heard.
    warmed: bool,
}

/// A knob of the network.
struct Turn {
    min: f32,
    max: f32,
    /// Where it stands at first.
    rest: f32,
    /// In the knob's own unit, a value a sample of the network.
    value: Smooth,
    values: Vec<f32>,
}

impl From<&Params> for Settings {
    fn from(params: &Params) -> Self {
        Self {
            drive: params.drive,
            knobs: params.knobs,
            input_gain: params.input_gain,
            auto_gain: params.auto_gain,
            calibrate_input: params.calibrate_input,
            interface: params.interface,
        }
    }
}

impl Settings {
    fn levels(&self) -> Levels {
        let Self { calibrate_input, interface, .. } = *self;
        Levels { output: OutputLevel::Raw, calibrate_input, interface }
    }
}

impl Pedal {
    /// No model: what comes in goes out.
    pub fn none() -> Self {
        Self { setup: None, core: None }
    }

    /// Engines of `model` for both channels that play where `setup` says, sharing its
    /// weights. Takes milliseconds for a small network, most of which measure how
    /// loud it is.
    ///
    /// # Errors
    /// [`Error::SampleRate`] for a rate of the host or the model outside 8 to 768 kHz;
    /// [`Error::Latency`] for a model that works beside the audio thread and would be
    /// later than other paths can be delayed.
    pub fn build(model: &Model, setup: Setup) -> Result<Self, Error> {
        Self::build_on(model, setup, Isa::best())
    }

    /// [`Pedal::build`] on an instruction set of choice, to measure or to compare. A
    /// model with a rate of its own runs on the best in any case.
    ///
    /// # Errors
    /// See [`Pedal::build`].
    pub fn build_on(model: &Model, setup: Setup, isa: Isa) -> Result<Self, Error> {
        let core = Core::build(model, setup, isa)?;
        Ok(Self { setup: Some(setup), core: Some(Box::new(core)) })
    }

    /// Whether there is a model.
    pub fn is_some(&self) -> bool {
        self.core.is_some()
    }

    /// Where it was built to play, if there is a model.
    pub fn setup(&self) -> Option<Setup> {
        self.setup
    }

    /// How its engines do, if they work beside the audio thread.
    pub fn watches(&self) -> &[Arc<dyn Watch>] {
        self.core.as_ref().map_or(&[], |core| &core.watches)
    }

    /// Samples by which the output trails the input.
    pub fn latency(&self) -> usize {
        self.core.as_ref().map_or(0, |core| core.latency)
    }

    /// With what it plays now: the gains, as factors, before the network and after it,
    /// and what is taken from its output between.
    pub(super) fn gains(&self) -> [f32; 3] {
        let now = |smooth: &Smooth| smooth.settled().unwrap_or(1.0);
        self.core.as_ref().map_or([1.0, 1.0, 0.0], |core| {
            [now(&core.before), now(&core.make_up), core.offset.settled().unwrap_or(0.0)]
        })
    }

    /// The next settings hold at once.
    pub(super) fn refresh(&mut self) {
        self.core.iter_mut().for_each(|core| core.fresh = true);
    }
}

impl Core {
    fn build(model: &Model, setup: Setup, isa: Isa) -> Result<Self, Error> {
        let host = f64::from(setup.sample_rate);
        if !RATES.contains(&host) {
            return Err(Error::SampleRate { of: "host", expected: RATES, found: host });
        }
        let setup = setup.fitting(model);
        let factor = setup.quality.oversampling.factor();
        let network = Network::new(model, setup, isa)?;
        let [left, right] = [(); 2].map(|()| network.engine());
        let memory = left.receptive_field();
        let around = in_time(left.latency() / factor)?;
        let watches = [&left, &right].into_iter().filter_map(|engine| engine.watch()).collect();
        let [left, mut right] = [left, right].map(|engine| Channel::new(engine, memory));
        let joins = right.take_over(&left);
        let chain = Chain::new(setup.quality, network.is_integrated(), isa);
        let fade = fade_samples(setup.sample_rate);
        let late = [(); 2].map(|()| {
            let mut delay = Delay::new(around);
            delay.set(around, 1);
            delay
        });
        let mut core = Self {
            channels: [left, right],
            apart: joins.then(|| Rest::new(memory)),
            factor,
            late,
            known: Known::of(model.metadata()),
            loudness: Loudness::of(model),
            knobs: Turn::all(model, factor, fade),
            before: Smooth::new(1.0, fade),
            make_up: Smooth::new(1.0, fade),
            offset: Smooth::new(0.0, fade * factor),
            offsets: vec![0.0; BLOCK * factor],
            memory: memory.div_ceil(factor).saturating_add(chain.memory()),
            latency: around + chain.latency(),
            chain,
            watches,
            fresh: true,
            warmed: false,
        };
        core.join();
        Ok(core)
    }

    /// Both channels have heard the same.
    fn join(&mut self) {
        self.apart.iter_mut().for_each(Rest::rest);
    }

    fn follow(&mut self, settings: &Settings) {
        let calibration = self.known.before(&settings.levels());
        let drive = match self.knobs.is_empty() {
            true => DRIVE_SPAN * (settings.drive - 0.5),
            false => 0.0,
        };
        let before = gain(calibration + drive);
        let make_up = match settings.auto_gain {
            true => {
                let level = settings.input_gain + calibration + drive;
                let added = self.loudness.added(settings.drive, level);
                gain(-added.clamp(-MOST_MAKE_UP, MOST_MAKE_UP))
            }
            false => 1.0,
        };
        let offset = self.loudness.rest(settings.drive);
        let shares = [settings.drive].into_iter().chain(settings.knobs);
        let fresh = std::mem::take(&mut self.fresh);
        if fresh {
            self.before.snap(before);
            self.make_up.snap(make_up);
            self.offset.snap(offset);
        }
        self.offset.set(offset);
        self.before.set(before);
        self.make_up.set(make_up);
        let warmed = fresh && std::mem::take(&mut self.warmed);
        let mut turned = false;
        for (i, (knob, share)) in self.knobs.iter_mut().zip(shares).enumerate() {
            let value = knob.at(share);
            if fresh && knob.value.settled() != Some(value) {
                knob.value.snap(value);
                self.channels.iter_mut().for_each(|channel| channel.engine.set_knob(i, value));
                turned = true;
            }
            knob.value.set(value);
        }
        // What is warmed up unheard comes to rest, or into the sound, by that.
        if turned && !warmed {
            self.settle();
        }
    }

    /// Lets networks whose knobs jumped in silence come to rest, so that it is not heard.
    fn settle(&mut self) {
        for channel in &mut self.channels {
            channel.engine.settle();
            channel.wake();
        }
    }

    /// Runs the network over `n` samples of its own rate in the chain.
    fn play(&mut self, n: usize) {
        let [left, right] = self.chain.wet(n);
        for x in left.iter_mut().chain(right.iter_mut()) {
            *x = if x.abs() > FLOOR { *x } else { 0.0 };
        }
        // Apart from where the knobs stand still, at the sample from which on they do.
        let turning = self.knobs.iter().map(|knob| knob.value.left()).max().unwrap_or(0).min(n);
        let count = if turning > 0 { self.knobs.len() } else { 0 };
        let mut values: [&[f32]; MOST_KNOBS] = [&[]; MOST_KNOBS];
        for knob in &mut self.knobs {
            knob.value.fill(&mut knob.values[..turning]);
        }
        for (to, knob) in values.iter_mut().zip(&self.knobs) {
            *to = &knob.values[..turning];
        }
        let (a, left) = left.split_at_mut(turning);
        let (b, right) = right.split_at_mut(turning);
        let [first, second] = &mut self.channels;
        let settled = |knob: &Turn| knob.value.settled();
        let arrived = turning > 0 && self.knobs.iter().all(|knob| settled(knob).is_some());
        for (moving, io, knobs) in
            [(true, [a, b], Turning::new(values, count)), (false, [left, right], Turning::NONE)]
        {
            match &mut self.apart {
                Some(apart) => run_joined([&mut *first, &mut *second], apart, io, &knobs),
                None => {
                    let [a, b] = io;
                    first.run(a, &knobs);
                    second.run(b, &knobs);
                }
            }
            if moving && arrived {
                // Of engines that take turns only one has heard the very last value.
                for (i, value) in self.knobs.iter().filter_map(settled).enumerate() {
                    first.engine.set_knob(i, value);
                    second.engine.set_knob(i, value);
                }
            }
        }
        self.centre(n);
    }

    /// Takes away what the network says in silence.
    fn centre(&mut self, n: usize) {
        if self.offset.settled() == Some(0.0) {
            return;
        }
        let offsets = &mut self.offsets[..n];
        self.offset.fill(offsets);
        for io in self.chain.wet(n) {
            io.iter_mut().zip(&*offsets).for_each(|(x, offset)| *x -= offset);
        }
    }
}

impl Voice for Pedal {
    type Settings = Settings;

    /// Wet left, wet right, dry left, dry right; another number of channels passes.
    fn run(&mut self, io: &mut [&mut [f32]], settings: &Settings) {
        let (Some(core), [left, right, dry @ ..]) = (&mut self.core, io) else { return };
        let [dry_left, dry_right] = dry else { return };
        core.follow(settings);
        core.before.apply(&mut [left, right]);
        let n = left.len();
        core.chain.up([left, right, dry_left, dry_right]);
        core.play(n * core.factor);
        core.chain.down([left, right, dry_left, dry_right]);
        for (dry, late) in [dry_left, dry_right].into_iter().zip(&mut core.late) {
            if late.delay() > 0 {
                late.process(dry);
            }
        }
        core.make_up.apply(&mut [left, right]);
    }

    fn reset(&mut self) {
        let Some(core) = &mut self.core else { return };
        for (i, knob) in core.knobs.iter_mut().enumerate() {
            // Where a network rests that was reset.
            knob.value.snap(knob.rest);
            core.channels.iter_mut().for_each(|channel| channel.engine.set_knob(i, knob.rest));
        }
        core.channels.iter_mut().for_each(Channel::reset);
        core.chain.reset();
        core.late.iter_mut().for_each(Delay::reset);
        core.join();
        (core.fresh, core.warmed) = (true, false);
    }

    fn inherit(&mut self, _: &Self) -> Option<usize> {
        self.core.iter_mut().for_each(|core| core.warmed = true);
        None
    }

    fn warm_up(&self) -> usize {
        self.core.as_ref().map_or(0, |core| core.memory.min(WARM_UP))
    }
}

impl Turn {
    /// The knobs of a network, at their defaults; `factor` times the host's rate.
    fn all(model: &Model, factor: usize, fade: usize) -> Vec<Self> {
        let turn = |knob: &nn::Knob| Self {
            min: knob.min,
            max: knob.max,
            rest: knob.default,
            value: Smooth::new(knob.default, fade * factor),
            values: vec![0.0; BLOCK * factor],
        };
        model.knobs().iter().take(1 + KNOBS).map(turn).collect()
    }

    /// The value at a share of the range.
    fn at(&self, share: f32) -> f32 {
        self.min + share * (self.max - self.min)
    }
}
