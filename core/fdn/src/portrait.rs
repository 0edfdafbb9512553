//! What an editor shows of a reverb.

use std::sync::Arc;

use crate::analysis::{self, Band, EchoDensity};
use crate::controls::{Effect, Model, Params};

/// Frames at a time; between them it may be cancelled.
const BLOCK: usize = 4096;
/// The longest response, in seconds and in samples.
const SECONDS: f64 = 6.0;
const SAMPLES: usize = 1 << 21;
/// Outputs that are looked at.
const OUTPUTS: usize = 2;
/// Of a picture.
const COLUMNS: usize = 1000;
/// Points of the echo density.
const POINTS: usize = 240;
/// A response is over when its last quarter has less than this share of its energy, −80 dB.
const REST: f64 = 1e-8;
/// The least level of the decay curve, in dB.
const FLOOR: f64 = -120.0;

/// What is heard of a click, reduced to what pictures need.
///
/// All inputs hear a unit impulse at once, as they do of a mono source in the middle,
/// and what rings of it is played with the controls given, without the dry signal, at
/// most six seconds or until it has decayed by 80 dB. What a graph lets straight
/// through louder than all that follows is left out, where it would hide the rest.
/// Times and the decay are of the energy of the first two outputs together.
#[derive(Clone, Debug, PartialEq)]
pub struct Portrait {
    /// How long the response is, in seconds: the axis of time.
    pub seconds: f64,
    /// For each of the first two outputs, the least and the greatest sample of each of
    /// at most 1000 stretches of equal length.
    pub envelopes: Vec<Vec<[f32; 2]>>,
    /// The largest magnitude of any sample.
    pub peak: f32,
    /// The loudest direct sound that was left out.
    pub direct: Option<f32>,
    /// Schroeder's energy decay in dB at the beginning of each stretch, from −120 on.
    pub decay: Vec<f32>,
    /// Whether the response was cut before it had decayed by 80 dB: the last of the
    /// curve is too low, and times too long for it are unknown.
    pub cut: bool,
    /// Seconds until −60 dB.
    pub t60: Option<f64>,
    /// The early decay time in seconds.
    pub early: Option<f64>,
    /// Of thirds of octaves.
    pub bands: Vec<Band>,
    /// Normalised echo density of the first output: seconds, on a logarithmic scale,
    /// and density.
    pub density: Vec<[f32; 2]>,
    /// Seconds until the density is first one.
    pub dense_after: Option<f64>,
}

impl Portrait {
    /// Plays `model` with `params`, but wet and not held. Not for the audio thread: it
    /// takes up to some seconds. None as soon as `cancelled` says so, which is asked
    /// between blocks and bands.
    pub fn new(model: &Arc<Model>, params: &Params, cancelled: &dyn Fn() -> bool) -> Option<Self> {
        let rate = model.plan().sample_rate();
        let params = Params { mix: 1.0, freeze: false, ..*params };
        let (mut heard, cut) = play(model, &params, cancelled)?;
        let direct = heard.iter_mut().filter_map(|y| take_direct(y)).reduce(f32::max);
        let peak = heard.iter().flatten().fold(0.0, |m: f64, y| m.max(y.abs())) as f32;
        let decay = analysis::energy_decay(&analysis::together(&heard));
        let all: Vec<&[f64]> = heard.iter().map(|y| &y[..]).collect();
        let bands = analysis::bands_of(&all, rate, true, cancelled)?;
        let first = heard.first().map_or(&[][..], |y| &y[..]);
        let density = EchoDensity::new(rate);
        let wide = decay.len().div_ceil(COLUMNS).max(1);
        Some(Self {
            seconds: decay.len() as f64 / rate,
            envelopes: heard.iter().map(|y| envelope(y, wide)).collect(),
            peak,
            direct,
            cut,
            t60: analysis::t60(&decay, rate),
            early: analysis::early_decay(&decay, rate),
            decay: decay.iter().step_by(wide).map(|db| db.max(FLOOR) as f32).collect(),
            bands,
            density: curve(&density, first, rate),
            dense_after: density.dense_after(first),
        })
    }

    /// Whether nothing was heard.
    pub fn is_silent(&self) -> bool {
        self.peak == 0.0
    }
}

/// What the first outputs do, and whether it was cut.
fn play(
    model: &Arc<Model>,
    params: &Params,
    cancelled: &dyn Fn() -> bool,
) -> Option<(Vec<Vec<f64>>, bool)> {
    let plan = model.plan();
    let most = ((SECONDS * plan.sample_rate()) as usize).min(SAMPLES);
    let mut effect = Effect::new(model);
    effect.set(params);
    effect.reset();
    let mut x = vec![vec![0.0; BLOCK]; plan.inputs()];
    x.iter_mut().for_each(|x| x[0] = 1.0);
    let mut y = vec![vec![0.0; BLOCK]; plan.outputs()];
    let mut heard = vec![Vec::new(); plan.outputs().min(OUTPUTS)];
    // The energy of each block.
    let mut energies: Vec<f64> = Vec::new();
    for _ in 0..most.div_ceil(BLOCK) {
        if cancelled() {
            return None;
        }
        let inputs: Vec<&[f32]> = x.iter().map(|x| &x[..]).collect();
        let mut outputs: Vec<&mut [f32]> = y.iter_mut().map(|y| &mut y[..]).collect();
        effect.process(&inputs, &mut outputs);
        x.iter_mut().for_each(|x| x[0] = 0.0);
        let mut energy = 0.0;
        for (heard, y) in heard.iter_mut().zip(&y) {
            let sound = y.iter().map(|y| if y.is_finite() { f64::from(*y) } else { 0.0 });
            energy += sound.clone().map(|y| y * y).sum::<f64>();
            heard.extend(sound);
        }
        energies.push(energy);
        if over(&energies) {
            return Some((heard, false));
        }
    }
    let silent = energies.iter().all(|e| *e == 0.0);
    Some((heard, !silent))
}

/// Whether the rest does not matter. What has not begun to sound is not over.
fn over(energies: &[f64]) -> bool {
    let sum = |from: usize| energies[from..].iter().sum::<f64>();
    let all = sum(0);
    energies.len() > 3 && all > 0.0 && sum(energies.len() * 3 / 4) < REST * all
}

/// Takes what comes first out of a response, if it is louder than all that follows.
fn take_direct(response: &mut [f64]) -> Option<f32> {
    let at = response.iter().position(|y| *y != 0.0)?;
    let (first, rest) = response.get_mut(at..)?.split_first_mut()?;
    let largest = rest.iter().fold(0.0f64, |m, y| m.max(y.abs()));
    let apart = largest > 0.0 && first.abs() > largest;
    apart.then(|| std::mem::take(first).abs() as f32)
}

fn envelope(response: &[f64], wide: usize) -> Vec<[f32; 2]> {
    let column = |y: &[f64]| {
        let least = y.iter().copied().fold(f64::INFINITY, f64::min);
        [least as f32, y.iter().copied().fold(f64::NEG_INFINITY, f64::max) as f32]
    };
    response.chunks(wide).map(column).collect()
}

/// The echo density at about as many points as there are, from the first full window on.
fn curve(density: &EchoDensity, response: &[f64], rate: f64) -> Vec<[f32; 2]> {
    let (first, last) = (0.01, response.len() as f64 / rate);
    let ratio = (last / first).max(1.0);
    let seconds = (0..POINTS).map(|i| first * ratio.powf(i as f64 / (POINTS - 1) as f64));
    let point = |t: f64| {
        let found = density.at(response, (t * rate).ceil() as usize)?;
        Some([t as f32, found as f32])
    };
    seconds.filter_map(point).collect()
}
