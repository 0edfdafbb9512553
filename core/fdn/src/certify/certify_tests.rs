use std::time::Instant;

use ndarray::Array2;
use serde::Deserialize;

use super::*;
use crate::graph::{Delay, Section};
use crate::network::{Network, Op, Signal};

/// What `tests/data/fdn/certify/make.py` writes.
#[derive(Deserialize)]
struct Case {
    name: String,
    matrix: Vec<Vec<f64>>,
    delays: Vec<f64>,
    sos: Vec<Vec<[f64; 5]>>,
    rt60: Option<f64>,
    verdict: String,
    poles: Option<usize>,
}

fn read(name: &str) -> Vec<Case> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/fdn/certify/");
    serde_json::from_slice(&std::fs::read(format!("{root}{name}.json")).unwrap()).unwrap()
}

fn section(s: &[f64; 5]) -> Section {
    Section { b: [s[0], s[1], s[2]], a: [s[3], s[4]] }
}

impl Case {
    fn network(&self) -> Network {
        let n = self.delays.len();
        let matrix = Array2::from_shape_fn((n, n), |(i, j)| self.matrix[i][j]);
        let filters = self.sos.iter().map(|l| l.iter().map(section).collect()).collect();
        network(matrix, &self.delays, filters)
    }

    fn certify(&self) -> Certificate {
        certify(&self.network(), &Conditions { rt60: self.rt60, ..Conditions::default() })
    }
}

fn signals(from: usize, count: usize) -> Vec<Signal> {
    (from..from + count).map(|s| Signal(s as u32)).collect()
}

/// A loop of filters, delays and a matrix, in this order.
fn network(matrix: Array2<f64>, delays: &[f64], filters: Vec<Vec<Section>>) -> Network {
    let n = delays.len();
    let lines = delays.iter().map(|m| Delay { samples: *m, interpolated: m.fract() != 0.0 });
    let mut ops = vec![
        Op {
            name: "delays".into(),
            kind: OpKind::Delay { lines: lines.collect(), forward: true },
            inputs: signals(n, n),
            outputs: signals(2 * n, n),
        },
        Op {
            name: "matrix".into(),
            kind: OpKind::Matrix(matrix),
            inputs: signals(2 * n, n),
            outputs: signals(0, n),
        },
    ];
    let filters = if filters.is_empty() { vec![Vec::new(); n] } else { filters };
    ops.push(Op {
        name: "filters".into(),
        kind: OpKind::Filter(filters),
        inputs: signals(0, n),
        outputs: signals(n, n),
    });
    let (inputs, outputs) = (Vec::new(), signals(2 * n, n));
    Network { sample_rate: 48000.0, signals: 3 * n, inputs, outputs, ops }
}

fn word(verdict: Verdict) -> String {
    serde_json::to_value(verdict).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn the_known_cases_get_their_true_verdicts_and_counts() {
    for case in read("cases") {
        let began = Instant::now();
        let found = case.certify();
        println!(
            "{:24} {:?} {:?} {:?} in {:?}",
            case.name,
            found.verdict,
            found.unstable_poles,
            found.loops.iter().map(|l| l.bound.unwrap_or(f64::NAN)).fold(0.0, f64::max),
            began.elapsed()
        );
        assert_eq!(word(found.verdict), case.verdict, "{}: {found:?}", case.name);
        if case.poles.is_some() {
            assert_eq!(found.unstable_poles, case.poles, "{}", case.name);
        }
    }
}

#[test]
fn no_loop_of_the_population_is_certified_wrongly_and_few_are_missed() {
    let (mut stable, mut bounded, mut counted) = (0, 0, 0);
    let all = read("population");
    for case in &all {
        let found = case.certify();
        let poles = case.poles.unwrap();
        if poles == 0 {
            stable += 1;
            bounded += usize::from(found.loops[0].proof == Some(Proof::Bound));
        } else {
            assert_eq!(found.verdict, Verdict::Unstable, "{}", case.name);
        }
        if let Some(n) = found.unstable_poles {
            assert_eq!(n, poles, "{}", case.name);
            counted += 1;
        }
    }
    println!("{stable} stable, {bounded} by their bound; {counted} of {} counted", all.len());
    assert!(stable >= 40, "the population should have both kinds");
    assert!(bounded as f64 >= 0.86 * stable as f64, "{bounded} of {stable}");
    assert_eq!(counted, all.len());
}
