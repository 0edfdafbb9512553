//! `kiln amp`: a WAV file through a model.

use std::path::PathBuf;

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use nn::{Engine, Model};

use crate::wav::{Input, Output};

/// Frames read, processed and written at a time.
const FRAMES: usize = 8192;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The .nam file
    #[arg(long, short)]
    model: PathBuf,
    /// The bare network, without the rest of the effect
    #[arg(long)]
    raw: bool,
    /// Size of a slimmable model, 0 smallest to 1 best
    #[arg(long, value_name = "0..1", default_value = "1", value_parser = quality)]
    quality: f32,
    /// Gain before the network, in dB
    #[arg(long, value_name = "DB", default_value = "0", allow_negative_numbers = true)]
    #[arg(conflicts_with = "raw", value_parser = decibels)]
    input_gain: f32,
    /// Gain after it, in dB
    #[arg(long, value_name = "DB", default_value = "0", allow_negative_numbers = true)]
    #[arg(conflicts_with = "raw", value_parser = decibels)]
    output_gain: f32,
    /// A WAV file of any depth and number of channels, at the model's rate
    input: PathBuf,
    /// Where to put the result, as a WAV file of 32-bit floats
    output: PathBuf,
}

fn quality(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(q) if (0.0..=1.0).contains(&q) => Ok(q),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

fn decibels(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(db) if (-120.0..=120.0).contains(&db) => Ok(db),
        _ => Err("expected a number from -120 to 120".to_owned()),
    }
}

pub(crate) fn render(args: &Args) -> Result<()> {
    if !args.raw {
        bail!("amp: expected --raw, the only mode of this version");
    }
    let model = crate::load(&args.model)?;
    let mut input = Input::open(&args.input)?;
    let rate = model.sample_rate().unwrap_or(48_000.0);
    if f64::from(input.sample_rate()) != rate {
        bail!(
            "{}: expected {rate} Hz, the rate of {}, found {} Hz; resample the file to {rate} Hz first",
            args.input.display(),
            args.model.display(),
            input.sample_rate()
        );
    }
    let mut output = Output::create(&args.output, &input)?;
    let mut engines: Vec<_> = (0..input.channels()).map(|_| engine(&model, args.quality)).collect();
    let mut channels = vec![Vec::with_capacity(FRAMES); input.channels()];
    let bar = ProgressBar::new(input.frames()).with_style(style()?);
    loop {
        let n = input.read(&mut channels, FRAMES)?;
        if n == 0 {
            break;
        }
        engines.iter_mut().zip(&mut channels).for_each(|(engine, io)| engine.process(io));
        output.write(&channels)?;
        bar.inc(n as u64);
    }
    bar.finish_and_clear();
    output.finish()
}

/// One channel of `model` at a quality, settled on silence.
fn engine(model: &Model, quality: f32) -> Box<dyn Engine> {
    let mut engine = model.engine();
    if !model.qualities().is_empty() {
        // A change of size is warmed up and faded in; that is to be over
        // before the file begins.
        engine.set_quality(quality);
        engine.process(&mut vec![0.0; 2 * engine.receptive_field() + 48_000]);
        engine.reset();
    }
    engine
}

/// Shown on a terminal only.
fn style() -> Result<ProgressStyle> {
    Ok(ProgressStyle::with_template("{wide_bar} {percent:>3} % {eta:>4}")?)
}
