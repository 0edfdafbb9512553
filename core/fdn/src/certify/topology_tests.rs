//! Networks of all shapes, against the winding of the determinant of all of their
//! signals at once, which knows nothing of loops, lines or bounds.

use nalgebra::DMatrix;
use ndarray::{Array2, array};
use num_complex::Complex64;

use super::*;
use crate::graph::{Controls, Delay, Graph, Module, Node, Section};

fn whole(samples: usize) -> Delay {
    Delay { samples: samples as f64, interpolated: false }
}

fn delays(lengths: &[usize]) -> Node {
    Node::module("delays", Module::Delay(lengths.iter().map(|m| whole(*m)).collect())).unwrap()
}

fn matrix(m: Array2<f64>) -> Node {
    Node::module("matrix", Module::Matrix(m)).unwrap()
}

fn series(children: Vec<Node>) -> Node {
    Node::series("series", 1, children).unwrap()
}

fn recursion(forward: Node, backward: Node) -> Node {
    Node::recursion("recursion", forward, backward).unwrap()
}

fn network(root: Node) -> Network {
    let name = "test".to_owned();
    Network::new(&Graph {
        name,
        sample_rate: 48000.0,
        root,
        controls: Controls::default(),
        revision: None,
    })
}

fn certified(root: Node) -> Certificate {
    certify(&network(root), &Conditions::default())
}

/// Schroeder's all-pass, (−g + z^-m) / (1 − g·z^-m) of every channel.
fn allpass(gain: f64, lengths: &[usize]) -> Node {
    let n = lengths.len();
    let back = matrix(Array2::eye(n) * gain);
    let inside = recursion(delays(lengths), back);
    let wet = series(vec![inside, matrix(Array2::eye(n) * (1.0 - gain * gain))]);
    Node::parallel("allpass", vec![wet, matrix(Array2::eye(n) * -gain)], true).unwrap()
}

fn rotation(gain: f64) -> Array2<f64> {
    let (s, c) = 0.7_f64.sin_cos();
    array![[c, -s], [s, c]] * gain
}

/// The zeros of det(I − T) outside the circle, T what makes each signal of each.
fn winding(network: &Network) -> i64 {
    let f = |omega: f64| {
        let w = Complex64::from_polar(1.0, -omega);
        let n = network.signals;
        let mut m = DMatrix::<Complex64>::identity(n, n);
        for op in &network.ops {
            for (o, out) in op.outputs.iter().enumerate() {
                let mut hear = |i: usize, g: Complex64| {
                    m[(out.0 as usize, op.inputs[i].0 as usize)] -= g;
                };
                let polynomial =
                    |c: &[f64]| c.iter().rev().fold(Complex64::ZERO, |sum, c| sum * w + c);
                match &op.kind {
                    OpKind::Matrix(m) => {
                        m.row(o).iter().enumerate().for_each(|(i, g)| hear(i, (*g).into()));
                    }
                    OpKind::Delay { lines, .. } => hear(o, w.powf(lines[o].samples)),
                    OpKind::Fir(taps) => hear(o, polynomial(&taps[o])),
                    OpKind::Filter(cascades) => {
                        let each = cascades[o]
                            .iter()
                            .map(|s| polynomial(&s.b) / polynomial(&[1.0, s.a[0], s.a[1]]));
                        hear(o, each.product());
                    }
                }
            }
        }
        m.determinant()
    };
    let (mut at, mut step, mut last, mut arg) = (0.0, 1e-3, f(0.0), 0.0);
    while at < std::f64::consts::PI {
        let to = (at + step).min(std::f64::consts::PI);
        let next = f(to);
        // Half as far when it changes by more than half of itself.
        if (next - last).norm() > 0.5 * last.norm().min(next.norm()) {
            step *= 0.5;
            continue;
        }
        arg += (next / last).arg();
        (at, last, step) = (to, next, step * 1.5);
    }
    let turns = -arg / std::f64::consts::PI;
    assert!((turns - turns.round()).abs() < 1e-6);
    turns.round() as i64
}

#[test]
fn allpasses_in_a_loop_cost_nothing() {
    for (gain, verdict) in [
        (0.98, Verdict::CertifiedStable),
        (1.0, Verdict::MarginallyStable),
        (1.02, Verdict::Unstable),
    ] {
        let forward = series(vec![allpass(0.6, &[5, 7]), delays(&[31, 41])]);
        let found = certified(recursion(forward, matrix(rotation(gain))));
        assert_eq!(found.verdict, verdict, "{gain}: {found:?}");
        let bound = found.loops[0].bound.unwrap();
        assert!((bound - gain).abs() < 3e-2, "{gain}: {bound}");
    }
    let found = certified(allpass(0.7, &[100]));
    assert_eq!(found.verdict, Verdict::CertifiedStable);
    assert_eq!(certified(allpass(1.01, &[100])).unstable_poles, Some(100));
}

#[test]
fn delays_and_filters_may_be_anywhere_in_a_loop() {
    let low = Section { b: [0.4, 0.0, 0.0], a: [-0.6, 0.0] };
    let filter = || Node::module("filter", Module::Filter(vec![vec![low]; 2])).unwrap();
    let backward = series(vec![matrix(rotation(0.9)), delays(&[11, 3]), filter()]);
    let found = certified(recursion(delays(&[4, 0]), backward));
    assert_eq!(found.loops[0].proof, Some(Proof::Bound));
    assert_eq!(found.loops[0].lines.len(), 2);
    assert_eq!((found.loops[0].shortest, found.loops[0].longest), (3.0, 15.0));
    let parallel =
        Node::parallel("both", vec![delays(&[9, 12]), matrix(Array2::eye(2) * 0.3)], true);
    let forward = series(vec![delays(&[20, 30]), parallel.unwrap(), filter()]);
    let found = certified(recursion(forward, matrix(rotation(0.7))));
    assert_eq!(found.verdict, Verdict::CertifiedStable);
    assert_eq!(found.loops[0].proof, Some(Proof::Bound), "{found:?}");
}

#[test]
fn a_paraunitary_matrix_of_responses_is_lossless() {
    // Two rotations around a delay of one channel.
    let (a, b) = (rotation(0.95), rotation(1.0));
    let taps = Array2::from_shape_fn((2, 2), |(i, j)| {
        vec![a[(i, 0)] * b[(0, j)], 0.0, 0.0, a[(i, 1)] * b[(1, j)]]
    });
    let scatter = Node::module("scatter", Module::FirMatrix(taps)).unwrap();
    let found = certified(recursion(delays(&[101, 211]), scatter));
    assert_eq!(found.loops[0].proof, Some(Proof::Bound), "{found:?}");
    let bound = found.loops[0].bound.unwrap();
    assert!((0.95..0.97).contains(&bound), "{bound}");
}

#[test]
fn loops_without_delay_are_solved_or_refused() {
    let gain = |g: f64| matrix(array![[g]]);
    let found = certified(recursion(gain(0.5), gain(0.5)));
    assert_eq!(found.verdict, Verdict::CertifiedStable);
    let found = certified(recursion(gain(0.5), gain(2.0)));
    assert_eq!(found.verdict, Verdict::Indeterminate);
    assert_eq!(found.unstable_poles, None);
    // y = x + (1 + z⁻¹)·y / 1 has no solution at once either, though it has at DC.
    let fir = Node::module("fir", Module::Fir(vec![vec![1.0, 1.0]])).unwrap();
    assert_eq!(certified(recursion(gain(1.0), fir)).verdict, Verdict::Indeterminate);
}

#[test]
fn filters_outside_loops_count_as_well() {
    let filter = |a: [f64; 2]| {
        let section = Section { b: [1.0, 0.0, 0.0], a };
        certified(Node::module("filter", Module::Filter(vec![vec![section]])).unwrap())
    };
    let found = filter([0.0, 1.2]);
    assert_eq!((found.verdict, found.unstable_poles), (Verdict::Unstable, Some(2)));
    assert!((found.filters.max_pole_modulus - 1.2_f64.sqrt()).abs() < 1e-15);
    let integrator = filter([-1.0, 0.0]);
    assert_eq!((integrator.verdict, integrator.unstable_poles), (Verdict::Unstable, Some(0)));
    assert_eq!(filter([-0.9, 0.0]).verdict, Verdict::CertifiedStable);
}

#[test]
fn a_loop_may_make_an_unstable_filter_stable() {
    // 1 / (1 − 1.1·z⁻¹) fed back by −0.5·z⁻¹: a pole at 0.6.
    let section = Section { b: [1.0, 0.0, 0.0], a: [-1.1, 0.0] };
    let filter = Node::module("filter", Module::Filter(vec![vec![section]])).unwrap();
    let found = certified(recursion(filter, series(vec![delays(&[1]), matrix(array![[-0.5]])])));
    assert_eq!((found.verdict, found.unstable_poles), (Verdict::CertifiedStable, Some(0)));
    assert_eq!(found.loops[0].proof, Some(Proof::Count));
    assert_eq!(found.filters.unstable_poles, 1);
}

#[test]
fn interpolated_delays_are_bounded_but_not_counted() {
    let lines = [20.5, 33.25].map(|samples| Delay { samples, interpolated: true });
    let forward = || Node::module("delays", Module::Delay(lines.to_vec())).unwrap();
    let found = certified(recursion(forward(), matrix(rotation(0.99))));
    assert_eq!(found.verdict, Verdict::CertifiedStable);
    assert!((found.loops[0].slew.unwrap() - (1.0 - 0.99 * 0.99)).abs() < 1e-6);
    let found = certified(recursion(forward(), matrix(rotation(1.01))));
    assert_eq!((found.verdict, found.unstable_poles), (Verdict::NotCertified, None));
}

/// Numbers from −1 to 1, the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.next() + 1.0) * 0.5 * n as f64) as usize
    }

    fn leaf(&mut self) -> Node {
        match self.below(5) {
            0 => delays(&[self.below(6), 1 + self.below(9)]),
            1 => matrix(Array2::from_shape_fn((2, 2), |_| self.next())),
            2 => {
                let radius = 0.95 * self.next().abs();
                let a = [-2.0 * radius * self.next(), radius * radius];
                let section = Section { b: [0.6 * self.next(), 0.3 * self.next(), 0.1], a };
                let wire = vec![Section::WIRE];
                Node::module("filter", Module::Filter(vec![vec![section], wire])).unwrap()
            }
            3 => {
                let taps = Array2::from_shape_fn((2, 2), |_| vec![self.next() * 0.4, self.next()]);
                Node::module("firs", Module::FirMatrix(taps)).unwrap()
            }
            _ => {
                let m = Array2::from_shape_fn((2, 2), |_| (self.next(), whole(self.below(7))));
                Node::module("pairs", Module::DelayMatrix(m)).unwrap()
            }
        }
    }

    fn node(&mut self, depth: usize) -> Node {
        if depth == 0 {
            return self.leaf();
        }
        match self.below(4) {
            0 => self.leaf(),
            1 => series(vec![self.node(depth - 1), self.node(depth - 1)]),
            2 => {
                let branches = vec![self.node(depth - 1), self.node(depth - 1)];
                Node::parallel("both", branches, true).unwrap()
            }
            _ => {
                let late = delays(&[1 + self.below(3), 1 + self.below(9)]);
                let forward = series(vec![self.node(depth - 1), late]);
                let gain = 0.2 + 0.8 * self.next().abs();
                let backward = series(vec![self.node(depth - 1), matrix(rotation(gain))]);
                recursion(forward, backward)
            }
        }
    }
}

#[test]
fn random_networks_have_the_poles_their_determinant_has() {
    let mut random = Random(5);
    let (mut stable, mut unstable, mut bounded) = (0, 0, 0);
    for round in 0..60 {
        let network = network(recursion(
            series(vec![random.node(2), delays(&[1, 2])]),
            matrix(rotation(0.3 + 0.7 * random.next().abs())),
        ));
        let found = certify(&network, &Conditions::default());
        let truth = winding(&network);
        assert_eq!(found.unstable_poles, Some(truth as usize), "{round}: {found:?}");
        let expected = if truth == 0 { Verdict::CertifiedStable } else { Verdict::Unstable };
        assert_eq!(found.verdict, expected, "{round}");
        stable += usize::from(truth == 0);
        unstable += usize::from(truth != 0);
        bounded += usize::from(found.loops.iter().all(|l| l.proof == Some(Proof::Bound)));
    }
    println!("{stable} stable, {bounded} of them by their bound, {unstable} not");
    assert!(stable >= 15 && unstable >= 15 && bounded >= 10);
}
