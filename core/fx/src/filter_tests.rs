use std::f64::consts::TAU;

use super::*;
use crate::probe::{RATES, audible, bits, cookbook, deviation, impulse, response, sine};

const KINDS: [Kind; 5] =
    [Kind::LowShelf, Kind::Peak, Kind::HighShelf, Kind::HighPass, Kind::LowPass];

fn filtered(signal: &[f32], coefs: &Coefs) -> Vec<f64> {
    let mut frames: Vec<_> = signal.iter().map(|x| [f64::from(*x)]).collect();
    Section::default().run(&mut frames, &Step::new(coefs));
    frames.into_iter().map(|[x]| x).collect()
}

#[test]
fn responses_are_the_cookbooks() {
    for rate in RATES {
        for (kind, edge, q, db) in KINDS.iter().flat_map(|kind| {
            [(150.0, BUTTERWORTH, -17.0), (1800.0, 1.5, 9.0), (9000.0, 0.7, 0.3)]
                .map(|(edge, q, db)| (*kind, edge, q, db))
        }) {
            let coefs = Coefs::new(kind, prewarp(rate, edge), q, db);
            let taps: Vec<_> = filtered(&impulse(rate as usize / 8), &coefs);
            let taps: Vec<_> = taps.iter().map(|x| *x as f32).collect();
            for hz in audible() {
                let (is, ought) =
                    (response(&taps, rate, hz), cookbook(kind, rate, edge, q, db, hz));
                let off = deviation(is, ought);
                // What reaches 80 dB below its peak is lost in the taps' rounding.
                let floor = 1e-7 / ought[0].hypot(ought[1]);
                assert!(off < 1e-5 + floor, "{kind:?} {edge} Hz at {hz} Hz, {rate}: {off:e}");
            }
        }
    }
}

#[test]
fn no_gain_is_flat_and_changes_no_bit() {
    let signal = sine(1000, 48_000.0, 431.0, 0.7);
    for kind in [Kind::LowShelf, Kind::Peak, Kind::HighShelf] {
        let coefs = Coefs::new(kind, prewarp(48_000.0, 425.0), 0.7, 0.0);
        assert!(coefs.is_flat(), "{coefs:?}");
        let out: Vec<_> = filtered(&signal, &coefs).iter().map(|x| *x as f32).collect();
        assert_eq!(bits(&out), bits(&signal));
        assert!(!Coefs::new(kind, 0.1, 0.7, 0.01).is_flat());
    }
    let cut = Coefs::new(Kind::HighPass, 0.1, BUTTERWORTH, 0.0);
    assert!(cut.mixed(0.0).is_flat());
    assert_eq!(cut.mixed(1.0), cut);
}

/// Simper's page 6 in `f32`, as it stands there, for comparison.
fn single(signal: &[f32], coefs: &Coefs) -> Vec<f32> {
    let (g, k, m) = (coefs.g as f32, coefs.k as f32, coefs.mix.map(|m| m as f32));
    let a1 = 1.0 / (1.0 + g * (g + k));
    let (a2, a3) = (g * a1, g * (g * a1));
    let (mut s1, mut s2) = (0.0, 0.0);
    let step = |x: &f32| {
        let v3 = x - s2;
        let v1 = a1 * s1 + a2 * v3;
        let v2 = s2 + a2 * s1 + a3 * v3;
        (s1, s2) = (2.0 * v1 - s1, 2.0 * v2 - s2);
        m[0] * x + m[1] * v1 + m[2] * v2
    };
    signal.iter().map(step).collect()
}

#[test]
fn a_low_edge_at_a_high_rate_needs_f64() {
    let (rate, hz) = (192_000.0, 30.0);
    let signal = sine(400_000, rate, hz, 1.0);
    let coefs = Coefs::new(Kind::HighPass, prewarp(rate, 20.0), BUTTERWORTH, 0.0);
    let [re, im] = cookbook(Kind::HighPass, rate, 20.0, BUTTERWORTH, 0.0, hz);
    let omega = TAU * hz / f64::from(rate);
    let error = |out: &dyn Fn(usize) -> f64| {
        let settled = 200_000..400_000;
        settled.fold(0.0, |most, i| {
            let (sin, cos) = (omega * i as f64).sin_cos();
            f64::max(most, (out(i) - (re * sin + im * cos)).abs())
        })
    };
    let (double, single) = (filtered(&signal, &coefs), single(&signal, &coefs));
    let (double, single) = (error(&|i| double[i]), error(&|i| f64::from(single[i])));
    // The input's own rounding, half a unit of 24 bits, is in both.
    assert!(double < 2f64.powi(-23), "{double:e}");
    assert!(single > 1e-5, "f32 would do: {single:e}");
}

#[test]
fn a_glide_arrives_and_stays_near_its_course() {
    let (from, to) = (
        Coefs::new(Kind::LowPass, prewarp(48_000.0, 1000.0), BUTTERWORTH, 0.0),
        Coefs::new(Kind::LowPass, prewarp(48_000.0, 9000.0), BUTTERWORTH, 0.0),
    );
    let last = from.towards(&to, 1.0);
    assert!((last.g - to.g).abs() < 1e-15 && last.mix == to.mix);
    let mut whole: Vec<_> = sine(64, 48_000.0, 900.0, 1.0).iter().map(|x| [(*x).into()]).collect();
    let mut parts = whole.clone();
    Section::default().glide(&mut whole, &from, &to, (0, 64));
    let mut section = Section::default();
    section.glide(&mut parts[..13], &from, &to, (0, 64));
    section.glide(&mut parts[13..], &from, &to, (13, 64));
    assert_eq!(whole, parts);
}

#[test]
fn a_second_channel_may_join() {
    let signal = sine(400, 48_000.0, 300.0, 0.5);
    let step = Step::new(&Coefs::new(Kind::HighPass, 0.01, BUTTERWORTH, 0.0));
    let mut section = Section::default();
    let mut mono: Vec<_> = signal[..200].iter().map(|x| [f64::from(*x)]).collect();
    section.run(&mut mono, &step);
    let mut both: Vec<_> = signal[200..].iter().map(|x| [f64::from(*x); 2]).collect();
    section.run(&mut both, &step);
    assert!(both.iter().all(|[l, r]| l == r));

    let mut dc = DcBlock::new(48_000.0);
    let (mut left, mut right) = (signal.clone(), signal.clone());
    dc.process(&mut [&mut left[..200]]);
    dc.process(&mut [&mut left[200..], &mut right[200..]]);
    assert_eq!(bits(&left[200..]), bits(&right[200..]));
}

#[test]
fn the_dc_block_is_of_first_order_at_5_hz() {
    for rate in RATES {
        let mut taps = impulse(rate as usize);
        DcBlock::new(rate).process(&mut [&mut taps]);
        for hz in audible().chain([1.0, 5.0]) {
            // s = j tan(ω/2) / g, H = s / (1 + s).
            let s = prewarp(rate, hz) / prewarp(rate, DC_EDGE);
            let ought = [s * s / (1.0 + s * s), s / (1.0 + s * s)];
            let off = deviation(response(&taps, rate, hz), ought);
            assert!(off < 1e-4, "{hz} Hz at {rate}: {off:e}");
        }
    }
    let mut dc = DcBlock::new(48_000.0);
    let mut constant = vec![0.5; 48_000];
    dc.process(&mut [&mut constant]);
    assert!(constant[47_999].abs() < 1e-9);
    dc.reset();
    let mut zero = [0.0; 10];
    dc.process(&mut [&mut zero]);
    assert_eq!(zero, [0.0; 10]);
}
