//! A file, parsed and checked before any runtime sees it.

use std::collections::HashMap;
use std::fmt;

use rten_onnx::onnx::{
    DataLocation, DataType, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

use crate::Error;
use crate::limits::{MAX_BYTES, MAX_ELEMENTS, MAX_NODES, MAX_PORTS};
use crate::scan;
use crate::tensor::elements;

/// Operators that repeat a graph as often as they like.
const LOOPS: &[&str] = &["Loop", "Scan", "SequenceMap"];

/// Operators that make as much as an input says, by the place of that input.
const MAKERS: &[(&str, usize)] = &[
    ("ConstantOfShape", 0),
    ("Expand", 1),
    ("Reshape", 1),
    ("Tile", 1),
    ("Pad", 1),
    ("Upsample", 1),
    ("Resize", 2),
    ("Resize", 3),
    ("OneHot", 1),
    ("Range", 0),
    ("Range", 1),
];

/// A parsed file that is no larger and asks for no more than we run.
pub(crate) struct File {
    pub(crate) model: ModelProto,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    /// What the file says of itself, by key.
    pub(crate) metadata: HashMap<String, String>,
    /// Elements of all tensors of weights.
    pub(crate) weights: usize,
}

/// An input or output of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// By which the file knows it.
    pub name: String,
    /// What its elements are.
    pub element: Element,
    /// None if the file does not say.
    pub shape: Option<Vec<Dim>>,
}

/// A length of a tensor along one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dim {
    /// Always this.
    Fixed(usize),
    /// Whatever is passed; equal names mean equal lengths.
    Free(String),
}

/// What the elements of a tensor are, in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 32-bit floating point.
    F32,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// True or false.
    Bool,
    /// All others, by their number in the format.
    Other(i32),
}

impl fmt::Display for Port {
    /// As people write it: `x [1, 1, time]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.name)?;
        match self.element {
            Element::F32 => {}
            Element::I32 => write!(f, "of 32-bit integers ")?,
            Element::I64 => write!(f, "of 64-bit integers ")?,
            Element::Bool => write!(f, "of truth ")?,
            Element::Other(number) => write!(f, "of element type {number} ")?,
        }
        let Some(shape) = &self.shape else { return write!(f, "of unknown shape") };
        let lengths = shape.iter().map(|dim| match dim {
            Dim::Fixed(n) => n.to_string(),
            Dim::Free(name) if name.is_empty() => "?".to_owned(),
            Dim::Free(name) => name.clone(),
        });
        write!(f, "[{}]", lengths.collect::<Vec<_>>().join(", "))
    }
}

impl File {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Error> {
        Error::cap("bytes", MAX_BYTES, bytes.len())?;
        scan::scan(bytes)?;
        let model =
            ModelProto::parse_buf(bytes).map_err(|e| Error::invalid("file", "an ONNX model", e))?;
        let graph = model.graph.as_ref();
        let graph = graph.ok_or_else(|| Error::invalid("graph", "one", "none"))?;
        let mut census = Census::default();
        census.graph(graph)?;
        // Old files list their weights among the inputs.
        let weights: Vec<&str> =
            graph.initializer.iter().filter_map(|t| t.name.as_deref()).collect();
        let inputs = ports(&graph.input, &weights)?;
        let outputs = ports(&graph.output, &[])?;
        let metadata = model.metadata_props.iter().filter_map(|entry| {
            Some((entry.key.clone()?, entry.value.clone().unwrap_or_default()))
        });
        let metadata = metadata.collect();
        Ok(Self { inputs, outputs, metadata, weights: census.weights, model })
    }

    /// The file again, less all that was not checked.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Error> {
        write(&self.model)
    }
}

/// The bytes of a model.
pub(crate) fn write(model: &ModelProto) -> Result<Vec<u8>, Error> {
    model.write_buf().map_err(|e| Error::invalid("file", "one that can be written again", e))
}

fn ports(infos: &[ValueInfoProto], weights: &[&str]) -> Result<Vec<Port>, Error> {
    let infos = infos.iter().filter(|info| {
        let name = info.name.as_deref().unwrap_or_default();
        !weights.contains(&name)
    });
    let ports: Vec<Port> = infos.map(port).collect();
    Error::cap("inputs or outputs", MAX_PORTS, ports.len())?;
    for (i, port) in ports.iter().enumerate() {
        if port.name.is_empty() || ports[..i].iter().any(|p| p.name == port.name) {
            let what = "names of inputs and outputs";
            return Err(Error::invalid(what, "one of its own each", format!("{:?}", port.name)));
        }
    }
    Ok(ports)
}

fn port(info: &ValueInfoProto) -> Port {
    let tensor = info.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    let element = match tensor.and_then(|t| t.elem_type) {
        Some(DataType::FLOAT) => Element::F32,
        Some(DataType::INT32) => Element::I32,
        Some(DataType::INT64) => Element::I64,
        Some(DataType::BOOL) => Element::Bool,
        other => Element::Other(other.map_or(0, |t| t.0)),
    };
    let shape = tensor.and_then(|t| t.shape.as_ref()).map(|shape| {
        let dims = shape.dim.iter().map(|dim| match dim.dim_value {
            // Some exporters write a nought or less for what they do not know.
            Some(n) if n > 0 => Dim::Fixed(usize::try_from(n).unwrap_or(usize::MAX)),
            _ => Dim::Free(dim.dim_param.clone().unwrap_or_default()),
        });
        dims.collect()
    });
    Port { name: info.name.clone().unwrap_or_default(), element, shape }
}

/// Counts while it looks at everything.
#[derive(Default)]
struct Census {
    nodes: usize,
    weights: usize,
}

impl Census {
    fn graph(&mut self, graph: &GraphProto) -> Result<(), Error> {
        self.nodes += graph.node.len();
        Error::cap("operators", MAX_NODES, self.nodes)?;
        for tensor in &graph.initializer {
            self.weights += self::tensor(tensor)?;
        }
        let mut constants: HashMap<&str, &TensorProto> = HashMap::new();
        constants.extend(graph.initializer.iter().filter_map(|t| Some((t.name.as_deref()?, t))));
        for node in graph.node.iter().filter(|n| n.op_type.as_deref() == Some("Constant")) {
            let value = node.attribute.iter().find_map(|a| a.t.as_ref());
            constants.extend(node.output.first().map(String::as_str).zip(value));
        }
        graph.node.iter().try_for_each(|node| self.node(node, &constants))
    }

    fn node(
        &mut self,
        node: &NodeProto,
        constants: &HashMap<&str, &TensorProto>,
    ) -> Result<(), Error> {
        let op = node.op_type.as_deref().unwrap_or_default();
        let domain = node.domain.as_deref().unwrap_or_default();
        if !matches!(domain, "" | "ai.onnx") {
            let found = format!("{op} of {domain}");
            return Err(Error::unsupported("operator", "one of the ONNX standard", found));
        }
        if LOOPS.contains(&op) {
            return Err(Error::unsupported("operator", "no loops", op));
        }
        for &(_, place) in MAKERS.iter().filter(|(name, _)| *name == op) {
            let shape = node.input.get(place).and_then(|name| constants.get(name.as_str()));
            if let Some(sizes) = shape.map(|t| numbers(t)) {
                makes(op, &sizes)?;
            }
        }
        for attribute in &node.attribute {
            if let Some(tensor) = &attribute.t {
                self.weights += self::tensor(tensor)?;
            }
            if let Some(graph) = &attribute.g {
                self.graph(graph)?;
            }
            if let (Some("pads" | "repeats" | "scales"), ints) =
                (attribute.name.as_deref(), &attribute.ints)
            {
                makes(op, &ints.iter().map(|&n| n as f64).collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }
}

/// Refuses constants by which an operator would make more than a tensor may hold.
fn makes(op: &str, sizes: &[f64]) -> Result<(), Error> {
    let product: f64 = sizes.iter().map(|n| n.abs().max(1.0)).product();
    let sum: f64 = sizes.iter().map(|n| n.abs()).sum();
    let asked = match op {
        "Pad" | "Conv" | "ConvTranspose" | "MaxPool" | "AveragePool" | "Range" => sum,
        _ => product,
    };
    let limit = MAX_ELEMENTS as f64;
    // Not a number is no size either.
    if asked <= limit {
        return Ok(());
    }
    // `Slice` and `Pad` mark an end without a number by the greatest one.
    Error::cap("elements that an operator makes", MAX_ELEMENTS, asked.min(1e18) as usize)
        .and(Err(Error::invalid(op, "sizes that are numbers", "others")))
}

/// Checks a tensor and returns its number of elements.
fn tensor(tensor: &TensorProto) -> Result<usize, Error> {
    let name = || format!("tensor {:?}", tensor.name.as_deref().unwrap_or_default());
    let external = tensor.data_location.unwrap_or(DataLocation::DEFAULT) != DataLocation::DEFAULT;
    if external || !tensor.external_data.is_empty() {
        return Err(Error::unsupported(name(), "its data in the file", "data beside the file"));
    }
    let dims: Option<Vec<usize>> =
        tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    let dims = dims.ok_or_else(|| {
        Error::invalid(name(), "lengths that are not negative", format!("{:?}", tensor.dims))
    })?;
    let count = elements(&dims);
    Error::cap("elements in a tensor", MAX_ELEMENTS, count)?;
    Ok(count)
}

/// The numbers of a small constant that says how much to make, as far as we can read
/// them.
fn numbers(tensor: &TensorProto) -> Vec<f64> {
    let raw = tensor.raw_data.as_ref().map(|raw| raw.borrow());
    let raw = raw.as_deref().map_or(&[][..], Vec::as_slice);
    let long = raw.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f64);
    let int = raw.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b).into());
    let float = raw.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b).into());
    match tensor.data_type {
        Some(DataType::INT64) => long.chain(tensor.int64_data.iter().map(|&n| n as f64)).collect(),
        Some(DataType::INT32) => int.chain(tensor.int32_data.iter().map(|&n| n.into())).collect(),
        Some(DataType::FLOAT) => float.chain(tensor.float_data.iter().map(|&n| n.into())).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
