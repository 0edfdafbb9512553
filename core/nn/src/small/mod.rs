//! Small networks for pedals: a chain of layers, a skip, knobs.
//!
//! What has no feedback compiles to a [`Program`] and runs planar, frames across
//! lanes; recurrent layers run sample by sample between such parts. A curve, one
//! input and no memory, is read off a table.

mod antiderivative;
mod curve;
mod exact;
mod filter;
mod layer;
mod run;
mod section;

use std::sync::Arc;

use cpu::Isa;

use crate::activation::Activation;
use crate::cell::{Cell, Rows, State, grouped, lanes};
use crate::lstm::MEMORY;
use crate::program::{self, Builder, Finish, Id, Mac, Op, Program};
use crate::simd::Line;
use crate::{Engine, Error, Knob};

use antiderivative::OneHidden;
use curve::Curve;
pub use filter::{Coefficients, Filter, Kind as FilterKind};
pub(crate) use layer::{Conv, Layer, Recurrent, Spec};
use run::Running;

/// A checked network; engines share it.
#[derive(Clone)]
pub(crate) struct Small(Arc<Chain>);

/// A network compiled.
struct Chain {
    spec: Spec,
    stages: Vec<Stage>,
    /// Planes of the widest signal between stages.
    planes: usize,
    /// What stands for all stages, if the network is a curve.
    curve: Option<Curve>,
    /// What each stage rests on in silence.
    rest: Vec<Rest>,
}

/// A part of a chain that runs by one kernel.
enum Stage {
    Feed(Arc<Program>),
    Recurrent(Arc<Loop>),
    Integrated(Arc<OneHidden>),
}

/// Where a stage is once silence has lasted.
enum Rest {
    /// Its constant inputs.
    On(Vec<f32>),
    In(State),
}

/// A recurrent layer, with the dense layer to one output that may follow it.
struct Loop {
    cell: Cell,
    gru: bool,
    inputs: usize,
    hidden: usize,
    head: Option<(Vec<Line>, f32)>, // groups
}

impl Small {
    pub(crate) fn new(spec: Spec) -> Result<Self, Error> {
        spec.check()?;
        let stages = compile(&spec)?;
        let widths = stages.iter().flat_map(Stage::widths);
        let planes = widths.max().unwrap_or(1).max(spec.inputs());
        let curve = Curve::of(&spec);
        let mut chain = Chain { spec, stages, planes, curve, rest: Vec::new() };
        let (rest, silence) = Running::settle(&chain);
        if !silence.is_finite() {
            return Err(Error::invalid("weights", "a network at rest on silence", "infinities"));
        }
        chain.rest = rest;
        Ok(Self(Arc::new(chain)))
    }

    /// The same with its filters derived at another rate.
    pub(crate) fn at_rate(&self, rate: f64) -> Result<Self, Error> {
        Self::new(Spec { rate, ..self.0.spec.clone() })
    }

    /// The same integrated from sample to sample, if that is known to be possible.
    pub(crate) fn antiderivative(&self) -> Option<Result<Self, Error>> {
        let spec = &self.0.spec;
        OneHidden::of(spec)?;
        Some(Self::new(Spec { antiderivative: true, ..spec.clone() }))
    }

    pub(crate) fn engine(&self, isa: Isa) -> Box<dyn Engine> {
        Box::new(Running::new(self.0.clone(), isa.level()))
    }

    /// What it makes of `io`, begun with every state at zero as trainers do.
    pub(crate) fn unsettled(&self, isa: Isa, knobs: &[f32], io: &mut [f32]) {
        let mut engine = Running::new(self.0.clone(), isa.level());
        engine.clear();
        knobs.iter().enumerate().for_each(|(i, k)| engine.set_knob(i, *k));
        engine.process(io);
    }

    pub(crate) fn knobs(&self) -> &[Knob] {
        &self.0.spec.knobs
    }

    /// Whether it sounds the same at any rate: all but its filters is a curve
    /// or a surface over the knobs.
    pub(crate) fn is_memoryless(&self) -> bool {
        !self.0.spec.layers.iter().any(Layer::remembers)
    }

    /// See [`crate::Model::memory`].
    pub(crate) fn memory(&self) -> Option<usize> {
        let Chain { spec, stages, .. } = &*self.0;
        let recurs = stages.iter().any(|stage| matches!(stage, Stage::Recurrent(_)));
        let filters = spec.filters.iter().chain(&spec.branches).any(|row| !row.is_empty());
        (!recurs && !filters).then(|| self.0.receptive_field())
    }

    pub(crate) fn macs(&self) -> usize {
        let stages = self.0.stages.iter();
        stages
            .map(|stage| match stage {
                Stage::Feed(program) => program.macs(),
                Stage::Integrated(net) => net.macs(),
                Stage::Recurrent(net) => {
                    let head = if net.head.is_some() { net.hidden } else { 0 };
                    let gates = if net.gru { 3 } else { 4 };
                    gates * net.hidden * (net.inputs + net.hidden) + head
                }
            })
            .sum()
    }

    pub(crate) fn weights(&self) -> usize {
        self.0.spec.layers.iter().map(Layer::weights).sum()
    }
}

impl Chain {
    fn receptive_field(&self) -> usize {
        let fields = self.stages.iter().map(|stage| match stage {
            Stage::Feed(program) => program.receptive_field - 1,
            Stage::Recurrent(_) => MEMORY,
            Stage::Integrated(_) => 1,
        });
        let row = |filters: &Vec<Filter>| -> usize {
            filters.iter().map(|filter| filter.at(self.spec.rate).memory()).sum()
        };
        let around: usize = self.spec.filters.iter().map(row).sum();
        let branches = self.spec.branches.iter().map(row).max();
        1 + fields.sum::<usize>() + around + branches.unwrap_or(0)
    }
}

impl Stage {
    /// Rows in and out.
    fn widths(&self) -> [usize; 2] {
        match self {
            Stage::Feed(p) => [p.input, p.output].map(|id| p.buffers[id.0].rows),
            Stage::Recurrent(net) => [net.inputs, net.hidden],
            Stage::Integrated(net) => [net.inputs(), 1],
        }
    }
}

/// Parts the layers into stages.
fn compile(spec: &Spec) -> Result<Vec<Stage>, Error> {
    if let Some(net) = OneHidden::of(spec).filter(|_| spec.antiderivative) {
        return Ok(vec![Stage::Integrated(Arc::new(net))]);
    }
    let mut stages = Vec::new();
    let (mut layers, mut width) = (&spec.layers[..], spec.inputs());
    while let Some(layer) = layers.first() {
        if let Layer::Lstm(net) | Layer::Gru(net) = layer {
            let gru = matches!(layer, Layer::Gru(_));
            layers = &layers[1..];
            let mut stage = Loop::new(net, gru);
            width = net.hidden;
            if let [Layer::Dense(head), rest @ ..] = layers
                && head.outputs == 1
            {
                let weights = grouped(&head.weights, stage.cell.lanes);
                stage.head = Some((weights, head.bias[0]));
                (layers, width) = (rest, 1);
            }
            stages.push(Stage::Recurrent(Arc::new(stage)));
            continue;
        }
        let recurrent = |layer: &Layer| matches!(layer, Layer::Lstm(_) | Layer::Gru(_));
        let n = layers.iter().position(recurrent).unwrap_or(layers.len());
        let (feed, rest) = layers.split_at(n);
        let program = feed_forward(feed, width)?;
        width = program.buffers[program.output.0].rows;
        stages.push(Stage::Feed(Arc::new(program)));
        layers = rest;
    }
    Ok(stages)
}

/// Compiles layers without feedback over `inputs` inputs.
fn feed_forward(layers: &[Layer], inputs: usize) -> Result<Program, Error> {
    let mut b = Builder::new();
    let input = b.buffer(inputs);
    let (mut x, mut reach) = (input, 1);
    let mut layers = layers.iter().peekable();
    while let Some(layer) = layers.next() {
        match layer {
            Layer::Activation(activation) => {
                let to = b.buffer(b.rows(x));
                b.push(Op::Activate { from: x, activation: activation.clone(), to });
                x = to;
            }
            Layer::Softmax => {
                let to = b.buffer(b.rows(x));
                b.push(Op::Add { from: x, with: None, to });
                b.push(Op::Softmax { to });
                x = to;
            }
            other => {
                let (to, field) = add_mac(&mut b, x, other, layers.peek().copied());
                if let Some(Layer::Activation(_)) = layers.peek() {
                    layers.next();
                }
                (x, reach) = (to, reach + field);
            }
        }
    }
    b.finish(input, x, reach)
}

/// Adds a matrix with the activation that follows it, if one does; returns where
/// its outputs are, and how far back it reads.
fn add_mac(b: &mut Builder, from: Id, layer: &Layer, next: Option<&Layer>) -> (Id, usize) {
    let (shape, weights, bias) = match layer {
        Layer::Dense(conv) | Layer::Conv(conv) => {
            let Conv { inputs, taps, dilation, groups, .. } = *conv;
            (program::Conv { inputs, taps, dilation, groups }, &conv.weights, &conv.bias)
        }
        Layer::Scale { scale, shift } => {
            let n = scale.len();
            let each = program::Conv { inputs: n, taps: 1, dilation: 1, groups: n };
            (each, scale, shift)
        }
        // The chain is parted at recurrent layers; activations are no matrices.
        _ => return (from, 0),
    };
    let to = b.buffer(bias.len());
    let mac = Mac::new(bias.len(), Finish::Identity).conv(from, shape, weights).bias(bias).to(to);
    match next {
        Some(Layer::Activation(activation)) => b.mac(mac, activation),
        _ => b.mac(mac, &Activation::Identity),
    }
    (to, (shape.taps - 1) * shape.dilation)
}

impl Loop {
    fn new(net: &Recurrent, gru: bool) -> Self {
        let (hidden, inputs) = (net.hidden, net.inputs);
        let cell = if gru { gru_cell(net) } else { lstm_cell(net) };
        Self { cell, gru, inputs, hidden, head: None }
    }

    /// All zeros.
    fn zeros(&self) -> State {
        let lines = vec![Line::ZERO; self.hidden.div_ceil(lanes(self.hidden))];
        State { h: [lines.clone(), lines.clone()], c: lines }
    }
}

fn lstm_cell(net: &Recurrent) -> Cell {
    let (hidden, inputs) = (net.hidden, net.inputs);
    Cell::new(
        hidden,
        inputs,
        inputs > 1,
        &Rows {
            full: [false, false, true, false],
            bias: &|at| net.bias[at] + net.own_bias[at],
            input: &|at, k| net.input[at * inputs + k],
            own: &|at, k| net.own[at * hidden + k],
        },
    )
}

/// Reset, update, and the candidate in two parts; see [`Cell::gru`].
fn gru_cell(net: &Recurrent) -> Cell {
    let (hidden, inputs) = (net.hidden, net.inputs);
    let (candidate, end) = (2 * hidden, 3 * hidden);
    Cell::new(
        hidden,
        inputs,
        inputs > 1,
        &Rows {
            full: [false, false, true, true],
            bias: &|at| match at {
                _ if at >= end => net.own_bias[at - hidden],
                _ if at >= candidate => net.bias[at],
                _ => net.bias[at] + net.own_bias[at],
            },
            input: &|at, k| if at < end { net.input[at * inputs + k] } else { 0.0 },
            own: &|at, k| match at {
                _ if at >= end => net.own[(at - hidden) * hidden + k],
                _ if at >= candidate => 0.0,
                _ => net.own[at * hidden + k],
            },
        },
    )
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
