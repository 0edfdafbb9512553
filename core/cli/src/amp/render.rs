//! One file through the effect.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use serde::Serialize;

use super::conveyor::{Cut, Plan, natures};
use super::rig::{Recipe, Rig, hash};
use super::stations::{Reader, Writer};
use crate::report::{Levels, Meter};
use crate::wav::{Depth, Format, Input, Output};

/// Set when the user wants to stop.
pub(crate) static STOP: AtomicBool = AtomicBool::new(false);

/// How files are made.
pub(crate) struct Job {
    pub(crate) rig: Rig,
    pub(crate) form: Form,
    /// Frames a host would pass at a time.
    pub(crate) block: usize,
    /// Whether files are measured on their way.
    pub(crate) measure: bool,
    /// Threads that share the work of one file.
    pub(crate) threads: usize,
}

/// What an output is besides its sound.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Form {
    /// Whether one channel becomes two.
    pub(crate) stereo: bool,
    /// Seconds to go on after the input's end.
    pub(crate) tail: f64,
    pub(crate) depth: Depth,
    pub(crate) dither: bool,
}

impl Job {
    /// A digest of all that makes an output what it is, but for the input. The length
    /// of blocks is not part of it, for it changes nothing.
    pub(crate) fn fingerprint(&self) -> Result<String> {
        let all: (Recipe, Form) = (self.rig.recipe(), self.form);
        Ok(hash(&serde_json::to_vec(&all)?))
    }

    /// Renders `input` to `output`, calling `tick` with the frames of each block;
    /// the levels before and after, if they are measured.
    pub(crate) fn render(
        &self,
        input: &Path,
        output: &Path,
        tick: &(dyn Fn(u64) + Sync),
    ) -> Result<Option<[Levels; 2]>> {
        let source = Input::open(input)?;
        let format = self.format(&source);
        let sources: Vec<_> = self.rig.files().chain([("input", input)]).collect();
        let sink = Output::create(output, &format, &sources)?;
        let [before, after] = match self.measure {
            true => meters(&source, &format)?.map(Some),
            false => [None, None],
        };
        let frames = usize::try_from(format.frames)?;
        let apart = self.threads > 1 || self.rig.device.is_card();
        let natures = if apart { natures(&self.rig) } else { Vec::new() };
        let mut cut = Cut::new(&natures, frames, format.channels, self.threads);
        if self.rig.device.is_card() {
            // It cuts the work as it needs it.
            cut.part = usize::MAX;
        }
        let plan = Plan {
            rig: &self.rig,
            input,
            sample_rate: format.sample_rate,
            channels: format.channels,
            frames,
            block: self.block,
            natures,
            cut,
        };
        let reader = Reader::new(source, before, format.channels);
        let writer = Writer { sink, meter: after, late: 0 };
        let run = || plan.run(reader, writer, tick);
        let meters = match self.threads {
            0 | 1 => run(),
            threads => rayon::ThreadPoolBuilder::new().num_threads(threads).build()?.install(run),
        };
        let [Some(before), Some(after)] = meters? else { return Ok(None) };
        Ok(Some([before.levels()?, after.levels()?]))
    }

    /// Of the output of `source`.
    fn format(&self, source: &Input) -> Format {
        let Form { stereo, tail, depth, dither } = self.form;
        let sample_rate = source.sample_rate();
        let frames = source.frames() + (tail * f64::from(sample_rate)).round() as u64;
        let channels = source.channels().max(if stereo { 2 } else { 1 });
        Format { channels, sample_rate, frames, depth, dither }
    }
}

/// For what is read and what is written.
fn meters(source: &Input, format: &Format) -> Result<[Meter; 2]> {
    let rate = format.sample_rate;
    let before = Meter::new(source.channels(), rate, source.ceiling())?;
    Ok([before, Meter::new(format.channels, rate, format.depth.ceiling())?])
}
