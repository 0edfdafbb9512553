//! What is played against what FLAMO computes, in float64: the committed
//! fixtures, and the larger ones beside the repository where there are any.
//!
//! `cargo test -p fdn --test flamo -- --nocapture` prints every difference.

mod npy;
#[path = "exact/run.rs"]
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fdn::{Decay, Error, Graph, Network, Plan, Reverb};
use npy::{Response, difference, npy};

/// What is played for an impulse into each input.
fn play(graph: &Graph, samples: usize) -> Response {
    let plan = Arc::new(Plan::compile(&Network::new(graph), Decay::None).unwrap());
    let (inputs, outputs) = (plan.inputs(), plan.outputs());
    let mut values = Vec::new();
    for i in 0..inputs {
        let mut x = vec![vec![0.0_f32; samples]; inputs];
        x[i][0] = 1.0;
        let mut y = vec![vec![0.0_f32; samples]; outputs];
        let x: Vec<&[f32]> = x.iter().map(|x| &x[..]).collect();
        let mut refs: Vec<&mut [f32]> = y.iter_mut().map(|y| &mut y[..]).collect();
        Reverb::new(&plan).process(&x, &mut refs);
        values.extend(y.iter().flatten().map(|y| f64::from(*y)));
    }
    Response { shape: [inputs, outputs, samples], values }
}

/// Compares a graph with its reference; how far they are apart, in dB.
fn compare(json: &Path, reference: &Path) -> f64 {
    let graph = Graph::load(&fs::read(json).unwrap()).unwrap();
    let meant = npy(reference);
    let is = play(&graph, meant.shape[2]);
    assert_eq!(is.shape, meant.shape, "{json:?}");
    let error = difference(&is.values, &meant.values);
    let low = difference(&below(&is, 16_000.0), &below(&meant, 16_000.0));
    let name = json.file_stem().unwrap().to_string_lossy();
    println!("{name:36} {error:8.1} dB, below 16 kHz {low:8.1} dB");
    if name.contains("frac") { low } else { error }
}

/// The spectra of a response at 48 kHz below `hz`, real and imaginary parts.
fn below(response: &Response, hz: f64) -> Vec<f64> {
    let samples = response.shape[2];
    let fft = realfft::RealFftPlanner::<f64>::new().plan_fft_forward(samples);
    let mut spectrum = fft.make_output_vec();
    let mut all = Vec::new();
    for channel in response.values.chunks_exact(samples) {
        fft.process(&mut channel.to_vec(), &mut spectrum).unwrap();
        let bins = (hz / 48_000.0 * samples as f64) as usize;
        all.extend(spectrum[..bins].iter().flat_map(|x| [x.re, x.im]));
    }
    all
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The committed graphs: names, files and references.
fn fixtures() -> Vec<(String, PathBuf, PathBuf)> {
    let folder = root().join("tests/data/fdn/flamo");
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let name = |fixture: &serde_json::Value| fixture["name"].as_str().unwrap().to_owned();
    let names: Vec<String> = index["fixtures"].as_array().unwrap().iter().map(name).collect();
    assert!(names.len() > 50, "{} fixtures", names.len());
    let at = |name: &String, end: &str| folder.join(format!("{name}.{end}"));
    let all = names.iter().map(|name| (name.clone(), at(name, "json"), at(name, "npy")));
    all.collect()
}

#[test]
fn fixtures_play_what_flamo_computes() {
    let mut failed = Vec::new();
    for (name, json, reference) in fixtures() {
        let error = compare(&json, &reference);
        // Eleven bands and more, some of large gains that cancel, lose some digits.
        let target = if name.contains("eq") { -115.0 } else { -130.0 };
        if error > target {
            failed.push(format!("{name}: {error:.1} dB, not {target}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// The graphs beside the repository, by name, and their references; none where there
/// are none. Those that load are handed to `check`, of all others it is told why they
/// are refused.
fn references(mut check: impl FnMut(&str, &Path, &Path)) {
    let folder = root().join("../shared/data/fdn");
    if !folder.is_dir() {
        println!("skipped: no reference data beside the repository");
        return;
    }
    for folder in [folder.clone(), folder.join("graphs")] {
        let mut all: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        all.sort();
        for json in all.iter().filter(|p| p.extension().is_some_and(|e| e == "json")) {
            let name = json.file_stem().unwrap().to_string_lossy().into_owned();
            let loaded = Graph::load(&fs::read(json).unwrap());
            // The same network in two formats is one network.
            let base = name.trim_end_matches(".pyfdn");
            let reference =
                ["flamo.npy", "td64.npy"].map(|end| json.with_file_name(format!("{base}.{end}")));
            let reference = reference.into_iter().find(|path| path.exists());
            match (loaded, reference) {
                // What is no graph, or has lost what the sound needs.
                (Err(e @ (Error::Version { .. } | Error::Lost { .. })), _) => {
                    println!("{name:36} refused: {e}");
                }
                (Err(e), _) => panic!("{name}: {e}"),
                // Recorded with knobs at other places than a graph can say.
                (Ok(_), Some(_)) if name.starts_with("ctl_") => {}
                (Ok(_), Some(reference)) => check(&name, json, &reference),
                (Ok(_), None) => panic!("{name} has no reference"),
            }
        }
    }
}

/// How near, in dB, `name` must come to its reference.
fn target(name: &str) -> f64 {
    match name {
        // An ideal delay has no end of samples; ours has 32.
        n if n.contains("frac") => -60.0,
        n if n.contains("sos3") => -130.0,
        // The reference's own, of time aliasing.
        "07_nested_recursion" => -130.0,
        _ => -135.0,
    }
}

#[test]
fn references_play_what_flamo_computes() {
    let mut failed = Vec::new();
    references(|name, json, reference| {
        let (error, target) = (compare(json, reference), target(name));
        if error > target {
            failed.push(format!("{name}: {error:.1} dB, not {target}"));
        }
    });
    assert!(failed.is_empty(), "{failed:#?}");
}

/// What FAUST makes of the source we write, for an impulse into each input.
fn by_faust(graph: &Graph, label: &str, samples: usize) -> Response {
    let source = fdn::faust(&Network::new(graph), &graph.name).unwrap();
    let (inputs, outputs) = (graph.root.inputs(), graph.root.outputs());
    let responses = run::impulse_responses(label, &source, (inputs, outputs), samples);
    let values = responses.into_iter().flatten().flatten().collect();
    Response { shape: [inputs, outputs, samples], values }
}

/// Compares what FAUST computes of a graph with its reference; in dB.
fn compare_faust(name: &str, json: &Path, reference: &Path) -> f64 {
    let graph = Graph::load(&fs::read(json).unwrap()).unwrap();
    let meant = npy(reference);
    let is = by_faust(&graph, name, meant.shape[2]);
    assert_eq!(is.shape, meant.shape, "{name}");
    let error = difference(&is.values, &meant.values);
    let low = difference(&below(&is, 16_000.0), &below(&meant, 16_000.0));
    println!("{name:36} {error:8.1} dB in FAUST, below 16 kHz {low:8.1} dB");
    if name.contains("frac") { low } else { error }
}

#[test]
fn faust_of_references_computes_what_flamo_does() {
    if run::missing() {
        return;
    }
    let mut failed = Vec::new();
    references(|name, json, reference| {
        // It sums in another order than we do.
        let (error, target) = (compare_faust(name, json, reference), target(name).max(-130.0));
        if error > target {
            failed.push(format!("{name}: {error:.1} dB, not {target}"));
        }
    });
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn faust_of_fixtures_computes_what_flamo_does() {
    if run::missing() {
        return;
    }
    let mut failed = Vec::new();
    for (name, json, reference) in fixtures() {
        let error = compare_faust(&name, &json, &reference);
        if error > -125.0 {
            failed.push(format!("{name}: {error:.1} dB"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
