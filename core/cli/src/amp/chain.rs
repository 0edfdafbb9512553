//! What a file goes through: the effect as the plugin plays it, or the bare network.

use anyhow::{Result, bail};
use fx::amp::Params;
use fx::{Amp, Cabinet, Oversampling, Pair, Setup};
use nn::{Engine, Model};

use super::rig::Rig;

/// The effect at a rate, as a plugin instance would hold it.
fn amp_for(rig: &Rig, sample_rate: u32) -> Result<Amp> {
    let sample_rate = sample_rate as f32;
    let (loaders, amp) = Amp::new(sample_rate);
    let oversampling = match rig.oversampling {
        4 => Oversampling::X4,
        2 => Oversampling::X2,
        _ => Oversampling::X1,
    };
    for (loader, model) in loaders.models.iter().zip(&rig.models) {
        if let Some(model) = model {
            loader.offer(Pair::build(
                model,
                Setup { sample_rate, oversampling, calls: fx::Calls::OFFLINE },
            )?);
        }
    }
    for (loader, impulse) in loaders.cabinets.iter().zip(&rig.cabinets) {
        if let Some(impulse) = impulse {
            loader.offer(Cabinet::build(impulse, sample_rate));
        }
    }
    Ok(amp)
}

/// An engine of the bare network, which plays only at its own rate.
fn bare(model: &Model, rig: &Rig, quality: f32, found: u32) -> Result<Box<dyn Engine>> {
    let rate = crate::rate(model);
    if f64::from(found) != rate {
        let name = rig.files().next().map(|(_, path)| path.display().to_string());
        bail!(
            "expected {rate} Hz, the rate of {}, found {found} Hz; resample the file to {rate} Hz first",
            name.unwrap_or_default(),
        );
    }
    let mut engine = model.engine();
    engine.set_quality(quality);
    Ok(engine)
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
        let engines = (0..channels).map(|_| bare(model, rig, quality, sample_rate));
        Ok(Self::Raw(engines.collect::<Result<_>>()?))
    }

    /// Samples by which the output lags the input.
    pub(crate) fn latency(&self) -> usize {
        match self {
            Self::Raw(_) => 0,
            Self::Whole(amps, _) => amps.first().map_or(0, Amp::latency),
        }
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
