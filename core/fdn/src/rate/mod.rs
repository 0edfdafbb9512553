//! A graph at another rate than it was designed for.

mod delays;
mod filter;
mod fir;
mod fit;
mod shape;

use std::collections::HashMap;

use ndarray::Array2;

use crate::error::Error;
use crate::graph::{Graph, Kind, Module, Node, Section};
use delays::Delays;
use filter::Rates;

/// The rates a graph can be brought to, in Hz.
const RATES: std::ops::RangeInclusive<f64> = 8_000.0..=768_000.0;
/// How many times as large a room can be made.
const SIZES: std::ops::RangeInclusive<f64> = 1.0 / 16.0..=16.0;

impl Graph {
    /// The graph as it would have been designed for `rate` Hz: its delays last as
    /// long in seconds, and its filters have the same magnitude at every frequency
    /// in Hz that both rates can hold.
    ///
    /// Delays in whole samples stay whole, at least one, and as far as a
    /// five hundredth of their length allows distinct and coprime where they were.
    /// Biquads are fitted in log magnitude ([Levenberg–Marquardt]); they keep their
    /// order and which of their poles and zeros lie within the unit circle, and the
    /// most a cascade passes does not rise. Impulse responses are resampled; if mostly
    /// zero, their taps are moved, in loops so that what is lossless stays so. At the
    /// rate it has already, a graph is left as it is.
    ///
    /// [Levenberg–Marquardt]: https://doi.org/10.1137/0111030
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a rate outside 8 to 768 kHz, a delay or impulse response
    /// that grows too long, or an unstable filter that has no counterpart.
    pub fn at_rate(&self, rate: f64) -> Result<Self, Error> {
        for (what, rate) in [("the rate", rate), ("the graph's rate", self.sample_rate)] {
            if !RATES.contains(&rate) {
                return Err(Error::invalid(what, "8000 to 768000 Hz", rate));
            }
        }
        if rate == self.sample_rate {
            return Ok(self.clone());
        }
        let rates = Rates { old: self.sample_rate, new: rate };
        let mut change =
            Change { rates, delays: Delays::new(&self.root, rates), cascades: HashMap::new() };
        let root = change.node(&self.root, false)?;
        Ok(Self { sample_rate: rate, root, ..self.clone() })
    }
}

impl Graph {
    /// The same with every delay `size` times as long: a room so many times as wide,
    /// in which all modes are as many times slower to decay. Whole delays stay whole,
    /// and distinct ones distinct.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a size outside 1/16 to 16, or where a delay gets too
    /// long.
    pub fn resized(&self, size: f64) -> Result<Self, Error> {
        if !SIZES.contains(&size) {
            return Err(Error::invalid("the size", "1/16 to 16", size));
        }
        if size == 1.0 {
            return Ok(self.clone());
        }
        let delays = Delays::new(&self.root, Rates { old: 1.0, new: size });
        let root = self.root.map_modules(&mut |module| {
            Ok(match module {
                Module::Delay(lines) => {
                    Module::Delay(lines.iter().map(|d| delays.change(d)).collect())
                }
                Module::DelayMatrix(m) => {
                    Module::DelayMatrix(m.map(|(gain, d)| (*gain, delays.change(d))))
                }
                other => other.clone(),
            })
        })?;
        Ok(Self { root, ..self.clone() })
    }
}

struct Change {
    rates: Rates,
    delays: Delays,
    /// What was fitted already, by its bits: many lines have the same filter.
    cascades: HashMap<Vec<[u64; 5]>, Vec<Section>>,
}

impl Change {
    /// `in_loop` says whether `node` hears itself.
    fn node(&mut self, node: &Node, in_loop: bool) -> Result<Node, Error> {
        let mut all = |nodes: &[Node]| {
            nodes.iter().map(|n| self.node(n, in_loop)).collect::<Result<Vec<_>, _>>()
        };
        match node.kind() {
            Kind::Series(c) => Node::series(node.name(), node.inputs(), all(c)?),
            Kind::Parallel { branches, sum } => Node::parallel(node.name(), all(branches)?, *sum),
            Kind::Recursion { forward, backward } => {
                let forward = self.node(forward, true)?;
                Node::recursion(node.name(), forward, self.node(backward, true)?)
            }
            Kind::Module(m) => Node::module(node.name(), self.module(m, node.name(), in_loop)?),
        }
    }

    fn module(&mut self, module: &Module, name: &str, in_loop: bool) -> Result<Module, Error> {
        Ok(match module {
            Module::Matrix(m) => Module::Matrix(m.clone()),
            Module::Delay(lines) => {
                Module::Delay(lines.iter().map(|d| self.delays.change(d)).collect())
            }
            Module::DelayMatrix(m) => {
                Module::DelayMatrix(m.map(|(gain, d)| (*gain, self.delays.change(d))))
            }
            Module::Filter(f) => {
                let all = f.iter().map(|f| self.cascade(f, name));
                Module::Filter(all.collect::<Result<_, _>>()?)
            }
            Module::FilterMatrix(m) => {
                let all = m.iter().map(|f| self.cascade(f, name)).collect::<Result<_, _>>()?;
                Module::FilterMatrix(shaped(m, all))
            }
            Module::Fir(f) => {
                let pairs: Vec<&[f64]> = f.iter().map(Vec::as_slice).collect();
                Module::Fir(fir::channels(&pairs, self.rates, in_loop))
            }
            Module::FirMatrix(m) => Module::FirMatrix(fir::matrix(m, self.rates, in_loop)),
        })
    }

    fn cascade(&mut self, sections: &[Section], name: &str) -> Result<Vec<Section>, Error> {
        let bits = |s: &Section| [s.b[0], s.b[1], s.b[2], s.a[0], s.a[1]].map(f64::to_bits);
        let key: Vec<_> = sections.iter().map(bits).collect();
        if let Some(known) = self.cascades.get(&key) {
            return Ok(known.clone());
        }
        let made = filter::redesign(sections, self.rates).ok_or_else(|| {
            let expected = "stable filters to bring to another rate";
            Error::invalid(name, expected, "one that has no counterpart there")
        })?;
        self.cascades.insert(key, made.clone());
        Ok(made)
    }
}

/// `all`, row-major, in the shape of `like`.
fn shaped<T>(like: &Array2<T>, all: Vec<T>) -> Array2<T> {
    Array2::from_shape_vec(like.dim(), all).expect("an entry for each")
}

#[cfg(test)]
#[path = "rate_tests.rs"]
mod tests;

#[cfg(test)]
mod graph_tests;
