use std::f64::consts::TAU;

use super::*;

const RATE: f64 = 48_000.0;
const SECOND: usize = 48_000;

/// A second of a sine with whole periods.
fn sine(peak: f64, hz: f64) -> Vec<f32> {
    (0..SECOND).map(|i| (peak * (TAU * hz * i as f64 / RATE).sin()) as f32).collect()
}

fn numbers(wet: &[f32], model: &[f32]) -> Numbers {
    let passage = Passage { rate: RATE, dry: wet, wet, model };
    let sound = Sound::new(&passage).expect("a passage");
    Numbers::of(&sound, &Spectra::of(&sound))
}

fn mapped(signal: &[f32], f: impl Fn(f32) -> f32) -> Vec<f32> {
    signal.iter().map(|x| f(*x)).collect()
}

fn near(found: Option<f64>, expected: f64, tolerance: f64) {
    let found = found.expect("a number");
    assert!((found - expected).abs() <= tolerance, "expected {expected}, found {found}");
}

#[test]
fn a_known_error_has_its_known_numbers() {
    let wet = sine(0.5, 1000.0);
    // Too quiet by a tenth: a hundredth of the energy is left.
    let found = numbers(&wet, &mapped(&wet, |x| 0.9 * x));
    near(found.esr, 0.01, 1e-7);
    near(found.null_db, -20.0, 1e-4);
    near(found.weighted_esr, 0.01, 1e-6);
    near(found.gain_db, 20.0 * 0.9f64.log10(), 1e-5);
    near(Some(found.peak_error), 0.05, 1e-6);
    assert!(found.dc.abs() < 1e-9 && found.seconds == 1.0, "{found:?}");
    // Upside down there is four times the energy.
    near(numbers(&wet, &mapped(&wet, |x| -x)).esr, 4.0, 1e-6);
    // Nothing is left of a perfect one.
    let found = numbers(&wet, &wet);
    assert_eq!((found.esr, found.null_db), (Some(0.0), Some(SILENCE_DB)));
}

#[test]
fn an_offset_counts_as_error_but_is_neither_gain_nor_heard() {
    let wet = sine(0.5, 1000.0);
    let found = numbers(&wet, &mapped(&wet, |x| x + 0.05));
    near(found.esr, 0.05 * 0.05 / (0.5 * 0.5 / 2.0), 1e-6);
    near(Some(found.dc), 0.05, 1e-8);
    near(found.gain_db, 0.0, 1e-6);
    near(found.weighted_esr, 0.0, 1e-9);
}

#[test]
fn what_is_hardly_heard_weighs_little() {
    let wet = sine(0.5, 1000.0);
    let hum = sine(0.05, 100.0);
    let model: Vec<f32> = wet.iter().zip(&hum).map(|(a, b)| a + b).collect();
    let found = numbers(&wet, &model);
    near(found.esr, 0.01, 1e-6);
    // −19.1 dB at 100 Hz, by the standard's table, to a tenth of a dB.
    near(found.weighted_esr.map(|x| 10.0 * x.log10()), -20.0 - 19.1, 0.1);
}

#[test]
fn what_cannot_be_compared_says_so() {
    let silent = vec![0.0; 1000];
    let found = numbers(&silent, &vec![0.1; 1000]);
    assert_eq!((found.esr, found.null_db, found.weighted_esr), (None, None, None));
    assert_eq!(found.gain_db, None);
    let found = numbers(&[], &[]);
    assert_eq!((found.esr, found.dc, found.seconds), (None, 0.0, 0.0));
    let found = numbers(&[1.0, f32::NAN, -1.0], &[1.0, 0.0, f32::INFINITY]);
    // The one of the target is one of the dry signal too.
    assert_eq!((found.broken, found.esr), (3, Some(0.5)));
    let uneven = Passage { rate: RATE, dry: &silent, wet: &silent, model: &silent[1..] };
    let error = Sound::new(&uneven).err().expect("refused").to_string();
    assert!(error.contains("as many samples as the dry one, 1000, found 999"), "{error}");
    let slow = Passage { rate: f64::NAN, dry: &silent, wet: &silent, model: &silent };
    assert!(Sound::new(&slow).is_err());
}

/// Half a second with 1 % of error, then a tenth as loud with 10 %, then silence.
fn two_levels() -> [Vec<f32>; 2] {
    let mut wet = sine(0.5, 1000.0);
    wet[SECOND / 2..].iter_mut().for_each(|x| *x *= 0.1);
    let mut model = mapped(&wet, |x| 1.01 * x);
    for (m, t) in model.iter_mut().zip(&wet).skip(SECOND / 2) {
        *m = 1.1 * t;
    }
    wet.resize(2 * SECOND, 0.0);
    model.resize(2 * SECOND, 0.0);
    [wet, model]
}

#[test]
fn errors_are_told_apart_by_level() {
    let [wet, model] = two_levels();
    let passage = Passage { rate: RATE, dry: &wet, wet: &wet, model: &model };
    let sound = Sound::new(&passage).expect("a passage");
    let windows = windows(&sound);
    assert_eq!(windows.len(), 40);
    let bins = levels(&windows);
    assert_eq!(bins.len(), 2, "{bins:?}");
    // −9.03 and −29.03 dB.
    for (bin, from, esr) in [(&bins[0], -30.0, 1e-2), (&bins[1], -12.0, 1e-4)] {
        assert_eq!((bin.from_db, bin.to_db, bin.share), (from, from + 6.0, 0.25));
        near(Some(bin.esr / esr), 1.0, 1e-3);
    }
    // Averaged in fours, with the same sums.
    let few = thinned(&windows, 10);
    assert_eq!(few.len(), 10);
    let sum = |w: &[Window]| w.iter().map(|w| w.error).sum::<f64>();
    near(Some(4.0 * sum(&few) / sum(&windows)), 1.0, 1e-9);
    near(Some(few[9].at), 1.9, 1e-9);
}

#[test]
fn the_worst_moment_and_a_typical_one_are_found() {
    let wet = sine(0.5, 1000.0);
    let mut model = mapped(&wet, |x| 0.99 * x);
    model[30_000..30_400].iter_mut().for_each(|x| *x += 0.3);
    let passage = Passage { rate: RATE, dry: &wet, wet: &wet, model: &model };
    let found = waves(&Sound::new(&passage).expect("a passage"));
    assert_eq!(found.len(), 2);
    let worst = found[0].start * RATE;
    assert!(worst <= 30_000.0 && worst + 1440.0 >= 30_400.0, "{worst}");
    assert_eq!(found[0].target.len(), 1440);
    let apart = |w: &Wave| w.target.iter().zip(&w.model).all(|(t, m)| (t - m).abs() < 0.006);
    assert!(!apart(&found[0]) && apart(&found[1]));
}

#[test]
fn a_density_counts_every_pair_once_where_it_lies() {
    let dry: Vec<f32> = (0..100).map(|i| -1.0 + 0.02 * i as f32 + 0.001).collect();
    let out = mapped(&dry, |x| -2.0 * x);
    let found = Density::of(&dry, &out, [1.0, 2.0], 10);
    assert_eq!(found.counts.iter().sum::<u32>(), 100);
    for (at, count) in found.counts.iter().enumerate() {
        // What rises in one falls in the other; pairs at an edge may round either way.
        let off = (at / 10 + at % 10).abs_diff(9);
        assert!(*count == 0 || off == 0, "row {}, column {}: {count}", at / 10, at % 10);
    }
    assert_eq!(reach(&[&[0.5, -0.75], &[0.1]]), 0.75);
    assert_eq!(reach(&[&[], &[0.0]]), 1.0);
}
