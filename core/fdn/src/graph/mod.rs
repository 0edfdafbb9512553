//! The graph as it was designed: a tree of modules in float64.

mod adac;
mod json;
mod kiln;
mod load;
mod pyfdn;
mod special;
mod write;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod kiln_tests;
#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod response_tests;

use ndarray::Array2;

use crate::error::Error;
pub(crate) use load::MOST_BYTES;

/// The most channels a node may have, lines a network may have.
pub(crate) const MOST_CHANNELS: usize = 1024;
/// The most delay one line may have, in samples: some ten minutes.
pub(crate) const MOST_DELAY: f64 = (1 << 25) as f64;
/// The most biquads a channel may pass in one module.
pub(crate) const MOST_SECTIONS: usize = 256;
/// The most taps of one impulse response.
pub(crate) const MOST_TAPS: usize = 1 << 16;
/// The most pairs of a matrix whose entries are more than numbers.
pub(crate) const MOST_PAIRS: usize = 1 << 14;

/// The highest revision: whole numbers of float64 are exact as far.
pub(crate) const MOST_REVISION: u64 = 1 << 53;

/// A graph of effect modules, as it was designed and trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// What its author calls it.
    pub name: String,
    /// The rate it was designed for, in Hz: delays count its samples, filters
    /// are relative to it.
    pub sample_rate: f64,
    /// The tree. Its inputs and outputs are the graph's.
    pub root: Node,
    /// The macro-controls its author asked for.
    pub controls: Controls,
    /// Which of the graphs that a trainer has sent this is, if it says so: 2⁵³ at most,
    /// which every reader of JSON tells from the one before.
    pub revision: Option<u64>,
}

/// A part of a graph. Made only by functions that check its arity, so that
/// every node there is fits its neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    name: String,
    inputs: usize,
    outputs: usize,
    kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// One after the other; none is a wire.
    Series(Vec<Node>),
    /// All hear the same input.
    Parallel {
        /// At least one.
        branches: Vec<Node>,
        /// Whether outputs are added, or one branch's channels follow the other's.
        sum: bool,
    },
    /// y = forward(x + backward(y)): positive feedback, the output taken after
    /// `forward`. H = (I − F·B)⁻¹·F.
    Recursion {
        /// F.
        forward: Box<Node>,
        /// B, of as many inputs as F has outputs and the reverse.
        backward: Box<Node>,
    },
    /// A leaf.
    Module(Module),
}

/// A leaf: what is done with samples. Those for a channel each have as many
/// inputs as outputs; matrices of them add over inputs, and are row-major,
/// outputs × inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Module {
    /// y = M·x; outputs × inputs.
    Matrix(Array2<f64>),
    /// A delay for each channel, in samples of the graph's rate.
    Delay(Vec<Delay>),
    /// A cascade of biquads for each channel.
    Filter(Vec<Vec<Section>>),
    /// An impulse response for each channel.
    Fir(Vec<Vec<f64>>),
    /// A gain and a delay for each pair; outputs × inputs.
    DelayMatrix(Array2<(f64, Delay)>),
    /// A cascade of biquads for each pair; outputs × inputs.
    FilterMatrix(Array2<Vec<Section>>),
    /// An impulse response for each pair; outputs × inputs. What scattering and
    /// velvet feedback matrices are.
    FirMatrix(Array2<Vec<f64>>),
}

/// A delay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delay {
    /// Its length in samples. A whole number unless `interpolated`.
    pub samples: f64,
    /// Whether a fraction of a sample is meant; if not, the length was rounded
    /// (ties to even).
    pub interpolated: bool,
}

/// A filter of second order,
/// H(z) = (b₀ + b₁z⁻¹ + b₂z⁻²) / (1 + a₁z⁻¹ + a₂z⁻²).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// b₀, b₁, b₂.
    pub b: [f64; 3],
    /// a₁, a₂.
    pub a: [f64; 2],
}

impl Section {
    /// Passes everything.
    pub const WIRE: Self = Self { b: [1.0, 0.0, 0.0], a: [0.0, 0.0] };
}

/// The macro-controls a graph asks for; absent ones cost nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Controls {
    /// Reverberation time in seconds.
    pub rt60: Option<Range>,
    /// From the dry signal, 0, to the wet, 1.
    pub dry_wet: Option<Range>,
    /// Delay before the reverberation, in milliseconds.
    pub pre_delay: Option<Range>,
}

/// The range of a macro-control and where it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Where it begins.
    pub init: f64,
    /// Its least value.
    pub min: f64,
    /// Its greatest value.
    pub max: f64,
}

impl Node {
    /// A leaf. Errors name `name` when the module is empty, ragged, not finite
    /// or beyond the limits.
    pub fn module(name: impl Into<String>, module: Module) -> Result<Self, Error> {
        let name = name.into();
        let (outputs, inputs) = module.check(&name)?;
        Ok(Self { name, inputs, outputs, kind: Kind::Module(module) })
    }

    /// One after the other. An empty series is a wire of `channels`.
    pub fn series(
        name: impl Into<String>,
        channels: usize,
        children: Vec<Node>,
    ) -> Result<Self, Error> {
        let name = name.into();
        let mut at = children.first().map_or(channels, |c| c.inputs);
        let inputs = at;
        for child in &children {
            if child.inputs != at {
                let what = format!("{name}/{}", child.name);
                return Err(Error::invalid(what, format!("{at} inputs"), child.inputs));
            }
            at = child.outputs;
        }
        Ok(Self { name, inputs, outputs: at, kind: Kind::Series(children) })
    }

    /// Side by side on the same input, added or one after the other.
    pub fn parallel(
        name: impl Into<String>,
        branches: Vec<Node>,
        sum: bool,
    ) -> Result<Self, Error> {
        let name = name.into();
        let Some(first) = branches.first() else {
            return Err(Error::invalid(name, "at least one branch", "none"));
        };
        let (inputs, mut outputs) = (first.inputs, first.outputs);
        for branch in &branches[1..] {
            let what = || format!("{name}/{}", branch.name);
            if branch.inputs != inputs {
                return Err(Error::invalid(what(), format!("{inputs} inputs"), branch.inputs));
            }
            if !sum {
                outputs += branch.outputs;
            } else if branch.outputs != outputs {
                return Err(Error::invalid(what(), format!("{outputs} outputs"), branch.outputs));
            }
        }
        check_most(&name, outputs)?;
        Ok(Self { name, inputs, outputs, kind: Kind::Parallel { branches, sum } })
    }

    /// A loop.
    pub fn recursion(
        name: impl Into<String>,
        forward: Node,
        backward: Node,
    ) -> Result<Self, Error> {
        let name = name.into();
        let (inputs, outputs) = (forward.inputs, forward.outputs);
        if (backward.inputs, backward.outputs) != (outputs, inputs) {
            let expected = format!("{outputs} inputs and {inputs} outputs");
            let found = format!("{} and {}", backward.inputs, backward.outputs);
            return Err(Error::invalid(format!("{name}/{}", backward.name), expected, found));
        }
        let kind = Kind::Recursion { forward: forward.into(), backward: backward.into() };
        Ok(Self { name, inputs, outputs, kind })
    }

    /// What its author calls it; unique among its siblings once loaded.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many channels it hears.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many channels it makes.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// What it is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The same tree with every leaf replaced by what `change` makes of it,
    /// which must have as many inputs and outputs.
    pub fn map_modules(
        &self,
        change: &mut impl FnMut(&Module) -> Result<Module, Error>,
    ) -> Result<Self, Error> {
        let all = |nodes: &[Node], change: &mut _| {
            nodes.iter().map(|n| Node::map_modules(n, change)).collect::<Result<Vec<_>, _>>()
        };
        match &self.kind {
            Kind::Series(c) => Self::series(&self.name, self.inputs, all(c, change)?),
            Kind::Parallel { branches, sum } => {
                Self::parallel(&self.name, all(branches, change)?, *sum)
            }
            Kind::Recursion { forward, backward } => {
                let forward = forward.map_modules(change)?;
                Self::recursion(&self.name, forward, backward.map_modules(change)?)
            }
            Kind::Module(m) => Self::module(&self.name, change(m)?),
        }
    }
}

impl Module {
    /// Its outputs and inputs, if all is well.
    fn check(&self, name: &str) -> Result<(usize, usize), Error> {
        let shape = match self {
            Module::Matrix(m) => m.dim(),
            Module::Delay(d) => (d.len(), d.len()),
            Module::Filter(f) => (f.len(), f.len()),
            Module::Fir(f) => (f.len(), f.len()),
            Module::DelayMatrix(m) => m.dim(),
            Module::FilterMatrix(m) => m.dim(),
            Module::FirMatrix(m) => m.dim(),
        };
        if shape.0 == 0 || shape.1 == 0 {
            let found = format!("{} outputs and {} inputs", shape.0, shape.1);
            return Err(Error::invalid(name, "at least one channel", found));
        }
        check_most(name, shape.0.max(shape.1))?;
        let paired =
            matches!(self, Self::DelayMatrix(_) | Self::FilterMatrix(_) | Self::FirMatrix(_));
        if paired && shape.0 * shape.1 > MOST_PAIRS {
            let (what, found) = (format!("entries of {name}"), shape.0 * shape.1);
            return Err(Error::TooLarge { what, limit: MOST_PAIRS, found });
        }
        match self {
            Module::Matrix(m) => m.iter().try_for_each(|x| check_finite(name, *x))?,
            Module::Delay(d) => d.iter().try_for_each(|d| d.check(name))?,
            Module::Filter(f) => f.iter().try_for_each(|f| check_cascade(name, f))?,
            Module::Fir(f) => f.iter().try_for_each(|f| check_taps(name, f))?,
            Module::DelayMatrix(m) => m.iter().try_for_each(|(gain, delay)| {
                check_finite(name, *gain)?;
                delay.check(name)
            })?,
            Module::FilterMatrix(m) => m.iter().try_for_each(|f| check_cascade(name, f))?,
            Module::FirMatrix(m) => m.iter().try_for_each(|f| check_taps(name, f))?,
        }
        Ok(shape)
    }
}

impl Delay {
    pub(crate) fn check(&self, name: &str) -> Result<(), Error> {
        let whole = self.interpolated || self.samples.fract() == 0.0;
        if (0.0..=MOST_DELAY).contains(&self.samples) && whole {
            return Ok(());
        }
        let kind = if self.interpolated { "" } else { "whole " };
        let expected = format!("a delay of 0 to {MOST_DELAY} {kind}samples");
        Err(Error::invalid(name, expected, self.samples))
    }
}

fn check_most(name: &str, channels: usize) -> Result<(), Error> {
    if channels <= MOST_CHANNELS {
        return Ok(());
    }
    let what = format!("channels in {name}");
    Err(Error::TooLarge { what, limit: MOST_CHANNELS, found: channels })
}

pub(crate) fn check_finite(name: &str, x: f64) -> Result<(), Error> {
    // Single precision must hold it too.
    if x.abs() <= f64::from(f32::MAX) {
        return Ok(());
    }
    Err(Error::invalid(name, "finite numbers", x))
}

pub(crate) fn check_cascade(name: &str, sections: &[Section]) -> Result<(), Error> {
    if sections.len() > MOST_SECTIONS {
        let what = format!("biquads in a cascade of {name}");
        return Err(Error::TooLarge { what, limit: MOST_SECTIONS, found: sections.len() });
    }
    sections.iter().flat_map(|s| s.b.iter().chain(&s.a)).try_for_each(|x| check_finite(name, *x))
}

pub(crate) fn check_taps(name: &str, taps: &[f64]) -> Result<(), Error> {
    if taps.len() > MOST_TAPS {
        let what = format!("taps of {name}");
        return Err(Error::TooLarge { what, limit: MOST_TAPS, found: taps.len() });
    }
    taps.iter().try_for_each(|x| check_finite(name, *x))
}
