//! Writing a graph in our own format.

use std::fmt::Write;

use ndarray::Array2;

use super::special::diagonal;
use super::{Delay, Graph, Kind, MOST_REVISION, Module, Node, Range, Section};
use crate::graph::load::Names;

impl Graph {
    /// This graph as JSON of `kiln-fdn` version 1. Every number is as exact as it
    /// is here: loading gives the same graph. What no loaded graph has comes back
    /// otherwise: siblings of one name get different ones, a module with one
    /// interpolated delay has all of them interpolated, and a revision is 2⁵³ at most.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"format\":\"kiln-fdn\",\"version\":1,\"name\":");
        text(&mut out, &self.name);
        out.push_str(",\"sample_rate\":");
        number(&mut out, &self.sample_rate);
        if let Some(revision) = self.revision {
            let _ = write!(out, ",\"revision\":{}", revision.min(MOST_REVISION));
        }
        let controls = &self.controls;
        let controls = [
            ("rt60", controls.rt60),
            ("dry_wet", controls.dry_wet),
            ("pre_delay", controls.pre_delay),
        ];
        let asked: Vec<_> = controls.iter().filter_map(|(k, r)| r.map(|r| (*k, r))).collect();
        if !asked.is_empty() {
            out.push_str(",\"controls\":{");
            separated(&mut out, &asked, control);
            out.push('}');
        }
        out.push_str(",\"root\":");
        node(&mut out, &self.root, self.root.name());
        out.push_str("}\n");
        out
    }
}

fn control(out: &mut String, (key, range): &(&str, Range)) {
    text(out, key);
    for (key, value) in
        [(":{\"init\":", range.init), (",\"min\":", range.min), (",\"max\":", range.max)]
    {
        out.push_str(key);
        number(out, &value);
    }
    out.push('}');
}

fn node(out: &mut String, node: &Node, name: &str) {
    let kind = match node.kind() {
        Kind::Series(_) => "series",
        Kind::Parallel { .. } => "parallel",
        Kind::Recursion { .. } => "recursion",
        Kind::Module(m) => module_type(m),
    };
    let _ = write!(out, "\n{{\"type\":\"{kind}\",\"name\":");
    text(out, name);
    let _ = write!(out, ",\"inputs\":{},\"outputs\":{}", node.inputs(), node.outputs());
    match node.kind() {
        Kind::Series(children) => siblings(out, children),
        Kind::Parallel { branches, sum } => {
            let _ = write!(out, ",\"sum\":{sum}");
            siblings(out, branches);
        }
        Kind::Recursion { forward, backward } => {
            let mut names = Names::default();
            for (key, half) in [(",\"forward\":", forward), (",\"backward\":", backward)] {
                out.push_str(key);
                self::node(out, half, &names.unique(half.name()));
            }
        }
        Kind::Module(m) => module(out, m),
    }
    out.push('}');
}

fn siblings(out: &mut String, nodes: &[Node]) {
    let mut names = Names::default();
    let named: Vec<_> = nodes.iter().map(|n| (n, names.unique(n.name()))).collect();
    out.push_str(",\"children\":");
    list(out, &named, |out, (n, name)| node(out, n, name));
}

/// What a diagonal matrix is written as, not repeating its zeros.
fn gains(matrix: &Array2<f64>) -> Option<Vec<f64>> {
    let gains: Vec<f64> = matrix.diag().to_vec();
    // By bits: a zero of negative sign is worth keeping too.
    let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
    let diagonal = matrix.is_square() && matrix.iter().zip(&diagonal(&gains)).all(same);
    diagonal.then_some(gains)
}

fn module_type(module: &Module) -> &'static str {
    match module {
        Module::Matrix(m) if gains(m).is_some() => "gain",
        Module::Matrix(_) => "matrix",
        Module::Delay(_) => "delay",
        Module::Filter(_) => "filter",
        Module::Fir(_) => "fir",
        Module::DelayMatrix(_) => "delay_matrix",
        Module::FilterMatrix(_) => "filter_matrix",
        Module::FirMatrix(_) => "fir_matrix",
    }
}

fn module(out: &mut String, module: &Module) {
    let key = |out: &mut String, key: &str| {
        let _ = write!(out, ",\"{key}\":");
    };
    match module {
        Module::Matrix(m) => match gains(m) {
            Some(gains) => {
                key(out, "gains");
                list(out, &gains, number);
            }
            None => {
                key(out, "matrix");
                rows(out, m, number);
            }
        },
        Module::Delay(lines) => {
            interpolation(out, lines.iter());
            key(out, "samples");
            list(out, lines, |out, d| number(out, &d.samples));
        }
        Module::Filter(f) => {
            key(out, "sections");
            list(out, f, |out, c| cascade(out, c));
        }
        Module::Fir(f) => {
            key(out, "taps");
            list(out, f, |out, taps| list(out, taps, number));
        }
        Module::DelayMatrix(m) => {
            interpolation(out, m.iter().map(|(_, d)| d));
            key(out, "gains");
            rows(out, m, |out, (gain, _)| number(out, gain));
            key(out, "samples");
            rows(out, m, |out, (_, d)| number(out, &d.samples));
        }
        Module::FilterMatrix(m) => {
            key(out, "sections");
            rows(out, m, |out, c| cascade(out, c));
        }
        Module::FirMatrix(m) => {
            key(out, "taps");
            rows(out, m, |out, taps| list(out, taps, number));
        }
    }
}

/// The format has one word for all lines of a module; one that is interpolated
/// plays a whole number of samples as well as one that is not.
fn interpolation<'a>(out: &mut String, mut lines: impl Iterator<Item = &'a Delay>) {
    if lines.any(|d| d.interpolated) {
        out.push_str(",\"interpolation\":\"sinc\"");
    }
}

fn cascade(out: &mut String, cascade: &[Section]) {
    list(out, cascade, |out, s| {
        let [b0, b1, b2] = s.b;
        list(out, &[b0, b1, b2, s.a[0], s.a[1]], number);
    });
}

fn rows<T>(out: &mut String, matrix: &Array2<T>, each: impl Fn(&mut String, &T)) {
    let rows: Vec<Vec<&T>> = matrix.rows().into_iter().map(|r| r.into_iter().collect()).collect();
    list(out, &rows, |out, row| list(out, row, |out, x| each(out, x)));
}

fn list<T>(out: &mut String, items: &[T], each: impl Fn(&mut String, &T)) {
    out.push('[');
    separated(out, items, each);
    out.push(']');
}

fn separated<T>(out: &mut String, items: &[T], each: impl Fn(&mut String, &T)) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(out, item);
    }
}

/// The shortest digits that read back as the same number. JSON has none for those
/// that are not finite; a graph that was loaded has no such number.
fn number(out: &mut String, x: &f64) {
    let _ = if x.is_finite() { write!(out, "{x:?}") } else { write!(out, "null") };
}

fn text(out: &mut String, s: &str) {
    let _ = write!(out, "{}", serde_json::Value::from(s));
}
