//! `kiln reverb ir`, and responses to look at.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use fdn::{Graph, Network};

use super::engine::{self, Engine};
use crate::wav::{Depth, Format, Output};

/// Frames at a time.
const BLOCK: usize = 8192;
/// How far a response that is as long as it likes has decayed at its end: its last
/// quarter has less than this share of its energy.
const REST: f64 = 1e-9;
/// The shortest and longest such response, in seconds.
const LENGTHS: [f64; 2] = [0.5, 30.0];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The graph
    graph: PathBuf,
    /// The WAV file to write, of 32-bit floats
    output: PathBuf,
    /// The input that hears the impulse, counted from 0
    #[arg(long, default_value = "0")]
    input: usize,
    /// How long it is; by default until it has died away, at most 30 s
    #[arg(long, value_parser = |text: &str| super::within(text, 0.001, 600.0))]
    seconds: Option<f64>,
    /// Hz to run it at, instead of the rate it was designed for
    #[arg(long, value_name = "HZ", value_parser = super::rate)]
    rate: Option<f64>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let graph = engine::graph(&args.graph, args.rate)?;
    let rate = graph.sample_rate.round();
    if rate != graph.sample_rate {
        bail!(
            "{}: expected a whole number of Hz for a WAV file, found {}; choose one with --rate",
            args.graph.display(),
            graph.sample_rate
        );
    }
    let response = response(&graph, args.input, args.seconds);
    let mut response = response.with_context(|| args.graph.display().to_string())?;
    let format = Format {
        channels: response.len(),
        sample_rate: rate as u32,
        frames: response[0].len() as u64,
        depth: Depth::Float32,
        dither: false,
    };
    let mut sink = Output::create(&args.output, &format, &[("graph", &args.graph)])?;
    sink.write(&mut response)?;
    sink.finish()
}

/// What each output does when `input` hears a unit impulse.
pub(super) fn response(graph: &Graph, input: usize, seconds: Option<f64>) -> Result<Vec<Vec<f32>>> {
    let mut engine = Engine::new(&Network::new(graph))?;
    if input >= engine.inputs() {
        bail!("expected an input from 0 to {}, found {input}", engine.inputs() - 1);
    }
    let frames = |seconds: f64| (seconds * graph.sample_rate).ceil() as usize;
    let mut response = vec![Vec::new(); engine.outputs()];
    let Some(seconds) = seconds else {
        let mut length = frames(LENGTHS[0]);
        extend(&mut engine, input, &mut response, length);
        while !died_away(&response) && length < frames(LENGTHS[1]) {
            length = (2 * length).min(frames(LENGTHS[1]));
            extend(&mut engine, input, &mut response, length);
        }
        return Ok(response);
    };
    extend(&mut engine, input, &mut response, frames(seconds));
    Ok(response)
}

/// Goes on until the response has `length` samples.
fn extend(engine: &mut Engine, input: usize, response: &mut [Vec<f32>], length: usize) {
    let mut at = response[0].len();
    response.iter_mut().for_each(|y| y.resize(length, 0.0));
    while at < length {
        let end = length.min(at + BLOCK);
        let mut x = vec![vec![0.0; end - at]; engine.inputs()];
        if at == 0 {
            x[input][0] = 1.0;
        }
        let x: Vec<&[f32]> = x.iter().map(Vec::as_slice).collect();
        let mut y: Vec<&mut [f32]> = response.iter_mut().map(|y| &mut y[at..end]).collect();
        engine.process(&x, &mut y);
        at = end;
    }
}

fn died_away(response: &[Vec<f32>]) -> bool {
    let energy = |from: usize| -> f64 {
        response.iter().flat_map(|y| &y[from..]).map(|y| f64::from(*y).powi(2)).sum()
    };
    // What has not begun to sound has not died away; silence for good ends at the limit.
    let all = energy(0);
    all > 0.0 && energy(response[0].len() * 3 / 4) < REST * all
}
