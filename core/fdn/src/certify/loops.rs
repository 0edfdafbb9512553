//! The loops of a network, each as delay lines around a matrix.
//!
//! A loop is a strongly connected part. Every matrix in it is solved away, and what
//! is left is x = M(ω)·D(ω)·x: D diagonal, of lines that delay and filter on their
//! own; M of gains, and of filters between lines, if any.

use nalgebra::{DMatrix, DVector};
use num_complex::Complex64;

use super::Conditions;
use super::components::{Components, components};
use super::filter::{Arc, Response};
use super::solve::{Component, Rows};
use crate::graph::Section;
use crate::network::{Network, OpKind};

/// A delay line with the filters that are its alone.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: String,
    /// The operation it begins with, and the channel of that.
    pub(super) head: (usize, usize),
    /// The signal it ends with.
    pub(super) made: usize,
    /// What it is made of, first to last.
    pub(super) parts: Vec<Part>,
    /// In samples.
    pub(super) delay: f64,
    /// Whether all of its delays are whole.
    pub(super) whole: bool,
    pub(super) response: Response,
}

/// What a line does, and by how much it is louder for the matrices on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    Delay,
    Filter,
    Gain(f64),
}

/// A loop, its lines around M(ω) = direct + out·X(ω), X = inner·(into + among·X).
#[derive(Clone)]
pub(super) struct Loop {
    /// The operations it is made of.
    pub(super) ops: Vec<String>,
    pub(super) lines: Vec<Line>,
    /// Filters without delay between the lines, none before one it hears.
    pub(super) inner: Vec<Line>,
    /// Lines × lines.
    pub(super) direct: DMatrix<f64>,
    /// Lines × inner.
    out: DMatrix<f64>,
    /// Inner × lines.
    into: DMatrix<f64>,
    /// Inner × inner, strictly lower triangular.
    among: DMatrix<f64>,
}

/// A delay-free loop that no signal satisfies.
pub(super) struct Unsolvable {
    pub(super) ops: Vec<String>,
}

/// What makes a signal.
pub(super) enum Maker {
    Nothing,
    /// A weighted sum of signals.
    Sum(Vec<(usize, f64)>),
    Line(usize, Line),
}

/// Everything of `network` that feeds itself.
pub(super) fn loops(network: &Network, conditions: &Conditions) -> Vec<Result<Loop, Unsolvable>> {
    let (makers, ops) = makers(network, conditions);
    let heard: Vec<Vec<usize>> = makers.iter().map(Maker::heard).collect();
    let components = components(&heard);
    let cycles = components.groups.into_iter().filter(|g| Components::is_cycle(g, &heard));
    let each = cycles.map(|group| {
        let mut names: Vec<usize> = group.iter().filter_map(|s| ops[*s]).collect();
        names.dedup();
        names.sort_unstable();
        names.dedup();
        let names: Vec<String> = names.iter().map(|o| network.ops[*o].name.clone()).collect();
        Component::new(&group, &makers).and_then(Component::solve).map_or_else(
            || Err(Unsolvable { ops: names.clone() }),
            |(lines, rows)| Ok(Loop::new(names.clone(), lines, rows)),
        )
    });
    each.collect()
}

impl Maker {
    fn heard(&self) -> Vec<usize> {
        match self {
            Maker::Nothing => Vec::new(),
            Maker::Sum(terms) => terms.iter().map(|(s, _)| *s).collect(),
            Maker::Line(from, _) => vec![*from],
        }
    }
}

/// What makes each signal, and in which operation.
fn makers(network: &Network, conditions: &Conditions) -> (Vec<Maker>, Vec<Option<usize>>) {
    let mut makers: Vec<Maker> = (0..network.signals).map(|_| Maker::Nothing).collect();
    let mut ops = vec![None; network.signals];
    for (number, op) in network.ops.iter().enumerate() {
        for (channel, made) in op.outputs.iter().enumerate() {
            let made = made.0 as usize;
            if let OpKind::Matrix(m) = &op.kind {
                let terms = op.inputs.iter().zip(m.row(channel));
                let terms = terms.filter(|(_, g)| **g != 0.0).map(|(s, g)| (s.0 as usize, *g));
                makers[made] = Maker::Sum(terms.collect());
            } else {
                let from = op.inputs[channel].0 as usize;
                let line = line(network, number, channel, conditions);
                makers[made] = if line.delay == 0.0 && line.response.is_gain() {
                    Maker::Sum(vec![(from, line.response.gain)])
                } else {
                    Maker::Line(from, line)
                };
            }
            ops[made] = Some(number);
        }
    }
    (makers, ops)
}

fn line(network: &Network, number: usize, channel: usize, conditions: &Conditions) -> Line {
    let op = &network.ops[number];
    let name = format!("{}[{channel}]", op.name);
    let made = op.outputs[channel].0 as usize;
    let (delay, whole, response) = match &op.kind {
        OpKind::Delay { lines, forward } => {
            let delay = lines[channel];
            let gain = conditions.gain(delay.samples, *forward, network.sample_rate);
            (delay.samples, delay.samples.fract() == 0.0, Response::gain(gain))
        }
        OpKind::Filter(filters) => (0.0, true, Response::cascade(&filters[channel])),
        OpKind::Fir(firs) => (0.0, true, Response::fir(&firs[channel])),
        OpKind::Matrix(_) => (0.0, true, Response::gain(1.0)),
    };
    let part = if matches!(op.kind, OpKind::Delay { .. }) { Part::Delay } else { Part::Filter };
    Line { name, head: (number, channel), made, parts: vec![part], delay, whole, response }
}

impl Loop {
    fn new(ops: Vec<String>, lines: Vec<Line>, rows: Rows) -> Self {
        // Filters between lines that feed themselves stay lines, of no delay.
        let immediate = |l: usize| lines[l].delay == 0.0;
        let heard: Vec<Vec<usize>> = (0..lines.len())
            .map(|l| {
                let own = rows[l].iter().map(|t| t.0);
                own.filter(|t| immediate(l) && immediate(*t)).collect()
            })
            .collect();
        let ordered = components(&heard).groups;
        let between: Vec<usize> = ordered
            .into_iter()
            .filter(|g| immediate(g[0]) && !Components::is_cycle(g, &heard))
            .flatten()
            .collect();
        let mut is_between = vec![false; lines.len()];
        between.iter().for_each(|l| is_between[*l] = true);
        let kept: Vec<usize> = (0..lines.len()).filter(|l| !is_between[*l]).collect();
        let block = |to: &[usize], from: &[usize]| {
            let mut column = vec![None; lines.len()];
            from.iter().enumerate().for_each(|(j, l)| column[*l] = Some(j));
            let mut m = DMatrix::<f64>::zeros(to.len(), from.len());
            for (i, l) in to.iter().enumerate() {
                for (t, g) in &rows[*l] {
                    if let Some(j) = column[*t] {
                        m[(i, j)] += g;
                    }
                }
            }
            m
        };
        let pick = |which: &[usize]| which.iter().map(|l| lines[*l].clone()).collect();
        Self {
            ops,
            direct: block(&kept, &kept),
            out: block(&kept, &between),
            into: block(&between, &kept),
            among: block(&between, &between),
            lines: pick(&kept),
            inner: pick(&between),
        }
    }

    /// Every biquad in it.
    pub(super) fn sections(&self) -> impl Iterator<Item = &Section> {
        self.lines.iter().chain(&self.inner).flat_map(|l| l.response.sections())
    }

    /// Whether its lines do nothing but delay and multiply.
    pub(super) fn has_no_filters(&self) -> bool {
        self.lines.iter().all(|l| l.response.is_gain())
    }

    /// The same with lines that do nothing but delay.
    pub(super) fn without_filters(&self) -> Self {
        let mut bare = self.clone();
        bare.lines.iter_mut().for_each(|l| l.response = Response::gain(1.0));
        bare
    }

    /// The same on the circle of radius 1/`gamma`: z/`gamma` for z.
    pub(super) fn within(&self, gamma: f64) -> Self {
        let moved = |line: &Line| {
            let mut response = line.response.within(gamma);
            response.gain *= gamma.powf(line.delay);
            Line { response, ..line.clone() }
        };
        Self {
            ops: self.ops.clone(),
            lines: self.lines.iter().map(moved).collect(),
            inner: self.inner.iter().map(moved).collect(),
            direct: self.direct.clone(),
            out: self.out.clone(),
            into: self.into.clone(),
            among: self.among.clone(),
        }
    }

    /// Whether M is the same at all frequencies.
    pub(super) fn is_constant(&self) -> bool {
        self.inner.is_empty()
    }

    /// Poles outside the unit circle of the filters themselves; none if one is on it.
    pub(super) fn open_poles(&self) -> Option<usize> {
        self.lines.iter().chain(&self.inner).map(|l| l.response.outside()).sum()
    }

    /// M(ω).
    pub(super) fn matrix(&self, omega: f64) -> DMatrix<Complex64> {
        self.matrix_of(&self.inner.iter().map(|l| l.response.at(omega)).collect::<Vec<_>>())
    }

    /// M when the filters between lines are `inner`.
    fn matrix_of(&self, inner: &[Complex64]) -> DMatrix<Complex64> {
        let mut x = self.into.map(Complex64::from);
        for (i, h) in inner.iter().enumerate() {
            for k in 0..i {
                let g = self.among[(i, k)];
                if g != 0.0 {
                    let add = x.row(k) * Complex64::from(g);
                    let mut row = x.row_mut(i);
                    row += add;
                }
            }
            x.row_mut(i).iter_mut().for_each(|e| *e *= h);
        }
        self.direct.map(Complex64::from) + self.out.map(Complex64::from) * x
    }

    /// M on `arc` by discs: their centres, M at `at`, and radii (circular
    /// arithmetic: Gargantini and Henrici, 1971).
    pub(super) fn discs(&self, arc: Arc, at: f64) -> (DMatrix<Complex64>, DMatrix<f64>) {
        let n = self.lines.len();
        let reach = (arc.to - at).max(at - arc.from);
        let mut centre = self.into.map(Complex64::from);
        let mut radius = DMatrix::<f64>::zeros(self.inner.len(), n);
        for (i, line) in self.inner.iter().enumerate() {
            for k in (0..i).filter(|k| self.among[(i, *k)] != 0.0) {
                let g = self.among[(i, k)];
                for j in 0..n {
                    let (c, r) = (centre[(k, j)], radius[(k, j)]);
                    centre[(i, j)] += c * g;
                    radius[(i, j)] += r * g.abs();
                }
            }
            let (h, far) = (line.response.at(at), line.response.slope(arc) * reach);
            for j in 0..n {
                let (c, r) = (centre[(i, j)], radius[(i, j)]);
                centre[(i, j)] = c * h;
                radius[(i, j)] = h.norm() * r + c.norm() * far + r * far;
            }
        }
        let m = self.direct.map(Complex64::from) + self.out.map(Complex64::from) * centre;
        (m, self.out.abs() * radius)
    }

    /// The diagonal of D(ω).
    pub(super) fn diagonal(&self, omega: f64) -> DVector<Complex64> {
        let each = self.lines.iter();
        let each =
            each.map(|l| l.response.at(omega) * Complex64::from_polar(1.0, -omega * l.delay));
        DVector::from_vec(each.collect())
    }

    /// det(I − M·D) at infinite z relative to its size: nothing when no signal
    /// satisfies the loop at once.
    pub(super) fn at_once(&self) -> f64 {
        let inner: Vec<_> =
            self.inner.iter().map(|l| Complex64::from(l.response.at_once())).collect();
        let mut m = self.matrix_of(&inner).map(|e| e.re);
        for (j, line) in self.lines.iter().enumerate() {
            let now = if line.delay == 0.0 { line.response.at_once() } else { 0.0 };
            m.column_mut(j).scale_mut(-now);
        }
        (0..m.nrows()).for_each(|i| m[(i, i)] += 1.0);
        let size = m.amax().max(1.0);
        let lu = m.lu();
        lu.u().diagonal().iter().fold(f64::INFINITY, |a, b| a.min(b.abs())) / size
    }
}
