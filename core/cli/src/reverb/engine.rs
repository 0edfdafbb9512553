//! From a file to a running reverb.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use fdn::{Conditions, Decay, Graph, Network, Plan, Reverb, certify};

/// The longest file of a graph, in bytes.
pub(crate) const MOST_BYTES: usize = 1 << 27;

/// The graph in a file, at `rate` Hz if one is given.
pub(crate) fn graph(path: &Path, rate: Option<f64>) -> Result<Graph> {
    let json = crate::read(path, MOST_BYTES)?;
    let graph = Graph::load(&json).and_then(|graph| match rate {
        Some(rate) => graph.at_rate(rate),
        None => Ok(graph),
    });
    graph.with_context(|| path.display().to_string())
}

/// A reverb that plays.
pub(crate) struct Engine {
    reverb: Reverb,
}

impl Engine {
    pub(crate) fn new(network: &Network) -> Result<Self> {
        let plan = Plan::compile(network, Decay::None)?;
        Ok(Self { reverb: Reverb::new(&Arc::new(plan)) })
    }

    pub(crate) fn inputs(&self) -> usize {
        self.reverb.plan().inputs()
    }

    pub(crate) fn outputs(&self) -> usize {
        self.reverb.plan().outputs()
    }

    /// A block of `inputs`, all of one length, to as many samples of each output.
    pub(crate) fn process(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.reverb.process(inputs, outputs);
    }
}

/// What is proven of the stability of `graph`, whatever its `rt60` is set to.
pub(crate) fn certificate(graph: &Graph) -> Result<serde_json::Value> {
    let rt60 = graph.controls.rt60.map(|range| range.max);
    let conditions = Conditions { rt60, ..Conditions::default() };
    Ok(serde_json::to_value(certify(&Network::new(graph), &conditions))?)
}

/// What a plan does, for people.
pub(crate) fn plan(network: &Network) -> Result<String> {
    Ok(Plan::compile(network, Decay::None)?.to_string())
}
