use ndarray::{Array3, array};

use super::{Interpreter, Recipe, random_graph};
use crate::graph::{Controls, Delay, Graph, Kind, Module, Node, Section};

/// 20·log₁₀ of the largest difference over the largest value.
fn apart(a: &Array3<f64>, b: &Array3<f64>) -> f64 {
    let size = b.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let most = (a - b).iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    20.0 * (most / size.max(1e-6)).log10()
}

fn whole(samples: f64) -> Delay {
    Delay { samples, interpolated: false }
}

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

#[test]
fn the_interpreter_and_the_transfer_matrix_agree_on_random_graphs() {
    let mut worst = f64::NEG_INFINITY;
    for seed in 0..300 {
        let graph = random_graph(seed, &Recipe::default());
        let run = Interpreter::impulse_response(&graph, 1500).unwrap();
        let h = graph.impulse_response(1500).unwrap();
        let apart = apart(&run, &h);
        assert!(apart < -180.0, "seed {seed}: {apart} dB");
        worst = worst.max(apart);
    }
    println!("worst of 300 graphs: {worst:.0} dB");
}

#[test]
fn random_graphs_hold_every_kind_of_node_and_die_away() {
    let mut seen = [0; 10];
    for seed in 0..300 {
        let graph = random_graph(seed, &Recipe::default());
        count(&graph.root, &mut seen);
        if seed % 4 != 0 {
            continue;
        }
        let h = graph.impulse_response(8192).unwrap();
        let most = |from: usize, to: usize| {
            let late = h.iter().enumerate().filter(|(i, _)| (from..to).contains(&(i % 8192)));
            late.fold(0.0, |m: f64, (_, x)| m.max(x.abs()))
        };
        assert!(most(6144, 8192) <= 0.5 * most(0, 8192), "seed {seed} does not die away");
    }
    assert!(seen.iter().all(|n| *n > 50), "{seen:?}");
}

fn count(node: &Node, seen: &mut [usize; 10]) {
    let (at, children): (usize, Vec<&Node>) = match node.kind() {
        Kind::Series(c) => (0, c.iter().collect()),
        Kind::Parallel { branches, .. } => (1, branches.iter().collect()),
        Kind::Recursion { forward, backward } => (2, vec![forward, backward]),
        Kind::Module(Module::Matrix(_)) => (3, vec![]),
        Kind::Module(Module::Delay(_)) => (4, vec![]),
        Kind::Module(Module::Filter(_)) => (5, vec![]),
        Kind::Module(Module::Fir(_)) => (6, vec![]),
        Kind::Module(Module::DelayMatrix(_)) => (7, vec![]),
        Kind::Module(Module::FilterMatrix(_)) => (8, vec![]),
        Kind::Module(Module::FirMatrix(_)) => (9, vec![]),
    };
    seen[at] += 1;
    children.into_iter().for_each(|c| count(c, seen));
}

#[test]
fn a_seed_makes_the_same_graph_again() {
    let recipe = Recipe::default();
    assert_eq!(random_graph(7, &recipe), random_graph(7, &recipe));
    assert_ne!(random_graph(7, &recipe), random_graph(8, &recipe));
}

#[test]
fn a_comb_repeats_every_three_samples() {
    let comb = Node::recursion(
        "comb",
        leaf(Module::Delay(vec![whole(3.0)])),
        leaf(Module::Matrix(array![[0.5]])),
    );
    let h = Interpreter::impulse_response(&graph(comb.unwrap()), 10).unwrap();
    let expected = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.25];
    assert_eq!(h.as_slice().unwrap(), expected);
}

#[test]
fn a_loop_without_delay_is_solved() {
    // y = x + 0.5·y is y = 2·x; around a one-pole it moves the pole.
    let pole = Section { b: [1.0, 0.0, 0.0], a: [-0.25, 0.0] };
    let around = Node::recursion(
        "loop",
        leaf(Module::Filter(vec![vec![pole]])),
        leaf(Module::Matrix(array![[0.5]])),
    );
    let h = Interpreter::impulse_response(&graph(around.unwrap()), 4).unwrap();
    // 1/(1 − 0.25z⁻¹ − 0.5) = 2/(1 − 0.5z⁻¹)
    assert_eq!(h.as_slice().unwrap(), [2.0, 1.0, 0.5, 0.25]);
}

#[test]
fn what_cannot_be_run_is_refused() {
    let wire = || leaf(Module::Matrix(array![[1.0]]));
    let howl = graph(Node::recursion("howl", wire(), wire()).unwrap());
    assert!(Interpreter::new(&howl).is_none());
    let between = Delay { samples: 2.5, interpolated: true };
    assert!(Interpreter::new(&graph(leaf(Module::Delay(vec![between])))).is_none());
}
