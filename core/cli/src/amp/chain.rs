//! What a file goes through: the effect as the plugin plays it, or the bare network.

use anyhow::{Result, bail};
use fx::amp::Params;
use fx::denormal::FlushDenormals;
use fx::{Amp, Cabinet, Oversampling, Pair, Setup};
use nn::{Engine, Model, Place};

use super::rig::Rig;

/// Makes an engine, or what stands in for one, of the model in one of the slots.
pub(crate) type Make<'a> = dyn FnMut(usize, &Model) -> Box<dyn Engine> + 'a;

/// The engines themselves.
pub(crate) fn live(_: usize, model: &Model) -> Box<dyn Engine> {
    model.engine()
}

/// The models of the effect at a rate, as a plugin instance would hold them.
fn models_for(rig: &Rig, sample_rate: u32, make: &mut Make<'_>) -> Result<(fx::Loaders, Amp)> {
    let sample_rate = sample_rate as f32;
    let (loaders, amp) = Amp::new(sample_rate);
    let oversampling = match rig.oversampling {
        4 => Oversampling::X4,
        2 => Oversampling::X2,
        _ => Oversampling::X1,
    };
    let setup = Setup { sample_rate, oversampling, calls: fx::Calls::OFFLINE };
    for (slot, (loader, model)) in loaders.models.iter().zip(&rig.models).enumerate() {
        if let Some(model) = model {
            loader.offer(Pair::build_with(model, setup, &mut |model| make(slot, model))?);
        }
    }
    Ok((loaders, amp))
}

/// The whole effect at a rate.
fn amp_for(rig: &Rig, sample_rate: u32, make: &mut Make<'_>) -> Result<Amp> {
    let (loaders, amp) = models_for(rig, sample_rate, make)?;
    for (loader, impulse) in loaders.cabinets.iter().zip(&rig.cabinets) {
        if let Some(impulse) = impulse {
            loader.offer(Cabinet::build(impulse, sample_rate as f32));
        }
    }
    Ok(amp)
}

/// Refuses another rate for the bare network, which plays only at its own.
fn check_rate(model: &Model, rig: &Rig, found: u32) -> Result<()> {
    let rate = crate::rate(model);
    if f64::from(found) != rate {
        let name = rig.files().next().map(|(_, path)| path.display().to_string());
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
    /// For signals of `channels` at `sample_rate`, in Hz, with engines that `make` gives.
    pub(crate) fn new(
        rig: &Rig,
        sample_rate: u32,
        channels: usize,
        make: &mut Make<'_>,
    ) -> Result<Self> {
        let Some(quality) = rig.raw else {
            let amps = (0..channels.div_ceil(2)).map(|_| amp_for(rig, sample_rate, make));
            return Ok(Self::Whole(amps.collect::<Result<_>>()?, rig.params));
        };
        let Some(model) = &rig.models[0] else { bail!("expected a model, found none") };
        check_rate(model, rig, sample_rate)?;
        let engine = |_| {
            let mut engine = make(0, model);
            engine.set_quality(quality);
            engine
        };
        Ok(Self::Raw((0..channels).map(engine).collect()))
    }

    /// Samples by which its output lags the input at `sample_rate`, in Hz.
    pub(crate) fn latency(rig: &Rig, sample_rate: u32) -> Result<usize> {
        if rig.raw.is_some() {
            let place = Place::offline(f64::from(sample_rate));
            let late = rig.models[0].as_ref().and_then(|model| model.foreign_latency(&place));
            return Ok(late.unwrap_or(0));
        }
        let (_loaders, mut amp) = models_for(rig, sample_rate, &mut live)?;
        // Only what has played knows how late it is.
        amp.process(&mut [&mut [0.0]], 1, &rig.params);
        Ok(amp.latency())
    }

    /// One block, as a host passes it, of which the first `inputs` channels hold
    /// the signal.
    pub(crate) fn process(&mut self, channels: &mut [&mut [f32]], inputs: usize) {
        let _flush = FlushDenormals::enter();
        match self {
            Self::Raw(engines) => {
                engines.iter_mut().zip(channels).for_each(|(engine, io)| engine.process(io));
            }
            Self::Whole(amps, params) => {
                for (i, (amp, io)) in amps.iter_mut().zip(channels.chunks_mut(2)).enumerate() {
                    let inputs = io.len().min(inputs - 2 * i);
                    amp.process(io, inputs, params);
                }
            }
        }
    }
}
