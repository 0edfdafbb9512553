use std::f64::consts::PI;

use num_complex::Complex64;

use super::filter::{Rates, redesign};
use super::*;

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

/// Absorption as it is designed: short and long lines, short and long decays.
fn absorption(rate: f64) -> Vec<Vec<Section>> {
    let mut all = Vec::new();
    for line in [809.0, 2003.0, 5003.0] {
        let m = line * rate / 48_000.0;
        for (low, high) in [(0.45, 0.2), (2.0, 0.5), (10.0, 1.0)] {
            all.push(one_pole(loss(m, rate, low), loss(m, rate, high)));
        }
        for t60 in [[0.45, 0.36, 0.2, 0.315], [3.0, 2.0, 0.6, 1.8], [10.0, 8.0, 2.0, 9.0]] {
            all.push(shelves(m, rate, t60));
        }
    }
    for base in [-0.1, -1.5, -12.0] {
        let uneven = [0.3, -0.2, 0.1, -0.25, 0.0, 0.15, -0.1, 0.2, -0.1, 0.1, 0.4];
        let falling = [0.0, 0.1, -0.1, 0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
        all.extend([octaves(base, &uneven, rate), octaves(base, &falling, rate)]);
    }
    all
}

fn most_db(sections: &[Section], rate: f64) -> f64 {
    let line = (0..=4000).map(|k| 0.5 * rate * f64::from(k) / 4000.0);
    let grid = (0..=2000).map(|k| 10.0 * (0.049 * rate).powf(f64::from(k) / 2000.0));
    line.chain(grid).map(|f| gain_db(sections, f, rate)).fold(f64::NEG_INFINITY, f64::max)
}

#[test]
fn decay_times_hold_at_other_rates() {
    let mut worst: f64 = 0.0;
    for (old, new) in TO {
        for sections in absorption(old) {
            let rates = Rates { old, new };
            let made = redesign(&sections, rates).unwrap();
            let error = decay_error(&sections, &made, rates);
            assert!(error < 0.005, "{old} to {new}: {error}, {sections:?}");
            worst = worst.max(error);
            assert!(stable(&made));
            let growth = most_db(&made, new) - most_db(&sections, old);
            assert!(growth < 1e-4, "{old} to {new}: {growth} dB, {sections:?}");
        }
    }
    println!("decay times within {:.2} %", 100.0 * worst);
}

/// 20·log₁₀ of how far apart gains are, where they are within 40 dB of the most.
fn apart(sections: &[Section], made: &[Section], rates: Rates) -> f64 {
    let top = 0.2 * rates.old.min(rates.new);
    let each: Vec<(f64, f64)> = (0..=200)
        .map(|k| 20.0 * (top / 20.0).powf(f64::from(k) / 200.0))
        .map(|f| (db(gain_db(sections, f, rates.old)), db(gain_db(made, f, rates.new))))
        .collect();
    let least = 0.01 * each.iter().fold(0.0, |m: f64, (then, _)| m.max(*then));
    let each = each.iter().map(|(then, now)| 20.0 * ((now + least) / (then + least)).log10().abs());
    each.fold(0.0, f64::max)
}

/// How many roots of 1 + c₁z⁻¹ + c₂z⁻² lie outside the unit circle.
fn outside(c: [f64; 3]) -> usize {
    let root = Complex64::from(c[1] * c[1] - 4.0 * c[0] * c[2]).sqrt();
    let far = |r: Complex64| r.norm() > 2.0 * c[0].abs();
    usize::from(far(root - c[1])) + usize::from(far(-root - c[1]))
}

fn random_section(rng: &mut fastrand::Rng) -> Section {
    let mut pair = || {
        let (r, angle) = (0.999 * rng.f64().sqrt(), PI * rng.f64());
        let other = 1.998 * rng.f64() - 0.999;
        match rng.bool() {
            true => [1.0, -2.0 * r * angle.cos(), r * r],
            false => [1.0, -r - other, r * other],
        }
    };
    let (a, mut b) = (pair(), pair());
    if rng.bool() {
        b.reverse();
    }
    Section { b, a: [a[1], a[2]] }
}

#[test]
fn any_stable_section_has_a_stable_counterpart_of_the_same_phase_type() {
    let mut rng = fastrand::Rng::with_seed(1);
    let rates = [8_000.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0, 768_000.0];
    let mut errors = Vec::new();
    while errors.len() < 2000 {
        let (old, new) = (rates[rng.usize(0..6)], rates[rng.usize(0..6)]);
        let section = random_section(&mut rng);
        let rates = Rates { old, new };
        let made = redesign(&[section], rates).unwrap();
        assert!(stable(&made), "{section:?} {made:?}");
        assert_eq!(outside(section.b), outside(made[0].b), "{old} {new} {section:?} {made:?}");
        let growth = most_db(&made, new) - most_db(&[section], old);
        // The grid misses this much of a sharp peak.
        assert!(growth < 0.02, "{old} {new}: {growth} dB, {section:?} {made:?}");
        errors.push(apart(&[section], &made, rates));
    }
    errors.sort_by(f64::total_cmp);
    println!("half within {:.3} dB, 99 % within {:.2}", errors[1000], errors[1980]);
    assert!(errors[1000] < 0.05 && errors[1800] < 0.6 && errors[1980] < 3.0);
}

#[test]
fn designs_of_every_shape_keep_it() {
    let (f, q, rate) = (2.0 * PI * 5000.0 / 48_000.0, 0.9, 48_000.0);
    let (c, k): (f64, f64) = (f.cos(), f.sin() / (2.0 * q));
    let a = [1.0 + k, -2.0 * c, 1.0 - k];
    let low = over([0.5 * (1.0 - c), 1.0 - c, 0.5 * (1.0 - c)], a);
    let high = over([0.5 * (1.0 + c), -1.0 - c, 0.5 * (1.0 + c)], a);
    let band = over([k, 0.0, -k], a);
    let notch = over([1.0, -2.0 * c, 1.0], a);
    for new in [44_100.0, 96_000.0, 192_000.0] {
        for section in [low, high, band, notch] {
            let rates = Rates { old: rate, new };
            let made = redesign(&[section], rates).unwrap();
            let error = apart(&[section], &made, rates);
            assert!(error < 0.4, "{new} {section:?}: {error} dB");
        }
        // Nothing may come through where nothing did.
        for section in [high, band] {
            let made = redesign(&[section], Rates { old: rate, new }).unwrap();
            assert!(gain_db(&made, 0.0, new) < -200.0);
        }
        let made = redesign(&[notch], Rates { old: rate, new }).unwrap();
        assert!(made[0].b[0] == made[0].b[2]);
    }
}

#[test]
fn an_allpass_stays_one_and_a_gain_is_untouched() {
    let allpass = Section { b: [0.6, -1.1, 1.0], a: [-1.1, 0.6] };
    let gain = Section { b: [-0.3, 0.0, 0.0], a: [0.0, 0.0] };
    let short = Section { b: [0.0, 1.0, 0.0], a: [0.0, 0.0] };
    for (old, new) in TO {
        let rates = Rates { old, new };
        assert_eq!(redesign(&[gain], rates).unwrap(), [gain]);
        assert_eq!(redesign(&[], rates).unwrap(), []);
        let silent = Section { b: [0.0; 3], a: allpass.a };
        assert_eq!(redesign(&[silent], rates).unwrap()[0].b, [0.0; 3]);
        for section in [allpass, short] {
            let made = redesign(&[section], rates).unwrap();
            assert!(stable(&made));
            for f in [0.0, 100.0, 1000.0, 10_000.0, 0.5 * new] {
                assert!(gain_db(&made, f, new).abs() < 1e-9, "{old} to {new} at {f}: {made:?}");
            }
        }
    }
}

#[test]
fn one_pole_sections_stay_of_first_order() {
    for (old, new) in TO {
        let made = redesign(&one_pole(-1.0, -3.0), Rates { old, new }).unwrap();
        assert!(made[0].b[2] == 0.0 && made[0].a[1] == 0.0);
    }
}

#[test]
fn an_unstable_section_stays_unstable() {
    for a in [[-2.1, 1.2], [0.0, -1.5], [-1.01, 0.0], [1.2, 0.0]] {
        let section = Section { b: [1.0, 0.3, 0.0], a };
        for (old, new) in TO {
            if let Some(made) = redesign(&[section], Rates { old, new }) {
                assert!(!stable(&made), "{a:?} {old} to {new}");
            }
        }
    }
}

#[test]
fn a_section_may_have_any_gain() {
    // High orders are often written with all their gain in one section.
    let section = peak(3000.0, 6.0, 2.0, 48_000.0);
    let times = |gain: f64| Section { b: section.b.map(|b| b * gain), a: section.a };
    let rates = Rates { old: 48_000.0, new: 96_000.0 };
    let made = redesign(&[times(1e-12), times(1e12)], rates).unwrap();
    let error = apart(&[section, section], &made, rates);
    assert!(error < 0.05, "{error} dB {made:?}");
}
