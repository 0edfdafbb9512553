//! The factory reverbs: proven stable, two in and two out, as long and as loud as
//! they say, at any rate of the host.
//!
//! `cargo test -p fdn --test factory -- --nocapture` prints what is measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fdn::analysis::bands;
use fdn::{Conditions, Decay, Graph, Network, Plan, Reverb, Verdict, certify};

/// Their reverberation times in seconds, in the octaves around 125 Hz, 1 kHz and 8 kHz,
/// as `python/reverb_designs.py` and `assets/README.md` state them.
const TIMES: [(&str, [f64; 3]); 11] = [
    ("bright-plate", [2.1, 2.0, 1.5]),
    ("cathedral", [7.0, 6.0, 1.9]),
    ("chamber", [1.45, 1.4, 0.95]),
    ("colourless", [2.0, 2.0, 1.6]),
    ("dark-plate", [2.3, 1.6, 0.6]),
    ("endless-bloom", [20.0, 18.0, 9.0]),
    ("large-hall", [2.8, 2.4, 1.2]),
    ("live-room", [0.65, 0.6, 0.42]),
    ("medium-hall", [2.0, 1.75, 0.95]),
    ("small-room", [0.4, 0.35, 0.25]),
    ("spring", [2.2, 1.9, 1.3]),
];
const LARGEST: u64 = 300_000;
const ALL: u64 = 1_500_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/reverbs")
}

fn graph(name: &str) -> Graph {
    Graph::load(&fs::read(folder().join(format!("{name}.json"))).unwrap()).unwrap()
}

/// What both outputs do when `input` hears an impulse, for so many seconds.
fn response(graph: &Graph, input: usize, seconds: f64) -> [Vec<f64>; 2] {
    let plan = Arc::new(Plan::compile(&Network::new(graph), Decay::None).unwrap());
    let length = (seconds * graph.sample_rate) as usize;
    let mut x = [vec![0.0f32; length], vec![0.0; length]];
    x[input][0] = 1.0;
    let (mut left, mut right) = (vec![0.0; length], vec![0.0; length]);
    Reverb::new(&plan).process(&[&x[0], &x[1]], &mut [&mut left, &mut right]);
    [left, right].map(|y| y.into_iter().map(f64::from).collect())
}

/// The mean of the times from each input to each output, in the octaves of [`TIMES`].
fn times(responses: &[Vec<f64>], rate: f64) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for y in responses {
        let all = bands(y, rate, false);
        for (sum, hz) in sums.iter_mut().zip([125.0, 1000.0, 8000.0]) {
            let band = all.iter().find(|b| (b.centre / hz - 1.0).abs() < 0.05).unwrap();
            *sum += band.t60.unwrap() / responses.len() as f64;
        }
    }
    sums
}

#[test]
fn all_are_there_and_small() {
    let mut names = Vec::new();
    let mut total = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let entry = entry.unwrap();
        names.push(entry.path().file_stem().unwrap().to_string_lossy().into_owned());
        let size = entry.metadata().unwrap().len();
        assert!(size < LARGEST, "{names:?}: {size} bytes");
        total += size;
    }
    names.sort();
    assert_eq!(names, TIMES.map(|(name, _)| name));
    assert!(total < ALL, "{total} bytes");
}

#[test]
fn all_are_by_the_schema() {
    let read = |path: &Path| -> serde_json::Value {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    let schema = jsonschema::validator_for(&read(&folder().join("../kiln-fdn.schema.json")));
    let schema = schema.unwrap();
    for (name, _) in TIMES {
        let graph = read(&folder().join(format!("{name}.json")));
        schema.validate(&graph).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(graph["meta"]["description"].is_string(), "{name}");
    }
}

#[test]
fn all_are_proven_stable_at_the_rates_of_hosts() {
    for (name, _) in TIMES {
        let graph = graph(name);
        assert_eq!((graph.root.inputs(), graph.root.outputs()), (2, 2), "{name}");
        for rate in [44_100.0, 48_000.0] {
            let graph = graph.at_rate(rate).unwrap();
            let found = certify(&Network::new(&graph), &Conditions::default());
            println!("{name:14} {rate:6} Hz: {:?}", found.verdict);
            assert_eq!(found.verdict, Verdict::CertifiedStable, "{name} at {rate} Hz");
        }
    }
}

#[test]
fn all_decay_as_they_say_and_have_no_direct_sound() {
    for (name, meant) in TIMES {
        let graph = graph(name);
        let seconds = 1.1 * meant.iter().fold(0.0f64, |a, b| a.max(*b)) + 0.5;
        let responses: Vec<_> = (0..2).flat_map(|i| response(&graph, i, seconds)).collect();
        let found = times(&responses, graph.sample_rate);
        println!("{name:14} {found:.3?} s");
        for (is, at) in found.iter().zip(meant) {
            assert!((is / at - 1.0).abs() < 0.05, "{name}: {found:?} s, not {meant:?} s");
        }
        for y in &responses {
            assert_eq!(y[0], 0.0, "{name}");
            let sum: f64 = y.iter().sum();
            let energy: f64 = y.iter().map(|y| y * y).sum();
            // The response at 0 Hz, beside the root mean square of that at all frequencies.
            assert!(sum.abs() < 0.01 * energy.sqrt(), "{name}: {sum} at 0 Hz");
        }
    }
}
