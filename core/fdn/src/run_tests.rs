//! What is run against what is meant.

use std::sync::Arc;

use ndarray::Array3;

use crate::testing::{Interpreter, Recipe, random_graph};
use crate::{Decay, Graph, Isa, Network, Plan, Reverb};

/// The impulse response of each input, in blocks of `block` frames:
/// outputs × inputs × time.
fn response(graph: &Graph, samples: usize, block: usize, isa: Isa) -> Array3<f64> {
    let plan = Arc::new(Plan::compile(&Network::new(graph), Decay::None).unwrap());
    let (inputs, outputs) = (plan.inputs(), plan.outputs());
    let mut result = Array3::zeros((outputs, inputs, samples));
    let mut reverb = Reverb::new_on(&plan, isa);
    for i in 0..inputs {
        reverb.reset();
        let mut x = vec![vec![0.0_f32; samples]; inputs];
        x[i][0] = 1.0;
        let mut y = vec![vec![0.0_f32; samples]; outputs];
        let mut t = 0;
        while t < samples {
            let n = block.min(samples - t);
            let x: Vec<&[f32]> = x.iter().map(|x| &x[t..t + n]).collect();
            let mut y: Vec<&mut [f32]> = y.iter_mut().map(|y| &mut y[t..t + n]).collect();
            reverb.process(&x, &mut y);
            t += n;
        }
        for (o, y) in y.iter().enumerate() {
            for (t, y) in y.iter().enumerate() {
                result[(o, i, t)] = f64::from(*y);
            }
        }
    }
    result
}

/// The root of the mean square of the difference over that of `b`, in dB.
fn difference(a: &Array3<f64>, b: &Array3<f64>) -> f64 {
    let error: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    let size: f64 = b.iter().map(|b| b * b).sum();
    if error == 0.0 { f64::NEG_INFINITY } else { 10.0 * (error / size).log10() }
}

/// Graphs of all kinds, deep and shallow, with and without delay-free loops.
fn graphs(count: u64) -> impl Iterator<Item = Graph> {
    (0..count).map(|seed| {
        let delay = [200, 40, 5][seed as usize % 3];
        random_graph(seed, &Recipe { delay, ..Recipe::default() })
    })
}

#[test]
fn random_graphs_equal_the_interpreter() {
    let mut errors = Vec::new();
    for graph in graphs(600) {
        let Some(meant) = Interpreter::impulse_response(&graph, 700) else { continue };
        let is = response(&graph, 700, 700, Isa::best());
        errors.push((difference(&is, &meant), graph.name));
    }
    errors.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (worst, name) = errors.last().unwrap();
    let median = errors[errors.len() / 2].0;
    println!("{} graphs: median {median:.1} dB, worst {worst:.1} dB: {name}", errors.len());
    assert!(errors.len() > 500 && *worst < -110.0 && median < -135.0, "{name}: {worst}");
}

#[test]
fn cuts_and_runs_change_no_bit() {
    for graph in graphs(60) {
        let whole = response(&graph, 500, 500, Isa::best());
        for block in [1, 7, 16, 63, 64, 65, 200] {
            assert_eq!(whole, response(&graph, 500, block, Isa::best()), "{}: {block}", graph.name);
        }
    }
}

#[test]
fn every_instruction_set_agrees() {
    for graph in graphs(60) {
        let best = response(&graph, 500, 500, Isa::best());
        for isa in Isa::available() {
            let error = difference(&response(&graph, 500, 500, isa), &best);
            assert!(error < -110.0, "{} on {isa:?}: {error}", graph.name);
        }
    }
}
