//! The bare network, as its trainer runs it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use nn::Model;

use super::render::{BLOCK, sources};
use super::{Render, rig};
use crate::wav::{Format, Input, Output};

pub(super) fn run(args: &Render, input: &Path, output: &Path) -> Result<()> {
    let name = args.model.as_deref().unwrap_or_default();
    let model = rig::model(name)?;
    let knobs = values(&model, &args.knob)?;
    let mut source = Input::open(input)?;
    let rate = source.sample_rate();
    let model = at(&model, rate).with_context(|| name.to_owned())?;
    let mut channels = vec![Vec::new(); source.channels()];
    let mut block = channels.clone();
    while source.read(&mut block, BLOCK)? > 0 {
        for (channel, block) in channels.iter_mut().zip(&mut block) {
            channel.append(block);
        }
    }
    channels.iter_mut().for_each(|channel| model.unsettled(&knobs, channel));
    let format = Format {
        channels: channels.len(),
        sample_rate: rate,
        frames: channels[0].len() as u64,
        depth: args.bits,
        dither: args.dither,
    };
    let mut sink = Output::create(output, &format, &sources(args, input))?;
    sink.write(&mut channels)?;
    sink.finish()
}

/// The model at the rate of the file, which must be its own if it has one.
fn at(model: &Model, rate: u32) -> Result<Model> {
    let found = f64::from(rate);
    match model.sample_rate() {
        Some(own) if own != found => bail!("expected {own} Hz, its own rate, found {found} Hz"),
        _ => Ok(model.at_rate(found)?),
    }
}

/// All knobs in order, those not named at their defaults.
fn values(model: &Model, given: &[String]) -> Result<Vec<f32>> {
    let mut values: Vec<f32> = model.knobs().iter().map(|knob| knob.default).collect();
    if given.len() > values.len() {
        bail!("knob: expected at most {}, found {}", values.len(), given.len());
    }
    for (value, text) in values.iter_mut().zip(given) {
        match text.parse::<f32>() {
            Ok(x) if x.is_finite() => *value = x,
            _ => bail!("knob: expected a number, found {text}"),
        }
    }
    Ok(values)
}
