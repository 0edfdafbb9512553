//! One file through the effect.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::chain::Chain;
use super::rig::{Recipe, Rig, hash};
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
        tick: &dyn Fn(u64),
    ) -> Result<Option<[Levels; 2]>> {
        let mut source = Input::open(input)?;
        let format = self.format(&source);
        let Format { channels: outputs, sample_rate, frames, .. } = format;
        let inputs = source.channels();
        let mut chain = Chain::new(&self.rig, sample_rate, outputs)
            .with_context(|| input.display().to_string())?;
        let sources: Vec<_> = self.rig.files().chain([("input", input)]).collect();
        let mut sink = Output::create(output, &format, &sources)?;
        let mut meters = self.measure.then(|| meters(&source, &format)).transpose()?;

        let mut channels = vec![Vec::new(); outputs];
        // Samples still to come out, and of those that come next, the ones to drop.
        let (mut rest, mut late) = (usize::try_from(frames)?, None);
        while rest > 0 {
            if STOP.load(Ordering::Relaxed) {
                bail!("{}: interrupted", input.display());
            }
            let read = source.read(&mut channels[..inputs], self.block)?;
            if let Some([before, _]) = &mut meters {
                before.hear(&channels[..inputs])?;
            }
            // The latency, the tail and the second channel of one are silent.
            channels.iter_mut().for_each(|channel| channel.resize(self.block, 0.0));
            chain.process(&mut channels, inputs);
            // Only what has played knows how late it is.
            let late = late.get_or_insert_with(|| chain.latency());
            let early = self.block.min(*late);
            *late -= early;
            channels.iter_mut().for_each(|channel| drop(channel.drain(..early)));
            channels.iter_mut().for_each(|channel| channel.truncate(rest));
            rest -= channels[0].len();
            sink.write(&mut channels)?;
            if let Some([_, after]) = &mut meters {
                after.hear(&channels)?;
            }
            channels[inputs..].iter_mut().for_each(Vec::clear);
            tick(read as u64);
        }
        sink.finish()?;
        meters.map(|[before, after]| Ok([before.levels()?, after.levels()?])).transpose()
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
