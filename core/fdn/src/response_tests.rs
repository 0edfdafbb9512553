use std::f64::consts::{PI, TAU};
use std::time::Instant;

use ndarray::array;
use num_complex::Complex64;

use super::*;
use crate::graph::Controls;

fn graph(root: Node) -> Graph {
    Graph {
        name: "test".into(),
        sample_rate: 48_000.0,
        root,
        controls: Controls::default(),
        revision: None,
    }
}

fn leaf(module: Module) -> Node {
    Node::module("leaf", module).unwrap()
}

fn delay(samples: f64) -> Delay {
    Delay { samples, interpolated: samples.fract() != 0.0 }
}

#[test]
fn every_module_is_what_its_definition_says() {
    let z = Complex64::from_polar(1.1, 0.7);
    let section = Section { b: [0.5, -0.25, 0.125], a: [-0.9, 0.4] };
    let biquad = (0.5 - 0.25 / z + 0.125 / (z * z)) / (1.0 - 0.9 / z + 0.4 / (z * z));
    let taps = vec![1.0, 0.0, -2.0];
    let fir = 1.0 - 2.0 / (z * z);
    let late = z.powf(-2.5);
    let cases = [
        (Module::Matrix(array![[3.0]]), Complex64::from(3.0)),
        (Module::Delay(vec![delay(2.5)]), late),
        (Module::Filter(vec![vec![section, section]]), biquad * biquad),
        (Module::Filter(vec![vec![]]), Complex64::ONE),
        (Module::Fir(vec![taps.clone()]), fir),
        (Module::Fir(vec![vec![]]), Complex64::ZERO),
        (Module::DelayMatrix(array![[(-0.5, delay(2.5))]]), -0.5 * late),
        (Module::FilterMatrix(array![[vec![section]]]), biquad),
        (Module::FirMatrix(array![[taps]]), fir),
    ];
    for (module, expected) in cases {
        let h = graph(leaf(module.clone())).response(z).unwrap();
        assert!((h[(0, 0)] - expected).norm() < 1e-14, "{module:?}");
    }
}

#[test]
fn nodes_compose_as_matrices_do() {
    let a = || leaf(Module::Matrix(array![[1.0, 2.0], [3.0, 4.0]]));
    let b = || leaf(Module::Matrix(array![[0.0, 1.0], [0.5, 0.0]]));
    let at = |node: Node| graph(node).response(Complex64::ONE).unwrap().mapv(|h| h.re);
    let series = Node::series("s", 2, vec![a(), b()]).unwrap();
    assert_eq!(at(series), array![[3.0, 4.0], [0.5, 1.0]]);
    let sum = Node::parallel("p", vec![a(), b()], true).unwrap();
    assert_eq!(at(sum), array![[1.0, 3.0], [3.5, 4.0]]);
    let both = Node::parallel("p", vec![a(), b()], false).unwrap();
    assert_eq!(at(both), array![[1.0, 2.0], [3.0, 4.0], [0.0, 1.0], [0.5, 0.0]]);
    // (I − A·B)⁻¹·A; A·B = [[1, 1], [2, 3]].
    let h = at(Node::recursion("r", a(), b()).unwrap());
    let expected = array![[-0.5, 0.0], [-1.0, -2.0]];
    assert!((h - expected).iter().all(|e: &f64| e.abs() < 1e-12));
}

#[test]
fn a_fraction_of_a_sample_is_a_sinc() {
    let root = leaf(Module::Delay(vec![delay(100.25)]));
    let h = graph(root).impulse_response(1000).unwrap();
    for n in 50..150 {
        let x = PI * (n as f64 - 100.25);
        // The period is 65 536, so the sinc's neighbours are as good as nothing.
        assert!((h[(0, 0, n)] - x.sin() / x).abs() < 2e-5, "{n}");
    }
}

#[test]
fn what_lasts_longer_than_the_response_does_not_come_round() {
    // Lossless: what comes round would be as large as what is there.
    let echo = leaf(Module::Delay(vec![delay(1000.0)]));
    let back = leaf(Module::Matrix(array![[-1.0]]));
    let h = graph(Node::recursion("echo", echo, back).unwrap()).impulse_response(4500).unwrap();
    for (n, h) in h.iter().enumerate() {
        let expected = match n {
            1000 | 3000 => 1.0,
            2000 | 4000 => -1.0,
            _ => 0.0,
        };
        assert!((h - expected).abs() < 1e-9, "{n}: {h}");
    }
}

#[test]
fn what_has_no_answer_is_refused() {
    let wire = || leaf(Module::Matrix(array![[1.0]]));
    let howl = graph(Node::recursion("howl", wire(), wire()).unwrap());
    let found = howl.response(Complex64::ONE).unwrap_err();
    assert!(matches!(found, Error::NoSolution { what } if what == "howl"));
    let pole = Section { b: [1.0, 0.0, 0.0], a: [-1.0, 0.0] };
    let hum = graph(leaf(Module::Filter(vec![vec![pole]])));
    assert!(matches!(hum.response(Complex64::ONE), Err(Error::NoSolution { .. })));
    for z in [Complex64::ZERO, Complex64::new(f64::NAN, 0.0)] {
        assert!(matches!(graph(wire()).response(z), Err(Error::Invalid { .. })));
    }
    let much = graph(wire()).impulse_response(usize::MAX);
    assert!(matches!(much, Err(Error::TooLarge { .. })));
    assert_eq!(graph(wire()).impulse_response(0).unwrap().len(), 0);
}

#[test]
fn the_response_on_the_circle_is_the_transform_of_the_impulse_response() {
    let graph = crate::testing::random_graph(3, &crate::testing::Recipe::default());
    let h = graph.impulse_response(1 << 13).unwrap();
    for turn in [0.0, 0.01, 0.2, 0.5] {
        let expected = graph.response(Complex64::from_polar(1.0, TAU * turn)).unwrap();
        for ((o, i), expected) in expected.indexed_iter() {
            let sum: Complex64 = (0..1 << 13)
                .map(|n| h[(o, i, n)] * Complex64::from_polar(1.0, -TAU * turn * n as f64))
                .sum();
            assert!((sum - expected).norm() < 1e-9, "{turn}: {sum} {expected}");
        }
    }
}

#[test]
fn thirty_two_lines_take_seconds() {
    let n = 32;
    let lines = (0..n).map(|i| delay((809 + 131 * i) as f64)).collect();
    let pole = Section { b: [0.2, 0.0, 0.0], a: [-0.75, 0.0] };
    let forward = vec![leaf(Module::Delay(lines)), leaf(Module::Filter(vec![vec![pole]; n]))];
    let forward = Node::series("f", n, forward).unwrap();
    let mirror = Array2::from_shape_fn((n, n), |(o, i)| f64::from(o == i) - 2.0 / n as f64);
    let root = Node::recursion("r", forward, leaf(Module::Matrix(mirror))).unwrap();
    let ins = leaf(Module::Matrix(Array2::ones((n, 2))));
    let outs = leaf(Module::Matrix(Array2::ones((2, n))));
    let graph = graph(Node::series("s", 2, vec![ins, root, outs]).unwrap());
    let start = Instant::now();
    let h = graph.impulse_response(16384).unwrap();
    println!("{:?}", start.elapsed());
    assert_eq!(h[(0, 1, 0)], h[(1, 0, 0)]);
    assert!((h[(0, 0, 809)] - 0.2).abs() < 1e-10);
    assert!(start.elapsed().as_secs() < 20);
}
