//! A graph without its nesting.
//!
//! Signals are numbered; each is made by one operation, or is an input. Loops
//! are signals used before they are made, so nothing here has an order yet.

use ndarray::{Array2, Axis, concatenate};

use crate::error::Error;
use crate::graph::{Delay, Graph, Kind, Module, Node, Section};
use crate::graph::{check_cascade, check_finite, check_taps};

/// The most operations, and signals, of a network.
const MOST: usize = 1 << 18;

/// A channel of samples in a [`Network`], by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(pub u32);

/// Signals, and the operations that make them.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Hz.
    pub sample_rate: f64,
    /// How many signals there are: their numbers are below it.
    pub signals: usize,
    /// What is given.
    pub inputs: Vec<Signal>,
    /// What is asked for; a signal may be asked for twice, or be an input.
    pub outputs: Vec<Signal>,
    /// In no order that matters.
    pub ops: Vec<Op>,
}

/// An operation: what makes `outputs` of `inputs`.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// The path of the node it comes from, in the names of the graph.
    pub name: String,
    /// What it does.
    pub kind: OpKind,
    /// What it hears.
    pub inputs: Vec<Signal>,
    /// What it makes; each signal is made once.
    pub outputs: Vec<Signal>,
}

/// What an operation does. All but the first work on each channel by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum OpKind {
    /// outputs × inputs.
    Matrix(Array2<f64>),
    /// A delay for each channel.
    Delay {
        /// Of as many lines as channels.
        lines: Vec<Delay>,
        /// Whether it stands in the forward path of a recursion, where ADAC's
        /// `rt60` acts.
        forward: bool,
    },
    /// A cascade of biquads for each channel.
    Filter(Vec<Vec<Section>>),
    /// An impulse response for each channel.
    Fir(Vec<Vec<f64>>),
}

impl Network {
    /// Flattens `graph`, at the rate it was designed for.
    pub fn new(graph: &Graph) -> Self {
        let mut network = Self {
            sample_rate: graph.sample_rate,
            signals: 0,
            inputs: Vec::new(),
            outputs: Vec::new(),
            ops: Vec::new(),
        };
        network.inputs = network.fresh(graph.root.inputs());
        let path = Path { name: graph.root.name().to_owned(), forward: false };
        network.outputs = network.node(&graph.root, network.inputs.clone(), &path);
        network
    }

    /// Whether all fits together: anyone may have written it.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless each signal is an input or made, once, by an operation
    /// of as many channels as it says and with numbers that a graph may have;
    /// [`Error::TooLarge`] beyond 2¹⁸ operations or signals.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (what, found) in [("signals", self.signals), ("operations", self.ops.len())] {
            if found > MOST {
                let what = format!("{what} in the graph");
                return Err(Error::TooLarge { what, limit: MOST, found });
            }
        }
        if !(self.sample_rate > 0.0 && self.sample_rate.is_finite()) {
            return Err(Error::invalid("sample rate", "a positive number", self.sample_rate));
        }
        let mut made = vec![false; self.signals];
        let ops = self.ops.iter().map(|op| (&op.name[..], &op.outputs));
        for (what, signals) in ops.chain([("inputs", &self.inputs)]) {
            for Signal(s) in signals {
                let slot = made.get_mut(*s as usize).ok_or_else(|| self.beyond(what, *s))?;
                if std::mem::replace(slot, true) {
                    return Err(Error::invalid(what, "a signal made once", s));
                }
            }
        }
        if let Some(s) = made.iter().position(|made| !made) {
            return Err(Error::invalid("signals", "every signal made", s));
        }
        let ops = self.ops.iter().map(|op| (&op.name[..], &op.inputs));
        for (what, signals) in ops.chain([("outputs", &self.outputs)]) {
            if let Some(Signal(s)) = signals.iter().find(|s| s.0 as usize >= self.signals) {
                return Err(self.beyond(what, *s));
            }
        }
        self.ops.iter().try_for_each(Op::check)
    }

    fn beyond(&self, what: &str, signal: u32) -> Error {
        Error::invalid(what, format!("a signal below {}", self.signals), signal)
    }

    fn fresh(&mut self, count: usize) -> Vec<Signal> {
        let first = self.signals;
        self.signals += count;
        (first..self.signals).map(|s| Signal(s as u32)).collect()
    }

    fn push(
        &mut self,
        path: &Path,
        kind: OpKind,
        inputs: Vec<Signal>,
        count: usize,
    ) -> Vec<Signal> {
        let outputs = self.fresh(count);
        let (name, outputs_too) = (path.name.clone(), outputs.clone());
        self.ops.push(Op { name, kind, inputs, outputs: outputs_too });
        outputs
    }

    fn node(&mut self, node: &Node, input: Vec<Signal>, path: &Path) -> Vec<Signal> {
        match node.kind() {
            Kind::Series(children) => {
                children.iter().fold(input, |x, c| self.node(c, x, &path.child(c, path.forward)))
            }
            Kind::Parallel { branches, sum } => {
                let heard = |network: &mut Self, b: &Node| {
                    network.node(b, input.clone(), &path.child(b, path.forward))
                };
                let each: Vec<_> = branches.iter().map(|b| heard(self, b)).collect();
                if *sum { self.sum(each, path) } else { each.concat() }
            }
            Kind::Recursion { forward, backward } => {
                // What comes back is not made yet, so it gets its number first.
                let back = self.fresh(forward.inputs());
                let sum = self.sum(vec![input, back.clone()], path);
                let y = self.node(forward, sum, &path.child(forward, true));
                let made = self.node(backward, y.clone(), &path.child(backward, false));
                self.name(&made, &back, path);
                y
            }
            Kind::Module(module) => self.module(module, input, path),
        }
    }

    /// Lets `made` be known as `promised`.
    fn name(&mut self, made: &[Signal], promised: &[Signal], path: &Path) {
        // A signal that is an input, or made for several, cannot be renamed: copied, it can.
        let unit = OpKind::Matrix(Array2::eye(made.len()));
        let (name, inputs, outputs) = (path.name.clone(), made.to_vec(), promised.to_vec());
        self.ops.push(Op { name, kind: unit, inputs, outputs });
    }

    /// Adds buses of one width.
    fn sum(&mut self, buses: Vec<Vec<Signal>>, path: &Path) -> Vec<Signal> {
        let width = buses[0].len();
        let ones = vec![Array2::eye(width); buses.len()];
        let views: Vec<_> = ones.iter().map(|m| m.view()).collect();
        let matrix = concatenate(Axis(1), &views).expect("squares of one size");
        self.push(path, OpKind::Matrix(matrix), buses.concat(), width)
    }

    fn module(&mut self, module: &Module, input: Vec<Signal>, path: &Path) -> Vec<Signal> {
        let width = input.len();
        match module {
            Module::Matrix(m) => self.push(path, OpKind::Matrix(m.clone()), input, m.nrows()),
            Module::Delay(lines) => {
                let kind = OpKind::Delay { lines: lines.clone(), forward: path.forward };
                self.push(path, kind, input, width)
            }
            Module::Filter(f) => self.push(path, OpKind::Filter(f.clone()), input, width),
            Module::Fir(f) => self.push(path, OpKind::Fir(f.clone()), input, width),
            Module::DelayMatrix(m) => {
                let lines = m.iter().map(|(_, d)| *d).collect();
                let kind = OpKind::Delay { lines, forward: path.forward };
                let x = self.pairs(kind, m.dim(), &input, path);
                self.gather(m.map(|(gain, _)| *gain), x, path)
            }
            Module::FilterMatrix(m) => {
                let kind = OpKind::Filter(m.iter().cloned().collect());
                let x = self.pairs(kind, m.dim(), &input, path);
                self.gather(Array2::ones(m.dim()), x, path)
            }
            Module::FirMatrix(m) => {
                let kind = OpKind::Fir(m.iter().cloned().collect());
                let x = self.pairs(kind, m.dim(), &input, path);
                self.gather(Array2::ones(m.dim()), x, path)
            }
        }
    }

    /// Runs `kind` over every pair of an output and an input, row-major.
    fn pairs(
        &mut self,
        kind: OpKind,
        (outputs, inputs): (usize, usize),
        input: &[Signal],
        path: &Path,
    ) -> Vec<Signal> {
        self.push(path, kind, input.repeat(outputs), outputs * inputs)
    }

    /// Adds pairs over their inputs, weighted by `gains`, outputs × inputs.
    fn gather(&mut self, gains: Array2<f64>, pairs: Vec<Signal>, path: &Path) -> Vec<Signal> {
        let (outputs, inputs) = gains.dim();
        let mut all = Array2::zeros((outputs, outputs * inputs));
        for ((o, i), gain) in gains.indexed_iter() {
            all[(o, o * inputs + i)] = *gain;
        }
        self.push(path, OpKind::Matrix(all), pairs, outputs)
    }
}

impl Op {
    /// Whether it has as many channels as it says, and numbers that a graph may have.
    fn check(&self) -> Result<(), Error> {
        let expected = match &self.kind {
            OpKind::Matrix(m) => m.dim(),
            OpKind::Delay { lines, .. } => (lines.len(), lines.len()),
            OpKind::Filter(f) => (f.len(), f.len()),
            OpKind::Fir(f) => (f.len(), f.len()),
        };
        let found = (self.outputs.len(), self.inputs.len());
        if expected != found {
            let say = |(o, i): (usize, usize)| format!("{o} outputs and {i} inputs");
            return Err(Error::invalid(&self.name, say(expected), say(found)));
        }
        match &self.kind {
            OpKind::Matrix(m) => m.iter().try_for_each(|x| check_finite(&self.name, *x)),
            OpKind::Delay { lines, .. } => lines.iter().try_for_each(|d| d.check(&self.name)),
            OpKind::Filter(f) => f.iter().try_for_each(|f| check_cascade(&self.name, f)),
            OpKind::Fir(f) => f.iter().try_for_each(|f| check_taps(&self.name, f)),
        }
    }
}

/// Where in the graph we are.
struct Path {
    name: String,
    /// Within the forward path of a recursion.
    forward: bool,
}

impl Path {
    fn child(&self, node: &Node, forward: bool) -> Self {
        Self { name: format!("{}/{}", self.name, node.name()), forward }
    }
}
