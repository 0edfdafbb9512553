use fastrand::Rng;
use ndarray::Array2;

use crate::graph::{Delay, Section};
use crate::network::{Network, Op, OpKind, Signal};

/// A network that no graph would flatten to: operations hear any signals, their own
/// among them; outputs are any signals, some twice. The same for the same seed. It
/// may have delay-free loops, also such without a solution.
///
/// Every loop passes a matrix that returns less than it hears, unless it is of wires;
/// with `interpolated`, much less, for fractional delays may overshoot.
pub fn random_network(seed: u64, interpolated: bool) -> Network {
    let mut rng = Rng::with_seed(seed);
    let mut maker =
        Maker { most: if interpolated { 0.3 } else { 0.95 }, interpolated, network: empty() };
    let inputs = rng.usize(1..4);
    maker.network.inputs = maker.fresh(inputs);
    // Channels of what is no matrix hear inputs and what matrices make.
    let mixed = rng.usize(1..8);
    let mixed = maker.fresh(mixed);
    let sources = [maker.network.inputs.clone(), mixed.clone()].concat();
    for _ in 0..rng.usize(1..7) {
        maker.channels(&mut rng, &sources);
    }
    let all: Vec<Signal> = (0..maker.network.signals).map(|s| Signal(s as u32)).collect();
    let mut left = &mixed[..];
    while !left.is_empty() {
        let (some, rest) = left.split_at(rng.usize(1..=left.len()));
        left = rest;
        maker.matrix(&mut rng, &all, some);
    }
    let outputs = rng.usize(1..4);
    maker.network.outputs = (0..outputs).map(|_| *rng.choice(&all).unwrap_or(&all[0])).collect();
    rng.shuffle(&mut maker.network.ops);
    maker.network
}

fn empty() -> Network {
    let (inputs, outputs, ops) = (Vec::new(), Vec::new(), Vec::new());
    Network { sample_rate: 48_000.0, signals: 0, inputs, outputs, ops }
}

struct Maker {
    /// The most a row of a matrix returns.
    most: f64,
    interpolated: bool,
    network: Network,
}

impl Maker {
    fn fresh(&mut self, count: usize) -> Vec<Signal> {
        let first = self.network.signals;
        self.network.signals += count;
        (first..self.network.signals).map(|s| Signal(s as u32)).collect()
    }

    fn push(&mut self, kind: OpKind, inputs: Vec<Signal>, outputs: Vec<Signal>) {
        let name = format!("op {}", self.network.ops.len());
        self.network.ops.push(Op { name, kind, inputs, outputs });
    }

    /// An operation on channels, often many on one signal.
    fn channels(&mut self, rng: &mut Rng, sources: &[Signal]) {
        let width = rng.usize(1..6);
        let one = *rng.choice(sources).unwrap_or(&sources[0]);
        let many = rng.u8(..3) == 0;
        let inputs: Vec<_> = (0..width)
            .map(|_| if many { one } else { sources[rng.usize(..sources.len())] })
            .collect();
        let kind = match rng.u8(..5) {
            0..=2 => {
                let lines = (0..width).map(|_| self.delay(rng)).collect();
                OpKind::Delay { lines, forward: rng.bool() }
            }
            3 => OpKind::Fir((0..width).map(|_| taps(rng)).collect()),
            _ => OpKind::Filter((0..width).map(|_| cascade(rng)).collect()),
        };
        let outputs = self.fresh(width);
        self.push(kind, inputs, outputs);
    }

    fn delay(&self, rng: &mut Rng) -> Delay {
        let whole = match rng.u8(..4) {
            0 => rng.usize(0..4),
            1 => rng.usize(4..20),
            // About the length of a chunk, and two.
            2 => rng.usize(60..70) * rng.usize(1..3),
            _ => rng.usize(1..300),
        };
        let interpolated = self.interpolated && rng.bool();
        let fraction = if interpolated { rng.f64() } else { 0.0 };
        Delay { samples: whole as f64 + fraction, interpolated }
    }

    fn matrix(&mut self, rng: &mut Rng, all: &[Signal], outputs: &[Signal]) {
        let width = rng.usize(0..8);
        let inputs: Vec<_> = (0..width).map(|_| all[rng.usize(..all.len())]).collect();
        let density = [0.0, 0.3, 1.0, 1.0][rng.usize(..4)];
        let mut m = Array2::from_shape_simple_fn((outputs.len(), width), || {
            if rng.f64() < density { 2.0 * rng.f64() - 1.0 } else { 0.0 }
        });
        for mut row in m.rows_mut() {
            let sum: f64 = row.iter().map(|x| x.abs()).sum();
            let wire = !self.interpolated && rng.u8(..6) == 0 && width > 0;
            if wire {
                row.fill(0.0);
                row[rng.usize(..width)] = 1.0;
            } else if sum > self.most {
                row.mapv_inplace(|x| x * self.most / sum);
            }
        }
        self.push(OpKind::Matrix(m), inputs, outputs.to_vec());
    }
}

/// Taps whose magnitudes add up to one at most.
fn taps(rng: &mut Rng) -> Vec<f64> {
    let count = rng.usize(0..100);
    let density = [0.05, 1.0][rng.usize(..2)];
    let mut taps: Vec<f64> =
        (0..count).map(|_| if rng.f64() < density { 2.0 * rng.f64() - 1.0 } else { 0.0 }).collect();
    if rng.bool() {
        taps.splice(..0, vec![0.0; rng.usize(1..80)]);
    }
    let sum: f64 = taps.iter().map(|t| t.abs()).sum::<f64>().max(1.0);
    taps.iter_mut().for_each(|t| *t /= sum);
    taps
}

/// Sections that nowhere pass more than one: low ones, high ones, gains, wires.
fn cascade(rng: &mut Rng) -> Vec<Section> {
    (0..rng.usize(0..4))
        .map(|_| {
            let radius = 0.9 * rng.f64();
            let (a, least) = match rng.u8(..4) {
                0 => return Section::WIRE,
                1 => ([0.0; 2], 1.0),
                2 => ([-radius, 0.0], 1.0 - radius),
                _ => {
                    let cos = (3.2 * rng.f64()).cos();
                    ([-2.0 * radius * cos, radius * radius], (1.0 - radius).powi(2))
                }
            };
            let keep = [rng.bool(), rng.bool(), rng.bool()];
            let b = keep.map(|k| if k { (2.0 * rng.f64() - 1.0) * least / 3.0 } else { 0.0 });
            Section { b, a }
        })
        .collect()
}
