//! Textbook networks for tests, of many absorptions.

use std::f64::consts::PI;

use fastrand::Rng;
use ndarray::Array2;

use crate::graph::{Controls, Delay, Graph, Module, Node, Section};

pub(super) const RATE: f64 = 48_000.0;

/// What a line absorbs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Absorption {
    /// Nothing.
    None,
    /// 1.5 s at 0 Hz, 0.5 s at the Nyquist frequency.
    OnePole,
    /// Two shelves and a peak between: 1.5, 1.2, 0.5 s.
    Shelves,
    /// Eleven bands, from 1.6 to 0.5 s.
    Geq,
}

/// An orthogonal network of `lines`, stereo, with a direct path.
pub(super) fn network(lines: usize, absorption: Absorption) -> Graph {
    let mut rng = Rng::with_seed(lines as u64);
    let mut gains = |n: usize, m: usize| {
        let scale = 1.0 / (n.max(m) as f64).sqrt();
        Array2::from_shape_fn((n, m), |_| scale * (2.0 * rng.f64() - 1.0))
    };
    let (into, out, back) = (gains(lines, 2), gains(2, lines), orthogonal(gains(lines, lines)));
    let delays: Vec<usize> = primes(lines);
    let leaf = |name: &str, module| Node::module(name, module).unwrap();
    let line = |m: &usize| Delay { samples: *m as f64, interpolated: false };
    let delay = leaf("delay", Module::Delay(delays.iter().map(line).collect()));
    let mut forward = vec![delay];
    if absorption != Absorption::None {
        let cascades = delays.iter().map(|m| cascade(*m as f64, absorption)).collect();
        forward.push(leaf("absorption", Module::Filter(cascades)));
    }
    let forward = Node::series("forward", lines, forward).unwrap();
    let room = Node::recursion("room", forward, leaf("back", Module::Matrix(back))).unwrap();
    let wet = vec![leaf("in", Module::Matrix(into)), room, leaf("out", Module::Matrix(out))];
    let wet = Node::series("wet", 2, wet).unwrap();
    let dry = leaf("dry", Module::Matrix(0.5 * Array2::<f64>::eye(2)));
    let root = Node::parallel("all", vec![wet, dry], true).unwrap();
    let name = format!("{lines} lines, {absorption:?}");
    Graph { name, sample_rate: RATE, root, controls: Controls::default(), revision: None }
}

/// About as far apart on a logarithmic scale, from 17 to 104 ms.
fn primes(lines: usize) -> Vec<usize> {
    let prime = |n: &usize| (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    let mut last = 0;
    let next = |i: usize| {
        let about = 809.0 * (5003.0f64 / 809.0).powf(i as f64 / (lines.max(2) - 1) as f64);
        last = (about as usize..).find(|n| *n > last && prime(n)).unwrap();
        last
    };
    (0..lines).map(next).collect()
}

/// Gram and Schmidt's, twice.
fn orthogonal(mut m: Array2<f64>) -> Array2<f64> {
    for i in 0..m.nrows() {
        for j in (0..i).chain(0..i) {
            let along = m.row(i).dot(&m.row(j));
            let other = m.row(j).to_owned();
            m.row_mut(i).scaled_add(-along, &other);
        }
        let size = m.row(i).dot(&m.row(i)).sqrt();
        m.row_mut(i).mapv_inplace(|x| x / size);
    }
    m
}

fn cascade(samples: f64, absorption: Absorption) -> Vec<Section> {
    let gain = |t60: f64| 10f64.powf(-3.0 * samples / (RATE * t60));
    match absorption {
        Absorption::None => Vec::new(),
        Absorption::OnePole => {
            // J.-M. Jot and A. Chaigne, "Digital delay networks", AES 90th Convention (1991).
            let ratio = gain(1.5) / gain(0.5);
            let a = (1.0 - ratio) / (1.0 + ratio);
            vec![Section { b: [(1.0 - a.abs()) * gain(0.5), 0.0, 0.0], a: [a, 0.0] }]
        }
        Absorption::Shelves => {
            let mut all = vec![shelf(250.0, gain(1.5) / gain(1.2), 1.0)];
            all.push(shelf(4000.0, gain(0.5) / gain(1.2), -1.0));
            all.push(peak(1000.0, gain(1.0) / gain(1.2), 0.7));
            all[0].b.iter_mut().for_each(|b| *b *= gain(1.2));
            all
        }
        Absorption::Geq => {
            let band = |k: i32| {
                let hz = 31.25 * 2f64.powf(0.93 * f64::from(k));
                peak(hz.min(18_000.0), gain(1.6 - 0.11 * f64::from(k)) / gain(1.3), 1.4)
            };
            let mut all: Vec<Section> = (0..11).map(band).collect();
            all[0].b.iter_mut().for_each(|b| *b *= gain(1.3));
            all
        }
    }
}

/// R. Bristow-Johnson, "Cookbook formulae for audio EQ": a peak, and shelves of slope
/// one, low or, `side` negative, high.
fn peak(hz: f64, gain: f64, q: f64) -> Section {
    let (a, w) = (gain.sqrt(), 2.0 * PI * hz / RATE);
    let alpha = w.sin() / (2.0 * q);
    let c = -2.0 * w.cos();
    section([1.0 + alpha * a, c, 1.0 - alpha * a], [1.0 + alpha / a, c, 1.0 - alpha / a])
}

fn shelf(hz: f64, gain: f64, side: f64) -> Section {
    let (a, w) = (gain.sqrt(), 2.0 * PI * hz / RATE);
    let (c, k) = (side * w.cos(), (2.0 * a).sqrt() * w.sin());
    let (more, less) = (a + 1.0, a - 1.0);
    let b =
        [a * (more - less * c + k), 2.0 * side * a * (less - more * c), a * (more - less * c - k)];
    section(b, [more + less * c + k, -2.0 * side * (less + more * c), more + less * c - k])
}

fn section(b: [f64; 3], a: [f64; 3]) -> Section {
    Section { b: b.map(|b| b / a[0]), a: [a[1] / a[0], a[2] / a[0]] }
}
