//! Impulse responses from the tree of a graph in the frequency domain, which
//! shares nothing with the code under test.

use fdn::{Delay, Graph, Kind, Module, Node, Section};
use ndarray::{Array2, Axis, concatenate};
use num_complex::Complex64;
use realfft::RealFftPlanner;

type Matrix = Array2<Complex64>;

/// Frequencies of a whole turn; what is older than this is heard again, 160 dB down.
const TURN: usize = 16_384;

/// The impulse responses, `frames` long: input, then output, then sample.
pub(crate) fn impulse_responses(graph: &Graph, frames: usize) -> Vec<Vec<Vec<f64>>> {
    assert!(frames <= TURN);
    // On a circle outside the unit circle responses decay faster, so less is folded.
    let radius = 1e8f64.powf(1.0 / TURN as f64);
    let spectra: Vec<Matrix> = (0..=TURN / 2)
        .map(|k| {
            let omega = std::f64::consts::TAU * k as f64 / TURN as f64;
            response(&graph.root, Complex64::new(radius.ln(), omega))
        })
        .collect();
    let transform = RealFftPlanner::<f64>::new().plan_fft_inverse(TURN);
    let one = |i: usize, o: usize| {
        let mut spectrum: Vec<_> = spectra.iter().map(|m| m[(o, i)]).collect();
        spectrum[0].im = 0.0;
        spectrum[TURN / 2].im = 0.0;
        let mut time = vec![0.0; TURN];
        transform.process(&mut spectrum, &mut time).unwrap();
        let whole = |(n, x): (usize, &f64)| x * radius.powf(n as f64) / TURN as f64;
        time.iter().enumerate().take(frames).map(whole).collect()
    };
    let (inputs, outputs) = (graph.root.inputs(), graph.root.outputs());
    (0..inputs).map(|i| (0..outputs).map(|o| one(i, o)).collect()).collect()
}

/// The response at z = exp(`s`), outputs × inputs.
fn response(node: &Node, s: Complex64) -> Matrix {
    match node.kind() {
        Kind::Series(children) => children
            .iter()
            .fold(Matrix::eye(node.inputs()), |all, child| response(child, s).dot(&all)),
        Kind::Parallel { branches, sum } => {
            let each: Vec<_> = branches.iter().map(|b| response(b, s)).collect();
            if *sum {
                each[1..].iter().fold(each[0].clone(), |all, b| all + b)
            } else {
                let views: Vec<_> = each.iter().map(|m| m.view()).collect();
                concatenate(Axis(0), &views).unwrap()
            }
        }
        Kind::Recursion { forward, backward } => {
            let (f, b) = (response(forward, s), response(backward, s));
            solve(Matrix::eye(f.nrows()) - f.dot(&b), f)
        }
        Kind::Module(module) => leaf(module, s),
    }
}

fn leaf(module: &Module, s: Complex64) -> Matrix {
    let diagonal = |x: Vec<Complex64>| Matrix::from_diag(&ndarray::Array1::from(x));
    let delay = |d: &Delay| (-s * d.samples).exp();
    match module {
        Module::Matrix(m) => m.mapv(Complex64::from),
        Module::Delay(d) => diagonal(d.iter().map(delay).collect()),
        Module::Filter(f) => diagonal(f.iter().map(|f| cascade(f, s)).collect()),
        Module::Fir(f) => diagonal(f.iter().map(|f| polynomial(f, s)).collect()),
        Module::DelayMatrix(m) => m.map(|(gain, d)| gain * delay(d)),
        Module::FilterMatrix(m) => m.map(|f| cascade(f, s)),
        Module::FirMatrix(m) => m.map(|f| polynomial(f, s)),
    }
}

fn cascade(sections: &[Section], s: Complex64) -> Complex64 {
    let one = |f: &Section| polynomial(&f.b, s) / polynomial(&[1.0, f.a[0], f.a[1]], s);
    sections.iter().map(one).product()
}

fn polynomial(taps: &[f64], s: Complex64) -> Complex64 {
    taps.iter().enumerate().map(|(n, t)| t * (-s * n as f64).exp()).sum()
}

/// a⁻¹·b by elimination.
fn solve(mut a: Matrix, mut b: Matrix) -> Matrix {
    let n = a.nrows();
    for c in 0..n {
        let pivot = (c..n).max_by(|i, j| a[(*i, c)].norm().total_cmp(&a[(*j, c)].norm())).unwrap();
        (0..n).for_each(|k| a.swap((c, k), (pivot, k)));
        (0..b.ncols()).for_each(|k| b.swap((c, k), (pivot, k)));
        let (from, to, by) = (a.row(c).to_owned(), b.row(c).to_owned(), a[(c, c)]);
        for i in (0..n).filter(|i| *i != c) {
            let factor = -a[(i, c)] / by;
            a.row_mut(i).scaled_add(factor, &from);
            b.row_mut(i).scaled_add(factor, &to);
        }
    }
    for c in 0..n {
        let by = a[(c, c)];
        b.row_mut(c).map_inplace(|x| *x /= by);
    }
    b
}
