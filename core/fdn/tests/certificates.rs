//! What is certified of graphs as trainers write them, against what is known of
//! their poles; of the graphs beside the repository where there are any.

use std::fs;
use std::path::Path;

use fdn::{Certificate, Conditions, Graph, Network, Verdict, certify};
use serde_json::Value;

/// Under the longest time that its control allows.
fn certified(graph: &Graph) -> Certificate {
    let rt60 = graph.controls.rt60.map(|range| range.max);
    certify(&Network::new(graph), &Conditions { rt60, ..Conditions::default() })
}

/// What is true of a graph whose poles were counted by other means: on the unit
/// circle, so many outside it, or, where only a filter's pole is known to be, some.
fn truth(known: &Value) -> (Verdict, Option<usize>) {
    match &known["unstable_poles"] {
        Value::String(_) => (Verdict::MarginallyStable, None),
        Value::Null => (Verdict::Unstable, None),
        count => match count.as_f64().unwrap() as usize {
            0 => (Verdict::CertifiedStable, Some(0)),
            count => (Verdict::Unstable, Some(count)),
        },
    }
}

#[test]
fn references_get_their_true_verdicts_and_counts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/fdn/cert");
    let Ok(summary) = fs::read(folder.join("summary.json")) else {
        println!("skipped: no reference data beside the repository");
        return;
    };
    let summary: Vec<Value> = serde_json::from_slice(&summary).unwrap();
    let mut left: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != "summary")
        .collect();
    let mut failed = Vec::new();
    for known in &summary {
        let name = known["name"].as_str().unwrap();
        left.retain(|other| other != name);
        let graph = Graph::load(&fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
        let found = certified(&graph);
        let (verdict, poles) = truth(known);
        println!("{name:28} {:?}, {:?} poles outside", found.verdict, found.unstable_poles);
        if found.verdict != verdict || (poles.is_some() && found.unstable_poles != poles) {
            failed.push(format!("{name}: {verdict:?}, {poles:?}, not {found:?}"));
        }
    }
    assert!(left.is_empty(), "nothing is known of {left:?}");
    assert!(summary.len() > 10 && failed.is_empty(), "{failed:#?}");
}

/// Every graph that is trained to be a reverb is proven to be one.
#[test]
fn fixtures_with_loops_are_not_unstable() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/fdn/flamo");
    let (mut looped, mut stable) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") || path.ends_with("index.json") {
            continue;
        }
        let found = certified(&Graph::load(&fs::read(&path).unwrap()).unwrap());
        let name = path.file_stem().unwrap().to_string_lossy();
        assert_ne!(found.verdict, Verdict::Unstable, "{name}: {found:?}");
        assert_ne!(found.verdict, Verdict::Indeterminate, "{name}: {found:?}");
        looped += usize::from(!found.loops.is_empty());
        stable +=
            usize::from(!found.loops.is_empty() && found.verdict <= Verdict::MarginallyStable);
        if !found.loops.is_empty() {
            println!("{name:28} {:?}", found.verdict);
        }
    }
    println!("{stable} of {looped} proven");
    assert!(looped > 10, "{looped}");
}
