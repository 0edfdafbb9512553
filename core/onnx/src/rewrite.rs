//! Graphs as the runtime we carry takes them, and runs them fast.
//!
//! Transposed convolutions become plain ones, which it runs several times faster.
//! With stride `s` and a kernel of `m·s` taps, output `u·s + r` is the sum over `q < m`
//! of `x[u − q] · w[q·s + r]`: for each phase `r` a convolution of `m` taps. So one
//! convolution with `s` times the channels computes all phases, and moving them from
//! channels to time gives the output. (The sub-pixel convolution of W. Shi et al.,
//! "Real-time single image and video super-resolution using an efficient sub-pixel
//! convolutional neural network", CVPR 2016, read backwards.)

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, GraphProto, ModelProto, NodeProto, TensorProto,
};

/// The first version of the standard whose `Slice` takes its bounds as inputs.
const SLICE_BY_INPUTS: i64 = 10;

/// The end of a slice that ends where the tensor does.
const END: i64 = i64::MAX;

/// Replaces what it can in the outermost graph and returns how many it was.
pub(crate) fn transposed_convolutions(model: &mut ModelProto) -> usize {
    let version = model
        .opset_import
        .iter()
        .find(|set| matches!(set.domain.as_deref().unwrap_or_default(), "" | "ai.onnx"));
    let Some(graph) = &mut model.graph else { return 0 };
    if version.and_then(|set| set.version).is_none_or(|v| v < SLICE_BY_INPUTS) {
        return 0;
    }
    let mut names = Names::of(graph);
    let constants: HashMap<&str, &TensorProto> =
        graph.node.iter().filter_map(made).chain(stored(graph)).collect();
    let found: Vec<Option<Transposed>> =
        graph.node.iter().map(|node| Transposed::read(node, &constants)).collect();
    let mut nodes = Vec::with_capacity(graph.node.len());
    let mut count = 0;
    for (node, found) in std::mem::take(&mut graph.node).into_iter().zip(found) {
        match found {
            Some(transposed) => {
                count += 1;
                transposed.replace(&node, &mut names, &mut nodes, &mut graph.initializer);
            }
            None => nodes.push(node),
        }
    }
    graph.node = nodes;
    count
}

/// What is known of a transposed convolution that can be replaced.
struct Transposed {
    /// inputs × outputs × taps.
    weights: Vec<f32>,
    inputs: usize,
    outputs: usize,
    stride: usize,
    /// Taps of a phase.
    taps: usize,
    bias: Option<Vec<f32>>,
    /// Samples to take off at the beginning and at the end.
    pads: [i64; 2],
}

impl Transposed {
    /// None for all but ungrouped ones in one dimension, with weights in the file and
    /// a kernel of whole strides.
    fn read(node: &NodeProto, constants: &HashMap<&str, &TensorProto>) -> Option<Self> {
        if node.op_type.as_deref() != Some("ConvTranspose") {
            return None;
        }
        let attribute =
            |name: &str| node.attribute.iter().find(|a| a.name.as_deref() == Some(name));
        let one = |name| attribute(name).map_or(Some(1), |a| a.ints.first().copied());
        let plain = attribute("auto_pad").is_none_or(|a| a.s.as_deref() == Some("NOTSET"))
            && attribute("group").is_none_or(|a| a.i == Some(1))
            && one("dilations") == Some(1)
            && attribute("output_padding").is_none_or(|a| a.ints.iter().all(|&n| n == 0))
            && attribute("output_shape").is_none();
        let constant = |place: usize| {
            let name = node.input.get(place).filter(|name| !name.is_empty())?;
            floats(constants.get(name.as_str())?)
        };
        let (dims, weights) = constant(1)?;
        let &[inputs, outputs, kernel] = &*dims else { return None };
        let stride = usize::try_from(one("strides")?).ok().filter(|&s| s > 1)?;
        let pads = attribute("pads").map_or(vec![0, 0], |a| a.ints.clone());
        let pads = <[i64; 2]>::try_from(pads).ok()?;
        let bias = match constant(2) {
            Some((_, bias)) if bias.len() == outputs => Some(bias),
            // There is one, but not in the file.
            _ if node.input.get(2).is_some_and(|name| !name.is_empty()) => return None,
            _ => None,
        };
        let whole = plain && kernel > 0 && kernel.is_multiple_of(stride);
        let fits = pads.iter().all(|p| (0..1 << 30).contains(p)) && node.output.len() == 1;
        let taps = kernel / stride;
        (whole && fits).then_some(Self { weights, inputs, outputs, stride, taps, bias, pads })
    }

    fn replace(
        &self,
        old: &NodeProto,
        names: &mut Names,
        nodes: &mut Vec<NodeProto>,
        constants: &mut Vec<TensorProto>,
    ) {
        let (stride, outputs) = (self.stride as i64, self.outputs as i64);
        let mut constant = |dims: &[i64], numbers: Numbers| {
            let name = names.fresh();
            constants.push(numbers.tensor(&name, dims));
            name
        };
        let rows = stride * outputs;
        let weights = constant(
            &[rows, self.inputs as i64, self.taps as i64],
            Numbers::Floats(self.rearranged()),
        );
        let mut inputs = vec![old.input[0].clone(), weights];
        inputs.extend(self.bias.as_ref().map(|bias| {
            let each = bias.iter().flat_map(|&b| std::iter::repeat_n(b, self.stride));
            constant(&[rows], Numbers::Floats(each.collect()))
        }));
        let split = constant(&[4], Numbers::Ints(vec![0, outputs, stride, -1]));
        let join = constant(&[3], Numbers::Ints(vec![0, outputs, -1]));
        let [begin, end] = self.pads;
        let bounds = (begin > 0 || end > 0).then(|| {
            let end = if end > 0 { -end } else { END };
            [begin, end, 2].map(|n| constant(&[1], Numbers::Ints(vec![n])))
        });
        let mut at = names.fresh();
        let taps = self.taps as i64;
        let pads = ints("pads", vec![taps - 1, taps - 1]);
        nodes.push(node("Conv", inputs, &at, vec![pads, ints("kernel_shape", vec![taps])]));
        let mut then = |op: &str, more: Vec<String>, attributes, out: Option<&String>| {
            let inputs = std::iter::once(at.clone()).chain(more).collect();
            let out = out.cloned().unwrap_or_else(|| names.fresh());
            nodes.push(node(op, inputs, &out, attributes));
            at = out;
        };
        then("Reshape", vec![split], vec![], None);
        then("Transpose", vec![], vec![ints("perm", vec![0, 1, 3, 2])], None);
        match bounds {
            Some([begin, end, axis]) => {
                then("Reshape", vec![join], vec![], None);
                then("Slice", vec![begin, end, axis], vec![], old.output.first());
            }
            None => then("Reshape", vec![join], vec![], old.output.first()),
        }
    }

    /// (outputs · phases) × inputs × taps, taps against time.
    fn rearranged(&self) -> Vec<f32> {
        let kernel = self.taps * self.stride;
        let mut to = Vec::with_capacity(self.weights.len());
        for row in 0..self.outputs * self.stride {
            let (output, phase) = (row / self.stride, row % self.stride);
            for input in 0..self.inputs {
                let from = &self.weights[(input * self.outputs + output) * kernel..][..kernel];
                to.extend((0..self.taps).rev().map(|q| from[q * self.stride + phase]));
            }
        }
        to
    }
}

/// Says how long the kernels of convolutions are where a file leaves it to their weights,
/// which the runtime needs for what it takes as given.
pub(crate) fn kernels(model: &mut ModelProto) -> usize {
    let Some(graph) = &mut model.graph else { return 0 };
    let mut nodes = std::mem::take(&mut graph.node);
    let constants: HashMap<&str, &TensorProto> =
        nodes.iter().filter_map(made).chain(stored(graph)).collect();
    let mut missing = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        let convolves = matches!(node.op_type.as_deref(), Some("Conv" | "ConvTranspose"));
        let told = node.attribute.iter().any(|a| a.name.as_deref() == Some("kernel_shape"));
        let weights = node.input.get(1).and_then(|name| constants.get(name.as_str()));
        if let Some(lengths) = weights.and_then(|w| w.dims.get(2..)).filter(|_| convolves && !told)
        {
            missing.push((i, lengths.to_vec()));
        }
    }
    let count = missing.len();
    for (i, lengths) in missing {
        nodes[i].attribute.push(ints("kernel_shape", lengths));
    }
    graph.node = nodes;
    count
}

/// The weights of a graph, by name.
fn stored(graph: &GraphProto) -> impl Iterator<Item = (&str, &TensorProto)> {
    graph.initializer.iter().filter_map(|tensor| Some((tensor.name.as_deref()?, tensor)))
}

/// The tensor that an operator makes out of nothing.
fn made(node: &NodeProto) -> Option<(&str, &TensorProto)> {
    let constant = node.op_type.as_deref() == Some("Constant");
    let tensor = node.attribute.iter().find_map(|a| a.t.as_ref()).filter(|_| constant)?;
    Some((node.output.first()?, tensor))
}

/// The lengths and numbers of a constant of floating point.
fn floats(tensor: &TensorProto) -> Option<(Vec<usize>, Vec<f32>)> {
    if tensor.data_type != Some(DataType::FLOAT) {
        return None;
    }
    let dims: Vec<usize> =
        tensor.dims.iter().map(|&n| usize::try_from(n).ok()).collect::<Option<_>>()?;
    let numbers: Vec<f32> = match &tensor.raw_data {
        Some(raw) => raw.borrow().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        None => tensor.float_data.clone(),
    };
    (numbers.len() == crate::tensor::elements(&dims)).then_some((dims, numbers))
}

/// What a constant we add holds.
enum Numbers {
    Floats(Vec<f32>),
    Ints(Vec<i64>),
}

impl Numbers {
    fn tensor(self, name: &str, dims: &[i64]) -> TensorProto {
        let (data_type, raw) = match self {
            Numbers::Floats(n) => {
                (DataType::FLOAT, n.iter().flat_map(|n| n.to_le_bytes()).collect())
            }
            Numbers::Ints(n) => (DataType::INT64, n.iter().flat_map(|n| n.to_le_bytes()).collect()),
        };
        TensorProto {
            dims: dims.to_vec(),
            data_type: Some(data_type),
            raw_data: Some(RefCell::new(raw)),
            name: Some(name.to_owned()),
            ..TensorProto::default()
        }
    }
}

fn node(op: &str, input: Vec<String>, output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        input,
        output: vec![output.to_owned()],
        op_type: Some(op.to_owned()),
        attribute,
        ..NodeProto::default()
    }
}

fn ints(name: &str, ints: Vec<i64>) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        ints,
        r#type: Some(AttributeType::INTS),
        ..AttributeProto::default()
    }
}

/// Names that no value of the graph has.
struct Names {
    taken: HashSet<String>,
    next: usize,
}

impl Names {
    fn of(graph: &GraphProto) -> Self {
        let values = graph.node.iter().flat_map(|n| n.input.iter().chain(&n.output)).cloned();
        let stored = graph.initializer.iter().filter_map(|t| t.name.clone());
        let ports = graph.input.iter().chain(&graph.output).filter_map(|p| p.name.clone());
        Self { taken: values.chain(stored).chain(ports).collect(), next: 0 }
    }

    fn fresh(&mut self) -> String {
        loop {
            let name = format!("phases.{}", self.next);
            self.next += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

#[cfg(test)]
#[path = "rewrite_tests.rs"]
mod tests;
