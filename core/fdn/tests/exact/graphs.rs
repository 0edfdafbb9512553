//! Graphs of every shape.

use std::f64::consts::PI;

use fdn::{Controls, Delay, Graph, Module, Node, Section};
use ndarray::{Array2, array};

type Named = Vec<(&'static str, Graph)>;

fn graph(root: Node) -> Graph {
    Graph {
        name: "test".into(),
        sample_rate: 48_000.0,
        root,
        controls: Controls::default(),
        revision: None,
    }
}

fn leaf(name: &str, module: Module) -> Node {
    Node::module(name, module).unwrap()
}

fn matrix(name: &str, m: Array2<f64>) -> Node {
    leaf(name, Module::Matrix(m))
}

fn delays(name: &str, samples: &[f64]) -> Node {
    let lines = samples.iter().map(|s| Delay { samples: *s, interpolated: s.fract() != 0.0 });
    leaf(name, Module::Delay(lines.collect()))
}

fn series(children: Vec<Node>) -> Node {
    Node::series("series", 1, children).unwrap()
}

fn parallel(branches: Vec<Node>, sum: bool) -> Node {
    Node::parallel("parallel", branches, sum).unwrap()
}

/// All loops have the same name.
fn recursion(forward: Node, backward: Node) -> Node {
    Node::recursion("loop", forward, backward).unwrap()
}

/// I − 2/N·11ᵀ, times `gain`: lossless at 1.
fn householder(n: usize, gain: f64) -> Node {
    matrix("fB", gain * (Array2::eye(n) - 2.0 / n as f64))
}

fn into(n: usize) -> Node {
    matrix("b", Array2::from_shape_fn((n, 2), |(i, j)| 0.3 + 0.2 * ((3 * i + 5 * j) as f64).sin()))
}

fn out_of(n: usize) -> Node {
    matrix("c", Array2::from_shape_fn((2, n), |(i, j)| 0.5 * ((7 * i + 2 * j + 1) as f64).cos()))
}

/// Between an input and an output of two channels.
fn wrapped(n: usize, core: Node) -> Graph {
    graph(series(vec![into(n), core, out_of(n)]))
}

/// H = (1 − p)/(1 − p·z⁻¹).
fn one_pole(p: f64) -> Section {
    Section { b: [1.0 - p, 0.0, 0.0], a: [-p, 0.0] }
}

/// A peaking filter after the cookbook of R. Bristow-Johnson.
fn peak(hz: f64, q: f64, db: f64) -> Section {
    let (omega, a) = (2.0 * PI * hz / 48_000.0, 10f64.powf(db / 40.0));
    let alpha = omega.sin() / (2.0 * q);
    let a0 = 1.0 + alpha / a;
    let b1 = -2.0 * omega.cos() / a0;
    let b = [(1.0 + alpha * a) / a0, b1, (1.0 - alpha * a) / a0];
    Section { b, a: [b1, (1.0 - alpha / a) / a0] }
}

fn filters(sections: Vec<Vec<Section>>) -> Node {
    leaf("filters", Module::Filter(sections))
}

const LINES: [f64; 4] = [809.0, 1013.0, 1277.0, 1499.0];
const SHORT: [f64; 4] = [29.0, 31.0, 37.0, 41.0];

pub(crate) fn loops() -> Named {
    let damped = series(vec![
        delays("d", &LINES),
        filters([0.1, 0.2, 0.3, 0.4].map(|p| vec![one_pole(p)]).into()),
    ]);
    let wet = series(vec![into(4), recursion(damped, householder(4, 0.97)), out_of(4)]);
    let direct = matrix("direct", array![[0.7, 0.05], [0.05, 0.7]]);
    let canonical = graph(parallel(vec![direct, wet], true));
    let both =
        series(vec![delays("a", &SHORT), matrix("m", 0.9 * Array2::eye(4)), delays("b", &LINES)]);
    let skewed = parallel(vec![matrix("now", 0.2 * Array2::eye(4)), delays("later", &SHORT)], true);
    let inner = recursion(delays("d", &SHORT), matrix("fB", -0.5 * Array2::eye(4)));
    let nested =
        series(vec![delays("d", &LINES), matrix("g", 0.4 * Array2::eye(4)), inner.clone()]);
    let all_pass = |m: f64, g: f64| {
        let delayed = recursion(delays("d", &[m]), matrix("g", array![[g]]));
        let scaled = series(vec![delayed, matrix("s", array![[1.0 - g * g]])]);
        parallel(vec![matrix("now", array![[-g]]), scaled], true)
    };
    let diffused =
        |m: f64| series(vec![delays("d", &[m]), all_pass(113.0, 0.6), all_pass(37.0, -0.5)]);
    let gains = matrix("fB", 0.8 * Array2::eye(4));
    vec![
        ("canonical", canonical),
        ("lossless", wrapped(4, recursion(delays("d", &LINES), householder(4, 1.0)))),
        (
            "delays_backward",
            wrapped(4, recursion(gains, series(vec![householder(4, 0.9), delays("d", &LINES)]))),
        ),
        ("two_delays_forward", wrapped(4, recursion(both, householder(4, 0.9)))),
        (
            "parallel_in_loop",
            wrapped(4, recursion(series(vec![delays("d", &LINES), skewed]), householder(4, 0.7))),
        ),
        ("nested", wrapped(4, recursion(nested, householder(4, 0.9)))),
        (
            "two_loops",
            wrapped(4, series(vec![inner, recursion(delays("d", &LINES), householder(4, 0.9))])),
        ),
        ("all_passes", graph(recursion(diffused(977.0), matrix("g", array![[0.7]])))),
        (
            "one_sample",
            wrapped(
                2,
                recursion(delays("d", &[1.0, 2.0]), matrix("fB", array![[0.3, -0.8], [0.7, 0.2]])),
            ),
        ),
        (
            "narrowing",
            graph(recursion(
                series(vec![matrix("in", array![[0.5, 0.4]]), delays("d", &[101.0])]),
                matrix("fB", array![[0.6], [0.9]]),
            )),
        ),
    ]
}

pub(crate) fn modules() -> Named {
    let taps = |n: usize| {
        (0..n).map(|k| 0.7 * (-0.4 * k as f64).exp() * (1.0 + k as f64).sin()).collect::<Vec<_>>()
    };
    let mut late = vec![0.0; 50];
    late.extend(taps(5));
    let scattering = Array2::from_shape_fn((2, 2), |(i, j)| {
        let mut f = vec![0.0; 3 + 5 * i + 7 * j];
        f.push(if (i, j) == (1, 1) { -0.6 } else { 0.6 });
        f.push(0.05);
        f
    });
    let delay = |samples: f64| Delay { samples, interpolated: false };
    let pairs =
        array![[(0.5, delay(0.0)), (-0.3, delay(11.0))], [(0.4, delay(400.0)), (0.2, delay(1.0))]];
    let cascades = array![
        [vec![one_pole(0.5)], vec![]],
        [
            vec![peak(900.0, 0.7, 6.0), one_pole(0.2)],
            vec![Section { b: [0.5, 0.25, -0.1], a: [0.0, 0.0] }]
        ]
    ];
    let unused =
        matrix("m", array![[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.5, 1.0]]);
    let wire = Node::series("wire", 2, Vec::new()).unwrap();
    vec![
        ("fir", graph(leaf("f", Module::Fir(vec![taps(30), late, vec![0.0, 0.0], vec![]])))),
        (
            "scattering",
            wrapped(
                2,
                recursion(delays("d", &[211.0, 307.0]), leaf("fB", Module::FirMatrix(scattering))),
            ),
        ),
        ("delay_matrix", wrapped(2, leaf("f", Module::DelayMatrix(pairs)))),
        ("filter_matrix", wrapped(2, leaf("f", Module::FilterMatrix(cascades)))),
        ("unused_input", graph(unused)),
        (
            "side_by_side",
            graph(parallel(vec![wire.clone(), delays("d", &[5.0, 0.0]), wire], false)),
        ),
    ]
}

pub(crate) fn without_delay() -> Named {
    let zero = recursion(delays("d", &[0.0, 331.0, 0.0, 487.0]), householder(4, 0.9));
    let gains = matrix("fB", array![[0.2, -0.5], [0.4, 0.1]]);
    let filtered = filters(vec![vec![peak(500.0, 1.0, 3.0), one_pole(0.6)], vec![one_pole(0.3)]]);
    let fir = leaf("fir", Module::Fir(vec![vec![0.5, 0.3], vec![0.4, 0.0, -0.3]]));
    let late = filters(vec![vec![Section { b: [0.0, 0.5, 0.2], a: [-0.4, 0.1] }]; 2]);
    vec![
        ("zero_lines", wrapped(4, zero)),
        (
            "gains_in_loop",
            wrapped(2, recursion(matrix("m", array![[0.9, 0.1], [0.0, 0.8]]), gains.clone())),
        ),
        ("filters_in_loop", wrapped(2, recursion(filtered, gains.clone()))),
        ("fir_in_loop", wrapped(2, recursion(fir, gains.clone()))),
        ("filter_is_the_delay", wrapped(2, recursion(late, gains))),
    ]
}

pub(crate) fn resonant() -> Named {
    let bumps = vec![vec![peak(35.0, 4.0, 1.0), peak(63.0, 1.4, -2.0), peak(8000.0, 0.7, -3.0)]; 4];
    let loop_ = recursion(series(vec![delays("d", &LINES), filters(bumps)]), householder(4, 0.8));
    // A mode of its own, and one pole beyond what a state variable filter can be.
    let mode =
        Section { b: [0.01, 0.0, -0.01], a: [-2.0 * 0.9995 * (0.004f64).cos(), 0.9995 * 0.9995] };
    let integrator = Section { b: [0.001, 0.0, 0.0], a: [-1.0, 0.0] };
    vec![("bumps", wrapped(4, loop_)), ("mode", graph(filters(vec![vec![mode], vec![integrator]])))]
}

pub(crate) fn fractional() -> Named {
    // What is above half of the band is not to be heard.
    let low_pass = (0..127).map(|n| {
        let t = f64::from(n - 63);
        let sinc = if t == 0.0 { 0.5 } else { (PI * 0.5 * t).sin() / (PI * t) };
        sinc * (0.42 + 0.5 * (PI * t / 64.0).cos() + 0.08 * (2.0 * PI * t / 64.0).cos())
    });
    let taps: Vec<f64> = low_pass.collect();
    let heard = leaf("low", Module::Fir(vec![taps; 2]));
    let loop_ = recursion(delays("d", &[401.37, 523.5, 677.91, 811.02]), householder(4, 0.8));
    vec![("fractional", graph(series(vec![heard, into(4), loop_, out_of(4)])))]
}
