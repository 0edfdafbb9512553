//! A file through a reverb.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};
use fdn::{Graph, Params};

use super::chain::Chain;
use super::{Render, engine, preset, watch};
use crate::wav::{Format, Input, Output};

/// Set when the user wants to stop.
static STOP: AtomicBool = AtomicBool::new(false);
/// Frames at a time.
pub(super) const BLOCK: usize = 4096;
/// A tail is over when it has stayed below this for [`QUIET`] seconds: −100 dB.
const SILENCE: f32 = 1e-5;
/// Longer than echoes lie apart.
const QUIET: f64 = 1.0;
/// The longest tail that is not asked for, in seconds.
pub(super) const LONGEST: f64 = 60.0;

/// The files of a render.
#[derive(Clone, Copy)]
pub(super) struct Files<'a> {
    pub(super) graph: &'a Path,
    pub(super) input: &'a Path,
    pub(super) output: &'a Path,
}

/// Renders the file, once or whenever its graph changes.
pub(super) fn run(args: &Render) -> Result<()> {
    // The parser has seen to all of them.
    let (Some(input), Some(output)) = (&args.input, &args.output) else {
        bail!("expected an input and an output");
    };
    // Without a handler an interruption would leave the unfinished file.
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))?;
    if let Some(name) = &args.preset {
        return preset::run(args, name, input, output);
    }
    let Some(graph) = &args.graph else { bail!("expected a graph or a preset") };
    let files = Files { graph, input, output };
    if args.watch {
        return watch::run(args, files);
    }
    let mut source = Input::open(input)?;
    let graph = engine::graph(graph, Some(f64::from(source.sample_rate())))?;
    render(args, files, &graph, &mut source).map(drop)
}

/// Renders `source` through `graph`, which is at its rate; where the controls were.
pub(super) fn render(
    args: &Render,
    files: Files<'_>,
    graph: &Graph,
    source: &mut Input,
) -> Result<Params> {
    let mut chain = Chain::new(args, files.graph, graph, source.channels())?;
    let rate = f64::from(source.sample_rate());
    let tail = (args.tail.unwrap_or(LONGEST) * rate).round() as u64;
    let format = Format {
        channels: chain.outputs(),
        sample_rate: source.sample_rate(),
        frames: source.frames() + tail,
        depth: args.bits,
        dither: args.dither,
    };
    let sources = [("graph", files.graph), ("input", files.input)];
    let mut sink = Output::create(files.output, &format, &sources)?;
    let mut dry = vec![Vec::new(); source.channels()];
    while source.read(&mut dry, BLOCK)? > 0 {
        goes_on(files.input)?;
        sink.write(&mut chain.process(&dry))?;
    }
    let (mut rest, mut quiet) = (tail, 0.0);
    let waits = chain.params().pre_delay / 1000.0;
    let patience = if args.tail.is_some() { f64::INFINITY } else { QUIET + waits };
    while rest > 0 && quiet < patience {
        goes_on(files.input)?;
        let frames = rest.min(BLOCK as u64) as usize;
        dry.iter_mut().for_each(|x| *x = vec![0.0; frames]);
        let mut wet = chain.process(&dry);
        let loud = wet.iter().flatten().any(|x| x.abs() >= SILENCE);
        quiet = if loud { 0.0 } else { quiet + frames as f64 / rate };
        sink.write(&mut wet)?;
        rest -= frames as u64;
    }
    sink.finish()?;
    Ok(*chain.params())
}

/// Whether the user wants to stop.
pub(super) fn stopped() -> bool {
    STOP.load(Ordering::Relaxed)
}

pub(super) fn goes_on(path: &Path) -> Result<()> {
    if stopped() {
        bail!("{}: interrupted", path.display());
    }
    Ok(())
}
