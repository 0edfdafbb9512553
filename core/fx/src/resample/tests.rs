//! Against sines whose answer is known, and against ideal resampling by Fourier
//! transform of periodic signals, which shares nothing with ours.

use std::f64::consts::TAU;

use realfft::{RealFftPlanner, num_complex::Complex};

use super::*;

const IDENTITY: &str = r#"{ "version": "0.5.4", "architecture": "Linear", "sample_rate": 48000,
    "config": { "receptive_field": 1, "bias": false }, "weights": [1.0] }"#;

pub(super) fn identity() -> nn::Model {
    nn::Model::load(IDENTITY.as_bytes()).expect("a model")
}

fn bytes(path: &str) -> Vec<u8> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

pub(super) fn model(path: &str) -> nn::Model {
    nn::Model::load(&bytes(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

pub(super) const CRUNCH: &str = "assets/kiln-crunch.nam";

pub(super) fn at(sample_rate: f32, oversampling: Oversampling) -> Setup {
    Setup { sample_rate, oversampling, calls: Calls::OFFLINE }
}

fn db(ratio: f64) -> f64 {
    20.0 * ratio.max(1e-12).log10()
}

/// A wire between the filters for an inner rate of 48 kHz times `factor`.
pub(super) fn wire(host: f64, factor: usize) -> Box<dyn Engine> {
    let ratio = Ratio::nearest(48_000.0 * factor as f64 / host);
    let engines = (0..factor).map(|_| identity().engine()).collect();
    if ratio.is_one() {
        return Box::new(Phases::new(engines));
    }
    Box::new(Resampled::new(&Converter::new(&identity(), host, ratio), Phases::new(engines)))
}

/// What a sine of amplitude 1 became: its amplitude, by how many samples it is
/// late beyond `latency` and what else there is, as an amplitude.
struct Answer {
    gain: f64,
    late: f64,
    rest: f64,
}

fn answer(engine: &mut dyn Engine, frequency: f64, host: f64) -> Answer {
    let step = TAU * frequency / host;
    let length = 6000;
    let start = engine.receptive_field();
    let mut io: Vec<f32> = (0..start + length).map(|n| (step * n as f64).sin() as f32).collect();
    engine.reset();
    engine.process(&mut io);
    let late = engine.latency() as f64;
    // By least squares: y ≈ a sin + b cos of the delayed phase.
    let waves = |n: usize| (step * ((start + n) as f64 - late)).sin_cos();
    let (mut ss, mut sc, mut cc, mut ys, mut yc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, y) in io[start..].iter().enumerate() {
        let ((s, c), y) = (waves(n), f64::from(*y));
        (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c);
        (ys, yc) = (ys + y * s, yc + y * c);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((ys * cc - yc * sc) / determinant, (yc * ss - ys * sc) / determinant);
    let rest = io[start..].iter().enumerate().map(|(n, y)| {
        let (s, c) = waves(n);
        (f64::from(*y) - a * s - b * c).powi(2)
    });
    let rest = (2.0 * rest.sum::<f64>() / length as f64).sqrt();
    Answer { gain: a.hypot(b), late: -b.atan2(a) / step, rest }
}

const HOSTS: [f64; 11] = [
    8_000.0, 11_025.0, 22_050.0, 44_100.0, 47_999.0, 48_000.0, 88_200.0, 96_000.0, 176_400.0,
    192_000.0, 384_000.0,
];

#[test]
fn a_wire_stays_a_wire_at_any_rate() {
    for factor in [1, 2, 4] {
        for host in HOSTS {
            let mut engine = wire(host, factor);
            let inner = 48_000.0 * factor as f64;
            let stop = host.min(inner) / 2.0;
            let pass = f64::min(18_000.0, 0.816 * stop);
            let (mut ripple, mut late, mut other) = (0.0_f64, 0.0_f64, 0.0_f64);
            for part in [0.003, 0.1, 0.37, 0.61, 0.89, 0.97, 1.0] {
                let a = answer(&mut *engine, part * pass, host);
                ripple = ripple.max(db(a.gain).abs());
                late = late.max(a.late.abs());
                other = other.max(a.rest);
            }
            let mut beyond = 0.0_f64;
            if engine.latency() > 0 {
                for part in [0.1, 0.5, 0.9] {
                    let frequency = pass + part * (host / 2.0 - pass);
                    let a = answer(&mut *engine, frequency, host);
                    let heard = if frequency > stop { a.gain } else { 0.0 };
                    beyond = beyond.max(a.rest.max(heard));
                }
            }
            println!(
                "{host:>8} x{factor}: latency {:>3}, {:.2} ms, ripple {ripple:.5} dB, off by \
                 {late:.1e} samples, in band {:.1} dB, beyond {:.1} dB",
                engine.latency(),
                1000.0 * engine.latency() as f64 / host,
                db(other),
                db(beyond)
            );
            assert!(ripple < 0.01, "{host} x{factor}: gain {ripple} dB");
            assert!(late < 1e-4, "{host} x{factor}: late by {late}");
            assert!(db(other) < -100.0, "{host} x{factor}: {} dB", db(other));
            assert!(db(beyond) < -100.0, "{host} x{factor}: {} dB beyond", db(beyond));
        }
    }
}

/// A real signal of one period as its spectrum: bin `k` is `k` periods.
#[derive(Clone)]
struct Spectrum(Vec<Complex<f64>>);

impl Spectrum {
    fn of(signal: &[f32]) -> Self {
        let fft = RealFftPlanner::<f64>::new().plan_fft_forward(signal.len());
        let mut time: Vec<f64> = signal.iter().map(|x| f64::from(*x)).collect();
        let mut bins = fft.make_output_vec();
        fft.process(&mut time, &mut bins).expect("matching lengths");
        bins.iter_mut().for_each(|bin| *bin /= signal.len() as f64);
        Self(bins)
    }

    /// Random phases from `low` to below `high`, flat but for a fall of 6 dB an octave.
    fn noise(low: usize, high: usize) -> Self {
        let mut seed = 7_u32;
        let bin = |k: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let size = if k < low { 0.0 } else { 1.0 / k as f64 };
            Complex::from_polar(size, TAU * f64::from(seed) / f64::from(u32::MAX))
        };
        Self((0..high).map(bin).collect())
    }

    /// The signal at `length` samples to a period, later by `delay` periods. What
    /// so few samples cannot hold is left out.
    fn signal(&self, length: usize, delay: f64) -> Vec<f32> {
        let fft = RealFftPlanner::<f64>::new().plan_fft_inverse(length);
        let mut bins = fft.make_input_vec();
        let held = bins.len() - 1;
        for (k, (to, bin)) in bins.iter_mut().zip(&self.0).enumerate().take(held) {
            *to = bin * Complex::from_polar(1.0, -TAU * k as f64 * delay);
        }
        bins[0].im = 0.0;
        let mut time = fft.make_output_vec();
        fft.process(&mut bins, &mut time).expect("matching lengths");
        time.iter().map(|x| *x as f32).collect()
    }

    fn scaled_to(self, peak: f64) -> Self {
        let highest = self.signal(9600, 0.0).iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        Self(self.0.iter().map(|bin| bin * peak / f64::from(highest)).collect())
    }

    fn delayed(&self, periods: f64) -> Self {
        let turn = |k: usize| Complex::from_polar(1.0, -TAU * k as f64 * periods);
        Self(self.0.iter().enumerate().map(|(k, bin)| bin * turn(k)).collect())
    }

    /// The size of the difference below bin `high`, in dB of this. The constant
    /// part counts to the difference only.
    fn difference(&self, other: &Self, high: usize) -> f64 {
        let pairs = || self.0.iter().zip(&other.0).take(high);
        let apart: f64 = pairs().map(|(a, b)| (a - b).norm_sqr()).sum();
        let whole: f64 = self.0.iter().take(high).skip(1).map(|a| a.norm_sqr()).sum();
        db((apart / whole).sqrt())
    }
}

/// Samples at 48 kHz and periods per second of the periodic signals.
const PERIOD: usize = 9600;
const PER_SECOND: f64 = 5.0;

/// The engine's answer to a signal that has been going on forever.
fn steady(engine: &mut dyn Engine, period: &[f32]) -> Vec<f32> {
    let warm = engine.receptive_field().div_ceil(period.len());
    let mut out = Vec::new();
    for _ in 0..=warm {
        out = period.to_vec();
        engine.process(&mut out);
    }
    out
}

/// How far a model at `host` is from itself at 48 kHz between ideal resamplers
/// below 16 kHz, in dB: on the instants at which ours has the network play, and
/// on those of a player at 48 kHz without any resampler.
fn off_ideal(model: &nn::Model, input: &Spectrum, host: f64) -> [f64; 2] {
    let mut ours = engine(model, at(host as f32, Oversampling::X1)).expect("an engine");
    let period = (host / PER_SECOND) as usize;
    let out = Spectrum::of(&steady(&mut *ours, &input.signal(period, 0.0)));
    let half = ours.latency() as f64 / 2.0 / period as f64;
    [half, 0.0].map(|delay| {
        let ideal = steady(&mut *model.engine(), &input.signal(PERIOD, delay));
        let ideal = Spectrum::of(&ideal).delayed(2.0 * half - delay);
        ideal.difference(&out, (16_000.0 / PER_SECOND) as usize)
    })
}

#[test]
fn a_network_sounds_as_between_ideal_resamplers() {
    let input = Spectrum::noise(16, 1600).scaled_to(0.5); // 80 Hz to 8 kHz
    let fixtures = ["a1_standard", "a1_nano", "convnet_tanh_bn", "lstm_1x16", "lstm_3x5", "a2"];
    let paths = fixtures.map(|name| format!("tests/data/nam/{name}.nam"));
    for path in paths.iter().map(String::as_str).chain([CRUNCH]) {
        let model = model(path);
        for host in [44_100.0, 88_200.0, 96_000.0, 192_000.0] {
            let [same, other] = off_ideal(&model, &input, host);
            println!("{path} at {host}: {same:.1} dB, on other instants {other:.1} dB");
            assert!(same < -80.0, "{path} at {host}: {same:.1} dB");
        }
    }
}

pub(super) const ALL: [Oversampling; 3] = [Oversampling::X1, Oversampling::X2, Oversampling::X4];

#[test]
fn a_quiet_signal_sounds_the_same_oversampled() {
    let input = Spectrum::noise(16, 1600).scaled_to(0.001);
    for path in [CRUNCH, "tests/data/nam/lstm_1x16.nam", "tests/data/nam/convnet_tanh.nam"] {
        let model = model(path);
        let plain = Spectrum::of(&steady(&mut *model.engine(), &input.signal(PERIOD, 0.0)));
        for oversampling in [Oversampling::X2, Oversampling::X4] {
            let mut engine = engine(&model, at(48_000.0, oversampling)).expect("an engine");
            let out = Spectrum::of(&steady(&mut *engine, &input.signal(PERIOD, 0.0)));
            let late = engine.latency() as f64 / PERIOD as f64;
            let off = plain.delayed(late).difference(&out, 3200);
            println!("{path} {oversampling:?}: {off:.1} dB");
            assert!(off < -70.0, "{path} {oversampling:?}: {off:.1} dB");
        }
    }
}

/// The part of the answer to a sine that is no harmonic of it, up to 18 kHz, in dB
/// of the answer.
fn aliases(model: &nn::Model, setup: Setup, bin: usize, peak: f64) -> f64 {
    let mut sine = Spectrum(vec![Complex::default(); bin + 1]);
    sine.0[bin] = Complex::new(0.0, -0.5 * peak);
    let mut engine = engine(model, setup).expect("an engine");
    let period = (f64::from(setup.sample_rate) / PER_SECOND) as usize;
    let out = Spectrum::of(&steady(&mut *engine, &sine.signal(period, 0.0)));
    let power = |k: &usize| out.0[*k].norm_sqr();
    let heard = || 1..(18_000.0 / PER_SECOND) as usize;
    let others: f64 = heard().filter(|k| k % bin > 0).map(|k| power(&k)).sum();
    db((others / heard().map(|k| power(&k)).sum::<f64>()).sqrt())
}

#[test]
fn oversampling_lowers_aliases() {
    for path in [CRUNCH, "tests/data/nam/a1_standard.nam", "tests/data/nam/lstm_1x16.nam"] {
        let model = model(path);
        for (host, bin, peak) in [
            (48_000.0, 251, 1.0),
            (48_000.0, 1001, 0.25),
            (44_100.0, 1001, 1.0),
            (48_000.0, 1001, 1.0),
            (96_000.0, 1001, 1.0),
            (48_000.0, 1001, 4.0),
        ] {
            let levels = ALL.map(|n| aliases(&model, at(host, n), bin, peak));
            println!("{path} {host} {} Hz, peak {peak}: {levels:.1?}", bin as f64 * PER_SECOND);
            // Where they are not down to the noise of float32 already.
            let falls = levels.windows(2).all(|w| w[1] < w[0] - 9.0 || w[1] < -125.0);
            assert!(falls, "{path} {host} {bin} {peak}: {levels:.1?}");
        }
    }
}

/// `json` with every dilation multiplied.
fn stretch(json: &mut serde_json::Value, by: u64) {
    match json {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                if let ("dilations", Some(dilations)) = (key.as_str(), value.as_array_mut()) {
                    for d in dilations {
                        *d = (d.as_u64().expect("a dilation") * by).into();
                    }
                } else {
                    stretch(value, by);
                }
            }
        }
        serde_json::Value::Array(entries) => entries.iter_mut().for_each(|e| stretch(e, by)),
        _ => {}
    }
}

#[test]
fn phases_are_the_network_with_longer_delays() {
    let input: Vec<f32> = (0..3000).map(|n| (n as f32 * n as f32 * 1e-4).sin() * 0.7).collect();
    for path in [CRUNCH, "tests/data/nam/convnet_tanh.nam", "tests/data/nam/gated.nam"] {
        let bytes = bytes(path);
        let model = nn::Model::load(&bytes).expect("a model");
        for (host, oversampling, by) in
            [(96_000.0, Oversampling::X2, 2), (192_000.0, Oversampling::X4, 4)]
        {
            let mut json = serde_json::from_slice(&bytes).expect("JSON");
            stretch(&mut json, by);
            let mut expected = input.clone();
            let stretched = nn::Model::load(json.to_string().as_bytes()).expect("a model");
            let mut stretched = stretched.engine();
            stretched.process(&mut expected);
            let mut engine = engine(&model, at(host, oversampling)).expect("an engine");
            assert_eq!(engine.latency(), 0);
            assert_eq!(engine.receptive_field(), stretched.receptive_field());
            let mut found = input.clone();
            engine.process(&mut found);
            let off = expected.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            println!("{path} {oversampling:?}: {off:e}");
            assert!(off <= 1e-6, "{path} {oversampling:?}: off by {off:e}");
        }
    }
}
