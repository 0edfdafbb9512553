//! `kiln reverb`: WAV files through a feedback delay network, and what is to be
//! known of it.

mod chain;
mod compile;
mod engine;
mod explain;
mod impulse;
mod info;
mod places;
mod plot;
mod preset;
mod render;
mod watch;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use fdn::Network;

use crate::wav::Depth;
pub(crate) use engine::{MOST_BYTES, certificate, graph};
pub(crate) use info::{info, is_graph};

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    override_usage = "kiln reverb [OPTIONS] <--graph <G.json>|--preset <P.json>> <INPUT> <OUTPUT>\n       \
    kiln reverb <COMMAND>"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    render: Render,
}

/// What a render needs.
#[derive(clap::Args)]
struct Render {
    /// The graph, as ADAC, pyFDN or Kiln writes it; it plays at the rate of the
    /// file, whatever it was designed for
    #[arg(long, value_name = "G.json", required_unless_present = "preset")]
    graph: Option<PathBuf>,
    /// Play the whole effect as the plugin does, as this preset says: a file, or
    /// factory:NAME
    #[arg(long, value_name = "P.json")]
    #[arg(conflicts_with_all = ["graph", "rt60", "mix", "pre_delay", "adac", "watch"])]
    preset: Option<String>,
    /// Quarter notes a minute, for a preset whose pre-delay is in time with the music
    #[arg(long, value_name = "BPM", requires = "preset")]
    #[arg(value_parser = |text: &str| within(text, 1.0, 1000.0))]
    tempo: Option<f64>,
    /// Reverberation time in seconds, as a measurement finds it; by default what the
    /// graph asks for, or as it was trained
    #[arg(long, value_name = "SECONDS", value_parser = |text: &str| within(text, 0.01, 1000.0))]
    rt60: Option<f64>,
    /// From the dry signal, 0, to the wet, 1, at equal power; by default what the graph
    /// asks for, or 1
    #[arg(long, value_name = "SHARE", value_parser = |text: &str| within(text, 0.0, 1.0))]
    mix: Option<f64>,
    /// Milliseconds before the reverberation begins
    #[arg(long, value_name = "MS", value_parser = |text: &str| within(text, 0.0, 1000.0))]
    pre_delay: Option<f64>,
    /// Let the controls mean what they mean to ADAC: a time on top of what the graph
    /// was trained to, a linear mix
    #[arg(long)]
    adac: bool,
    /// Render again whenever the graph is replaced, until interrupted, and say in
    /// G.json.ack.json what was made of it
    #[arg(long)]
    watch: bool,
    /// Seconds to go on after the end of the input; by default until the sound has
    /// died away, for at most a minute
    #[arg(long, value_name = "SECONDS", value_parser = |text: &str| within(text, 0.0, 60.0))]
    tail: Option<f64>,
    /// How samples are written: 16 or 24 for integers, 32f for floats
    #[arg(long, value_enum, default_value = "32f", hide_possible_values = true)]
    bits: Depth,
    /// Add noise of one step to integers
    #[arg(long)]
    dither: bool,
    /// A WAV file of as many channels as the graph has inputs, or of one
    #[arg(required = true)]
    input: Option<PathBuf>,
    /// The file to write
    #[arg(required = true)]
    output: Option<PathBuf>,
}

#[derive(Subcommand)]
enum What {
    /// Write the impulse response, a channel for each output, wet and as trained
    Ir(impulse::Args),
    /// Draw the impulse response, its decay, its reverberation time and its poles
    Plot(plot::Args),
    /// Say what a graph is made of and how it is run
    Explain {
        /// The graph
        graph: PathBuf,
        /// Hz to run it at, instead of the rate it was designed for
        #[arg(long, value_name = "HZ", value_parser = rate)]
        rate: Option<f64>,
    },
    /// Make a plugin of its own of one graph, CLAP and VST3, from Kiln Reverb as it was
    /// built
    Compile(compile::Args),
    /// Write the graph as FAUST source
    Faust {
        /// The graph
        graph: PathBuf,
        /// Hz to run it at, instead of the rate it was designed for
        #[arg(long, value_name = "HZ", value_parser = rate)]
        rate: Option<f64>,
        /// The file to write, instead of standard output
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
}

/// A number from `least` to `most`.
fn within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    match text.parse() {
        Ok(x) if (least..=most).contains(&x) => Ok(x),
        _ => Err(format!("expected {least} to {most}, found {text}")),
    }
}

/// A sample rate in Hz.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    within(text, 1000.0, 1_000_000.0)
}

/// Does what was asked.
pub(crate) fn run(args: &Args) -> Result<bool> {
    match &args.what {
        None => render::run(&args.render),
        Some(What::Ir(args)) => impulse::run(args),
        Some(What::Plot(args)) => plot::run(args),
        Some(What::Explain { graph, rate }) => explain::run(graph, *rate),
        Some(What::Compile(args)) => compile::run(args),
        Some(What::Faust { graph, rate, output }) => faust(graph, *rate, output.as_deref()),
    }?;
    Ok(true)
}

fn faust(path: &Path, rate: Option<f64>, output: Option<&Path>) -> Result<()> {
    let graph = graph(path, rate)?;
    let source = fdn::faust(&Network::new(&graph), &graph.name);
    let source = source.with_context(|| path.display().to_string())?;
    match output {
        None => crate::say(&source),
        Some(output) => write(output, path, source.as_bytes()),
    }
}

/// Writes a file made of `graph`, unless it would replace that.
fn write(output: &Path, graph: &Path, bytes: &[u8]) -> Result<()> {
    let written = crate::wav::check_place(output, &[("graph", graph)])
        .and_then(|()| Ok(std::fs::write(output, bytes)?));
    written.with_context(|| output.display().to_string())
}
