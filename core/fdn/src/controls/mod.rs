//! A reverb with its macro-controls: how long it rings, how much of it is heard,
//! and after how long.

mod calibrate;
mod effect;
mod probe;
mod ramp;
mod times;
mod wait;

#[cfg(test)]
mod calibrate_tests;
#[cfg(test)]
mod effect_tests;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod move_tests;

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};
use std::sync::{Arc, OnceLock};

use crate::certify::{lossless, passivity, sound};
use crate::compile::{Decay, Moves};
use crate::error::Error;
use crate::graph::{Controls, Graph, Range};
use crate::network::Network;
use crate::passivity::{Passivity, Turn};
use crate::plan::Plan;
use crate::run::{Shelving, Turning};

pub use calibrate::Calibration;
pub use effect::Effect;

/// The longest delay before the reverberation, in milliseconds.
const MOST_PRE_DELAY: f64 = 2000.0;
/// The longest one in ADAC's FAUST, in samples.
const ADAC_PRE_DELAY: usize = 65_535;
/// Floats that inputs may wait in, at most.
const MOST_WAITING: usize = 1 << 26;
/// The most lines whose sound is held: finding how takes their cube.
const MOST_CLOSED: usize = 512;
/// Rates a graph may have, in Hz.
const RATES: std::ops::RangeInclusive<f64> = 1000.0..=1e6;

/// What the macro-controls mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Law {
    /// What they say. The reverberation time is the one a measurement finds
    /// ([`Calibration`]), whatever the network was trained to; its gains act on
    /// every delay in a loop. A mix keeps the power: wet sin(π/2·m), dry
    /// cos(π/2·m).
    #[default]
    Calibrated,
    /// What ADAC 0.1.0 makes of them. A delay of m samples in the forward path of
    /// a recursion multiplies by 10^(−3·m/(fs·T)), on top of what was trained:
    /// rates of decay add up. A mix is linear, and left out where inputs are not
    /// as many as outputs. The delay before the reverberation is cut to whole
    /// samples, 65 535 at most.
    Adac,
}

/// Where the controls are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// Reverberation time in seconds; none plays the network as it was trained,
    /// to the last bit.
    pub rt60: Option<f64>,
    /// From the dry signal, 0, to the wet, 1.
    pub mix: f64,
    /// Delay before the reverberation, in milliseconds. The dry signal does not
    /// wait.
    pub pre_delay: f64,
    /// How the reverberation time differs by frequency.
    pub bands: Bands,
    /// How lines are turned into one another.
    pub modulation: Modulation,
    /// Whether what rings goes on forever, and nothing is added to it.
    pub freeze: bool,
}

/// Reverberation times of three bands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bands {
    /// Of the low band, as a multiple of the middle one's: 0.1 to 10.
    pub low: f64,
    /// Of the high band.
    pub high: f64,
    /// Where bands meet, in Hz: of first order, and no further apart than the ear asks.
    pub crossovers: [f64; 2],
}

/// Lines turned into one another in pairs, each pair at its own time: a matrix that
/// varies, by which no energy is lost or won, and no line is heard twice alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Modulation {
    /// 0 to 1, at which lines are turned by up to an eighth of a circle to and fro.
    pub depth: f64,
    /// Hz: 0 to 20.
    pub rate: f64,
}

impl Default for Params {
    /// As trained.
    fn default() -> Self {
        Self {
            rt60: None,
            mix: 1.0,
            pre_delay: 0.0,
            bands: Bands::default(),
            modulation: Modulation::default(),
            freeze: false,
        }
    }
}

impl Default for Bands {
    /// All alike.
    fn default() -> Self {
        Self { low: 1.0, high: 1.0, crossovers: [250.0, 4000.0] }
    }
}

impl Default for Modulation {
    /// None.
    fn default() -> Self {
        Self { depth: 0.0, rate: 0.5 }
    }
}

/// A graph made ready to be played with its macro-controls, by any number of
/// [`Effect`]s.
#[derive(Debug)]
pub struct Model {
    network: Network,
    plan: Arc<Plan>,
    law: Law,
    /// With all ranges.
    controls: Controls,
    start: Params,
    passivity: Option<Passivity>,
    /// What holds the sound.
    closed: Option<Arc<Plan>>,
    calibration: OnceLock<Option<Calibration>>,
    /// What is taken for it until it is found.
    assumed: OnceLock<Calibration>,
}

impl Model {
    /// Compiles `graph`, to be run at its own rate.
    ///
    /// Its [`Controls`] say where the macro-controls begin and how far they go, a
    /// delay at most 2000 milliseconds. Those it does not ask for begin as
    /// [`Params::default`], and go from 0.1 to 20 seconds, 0 to 1, and 0 to 1000
    /// milliseconds.
    ///
    /// # Errors
    ///
    /// Those of [`Plan::compile`]; [`Error::Invalid`] for a rate outside 1 kHz to
    /// 1 MHz, or a range that is none; [`Error::TooLarge`] if too many inputs are to
    /// wait too long.
    pub fn new(graph: &Graph, law: Law) -> Result<Self, Error> {
        if !RATES.contains(&graph.sample_rate) {
            let expected = format!("{} to {} Hz", RATES.start(), RATES.end());
            return Err(Error::invalid("sample_rate", expected, graph.sample_rate));
        }
        let asked = graph.controls;
        let rt60 = range("rt60", asked.rt60, [2.0, 0.1, 20.0], 1e-3)?;
        let dry_wet = range("dry_wet", asked.dry_wet, [1.0, 0.0, 1.0], 0.0)?;
        let mut wait = range("pre_delay", asked.pre_delay, [0.0, 0.0, 1000.0], 0.0)?;
        wait = Range {
            init: wait.init.min(MOST_PRE_DELAY),
            min: wait.min.min(MOST_PRE_DELAY),
            max: wait.max.min(MOST_PRE_DELAY),
        };
        let network = Network::new(graph);
        let (plan, closed, passivity) = match law {
            Law::Calibrated => {
                let passivity = passivity(&network);
                let (plan, closed) = moving(&network, passivity)?;
                (plan, closed.map(Arc::new), passivity)
            }
            Law::Adac => (Plan::compile(&network, Decay::Forward)?, None, None),
        };
        let model = Self {
            plan: Arc::new(plan),
            closed,
            passivity,
            network,
            law,
            controls: Controls { rt60: Some(rt60), dry_wet: Some(dry_wet), pre_delay: Some(wait) },
            start: Params {
                rt60: asked.rt60.map(|r| r.init),
                mix: dry_wet.init,
                pre_delay: wait.init,
                ..Params::default()
            },
            calibration: OnceLock::new(),
            assumed: OnceLock::new(),
        };
        let waiting = model.plan.inputs() * wait::ring(model.longest_wait());
        if waiting > MOST_WAITING {
            let what = "samples of inputs that wait".to_owned();
            return Err(Error::TooLarge { what, limit: MOST_WAITING, found: waiting });
        }
        Ok(model)
    }

    /// What is run.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What was compiled.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What its controls mean.
    pub fn law(&self) -> Law {
        self.law
    }

    /// Where its controls begin.
    pub fn start(&self) -> Params {
        self.start
    }

    /// How far its controls go. Those that do nothing are none: a mix where no
    /// input belongs to an output, a reverberation time without loops or, until
    /// [`calibrate`](Self::calibrate) has been called, by the calibrated law.
    pub fn ranges(&self) -> Controls {
        let rt60 = self.controls.rt60.filter(|_| !self.plan.decaying.is_empty());
        let rt60 = match self.law {
            Law::Adac => rt60,
            Law::Calibrated => rt60.and_then(|r| self.calibration()?.within(r)),
        };
        Controls { rt60, dry_wet: self.controls.dry_wet.filter(|_| self.mixes()), ..self.controls }
    }

    /// Whether it is plain that it cannot grow, without a [certificate](crate::certify):
    /// nothing in its loops adds energy, and every filter has its poles within the unit
    /// circle. What this denies may be stable all the same.
    pub fn is_plainly_bounded(&self) -> bool {
        self.passivity.is_some() && sound(&self.network)
    }

    /// Whether its reverberation time may differ by frequency, and its lines be turned
    /// into one another: if nothing in its loops adds energy whatever is done to them.
    pub fn passivity(&self) -> Option<Passivity> {
        self.passivity
    }

    /// Whether its sound can be held.
    pub fn freezes(&self) -> bool {
        self.closed.is_some()
    }

    /// What the lines lose by frequency when they fade by `decay`: what a band lasts
    /// longer is kept within what is proven.
    fn shelving(&self, params: &Params, decay: f64) -> Shelving {
        let Bands { low, high, crossovers } = params.bands;
        let at = crossovers.map(|hz| hz.clamp(20.0, 20_000.0));
        let Some(passivity) = self.passivity else { return Shelving { at, ..Shelving::default() } };
        let trained = || self.calibration()?.trained();
        let Some(seconds) = params.rt60.or_else(trained) else {
            return Shelving { at, ..Shelving::default() };
        };
        let own = calibrate::fade(self.plan.sample_rate) / seconds.max(1e-3);
        let more = |multiple: f64| own * (1.0 - 1.0 / multiple.clamp(0.1, 10.0));
        let [low, high] = [more(low), more(high)];
        let (room, wanted) = ((passivity.decay - decay).max(0.0), low.max(0.0) + high.max(0.0));
        let share = if wanted > room { room / wanted } else { 1.0 };
        let within = |x: f64| if x > 0.0 { share * x } else { x };
        Shelving { low: within(low), high: within(high), at }
    }

    /// How lines are turned.
    fn turning(&self, modulation: &Modulation) -> Turning {
        let depth = modulation.depth.clamp(0.0, 1.0) * FRAC_PI_4;
        Turning { depth, rate: modulation.rate.clamp(0.0, 20.0) }
    }

    /// What the lines fade by for each sample, as a power of two.
    fn decay(&self, rt60: Option<f64>) -> f64 {
        let (Some(seconds), Some(range)) = (rt60, self.controls.rt60) else { return 0.0 };
        let seconds = seconds.clamp(range.min, range.max);
        match self.law {
            Law::Adac => -calibrate::fade(self.plan.sample_rate) / seconds,
            Law::Calibrated => self.calibration().map_or(0.0, |c| c.decay(seconds)),
        }
    }

    /// Gains of the wet and of the dry signal.
    fn gains(&self, mix: f64) -> [f64; 2] {
        let range = self.controls.dry_wet.filter(|_| self.mixes());
        let Some(mix) = range.map(|r| mix.clamp(r.min, r.max)) else { return [1.0, 0.0] };
        match self.law {
            // Where one is alone it is exact.
            _ if mix == 0.0 || mix == 1.0 => [mix, 1.0 - mix],
            Law::Adac => [mix, 1.0 - mix],
            Law::Calibrated => [(FRAC_PI_2 * mix).sin(), (FRAC_PI_2 * mix).cos()],
        }
    }

    /// Whether each output has an input whose dry signal it may have.
    fn mixes(&self) -> bool {
        let (inputs, outputs) = (self.plan.inputs(), self.plan.outputs());
        inputs == outputs || (inputs == 1 && self.law != Law::Adac)
    }

    /// Samples that inputs wait.
    fn wait(&self, ms: f64) -> usize {
        let Some(range) = self.controls.pre_delay else { return 0 };
        let samples = ms.clamp(range.min, range.max) * self.plan.sample_rate / 1000.0;
        match self.law {
            Law::Adac => (samples as usize).min(ADAC_PRE_DELAY),
            Law::Calibrated => samples.round() as usize,
        }
    }

    fn longest_wait(&self) -> usize {
        self.wait(f64::INFINITY)
    }
}

/// The plan of a network whose lines may be shelved and turned, as far as that is safe;
/// and one that holds its sound.
fn moving(network: &Network, passivity: Option<Passivity>) -> Result<(Plan, Option<Plan>), Error> {
    let turn = passivity.map(|p| p.turn);
    let moves = Moves { decay: Decay::Loops, shelves: turn.is_some(), turn };
    let plan = Plan::compile_to_move(network, moves)?;
    let closed = if plan.decaying.len() > MOST_CLOSED { None } else { lossless(network) };
    // Where it adds no energy as it is, it does not once closed.
    let moves = Moves { shelves: false, turn: turn.map(|_| Turn::Any), ..moves };
    let closed = closed.map(|closed| Plan::compile_to_move(&closed, moves)).transpose()?;
    Ok((plan, closed))
}

/// The range that is asked for, if it is one from `least` on; or where it begins and
/// how far it goes otherwise.
fn range(
    what: &str,
    asked: Option<Range>,
    [init, min, max]: [f64; 3],
    least: f64,
) -> Result<Range, Error> {
    let Some(range) = asked else { return Ok(Range { init, min, max }) };
    let Range { init, min, max } = range;
    if least <= min && min <= init && init <= max && max.is_finite() {
        return Ok(range);
    }
    let expected = format!("a range from {least} on, and where it begins within");
    Err(Error::invalid(what, expected, format!("min {min}, init {init} and max {max}")))
}
