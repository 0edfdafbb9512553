//! A file through a reverb.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};
use fdn::Network;

use super::Render;
use super::engine::{self, Engine};
use crate::wav::{Format, Input, Output};

/// Set when the user wants to stop.
static STOP: AtomicBool = AtomicBool::new(false);
/// Frames at a time.
const BLOCK: usize = 4096;
/// A tail is over when it has stayed below this for [`QUIET`] seconds: −100 dB.
const SILENCE: f32 = 1e-5;
/// Longer than echoes lie apart.
const QUIET: f64 = 1.0;
/// The longest tail that is not asked for, in seconds.
const LONGEST: f64 = 60.0;

/// What a file goes through.
struct Chain {
    /// One, or one for each channel.
    engines: Vec<Engine>,
    /// Of the file.
    channels: usize,
    mix: f32,
    /// Samples that wait before they are reverberated, a ring for each channel.
    waiting: Vec<Vec<f32>>,
    at: usize,
}

/// Renders the file; what the options leave out is as the graph asks.
pub(super) fn run(args: &Render) -> Result<()> {
    // The parser has seen to all three.
    let (Some(path), Some(from), Some(to)) = (&args.graph, &args.input, &args.output) else {
        bail!("expected a graph, an input and an output");
    };
    // Without a handler an interruption would leave the unfinished file.
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))?;
    let mut source = Input::open(from)?;
    let mut chain = Chain::new(args, path, &source)?;
    let rate = f64::from(source.sample_rate());
    let tail = (args.tail.unwrap_or(LONGEST) * rate).round() as u64;
    let format = Format {
        channels: chain.outputs(),
        sample_rate: source.sample_rate(),
        frames: source.frames() + tail,
        depth: args.bits,
        dither: args.dither,
    };
    let mut sink = Output::create(to, &format, &[("graph", path), ("input", from)])?;
    let mut dry = vec![Vec::new(); source.channels()];
    while source.read(&mut dry, BLOCK)? > 0 {
        goes_on(from)?;
        sink.write(&mut chain.process(&dry))?;
    }
    let (mut rest, mut quiet) = (tail, 0.0);
    let patience = if args.tail.is_some() { f64::INFINITY } else { QUIET + chain.pre_delay(rate) };
    while rest > 0 && quiet < patience {
        goes_on(from)?;
        let frames = rest.min(BLOCK as u64) as usize;
        dry.iter_mut().for_each(|x| *x = vec![0.0; frames]);
        let mut wet = chain.process(&dry);
        let loud = wet.iter().flatten().any(|x| x.abs() >= SILENCE);
        quiet = if loud { 0.0 } else { quiet + frames as f64 / rate };
        sink.write(&mut wet)?;
        rest -= frames as u64;
    }
    sink.finish()
}

fn goes_on(path: &Path) -> Result<()> {
    if STOP.load(Ordering::Relaxed) {
        bail!("{}: interrupted", path.display());
    }
    Ok(())
}

impl Chain {
    fn new(args: &Render, path: &Path, source: &Input) -> Result<Self> {
        let rate = f64::from(source.sample_rate());
        let graph = engine::graph(path, Some(rate))?;
        let named = || path.display().to_string();
        let mut network = Network::new(&graph);
        let asked = graph.controls;
        if let Some(seconds) = args.rt60.or(asked.rt60.map(|c| c.init)) {
            network = network.with_rt60(seconds).with_context(named)?;
        }
        let channels = source.channels();
        let (inputs, outputs) = (network.inputs.len(), network.outputs.len());
        // What hears and gives one channel hears each by itself.
        let count = if (inputs, outputs) == (1, 1) { channels } else { 1 };
        if count * inputs != channels && channels != 1 {
            bail!("{}: expected 1 or {inputs} channels, found {channels}", named());
        }
        let mix = args.mix.or(asked.dry_wet.map(|c| c.init)).unwrap_or(1.0);
        if mix < 1.0 && channels != 1 && channels != count * outputs {
            bail!(
                "{}: expected a mix of 1, for {channels} channels become {outputs}; found {mix}",
                named()
            );
        }
        let engines: Result<_> = (0..count).map(|_| Engine::new(&network)).collect();
        let ms = args.pre_delay.or(asked.pre_delay.map(|c| c.init)).unwrap_or(0.0);
        let wait = (ms * rate / 1000.0).round() as usize;
        let waiting = vec![vec![0.0; wait]; channels];
        Ok(Self {
            engines: engines.with_context(named)?,
            channels,
            mix: mix as f32,
            waiting,
            at: 0,
        })
    }

    fn outputs(&self) -> usize {
        self.engines.iter().map(Engine::outputs).sum()
    }

    /// Seconds.
    fn pre_delay(&self, rate: f64) -> f64 {
        self.waiting.first().map_or(0.0, |w| w.len() as f64 / rate)
    }

    /// A block, of as many frames as it is given.
    fn process(&mut self, dry: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let frames = dry.first().map_or(0, Vec::len);
        let delayed = self.delay(dry);
        let mut wet = vec![vec![0.0; frames]; self.outputs()];
        let mut rest = wet.as_mut_slice();
        for (i, engine) in self.engines.iter_mut().enumerate() {
            let (own, others) = rest.split_at_mut(engine.outputs());
            rest = others;
            // A channel is heard by every input, or several by one each.
            let heard = (0..engine.inputs()).map(|k| (i + k).min(self.channels - 1));
            let heard: Vec<&[f32]> = heard.map(|c| delayed[c].as_slice()).collect();
            let mut own: Vec<&mut [f32]> = own.iter_mut().map(Vec::as_mut_slice).collect();
            engine.process(&heard, &mut own);
        }
        for (o, y) in wet.iter_mut().enumerate() {
            let x = &dry[o.min(self.channels - 1)];
            y.iter_mut().zip(x).for_each(|(y, x)| *y = self.mix * *y + (1.0 - self.mix) * x);
        }
        wet
    }

    fn delay(&mut self, dry: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let mut delayed = dry.to_vec();
        let length = self.waiting.first().map_or(0, Vec::len);
        if length == 0 {
            return delayed;
        }
        for (ring, x) in self.waiting.iter_mut().zip(&mut delayed) {
            for (n, x) in x.iter_mut().enumerate() {
                std::mem::swap(x, &mut ring[(self.at + n) % length]);
            }
        }
        self.at = (self.at + dry[0].len()) % length;
        delayed
    }
}
