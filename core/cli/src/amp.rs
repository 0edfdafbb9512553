//! `kiln amp`: a WAV file through a model.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use anyhow::{Result, bail};
use fx::Amp;
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
    /// The bare network, without the rest of the effect; an error where its
    /// output is not finite
    #[arg(long)]
    raw: bool,
    /// Size of a slimmable model, 0 smallest to 1 best
    #[arg(long, value_name = "0..1", default_value = "1", value_parser = |text: &str| number(text, 0.0..=1.0))]
    quality: f32,
    /// Gain before the network, in dB
    #[arg(long, value_name = "-20..20", default_value = "0", allow_negative_numbers = true)]
    #[arg(conflicts_with = "raw", value_parser = |text: &str| number(text, -20.0..=20.0))]
    input_gain: f32,
    /// Gain after it, in dB
    #[arg(long, value_name = "-40..40", default_value = "0", allow_negative_numbers = true)]
    #[arg(conflicts_with = "raw", value_parser = |text: &str| number(text, -40.0..=40.0))]
    output_gain: f32,
    /// A WAV file of integers of any depth or 32-bit floats, with 1 to 64
    /// channels, at the model's rate
    input: PathBuf,
    /// Where to put the result, as a WAV file of 32-bit floats
    output: PathBuf,
}

fn number(text: &str, range: RangeInclusive<f32>) -> Result<f32, String> {
    match text.parse() {
        Ok(x) if range.contains(&x) => Ok(x),
        _ => Err(format!("expected a number from {} to {}", range.start(), range.end())),
    }
}

pub(crate) fn render(args: &Args) -> Result<()> {
    let model = crate::load(&args.model)?;
    let mut input = Input::open(&args.input)?;
    let rate = crate::rate(&model);
    if f64::from(input.sample_rate()) != rate {
        bail!(
            "{}: expected {rate} Hz, the rate of {}, found {} Hz; resample the file to {rate} Hz first",
            args.input.display(),
            args.model.display(),
            input.sample_rate()
        );
    }
    let mut output = Output::create(&args.output, &input, &args.model)?;
    let mut chain = Chain::new(args, &model, &input);
    let mut channels = vec![Vec::new(); input.channels()];
    let bar = ProgressBar::new(input.frames()).with_style(style()?);
    loop {
        let frames = input.read(&mut channels, FRAMES)?;
        if frames == 0 {
            break;
        }
        chain.process(&mut channels);
        output.write(&channels)?;
        bar.inc(frames as u64);
    }
    bar.finish_and_clear();
    output.finish()
}

/// What a file goes through.
enum Chain {
    /// An engine a channel.
    Raw(Vec<Box<dyn Engine>>),
    /// The whole effect, for two channels each.
    Whole(Vec<Amp>, fx::amp::Params),
}

impl Chain {
    fn new(args: &Args, model: &Model, input: &Input) -> Self {
        let engine = |_| {
            let mut engine = model.engine();
            engine.set_quality(args.quality);
            engine
        };
        let amp = |_| {
            let (loader, amp) = Amp::new(input.sample_rate() as f32);
            loader.offer(fx::Pair::of(model));
            amp
        };
        if args.raw {
            return Self::Raw((0..input.channels()).map(engine).collect());
        }
        let params = fx::amp::Params {
            input_gain: args.input_gain,
            output_gain: args.output_gain,
            slots: [fx::amp::SlotParams { quality: args.quality, ..Default::default() }; 2],
            ..Default::default()
        };
        Self::Whole((0..input.channels().div_ceil(2)).map(amp).collect(), params)
    }

    fn process(&mut self, channels: &mut [Vec<f32>]) {
        match self {
            Self::Raw(engines) => {
                engines.iter_mut().zip(channels).for_each(|(engine, io)| engine.process(io));
            }
            Self::Whole(amps, params) => {
                for (amp, channels) in amps.iter_mut().zip(channels.chunks_mut(2)) {
                    let mut io: Vec<&mut [f32]> =
                        channels.iter_mut().map(Vec::as_mut_slice).collect();
                    let inputs = io.len();
                    amp.process(&mut io, inputs, params);
                }
            }
        }
    }
}

/// Shown on a terminal only.
fn style() -> Result<ProgressStyle> {
    Ok(ProgressStyle::with_template("{wide_bar} {percent:>3} % {eta:>4}")?)
}
