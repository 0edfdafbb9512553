//! FAUST source, compiled by FAUST and a C++ compiler, against the response that
//! the graph has in float64.

mod graphs;
mod reference;
mod run;

use fdn::{Graph, Network};

/// Samples compared.
const FRAMES: usize = 8192;

/// The error of the FAUST program in dB, relative to the energy of all responses.
fn error(label: &str, graph: &Graph) -> f64 {
    let source = fdn::faust(&Network::new(graph), &graph.name).unwrap();
    let arity = (graph.root.inputs(), graph.root.outputs());
    let found = run::impulse_responses(label, &source, arity, FRAMES);
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

fn check(limit: f64, graphs: Vec<(&'static str, Graph)>) {
    if run::missing() {
        return;
    }
    for (label, graph) in graphs {
        let db = error(label, &graph);
        assert!(db < limit, "{label}: {db} dB");
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
        assert!(error("name", &graph) < -130.0);
    }
}
