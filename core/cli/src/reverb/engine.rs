//! From a file to a running reverb.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use fdn::{Graph, Interpreter, Network};

/// The longest file of a graph, in bytes.
const MOST_BYTES: usize = 1 << 27;

/// The graph in a file, at `rate` Hz if one is given.
pub(crate) fn graph(path: &Path, rate: Option<f64>) -> Result<Graph> {
    let json = crate::read(path, MOST_BYTES)?;
    let graph = load(&json).and_then(|graph| match rate {
        Some(rate) if rate != graph.sample_rate => at_rate(&graph, rate),
        _ => Ok(graph),
    });
    graph.with_context(|| path.display().to_string())
}

fn load(json: &[u8]) -> Result<Graph> {
    match super::stub::load(json) {
        Some(graph) => Ok(graph),
        None => bail!("expected the JSON of a graph"),
    }
}

fn at_rate(graph: &Graph, rate: f64) -> Result<Graph> {
    Ok(super::stub::at_rate(graph, rate))
}

/// A reverb that plays.
pub(crate) struct Engine {
    reverb: Interpreter,
    inputs: usize,
    outputs: usize,
}

impl Engine {
    pub(crate) fn new(network: &Network) -> Result<Self> {
        let reverb = Interpreter::new(network)?;
        Ok(Self { reverb, inputs: network.inputs.len(), outputs: network.outputs.len() })
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// A block of `inputs`, all of one length, to as many samples of each output.
    pub(crate) fn process(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let wide: Vec<Vec<f64>> =
            inputs.iter().map(|x| x.iter().map(|x| f64::from(*x)).collect()).collect();
        let x: Vec<_> = wide.iter().map(Vec::as_slice).collect();
        let mut wide: Vec<Vec<f64>> = outputs.iter().map(|y| vec![0.0; y.len()]).collect();
        let mut y: Vec<_> = wide.iter_mut().map(Vec::as_mut_slice).collect();
        self.reverb.process(&x, &mut y);
        for (to, from) in outputs.iter_mut().zip(wide) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = from as f32);
        }
    }
}

/// What is proven of the stability of `graph`, whatever its `rt60` is set to.
pub(crate) fn certificate(_graph: &Graph) -> Result<serde_json::Value> {
    Ok(serde_json::json!({ "verdict": "indeterminate", "unstable_poles": null, "loops": [] }))
}

/// What a plan does, for people.
pub(crate) fn plan(_network: &Network) -> Result<String> {
    Ok(String::new())
}
