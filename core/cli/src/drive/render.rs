//! A file through the whole effect, as the plugin renders it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use fx::drive::{Drive, Pedal, Setup};

use super::Render;
use super::rig::Rig;
use crate::wav::{Format, Input, Output};

/// Frames at a time.
pub(super) const BLOCK: usize = 8192;

pub(super) fn run(args: &Render, input: &Path, output: &Path) -> Result<()> {
    let rig = Rig::load(args)?;
    let mut source = Input::open(input)?;
    let inputs = source.channels();
    if inputs > 2 {
        bail!("{}: expected 1 or 2 channels, found {inputs}", input.display());
    }
    let rate = source.sample_rate();
    let sample_rate = rate as f32;
    let (loader, mut effect) = Drive::new(sample_rate);
    if let Some(model) = &rig.model {
        let setup = Setup { sample_rate, quality: rig.quality, calls: fx::Calls::OFFLINE };
        let pedal = Pedal::build(model, setup);
        loader.offer(pedal.with_context(|| input.display().to_string())?);
    }
    let frames = source.frames() + (args.tail * f64::from(rate)).round() as u64;
    let format = Format {
        channels: inputs,
        sample_rate: rate,
        frames,
        depth: args.bits,
        dither: args.dither,
    };
    let mut sink = Output::create(output, &format, &sources(args, input))?;
    let mut channels = vec![Vec::new(); inputs];
    // Samples still to come out, and of those that come next, the ones to drop.
    let (mut rest, mut late) = (usize::try_from(frames)?, None);
    while rest > 0 {
        source.read(&mut channels, BLOCK)?;
        // The latency and the tail are silent.
        channels.iter_mut().for_each(|channel| channel.resize(BLOCK, 0.0));
        let mut io: Vec<&mut [f32]> = channels.iter_mut().map(Vec::as_mut_slice).collect();
        effect.process(&mut io, inputs, &rig.params);
        // Only what has played knows how late it is.
        let late = late.get_or_insert_with(|| effect.latency());
        let early = BLOCK.min(*late);
        *late -= early;
        for channel in &mut channels {
            channel.drain(..early);
            channel.truncate(rest);
        }
        rest -= channels[0].len();
        sink.write(&mut channels)?;
    }
    sink.finish()
}

/// What must not be overwritten, and what it is.
pub(super) fn sources<'a>(args: &'a Render, input: &'a Path) -> Vec<(&'a str, &'a Path)> {
    let files = [("model", &args.model), ("preset", &args.preset)];
    let named = files.into_iter().filter_map(|(what, name)| Some((what, name.as_deref()?)));
    named.map(|(what, name)| (what, Path::new(name))).chain([("input", input)]).collect()
}
