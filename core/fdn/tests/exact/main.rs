//! What is played, and FAUST source compiled by FAUST and a C++ compiler, against
//! the response that the graph has in float64.

mod graphs;
mod reference;
mod run;

use std::sync::Arc;

use fdn::{Decay, Graph, Network, Plan, Reverb};

/// Samples compared.
const FRAMES: usize = 8192;

/// The error of `found` in dB, relative to the energy of all responses of `graph`.
fn error(label: &str, graph: &Graph, found: &[Vec<Vec<f64>>]) -> f64 {
    let expected = reference::impulse_responses(graph, FRAMES);
    let (mut noise, mut power) = (0.0, 0.0);
    let pairs = found.iter().flatten().flatten().zip(expected.iter().flatten().flatten());
    for (y, x) in pairs {
        noise += (y - x).powi(2);
        power += x.powi(2);
    }
    assert!(power > 0.0, "{label} is silent");
    let db = 10.0 * (noise / power).log10();
    println!("{label:28} {db:7.1} dB");
    db
}

fn by_faust(label: &str, graph: &Graph) -> Vec<Vec<Vec<f64>>> {
    let source = fdn::faust(&Network::new(graph), &graph.name).unwrap();
    let arity = (graph.root.inputs(), graph.root.outputs());
    run::impulse_responses(label, &source, arity, FRAMES)
}

fn by_plan(graph: &Graph) -> Vec<Vec<Vec<f64>>> {
    let plan = Arc::new(Plan::compile(&Network::new(graph), Decay::None).unwrap());
    let one = |input: usize| {
        let mut x = vec![vec![0.0; FRAMES]; plan.inputs()];
        let mut y = vec![vec![0.0; FRAMES]; plan.outputs()];
        x[input][0] = 1.0;
        let x: Vec<_> = x.iter().map(Vec::as_slice).collect();
        let mut out: Vec<_> = y.iter_mut().map(Vec::as_mut_slice).collect();
        Reverb::new(&plan).process(&x, &mut out);
        y.iter().map(|y| y.iter().map(|y| f64::from(*y)).collect()).collect()
    };
    (0..plan.inputs()).map(one).collect()
}

fn check(limit: f64, graphs: Vec<(&'static str, Graph)>) {
    if run::missing() {
        return;
    }
    for (label, graph) in graphs {
        let db = error(label, &graph, &by_faust(label, &graph));
        assert!(db < limit, "{label}: {db} dB");
    }
}

#[test]
fn what_is_played_is_exact() {
    let all = [graphs::loops(), graphs::modules(), graphs::without_delay()];
    for (label, graph) in all.into_iter().flatten() {
        let db = error(label, &graph, &by_plan(&graph));
        assert!(db < -130.0, "{label}: {db} dB");
    }
    for (label, graph) in graphs::resonant() {
        let db = error(label, &graph, &by_plan(&graph));
        assert!(db < -110.0, "{label}: {db} dB");
    }
    for (label, graph) in graphs::fractional() {
        let db = error(label, &graph, &by_plan(&graph));
        assert!(db < -60.0, "{label}: {db} dB");
    }
}

#[test]
fn loops_are_exact_wherever_their_delays_are() {
    check(-130.0, graphs::loops());
}

#[test]
fn modules_are_exact() {
    check(-130.0, graphs::modules());
}

#[test]
fn loops_without_delay_are_solved() {
    check(-130.0, graphs::without_delay());
}

#[test]
fn filters_near_the_unit_circle_keep_their_accuracy() {
    check(-115.0, graphs::resonant());
}

#[test]
fn fractions_of_a_sample_are_kept_below_the_top_of_the_band() {
    check(-60.0, graphs::fractional());
}

#[test]
fn any_name_is_safe() {
    let mut graph = graphs::loops().remove(0).1;
    graph.name = "process = _; \"\\\n*/ // +\t".into();
    if !run::missing() {
        assert!(error("name", &graph, &by_faust("name", &graph)) < -130.0);
    }
}
