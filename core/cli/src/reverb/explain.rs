//! `kiln reverb explain`: what a graph is made of.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use fdn::{Delay, Network, Op, OpKind, Section, Signal};
use ndarray::Array2;

use super::engine;

/// Distance from a structure that is taken for rounding of what a file says.
const ROUNDING: f64 = 1e-6;

pub(super) fn run(path: &Path, rate: Option<f64>) -> Result<()> {
    let graph = engine::graph(path, rate)?;
    let network = Network::new(&graph);
    let plan = engine::plan(&network).with_context(|| path.display().to_string())?;
    let mut text = String::new();
    writeln!(text, "{}", crate::printable(&graph.name))?;
    writeln!(
        text,
        "{} Hz, {} inputs, {} outputs, {} signals, {} operations\n",
        network.sample_rate,
        network.inputs.len(),
        network.outputs.len(),
        network.signals,
        network.ops.len()
    )?;
    let rows: Vec<[String; 4]> = network.ops.iter().map(|op| row(&network, op)).collect();
    let widest = |c: usize| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or_default();
    let widths = [widest(0), widest(1), widest(2)];
    for [inputs, outputs, name, what] in &rows {
        let [a, b, c] = widths;
        writeln!(text, "{inputs:>a$} → {outputs:b$}  {name:c$}  {what}")?;
    }
    writeln!(text, "\ninputs   {}", signals(&network.inputs))?;
    writeln!(text, "outputs  {}", signals(&network.outputs))?;
    text += &plan;
    crate::say(&text)
}

/// Inputs, outputs, name and what it does.
fn row(network: &Network, op: &Op) -> [String; 4] {
    let what = match &op.kind {
        OpKind::Matrix(m) => matrix(m),
        OpKind::Delay { lines, .. } => delays(lines, network.sample_rate),
        OpKind::Filter(f) => filters(f),
        OpKind::Fir(f) => {
            let taps = f.iter().map(Vec::len);
            format!("FIR, {} taps at most", taps.max().unwrap_or_default())
        }
    };
    [signals(&op.inputs), signals(&op.outputs), crate::printable(&op.name), what]
}

/// Numbers of signals, runs shortened: `s3–s10, s12`.
fn signals(signals: &[Signal]) -> String {
    let mut runs: Vec<[u32; 2]> = Vec::new();
    for Signal(s) in signals {
        match runs.last_mut() {
            Some([_, last]) if *s == *last + 1 => *last = *s,
            _ => runs.push([*s, *s]),
        }
    }
    let many = runs.len() > 4;
    let text = |[a, b]: &[u32; 2]| if a == b { format!("s{a}") } else { format!("s{a}–s{b}") };
    let texts: Vec<_> = runs.iter().take(if many { 3 } else { 4 }).map(text).collect();
    texts.join(", ") + if many { ", …" } else { "" }
}

fn matrix(m: &Array2<f64>) -> String {
    let (rows, columns) = m.dim();
    let kind = kind(m);
    format!("matrix {rows}×{columns}{}{kind}", if kind.is_empty() { "" } else { ", " })
}

/// What is special about a matrix.
fn kind(m: &Array2<f64>) -> String {
    let (rows, columns) = m.dim();
    let off = |(i, j): (usize, usize)| i != j;
    let used = m.iter().filter(|x| **x != 0.0).count();
    if rows == columns && m.indexed_iter().all(|(at, x)| !off(at) || *x == 0.0) {
        let one = m.diag().iter().all(|x| *x == 1.0);
        return if one { "identity" } else { "diagonal" }.to_owned();
    }
    if columns % rows == 0
        && m.indexed_iter().all(|((i, j), x)| *x == f64::from(u8::from(i == j % rows)))
    {
        return format!("sum of {}", columns / rows);
    }
    let product = m.dot(&m.t());
    let scale = product.diag().sum() / rows as f64;
    let unit = |((i, j), x): ((usize, usize), &f64)| {
        let expected = if i == j { scale } else { 0.0 };
        (x - expected).abs() <= ROUNDING * scale
    };
    if rows == columns && product.indexed_iter().all(unit) {
        let gain = scale.sqrt();
        let exact = (gain - 1.0).abs() <= ROUNDING;
        return if exact { "orthogonal".into() } else { format!("orthogonal × {gain:.6}") };
    }
    if 2 * used < rows * columns { format!("{used} entries") } else { String::new() }
}

fn delays(lines: &[Delay], rate: f64) -> String {
    let all = lines.iter().map(|d| d.samples);
    let [least, most] = [all.clone().fold(f64::MAX, f64::min), all.fold(0.0, f64::max)];
    let ms = |samples: f64| 1000.0 * samples / rate;
    let range = if least == most {
        format!("{least} samples, {:.2} ms", ms(least))
    } else {
        format!("{least} to {most} samples, {:.2} to {:.2} ms", ms(least), ms(most))
    };
    let interpolated = lines.iter().any(|d| d.interpolated);
    format!("delay, {range}{}", if interpolated { ", interpolated" } else { "" })
}

fn filters(f: &[Vec<Section>]) -> String {
    let counts = f.iter().map(|f| f.iter().filter(|s| **s != Section::WIRE).count());
    let [least, most] = [counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0)];
    let count = if least == most { format!("{most}") } else { format!("{least} to {most}") };
    let radius = f.iter().flatten().map(pole_radius).fold(0.0, f64::max);
    format!("filter, {count} biquads a channel, poles within {radius:.6}")
}

/// The larger magnitude of the roots of z² + a₁·z + a₂.
fn pole_radius(section: &Section) -> f64 {
    let [a1, a2] = section.a;
    let square = a1 * a1 / 4.0 - a2;
    if square < 0.0 { a2.sqrt() } else { a1.abs() / 2.0 + square.sqrt() }
}
