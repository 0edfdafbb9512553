//! Gear to record in tests, and ways to spoil a take.

use std::f64::consts::TAU;

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::Recording;
use super::strings::Random;

pub(super) const RATE: f64 = 44100.0;

/// What a string player and a tester would play in 15 s: some notes, a sweep, noise.
pub(super) fn full(rate: f64) -> Vec<f32> {
    let all = super::signal(rate);
    let part = |from: f64, to: f64| &all[(from * rate) as usize..(to * rate) as usize];
    [part(14.0, 18.0), part(30.0, 36.0), part(53.0, 58.0)].concat()
}

/// 15 s of a guitar alone, with half a second of silence before: nothing above some kHz.
pub(super) fn guitar(rate: f64) -> Vec<f32> {
    let all = super::signal(rate);
    let mut out = vec![0.0; (0.5 * rate) as usize];
    out.extend(&all[(77.0 * rate) as usize..(91.5 * rate) as usize]);
    out
}

pub(super) fn recording(samples: Vec<f32>, rate: f64) -> Recording {
    Recording { samples, rate }
}

/// RC low-pass, bilinear.
pub(super) fn low_pass(samples: &[f32], cutoff: f64, rate: f64) -> Vec<f32> {
    let k = (TAU * cutoff / rate / 2.0).tan();
    let (b, a) = (k / (1.0 + k), (k - 1.0) / (k + 1.0));
    let (mut x1, mut y) = (0.0, 0.0);
    (samples.iter())
        .map(|&x| {
            let x = f64::from(x);
            y = b * (x + x1) - a * y;
            x1 = x;
            y as f32
        })
        .collect()
}

/// CR high-pass.
pub(super) fn high_pass(samples: &[f32], cutoff: f64, rate: f64) -> Vec<f32> {
    low_pass(samples, cutoff, rate).iter().zip(samples).map(|(low, x)| x - low).collect()
}

/// High-pass, gain, tanh, low-pass.
pub(super) fn overdrive(dry: &[f32], rate: f64) -> Vec<f32> {
    let hot: Vec<f32> =
        high_pass(dry, 150.0, rate).iter().map(|x| 0.5 * (20.0 * x).tanh()).collect();
    low_pass(&hot, 5000.0, rate)
}

/// Gain enough to leave next to nothing of dynamics, off centre, and two low-passes.
pub(super) fn fuzz(dry: &[f32], rate: f64) -> Vec<f32> {
    let hot: Vec<f32> = high_pass(dry, 80.0, rate)
        .iter()
        .map(|x| (600.0 * x + 0.4).clamp(-1.0, 0.8) * 0.5)
        .collect();
    let dull = low_pass(&low_pass(&hot, 3000.0, rate), 6000.0, rate);
    high_pass(&dull, 60.0, rate)
}

/// `samples` so many samples later, by the phase of their whole spectrum; as long.
pub(super) fn delay(samples: &[f32], late: f64) -> Vec<f32> {
    let whole = late.floor();
    let part = late - whole;
    let shifted = if part == 0.0 { samples.to_vec() } else { turn(samples, part) };
    let n = samples.len() as i64;
    let at = |i: i64| usize::try_from(i).ok().and_then(|i| shifted.get(i)).copied();
    (0..n).map(|i| at(i - whole as i64).unwrap_or(0.0)).collect()
}

fn turn(samples: &[f32], late: f64) -> Vec<f32> {
    let size = (samples.len() + 4096).next_power_of_two();
    let mut planner = RealFftPlanner::<f64>::new();
    let mut buffer = vec![0.0; size];
    for (to, x) in buffer.iter_mut().zip(samples) {
        *to = f64::from(*x);
    }
    let mut bins = vec![Complex::default(); size / 2 + 1];
    planner.plan_fft_forward(size).process(&mut buffer, &mut bins).expect("planned lengths");
    for (k, bin) in bins.iter_mut().enumerate() {
        *bin *= Complex::from_polar(1.0 / size as f64, -TAU * k as f64 * late / size as f64);
    }
    bins[0].im = 0.0;
    bins[size / 2].im = 0.0;
    planner.plan_fft_inverse(size).process(&mut bins, &mut buffer).expect("planned lengths");
    buffer[..samples.len()].iter().map(|&x| x as f32).collect()
}

/// What a recorder whose clock runs slower by `ppm` parts in a million takes down: fewer
/// samples between events. Cubic between samples, which is enough below 10 kHz.
pub(super) fn other_clock(samples: &[f32], ppm: f64) -> Vec<f32> {
    let at = |i: i64| {
        usize::try_from(i).ok().and_then(|i| samples.get(i)).map_or(0.0, |x| f64::from(*x))
    };
    let count = (samples.len() as f64 / (1.0 + ppm * 1e-6)) as usize;
    (0..count)
        .map(|n| {
            let place = n as f64 * (1.0 + ppm * 1e-6);
            let (i, t) = (place.floor() as i64, place.fract());
            let (a, b, c, d) = (at(i - 1), at(i), at(i + 1), at(i + 2));
            let y = b
                + 0.5 * t * (c - a)
                + t * t * (a - 2.5 * b + 2.0 * c - 0.5 * d)
                + t * t * t * (0.5 * (d - a) + 1.5 * (b - c));
            y as f32
        })
        .collect()
}

pub(super) fn add_noise(samples: &mut [f32], level: f64) {
    let mut random = Random(77);
    samples.iter_mut().for_each(|x| *x += (level * random.next()) as f32);
}

/// Mains with its second and third harmonics.
pub(super) fn add_hum(samples: &mut [f32], mains: f64, level: f64, rate: f64) {
    for (n, x) in samples.iter_mut().enumerate() {
        let phase = TAU * mains * n as f64 / rate;
        let hum = phase.sin() + 0.5 * (2.0 * phase).sin() + 0.3 * (3.0 * phase).sin();
        *x += (level * hum) as f32;
    }
}
