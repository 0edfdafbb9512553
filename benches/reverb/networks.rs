//! The networks that are measured: the textbook's feedback delay network, stereo,
//! delays of different primes, an absorption filter for each line.

use std::f64::consts::PI;

use fdn::{Controls, Delay, Graph, Module, Node, Section};
use ndarray::Array2;

use crate::common::models::Random;

/// The feedback matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Feedback {
    /// Without structure.
    Orthogonal,
    Hadamard,
    Householder,
    /// A Kronecker product of rotations.
    Rotation,
}

impl Feedback {
    pub(crate) const ALL: [Self; 4] =
        [Feedback::Orthogonal, Feedback::Hadamard, Feedback::Householder, Feedback::Rotation];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Feedback::Orthogonal => "orthogonal",
            Feedback::Hadamard => "Hadamard",
            Feedback::Householder => "Householder",
            Feedback::Rotation => "rotation",
        }
    }
}

/// What a line absorbs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Absorption {
    None,
    OnePole,
    /// Eleven peaks about an octave apart, the gain of all in the first.
    Geq,
}

impl Absorption {
    pub(crate) const ALL: [Self; 3] = [Absorption::None, Absorption::OnePole, Absorption::Geq];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Absorption::None => "plain",
            Absorption::OnePole => "one-pole",
            Absorption::Geq => "11-band",
        }
    }
}

/// Hz.
pub(crate) const RATE: f64 = 48_000.0;

/// Its delays, in samples.
fn delays(lines: usize) -> Vec<usize> {
    let prime = |n: &usize| (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    // Every third prime from 20 ms on, fewer apart where there are many lines.
    let step = if lines > 64 { 2 } else { 3 };
    (967..).filter(prime).step_by(step).take(lines).collect()
}

/// Its feedback matrix.
fn matrix(lines: usize, feedback: Feedback) -> Array2<f64> {
    match feedback {
        Feedback::Orthogonal => orthogonal(lines),
        Feedback::Hadamard => Array2::from_shape_fn((lines, lines), |(i, j)| {
            let sign = if (i & j).count_ones() % 2 == 0 { 1.0 } else { -1.0 };
            sign / (lines as f64).sqrt()
        }),
        Feedback::Householder => Array2::from_shape_fn((lines, lines), |(i, j)| {
            f64::from(u8::from(i == j)) - 2.0 / lines as f64
        }),
        Feedback::Rotation => {
            let mut m = Array2::<f64>::eye(1);
            while m.nrows() < lines {
                let n = m.nrows();
                let (s, c) = (0.3 + 0.17 * n as f64).sin_cos();
                let turn = [[c, -s], [s, c]];
                m = Array2::from_shape_fn((2 * n, 2 * n), |(i, j)| {
                    turn[i / n][j / n] * m[(i % n, j % n)]
                });
            }
            m
        }
    }
}

/// Gram and Schmidt's of random vectors.
fn orthogonal(n: usize) -> Array2<f64> {
    let mut random = Random::new(1 + n as u64);
    let mut m = Array2::from_shape_fn((n, n), |_| f64::from(random.draw()));
    for i in 0..n {
        for _ in 0..2 {
            for j in 0..i {
                let along = m.row(i).dot(&m.row(j));
                let other = m.row(j).to_owned();
                m.row_mut(i).scaled_add(-along, &other);
            }
        }
        let size = m.row(i).dot(&m.row(i)).sqrt();
        m.row_mut(i).mapv_inplace(|x| x / size);
    }
    m
}

/// The biquads of a line of `samples`.
fn absorption(samples: usize, absorption: Absorption) -> Vec<Section> {
    let per_pass = |t60: f64| 10f64.powf(-3.0 * samples as f64 / (RATE * t60));
    match absorption {
        Absorption::None => vec![],
        Absorption::OnePole => {
            let (low, high) = (per_pass(1.5), per_pass(0.5));
            let a1 = (1.0 - low / high) / (1.0 + low / high);
            vec![Section { b: [(1.0 - a1.abs()) * high, 0.0, 0.0], a: [a1, 0.0] }]
        }
        Absorption::Geq => (0..11)
            .map(|band| {
                let t60 = 1.6 - 0.11 * f64::from(band);
                let gain = per_pass(t60) / per_pass(1.3);
                let all = if band == 0 { per_pass(1.3) } else { 1.0 };
                let f = (31.25 * 2f64.powf(f64::from(band) * 0.93)).min(18_000.0);
                peak(f, gain, all)
            })
            .collect(),
    }
}

/// A peak of an octave (Bristow-Johnson, "Cookbook formulae for audio EQ").
fn peak(f: f64, gain: f64, all: f64) -> Section {
    let (a, w) = (gain.sqrt(), 2.0 * PI * f / RATE);
    let alpha = w.sin() / 2.8;
    let a0 = 1.0 + alpha / a;
    let b = [1.0 + alpha * a, -2.0 * w.cos(), 1.0 - alpha * a].map(|b| all * b / a0);
    Section { b, a: [-2.0 * w.cos() / a0, (1.0 - alpha / a) / a0] }
}

/// A network by what it is made of.
pub(crate) struct Canonical {
    pub(crate) delays: Vec<Delay>,
    pub(crate) feedback: Array2<f64>,
    /// The biquads of each line, or none.
    pub(crate) absorption: Vec<Vec<Section>>,
    /// Lines × 2.
    pub(crate) input: Array2<f64>,
    /// 2 × lines.
    pub(crate) output: Array2<f64>,
    /// 2 × 2, past the loop.
    pub(crate) direct: Array2<f64>,
}

impl Canonical {
    /// With delays of whole samples.
    pub(crate) fn new(lines: usize, feedback: Feedback, kind: Absorption) -> Self {
        let mut random = Random::new(5);
        let mut gains = |n, m| Array2::from_shape_fn((n, m), |_| f64::from(random.draw()) / 4.0);
        let delays = delays(lines);
        Self {
            feedback: matrix(lines, feedback),
            absorption: match kind {
                Absorption::None => vec![],
                _ => delays.iter().map(|m| absorption(*m, kind)).collect(),
            },
            input: gains(lines, 2),
            output: gains(2, lines),
            direct: gains(2, 2),
            delays: delays
                .iter()
                .map(|m| Delay { samples: *m as f64, interpolated: false })
                .collect(),
        }
    }

    /// The same with delays between samples.
    pub(crate) fn fractional(mut self) -> Self {
        for (i, delay) in self.delays.iter_mut().enumerate() {
            delay.samples += 0.1 + 0.8 * (i as f64 * 0.618).fract();
            delay.interpolated = true;
        }
        self
    }

    /// As a graph.
    pub(crate) fn graph(&self) -> Graph {
        let leaf = |name: &str, module| Node::module(name, module).expect("a valid module");
        let gains = |name: &str, gains: &Array2<f64>| leaf(name, Module::Matrix(gains.clone()));
        let lines = self.delays.len();
        let mut forward = vec![leaf("delays", Module::Delay(self.delays.clone()))];
        if !self.absorption.is_empty() {
            forward.push(leaf("absorption", Module::Filter(self.absorption.clone())));
        }
        let forward = Node::series("forward", lines, forward).expect("as many lines");
        let back = gains("feedback", &self.feedback);
        let recursion = Node::recursion("loop", forward, back).expect("a square matrix");
        let wet = vec![gains("in", &self.input), recursion, gains("out", &self.output)];
        let wet = Node::series("wet", 2, wet).expect("as many lines");
        let both = vec![wet, gains("direct", &self.direct)];
        let root = Node::parallel("all", both, true).expect("stereo twice");
        Graph {
            name: "canonical".into(),
            sample_rate: RATE,
            root,
            controls: Controls::default(),
            revision: None,
        }
    }
}
