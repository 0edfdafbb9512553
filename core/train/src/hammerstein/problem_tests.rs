use nn::{FilterKind, Knob};

use super::*;
use crate::least_squares::{LANES, Problem as _};

const RATE: f64 = 48_000.0;

/// Every kind of filter, somewhere.
fn shape() -> Shape {
    use FilterKind::*;
    let knob = |name: &str| Knob { name: name.to_owned(), min: 0.0, max: 2.0, default: 1.0 };
    Shape {
        hidden: 5,
        pre: vec![HighPass1, Peak],
        branches: vec![vec![], vec![LowPass1, LowShelf1], vec![HighShelf, HighPass]],
        post: vec![HighPass1, LowPass, HighShelf1, LowShelf, Peak],
        knobs: vec![knob("Drive"), knob("Tone")],
        rate: RATE,
    }
}

fn random(shape: &Shape, rng: &mut fastrand::Rng) -> Vec<f64> {
    let mut p = vec![0.0; shape.parameters()];
    for input in 0..=shape.inputs() + 1 {
        p[shape.weights(input)][..shape.hidden].fill_with(|| 2.0 * rng.f64() - 1.0);
    }
    p[shape.offset()] = 0.3;
    for (kind, range) in shape.filters() {
        let hz = 100.0 * 20f64.powf(rng.f64());
        let filter = nn::Filter { kind, hz, q: 0.5 + rng.f64(), gain: 8.0 * rng.f64() - 4.0 };
        p[range].copy_from_slice(&filters::of(&filter));
    }
    p
}

fn segment(warm: usize, rng: &mut fastrand::Rng) -> Segment {
    let (lead, n) = (300, 2 * CHUNK + 77);
    let dry: Vec<f64> = (0..lead + warm + n).map(|_| 2.0 * rng.f64() - 1.0).collect();
    let wet = (0..n).map(|_| rng.f64()).collect();
    Segment { dry, lead, warm, knobs: vec![0.3, -0.8], wet, weight: 0.7 }
}

/// What counts of the output; and its derivatives if they are asked for, row by row.
fn outputs(problem: &Problem<'_>, p: &[f64], slopes: bool) -> (Vec<f64>, Vec<Vec<f64>>) {
    let (segment, prepared) = (&problem.segments[0], problem.prepare(p, slopes));
    let front = problem.front(&prepared, segment);
    let mut pass = Pass::new(problem.shape, p, &prepared, segment);
    let (mut all, mut slope) = (Vec::new(), Vec::new());
    let mut rows = Rows::new(p.len(), CHUNK);
    for from in (0..segment.warm + segment.wet.len()).step_by(CHUNK) {
        if from == segment.warm {
            pass.settle(from);
        }
        if slopes {
            pass.differentiate(&front, from, &mut rows)
        } else {
            pass.value(&front, from)
        }
        if from < segment.warm {
            continue;
        }
        all.extend_from_slice(&pass.out.value);
        for t in 0..pass.out.value.len() {
            let row = (0..p.len() / LANES).flat_map(|i| rows.panel(i)[t % CHUNK]);
            slope.push(row.collect());
        }
    }
    (all, slope)
}

/// Derivatives by every weight, corner, resonance and gain are those of differences.
#[test]
fn derivatives() {
    let (shape, mut rng) = (shape(), fastrand::Rng::with_seed(3));
    for warm in [0, 3 * CHUNK] {
        let (p, segments) = (random(&shape, &mut rng), [segment(warm, &mut rng)]);
        let problem = Problem { shape: &shape, segments: &segments, stiffness: Vec::new() };
        let (values, slopes) = outputs(&problem, &p, true);
        assert_eq!(values, outputs(&problem, &p, false).0);
        let mut effective = 0;
        for i in 0..p.len() {
            let moved = |h: f64| {
                let mut p = p.clone();
                p[i] += h;
                outputs(&problem, &p, false).0
            };
            let (above, below, h) = (moved(1e-4), moved(-1e-4), 2e-4);
            let expected: Vec<f64> = above.iter().zip(&below).map(|(a, b)| (a - b) / h).collect();
            let size = expected.iter().fold(0.0_f64, |size, d| size.max(d.abs()));
            effective += usize::from(size > 0.0);
            for (t, (row, expected)) in slopes.iter().zip(&expected).enumerate() {
                let far = (row[i] - expected).abs();
                assert!(far <= 3e-6 * size.max(1e-3), "{i} at {t}: {} {expected}", row[i]);
            }
        }
        // Weights, biases and filters; all but those that fill up panels.
        assert_eq!(
            effective,
            5 * (3 + 2 + 2) + 1 + (1 + 3) + (1 + 2) + (3 + 2) + (1 + 2 + 2 + 3 + 3)
        );
    }
}

/// The gradient and the cost are those of the residuals.
#[test]
fn sums() {
    let (shape, mut rng) = (shape(), fastrand::Rng::with_seed(4));
    let (p, segments) = (random(&shape, &mut rng), [segment(3 * CHUNK, &mut rng)]);
    let problem = Problem { shape: &shape, segments: &segments, stiffness: Vec::new() };
    let (values, slopes) = outputs(&problem, &p, true);
    let wet = &segments[0].wet;
    let cost: f64 = values.iter().zip(wet).map(|(y, wet)| 0.5 * (0.7 * (y - wet)).powi(2)).sum();
    let found = least_squares::cost(&problem, &p);
    assert!((found - cost).abs() < 1e-12 * cost, "{found} {cost}");
    let h = 1e-5;
    for i in [0, 9, shape.offset(), shape.pre().start, shape.post().start, shape.post().end - 1] {
        let residuals = values.iter().zip(wet).zip(&slopes);
        let gradient: f64 = residuals.map(|((y, wet), row)| 0.49 * (y - wet) * row[i]).sum();
        let moved = |h: f64| {
            let mut p = p.clone();
            p[i] += h;
            least_squares::cost(&problem, &p)
        };
        let expected = (moved(h) - moved(-h)) / (2.0 * h);
        let far = (gradient - expected).abs();
        assert!(far < 1e-5 * expected.abs().max(1e-2), "{i}: {gradient} {expected}");
    }
}
