//! `cargo bench --bench small -- [FILTER]`: small networks, ours on every
//! instruction set against the same network as nested vectors and as flat loops.
//!
//! All do the same work on the same samples, with a tanh of the same precision,
//! and take turns; a figure is the tenth percentile of the processor time of the
//! thread per sample, in blocks of 64. Each line ends with the heap calls a sample
//! costs.
//!
//! With `-- --instructions` the instructions of a sample instead, counted by
//! Valgrind, which knows no AVX-512.

mod common;
#[path = "small/counts.rs"]
mod counts;
#[path = "small/plain.rs"]
mod plain;

use common::{Process, models::Random, thread_time};
use plain::{Gru, Lstm, Mlp, Nested};
use serde_json::{Value, json};

const BLOCK: usize = 64;
/// Samples of a turn.
const TURN: usize = 4096;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says so when it benches; when it tests, one turn must do.
    let rounds = if args.iter().any(|a| a == "--bench") { 100 } else { 1 };
    let filter = args.iter().find(|a| !a.starts_with('-')).cloned().unwrap_or_default();
    if let Some(task) = counts::Task::of(&args) {
        let (_, case) = CASES.iter().find(|(name, _)| *name == task.case).expect("a case");
        let (_, mut all) = runners(case());
        return task.run(&mut all[task.who]);
    }
    let count = args.iter().any(|a| a == "--instructions");
    match count {
        true => println!("instructions/sample: nested vectors, flat loops, ours (of flat)"),
        false => println!("ns/sample: nested vectors, flat loops, ours (times as fast as flat)"),
    }
    for (name, case) in CASES.iter().filter(|(name, _)| name.contains(&filter)) {
        let (names, mut all) = runners(case());
        agree(name, &mut all);
        if count {
            counts::instructions(name, &names);
        } else {
            report(name, &names, &mut all, rounds);
        }
    }
}

/// A network's name, and what makes it.
type Named = (&'static str, fn() -> Case);

/// The networks.
const CASES: [Named; 5] = [
    ("16-16-16-1", mlp),
    ("1-16-1", curve),
    ("LSTM 20", || lstm(20)),
    ("LSTM 40", || lstm(40)),
    ("GRU 20", || gru(20)),
];

/// The same network three times.
struct Case {
    json: Value,
    nested: Process,
    flat: Process,
}

/// All that play one network, with their names: nested, flat, ours by instruction set.
fn runners(case: Case) -> (Vec<String>, Vec<Process>) {
    let model = nn::Model::load(case.json.to_string().as_bytes()).expect("a valid model");
    let ours = nn::Isa::available().into_iter().map(|isa| {
        let mut engine = model.engine_on(isa);
        (format!("{isa:?}"), Box::new(move |io: &mut [f32]| engine.process(io)) as Process)
    });
    let plain = [("nested".to_owned(), case.nested), ("flat".to_owned(), case.flat)];
    plain.into_iter().chain(ours).unzip()
}

fn report(name: &str, names: &[String], all: &mut [Process], rounds: usize) {
    let figures = measure(all, rounds);
    let cells = names.iter().zip(&figures).enumerate().map(|(i, (who, ns))| match i {
        0 | 1 => format!("{who} {ns:8.2}"),
        _ => format!("{who} {ns:8.2} ({:.1} x)", figures[1] / ns),
    });
    let heap = all.iter_mut().map(|process| format!("{:.0}", counts::heap(process)));
    let heap = heap.collect::<Vec<_>>().join(" ");
    println!("{name:12} {}   heap calls {heap}", cells.collect::<Vec<_>>().join("   "));
}

/// What does other work is no rival.
fn agree(name: &str, all: &mut [Process]) {
    let outputs: Vec<Vec<f32>> = all
        .iter_mut()
        .map(|process| {
            // Long enough for every state to be that of silence.
            (0..500).for_each(|_| process(&mut [0.0; BLOCK]));
            let mut io = common::signal(2048);
            process(&mut io);
            io
        })
        .collect();
    for output in &outputs {
        let far = |(a, b): (&f32, &f32)| (a - b).abs();
        let worst = output.iter().zip(&outputs[0]).map(far).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{name}: the networks differ by {worst}");
    }
}

fn measure(all: &mut [Process], rounds: usize) -> Vec<f64> {
    let input = common::signal(TURN);
    let mut times = vec![Vec::new(); all.len()];
    for _ in 0..rounds {
        for (process, times) in all.iter_mut().zip(&mut times) {
            let mut io = input.clone();
            let begun = thread_time();
            io.chunks_mut(BLOCK).for_each(&mut *process);
            times.push((thread_time() - begun).as_secs_f64() * 1e9 / TURN as f64);
            std::hint::black_box(&io);
        }
    }
    times
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 10]
        })
        .collect()
}

/// `rows × columns` weights of a trained network's size.
fn matrix(random: &mut Random, rows: usize, columns: usize) -> Vec<Vec<f32>> {
    let scale = 1.5 / (columns as f32).sqrt();
    (0..rows).map(|_| (0..columns).map(|_| scale * random.draw()).collect()).collect()
}

fn vector(random: &mut Random, n: usize) -> Vec<f32> {
    (0..n).map(|_| 0.3 * random.draw()).collect()
}

fn chain(layers: &[Value]) -> Value {
    json!({ "format": "kiln-drive", "version": 1, "layers": layers })
}

/// The sixteen latest samples through two hidden layers.
fn mlp() -> Case {
    let mut random = Random::new(1);
    let layers: Vec<_> = [(16, 16), (16, 16), (1, 16)]
        .map(|(o, i)| (matrix(&mut random, o, i), vector(&mut random, o)))
        .into();
    let [first, second, last] = &layers[..] else { unreachable!("three layers") };
    // The oldest sample first, as a convolution has its taps.
    let taps: Vec<_> = first.0.iter().map(|row| json!([row])).collect();
    let json = chain(&[
        json!({ "type": "conv1d", "weights": taps, "bias": first.1 }),
        json!({ "type": "tanh" }),
        json!({ "type": "dense", "weights": second.0, "bias": second.1 }),
        json!({ "type": "tanh" }),
        json!({ "type": "dense", "weights": last.0, "bias": last.1 }),
    ]);
    Case { json, nested: Nested::mlp(layers.clone(), 16), flat: Mlp::running(&layers, 16) }
}

/// A curve.
fn curve() -> Case {
    let mut random = Random::new(2);
    let layers: Vec<_> =
        [(16, 1), (1, 16)].map(|(o, i)| (matrix(&mut random, o, i), vector(&mut random, o))).into();
    let dense =
        |(w, b): &(Vec<Vec<f32>>, Vec<f32>)| json!({ "type": "dense", "weights": w, "bias": b });
    let json = chain(&[dense(&layers[0]), json!({ "type": "tanh" }), dense(&layers[1])]);
    Case { json, nested: Nested::mlp(layers.clone(), 1), flat: Mlp::running(&layers, 1) }
}

fn lstm(hidden: usize) -> Case {
    let mut random = Random::new(3);
    let [input, own] = [1, hidden].map(|n| matrix(&mut random, 4 * hidden, n));
    let (bias, head) = (vector(&mut random, 4 * hidden), matrix(&mut random, 1, hidden));
    let json = chain(&[
        json!({ "type": "lstm", "input": input, "own": own, "bias": bias }),
        json!({ "type": "dense", "weights": head, "bias": [0.1] }),
    ]);
    let flat = Lstm::running(&input, &own, &bias, &head[0]);
    Case { json, nested: Nested::lstm(input, own, bias, head[0].clone()), flat }
}

fn gru(hidden: usize) -> Case {
    let mut random = Random::new(4);
    let [input, own] = [1, hidden].map(|n| matrix(&mut random, 3 * hidden, n));
    let [bias, own_bias] = [0, 1].map(|_| vector(&mut random, 3 * hidden));
    let head = matrix(&mut random, 1, hidden);
    let json = chain(&[
        json!({ "type": "gru", "input": input, "own": own, "bias": bias, "own_bias": own_bias }),
        json!({ "type": "dense", "weights": head, "bias": [0.1] }),
    ]);
    let biases = [bias, own_bias];
    let flat = Gru::running(&input, &own, &biases, &head[0]);
    Case { json, nested: Nested::gru(input, own, biases, head[0].clone()), flat }
}
