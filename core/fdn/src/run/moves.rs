//! What moves while a network runs: all of it told anew once a grid of frames, and on
//! its way in straight lines between.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::turn::Angle;
use crate::plan::{FRAMES, Plan, Step};

/// What lines lose beside the reverberation time, by frequency.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Shelving {
    /// Below the lower and above the higher frequency: for each sample of a line, as a
    /// power of two.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// The two frequencies, in Hz.
    pub(crate) at: [f64; 2],
}

/// How lines are turned into one another.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Turning {
    /// The furthest, in rad.
    pub(crate) depth: f64,
    /// Hz.
    pub(crate) rate: f64,
}

/// The moving coefficients of a running network.
#[derive(Debug)]
pub(super) struct Motion {
    /// Gains of the lines: where they are, and how much they move in a frame.
    pub(super) gains: Vec<(f32, f32)>,
    /// What they come from: where they should be, where they are on the way to, and
    /// whether they have arrived.
    decay: f64,
    decayed: f64,
    settled: bool,
    /// Weights of the shelves; see [`super::shelf::Weights`].
    pub(super) weights: Vec<f32>,
    /// g of their lowpasses.
    pub(super) lowpasses: [f32; 2],
    shelving: Shelving,
    shelved: Shelving,
    /// Grids until their weights have arrived.
    aims: u8,
    /// Whether they do anything.
    pub(super) shelves: bool,
    pub(super) angles: Vec<Angle>,
    turning: Turning,
    /// Whether lines are turned.
    pub(super) turns: bool,
    /// Where the turning is, in periods.
    period: f64,
}

impl Motion {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            gains: vec![(1.0, 0.0); plan.decaying.len()],
            decay: 0.0,
            decayed: 0.0,
            settled: true,
            weights: vec![0.0; plan.shelves],
            lowpasses: [0.0; 2],
            shelving: Shelving::default(),
            shelved: Shelving::default(),
            aims: 0,
            shelves: false,
            angles: vec![[1.0, 0.0, 0.0, 0.0]; plan.pairs],
            turning: Turning::default(),
            turns: false,
            period: 0.0,
        }
    }

    pub(super) fn decay_to(&mut self, log2: f64) {
        if log2.is_finite() {
            self.decay = log2;
        }
    }

    pub(super) fn shelve_to(&mut self, shelving: &Shelving) {
        let Shelving { low, high, at: [a, b] } = *shelving;
        if [low, high, a, b].iter().all(|x| x.is_finite()) {
            self.shelving = *shelving;
        }
    }

    pub(super) fn turn_to(&mut self, turning: &Turning) {
        if turning.depth.is_finite() && turning.rate.is_finite() {
            self.turning = *turning;
        }
    }

    /// Goes on by a grid.
    pub(super) fn glide(&mut self, plan: &Plan) {
        self.glide_gains(plan);
        if self.shelving != self.shelved {
            self.shelved = self.shelving;
            self.shelves = true;
            // In one they arrive, in the next they stop.
            self.aims = 2;
        }
        if self.aims > 0 {
            self.aim(plan);
            self.aims -= 1;
        } else {
            self.shelves = !is_flat(&self.shelved);
        }
        self.glide_angles(plan.sample_rate);
    }

    /// All where it was last told to be, at once.
    pub(super) fn snap(&mut self, plan: &Plan) {
        for ((gain, change), samples) in self.gains.iter_mut().zip(&plan.decaying) {
            (*gain, *change) = (loss(self.decay, *samples) as f32, 0.0);
        }
        (self.decayed, self.settled) = (self.decay, true);
        self.shelved = self.shelving;
        self.shelves = !is_flat(&self.shelving);
        for _ in 0..2 {
            self.aim(plan);
        }
        self.aims = 0;
        self.period = 0.0;
        self.turns = false;
        self.angles.fill([1.0, 0.0, 0.0, 0.0]);
    }

    /// Goes on from where `other` is, towards where that is headed.
    pub(super) fn adopt(&mut self, other: &Self) {
        let (gains, weights) = (self.gains.len(), self.weights.len());
        if gains != other.gains.len() || weights != other.weights.len() {
            return;
        }
        self.gains.copy_from_slice(&other.gains);
        self.weights.copy_from_slice(&other.weights);
        (self.decay, self.decayed, self.settled) = (other.decay, f64::NAN, false);
        self.lowpasses = other.lowpasses;
        (self.shelving, self.shelved, self.aims) = (other.shelving, other.shelved, 2);
        self.shelves = other.shelves;
        if self.angles.len() == other.angles.len() {
            self.angles.copy_from_slice(&other.angles);
            (self.turning, self.turns, self.period) = (other.turning, other.turns, other.period);
        }
    }

    fn glide_gains(&mut self, plan: &Plan) {
        let still = self.decay == self.decayed;
        if still && self.settled {
            return;
        }
        for ((gain, change), samples) in self.gains.iter_mut().zip(&plan.decaying) {
            *gain += *change * FRAMES as f32;
            let target = loss(self.decay, *samples) as f32;
            *change = if still { 0.0 } else { (target - *gain) / FRAMES as f32 };
            if still {
                *gain = target;
            }
        }
        (self.decayed, self.settled) = (self.decay, still);
    }

    /// Lets the weights begin where they were headed, and head for where they should be.
    fn aim(&mut self, plan: &Plan) {
        let Shelving { low, high, at } = self.shelving;
        self.lowpasses = at.map(|hz| {
            // tan(πf/fs) / (1 + tan(πf/fs)), short of the Nyquist frequency.
            let angle = (std::f64::consts::PI * hz / plan.sample_rate).clamp(0.0, 0.98 * FRAC_PI_2);
            (angle.tan() / (1.0 + angle.tan())) as f32
        });
        let steps = plan.stages.iter().flat_map(|s| &s.steps);
        for shelves in steps.filter_map(|s| if let Step::Shelve(s) = s { Some(s) } else { None }) {
            let width = shelves.channels.len();
            let rows = &mut self.weights[shelves.coefficients..][..4 * width];
            for (pair, log2) in rows.chunks_exact_mut(2 * width).zip([low, high]) {
                let (at, change) = pair.split_at_mut(width);
                let lines = &plan.decaying[shelves.lines.clone()];
                for ((at, change), samples) in at.iter_mut().zip(change).zip(lines) {
                    *at += *change * FRAMES as f32;
                    let target = (loss(log2, *samples) - 1.0) as f32;
                    *change = (target - *at) / FRAMES as f32;
                    if change.abs() < 1e-9 {
                        (*at, *change) = (target, 0.0);
                    }
                }
            }
        }
    }

    fn glide_angles(&mut self, sample_rate: f64) {
        if self.turning.depth == 0.0 && !self.turns {
            return;
        }
        self.turns = false;
        self.period = (self.period + self.turning.rate * FRAMES as f64 / sample_rate).fract();
        for (pair, angle) in self.angles.iter_mut().enumerate() {
            let [c, s, dc, ds] = *angle;
            let from = [dc, ds].map(|d| d * FRAMES as f32);
            let from = [c + from[0], s + from[1]];
            // Golden sections of a period apart, no two pairs move together.
            let phase = TAU * (self.period + 0.618_033_988_749_895 * pair as f64);
            let to = self.turning.depth * phase.sin();
            let to = [to.cos() as f32, to.sin() as f32];
            let change = [0, 1].map(|i| (to[i] - from[i]) / FRAMES as f32);
            *angle = [from[0], from[1], change[0], change[1]];
            self.turns |= *angle != [1.0, 0.0, 0.0, 0.0];
        }
    }
}

fn is_flat(shelving: &Shelving) -> bool {
    shelving.low == 0.0 && shelving.high == 0.0
}

/// What a line of so many `samples` multiplies by.
fn loss(log2: f64, samples: f64) -> f64 {
    (log2 * samples).exp2()
}
