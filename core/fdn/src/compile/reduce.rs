//! A [`Network`] with nothing in it that need not be: wires gone, what nobody
//! hears gone, matrices multiplied where that costs less.

use std::collections::{BTreeMap, HashMap, HashSet};

use ndarray::Array2;

use crate::error::Error;
use crate::fractional;
use crate::graph::Section;
use crate::network::{Network, OpKind, Signal};

/// outputs = matrix · inputs.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    pub(super) name: String,
    pub(super) matrix: Array2<f64>,
    pub(super) inputs: Vec<Signal>,
    pub(super) outputs: Vec<Signal>,
}

/// A weighted sum of the past of a signal.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The operation it is of, and the channel of that.
    pub(super) origin: usize,
    pub(super) channel: usize,
    pub(super) name: String,
    pub(super) from: Signal,
    pub(super) to: Signal,
    /// Where in the past each stretch begins, and its weights; none is a wire.
    pub(super) reads: Vec<(usize, Vec<f64>)>,
    /// Its length, if it is a delay on which a reverberation time may act, and
    /// whether it is in the forward path of a recursion.
    pub(super) delay: Option<(f64, bool)>,
}

impl Line {
    /// Samples from the newest it hears to the present.
    pub(super) fn lag(&self) -> usize {
        self.reads.iter().map(|(lag, _)| *lag).min().unwrap_or(usize::MAX)
    }

    /// What it does within a frame.
    pub(super) fn instant(&self) -> f64 {
        let now = self.reads.iter().filter(|(lag, _)| *lag == 0);
        now.map(|(_, taps)| taps.first().copied().unwrap_or(1.0)).sum()
    }
}

/// Cascades of biquads.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) channels: Vec<(Signal, Signal, Vec<Section>)>,
}

/// What is left.
#[derive(Clone, Debug)]
pub(super) struct Reduced {
    pub(super) inputs: Vec<Signal>,
    pub(super) outputs: Vec<Signal>,
    pub(super) mixes: Vec<Mix>,
    pub(super) lines: Vec<Line>,
    pub(super) filters: Vec<Filter>,
}

/// Zero weights between two stretches of taps that are not worth a second one.
const GAP: usize = 8;

impl Reduced {
    pub(super) fn new(network: &Network) -> Result<Self, Error> {
        let mut reduced = Self {
            inputs: network.inputs.clone(),
            outputs: network.outputs.clone(),
            mixes: Vec::new(),
            lines: Vec::new(),
            filters: Vec::new(),
        };
        for (origin, op) in network.ops.iter().enumerate() {
            let channels = op.inputs.iter().copied().zip(op.outputs.iter().copied());
            let name = || op.name.clone();
            match &op.kind {
                OpKind::Matrix(m) => reduced.mixes.push(Mix {
                    name: name(),
                    matrix: m.clone(),
                    inputs: op.inputs.clone(),
                    outputs: op.outputs.clone(),
                }),
                OpKind::Delay { lines, forward } => {
                    for (channel, ((from, to), delay)) in channels.zip(lines).enumerate() {
                        let reads = vec![fractional::delay(delay.samples)];
                        let delay = Some((delay.samples, *forward));
                        let name = name();
                        reduced.line(Line { origin, channel, name, from, to, reads, delay });
                    }
                }
                OpKind::Fir(responses) => {
                    for (channel, ((from, to), taps)) in channels.zip(responses).enumerate() {
                        let (name, reads, delay) = (name(), stretches(taps), None);
                        reduced.line(Line { origin, channel, name, from, to, reads, delay });
                    }
                }
                OpKind::Filter(cascades) => {
                    let channels = channels.zip(cascades);
                    reduced.filter(name(), channels.map(|((f, t), c)| (f, t, cascade(c))));
                }
            }
        }
        reduced.wires()?;
        reduced.silence();
        reduced.compose();
        // What a product cancels is heard no more.
        reduced.silence();
        Ok(reduced)
    }

    /// Adds a line, or what does the same without memory.
    fn line(&mut self, line: Line) {
        let reach = line.reads.iter().map(|(lag, taps)| lag + taps.len().max(1)).max();
        if reach.is_none_or(|r| r <= 1) {
            let gain = line.instant();
            self.gain(line.name, line.from, line.to, gain);
        } else {
            self.lines.push(line);
        }
    }

    fn gain(&mut self, name: String, from: Signal, to: Signal, gain: f64) {
        let matrix = Array2::from_elem((1, 1), gain);
        self.mixes.push(Mix { name, matrix, inputs: vec![from], outputs: vec![to] });
    }

    /// Adds cascades; those that only amplify become gains.
    fn filter(
        &mut self,
        name: String,
        channels: impl Iterator<Item = (Signal, Signal, Vec<Section>)>,
    ) {
        let mut kept = Vec::new();
        for (from, to, cascade) in channels {
            match gain_of(&cascade) {
                Some(gain) => self.gain(name.clone(), from, to, gain),
                None => kept.push((from, to, cascade)),
            }
        }
        if !kept.is_empty() {
            self.filters.push(Filter { name, channels: kept });
        }
    }

    /// Calls signals that are copies by the name of what they copy.
    fn wires(&mut self) -> Result<(), Error> {
        let mut copies: HashMap<Signal, (Signal, String)> = HashMap::new();
        for mix in &mut self.mixes {
            let mut kept = Vec::new();
            for (r, row) in mix.matrix.rows().into_iter().enumerate() {
                let mut terms = row.iter().enumerate().filter(|(_, w)| **w != 0.0);
                match (terms.next(), terms.next()) {
                    (Some((j, w)), None) if *w == 1.0 => {
                        copies.insert(mix.outputs[r], (mix.inputs[j], mix.name.clone()));
                    }
                    _ => kept.push(r),
                }
            }
            mix.matrix = mix.matrix.select(ndarray::Axis(0), &kept);
            mix.outputs = kept.iter().map(|r| mix.outputs[*r]).collect();
        }
        // Chains of copies may be long, so each is followed only once.
        let mut roots: HashMap<Signal, Signal> = HashMap::new();
        let mut find = |signal: Signal| {
            let (mut at, mut way) = (signal, Vec::new());
            let root = loop {
                match (roots.get(&at), copies.get(&at)) {
                    (Some(root), _) => break *root,
                    (None, None) => break at,
                    (None, Some((_, name))) if way.len() > copies.len() => {
                        return Err(Error::NoSolution { what: name.clone() });
                    }
                    (None, Some((of, _))) => {
                        way.push(at);
                        at = *of;
                    }
                }
            };
            roots.extend(way.into_iter().map(|s| (s, root)));
            Ok(root)
        };
        for signal in self.heard() {
            *signal = find(*signal)?;
        }
        self.mixes.retain(|m| !m.outputs.is_empty());
        self.mixes.iter_mut().for_each(Mix::tidy);
        Ok(())
    }

    /// Every place where a signal is heard.
    fn heard(&mut self) -> impl Iterator<Item = &mut Signal> {
        let mixes = self.mixes.iter_mut().flat_map(|m| &mut m.inputs);
        let lines = self.lines.iter_mut().map(|l| &mut l.from);
        let filters = self.filters.iter_mut().flat_map(|f| f.channels.iter_mut().map(|c| &mut c.0));
        mixes.chain(lines).chain(filters).chain(&mut self.outputs)
    }

    /// Drops what reaches no output.
    fn silence(&mut self) {
        let wanted = self.wanted();
        self.lines.retain(|l| wanted.contains(&l.to));
        self.filters.iter_mut().for_each(|f| f.channels.retain(|c| wanted.contains(&c.1)));
        self.filters.retain(|f| !f.channels.is_empty());
        for mix in &mut self.mixes {
            mix.keep(|s| wanted.contains(&s));
        }
        self.mixes.retain(|m| !m.outputs.is_empty());
    }

    /// What reaches an output.
    fn wanted(&self) -> HashSet<Signal> {
        let lines = self.lines.iter().map(|l| (l.to, l.from));
        let filters = self.filters.iter().flat_map(|f| &f.channels).map(|c| (c.1, c.0));
        let one: HashMap<Signal, Signal> = lines.chain(filters).collect();
        let rows =
            self.mixes.iter().flat_map(|m| m.outputs.iter().enumerate().map(move |o| (m, o)));
        let rows: HashMap<Signal, (&Mix, usize)> = rows.map(|(m, (r, s))| (*s, (m, r))).collect();
        let mut wanted: HashSet<Signal> = HashSet::new();
        let mut left = self.outputs.clone();
        while let Some(signal) = left.pop() {
            if !wanted.insert(signal) {
                continue;
            }
            left.extend(one.get(&signal));
            if let Some((mix, r)) = rows.get(&signal) {
                let terms = mix.inputs.iter().zip(mix.matrix.row(*r));
                left.extend(terms.filter(|(_, w)| **w != 0.0).map(|(s, _)| s));
            }
        }
        wanted
    }
}

impl Mix {
    /// Drops the outputs that are not `wanted`, and what only they heard.
    fn keep(&mut self, wanted: impl Fn(Signal) -> bool) {
        let rows: Vec<usize> =
            (0..self.outputs.len()).filter(|r| wanted(self.outputs[*r])).collect();
        if rows.len() < self.outputs.len() {
            self.matrix = self.matrix.select(ndarray::Axis(0), &rows);
            self.outputs = rows.iter().map(|r| self.outputs[*r]).collect();
            self.tidy();
        }
    }

    /// Adds up inputs heard twice, and drops those not heard at all.
    pub(super) fn tidy(&mut self) {
        let mut columns: BTreeMap<Signal, usize> = BTreeMap::new();
        let mut inputs = Vec::new();
        let used: Vec<bool> =
            self.matrix.columns().into_iter().map(|c| c.iter().any(|x| *x != 0.0)).collect();
        for (j, s) in self.inputs.iter().enumerate() {
            if used[j] && !columns.contains_key(s) {
                columns.insert(*s, inputs.len());
                inputs.push(*s);
            }
        }
        let mut matrix = Array2::zeros((self.outputs.len(), inputs.len()));
        for ((r, j), w) in self.matrix.indexed_iter() {
            if let Some(column) = columns.get(&self.inputs[j]) {
                matrix[(r, *column)] += w;
            }
        }
        (self.matrix, self.inputs) = (matrix, inputs);
    }
}

/// The stretches of an impulse response that are not silent.
fn stretches(taps: &[f64]) -> Vec<(usize, Vec<f64>)> {
    let mut all: Vec<(usize, Vec<f64>)> = Vec::new();
    for (k, tap) in taps.iter().enumerate().filter(|(_, t)| **t != 0.0) {
        match all.last_mut() {
            Some((lag, taps)) if k < *lag + taps.len() + GAP => {
                taps.resize(k - *lag, 0.0);
                taps.push(*tap);
            }
            _ => all.push((k, vec![*tap])),
        }
    }
    all
}

/// A cascade whose pure gains are part of another section.
fn cascade(sections: &[Section]) -> Vec<Section> {
    let pure = |s: &Section| s.b[1..] == [0.0; 2] && s.a == [0.0; 2];
    let gain: f64 = sections.iter().filter(|s| pure(s)).map(|s| s.b[0]).product();
    let mut rest: Vec<Section> = sections.iter().filter(|s| !pure(s)).copied().collect();
    match rest.first_mut() {
        Some(first) => first.b.iter_mut().for_each(|b| *b *= gain),
        None => rest.push(Section { b: [gain, 0.0, 0.0], a: [0.0; 2] }),
    }
    balance(&mut rest);
    rest
}

/// Gains of sections that are this far apart are spread evenly: tools often write
/// that of a high order into its first section, and from there on single precision
/// would hold nothing.
const APART: f64 = 1e-6;

fn balance(sections: &mut [Section]) {
    let size = |s: &Section| s.b.iter().fold(0.0_f64, |most, b| most.max(b.abs()));
    let (least, most) =
        sections.iter().map(size).fold((f64::INFINITY, 0.0_f64), |(a, b), x| (a.min(x), b.max(x)));
    if least >= APART * most || least == 0.0 {
        return;
    }
    let mean = sections.iter().map(|s| size(s).ln()).sum::<f64>() / sections.len() as f64;
    for section in sections {
        let scale = mean.exp() / size(section);
        section.b.iter_mut().for_each(|b| *b *= scale);
    }
}

/// The gain of a cascade that does nothing else.
fn gain_of(cascade: &[Section]) -> Option<f64> {
    match cascade {
        [Section { b: [gain, 0.0, 0.0], a: [0.0, 0.0] }] => Some(*gain),
        _ => None,
    }
}
