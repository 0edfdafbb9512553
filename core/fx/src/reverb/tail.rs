//! A feedback delay network as a voice that another can follow.

use std::array;
use std::sync::Arc;

use fdn::{Effect, Graph, Isa, Model, Range};
use nn::BLOCK;

use crate::reverb::range;
use crate::smooth::fade_samples;
use crate::swap::Voice;

/// Channels of a network at most, in and out.
pub const MOST_CHANNELS: usize = 64;

/// What is left of a limiter's gain reduction after a second.
const RECOVERY: f32 = 0.01;

/// The network of `graph` as [`Reverb`](super::Reverb) plays it: at `rate` Hz, in a room
/// `size` times as large, its controls as far as they go here. Not for the audio thread.
///
/// # Errors
///
/// Those of [`Graph::resized`], [`Graph::at_rate`] and [`Model::new`];
/// [`fdn::Error::TooLarge`] for more channels than [`MOST_CHANNELS`].
pub fn model(graph: &Graph, rate: f64, size: f64) -> Result<Model, fdn::Error> {
    for (what, found) in [("inputs", graph.root.inputs()), ("outputs", graph.root.outputs())] {
        if found > MOST_CHANNELS {
            return Err(fdn::Error::TooLarge { what: what.into(), limit: MOST_CHANNELS, found });
        }
    }
    let mut graph = graph.resized(size)?.at_rate(rate)?;
    let (time, none) = (range("rt60"), Range { init: 0.0, min: 0.0, max: 0.0 });
    let [min, max] = [time.min, time.max].map(f64::from);
    let init = graph.controls.rt60.map_or(2.0, |asked| asked.init).clamp(min, max);
    // What waits and what is mixed is done around it.
    graph.controls = fdn::Controls {
        rt60: Some(Range { init, min, max }),
        dry_wet: Some(Range { init: 1.0, min: 1.0, max: 1.0 }),
        pre_delay: Some(none),
    };
    Model::new(&graph, fdn::Law::Calibrated)
}

/// A running network for one or two channels.
///
/// Its inputs hear left and right by turns, or if it has one, their mean; its outputs
/// are heard left and right by turns, more than two at as much less. In mono all inputs
/// hear the one channel, and all outputs are in it.
pub struct Tail {
    effect: Option<Box<Effect>>,
    /// What it hears and makes: channels × [`BLOCK`].
    heard: Vec<f32>,
    made: Vec<f32>,
    limiter: Option<Limiter>,
    /// Samples a sound may hide in it.
    held: usize,
    /// Samples in which one that goes on with the same sound is faded in.
    seam: usize,
}

impl Tail {
    /// Silence.
    pub fn silent() -> Self {
        Self { effect: None, heard: Vec::new(), made: Vec::new(), limiter: None, held: 0, seam: 1 }
    }

    /// Plays `model`, which is one of [`model`]'s. Guarded, it never leaves full scale:
    /// for networks that are not proven to be stable.
    pub fn new(model: &Arc<Model>, guarded: bool) -> Self {
        Self::new_on(model, guarded, Isa::best())
    }

    /// The same on an instruction set of choice; the best, if this machine lacks it.
    pub fn new_on(model: &Arc<Model>, guarded: bool, isa: Isa) -> Self {
        let plan = model.plan();
        let rate = plan.sample_rate() as f32;
        Self {
            effect: Some(Box::new(Effect::new_on(model, isa))),
            heard: vec![0.0; plan.inputs().min(MOST_CHANNELS) * BLOCK],
            made: vec![0.0; plan.outputs().min(MOST_CHANNELS) * BLOCK],
            limiter: guarded.then(|| Limiter::new(rate)),
            held: plan.held(),
            seam: fade_samples(rate),
        }
    }

    /// What it plays.
    pub fn model(&self) -> Option<&Arc<Model>> {
        self.effect.as_ref().map(|effect| effect.model())
    }

    /// Samples a sound may hide in it.
    pub(super) fn memory(&self) -> usize {
        self.held
    }

    /// Spreads the channels over the inputs.
    fn hear(&mut self, channels: &[&mut [f32]]) {
        let inputs = self.heard.len() / BLOCK;
        // As much power goes in, whatever their number.
        let gain = (2.0 / inputs.max(2) as f32).sqrt();
        for (i, heard) in self.heard.chunks_exact_mut(BLOCK).enumerate() {
            match channels {
                [left, right] if inputs == 1 => {
                    let pairs = left.iter().zip(right.iter());
                    heard.iter_mut().zip(pairs).for_each(|(y, (l, r))| *y = 0.5 * (l + r));
                }
                _ => {
                    let channel = &channels[i % channels.len()];
                    heard.iter_mut().zip(channel.iter()).for_each(|(y, x)| *y = gain * x);
                }
            }
        }
    }

    /// Gathers the outputs in the channels.
    fn gather(&self, channels: &mut [&mut [f32]]) {
        let outputs = self.made.len() / BLOCK;
        let count = channels.len();
        let gain = (count as f32 / outputs.max(count) as f32).sqrt();
        for (c, channel) in channels.iter_mut().enumerate() {
            channel.fill(0.0);
            let own = (0..outputs).filter(|o| outputs == 1 || o % count == c);
            for made in own.map(|o| &self.made[o * BLOCK..]) {
                channel.iter_mut().zip(made).for_each(|(y, x)| *y += gain * x);
            }
        }
    }
}

impl Voice for Tail {
    type Settings = fdn::Params;

    fn run(&mut self, channels: &mut [&mut [f32]], settings: &fdn::Params) {
        let n = channels.first().map_or(0, |io| io.len()).min(BLOCK);
        self.hear(channels);
        let Some(effect) = &mut self.effect else {
            return channels.iter_mut().for_each(|io| io.fill(0.0));
        };
        effect.set(settings);
        let mut heard = self.heard.chunks_exact(BLOCK).map(|x| &x[..n]);
        let count = heard.len();
        let heard: [&[f32]; MOST_CHANNELS] = array::from_fn(|_| heard.next().unwrap_or_default());
        let mut made = self.made.chunks_exact_mut(BLOCK).map(|y| &mut y[..n]);
        let outputs = made.len();
        let mut made: [&mut [f32]; MOST_CHANNELS] =
            array::from_fn(|_| made.next().unwrap_or_default());
        effect.process(&heard[..count], &mut made[..outputs]);
        self.gather(channels);
        if let Some(limiter) = &mut self.limiter {
            limiter.run(channels);
        }
    }

    fn reset(&mut self) {
        if let Some(effect) = &mut self.effect {
            effect.reset();
        }
        if let Some(limiter) = &mut self.limiter {
            limiter.peak = 0.0;
        }
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn inherit(&mut self, old: &Self) -> Option<usize> {
        match (&mut self.effect, &old.effect) {
            (Some(effect), Some(old)) => effect.adopt(old).then_some(self.seam),
            // Neither needs time: one is silent.
            _ => Some(self.seam.max(old.seam)),
        }
    }
}

/// Lets nothing leave full scale: down at once, up again slowly.
struct Limiter {
    /// The largest magnitude of late.
    peak: f32,
    /// What of it is left a sample later.
    fall: f32,
}

impl Limiter {
    fn new(rate: f32) -> Self {
        Self { peak: 0.0, fall: RECOVERY.powf(1.0 / rate) }
    }

    fn run(&mut self, channels: &mut [&mut [f32]]) {
        for i in 0..channels.first().map_or(0, |io| io.len()) {
            let now = channels.iter().fold(0.0_f32, |most, io| most.max(io[i].abs()));
            self.peak = (self.peak * self.fall).max(now);
            if self.peak > 1.0 {
                channels.iter_mut().for_each(|io| io[i] /= self.peak);
            }
        }
    }
}
