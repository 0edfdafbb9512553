//! What a file goes through: the effect as the plugin plays it, or the bare network.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use fx::Amp;
use fx::amp::Params;
use nn::{Engine, Model};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Sources, knobs};

/// Everything that is loaded once and played for every file.
pub(crate) struct Rig {
    models: [Option<Model>; 2],
    params: Params,
    /// Factor at which the models run above the signal's rate.
    oversampling: u32,
    /// Where the bare network alone is wanted, its size.
    raw: Option<f32>,
    files: Vec<Source>,
}

/// A file that shapes the sound.
struct Source {
    what: &'static str,
    path: PathBuf,
    hash: String,
}

/// All that shapes the sound but the input; equal ones sound equal.
#[derive(Serialize)]
pub(crate) struct Recipe<'a> {
    version: &'static str,
    params: &'a Params,
    oversampling: u32,
    raw: Option<f32>,
    files: Vec<(&'a str, &'a str)>,
}

impl Rig {
    /// Reads what `sources` name, and puts `settings` on top of the preset.
    pub(crate) fn load(
        sources: &Sources,
        settings: &[knobs::Setting],
        raw: Option<f32>,
    ) -> Result<Self> {
        let mut files = Vec::new();
        let mut model = |what, path: &Option<PathBuf>| {
            let Some(path) = path else { return Ok(None) };
            let bytes = crate::read(path)?;
            files.push(Source { what, path: path.clone(), hash: hash(&bytes) });
            crate::parse(&bytes, path).map(Some)
        };
        let models = [model("model", &sources.model)?, model("second model", &sources.model_b)?];
        let params = knobs::apply(&Params::default(), settings)?;
        Ok(Self { models, params, oversampling: sources.oversampling, raw, files })
    }

    /// The files that must not be overwritten, and what they are.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.files.iter().map(|file| (file.what, file.path.as_path()))
    }

    pub(crate) fn recipe(&self) -> Recipe<'_> {
        Recipe {
            version: env!("CARGO_PKG_VERSION"),
            params: &self.params,
            oversampling: self.oversampling,
            raw: self.raw,
            files: self.files.iter().map(|file| (file.what, file.hash.as_str())).collect(),
        }
    }
}

/// A digest of `bytes`, in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The effect at a rate, as a plugin instance would hold it.
fn amp_for(rig: &Rig, sample_rate: u32) -> Result<Amp> {
    let (loader, amp) = Amp::new(sample_rate as f32);
    if let Some(model) = &rig.models[0] {
        check_rate(model, rig, sample_rate)?;
        loader.offer(fx::Pair::of(model));
    }
    Ok(amp)
}

/// Refuses a signal at another rate than the model's.
fn check_rate(model: &Model, rig: &Rig, found: u32) -> Result<()> {
    let rate = crate::rate(model);
    if f64::from(found) != rate {
        let name = rig.files.first().map(|file| file.path.display().to_string());
        bail!(
            "expected {rate} Hz, the rate of {}, found {found} Hz; resample the file to {rate} Hz first",
            name.unwrap_or_default(),
        );
    }
    Ok(())
}

/// What a file goes through.
pub(crate) enum Chain {
    /// An engine a channel.
    Raw(Vec<Box<dyn Engine>>),
    /// The whole effect, for two channels each.
    Whole(Vec<Amp>, Params),
}

impl Chain {
    /// For signals of `channels` at `sample_rate`, in Hz.
    pub(crate) fn new(rig: &Rig, sample_rate: u32, channels: usize) -> Result<Self> {
        let Some(quality) = rig.raw else {
            let amps = (0..channels.div_ceil(2)).map(|_| amp_for(rig, sample_rate));
            return Ok(Self::Whole(amps.collect::<Result<_>>()?, rig.params));
        };
        let Some(model) = &rig.models[0] else { bail!("expected a model, found none") };
        check_rate(model, rig, sample_rate)?;
        let engine = |_| {
            let mut engine = model.engine();
            engine.set_quality(quality);
            engine
        };
        Ok(Self::Raw((0..channels).map(engine).collect()))
    }

    /// Samples by which the output lags the input.
    pub(crate) fn latency(&self) -> usize {
        0
    }

    /// One block, as a host passes it, of which the first `inputs` channels hold
    /// the signal.
    pub(crate) fn process(&mut self, channels: &mut [Vec<f32>], inputs: usize) {
        match self {
            Self::Raw(engines) => {
                engines.iter_mut().zip(channels).for_each(|(engine, io)| engine.process(io));
            }
            Self::Whole(amps, params) => {
                for (i, (amp, pair)) in amps.iter_mut().zip(channels.chunks_mut(2)).enumerate() {
                    let mut io: Vec<&mut [f32]> = pair.iter_mut().map(Vec::as_mut_slice).collect();
                    let inputs = io.len().min(inputs - 2 * i);
                    amp.process(&mut io, inputs, params);
                }
            }
        }
    }
}
