//! pyFDN's `pyfdn-fdn-build`, version 1: one feedback delay network.
//!
//! What plays is pyFDN 0.3.0's `dss_to_flamo`: B, then a loop of the delays and
//! their absorption with A behind, C, the output filters; the direct path D beside
//! it all. Keys beyond those are free.

use super::json::Field;
use super::load::{Budget, rate};
use super::{Controls, Delay, Graph, Module, Node, Section};
use crate::error::Error;

/// Reads a whole file.
pub(super) fn read(root: &Field<'_>) -> Result<Graph, Error> {
    let sample_rate = rate(&root.need("sample_rate")?)?;
    let matrix = |key| root.need(key).and_then(|m| m.matrix());
    let (a, b, c) = (matrix("feedback_matrix")?, matrix("input_matrix")?, matrix("output_matrix")?);
    let d = matrix("direct_matrix")?;
    let lines = a.nrows();
    let shapes = [
        ("feedback_matrix", a.dim(), (lines, lines)),
        ("input_matrix", b.dim(), (lines, b.ncols())),
        ("output_matrix", c.dim(), (c.nrows(), lines)),
        ("direct_matrix", d.dim(), (c.nrows(), b.ncols())),
    ];
    for (key, found, expected) in shapes {
        if found != expected {
            let expected = format!("{} rows of {}", expected.0, expected.1);
            let found = format!("{} of {}", found.0, found.1);
            return Err(Error::invalid(format!("graph.{key}"), expected, found));
        }
    }
    let outputs = c.nrows();
    let direct = d.iter().any(|d| *d != 0.0).then_some(d);

    let mut make = Maker(Budget::default());
    let mut chain = vec![Module::Delay(delays(&root.need("delays")?, lines)?)];
    chain.extend(filters(root, "absorption_filters", lines)?);
    let names = ["delay", "absorption"];
    let chain = chain.into_iter().zip(names).map(|(m, name)| make.leaf(name, m));
    let chain = chain.collect::<Result<_, _>>()?;
    let feedback = make.leaf("feedback", Module::Matrix(a))?;
    let forward = make.node(Node::series("forward", lines, chain))?;
    let feedback_loop = make.node(Node::recursion("loop", forward, feedback))?;
    let input = make.leaf("input", Module::Matrix(b))?;
    let mut wet = vec![input, feedback_loop, make.leaf("output", Module::Matrix(c))?];
    if let Some(filters) = filters(root, "output_filters", outputs)? {
        wet.push(make.leaf("output filter", filters)?);
    }
    let mut root = make.node(Node::series("reverb", outputs, wet))?;
    if let Some(d) = direct {
        let direct = make.leaf("direct", Module::Matrix(d))?;
        root = make.node(Node::parallel("sum", vec![root, direct], true))?;
    }
    Ok(Graph {
        name: "pyFDN".into(),
        sample_rate,
        root,
        controls: Controls::default(),
        revision: None,
    })
}

struct Maker(Budget);

impl Maker {
    fn leaf(&mut self, name: &str, module: Module) -> Result<Node, Error> {
        self.node(Node::module(name, module))
    }

    fn node(&mut self, node: Result<Node, Error>) -> Result<Node, Error> {
        self.0.made(node, "graph")
    }
}

/// A whole number of samples for each line, at least one.
fn delays(field: &Field<'_>, lines: usize) -> Result<Vec<Delay>, Error> {
    let samples = field.numbers()?;
    if samples.len() != lines {
        return Err(field.expected(format!("a list of {lines}, one a line")));
    }
    if let Some(wrong) = samples.iter().find(|s| **s < 1.0 || s.fract() != 0.0) {
        return Err(Error::invalid(&field.path, "whole numbers from 1", wrong));
    }
    Ok(samples.iter().map(|s| Delay { samples: *s, interpolated: false }).collect())
}

/// Sections × [b₀, b₁, b₂, a₀, a₁, a₂] × channels, or null.
fn filters(root: &Field<'_>, key: &str, channels: usize) -> Result<Option<Module>, Error> {
    let Some(field) = root.get(key).filter(|f| !f.is_null()) else { return Ok(None) };
    if field.len()? == 0 {
        return Ok(None);
    }
    let values = field.tensor(3)?;
    let &[sections, 6, found] = values.shape() else {
        let found = format!("{:?}", values.shape());
        return Err(Error::invalid(&field.path, "sections of 6 coefficients, b then a", found));
    };
    if found != channels {
        let expected = format!("a coefficient for each of {channels} channels");
        return Err(Error::invalid(&field.path, expected, found));
    }
    let section = |k: usize, c: usize| {
        let [b0, b1, b2, a0, a1, a2] = [0, 1, 2, 3, 4, 5].map(|i| values[[k, i, c]]);
        if a0 == 0.0 {
            return Err(Error::invalid(&field.path, "a0 other than zero", a0));
        }
        Ok(Section { b: [b0, b1, b2].map(|b| b / a0), a: [a1 / a0, a2 / a0] })
    };
    let cascade = |c| (0..sections).map(|k| section(k, c)).collect::<Result<Vec<_>, _>>();
    Ok(Some(Module::Filter((0..channels).map(cascade).collect::<Result<_, _>>()?)))
}
