use std::collections::VecDeque;

use nalgebra::{DMatrix, DVector};
use ndarray::Array3;

use crate::graph::{Delay, Graph, Kind, Module, Node, Section};

/// Runs a graph as it reads: sample by sample down the tree, in float64.
///
/// Slow and without cleverness, so that it is right by inspection. Delay-free
/// loops are solved exactly, as linear equations. Fractions of a delay are
/// refused, having no causal meaning.
pub struct Interpreter {
    root: State,
}

impl Interpreter {
    /// At rest. None if a delay is not whole, or a delay-free loop has no solution.
    pub fn new(graph: &Graph) -> Option<Self> {
        Some(Self { root: State::new(&graph.root)? })
    }

    /// One sample of every channel.
    pub fn step(&mut self, input: &[f64]) -> Vec<f64> {
        self.root.step(input)
    }

    /// The impulse responses of `graph`, outputs × inputs × time.
    pub fn impulse_response(graph: &Graph, samples: usize) -> Option<Array3<f64>> {
        let (outputs, inputs) = (graph.root.outputs(), graph.root.inputs());
        let mut h = Array3::zeros((outputs, inputs, samples));
        for i in 0..inputs {
            let mut run = Self::new(graph)?;
            let mut x = vec![0.0; inputs];
            x[i] = 1.0;
            for n in 0..samples {
                for (o, y) in run.step(&x).into_iter().enumerate() {
                    h[(o, i, n)] = y;
                }
                x[i] = 0.0;
            }
        }
        Some(h)
    }
}

/// A node and what it remembers. `peek` is what `step` would return, and leaves
/// all as it was: a loop must know what it will hear before it hears it.
enum State {
    Series(Vec<State>),
    Parallel(Vec<State>, bool),
    Recursion {
        forward: Box<State>,
        backward: Box<State>,
        /// What the backward path makes of a sample at once: inputs × outputs of `forward`.
        at_once: DMatrix<f64>,
        /// (I − F₀·B₀)⁻¹, where F₀ and B₀ are what is made at once.
        solve: DMatrix<f64>,
        /// F₀.
        forward_at_once: DMatrix<f64>,
    },
    Channels(Vec<Line>),
    /// A line for each pair, row-major, and how many inputs there are.
    Pairs(Vec<Line>, usize),
}

impl State {
    fn new(node: &Node) -> Option<Self> {
        Some(match node.kind() {
            Kind::Series(c) => Self::Series(c.iter().map(Self::new).collect::<Option<_>>()?),
            Kind::Parallel { branches, sum } => {
                Self::Parallel(branches.iter().map(Self::new).collect::<Option<_>>()?, *sum)
            }
            Kind::Recursion { forward, backward } => {
                let (inputs, outputs) = (forward.inputs(), forward.outputs());
                let (forward, backward) = (Self::new(forward)?, Self::new(backward)?);
                let f = forward.at_once(inputs, outputs);
                let b = backward.at_once(outputs, inputs);
                let solve = (DMatrix::identity(outputs, outputs) - &f * &b).try_inverse()?;
                Self::Recursion {
                    forward: forward.into(),
                    backward: backward.into(),
                    at_once: b,
                    solve,
                    forward_at_once: f,
                }
            }
            Kind::Module(module) => Self::module(module)?,
        })
    }

    fn module(module: &Module) -> Option<Self> {
        let delays = |d: &[Delay]| d.iter().map(|d| Line::delay(1.0, d)).collect::<Option<_>>();
        Some(match module {
            Module::Delay(d) => Self::Channels(delays(d)?),
            Module::Filter(f) => Self::Channels(f.iter().map(|f| Line::cascade(f)).collect()),
            Module::Fir(f) => Self::Channels(f.iter().map(|f| Line::fir(f)).collect()),
            Module::Matrix(m) => {
                Self::Pairs(m.iter().map(|g| Line::fir(&[*g])).collect(), m.ncols())
            }
            Module::DelayMatrix(m) => {
                let lines = m.iter().map(|(gain, d)| Line::delay(*gain, d));
                Self::Pairs(lines.collect::<Option<_>>()?, m.ncols())
            }
            Module::FilterMatrix(m) => {
                Self::Pairs(m.iter().map(|f| Line::cascade(f)).collect(), m.ncols())
            }
            Module::FirMatrix(m) => {
                Self::Pairs(m.iter().map(|f| Line::fir(f)).collect(), m.ncols())
            }
        })
    }

    /// What is made of a sample at once, outputs × inputs, while at rest.
    fn at_once(&self, inputs: usize, outputs: usize) -> DMatrix<f64> {
        let mut all = DMatrix::zeros(outputs, inputs);
        for i in 0..inputs {
            let mut x = vec![0.0; inputs];
            x[i] = 1.0;
            all.set_column(i, &DVector::from_vec(self.peek(&x)));
        }
        all
    }

    fn peek(&self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Series(c) => c.iter().fold(x.to_vec(), |x, c| c.peek(&x)),
            Self::Parallel(b, sum) => join(b.iter().map(|b| b.peek(x)), *sum),
            Self::Recursion { .. } => self.loop_values(x).1,
            Self::Channels(c) => c.iter().zip(x).map(|(c, x)| c.peek(*x)).collect(),
            Self::Pairs(p, inputs) => p
                .chunks(*inputs)
                .map(|row| row.iter().zip(x).map(|(p, x)| p.peek(*x)).sum())
                .collect(),
        }
    }

    fn step(&mut self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Series(c) => c.iter_mut().fold(x.to_vec(), |x, c| c.step(&x)),
            Self::Parallel(b, sum) => join(b.iter_mut().map(|b| b.step(x)), *sum),
            Self::Recursion { .. } => {
                let (sum, y) = self.loop_values(x);
                if let Self::Recursion { forward, backward, .. } = self {
                    forward.step(&sum);
                    backward.step(&y);
                }
                y
            }
            Self::Channels(c) => c.iter_mut().zip(x).map(|(c, x)| c.step(*x)).collect(),
            Self::Pairs(p, inputs) => p
                .chunks_mut(*inputs)
                .map(|row| row.iter_mut().zip(x).map(|(p, x)| p.step(*x)).sum())
                .collect(),
        }
    }

    /// What enters the forward path of a loop, and what leaves it: the solution of
    /// y = F₀·(x + b + B₀·y) + f, where b and f come of the past.
    fn loop_values(&self, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let Self::Recursion { forward, backward, at_once, solve, forward_at_once } = self else {
            return (Vec::new(), Vec::new());
        };
        let rest = |s: &Self, n: usize| DVector::from_vec(s.peek(&vec![0.0; n]));
        let past = DVector::from_column_slice(x) + rest(backward, solve.nrows());
        let f = rest(forward, x.len());
        let y = solve * (forward_at_once * &past + f);
        let sum = past + at_once * &y;
        (sum.as_slice().to_vec(), y.as_slice().to_vec())
    }
}

fn join(buses: impl Iterator<Item = Vec<f64>>, sum: bool) -> Vec<f64> {
    match sum {
        true => buses.reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect()),
        false => buses.reduce(|a, b| [a, b].concat()),
    }
    .unwrap_or_default()
}

/// One channel through one thing.
enum Line {
    /// A gain, and the samples on their way, the oldest first.
    Delay(f64, VecDeque<f64>),
    /// Biquads and the last two inputs and outputs of each, the newest first.
    Cascade(Vec<(Section, [f64; 2], [f64; 2])>),
    /// Taps and the past inputs, the newest first.
    Fir(Vec<f64>, VecDeque<f64>),
}

impl Line {
    fn delay(gain: f64, delay: &Delay) -> Option<Self> {
        let whole = delay.samples.fract() == 0.0;
        whole.then(|| Self::Delay(gain, VecDeque::from(vec![0.0; delay.samples as usize])))
    }

    fn cascade(sections: &[Section]) -> Self {
        Self::Cascade(sections.iter().map(|s| (*s, [0.0; 2], [0.0; 2])).collect())
    }

    fn fir(taps: &[f64]) -> Self {
        Self::Fir(taps.to_vec(), VecDeque::from(vec![0.0; taps.len().saturating_sub(1)]))
    }

    fn peek(&self, x: f64) -> f64 {
        match self {
            Self::Delay(gain, line) => gain * line.front().unwrap_or(&x),
            Self::Cascade(c) => c.iter().fold(x, |x, (s, xs, ys)| biquad(s, x, xs, ys)),
            Self::Fir(taps, past) => {
                let past = past.iter().zip(taps.iter().skip(1)).map(|(x, t)| x * t);
                taps.first().unwrap_or(&0.0) * x + past.sum::<f64>()
            }
        }
    }

    fn step(&mut self, x: f64) -> f64 {
        let y = self.peek(x);
        match self {
            Self::Delay(_, line) => {
                line.push_back(x);
                line.pop_front();
            }
            Self::Cascade(c) => {
                let mut x = x;
                for (section, xs, ys) in c {
                    let y = biquad(section, x, xs, ys);
                    (*xs, *ys) = ([x, xs[0]], [y, ys[0]]);
                    x = y;
                }
            }
            Self::Fir(_, past) => {
                past.push_front(x);
                past.pop_back();
            }
        }
        y
    }
}

fn biquad(Section { b, a }: &Section, x: f64, xs: &[f64; 2], ys: &[f64; 2]) -> f64 {
    b[0] * x + b[1] * xs[0] + b[2] * xs[1] - a[0] * ys[0] - a[1] * ys[1]
}
