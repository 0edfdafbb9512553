//! A network as operations on single signals, put in an order.
//!
//! Delays within loops become [`lines`](Scalars::lines): what is written into
//! them is heard at least a sample later, so that between them there is an
//! order. A loop without any delay is a system of linear equations and is
//! replaced by its solution.

mod solve;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::error::Error;
use crate::fractional;
use crate::graph::{Delay, Section};
use crate::network::{Network, Op, OpKind, Signal};

/// What makes one signal. Numbers are those of signals.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    /// One of the inputs.
    Input(usize),
    /// Σ gain · signal; of nothing, silence.
    Sum(Vec<(f64, usize)>),
    /// The signal so many samples ago, at least one.
    Delay(usize, usize),
    /// The signal through a biquad.
    Section(usize, Section),
    /// The signal through an FIR.
    Fir(usize, Vec<f64>),
}

/// A network without buses.
#[derive(Clone, Debug)]
pub(crate) struct Scalars {
    /// What makes each signal.
    pub(crate) made: Vec<Scalar>,
    /// The operation each comes from, as its number in the network, if any.
    pub(crate) origin: Vec<Option<usize>>,
    /// What is asked for.
    pub(crate) outputs: Vec<usize>,
    /// The delays within loops, by the signals they make.
    pub(crate) lines: Vec<usize>,
    /// The signals in an order in which each is made after what it hears, but
    /// for the lines, which come where they please.
    pub(crate) order: Vec<usize>,
}

impl Scalar {
    /// What it hears.
    pub(crate) fn heard(&self) -> impl Iterator<Item = usize> + '_ {
        let (terms, one): (&[(f64, usize)], _) = match self {
            Scalar::Input(_) => (&[], None),
            Scalar::Sum(terms) => (terms, None),
            Scalar::Delay(x, _) | Scalar::Section(x, _) | Scalar::Fir(x, _) => (&[], Some(*x)),
        };
        terms.iter().map(|(_, x)| *x).chain(one)
    }

    /// What it is called instead, if it changes nothing.
    fn alias(&self) -> Option<usize> {
        match self {
            Scalar::Sum(terms) => match terms[..] {
                [(1.0, x)] => Some(x),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Scalars {
    /// Takes `network` apart.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when its signals do not fit its operations,
    /// [`Error::NoSolution`] when a loop without delay has none,
    /// [`Error::TooLarge`] when such a loop has too many signals.
    pub(crate) fn new(network: &Network) -> Result<Self, Error> {
        let mut scalars = expand(network)?;
        scalars.name(network)?;
        scalars.find_lines();
        scalars.solve(network)?;
        scalars.find_lines();
        let live = scalars.live();
        scalars.lines.retain(|x| live[*x]);
        let components = scalars.components(true);
        scalars.order = components.into_iter().flatten().filter(|x| live[*x]).collect();
        Ok(scalars)
    }

    /// Which signals the outputs depend on.
    fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.made.len()];
        let mut left = self.outputs.clone();
        while let Some(x) = left.pop() {
            if !std::mem::replace(&mut live[x], true) {
                left.extend(self.made[x].heard());
            }
        }
        live
    }

    fn add(&mut self, scalar: Scalar, origin: Option<usize>) -> usize {
        self.made.push(scalar);
        self.origin.push(origin);
        self.made.len() - 1
    }

    /// Calls what changes nothing by the name of what it hears.
    fn name(&mut self, network: &Network) -> Result<(), Error> {
        let resolve = |made: &[Scalar], first: usize| {
            let mut x = first;
            for _ in 0..=made.len() {
                let Some(next) = made[x].alias() else { return Ok(x) };
                x = next;
            }
            Err(Error::NoSolution { what: path(network, self.origin[first]) })
        };
        let names: Vec<usize> =
            (0..self.made.len()).map(|x| resolve(&self.made, x)).collect::<Result<_, _>>()?;
        for scalar in &mut self.made {
            match scalar {
                Scalar::Input(_) => {}
                Scalar::Sum(terms) => terms.iter_mut().for_each(|(_, x)| *x = names[*x]),
                Scalar::Delay(x, _) | Scalar::Section(x, _) | Scalar::Fir(x, _) => *x = names[*x],
            }
        }
        self.outputs.iter_mut().for_each(|x| *x = names[*x]);
        Ok(())
    }

    /// Groups of signals that hear each other, each after those it hears; with
    /// `cut`, what lines hear does not count.
    fn components(&self, cut: bool) -> Vec<Vec<usize>> {
        let mut graph = DiGraph::<(), ()>::new();
        for _ in &self.made {
            graph.add_node(());
        }
        let lines: Vec<bool> = self.is_line();
        for (y, scalar) in self.made.iter().enumerate() {
            if cut && lines[y] {
                continue;
            }
            scalar.heard().for_each(|x| {
                graph.add_edge(NodeIndex::new(y), NodeIndex::new(x), ());
            });
        }
        // Tarjan's would call itself as deep as the longest cascade.
        let groups = kosaraju_scc(&graph);
        groups.into_iter().map(|g| g.into_iter().map(NodeIndex::index).collect()).collect()
    }

    fn is_line(&self) -> Vec<bool> {
        let mut is = vec![false; self.made.len()];
        self.lines.iter().for_each(|l| is[*l] = true);
        is
    }

    /// Whether a group of signals is a loop.
    fn is_loop(&self, group: &[usize]) -> bool {
        group.len() > 1 || self.made[group[0]].heard().any(|x| x == group[0])
    }

    /// The signals that depend on themselves.
    pub(crate) fn looped(&self) -> impl Iterator<Item = usize> + '_ {
        self.components(false).into_iter().filter(|g| self.is_loop(g)).flatten()
    }

    fn find_lines(&mut self) {
        let delays = self.looped().filter(|x| matches!(self.made[*x], Scalar::Delay(..)));
        let mut lines: Vec<usize> = delays.collect();
        lines.sort_unstable();
        self.lines = lines;
    }
}

/// The path in the graph of an operation, for people.
pub(crate) fn path(network: &Network, origin: Option<usize>) -> String {
    origin.and_then(|o| network.ops.get(o)).map_or("the graph", |op| &op.name).to_owned()
}

/// Takes the buses apart.
fn expand(network: &Network) -> Result<Scalars, Error> {
    network.check()?;
    let number = |s: &Signal| s.0 as usize;
    let mut scalars = Scalars {
        made: vec![Scalar::Sum(Vec::new()); network.signals],
        origin: vec![None; network.signals],
        outputs: network.outputs.iter().map(number).collect(),
        lines: Vec::new(),
        order: Vec::new(),
    };
    for (i, s) in network.inputs.iter().enumerate() {
        scalars.made[number(s)] = Scalar::Input(i);
    }
    for (o, op) in network.ops.iter().enumerate() {
        let heard: Vec<usize> = op.inputs.iter().map(number).collect();
        for (row, s) in op.outputs.iter().enumerate() {
            let scalar = scalars.scalar(op, o, row, &heard);
            scalars.made[number(s)] = scalar;
            scalars.origin[number(s)] = Some(o);
        }
    }
    Ok(scalars)
}

impl Scalars {
    /// What makes output `row` of operation `o`, after what it needs before.
    fn scalar(&mut self, op: &Op, o: usize, row: usize, heard: &[usize]) -> Scalar {
        match &op.kind {
            OpKind::Matrix(m) => {
                let terms = m.row(row).into_iter().copied().zip(heard.iter().copied());
                Scalar::Sum(terms.filter(|(gain, _)| *gain != 0.0).collect())
            }
            OpKind::Delay { lines, .. } => self.delay(lines[row], o, heard[row]),
            OpKind::Filter(f) => {
                let mut last = Scalar::Sum(vec![(1.0, heard[row])]);
                for section in f[row].iter().filter(|s| **s != Section::WIRE) {
                    let x = self.settle(last, o);
                    last = Scalar::Section(x, *section);
                }
                last
            }
            OpKind::Fir(f) => self.fir(&f[row], o, heard[row]),
        }
    }

    /// The signal that `scalar` makes.
    fn settle(&mut self, scalar: Scalar, origin: usize) -> usize {
        scalar.alias().unwrap_or_else(|| self.add(scalar, Some(origin)))
    }

    fn delay(&mut self, delay: Delay, o: usize, x: usize) -> Scalar {
        let (whole, taps) = fractional::delay(delay.samples);
        let taps = if taps.is_empty() { vec![1.0] } else { taps };
        let whole = if whole == 0 { Scalar::Sum(vec![(1.0, x)]) } else { Scalar::Delay(x, whole) };
        if taps.len() == 1 {
            return whole;
        }
        Scalar::Fir(self.settle(whole, o), taps)
    }

    /// Zeros before the first tap are a delay, which may break a loop.
    fn fir(&mut self, taps: &[f64], o: usize, x: usize) -> Scalar {
        let Some(first) = taps.iter().position(|t| *t != 0.0) else {
            return Scalar::Sum(Vec::new());
        };
        let last = taps.iter().rposition(|t| *t != 0.0).unwrap_or(first);
        let x = if first == 0 { x } else { self.add(Scalar::Delay(x, first), Some(o)) };
        match &taps[first..=last] {
            [one] => Scalar::Sum(vec![(*one, x)]),
            several => Scalar::Fir(x, several.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests;
