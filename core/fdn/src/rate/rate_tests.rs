use std::f64::consts::PI;

use num_complex::Complex64;

use super::filter::{Rates, redesign};
use super::*;
use crate::graph::{Controls, Delay};

fn gain_db(sections: &[Section], f: f64, rate: f64) -> f64 {
    let z1 = Complex64::from_polar(1.0, -2.0 * PI * f / rate);
    let h = sections.iter().fold(Complex64::ONE, |h, Section { b, a }| {
        h * (b[0] + b[1] * z1 + b[2] * z1 * z1) / (1.0 + a[0] * z1 + a[1] * z1 * z1)
    });
    20.0 * h.norm().log10()
}

/// Decibels lost in a pass of a line of `m` samples that dies away in `t60` seconds.
fn loss(m: f64, rate: f64, t60: f64) -> f64 {
    -60.0 * m / (rate * t60)
}

fn db(x: f64) -> f64 {
    10f64.powf(x / 20.0)
}

fn one_pole(low: f64, high: f64) -> Vec<Section> {
    let r = db(low) / db(high);
    let a = (1.0 - r) / (1.0 + r);
    vec![Section { b: [(1.0 - a) * db(high), 0.0, 0.0], a: [a, 0.0] }]
}

fn over(b: [f64; 3], a: [f64; 3]) -> Section {
    Section { b: b.map(|b| b / a[0]), a: [a[1] / a[0], a[2] / a[0]] }
}

/// A shelf of R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter
/// coefficients", of slope one; `up` is 1 for a high shelf and −1 for a low one.
fn shelf(f: f64, gain: f64, up: f64, rate: f64) -> Section {
    let (a, w) = (db(gain / 2.0), 2.0 * PI * f / rate);
    let (c, k) = (up * w.cos(), 2.0 * a.sqrt() * w.sin() / 2.0 * 2f64.sqrt());
    let (p, m) = (a + 1.0, a - 1.0);
    over(
        [a * (p + m * c + k), -2.0 * a * up * (m + p * c), a * (p + m * c - k)],
        [p - m * c + k, 2.0 * up * (m - p * c), p - m * c - k],
    )
}

/// A peak of the same.
fn peak(f: f64, gain: f64, q: f64, rate: f64) -> Section {
    let (a, w) = (db(gain / 2.0), 2.0 * PI * f / rate);
    let (c, k) = (w.cos(), w.sin() / (2.0 * q));
    over([1.0 + k * a, -2.0 * c, 1.0 - k * a], [1.0 + k / a, -2.0 * c, 1.0 - k / a])
}

/// Shelves at 250 Hz and 4 kHz, and a peak at 1 kHz.
fn shelves(m: f64, rate: f64, t60: [f64; 4]) -> Vec<Section> {
    let [low, mid, high, at_peak] = t60.map(|t| loss(m, rate, t));
    let mut low = shelf(250.0, low - mid, -1.0, rate);
    low.b = low.b.map(|b| b * db(mid));
    vec![low, shelf(4000.0, high - mid, 1.0, rate), peak(1000.0, at_peak - mid, 0.7, rate)]
}

/// An octave equaliser of eleven sections after one gain.
fn octaves(base: f64, by: &[f64; 11], rate: f64) -> Vec<Section> {
    let mut all = vec![Section { b: [db(base), 0.0, 0.0], a: [0.0, 0.0] }];
    all.push(shelf(46.0, by[0] * base, -1.0, rate));
    for (k, by) in by[1..10].iter().enumerate() {
        all.push(peak(62.5 * 2f64.powi(k as i32), by * base, 2f64.sqrt(), rate));
    }
    all.push(shelf(11_360.0, by[10] * base, 1.0, rate));
    all
}

/// The largest relative difference of decay times from 50 Hz to 8 kHz.
fn decay_error(old: &[Section], new: &[Section], rates: Rates) -> f64 {
    let frequencies = (0..=300).map(|k| 50.0 * 160f64.powf(f64::from(k) / 300.0));
    let each = frequencies.map(|f| {
        let (old, new) = (gain_db(old, f, rates.old), gain_db(new, f, rates.new));
        (old / new - 1.0).abs()
    });
    each.fold(0.0, f64::max)
}

fn stable(sections: &[Section]) -> bool {
    sections.iter().all(|s| s.a[1].abs() < 1.0 && s.a[0].abs() < 1.0 + s.a[1])
}

const TO: [(f64, f64); 6] = [
    (48_000.0, 44_100.0),
    (48_000.0, 96_000.0),
    (48_000.0, 192_000.0),
    (96_000.0, 44_100.0),
    (96_000.0, 48_000.0),
    (44_100.0, 48_000.0),
];

#[test]
fn probe() {
    for (old, new) in TO {
        let rates = Rates { old, new };
        let mut cases: Vec<(String, Vec<Section>)> = Vec::new();
        for m in [809.0, 2003.0, 5003.0] {
            let m = m * old / 48_000.0;
            for (lo, hi) in [(0.45, 0.2), (2.0, 0.5), (10.0, 1.0)] {
                cases.push((
                    format!("one-pole {m} {lo}"),
                    one_pole(loss(m, old, lo), loss(m, old, hi)),
                ));
            }
            for t in [[0.45, 0.36, 0.2, 0.315], [3.0, 2.0, 0.6, 1.8], [10.0, 8.0, 2.0, 9.0]] {
                cases.push((format!("shelf {m} {t:?}"), shelves(m, old, t)));
            }
        }
        let by = [
            [0.3, -0.2, 0.1, -0.25, 0.0, 0.15, -0.1, 0.2, -0.1, 0.1, 0.4],
            [0.0, 0.1, -0.1, 0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        ];
        for base in [-0.1, -1.5, -12.0] {
            for by in &by {
                cases.push((format!("geq {base}"), octaves(base, by, old)));
            }
        }
        for (name, c) in cases {
            let start = std::time::Instant::now();
            let n = redesign(&c, rates).unwrap();
            let t = start.elapsed();
            println!(
                "{old} {new} {name}: {:.3} % stable {} {t:?}",
                100.0 * decay_error(&c, &n, rates),
                stable(&n)
            );
        }
    }
}

#[test]
fn probe2() {
    let mut rng = fastrand::Rng::with_seed(1);
    let rates = [8e3, 44.1e3, 48e3, 96e3, 192e3, 768e3];
    let mut errs: Vec<(f64, String)> = Vec::new();
    for _ in 0..20000 {
        let (old, new) = (rates[rng.usize(0..6)], rates[rng.usize(0..6)]);
        if old == new {
            continue;
        }
        let pair = |rng: &mut fastrand::Rng| {
            let (r, t) = (rng.f64().sqrt() * 0.999, PI * rng.f64());
            if rng.bool() {
                (-2.0 * r * t.cos(), r * r)
            } else {
                let (p, q) = (r * (2.0 * rng.f64() - 1.0).signum(), 1.998 * rng.f64() - 0.999);
                (-p - q, p * q)
            }
        };
        let (a1, a2) = pair(&mut rng);
        let (b1, b2) = pair(&mut rng);
        let s = Section { b: if rng.bool() { [1.0, b1, b2] } else { [b2, b1, 1.0] }, a: [a1, a2] };
        let n = redesign(&[s], Rates { old, new }).unwrap();
        assert!(stable(&n), "{s:?} {n:?}");
        let top = 0.4 * 0.5 * old.min(new);
        let fs: Vec<f64> = (0..200).map(|k| 20.0 * (top / 20.0).powf(k as f64 / 199.0)).collect();
        let lin = |s: &[Section], r: f64| -> Vec<f64> {
            fs.iter().map(|f| db(gain_db(s, *f, r))).collect()
        };
        let (x, y) = (lin(&[s], old), lin(&n, new));
        let most = x.iter().fold(0.0, |m: f64, x| m.max(*x));
        let e = x
            .iter()
            .zip(&y)
            .map(|(x, y)| 20.0 * ((y + 0.01 * most) / (x + 0.01 * most)).log10().abs())
            .fold(0.0, f64::max);
        errs.push((e, format!("{old} {new} {s:?} {n:?}")));
    }
    errs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = errs.len();
    for q in [0.5, 0.9, 0.95, 0.99, 0.999] {
        println!("{q} {}", errs[(n as f64 * q) as usize].0);
    }
    for e in &errs[n - 12..] {
        println!("{} {}", e.0, e.1);
    }
}
