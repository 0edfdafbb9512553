//! What stands in for parts of `fdn` that are made elsewhere. To be deleted.

use fdn::{Controls, Delay, Graph, Module, Node, Range, Section};
use ndarray::Array2;
use serde_json::Value;

pub(super) fn load(json: &[u8]) -> Option<Graph> {
    let v: Value = serde_json::from_slice(json).ok()?;
    let name = v["name"].as_str().unwrap_or("graph").to_owned();
    let sample_rate = v["fs"].as_f64().unwrap_or(48_000.0);
    let range = |key: &str, d: [f64; 3]| match &v["controls"][key] {
        Value::Null => None,
        c => Some(Range {
            init: c["init"].as_f64().unwrap_or(d[0]),
            min: c["min"].as_f64().unwrap_or(d[1]),
            max: c["max"].as_f64().unwrap_or(d[2]),
        }),
    };
    let controls = Controls {
        rt60: range("rt60", [2.0, 0.1, 10.0]),
        dry_wet: range("dry_wet", [1.0, 0.0, 1.0]),
        pre_delay: range("pre_delay", [0.0, 0.0, 250.0]),
    };
    Some(Graph { name, sample_rate, root: node(&v)?, controls })
}

fn numbers(v: &Value) -> Option<Vec<f64>> {
    v.as_array()?.iter().map(Value::as_f64).collect()
}

fn node(v: &Value) -> Option<Node> {
    let name = v["name"].as_str().unwrap_or("x");
    let children = || v["children"].as_array()?.iter().map(node).collect::<Option<Vec<_>>>();
    match v["type"].as_str()? {
        "Series" | "Shell" => Node::series(name, 1, children()?).ok(),
        "Parallel" => Node::parallel(name, children()?, v["sum_output"].as_bool()?).ok(),
        "Recursion" => Node::recursion(name, node(&v["fF"])?, node(&v["fB"])?).ok(),
        _ => Node::module(name, leaf(&v["params"], &v["flamo"])?).ok(),
    }
}

fn leaf(p: &Value, flamo: &Value) -> Option<Module> {
    if let Some(rows) = p["matrix"].as_array() {
        let rows: Vec<Vec<f64>> = rows.iter().map(numbers).collect::<Option<_>>()?;
        return Some(Module::Matrix(Array2::from_shape_fn(
            (rows.len(), rows[0].len()),
            |(i, j)| rows[i][j],
        )));
    }
    if let Some(gains) = numbers(&p["gains"]) {
        return Some(Module::Matrix(Array2::from_diag(&ndarray::Array1::from(gains))));
    }
    if let Some(sos) = p["sos"].as_array() {
        let count = sos[0].as_array()?.len();
        let one = |n: usize| {
            sos.iter()
                .map(|k| {
                    let c = numbers(&k[n])?;
                    Some(Section { b: [c[0], c[1], c[2]], a: [c[3], c[4]] })
                })
                .collect::<Option<Vec<_>>>()
        };
        return Some(Module::Filter((0..count).map(one).collect::<Option<_>>()?));
    }
    let interpolated = flamo["isint"] == Value::Bool(false);
    let key = if interpolated { "samples_fractional" } else { "samples" };
    let lines = numbers(&p[key])?.into_iter().map(|samples| Delay { samples, interpolated });
    Some(Module::Delay(lines.collect()))
}

pub(super) fn at_rate(graph: &Graph, rate: f64) -> Graph {
    let mut change = |m: &Module| {
        Ok(match m {
            Module::Delay(d) => Module::Delay(
                d.iter()
                    .map(|d| Delay {
                        samples: if d.interpolated {
                            d.samples * rate / graph.sample_rate
                        } else {
                            (d.samples * rate / graph.sample_rate).round()
                        },
                        ..*d
                    })
                    .collect(),
            ),
            other => other.clone(),
        })
    };
    let root = graph.root.map_modules(&mut change).expect("valid as before");
    Graph { sample_rate: rate, root, ..graph.clone() }
}
