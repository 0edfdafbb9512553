//! The networks that are measured: the textbook's feedback delay network, stereo,
//! delays of different primes, an absorption filter for each line.

use std::f64::consts::PI;

use fdn::{Controls, Delay, Graph, Module, Node, Section};
use ndarray::Array2;

use crate::common::models::Random;

/// The feedback matrix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Feedback {
    Orthogonal,
    Hadamard,
    Householder,
    /// A Kronecker product of rotations.
    Rotation,
}

/// What a line absorbs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Absorption {
    None,
    OnePole,
    /// Eleven bands: ten peaks an octave apart and a gain in the first.
    Geq,
}

pub const RATE: f64 = 48_000.0;

/// Its delays, in samples.
pub fn delays(lines: usize) -> Vec<usize> {
    let prime = |n: &usize| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0);
    // Every third prime from 20 ms on, fewer apart where there are many lines.
    let step = if lines > 64 { 2 } else { 3 };
    (967..).filter(prime).step_by(step).take(lines).collect()
}

/// Its feedback matrix.
pub fn matrix(lines: usize, feedback: Feedback) -> Array2<f64> {
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
pub fn absorption(samples: usize, absorption: Absorption) -> Vec<Section> {
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

/// The whole graph.
pub fn canonical(lines: usize, feedback: Feedback, kind: Absorption) -> Graph {
    let mut random = Random::new(5);
    let mut gains = |n, m| Array2::from_shape_fn((n, m), |_| f64::from(random.draw()) / 4.0);
    let delays = delays(lines);
    let line = |samples: usize| Delay { samples: samples as f64, interpolated: false };
    let leaf = |name: &str, module| Node::module(name, module).unwrap();
    let mut forward =
        vec![leaf("delays", Module::Delay(delays.iter().map(|m| line(*m)).collect()))];
    if kind != Absorption::None {
        let cascades = delays.iter().map(|m| absorption(*m, kind)).collect();
        forward.push(leaf("absorption", Module::Filter(cascades)));
    }
    let forward = Node::series("forward", lines, forward).unwrap();
    let back = leaf("feedback", Module::Matrix(matrix(lines, feedback)));
    let wet = vec![
        leaf("in", Module::Matrix(gains(lines, 2))),
        Node::recursion("loop", forward, back).unwrap(),
        leaf("out", Module::Matrix(gains(2, lines))),
    ];
    let wet = Node::series("wet", 2, wet).unwrap();
    let dry = leaf("dry", Module::Matrix(gains(2, 2)));
    let root = Node::parallel("all", vec![wet, dry], true).unwrap();
    Graph { name: "canonical".into(), sample_rate: RATE, root, controls: Controls::default() }
}

pub fn chosen() -> Vec<Feedback> {
    if std::env::args().any(|a| a == "--dense") {
        vec![Feedback::Orthogonal]
    } else {
        vec![Feedback::Orthogonal, Feedback::Hadamard, Feedback::Householder, Feedback::Rotation]
    }
}
pub fn sizes() -> Vec<usize> {
    if std::env::args().any(|a| a == "--few") {
        match std::env::var("N") {
            Ok(n) => vec![n.parse().unwrap()],
            _ => vec![32, 128],
        }
    } else {
        vec![4, 8, 16, 32, 64, 128]
    }
}

pub fn kinds() -> Vec<Absorption> {
    let all = [Absorption::None, Absorption::OnePole, Absorption::Geq];
    match std::env::var("KIND") {
        Ok(k) => vec![all[k.parse::<usize>().unwrap()]],
        _ => all.to_vec(),
    }
}
pub fn isas() -> Vec<fdn::Isa> {
    match std::env::var("ISA") {
        Ok(k) if k == "2" => vec![fdn::Isa::Avx2],
        Ok(_) => vec![fdn::Isa::Avx512],
        _ => vec![fdn::Isa::Avx512, fdn::Isa::Avx2],
    }
}
