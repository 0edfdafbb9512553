//! Feedback delay networks as a trainer writes them, in every shape the run-time
//! treats in its own way, all stereo.
#![allow(dead_code, reason = "each test binary uses a part of the kit")]
#![allow(unreachable_pub, reason = "a module of test binaries, public in spirit")]

use std::path::PathBuf;

use fdn::Graph;
use serde_json::{Value, json};

use super::models::Random;

fn node(kind: &str, inputs: usize, outputs: usize, mut more: Value) -> Value {
    for (key, value) in [("type", json!(kind)), ("name", json!(kind))] {
        more[key] = value;
    }
    more["inputs"] = inputs.into();
    more["outputs"] = outputs.into();
    more
}

fn series(children: &[Value]) -> Value {
    let end = |of: Option<&Value>, key: &str| of.map_or(1, |c| c[key].as_u64().unwrap_or(1));
    let (inputs, outputs) = (end(children.first(), "inputs"), end(children.last(), "outputs"));
    node("series", inputs as usize, outputs as usize, json!({ "children": children }))
}

/// Numbers within ±`scale`.
fn matrix(inputs: usize, outputs: usize, scale: f32) -> Value {
    let mut random = Random::new((31 * inputs + outputs) as u64);
    let mut row = || (0..inputs).map(|_| scale * random.draw()).collect::<Vec<_>>();
    let rows: Vec<_> = (0..outputs).map(|_| row()).collect();
    node("matrix", inputs, outputs, json!({ "matrix": rows }))
}

fn delay(samples: &[f64]) -> Value {
    let fractions = samples.iter().any(|m| m.fract() != 0.0);
    let interpolation = if fractions { "sinc" } else { "none" };
    let n = samples.len();
    node("delay", n, n, json!({ "samples": samples, "interpolation": interpolation }))
}

fn gain(n: usize, gain: f64) -> Value {
    node("gain", n, n, json!({ "gains": vec![gain; n] }))
}

/// Lossless, without structure: reflections of vectors that have nothing to do with
/// each other, one after the other.
fn orthogonal(n: usize) -> Value {
    let mut random = Random::new(n as u64);
    let mut m = vec![vec![0.0; n]; n];
    (0..n).for_each(|i| m[i][i] = 1.0);
    for _ in 0..n {
        let v: Vec<f64> = (0..n).map(|_| f64::from(random.draw()) + 0.01).collect();
        let size: f64 = v.iter().map(|x| x * x).sum();
        for row in &mut m {
            let along: f64 = row.iter().zip(&v).map(|(a, b)| a * b).sum();
            row.iter_mut().zip(&v).for_each(|(a, b)| *a -= 2.0 * along * b / size);
        }
    }
    node("matrix", n, n, json!({ "matrix": m }))
}

fn hadamard(n: usize) -> Value {
    node("hadamard", n, n, json!({}))
}

fn householder(n: usize) -> Value {
    node("householder", n, n, json!({ "vector": vec![1; n] }))
}

/// A cascade of `bands` gentle dips for each line.
fn absorption(n: usize, bands: usize) -> Value {
    let dip = |band: usize| {
        // Bristow-Johnson, "Cookbook formulae for audio EQ": a peak of an octave.
        let w = std::f64::consts::TAU * 40.0 * 1.8_f64.powi(band as i32) / 48_000.0;
        let (alpha, a) = (w.sin() / 2.8, 0.9_f64);
        let a0 = 1.0 + alpha / a;
        [1.0 + alpha * a, -2.0 * w.cos(), 1.0 - alpha * a, -2.0 * w.cos(), 1.0 - alpha / a]
            .map(|x| x / a0)
    };
    let cascade = |line: usize| match bands {
        // A one-pole low-pass.
        1 => vec![[0.9 - 0.01 * line as f64, 0.0, 0.0, -0.08 + 0.01 * line as f64, 0.0]],
        _ => (0..bands).map(dip).collect(),
    };
    let cascades: Vec<_> = (0..n).map(cascade).collect();
    node("filter", n, n, json!({ "sections": cascades }))
}

fn recursion(forward: &Value, backward: &Value) -> Value {
    let size = |key: &str| forward[key].as_u64().unwrap_or(1) as usize;
    let halves = json!({ "forward": forward, "backward": backward });
    node("recursion", size("inputs"), size("outputs"), halves)
}

/// `core` of `n` channels between stereo.
fn stereo(n: usize, core: Value) -> Value {
    series(&[matrix(2, n, 0.5), core, matrix(n, 2, 0.5)])
}

/// A loop of `forward` that returns what `mixing` makes of it, by `gain`.
fn reverb(forward: Vec<Value>, mixing: Value, gain_back: f64) -> Value {
    let n = mixing["inputs"].as_u64().unwrap_or(1) as usize;
    stereo(n, recursion(&series(&forward), &series(&[mixing, gain(n, gain_back)])))
}

/// Of different lengths from `first` samples on.
fn lines(n: usize, first: usize) -> Value {
    delay(&(0..n).map(|i| (first + 17 * i + i * i % 5) as f64).collect::<Vec<_>>())
}

fn loaded(name: &str, root: &Value) -> Graph {
    // Names of siblings are distinct in this format.
    let mut root = root.clone();
    number(&mut root, &mut 0);
    let file = json!({ "format": "kiln-fdn", "version": 1, "name": name, "sample_rate": 48_000,
        "root": root });
    Graph::load(file.to_string().as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn number(value: &mut Value, count: &mut usize) {
    if let Some(name) = value["name"].as_str().map(str::to_owned) {
        *count += 1;
        value["name"] = format!("{name}{count}").into();
    }
    for key in ["forward", "backward"] {
        if value.get(key).is_some() {
            number(&mut value[key], count);
        }
    }
    let children = value.get_mut("children").and_then(Value::as_array_mut);
    children.into_iter().flatten().for_each(|child| number(child, count));
}

/// Lossless mixing, turned up by `gain`; what returns is `gain` times as loud.
pub fn lossless_times(gain: f64) -> Graph {
    loaded("lossless", &reverb(vec![lines(8, 101)], orthogonal(8), gain))
}

/// The textbook's networks, by their matrix and what their lines absorb.
pub fn canonical() -> Vec<Graph> {
    let mut all = Vec::new();
    for n in [4, 8, 16, 32] {
        for (name, mixing) in
            [("dense", orthogonal(n)), ("Hadamard", hadamard(n)), ("Householder", householder(n))]
        {
            for bands in [0, 1, 11] {
                let mut forward = vec![lines(n, 97)];
                if bands > 0 {
                    forward.push(absorption(n, bands));
                }
                let root = reverb(forward, mixing.clone(), 0.97);
                all.push(loaded(&format!("{name} of {n}, {bands} biquads a line"), &root));
            }
        }
    }
    all
}

/// Loops shorter than a block, without any delay, or of unusual parts.
pub fn unusual() -> Vec<Graph> {
    let few = |samples: &[f64]| reverb(vec![delay(samples)], householder(samples.len()), 0.9);
    let taps = |n: usize, every: usize| -> Vec<f64> {
        let tap =
            |i: usize| if i.is_multiple_of(every) { 0.9_f64.powi(i as i32) * 0.1 } else { 0.0 };
        (0..n).map(tap).collect()
    };
    let fir = node("fir", 4, 4, json!({ "taps": [taps(300, 1), taps(500, 50), taps(1, 1), []] }));
    let colour = |t: f64| json!([[0.3, 0.1 * t, 0.05, -0.4, 0.1]]);
    let pairs = node(
        "filter_matrix",
        2,
        2,
        json!({ "sections": [[colour(1.0), colour(-1.0)], [colour(0.5), colour(2.0)]] }),
    );
    let scatter = node(
        "fir_matrix",
        2,
        2,
        json!({ "taps": [[taps(9, 4), taps(20, 7)], [taps(40, 13), taps(3, 1)]] }),
    );
    let arrivals = node(
        "delay_matrix",
        2,
        2,
        json!({ "gains": [[0.5, 0.1], [0.2, -0.4]], "samples": [[0, 3], [64, 1000]],
            "interpolation": "none" }),
    );
    let both = json!({ "sum": true, "children": [arrivals, pairs] });
    let inner = recursion(&delay(&[5.0, 70.0]), &gain(2, -0.5));
    let at_once = recursion(&absorption(2, 11), &gain(2, 0.4));
    let all: Vec<(&str, Value)> = vec![
        ("lines of 1 to 4 samples", few(&[1.0, 2.0, 3.0, 4.0])),
        ("lines of 7 to 40 samples", few(&[7.0, 16.0, 31.0, 40.0])),
        ("lines of 63 to 66 samples", few(&[63.0, 64.0, 65.0, 66.0])),
        ("one line of one sample", few(&[1.0, 200.0])),
        ("lines without delay", few(&[0.0, 331.0, 0.0, 97.0])),
        ("filters in a loop without delay", stereo(2, at_once.clone())),
        ("a loop without delay in a loop", reverb(vec![at_once, lines(2, 80)], hadamard(2), 0.4)),
        ("fractions of a sample", few(&[40.25, 67.5, 101.3, 333.9])),
        ("short fractions of a sample", few(&[3.25, 17.5, 21.3, 33.9])),
        ("FIRs in a loop", reverb(vec![fir.clone(), lines(4, 70)], hadamard(4), 0.5)),
        ("FIRs in a short loop", reverb(vec![fir, lines(4, 3)], hadamard(4), 0.5)),
        ("a matrix of FIRs in a loop", reverb(vec![lines(2, 71)], scatter, 0.8)),
        ("matrices of delays and filters", node("parallel", 2, 2, both)),
        ("loops in a loop", reverb(vec![inner, lines(2, 80)], hadamard(2), 0.4)),
        ("a wire", node("series", 2, 2, json!({ "children": [] }))),
    ];
    all.iter().map(|(name, root)| loaded(name, root)).collect()
}

/// The committed graphs that are to be played, by path.
pub fn fixtures() -> Vec<PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fdn");
    let read = |folder: PathBuf| std::fs::read_dir(folder).expect("the fixtures");
    let entries = read(folder.clone()).chain(read(folder.join("flamo")));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Answers, the table of contents, and what is there to be refused.
        name.ends_with(".json")
            && !name.ends_with(".points.json")
            && !["index.json", "lost_fir.json"].contains(&&*name)
    });
    files.sort();
    files
}
