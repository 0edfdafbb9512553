//! The engine that a model's player sees.

use std::sync::Arc;
use std::time::Duration;

use nn::foreign::Watch;
use nn::{Blocks, Engine, Place};

use crate::latency::{MAX_BLOCK, MAX_BUDGET, MAX_HOP, latency};
use crate::link::Sizes;
use crate::monitor::Monitor;
use crate::player::{Mail, Plan, Player};
use crate::supervisor::{Keeper, Watched};
use crate::worker::Job;
use crate::{ENDLESS, Source};

/// Rates a host counts with, in Hz: up to sixteen times the fastest converter.
const RATES: [f64; 2] = [1000.0, 16.0 * 768_000.0];

/// Input that may wait for a network to come back, in seconds.
const SPARE: usize = 1;

/// How a [`Host`] is to run its network.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Time for an inference, which the latency counts with: see
    /// [`Measured::budget`](crate::Measured::budget).
    pub budget: Duration,
    /// Time besides, counted once however many inferences a callback needs: for a system
    /// that wakes the worker late, or lets others run before it.
    pub slack: Duration,
    /// Whether silence stands in for the network where it is not there. Or else the
    /// input does, as late as the output would be.
    pub silent: bool,
    /// To ask the system for a higher priority for the worker.
    pub urgent: bool,
    /// A call of the network that takes longer is given up, and the network with it.
    /// Building it may take 30 times as long, and so may each call offline.
    pub patience: Duration,
    /// Between the second and the third try to build a network. The second follows the
    /// first at once, and further ones take twice as long each time, up to a minute.
    pub pause: Duration,
    /// The time that [`Host::new`] waits for the network to be built. It goes on being
    /// built after that.
    pub wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            budget: Duration::from_millis(5),
            slack: Duration::from_millis(4),
            silent: false,
            urgent: true,
            patience: Duration::from_secs(2),
            pause: Duration::from_secs(1),
            wait: Duration::from_secs(10),
        }
    }
}

/// A network that runs on a thread of its own beside the audio thread.
///
/// What is heard trails the input by [`latency`](Engine::latency) samples, always: where
/// the network's output is not there in time, the input stands in for it, equally late,
/// and what comes too late is thrown away. [`process`](Engine::process) and
/// [`reset`](Engine::reset) are real-time safe; the one call of the system they make is
/// to wake a worker that said that it sleeps.
///
/// An offline host runs its network on such a thread as well and waits for it, since a
/// network need not be able to move between threads while a host must be. So its output
/// is that of a host in real time, to the bit.
pub struct Host {
    player: Player,
    monitor: Arc<Monitor>,
    memory: usize,
    /// Ends the worker when dropped, which never waits long.
    _watched: Watched,
}

impl Host {
    /// Starts a worker and lets it build a network, which may take its time. What goes
    /// wrong is told by the [`Report`](nn::Report) and tried again; the input is heard
    /// until then. The first sample after construction or a reset should be the first of
    /// a callback, where `place` says that all of them are equally long: the latency
    /// counts on it, and a network that begins in the midst of one is late at first,
    /// until after some tries it begins where they do.
    pub fn new(source: Arc<dyn Source>, place: &Place, options: &Options) -> Self {
        let (hop, rate) = (hop(&*source), rate(place));
        let lead = lead(hop, rate, place, options);
        let second = rate.ceil() as usize;
        let monitor = Arc::new(Monitor::new(
            source.clone(),
            Duration::from_secs_f64(hop as f64 / rate),
            if waits(place) {
                Duration::ZERO
            } else {
                options.budget.saturating_add(options.slack)
            },
        ));
        let plan = Plan {
            lead,
            ahead: ahead(&*source),
            callback: match place.blocks {
                Blocks::Fixed(block) => block.clamp(1, MAX_BLOCK),
                Blocks::UpTo(_) => 1,
            },
            second,
            silent: options.silent,
            offline: place.offline,
        };
        let memory = source.memory().min(ENDLESS);
        let mail = Arc::<Mail>::default();
        let player = Player::new(mail.clone(), monitor.clone(), plan);
        let job = Job {
            source,
            monitor: monitor.clone(),
            // Nobody waits for an offline render, but others may share the processor.
            urgent: options.urgent && !place.offline,
            pause: options.pause,
            strays: Arc::default(),
        };
        let sizes = Sizes { hop, lead, spare: SPARE * second };
        let keeper = Keeper::new(job, sizes, mail, options.patience);
        // A machine that is busy with a render is no reason to leave the network out of it.
        let keeper = if place.offline { keeper.offline() } else { keeper };
        Self { player, monitor, memory, _watched: Watched::new(keeper, options.wait) }
    }

    /// The [`latency`](Engine::latency) of the host that [`Host::new`] would give, in
    /// samples, without starting anything.
    pub fn latency_at(source: &dyn Source, place: &Place, options: &Options) -> usize {
        lead(hop(source), rate(place), place, options) + ahead(source)
    }
}

/// Samples of a hop that can be counted with.
fn hop(source: &dyn Source) -> usize {
    source.hop().clamp(1, MAX_HOP)
}

/// Samples of look-ahead that can be counted with.
fn ahead(source: &dyn Source) -> usize {
    source.latency().min(MAX_HOP)
}

/// The rate of a place, in Hz, or the nearest that can be counted with.
fn rate(place: &Place) -> f64 {
    let rate = if place.sample_rate.is_nan() { RATES[0] } else { place.sample_rate };
    rate.clamp(RATES[0], RATES[1])
}

/// Whether every sample is waited for, so that the latency counts with no time.
fn waits(place: &Place) -> bool {
    place.offline && place.blocks == Blocks::UpTo(1)
}

/// Samples by which the output of a worker trails at `place`.
fn lead(hop: usize, rate: f64, place: &Place, options: &Options) -> usize {
    let samples =
        |time: Duration| (time.as_secs_f64() * rate).ceil().min(MAX_BUDGET as f64) as usize;
    // Whoever waits for every sample needs no time besides.
    if waits(place) {
        return latency(hop, 0, place.blocks);
    }
    // A network slower than its sound is helped by no latency: it is passed by and told of.
    let budget = samples(options.budget).clamp(1, hop);
    let lead = latency(hop, budget, place.blocks);
    // Whole blocks where all are as long: what comes between two is heard in the next.
    let slack = samples(options.slack);
    match place.blocks {
        Blocks::Fixed(block) => lead + slack.next_multiple_of(block.clamp(1, MAX_BLOCK)),
        Blocks::UpTo(_) => lead + slack,
    }
}

impl Engine for Host {
    fn process(&mut self, io: &mut [f32]) {
        self.player.process(io);
    }

    fn reset(&mut self) {
        self.player.reset();
    }

    fn receptive_field(&self) -> usize {
        self.memory.saturating_add(self.latency())
    }

    fn latency(&self) -> usize {
        self.player.latency()
    }

    fn watch(&self) -> Option<Arc<dyn Watch>> {
        Some(self.monitor.clone())
    }
}
