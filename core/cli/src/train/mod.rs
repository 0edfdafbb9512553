//! `kiln train`: from recordings to a model.

mod gear;
mod pairs;
mod places;
mod plan;
mod publish;
mod show;
mod work;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use train::course::Format;

use crate::wav::Depth;

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    override_usage = "kiln train [OPTIONS] --dry <D.wav> --wet <W.wav> --output <FILE>\n       \
        kiln train [OPTIONS] --knob <NAME> --pair <VALUE=D.wav,W.wav>... --output <FILE>\n       \
        kiln train <COMMAND>"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    teach: Teach,
}

#[derive(Subcommand)]
enum What {
    /// Write the signal to play through the gear: three minutes that say all there is to
    /// know of it
    Signal {
        /// Samples a second
        #[arg(long, value_name = "HZ", default_value = "48000")]
        #[arg(value_parser = clap::value_parser!(u32).range(44_100..=192_000))]
        rate: u32,
        /// How samples are written
        #[arg(long, value_enum, default_value = "24")]
        bits: Depth,
        /// The file to write
        output: PathBuf,
    },
    /// Say what is right and wrong with recordings, and teach nothing
    Check {
        #[command(flatten)]
        recordings: Recordings,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// What a course needs.
#[derive(clap::Args)]
struct Teach {
    #[command(flatten)]
    recordings: Recordings,
    /// The model to write: .json (Kiln Drive), .nam or .aidax; a page about it comes
    /// beside it
    #[arg(long, short, value_name = "FILE", required = true)]
    output: Option<PathBuf>,
    /// Its format, if not by its name
    #[arg(long, value_enum)]
    format: Option<Kind>,
    /// What kind of network: curve, pedal, taps, lstm or gru, with its units if you like
    /// (lstm-32), or a size of NAM: nano, feather, lite, standard, a2-lite, a2-full. By
    /// default pedal for .json, feather for .nam and lstm for .aidax
    #[arg(long)]
    class: Option<String>,
    #[command(flatten)]
    plan: plan::Plan,
    #[command(flatten)]
    gear: gear::Gear,
    /// Keep giving the best model so far to players that follow this file
    #[arg(long, value_name = "FILE")]
    publish: Option<PathBuf>,
    /// Where to write the page about the result; beside the model by default
    #[arg(long, value_name = "PAGE.html")]
    report: Option<PathBuf>,
    /// Write no page
    #[arg(long, conflicts_with = "report")]
    no_report: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Say nothing on the way
    #[arg(long, short)]
    quiet: bool,
}

/// What was recorded.
#[derive(clap::Args)]
#[command(next_help_heading = "Recordings")]
struct Recordings {
    /// What was played into the gear
    #[arg(long, value_name = "D.wav", required_unless_present = "pair", requires = "wet")]
    dry: Option<PathBuf>,
    /// What came out
    #[arg(long, value_name = "W.wav", requires = "dry")]
    wet: Option<PathBuf>,
    /// A knob that was turned between recordings: a name, and its range if not 0 to 1, as
    /// in `gain=1:10`; may be repeated
    #[arg(long, value_name = "NAME[=MIN:MAX]")]
    knob: Vec<String>,
    /// Where the knobs stood, and what was recorded then, as in `0.25=dry.wav,wet.wav`, or
    /// `0.25:0.5=…` for two knobs; one for each setting
    #[arg(long, value_name = "V=D.wav,W.wav", conflicts_with = "dry")]
    pair: Vec<String>,
    /// Which channel of stereo files
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    channel: Option<u16>,
    /// How many samples late the wet recording is, if not to be measured
    #[arg(long, value_name = "SAMPLES", allow_negative_numbers = true)]
    latency: Option<f64>,
    /// Bring the wet recording to this peak, in dBFS
    #[arg(long, value_name = "DB", allow_negative_numbers = true)]
    normalize: Option<f64>,
    /// Learn from bad recordings, too
    #[arg(long)]
    anyway: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    KilnDrive,
    Nam,
    Rtneural,
    AidaX,
    Guitarml,
}

impl Kind {
    fn format(self) -> Format {
        match self {
            Kind::KilnDrive => Format::Drive,
            Kind::Nam => Format::Nam,
            Kind::Rtneural => Format::RtNeural,
            Kind::AidaX => Format::Aida,
            Kind::Guitarml => Format::GuitarMl,
        }
    }
}

/// Does what was asked.
pub(crate) fn run(args: &Args) -> Result<bool> {
    match &args.what {
        Some(What::Signal { rate, bits, output }) => pairs::signal(*rate, *bits, output)?,
        Some(What::Check { recordings, json }) => pairs::check(recordings, *json)?,
        None => return work::run(&args.teach),
    }
    Ok(true)
}
