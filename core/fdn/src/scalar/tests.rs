use ndarray::{Array2, array};

use super::*;
use crate::graph::{Graph, Module, Node};

fn graph(root: Node) -> Network {
    Network::new(&Graph {
        name: "test".into(),
        sample_rate: 48_000.0,
        root,
        controls: Default::default(),
        revision: None,
    })
}

fn matrix(m: Array2<f64>) -> Node {
    Node::module("m", Module::Matrix(m)).unwrap()
}

#[test]
fn delays_outside_loops_are_no_lines() {
    let delay = |samples: f64| {
        let lines = vec![Delay { samples, interpolated: false }; 2];
        Node::module("d", Module::Delay(lines)).unwrap()
    };
    let loop_ = Node::recursion("r", delay(5.0), matrix(array![[0.0, 0.5], [0.5, 0.0]])).unwrap();
    let network = graph(Node::series("s", 2, vec![delay(3.0), loop_]).unwrap());
    let scalars = Scalars::new(&network).unwrap();
    let lengths: Vec<_> = scalars.lines.iter().map(|l| scalars.made[*l].clone()).collect();
    assert_eq!(lengths.len(), 2);
    assert!(lengths.iter().all(|l| matches!(l, Scalar::Delay(_, 5))));
}

#[test]
fn a_loop_of_gains_is_solved() {
    // y = 2(x + y/4) is 4x.
    let loop_ = Node::recursion("r", matrix(array![[2.0]]), matrix(array![[0.25]])).unwrap();
    let scalars = Scalars::new(&graph(loop_)).unwrap();
    let mut value = vec![0.0; scalars.made.len()];
    for x in &scalars.order {
        value[*x] = match &scalars.made[*x] {
            Scalar::Input(_) => 1.0,
            Scalar::Sum(terms) => terms.iter().map(|(g, y)| g * value[*y]).sum(),
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(value[scalars.outputs[0]], 4.0);
}

#[test]
fn a_loop_with_a_gain_of_one_has_no_solution() {
    let loop_ = Node::recursion("r", matrix(array![[2.0]]), matrix(array![[0.5]])).unwrap();
    let error = Scalars::new(&graph(loop_)).unwrap_err();
    assert!(matches!(error, Error::NoSolution { .. }), "{error}");
}

#[test]
fn refuses_networks_that_contradict_themselves() {
    let good = graph(matrix(array![[1.0, 2.0]]));
    let mut bad = good.clone();
    bad.ops[0].inputs.pop();
    assert!(matches!(Scalars::new(&bad), Err(Error::Invalid { .. })));
    let mut bad = good.clone();
    bad.ops[0].inputs[0] = Signal(99);
    assert!(matches!(Scalars::new(&bad), Err(Error::Invalid { .. })));
    let mut bad = good.clone();
    bad.ops.clear();
    assert!(matches!(Scalars::new(&bad), Err(Error::Invalid { .. })));
    let mut bad = good;
    bad.ops.push(bad.ops[0].clone());
    assert!(matches!(Scalars::new(&bad), Err(Error::Invalid { .. })));
}
