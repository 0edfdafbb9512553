use std::cell::Cell;
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
    /// Whether diagonal scaling can show that it is stable.
    #[serde(default)]
    bounded: bool,
    /// The modulus of the outermost pole.
    radius: Option<f64>,
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
fn all_of_the_population_is_told_apart() {
    let all = read("population");
    let (mut stable, mut bounded, mut could_be, mut timed) = (0, 0, 0, 0);
    for case in &all {
        let found = case.certify();
        assert_eq!(word(found.verdict), case.verdict, "{}", case.name);
        assert_eq!(found.unstable_poles, case.poles, "{}", case.name);
        let by_bound = found.loops[0].proof == Some(Proof::Bound);
        assert!(!by_bound || case.poles == Some(0), "{}", case.name);
        if let Some(proven) = found.loops[0].rt60 {
            let slowest = -3.0 / (48000.0 * case.radius.unwrap().log10());
            assert!(proven >= slowest * 0.9999, "{}: {proven} {slowest}", case.name);
            timed += 1;
        }
        stable += usize::from(case.poles == Some(0));
        bounded += usize::from(by_bound);
        could_be += usize::from(case.bounded);
    }
    println!("{stable} of {} stable, {bounded} by their bound, which can {could_be}", all.len());
    assert!(stable >= 40 && stable + 40 <= all.len(), "the population should have both kinds");
    assert!(timed >= 30, "{timed}");
    // The same optimum, found by other means on a grid.
    assert!(bounded + 1 >= could_be, "{bounded} of {could_be}");
}

#[test]
fn more_decay_than_designed_is_certified_as_such() {
    let all = read("cases");
    let damped = all.iter().find(|c| c.name == "damped").unwrap();
    let at = |decay| certify(&damped.network(), &Conditions { decay, ..Conditions::default() });
    // Stable while 0.9·γ^m < 1 for all lines is enough; 0.9·γ^m > 1 for all is too much.
    let (longest, shortest) = (5003.0_f64, 809.0_f64);
    let stable = at((0.99 / 0.9_f64).powf(1.0 / longest));
    assert_eq!(stable.loops[0].proof, Some(Proof::Bound));
    let unstable = at((1.01 / 0.9_f64).powf(1.0 / shortest));
    assert_eq!(unstable.verdict, Verdict::Unstable);
    // Each line in loops of more than all of its energy: as many as there are samples.
    let samples: f64 = damped.delays.iter().sum();
    assert_eq!(unstable.unstable_poles, Some(samples as usize));
    assert_eq!(at(f64::NAN).verdict, Verdict::Indeterminate);
    assert_eq!(at(1e300).unstable_poles, None);
}

#[test]
fn what_effort_does_not_suffice_for_is_not_certified() {
    let all = read("cases");
    let case = all.iter().find(|c| c.name == "Gaussian 0.9").unwrap();
    let found = certify(&case.network(), &Conditions { effort: 1e5, ..Conditions::default() });
    assert_eq!((found.verdict, found.unstable_poles), (Verdict::NotCertified, None));
}

#[test]
fn a_certificate_is_readable_json() {
    let all = read("cases");
    let damped = all.iter().find(|c| c.name == "damped").unwrap();
    let json = serde_json::to_value(damped.certify()).unwrap();
    assert_eq!(json["verdict"], "certified-stable");
    assert_eq!(json["unstable_poles"], 0);
    assert_eq!(json["sample_rate"], 48000.0);
    assert_eq!(json["filters"]["max_pole_modulus"], 0.0);
    let one = &json["loops"][0];
    assert_eq!(one["proof"], "bound");
    assert_eq!(one["ops"], serde_json::json!(["delays", "matrix", "filters"]));
    assert_eq!(one["lines"].as_array().unwrap().len(), 8);
    assert_eq!((&one["shortest"], &one["longest"]), (&809.0.into(), &5003.0.into()));
}

/// A Householder matrix around absorbing delays of a few thousand samples.
fn canonical(n: usize) -> Network {
    let unit = 2.0 / n as f64;
    let matrix = Array2::from_shape_fn((n, n), |(i, j)| f64::from(u8::from(i == j)) - unit);
    let delays: Vec<f64> = (0..n).map(|i| (809 + 131 * i + i * i % 7).min(5003) as f64).collect();
    let filter = |m: &f64| {
        let [dc, nyquist] = [0.45, 0.2].map(|t| 10.0_f64.powf(-3.0 * m / (48000.0 * t)));
        let a1 = (1.0 - dc / nyquist) / (1.0 + dc / nyquist);
        vec![Section { b: [(1.0 - a1) * nyquist, 0.0, 0.0], a: [a1, 0.0] }]
    };
    let filters = delays.iter().map(filter).collect();
    network(matrix, &delays, filters)
}

#[test]
fn large_networks_are_certified_by_their_bound() {
    for n in [32, 64, 128] {
        let (network, began) = (canonical(n), Instant::now());
        let found = certify(&network, &Conditions::default());
        let one = &found.loops[0];
        println!("{n} lines: {:?}, slew {:?}, in {:?}", one.bound, one.slew, began.elapsed());
        assert_eq!(one.proof, Some(Proof::Bound));
        // Designed for 0.45 s where it decays slowest.
        let rt60 = one.rt60.unwrap();
        assert!((0.45..0.48).contains(&rt60), "{rt60}");
        // 60 dB in 0.45 s, and every line has at least 809 samples.
        assert!(one.bound.unwrap() < 10.0_f64.powf(-3.0 * 809.0 / (48000.0 * 0.45)) + 2e-3);
    }
}

#[test]
fn a_proof_is_given_up_at_any_time() {
    let all = read("cases");
    let whole = Conditions::default();
    // By its bound, by its poles, and refuted.
    for name in ["damped", "Gaussian 0.9", "expanding"] {
        let case = all.iter().find(|c| c.name == name).unwrap();
        let (network, asked) = (case.network(), Cell::new(0));
        let ask = |until: u32| {
            asked.set(asked.get() + 1);
            asked.get() == until
        };
        let found = certify_unless(&network, &whole, &|| ask(0));
        assert_eq!(found, Some(certify(&network, &whole)), "{name}");
        let asks = asked.replace(0);
        assert!(asks > 2, "{name}: asked {asks} times");
        for until in [1, asks / 2, asks - 1] {
            assert_eq!(certify_unless(&network, &whole, &|| ask(until)), None, "{name} {until}");
            // Though it would have gone on if it was asked again.
            assert_eq!(asked.replace(0), until, "{name}");
        }
    }
}
