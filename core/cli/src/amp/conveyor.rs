//! A file in windows that move from station to station: read, played through the effect
//! with stand-ins, networks computed in parts, played through the effect again, written.
//!
//! Every station keeps what it must remember from window to window, and all work at
//! once, each on a window of its own. So memory is bounded, and what must be done in
//! order hides behind the networks. Models in series take a pass and a computation each.

use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Context as _, Result, bail};
use rayon::prelude::*;

use super::chain::Chain;
use super::render::STOP;
use super::rig::Rig;
use super::stations::{Pass, Reader, Step, Window, Writer};
use super::tape::Nature;
use crate::report::Meter;

/// Samples of a window for each thread, so many that what a part must hear before it
/// costs little; and of a window at most and at least.
const EACH: usize = 1 << 18;
const MOST: usize = 1 << 22;
const LEAST: usize = 1 << 16;

/// Windows that a file has at least, if they do not get too short, so that stations find
/// work at the same time.
const WINDOWS: usize = 6;

/// Parts that the networks of a window are cut into, for each thread: more than one, so
/// that threads that are done with other steps find some left.
const PARTS: usize = 2;

/// How many times what a part must hear before it, a part is at least.
const WORTH: usize = 16;

/// Frames of a window where nothing is to be gained by longer ones.
const SHORT: usize = 8192;

/// How a file is cut, which makes no difference to its sound.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    /// Frames of a window.
    pub(crate) window: usize,
    /// Samples that an engine plays at once.
    pub(crate) part: usize,
}

impl Cut {
    /// For `frames` of `channels`, and `threads` that share the work.
    pub(crate) fn new(
        natures: &[(usize, Nature)],
        frames: usize,
        channels: usize,
        threads: usize,
    ) -> Self {
        let Some(memory) = natures.iter().map(|(_, nature)| nature.memory()).max() else {
            return Self { window: SHORT, part: SHORT };
        };
        let channels = channels.max(1);
        let most = (EACH * threads).min(MOST).div_ceil(channels);
        let window = frames.div_ceil(WINDOWS).clamp(LEAST.min(most), most);
        let part = (window * channels).div_ceil(PARTS * threads.max(1));
        Self { window, part: part.max(WORTH * memory) }
    }
}

/// The slots of the models of `rig`, in the order in which they play, if the work of each
/// can be parted; else none.
pub(crate) fn natures(rig: &Rig) -> Vec<(usize, Nature)> {
    let models = rig.models.iter().enumerate();
    let loaded = models.filter_map(|(slot, model)| Some((slot, model.as_ref()?)));
    let natures = loaded.map(|(slot, model)| Some((slot, Nature::of(model)?)));
    natures.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// How a file is played.
pub(crate) struct Plan<'a> {
    pub(crate) rig: &'a Rig,
    /// The file, for errors.
    pub(crate) input: &'a Path,
    /// Hz.
    pub(crate) sample_rate: u32,
    /// Of the output.
    pub(crate) channels: usize,
    /// Of the output.
    pub(crate) frames: usize,
    /// Frames the effect gets at a time.
    pub(crate) block: usize,
    /// Of the networks that are computed apart from the effect, by slot; none for one
    /// pass with the engines themselves.
    pub(crate) natures: Vec<(usize, Nature)>,
    pub(crate) cut: Cut,
}

#[cfg(test)]
#[path = "conveyor_tests.rs"]
mod tests;

/// A step and what it works on.
struct Station {
    step: Step,
    window: Option<Window>,
    result: Result<()>,
}

impl Station {
    fn new(step: Step) -> Self {
        Self { step, window: None, result: Ok(()) }
    }

    fn run(&mut self) {
        if let Some(window) = &mut self.window {
            self.result = self.step.run(window);
        }
    }
}

impl Plan<'_> {
    /// Plays all that `reader` reads to `writer`, and tells `tick` of the frames that are
    /// done; the meters of both, if they have any.
    pub(crate) fn run(
        &self,
        mut reader: Reader,
        mut writer: Writer,
        tick: &(dyn Fn(u64) + Sync),
    ) -> Result<[Option<Meter>; 2]> {
        let named = || self.input.display().to_string();
        let late = Chain::latency(self.rig, self.sample_rate).with_context(named)?;
        let total = self.frames + late;
        reader.expect(total, self.cut.window);
        writer.late = late;
        let inputs = reader.source.channels();
        let mut stations = vec![Station::new(Step::Read(Box::new(reader)))];
        for pass in 0..=self.natures.len() {
            let (pass, network) = Pass::new(self, inputs, pass).with_context(named)?;
            stations.push(Station::new(Step::Play(pass)));
            stations.extend(network.map(|network| Station::new(Step::Compute(network))));
        }
        stations.push(Station::new(Step::Write(Box::new(writer))));
        self.convey(&mut stations, total.div_ceil(self.cut.window), tick)?;
        let mut meters = [None, None];
        for station in stations {
            match station.step {
                Step::Read(reader) => meters[0] = reader.meter,
                Step::Write(writer) => meters[1] = writer.finish()?,
                Step::Play(_) | Step::Compute(_) => {}
            }
        }
        Ok(meters)
    }

    /// Sends `windows` past all stations.
    fn convey(
        &self,
        stations: &mut [Station],
        windows: usize,
        tick: &(dyn Fn(u64) + Sync),
    ) -> Result<()> {
        for turn in 1..windows + stations.len() {
            for i in (1..stations.len()).rev() {
                stations[i].window = stations[i - 1].window.take();
            }
            if let Some(first) = stations.first_mut() {
                first.window = (turn <= windows).then(Window::default);
            }
            if !self.natures.is_empty() {
                stations.par_iter_mut().with_max_len(1).for_each(Station::run);
            } else {
                stations.iter_mut().for_each(Station::run);
            }
            if STOP.load(Ordering::Relaxed) {
                bail!("{}: interrupted", self.input.display());
            }
            for station in &mut *stations {
                std::mem::replace(&mut station.result, Ok(()))?;
            }
            let done = stations.last_mut().and_then(|last| last.window.take());
            done.iter().for_each(|window| tick(window.read as u64));
        }
        Ok(())
    }
}
