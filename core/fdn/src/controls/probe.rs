//! How long a network rings, measured on itself.

use std::sync::Arc;

use crate::analysis;
use crate::plan::{Plan, Step};
use crate::run::Reverb;

/// Inputs and outputs that are measured: the first of them speak for all.
const INPUTS: usize = 4;
const OUTPUTS: usize = 16;
/// Frames at a time.
const BLOCK: usize = 1024;
/// Frames whose energy is added up before the decay is looked at. A hundredth of
/// the shortest span that a line is fitted to.
const BIN: usize = 16;
/// What lets nothing round a loop: no power of it is a number above zero.
const SHUT: f64 = -1e3;
/// How long what goes round no loop may be underway to be the direct sound, in seconds:
/// what comes later is a reflection, and part of the reverberation.
const DIRECT: f64 = 0.002;
/// How far a decay is followed, in dB, if it does not take too long: what rings
/// longest must show.
const END: f64 = -60.0;
/// Multiplications all responses may cost: some seconds.
const BUDGET: f64 = 1e12;

/// Measures reverberation times.
pub(super) struct Probe {
    plan: Arc<Plan>,
    /// By input and output, the direct sound.
    direct: Vec<Vec<Vec<f32>>>,
    /// The longest response, in seconds.
    longest: f64,
    /// What may still be spent.
    budget: f64,
}

impl Probe {
    /// Of a network whose responses are at most `longest` seconds.
    pub(super) fn new(plan: &Arc<Plan>, longest: f64) -> Self {
        let mut probe = Self { plan: plan.clone(), direct: Vec::new(), longest, budget: BUDGET };
        let blocks = (DIRECT * plan.sample_rate() / BLOCK as f64).ceil() as usize;
        for input in 0..plan.inputs().min(INPUTS) {
            let mut response = Response::new(plan, input, SHUT);
            let mut direct = vec![Vec::new(); response.heard.len()];
            for _ in 0..blocks {
                response.go_on();
                direct.iter_mut().zip(&response.heard).for_each(|(d, y)| d.extend_from_slice(y));
            }
            for x in &mut direct {
                x.truncate((DIRECT * plan.sample_rate()) as usize);
                x.truncate(x.iter().rposition(|x| *x != 0.0).map_or(0, |last| last + 1));
            }
            probe.direct.push(direct);
        }
        probe
    }

    /// The reverberation time in seconds when each sample of a line in a loop
    /// fades by `decay`, a power of two: Schroeder's, of the energy that all
    /// outputs make together of an impulse in each of the inputs, but for the
    /// direct sound. None if it takes too long, or nothing decays. `guess`
    /// is how long the response may have to be.
    pub(super) fn t60(&mut self, decay: f64, guess: f64) -> Option<f64> {
        let rate = self.plan.sample_rate();
        let work = BLOCK as f64 * work(&self.plan) * self.direct.len() as f64;
        let mut responses: Vec<Response> =
            (0..self.direct.len()).map(|i| Response::new(&self.plan, i, decay)).collect();
        let mut energies: Vec<f64> = Vec::new();
        let mut seconds = guess.min(self.longest);
        loop {
            let bins = (seconds * rate) as usize / BIN;
            while energies.len() < bins {
                self.budget -= work;
                if self.budget < 0.0 {
                    return None;
                }
                let at = energies.len();
                energies.resize(at + BLOCK / BIN, 0.0);
                for (response, direct) in responses.iter_mut().zip(&self.direct) {
                    response.go_on();
                    response.add(direct, at, &mut energies[at..]);
                }
            }
            let roots: Vec<f64> = energies.iter().map(|e| e.sqrt()).collect();
            let curve = analysis::energy_decay(&roots);
            let ended = curve.get(curve.len() * 9 / 10).is_some_and(|end| *end < END);
            if ended || seconds >= self.longest {
                return analysis::t60(&curve, rate / BIN as f64);
            }
            seconds = (1.3 * seconds).min(self.longest);
        }
    }
}

/// What a network makes of an impulse, block by block.
struct Response {
    reverb: Reverb,
    input: usize,
    /// Of all inputs.
    given: Vec<f32>,
    silent: Vec<f32>,
    /// Of the first outputs.
    heard: Vec<Vec<f32>>,
}

impl Response {
    fn new(plan: &Arc<Plan>, input: usize, decay: f64) -> Self {
        let mut reverb = Reverb::new(plan);
        reverb.decay_to(decay);
        reverb.reset();
        let mut given = vec![0.0; BLOCK];
        given[0] = 1.0;
        let heard = vec![vec![0.0; BLOCK]; plan.outputs().min(OUTPUTS)];
        Self { reverb, input, given, silent: vec![0.0; BLOCK], heard }
    }

    /// Makes the next block.
    fn go_on(&mut self) {
        let all = 0..self.reverb.plan().inputs();
        let inputs: Vec<&[f32]> =
            all.map(|i| &(if i == self.input { &self.given } else { &self.silent })[..]).collect();
        let mut outputs: Vec<&mut [f32]> = self.heard.iter_mut().map(|y| &mut y[..]).collect();
        self.reverb.process(&inputs, &mut outputs);
        self.given[0] = 0.0;
    }

    /// Adds what was heard, without `direct`, to `energies`, which begin with bin
    /// `at`.
    fn add(&self, direct: &[Vec<f32>], at: usize, energies: &mut [f64]) {
        for (y, direct) in self.heard.iter().zip(direct) {
            let gone = direct.get(at * BIN..).unwrap_or_default();
            for (i, (energy, y)) in energies.iter_mut().zip(y.chunks_exact(BIN)).enumerate() {
                *energy += energy_of(y, gone.get(i * BIN..).unwrap_or_default());
            }
        }
    }
}

/// The energy of `y` without `gone`, which may be shorter.
fn energy_of(y: &[f32], gone: &[f32]) -> f64 {
    if gone.is_empty() {
        return f64::from(y.iter().map(|y| y * y).sum::<f32>());
    }
    let gone = gone.iter().chain(std::iter::repeat(&0.0));
    y.iter().zip(gone).map(|(y, g)| f64::from(y - g).powi(2)).sum()
}

/// Multiplications a frame, roughly.
fn work(plan: &Plan) -> f64 {
    let steps = plan.stages.iter().flat_map(|s| &s.steps);
    let count = steps.map(|step| match step {
        Step::Read(reads) => reads.iter().map(|r| r.taps.len() + 1).sum(),
        Step::Filter(bank) => 6 * bank.width * bank.sections.len(),
        Step::Dense(d) => d.weights.len(),
        Step::Sparse(s) => s.terms.len(),
        Step::Decay(rows) | Step::Write(rows) => rows.len(),
        // At rest while it is probed.
        Step::Shelve(_) | Step::Turn(_) => 0,
        Step::Mirror(rings) => rings.len(),
    });
    64.0 + count.sum::<usize>() as f64
}
