//! What is done to a window of a file, step by step.

use std::sync::atomic::Ordering;

use anyhow::{Result, bail};

use super::chain::{self, Chain};
use super::conveyor::Plan;
use super::render::STOP;
use super::tape::{Playing, Recording, StandIn, Tape, lock};
use crate::device::{Device, Job};
use crate::report::Meter;
use crate::wav::{Input, Output};

/// A stretch of a file on its way.
#[derive(Default)]
pub(crate) struct Window {
    /// What was read and then silence, for every channel of the output.
    input: Vec<Vec<f32>>,
    /// Frames of it that were read.
    pub(crate) read: usize,
    /// What each engine of the present pass is to play.
    tapes: Vec<Tape>,
    /// What each engine played, by pass.
    played: Vec<Vec<Vec<f32>>>,
}

/// One step.
pub(crate) enum Step {
    Read(Box<Reader>),
    Play(Pass),
    Compute(Network),
    Write(Box<Writer>),
}

impl Step {
    pub(crate) fn run(&mut self, window: &mut Window) -> Result<()> {
        match self {
            Self::Read(reader) => reader.run(window),
            Self::Play(pass) => pass.run(window),
            Self::Compute(network) => {
                network.run(window);
                Ok(())
            }
            Self::Write(writer) => writer.run(window),
        }
    }
}

/// Reads a file, and after its end silence.
pub(crate) struct Reader {
    pub(crate) source: Input,
    pub(crate) meter: Option<Meter>,
    /// Of a window.
    channels: usize,
    /// Frames still to come.
    left: usize,
    /// Frames of a window.
    length: usize,
}

impl Reader {
    /// For windows of `channels`, at least as many as the file has.
    pub(crate) fn new(source: Input, meter: Option<Meter>, channels: usize) -> Self {
        Self { source, meter, channels, left: 0, length: 0 }
    }

    /// Is going to be asked for `total` frames in windows of `length`.
    pub(crate) fn expect(&mut self, total: usize, length: usize) {
        (self.left, self.length) = (total, length);
    }

    fn run(&mut self, window: &mut Window) -> Result<()> {
        let frames = self.length.min(self.left);
        self.left -= frames;
        let mut channels = vec![Vec::new(); self.source.channels()];
        window.read = self.source.read(&mut channels, frames)?;
        if let Some(meter) = &mut self.meter {
            meter.hear(&channels)?;
        }
        // The latency, the tail and the second channel of one are silent.
        channels.resize(self.channels, Vec::new());
        channels.iter_mut().for_each(|channel| channel.resize(frames, 0.0));
        window.input = channels;
        Ok(())
    }
}

/// The chain, with engines in the slots or what stands in for them.
pub(crate) struct Pass {
    chain: Chain,
    inputs: usize,
    block: usize,
    recordings: Vec<Recording>,
    /// By the pass in which they recorded.
    playings: Vec<Vec<Playing>>,
}

impl Pass {
    /// Pass `number` of those the plan takes, and what computes the network whose turn it
    /// is: those before it play, and those after it wait. The pass after the last network
    /// plays all, and is the only one if there are none, with the engines themselves.
    pub(crate) fn new(
        plan: &Plan<'_>,
        inputs: usize,
        number: usize,
    ) -> Result<(Self, Option<Network>)> {
        let natures = &plan.natures;
        let mut recordings = Vec::new();
        let mut playings = vec![Vec::new(); number];
        let chain = Chain::new(plan.rig, plan.sample_rate, plan.channels, &mut |slot, model| {
            let at = natures.iter().position(|(other, _)| *other == slot);
            let Some(at) = at else { return chain::live(slot, model) };
            let nature = natures[at].1;
            if let Some(playings) = playings.get_mut(at) {
                let (engine, playing) = StandIn::playing(nature);
                playings.push(playing);
                return engine;
            }
            if at > number {
                return StandIn::waiting(nature);
            }
            let (engine, recording) = StandIn::recording(model, nature);
            recordings.push(recording);
            engine
        })?;
        let network = (number < natures.len())
            .then(|| Network { part: plan.cut.part, device: plan.rig.device.clone() });
        Ok((Self { chain, inputs, block: plan.block, recordings, playings }, network))
    }

    fn run(&mut self, window: &mut Window) -> Result<()> {
        for (playings, played) in self.playings.iter().zip(&window.played) {
            for (playing, samples) in playings.iter().zip(played) {
                lock(playing).put_on(samples.clone());
            }
        }
        // Where another pass follows it is to hear the same.
        let last = self.recordings.is_empty();
        let mut heard = if last { Vec::new() } else { window.input.clone() };
        let channels = if last { &mut window.input } else { &mut heard };
        let frames = channels.first().map_or(0, Vec::len);
        let mut at = 0;
        while at < frames {
            if STOP.load(Ordering::Relaxed) {
                return Ok(()); // nothing of this is going to be used
            }
            let end = frames.min(at + self.block);
            let mut io: Vec<_> = channels.iter_mut().map(|channel| &mut channel[at..end]).collect();
            self.chain.process(&mut io, self.inputs);
            at = end;
        }
        if !self.playings.iter().flatten().all(|playing| lock(playing).is_done()) {
            bail!("expected two passes through the effect to feed its networks the same");
        }
        window.tapes = self.recordings.iter().map(|tape| lock(tape).take()).collect();
        Ok(())
    }
}

/// Computes what a pass recorded.
pub(crate) struct Network {
    /// Samples that an engine plays at once.
    part: usize,
    device: Device,
}

impl Network {
    fn run(&self, window: &mut Window) {
        let tapes = std::mem::take(&mut window.tapes);
        let parts = tapes.iter().map(|tape| tape.jobs(self.part).collect());
        let parts: Vec<Vec<Job<'_>>> = parts.collect();
        let counts: Vec<usize> = parts.iter().map(Vec::len).collect();
        let jobs: Vec<Job<'_>> = parts.into_iter().flatten().collect();
        let mut outputs = self.device.render_all(&jobs).into_iter();
        let played = counts.iter().map(|count| outputs.by_ref().take(*count).flatten().collect());
        window.played.push(played.collect());
    }
}

/// Writes what comes but for the latency, to a number of frames.
pub(crate) struct Writer {
    pub(crate) sink: Output,
    pub(crate) meter: Option<Meter>,
    /// Frames to leave out.
    pub(crate) late: usize,
}

impl Writer {
    fn run(&mut self, window: &mut Window) -> Result<()> {
        let early = self.late.min(window.input.first().map_or(0, Vec::len));
        self.late -= early;
        if early > 0 {
            window.input.iter_mut().for_each(|channel| drop(channel.drain(..early)));
        }
        self.sink.write(&mut window.input)?;
        if let Some(meter) = &mut self.meter {
            meter.hear(&window.input)?;
        }
        Ok(())
    }

    /// Completes the file.
    pub(crate) fn finish(self) -> Result<Option<Meter>> {
        self.sink.finish()?;
        Ok(self.meter)
    }
}
