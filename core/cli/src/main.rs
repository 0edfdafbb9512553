//! `kiln`: renders files through the effects, and says what a model is and
//! what it costs.
//!
//! Exit status: 0 done, 1 cannot do, 2 wrong usage; `kiln certify` has its own, in
//! which wrong usage is 1.

mod amp;
mod bench;
mod certify;
mod device;
mod devices;
mod drive;
mod info;
mod matching;
mod models;
mod offline;
mod paper;
mod report;
mod reverb;
mod settings;
mod shard;
mod train;
mod wav;

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::error::ErrorKind as Misuse;
use clap::{CommandFactory as _, Parser, Subcommand};

#[derive(Parser)]
#[command(name = "kiln", version, about = "Neural audio from the command line")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Render WAV files through the amplifier, as the plugin plays them
    Amp(Box<amp::Args>),
    /// Render WAV files through a feedback delay network, and examine one
    Reverb(Box<reverb::Args>),
    /// Render a WAV file through the distortion, as the plugin plays it, or draw what a
    /// model does
    Drive(Box<drive::Args>),
    /// Teach a network to sound like a pedal or an amplifier, from what was played into it
    /// and what came out
    Train(Box<train::Args>),
    /// Install models of others, with their licences in sight, and keep them in order
    Models(models::Args),
    /// Find which of many models come nearest to a recorded tone, and what brings them nearer
    Match(Box<matching::Args>),
    /// Say whether a feedback delay network is proven stable: status 0 if it is,
    /// at least marginally, 2 if it is unstable, 3 if neither is proven, 1 if there is
    /// nothing to examine
    Certify(certify::Args),
    /// Say what can compute here, and choose what runs ONNX files
    Devices(devices::Args),
    /// Say what a file is, and of a model or graph whether it plays and what it costs
    /// here
    Info {
        /// A .nam or .wav file, a preset, or the graph of a feedback delay network
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Time models at several block lengths, and those that work beside the audio thread
    /// against the sound in an inference
    Bench {
        /// .nam, .json, .aidax or .onnx files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Time a minute through `kiln amp` instead: in order and on all cores, the bare
        /// network and the whole effect
        #[arg(long)]
        offline: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let code = |done| if done { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    let cli = Cli::try_parse().unwrap_or_else(|error| refuse(&error));
    let done = match cli.command {
        Command::Amp(args) => amp::run(&args).map(code),
        Command::Reverb(args) => reverb::run(&args).map(code),
        Command::Drive(args) => drive::run(&args).map(code),
        Command::Train(args) => train::run(&args).map(code),
        Command::Models(args) => models::run(&args).map(code),
        Command::Match(args) => matching::run(&args).map(code),
        Command::Certify(args) => certify::run(&args),
        Command::Devices(args) => devices::run(&args).map(code),
        Command::Info { file, json } => info::print(&file, json).map(code),
        Command::Bench { files, offline: true, json } => offline::print(&files, json).map(code),
        Command::Bench { files, json, .. } => bench::print(&files, json).map(code),
    };
    done.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

/// Ends as clap does for wrong usage and for help. Where a status of 2 would say that a
/// network is unstable, wrong usage is 1.
fn refuse(error: &clap::Error) -> ! {
    if error.use_stderr() && std::env::args_os().nth(1).is_some_and(|word| word == "certify") {
        let _no_one_left_to_tell = error.print();
        std::process::exit(1);
    }
    error.exit()
}

/// `kiln: path: what was expected and found`, on standard error.
fn complain(error: &anyhow::Error) {
    tell(&format!("{error:#}"));
}

/// A line on standard error.
fn tell(text: &str) {
    let _no_one_left_to_tell = writeln!(std::io::stderr(), "kiln: {}", printable(text));
}

/// Ends `kiln amp` as clap does for usage that it finds wrong itself.
fn misuse(text: &str) -> ! {
    let mut cli = Cli::command();
    cli.build();
    let amp = cli.find_subcommand_mut("amp").cloned();
    amp.unwrap_or(cli).error(Misuse::WrongNumberOfValues, text).exit()
}

/// Writes to standard output. That a reader such as `head` has gone is no
/// error of ours.
fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("standard output")
        }
        _ => Ok(()),
    }
}

/// `text` on one line and unable to command the terminal, for what comes from files.
fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { safe.extend(c.escape_default()) } else { safe.push(c) }
    }
    safe
}

/// The rate to run a model at, in Hz: files that state none were made at 48 kHz.
fn rate(model: &nn::Model) -> f64 {
    model.sample_rate().unwrap_or(48_000.0)
}

/// The contents of a file; what is longer than `most` bytes is cut, for the
/// loader to refuse.
fn read(path: &Path, most: usize) -> Result<Vec<u8>> {
    let read = || {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    read().with_context(|| path.display().to_string())
}

fn load(path: &Path) -> Result<nn::Model> {
    onnx::open(&read(path, onnx::limits::MAX_BYTES)?).with_context(|| path.display().to_string())
}
