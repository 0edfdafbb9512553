//! A model at any rate: of the host, and of a multiple against aliasing.
//!
//! A network knows time only as samples, so it sounds as trained at one rate,
//! the model's. Elsewhere the signal is brought to that rate and back, sample by
//! sample: an inner sample is computed from the host samples up to its instant,
//! an output from the inner samples up to its own. Nothing is collected into
//! chunks, so the latency is that of the two filters alone. It is a whole number
//! of host samples at any ratio, because both filters are one function of
//! continuous time, half of that number long to each side of its centre.
//!
//! To oversample, the network runs once for each of the 2 or 4 interleaved parts
//! of the inner signal: that is the network with all its delays multiplied, and
//! the kernels stay as fast as they are. Filters stand only where the rates
//! differ; a host at twice the model's rate oversamples twice without any.
//!
//! Why not the crate rubato (5.0.1), made for this: it returns what a whole chunk
//! of input allows, its `Fft` in blocks; `Async` steps its time as a rounded sum of
//! `f64`s, so the bits may depend on the cut, and the centre of its sinc is fixed,
//! so that the way back leaves a fraction of a sample of delay (`output_delay`
//! rounds it away). A plugin must report a whole delay, and a dry path match it.

use std::sync::Arc;

use nn::{BLOCK, Blocks, Engine, Place};

use crate::denormal::scrub;
use crate::error::Error;

mod kernel;
mod phases;
mod ratio;
mod resampled;
mod stream;

use kernel::{Bank, Kernel};
use phases::Phases;
use ratio::Ratio;
use resampled::Resampled;

/// Rates we convert between, in Hz.
pub const RATES: std::ops::RangeInclusive<f64> = 8_000.0..=768_000.0;

/// The rate of models that do not name one, in Hz.
const USUAL_RATE: f64 = 48_000.0;

/// Host samples handled at a time, at most.
const PIECE: usize = 1024;

/// The loudest input, as of any engine.
const LOUDEST: f32 = 1000.0;

/// How many times the model's rate a network runs at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Oversampling {
    /// As trained.
    #[default]
    X1,
    /// Twice, for two times the work.
    X2,
    /// Four times, for four times the work.
    X4,
}

impl Oversampling {
    /// 1, 2 or 4.
    pub fn factor(self) -> usize {
        match self {
            Self::X1 => 1,
            Self::X2 => 2,
            Self::X4 => 4,
        }
    }
}

/// Where a model is to play.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Of the host, in Hz.
    pub sample_rate: f32,
    /// Of the network.
    pub oversampling: Oversampling,
    /// How the host calls.
    pub calls: Calls,
}

impl Setup {
    /// Whether what was built of `model` for this plays as well where `wanted` says.
    pub fn serves(self, wanted: Self, model: Option<&nn::Model>) -> bool {
        let foreign = model.is_some_and(nn::Model::is_foreign);
        match foreign {
            true => self.fitting(true) == wanted.fitting(true),
            false => self == Self { calls: self.calls, ..wanted },
        }
    }

    /// The same for a model: one of another runtime runs once, and not once for each of
    /// the samples that oversampling makes of one.
    fn fitting(self, foreign: bool) -> Self {
        let oversampling = if foreign { Oversampling::X1 } else { self.oversampling };
        Self { oversampling, ..self }
    }
}

/// How a host calls, on which the latency of networks depends that work beside the
/// audio thread, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    /// What it passes at once.
    pub blocks: Blocks,
    /// Whether it waits for the sound, and hears none of it.
    pub offline: bool,
}

impl Calls {
    /// Of one who renders files, at the least latency.
    pub const OFFLINE: Self = Self { blocks: Blocks::UpTo(1), offline: true };
}

/// One running mono channel of `model` at the rate of the host: [`Plan::engine`]
/// for those who need only one.
///
/// # Errors
/// See [`Plan::new`].
pub fn engine(model: &nn::Model, setup: Setup) -> Result<Box<dyn Engine>, Error> {
    Ok(Plan::new(model, setup)?.engine())
}

/// Makes an engine of a model, or what is to stand in for one.
pub type Make<'a> = dyn FnMut(&nn::Model) -> Box<dyn Engine> + 'a;

/// A model made ready for a [`Setup`]. Its engines share weights and filters.
///
/// Between two rates the signal is flat within 0.01 dB to 18 kHz or to 0.816 of
/// half the lower rate, whichever is less; what half the lower rate cannot hold
/// is below −100 dB. The ratio of the rates is taken in whole numbers up to 1024:
/// exactly for the usual rates from 44.1 kHz up, else within a thousandth. That is
/// no error of pitch, for what goes in comes back out; only the network's idea of
/// time is off by it, at most 1.7 cents.
///
/// A model that [follows the rate](nn::Model::follows_rate) plays at that of the host,
/// or oversampled at a multiple of it, and needs nothing of this but the filters there.
#[derive(Clone)]
pub struct Plan {
    model: nn::Model,
    /// Engines that take turns.
    phases: usize,
    /// Where each of them plays.
    place: Place,
    converter: Option<Converter>,
}

/// The way to another rate and back.
#[derive(Clone)]
struct Converter {
    up: Arc<Bank>,
    down: Arc<Bank>,
    /// Host samples from the input to the output.
    latency: usize,
    rests: Arc<[Idle]>,
}

/// What a size of a model gives on silence, for qualities below `until`.
#[derive(Clone, Copy)]
struct Idle {
    until: f32,
    value: f32,
}

impl Plan {
    /// Computes the filters. Takes milliseconds.
    ///
    /// # Errors
    /// * [`Error::NoHarmonics`]: a `Linear` model is asked to oversample.
    /// * [`Error::SampleRate`]: a rate outside 8 to 768 kHz needs conversion.
    pub fn new(model: &nn::Model, setup: Setup) -> Result<Self, Error> {
        let setup = setup.fitting(model.is_foreign());
        let factor = setup.oversampling.factor();
        let architecture = model.architecture();
        if factor > 1 && architecture == "Linear" {
            return Err(Error::NoHarmonics { architecture });
        }
        let host = f64::from(setup.sample_rate);
        let follows = model.follows_rate() && RATES.contains(&host);
        let own = if follows { host } else { model.sample_rate().unwrap_or(USUAL_RATE) };
        let inner = own * factor as f64;
        let converter = if inner == host {
            None
        } else {
            convertible("host", host)?;
            convertible("model", own)?;
            let ratio = Ratio::nearest(inner / host);
            (!ratio.is_one()).then(|| Converter::new(model, host, ratio))
        };
        let (model, phases) = match model.at_rate(inner) {
            Ok(model) if follows => (model, 1),
            _ => (model.clone(), factor),
        };
        let ratio = converter.as_ref().map_or(Ratio::ONE, |converter| converter.up.ratio);
        let Calls { blocks, offline } = setup.calls;
        let place = Place { sample_rate: own, blocks: inside(blocks, ratio, phases), offline };
        Ok(Self { model, phases, place, converter })
    }

    /// One running mono channel, settled on silence.
    pub fn engine(&self) -> Box<dyn Engine> {
        self.engine_with(&mut |model| model.engine_in(&self.place))
    }

    /// [`Plan::engine`] with what `make` gives in place of each engine of the model, which
    /// it is told as it is for this rate.
    pub fn engine_with(&self, make: &mut Make<'_>) -> Box<dyn Engine> {
        let mut engines: Vec<_> = (0..self.phases).map(|_| make(&self.model)).collect();
        match (&self.converter, engines.pop()) {
            (None, Some(only)) if engines.is_empty() => only,
            (converter, last) => {
                engines.extend(last);
                let phases = Phases::new(engines);
                match converter {
                    Some(converter) => Box::new(Resampled::new(converter, phases)),
                    None => Box::new(phases),
                }
            }
        }
    }

    /// `n` engines that take turns, one for each of the interleaved parts of a signal
    /// of `n` times the host's rate: all their delays last `n` times as many samples.
    pub fn interleaved(&self, n: usize) -> Box<dyn Engine> {
        match n {
            0 | 1 => self.engine(),
            n => Box::new(Phases::new((0..n).map(|_| self.engine()).collect())),
        }
    }

    /// Host samples by which the filters delay; a network of another runtime comes on
    /// top of that.
    pub fn latency(&self) -> usize {
        self.converter.as_ref().map_or(0, |converter| converter.latency)
    }
}

/// What one of `phases` engines that take turns gets of `blocks` of a host, at `ratio`
/// times its rate.
fn inside(blocks: Blocks, ratio: Ratio, phases: usize) -> Blocks {
    match blocks {
        Blocks::Fixed(n) if ratio.is_one() && n.is_multiple_of(phases) => Blocks::Fixed(n / phases),
        blocks => Blocks::UpTo((blocks.longest() * ratio.p).div_ceil(ratio.q * phases)),
    }
}

fn convertible(of: &'static str, found: f64) -> Result<(), Error> {
    if RATES.contains(&found) {
        Ok(())
    } else {
        Err(Error::SampleRate { of, expected: RATES, found })
    }
}

impl Converter {
    /// `ratio` is that of the inner rate to `host`.
    fn new(model: &nn::Model, host: f64, ratio: Ratio) -> Self {
        let kernel = Kernel::between(host, host * ratio.value());
        Self {
            up: Arc::new(Bank::new(&kernel, ratio, 1.0)),
            down: Arc::new(Bank::new(&kernel, ratio.inverse(), 1.0 / ratio.value())),
            latency: kernel.length(),
            rests: Idle::of(model).into(),
        }
    }
}

impl Idle {
    /// The rest of every size of `model`, found by playing silence.
    fn of(model: &nn::Model) -> Vec<Self> {
        let bounds = model.qualities().into_iter().chain([f32::INFINITY]);
        let mut below = f32::NEG_INFINITY;
        let rest = |until| {
            let mut engine = model.engine();
            // A size serves from the bound below it on.
            engine.set_quality(below);
            below = until;
            let mut silence = [0.0; BLOCK];
            engine.process(&mut silence);
            Self { until, value: scrub(silence[BLOCK - 1]) }
        };
        bounds.map(rest).collect()
    }
}

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod tests;
