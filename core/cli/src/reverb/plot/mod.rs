//! `kiln reverb plot`: a figure of a graph.

mod panels;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use fdn::analysis::{self, Band};
use fdn::{Graph, Network, Poles};

use super::{engine, impulse};
use crate::paper;

/// Poles that are looked for, if lines are few.
const POLES: usize = 2000;
/// Where the axis of time ends, in dB of the energy decay.
const FLOOR: f64 = -80.0;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The graph
    graph: PathBuf,
    /// The PNG file to write
    output: PathBuf,
    /// The input that hears the impulse, counted from 0
    #[arg(long, default_value = "0")]
    input: usize,
    /// The output that is looked at, counted from 0
    #[arg(long, default_value = "0")]
    channel: usize,
    /// How long the response is; by default until it has died away, at most 30 s
    #[arg(long, value_parser = |text: &str| super::within(text, 0.001, 600.0))]
    seconds: Option<f64>,
    /// Hz to run it at, instead of the rate it was designed for
    #[arg(long, value_name = "HZ", value_parser = super::rate)]
    rate: Option<f64>,
}

/// What is drawn.
struct Figure {
    title: String,
    /// Hz.
    rate: f64,
    /// What goes straight through, if that is most of it: it is left out of the
    /// response, where it would hide the reverberation, and its decay.
    direct: Option<f64>,
    response: Vec<f64>,
    /// In dB.
    decay: Vec<f64>,
    t60: Option<f64>,
    octaves: Vec<Band>,
    thirds: Vec<Band>,
    poles: Poles,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let graph = engine::graph(&args.graph, args.rate)?;
    let figure = Figure::new(&graph, args).with_context(|| args.graph.display().to_string())?;
    super::write(&args.output, &args.graph, &figure.draw()?)
}

impl Figure {
    fn new(graph: &Graph, args: &Args) -> Result<Self> {
        let responses = impulse::response(graph, args.input, args.seconds)?;
        let Some(response) = responses.get(args.channel) else {
            bail!("expected a channel from 0 to {}, found {}", responses.len() - 1, args.channel);
        };
        if let Some(n) = response.iter().position(|x| !x.is_finite()) {
            bail!("expected a finite response, found {} in sample {n}", response[n]);
        }
        let mut response: Vec<f64> = response.iter().map(|x| f64::from(*x)).collect();
        let direct = take_direct(&mut response);
        let rate = graph.sample_rate;
        let decay = analysis::energy_decay(&response);
        let network = Network::new(graph);
        let poles = fdn::poles(&network, most_poles(&network))?;
        let title = format!(
            "{}: input {} to output {}, {} kHz",
            crate::printable(&graph.name),
            args.input,
            args.channel,
            rate / 1000.0
        );
        Ok(Self {
            title,
            rate,
            direct,
            t60: analysis::t60(&decay, rate),
            octaves: analysis::bands(&response, rate, false),
            thirds: analysis::bands(&response, rate, true),
            decay,
            response,
            poles,
        })
    }

    fn draw(&self) -> Result<Vec<u8>> {
        paper::draw(&self.title, |areas| {
            panels::response(&areas[0], self)?;
            panels::decay(&areas[1], self)?;
            panels::times(&areas[2], self)?;
            panels::poles(&areas[3], self)
        })
    }

    /// Where the axis of time ends, in seconds.
    fn seconds(&self) -> f64 {
        let samples = self.decay.partition_point(|db| *db > FLOOR).max(self.decay.len() / 100);
        samples.max(1) as f64 / self.rate
    }
}

/// Takes the first sample out of a response, if it is louder than all that follows.
fn take_direct(response: &mut [f64]) -> Option<f64> {
    let (first, rest) = response.split_first_mut()?;
    let largest = rest.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let apart = largest > 0.0 && first.abs() > largest;
    apart.then(|| std::mem::take(first))
}

/// So many that the search takes seconds: each step costs the cube of the lines.
fn most_poles(network: &Network) -> usize {
    let count = |op: &fdn::Op| match &op.kind {
        fdn::OpKind::Delay { lines, .. } => lines.len(),
        _ => 0,
    };
    let lines: usize = network.ops.iter().map(count).sum();
    (8_000_000 / lines.pow(3).max(1)).clamp(100, POLES)
}
