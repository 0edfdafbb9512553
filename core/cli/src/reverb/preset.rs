//! `kiln reverb --preset`: a file through the whole effect, as the plugin plays it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use fdn::{Conditions, Graph, Verdict, certify};
use fx::factory;
use fx::preset::{Asset, Stored as _};
use fx::reverb::preset::Preset;
use fx::reverb::{Params, Tail, model};

use super::Render;
use super::render::{BLOCK, LONGEST, goes_on};
use crate::wav::{Format, Input, Output};

/// The graph of a preset that names none.
const FIRST: &str = "medium-hall";
/// Before the name of a preset of the factory's.
const FACTORY: &str = "factory:";

/// Renders `input` with the preset that `name` is: a file, or one of the factory's.
pub(super) fn run(args: &Render, name: &str, input: &Path, output: &Path) -> Result<()> {
    let preset = load(name)?;
    let mut source = Input::open(input)?;
    let inputs = source.channels();
    if inputs > 2 {
        bail!("{}: expected 1 or 2 channels, found {inputs}", input.display());
    }
    let rate = source.sample_rate();
    let (mut reverb, params) =
        reverb(&preset, args.tempo, rate).with_context(|| name.to_owned())?;
    let tail = (args.tail.unwrap_or(LONGEST) * f64::from(rate)).round() as u64;
    let format = Format {
        channels: 2,
        sample_rate: rate,
        frames: source.frames() + tail,
        depth: args.bits,
        dither: args.dither,
    };
    let sources = [("preset", Path::new(name)), ("input", input)];
    let mut sink = Output::create(output, &format, &sources)?;
    let mut channels = vec![Vec::new(); 2];
    let (mut rest, mut ended) = (tail, false);
    loop {
        goes_on(input)?;
        let read = if ended { 0 } else { source.read(&mut channels[..inputs], BLOCK)? };
        ended |= read == 0;
        let frames = if ended { rest.min(BLOCK as u64) as usize } else { read };
        if frames == 0 || (ended && args.tail.is_none() && !reverb.rings()) {
            break;
        }
        if ended {
            rest -= frames as u64;
            channels.iter_mut().for_each(|x| *x = vec![0.0; frames]);
        }
        channels.iter_mut().for_each(|x| x.resize(frames, 0.0));
        let mut io: Vec<&mut [f32]> = channels.iter_mut().map(Vec::as_mut_slice).collect();
        reverb.process(&mut io, inputs, &params);
        sink.write(&mut channels)?;
        channels.iter_mut().for_each(Vec::clear);
    }
    sink.finish()
}

/// The preset in a file, or of a name in the factory.
fn load(name: &str) -> Result<Preset> {
    if let Some(named) = name.strip_prefix(FACTORY) {
        let found = factory::reverb_presets().iter().find(|p| p.name.eq_ignore_ascii_case(named));
        return found.cloned().with_context(|| {
            let names: Vec<_> = factory::reverb_presets().iter().map(|p| &*p.name).collect();
            format!("preset: expected one of {}, found {named}", names.join(", "))
        });
    }
    let bytes = crate::read(Path::new(name), fx::preset::MAX_BYTES)?;
    Preset::load(&bytes).with_context(|| name.to_owned())
}

/// The effect as a plugin holds it when it renders offline, and what it is told.
fn reverb(preset: &Preset, tempo: Option<f64>, rate: u32) -> Result<(fx::Reverb, Params)> {
    let mut params = preset.params.sane();
    params.pre_delay = preset.sync.milliseconds(tempo, params.pre_delay);
    let graph = preset.graph.clone().unwrap_or_else(|| Asset::factory(FIRST));
    let graph = Graph::load(&graph.bytes()?)?;
    let model = Arc::new(model(&graph, f64::from(rate), f64::from(params.size))?);
    if !model.is_plainly_bounded() {
        let found = certify(model.network(), &Conditions::default()).verdict;
        if found > Verdict::MarginallyStable {
            bail!("expected a network that is proven to be stable, found one that is not");
        }
    }
    model.calibrate();
    let (loader, reverb) = fx::Reverb::new(rate as f32);
    loader.offer(Tail::new(&model, false));
    Ok((reverb, params))
}
