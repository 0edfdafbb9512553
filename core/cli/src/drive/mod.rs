//! `kiln drive`: WAV files through the distortion, and what a model does.

mod curve;
mod raw;
mod render;
mod rig;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use fx::drive::{Oversampling, Params, Phase};
use serde_json::{Value, json};

use crate::settings::{self, Setting};
use crate::wav::Depth;

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    override_usage = "kiln drive [OPTIONS] <--model <M.json>|--preset <P.json>> <INPUT> <OUTPUT>\n       \
        kiln drive <COMMAND>"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    render: Render,
}

#[derive(Subcommand)]
enum What {
    /// Draw transfer curves of a model, the spectrum of a sine, and how much of it folds
    /// back at each quality
    Curve(curve::Args),
    /// List every parameter with its range and default
    Params {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// What a render needs.
#[derive(clap::Args)]
struct Render {
    /// The model: a file of any format that is understood, or factory:NAME
    #[arg(long, short, value_name = "M.json", required_unless_present = "preset")]
    model: Option<String>,
    /// Begin with this preset: a file, or factory:NAME; what else is said comes on top
    #[arg(long, value_name = "P.json")]
    preset: Option<String>,
    /// The bare network, begun as its trainer begins it, knobs in their own units and in
    /// the order of the file
    #[arg(long, requires = "model")]
    #[arg(conflicts_with_all = ["preset", "Knobs", "Against", "tail"])]
    raw: bool,
    /// A knob of the network beside the drive, by its name or number, from 0 to 1, as
    /// in `tone=0.3` or `2=0.3`; with --raw a value only, for the next knob
    #[arg(long, value_name = "N=V", allow_hyphen_values = true)]
    knob: Vec<String>,
    #[command(flatten)]
    knobs: Knobs,
    #[command(flatten)]
    against: Against,
    /// Seconds to go on after the end of the input
    #[arg(long, value_name = "SECONDS", default_value = "0", help_heading = "Files")]
    #[arg(value_parser = seconds)]
    tail: f64,
    /// How samples are written: 16 or 24 for integers, 32f for floats
    #[arg(long, value_enum, default_value = "32f", hide_possible_values = true)]
    #[arg(help_heading = "Files")]
    bits: Depth,
    /// Add noise of one step to integers
    #[arg(long, help_heading = "Files")]
    dither: bool,
    /// A WAV file of 1 or 2 channels
    #[arg(required = true)]
    input: Option<PathBuf>,
    /// The file to write
    #[arg(required = true)]
    output: Option<PathBuf>,
}

/// Flags for what is set most.
#[derive(clap::Args)]
#[command(next_help_heading = "Parameters (ranges and all others: kiln drive params)")]
struct Knobs {
    /// How hard it distorts: 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = settings::within::<Params>("drive"))]
    drive: Option<f32>,
    /// Gain before everything, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true)]
    #[arg(value_parser = settings::within::<Params>("input_gain"))]
    input_gain: Option<f32>,
    /// Gain after everything, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true)]
    #[arg(value_parser = settings::within::<Params>("output_gain"))]
    output_gain: Option<f32>,
    /// Darker or brighter, in dB at either end of the spectrum
    #[arg(long, value_name = "DB", allow_negative_numbers = true)]
    #[arg(value_parser = settings::within::<Params>("tilt"))]
    tilt: Option<f32>,
    /// Share of the processed signal: 0 dry to 1 wet
    #[arg(long, value_name = "SHARE", value_parser = settings::within::<Params>("mix"))]
    mix: Option<f32>,
    /// Take back the loudness that drive adds
    #[arg(long)]
    auto_gain: bool,
    /// What becomes of two channels: stereo, mono or mid_side
    #[arg(long, value_parser = |text: &str| settings::value::<Params>("channels", text))]
    channels: Option<Value>,
    /// Bring the input to the level the model was made at
    #[arg(long)]
    calibrate_input: bool,
    /// dBu of a sine that reaches 0 dBFS at your converter
    #[arg(long, value_name = "DBU", allow_negative_numbers = true)]
    #[arg(value_parser = settings::within::<Params>("interface"))]
    interface: Option<f32>,
    /// Set any parameter; may be repeated, and comes after all flags
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = settings::setting::<Params>)]
    set: Vec<Setting>,
}

impl Knobs {
    /// Everything that was set, in the order it is to be applied.
    fn settings(&self) -> Vec<Setting> {
        let mut all = Vec::new();
        for (key, number) in [
            ("drive", self.drive),
            ("input_gain", self.input_gain),
            ("output_gain", self.output_gain),
            ("tilt", self.tilt),
            ("mix", self.mix),
            ("interface", self.interface),
        ] {
            all.extend(number.map(|number| Setting::new(key, number)));
        }
        for (key, given) in
            [("auto_gain", self.auto_gain), ("calibrate_input", self.calibrate_input)]
        {
            all.extend(given.then(|| Setting::new(key, json!(true))));
        }
        all.extend(self.channels.iter().map(|word| Setting::new("channels", word.clone())));
        all.extend(self.set.iter().cloned());
        all
    }
}

/// What is done against aliasing.
#[derive(clap::Args)]
#[command(next_help_heading = "Against aliasing")]
struct Against {
    /// How many times the rate of the file the network runs at: 1, 2, 4, 8 or 16;
    /// 8 by default, or what the preset says
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    oversampling: Option<Oversampling>,
    /// The filters on the way there: of least delay, or of the same delay for every
    /// frequency
    #[arg(long, value_enum)]
    phase: Option<Filters>,
    /// Integrate a network of one hidden layer of tanh from sample to sample
    #[arg(long)]
    antiderivative: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Filters {
    Minimum,
    Linear,
}

impl Against {
    /// `quality` with what was asked for.
    fn on(&self, mut quality: fx::drive::Quality) -> fx::drive::Quality {
        quality.oversampling = self.oversampling.unwrap_or(quality.oversampling);
        quality.phase = match self.phase {
            None => quality.phase,
            Some(Filters::Minimum) => Phase::Minimum,
            Some(Filters::Linear) => Phase::Linear,
        };
        quality.antiderivative |= self.antiderivative;
        quality
    }
}

fn factor(text: &str) -> Result<Oversampling, String> {
    let all = Oversampling::ALL.into_iter();
    let found = all.clone().find(|o| text.parse() == Ok(o.factor()));
    found.ok_or_else(|| format!("expected 1, 2, 4, 8 or 16, found {text}"))
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(x) if (0.0..=60.0).contains(&x) => Ok(x),
        _ => Err(format!("expected 0 to 60, found {text}")),
    }
}

/// Does what was asked.
pub(crate) fn run(args: &Args) -> Result<bool> {
    match &args.what {
        Some(What::Curve(args)) => curve::run(args)?,
        Some(What::Params { json }) => crate::say(&settings::list::<Params>(*json)?)?,
        None => {
            let (Some(input), Some(output)) = (&args.render.input, &args.render.output) else {
                anyhow::bail!("expected an input and an output");
            };
            render(&args.render, input, output)?;
        }
    }
    Ok(true)
}

fn render(args: &Render, input: &Path, output: &Path) -> Result<()> {
    if args.raw { raw::run(args, input, output) } else { render::run(args, input, output) }
}
