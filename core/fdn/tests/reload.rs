//! How long it takes from the bytes of a file to sound, and to a certificate, as
//! whoever trains a network waits for it.
//!
//! `cargo test --release -p fdn --test reload -- --nocapture` prints how the time is
//! spent; a build that is not optimised is only held to a multiple of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fdn::live::{Event, Follower};
use fdn::{
    Conditions, Controls, Decay, Delay, Graph, Module, Network, Node, Plan, Reverb, Section,
    Verdict, certify,
};
use ndarray::Array2;

/// A lossless matrix without structure, delays of 20 to 90 ms and a one-pole
/// low-pass for each of `n` lines, between two inputs and outputs.
fn graph(n: usize) -> Graph {
    let mut random = fastrand::Rng::with_seed(n as u64);
    let mut matrix = Array2::<f64>::eye(n);
    for _ in 0..n {
        let v: Vec<f64> = (0..n).map(|_| random.f64() - 0.5).collect();
        let size: f64 = v.iter().map(|x| x * x).sum();
        for mut row in matrix.rows_mut() {
            let along: f64 = row.iter().zip(&v).map(|(a, b)| a * b).sum();
            row.iter_mut().zip(&v).for_each(|(a, b)| *a -= 2.0 * along * b / size);
        }
    }
    let leaf = |name: &str, module| Node::module(name, module).unwrap();
    let lines: Vec<f64> = (0..n).map(|i| (967 + 53 * i + i * i % 7) as f64).collect();
    let absorb = |m: &f64| {
        let [low, high] = [1.5, 0.5].map(|t60| 10f64.powf(-3.0 * m / (48_000.0 * t60)));
        let a1 = (1.0 - low / high) / (1.0 + low / high);
        vec![Section { b: [(1.0 + a1) * low, 0.0, 0.0], a: [a1, 0.0] }]
    };
    let filters = lines.iter().map(absorb).collect();
    let line = |m: &f64| Delay { samples: *m, interpolated: false };
    let delays = leaf("lines", Module::Delay(lines.iter().map(line).collect()));
    let forward = vec![delays, leaf("absorption", Module::Filter(filters))];
    let forward = Node::series("forward", n, forward).unwrap();
    let mut gains = |shape| Array2::from_shape_simple_fn(shape, || random.f64() - 0.5);
    let [into, out] = [gains((n, 2)), gains((2, n))];
    let all = vec![
        leaf("in", Module::Matrix(into)),
        Node::recursion("loop", forward, leaf("mixing", Module::Matrix(matrix))).unwrap(),
        leaf("out", Module::Matrix(out)),
    ];
    let root = Node::series("all", 2, all).unwrap();
    Graph {
        name: "hall".into(),
        sample_rate: 48_000.0,
        root,
        controls: Controls::default(),
        revision: None,
    }
}

/// The shortest of some runs: what disturbs one only adds.
fn shortest<T>(mut run: impl FnMut() -> (T, [Duration; 4])) -> (T, [Duration; 4]) {
    let total = |times: &[Duration; 4]| times.iter().sum::<Duration>();
    let mut best = run();
    for _ in 0..9 {
        let next = run();
        if total(&next.1) < total(&best.1) {
            best = next;
        }
    }
    best
}

/// Loads, flattens, compiles and allocates; how long each took.
fn load(json: &[u8]) -> (Reverb, [Duration; 4]) {
    let mut times = [Duration::ZERO; 4];
    let began = Instant::now();
    let graph = Graph::load(json).unwrap();
    times[0] = began.elapsed();
    let network = Network::new(&graph);
    times[1] = began.elapsed() - times[0];
    let plan = Arc::new(Plan::compile(&network, Decay::Loops).unwrap());
    times[2] = began.elapsed() - times[1] - times[0];
    let reverb = Reverb::new(&plan);
    times[3] = began.elapsed() - times[2] - times[1] - times[0];
    (reverb, times)
}

fn report(name: &str, json: &[u8]) {
    let (mut reverb, times) = shortest(|| load(json));
    let whole: Duration = times.iter().sum();
    let [read, flatten, compile, make] = times;
    println!(
        "{name}, {} kB: {whole:.1?} to sound; read {read:.1?}, flattened {flatten:.1?}, \
         compiled {compile:.1?}, allocated {make:.1?}",
        json.len() / 1000
    );
    // It does run.
    let (x, mut y) = (vec![1.0; 4096], vec![vec![0.0; 4096]; reverb.plan().outputs()]);
    let x = vec![&x[..]; reverb.plan().inputs()];
    let mut y: Vec<&mut [f32]> = y.iter_mut().map(|y| &mut y[..]).collect();
    reverb.process(&x, &mut y);
    assert!(y[0].iter().any(|y| *y != 0.0), "{name} is silent");
}

#[test]
fn a_file_sounds() {
    report("64 lines", graph(64).to_json().as_bytes());
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/fdn/n64_orthogonal_onepole.json"
    );
    let Ok(json) = std::fs::read(path) else {
        println!("no reference data beside the repository, so only a graph of our own");
        return;
    };
    report("n64_orthogonal_onepole.json", &json);
}

#[test]
fn a_file_is_followed() {
    let path = std::env::temp_dir().join(format!("kiln-reload-{}.json", std::process::id()));
    let beside = path.with_extension("new");
    let mut follower = Follower::new(&path);
    let mut best = Duration::MAX;
    for revision in 1..10 {
        let json = Graph { revision: Some(revision), ..graph(64) }.to_json();
        std::fs::write(&beside, json).unwrap();
        std::fs::rename(&beside, &path).unwrap();
        let began = Instant::now();
        let event = follower.poll();
        best = best.min(began.elapsed());
        let Some(Event::Loaded { revision: found, .. }) = event else { panic!("{event:?}") };
        assert_eq!(found, Some(revision));
    }
    let began = Instant::now();
    let polls = 1000;
    for _ in 0..polls {
        assert!(follower.poll().is_none());
    }
    let idle = began.elapsed() / polls;
    println!("64 lines noticed, read and checked in {best:.1?}; a look at no change {idle:.1?}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_file_is_certified() {
    let network = Network::new(&graph(32));
    let one = || {
        let began = Instant::now();
        let certificate = certify(&network, &Conditions::default());
        (certificate, began.elapsed())
    };
    let (certificate, took) = (0..3).map(|_| one()).min_by_key(|(_, took)| *took).unwrap();
    println!("32 lines certified in {took:.1?}");
    assert_eq!(certificate.verdict, Verdict::CertifiedStable);
}
