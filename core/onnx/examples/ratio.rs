//! Times the runtime we carry against ONNX Runtime, one thread each, in one process:
//!
//! ```text
//! KILN_ONNXRUNTIME=/path/to/libonnxruntime.so cargo run --release -p onnx --example ratio
//! ```
//!
//! Every graph of the test data, on noise. Without the variable only our own is timed.

use std::time::{Duration, Instant};

use onnx::{Dim, Element, Graph, Options, Port, Provider, Tensor};

/// Time of one measurement, of which the least counts.
const BATCH: Duration = Duration::from_millis(20);
const BATCHES: usize = 25;

/// Samples where the file leaves the length of time open, and the same for pitch.
const TIME: usize = 512;
const SAMPLES: usize = 8000;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let library = std::env::var_os("KILN_ONNXRUNTIME").map(Into::into);
    let theirs = Options { library, providers: vec![Provider::Cpu], ..Options::default() };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    let mut files: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(std::fs::DirEntry::path);
    println!("{:<18} {:>10} {:>14} {:>6}", "graph", "rten, us", "ONNX Rt, us", "ratio");
    for path in files.iter().map(std::fs::DirEntry::path) {
        if path.extension().is_none_or(|e| e != "onnx") {
            continue;
        }
        let bytes = std::fs::read(&path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut ours = Graph::load(&bytes, &Options::default())?;
        let mut other = Graph::load(&bytes, &theirs)?;
        let compare = theirs.library.is_some();
        if let (true, Some(notice)) = (compare, other.notices().first()) {
            return Err(notice.clone().into());
        }
        let (mut a, mut b) = (f64::INFINITY, f64::INFINITY);
        // In turns, so that what else the machine does hits both.
        for _ in 0..BATCHES {
            a = a.min(time(&mut ours)?);
            b = if compare { b.min(time(&mut other)?) } else { b };
        }
        println!("{name:<18} {a:>10.1} {b:>14.1} {:>6.2}", a / b);
    }
    Ok(())
}

/// Microseconds of an inference, the mean of a batch.
fn time(graph: &mut Graph) -> Result<f64, Failure> {
    let inputs: Vec<(String, Tensor)> =
        graph.inputs().iter().map(|port| (port.name.clone(), noise(port))).collect();
    let outputs: Vec<String> = graph.outputs().iter().map(|port| port.name.clone()).collect();
    let mut result = Ok(0.0);
    graph.host(&mut |graph| result = batch(graph, &inputs, &outputs))?;
    Ok(result?)
}

fn batch(
    graph: &mut Graph,
    inputs: &[(String, Tensor)],
    outputs: &[String],
) -> Result<f64, onnx::Error> {
    let fed = || inputs.iter().map(|(name, t)| (name.as_str(), t.clone())).collect();
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    graph.run(fed(), &outputs)?;
    let (begin, mut count) = (Instant::now(), 0);
    while begin.elapsed() < BATCH {
        graph.run(fed(), &outputs)?;
        count += 1;
    }
    Ok(begin.elapsed().as_secs_f64() * 1e6 / f64::from(count))
}

/// What a port takes: pitch limits are the only numbers that stand alone.
fn noise(port: &Port) -> Tensor {
    let length = |dim: &Dim| match dim {
        Dim::Fixed(n) => *n,
        Dim::Free(name) if name == "samples" => SAMPLES,
        Dim::Free(name) if name == "time" => TIME,
        Dim::Free(_) => 1,
    };
    let shape: Vec<usize> = port.shape.iter().flatten().map(length).collect();
    let count = shape.iter().product();
    if port.element != Element::F32 {
        return Tensor::ints(&shape, vec![0; count]);
    }
    match port.name.as_str() {
        "fmin" => Tensor::floats(&shape, vec![46.875]),
        "fmax" => Tensor::floats(&shape, vec![2093.75]),
        _ => {
            let mut random = fastrand::Rng::with_seed(1);
            Tensor::floats(&shape, (0..count).map(|_| random.f32() - 0.5).collect())
        }
    }
}
