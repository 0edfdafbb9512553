//! What a graph does to a complex exponential, from its tree alone: the reference
//! that loaded graphs are compared by.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use num_complex::Complex64;

use super::json::{Field, Json};
use super::{Delay, Graph, Kind, Module, Node, Section};

pub(super) type Response = Array2<Complex64>;

/// H at `z`, outputs × inputs.
pub(super) fn response(node: &Node, z: Complex64) -> Response {
    match node.kind() {
        Kind::Series(children) => {
            children.iter().fold(Response::eye(node.inputs()), |h, c| response(c, z).dot(&h))
        }
        Kind::Parallel { branches, sum } => {
            let all: Vec<_> = branches.iter().map(|b| response(b, z)).collect();
            if *sum {
                return all.into_iter().reduce(|a, b| a + b).expect("a branch");
            }
            let views: Vec<_> = all.iter().map(|h| h.view()).collect();
            ndarray::concatenate(ndarray::Axis(0), &views).expect("one width")
        }
        Kind::Recursion { forward, backward } => {
            let (f, b) = (response(forward, z), response(backward, z));
            solve(Response::eye(f.nrows()) - f.dot(&b), f)
        }
        Kind::Module(m) => module(m, z),
    }
}

fn module(module: &Module, z: Complex64) -> Response {
    let diagonal = |h: Vec<Complex64>| Response::from_diag(&ndarray::Array1::from(h));
    match module {
        Module::Matrix(m) => m.map(|x| Complex64::from(*x)),
        Module::Delay(d) => diagonal(d.iter().map(|d| delay(d, z)).collect()),
        Module::Filter(f) => diagonal(f.iter().map(|f| cascade(f, z)).collect()),
        Module::Fir(f) => diagonal(f.iter().map(|f| fir(f, z)).collect()),
        Module::DelayMatrix(m) => m.map(|(gain, d)| delay(d, z) * *gain),
        Module::FilterMatrix(m) => m.map(|f| cascade(f, z)),
        Module::FirMatrix(m) => m.map(|f| fir(f, z)),
    }
}

fn delay(delay: &Delay, z: Complex64) -> Complex64 {
    (z.ln() * -delay.samples).exp()
}

fn cascade(sections: &[Section], z: Complex64) -> Complex64 {
    let w = z.inv();
    let one =
        |s: &Section| (s.b[0] + w * (s.b[1] + w * s.b[2])) / (1.0 + w * (s.a[0] + w * s.a[1]));
    sections.iter().map(one).product()
}

fn fir(taps: &[f64], z: Complex64) -> Complex64 {
    taps.iter().rev().fold(Complex64::ZERO, |h, tap| h * z.inv() + tap)
}

/// A⁻¹·B, by elimination with pivots.
fn solve(mut a: Response, mut b: Response) -> Response {
    let n = a.nrows();
    for k in 0..n {
        let pivot = (k..n).max_by(|i, j| a[(*i, k)].norm().total_cmp(&a[(*j, k)].norm()));
        let pivot = pivot.expect("a row");
        for m in [&mut a, &mut b] {
            (0..m.ncols()).for_each(|c| m.swap((k, c), (pivot, c)));
        }
        let first = a[(k, k)];
        for i in (0..n).filter(|i| *i != k) {
            let factor = a[(i, k)] / first;
            for m in [&mut a, &mut b] {
                for c in 0..m.ncols() {
                    let above = m[(k, c)];
                    m[(i, c)] -= factor * above;
                }
            }
        }
    }
    for ((k, _), x) in b.indexed_iter_mut() {
        *x /= a[(k, k)];
    }
    b
}

/// The committed files, small ones of every format.
pub(super) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/fdn")
}

/// A file beside the repository, or nothing and a word.
pub(super) fn shared(file: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/fdn").join(file);
    let bytes = std::fs::read(&path);
    if bytes.is_err() {
        println!("skipped: no {}", path.display());
    }
    bytes.ok()
}

pub(super) fn fixture(name: &str) -> Vec<u8> {
    let path = fixtures().join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every committed graph that loads, and its name.
pub(super) fn graphs() -> Vec<(String, Vec<u8>)> {
    let names = std::fs::read_dir(fixtures()).expect("fixtures").map(|entry| {
        entry.expect("an entry").file_name().into_string().expect("a name in Unicode")
    });
    let graph =
        |n: &String| n.ends_with(".json") && !n.ends_with(".points.json") && !n.starts_with("lost");
    let mut names: Vec<_> = names.filter(graph).collect();
    names.sort();
    assert!(names.len() >= 9, "{names:?}");
    names.into_iter().map(|n| (n.clone(), fixture(&n))).collect()
}

/// What a committed graph should do, at some points.
pub(super) fn points(name: &str) -> Vec<(Complex64, Response)> {
    let bytes = fixture(&format!("{name}.points.json"));
    let json: Json = serde_json::from_slice(&bytes).expect("points");
    let field = Field::new(name, &json);
    let z = field.need("z").and_then(|z| z.matrix()).expect("points");
    let h = field.need("h").and_then(|h| h.tensor(4)).expect("responses");
    let h = h.into_dimensionality::<ndarray::Ix4>().expect("four axes");
    let (_, outputs, inputs, _) = h.dim();
    let at = |k: usize| {
        let value = |(o, i)| Complex64::new(h[(k, o, i, 0)], h[(k, o, i, 1)]);
        let expected = Response::from_shape_fn((outputs, inputs), value);
        (Complex64::new(z[(k, 0)], z[(k, 1)]), expected)
    };
    (0..z.nrows()).map(at).collect()
}

/// The greatest difference of a graph from what it should do, over the greatest
/// magnitude of that.
pub(super) fn worst(graph: &Graph, points: &[(Complex64, Response)]) -> f64 {
    let most = |h: &Response| h.iter().map(|x| x.norm()).fold(0.0, f64::max);
    let difference = |(z, h): &(Complex64, Response)| {
        let found = response(&graph.root, *z);
        assert_eq!(found.dim(), h.dim());
        most(&(found - h))
    };
    let loudest = points.iter().map(|(_, h)| most(h)).fold(0.0, f64::max);
    assert!(loudest > 0.0, "something to compare with");
    points.iter().map(difference).fold(0.0, f64::max) / loudest
}

/// Impulse responses as NumPy saves them, inputs × outputs × time, in float32 or
/// float64, at points outside the unit circle where a tail cut off weighs nothing.
pub(super) fn npy_points(bytes: &[u8]) -> Vec<(Complex64, Response)> {
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).expect("a header");
    let data = &bytes[10 + length..];
    let shape = header.split_once("'shape': (").expect("a shape").1;
    let shape = shape.split_once(')').expect("its end").0;
    let shape: Vec<usize> = shape.split(',').map(|n| n.trim().parse().expect("a size")).collect();
    let (inputs, outputs, time) = (shape[0], shape[1], shape[2]);
    let samples: Vec<f64> = if header.contains("<f8") {
        data.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("8 bytes"))).collect()
    } else {
        let float = |b: &[u8]| f32::from_le_bytes(b.try_into().expect("4 bytes"));
        data.chunks_exact(4).map(|b| float(b).into()).collect()
    };
    assert_eq!(samples.len(), inputs * outputs * time);
    let radius = 1e9f64.powf(1.0 / time as f64);
    let at = |angle: f64| {
        let z = Complex64::from_polar(radius, angle);
        let sum = |(o, i): (usize, usize)| fir(&samples[(i * outputs + o) * time..][..time], z);
        (z, Response::from_shape_fn((outputs, inputs), sum))
    };
    [0.02, 0.31, 1.4, 3.0].map(at).into()
}
