use fastrand::Rng;
use ndarray::Array2;

use crate::graph::{Controls, Delay, Graph, Module, Node, Section};

/// What a random graph may hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// The most channels anywhere.
    pub channels: usize,
    /// How deep the nesting may be.
    pub depth: usize,
    /// The longest delay, in samples.
    pub delay: usize,
    /// The most a signal may grow round a loop, below one.
    pub loop_gain: f64,
    /// Whether some delays are fractions of a sample.
    pub interpolated: bool,
    /// Whether loops may be without any delay.
    pub delay_free: bool,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            channels: 5,
            depth: 4,
            delay: 200,
            loop_gain: 0.9,
            interpolated: false,
            delay_free: true,
        }
    }
}

/// A valid graph, the same for the same seed, that every signal dies away in.
///
/// Every node comes with a bound of its gain, the largest singular value at any
/// frequency; what comes back in a loop is turned down until the bound of one
/// round is at most [`Recipe::loop_gain`].
pub fn random_graph(seed: u64, recipe: &Recipe) -> Graph {
    let mut maker = Maker { rng: Rng::with_seed(seed), recipe: *recipe, names: 0 };
    let inputs = maker.channels();
    let outputs = if maker.rng.bool() { inputs } else { maker.channels() };
    let (root, _) = maker.node(inputs, outputs, recipe.depth);
    let name = format!("random {seed}");
    Graph { name, sample_rate: 48_000.0, root, controls: Controls::default(), revision: None }
}

struct Maker {
    rng: Rng,
    recipe: Recipe,
    names: usize,
}

/// A node and a bound of its gain.
type Bounded = (Node, f64);

const FITS: &str = "what fits was asked for";

impl Maker {
    fn channels(&mut self) -> usize {
        self.rng.usize(1..=self.recipe.channels.max(1))
    }

    fn name(&mut self) -> String {
        self.names += 1;
        self.names.to_string()
    }

    /// Between −1 and 1.
    fn signed(&mut self) -> f64 {
        2.0 * self.rng.f64() - 1.0
    }

    fn node(&mut self, inputs: usize, outputs: usize, depth: usize) -> Bounded {
        if depth == 0 {
            return self.module(inputs, outputs);
        }
        match self.rng.u8(0..8) {
            0..=2 => self.series(inputs, outputs, depth - 1),
            3 => self.parallel_sum(inputs, outputs, depth - 1),
            4 if outputs > 1 => self.parallel_concat(inputs, outputs, depth - 1),
            5..=6 => self.recursion(inputs, outputs, depth - 1),
            _ => self.module(inputs, outputs),
        }
    }

    fn series(&mut self, inputs: usize, outputs: usize, depth: usize) -> Bounded {
        let mut at = inputs;
        let mut bound = 1.0;
        let mut children = Vec::new();
        let count = self.rng.usize(0..4);
        for i in 0..count {
            // Most modules want as many outputs as inputs.
            let next = match i + 1 == count {
                true => outputs,
                false if self.rng.bool() => at,
                false => self.channels(),
            };
            let (child, gain) = self.node(at, next, depth);
            children.push(child);
            bound *= gain;
            at = next;
        }
        // A wire is fine where widths allow one.
        if at != outputs {
            let (child, gain) = self.module(at, outputs);
            children.push(child);
            bound *= gain;
        }
        (Node::series(self.name(), inputs, children).expect(FITS), bound)
    }

    fn parallel_sum(&mut self, inputs: usize, outputs: usize, depth: usize) -> Bounded {
        let branches: Vec<_> =
            (0..self.rng.usize(1..4)).map(|_| self.node(inputs, outputs, depth)).collect();
        self.parallel(branches, true)
    }

    fn parallel_concat(&mut self, inputs: usize, outputs: usize, depth: usize) -> Bounded {
        let split = self.rng.usize(1..outputs);
        let branches =
            vec![self.node(inputs, split, depth), self.node(inputs, outputs - split, depth)];
        self.parallel(branches, false)
    }

    fn parallel(&mut self, branches: Vec<Bounded>, sum: bool) -> Bounded {
        let bound = branches.iter().map(|b| b.1).sum();
        let nodes = branches.into_iter().map(|b| b.0).collect();
        (Node::parallel(self.name(), nodes, sum).expect(FITS), bound)
    }

    fn recursion(&mut self, inputs: usize, outputs: usize, depth: usize) -> Bounded {
        let (mut forward, f) = self.node(inputs, outputs, depth);
        if !self.recipe.delay_free {
            let lines = (0..outputs).map(|_| self.delay(1)).collect();
            let delay = Node::module(self.name(), Module::Delay(lines)).expect(FITS);
            forward = Node::series(self.name(), 0, vec![forward, delay]).expect(FITS);
        }
        let (backward, b) = self.node(outputs, inputs, depth);
        let once_round = self.recipe.loop_gain * self.rng.f64().sqrt();
        let turned_down = (once_round / (f * b)).min(1.0);
        let gain = Module::Matrix(Array2::eye(inputs) * turned_down);
        let gain = Node::module(self.name(), gain).expect(FITS);
        let backward = Node::series(self.name(), outputs, vec![backward, gain]).expect(FITS);
        let node = Node::recursion(self.name(), forward, backward).expect(FITS);
        (node, f / (1.0 - f * b * turned_down))
    }

    fn module(&mut self, inputs: usize, outputs: usize) -> Bounded {
        let shape = (outputs, inputs);
        let pairs = (outputs * inputs) as f64;
        let scale = 1.0 / pairs.sqrt();
        let (module, bound) = match self.rng.u8(0..10) {
            0..=2 if inputs == outputs => {
                let lines = (0..inputs).map(|_| self.delay(0)).collect();
                (Module::Delay(lines), 1.0)
            }
            3..=4 if inputs == outputs => self.filter(inputs),
            5 if inputs == outputs => {
                let taps = (0..inputs).map(|_| self.taps()).collect();
                (Module::Fir(taps), 1.0)
            }
            6 => {
                let m =
                    Array2::from_shape_simple_fn(shape, || (self.signed() * scale, self.delay(0)));
                (Module::DelayMatrix(m), 1.0)
            }
            7 => {
                let m = Array2::from_shape_simple_fn(shape, || vec![self.section(scale)]);
                (Module::FilterMatrix(m), 1.0)
            }
            8 => {
                let m = Array2::from_shape_simple_fn(shape, || {
                    self.taps().iter().map(|t| t * scale).collect()
                });
                (Module::FirMatrix(m), 1.0)
            }
            _ => {
                let m = Array2::from_shape_simple_fn(shape, || self.signed());
                let size = m.iter().map(|x| x * x).sum::<f64>().sqrt();
                (Module::Matrix(m), size)
            }
        };
        (Node::module(self.name(), module).expect(FITS), bound)
    }

    fn delay(&mut self, least: usize) -> Delay {
        // Short delays are where a compiler errs, so half of all are.
        let most = if self.rng.bool() { 8 } else { self.recipe.delay };
        let samples = self.rng.usize(least..=most.clamp(least, self.recipe.delay.max(least)));
        let interpolated = self.recipe.interpolated && self.rng.bool();
        let fraction = if interpolated { self.rng.f64() } else { 0.0 };
        Delay { samples: samples as f64 + fraction, interpolated }
    }

    fn filter(&mut self, channels: usize) -> (Module, f64) {
        let cascades = (0..channels)
            .map(|_| (0..self.rng.usize(0..4)).map(|_| self.section(1.0)).collect())
            .collect();
        (Module::Filter(cascades), 1.0)
    }

    /// A stable biquad that nowhere passes more than `most`.
    fn section(&mut self, most: f64) -> Section {
        // The most a numerator can be is Σ|b|, the least a denominator (1 − r)²,
        // where r is the largest pole radius.
        let radius = 0.9 * self.rng.f64().sqrt();
        let (a1, a2, least) = match self.rng.u8(0..3) {
            0 => (-radius * self.signed().signum(), 0.0, 1.0 - radius),
            1 => {
                let angle = std::f64::consts::PI * self.rng.f64();
                (-2.0 * radius * angle.cos(), radius * radius, (1.0 - radius) * (1.0 - radius))
            }
            _ => (0.0, 0.0, 1.0),
        };
        let mut b = [self.signed(), self.signed(), self.signed()];
        if a2 == 0.0 && self.rng.bool() {
            b[2] = 0.0;
        }
        let sum: f64 = b.iter().map(|b| b.abs()).sum();
        let scale = most * least / sum.max(f64::MIN_POSITIVE);
        Section { b: b.map(|b| b * scale), a: [a1, a2] }
    }

    /// Taps whose magnitudes add up to one; some dense, some sparse, some none.
    fn taps(&mut self) -> Vec<f64> {
        let count = self.rng.usize(0..40);
        let density = if self.rng.bool() { 1.0 } else { 0.15 };
        let mut taps: Vec<f64> = (0..count)
            .map(|_| if self.rng.f64() < density { self.signed() } else { 0.0 })
            .collect();
        let sum: f64 = taps.iter().map(|t| t.abs()).sum();
        taps.iter_mut().for_each(|t| *t /= sum.max(f64::MIN_POSITIVE));
        taps
    }
}
