use std::ops::ControlFlow;

use nn::{Filter, FilterKind, Knob};

use super::*;
use crate::Error;

const RATE: f64 = 48_000.0;

/// Plucks of all pitches and levels.
fn plucks(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut dry, mut at) = (vec![0.0; n], 0);
    while at < n {
        let w = 0.01 * 12f32.powf(rng.f32());
        let level = 0.6 * 10f32.powf(-1.2 * rng.f32());
        for (i, x) in dry[at..].iter_mut().enumerate() {
            let t = i as f32;
            let tone = (w * t).sin() + 0.5 * (2.01 * w * t).sin() * (-t / 4000.0).exp();
            *x += level * (-t / 9000.0).exp() * (t / 100.0).min(1.0) * tone;
        }
        at += 2000 + rng.usize(0..8000);
    }
    dry
}

fn filter(kind: FilterKind, hz: f64, gain: f64) -> Filter {
    Filter { kind, hz, q: std::f64::consts::FRAC_1_SQRT_2, gain }
}

/// A random network of so many hidden units over so many inputs, without filters.
fn random(hidden: usize, inputs: usize, knobs: Vec<Knob>, seed: u64) -> Network {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut uniform = |by: f64| by * (2.0 * rng.f64() - 1.0);
    let sound = inputs - knobs.len();
    let mut row = |_| (0..inputs).map(|i| uniform(if i < sound { 6.0 } else { 1.0 })).collect();
    Network {
        weights: (0..hidden).map(&mut row).collect(),
        biases: (0..hidden).map(|_| uniform(1.0)).collect(),
        output: (0..hidden).map(|_| uniform(0.5)).collect(),
        offset: 0.05,
        branches: vec![Vec::new(); sound],
        pre: Vec::new(),
        post: Vec::new(),
        knobs,
    }
}

/// With filters all around.
fn pedal() -> Network {
    use FilterKind::{HighPass1, HighShelf1, LowPass1};
    Network {
        pre: vec![filter(HighPass1, 40.0, 0.0)],
        branches: vec![vec![], vec![filter(HighPass1, 700.0, 0.0)]],
        post: vec![
            filter(HighPass1, 25.0, 0.0),
            filter(LowPass1, 4000.0, 0.0),
            filter(HighShelf1, 900.0, 4.0),
        ],
        ..random(4, 2, Vec::new(), 11)
    }
}

/// A design of the same filters as `network`, with corners anywhere near.
fn like(network: &Network, hidden: usize) -> Design {
    let place = |f: &Filter| Place { kind: f.kind, hz: [0.4 * f.hz, 2.0 * f.hz] };
    let row = |row: &Vec<Filter>| row.iter().map(place).collect();
    Design {
        hidden,
        pre: row(&network.pre),
        branches: network.branches.iter().map(row).collect(),
        post: row(&network.post),
        knobs: network.knobs.clone(),
        quiet: 0.0,
        seed: 1,
    }
}

fn single(x: &[f64]) -> Vec<f32> {
    x.iter().map(|x| *x as f32).collect()
}

fn go_on(_: &Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Time enough on any machine: the iterations end it.
fn steps(iterations: usize) -> Budget {
    Budget { seconds: 1e6, iterations }
}

/// Fits to what `truth` makes of six seconds, and is judged by two that it did not hear.
fn recovered(truth: &Network, design: &Design, settings: &[Vec<f32>], budget: Budget) -> Fitted {
    let n = 8 * RATE as usize;
    let dry: Vec<Vec<f32>> = (0..settings.len()).map(|i| plucks(n, 20 + i as u64)).collect();
    let wet: Vec<Vec<f32>> =
        dry.iter().zip(settings).map(|(x, k)| single(&truth.answer(x, k, RATE))).collect();
    let train = n * 3 / 4;
    let sounds: Vec<Sound<'_>> = dry
        .iter()
        .zip(&wet)
        .zip(settings)
        .map(|((dry, wet), knobs)| {
            let train = vec![0..train / 2, train / 2..train];
            Sound { dry, wet, knobs: knobs.clone(), train, held_out: n * 3 / 4..n }
        })
        .collect();
    fit(design, &sounds, RATE, &budget, &mut go_on).expect("a fit")
}

/// The file of `network` plays as it says, at the rate it was fitted at and at another.
fn plays_as_fitted(network: &Network, knobs: &[f32]) {
    let json = network.json(&About { name: "Fitted", ..About::default() }).to_string();
    let model = nn::Model::load(json.as_bytes()).expect("a model");
    assert!(model.follows_rate() && json.contains("self_test"));
    for rate in [RATE, 96_000.0] {
        let dry = plucks(20_000, 99);
        let expected = network.answer(&dry, knobs, rate);
        let mut found = dry;
        model.at_rate(rate).expect("at any rate").unsettled(knobs, &mut found);
        let far = found.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs());
        let far = far.fold(0.0, f64::max);
        assert!(far < 1e-5, "{far:e} at {rate}");
    }
}

#[test]
fn a_curve_is_recovered() {
    let truth = random(6, 1, Vec::new(), 5);
    let fitted = recovered(&truth, &Design::curve(vec![]), &[vec![]], steps(600));
    assert!(fitted.esr < 1e-6, "{:e}", fitted.esr);
    plays_as_fitted(&fitted.network, &[]);
}

/// Corners are what a few tanh follow with most trouble: every seed gets there soon.
#[test]
fn a_curve_with_corners_is_followed() {
    let n = 220_500;
    let dry: Vec<f32> = (0..n).map(|i| (0.031 * i as f32).sin() * i as f32 / n as f32).collect();
    let shape = |x: f32| (0.5 * ((10.0 * x).tanh() + 0.15 * (5.0 * x).powi(2))).clamp(-1.0, 1.0);
    let wet: Vec<f32> = dry.iter().map(|x| shape(*x)).collect();
    for seed in 0..3 {
        let train = vec![0..n / 2, n / 2..n];
        let sound = Sound { dry: &dry, wet: &wet, knobs: vec![], train, held_out: 0..n };
        let design = Design { seed, ..Design::curve(vec![]) };
        let fitted = fit(&design, &[sound], 44_100.0, &steps(420), &mut go_on).expect("a fit");
        assert!(fitted.esr < 2e-6, "seed {seed}: {:e}", fitted.esr);
    }
}

/// A drive that is learnt at five settings, with a corner on one side.
#[test]
fn a_surface_is_followed_between_settings() {
    let knob = Knob { name: "Drive".to_owned(), min: 0.0, max: 4.0, default: 2.0 };
    let clip = |x: f32, k: f32| ((1.0 + k) * x).tanh().max(-0.7);
    let dry = plucks(96_000, 4);
    let pair = |k: f32| (vec![k], dry.iter().map(|x| clip(*x, k)).collect());
    let pairs: [(Vec<f32>, Vec<f32>); 5] = [0.0, 1.0, 2.0, 3.0, 4.0].map(pair);
    let sounds: Vec<Sound<'_>> = pairs
        .iter()
        .map(|(knobs, wet)| Sound {
            dry: &dry,
            wet,
            knobs: knobs.clone(),
            train: vec![0..36_000, 36_000..72_000],
            held_out: 72_000..96_000,
        })
        .collect();
    let fitted = fit(&Design::curve(vec![knob]), &sounds, RATE, &steps(420), &mut go_on);
    let fitted = fitted.expect("a fit");
    assert!(fitted.esr < 1e-4, "{:e}", fitted.esr);
    let wanted: Vec<f32> = dry.iter().map(|x| clip(*x, 2.5)).collect();
    let found = fitted.network.answer(&dry, &[2.5], RATE);
    let pairs = wanted.iter().zip(&found).map(|(a, b)| (f64::from(*a), b));
    let [error, signal] =
        pairs.fold([0.0; 2], |[e, s]: [f64; 2], (a, b)| [e + (a - b).powi(2), s + a.powi(2)]);
    assert!(error < 1e-3 * signal, "{:e}", error / signal);
}

#[test]
fn a_pedal_is_recovered() {
    let truth = pedal();
    let fitted = recovered(&truth, &like(&truth, 6), &[vec![]], steps(500));
    assert!(fitted.esr < 1e-6, "{:e}", fitted.esr);
    plays_as_fitted(&fitted.network, &[]);
}

/// Of a knob heard at five positions what is between them is known, too.
#[test]
fn a_knob_is_learnt() {
    let knob = Knob { name: "Drive".to_owned(), min: -1.0, max: 3.0, default: 0.0 };
    let truth = Network {
        post: vec![filter(FilterKind::LowPass1, 3000.0, 0.0)],
        ..random(3, 2, vec![knob], 8)
    };
    let settings: Vec<Vec<f32>> = (-1..=3).map(|k| vec![k as f32]).collect();
    let fitted = recovered(&truth, &like(&truth, 8), &settings, steps(500));
    assert!(fitted.esr < 1e-6, "{:e}", fitted.esr);
    plays_as_fitted(&fitted.network, &[1.3]);
    let dry = plucks(48_000, 77);
    let [wanted, found] = [&truth, &fitted.network].map(|net| net.answer(&dry, &[1.5], RATE));
    let error: f64 = wanted.iter().zip(&found).map(|(a, b)| (a - b).powi(2)).sum();
    let signal: f64 = wanted.iter().map(|a| a * a).sum();
    assert!(error < 1e-3 * signal, "{:e}", error / signal);
}

#[test]
fn a_seed_gives_one_result() {
    let truth = pedal();
    let design = Design { seed: 7, ..like(&truth, 3) };
    let on = |threads: usize, design: &Design| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| recovered(&truth, design, &[vec![]], steps(60)))
    };
    let one = on(1, &design);
    assert_eq!(one, on(2, &design));
    assert_ne!(one, on(2, &Design { seed: 8, ..design }));
}

/// What the default design makes of an overdrive whose clipping no tanh is.
#[test]
fn an_overdrive_that_is_no_network() {
    let n = 10 * RATE as usize;
    let dry = plucks(n, 3);
    let through = |kind, hz, x: &[f64]| {
        let mut io = x.to_vec();
        filters::filtered(&filter(kind, hz, 0.0).at(RATE), &mut [0.0; 2], &mut io);
        io
    };
    let clean: Vec<f64> = dry.iter().map(|x| f64::from(*x)).collect();
    let clean = through(FilterKind::HighPass1, 16.0, &clean);
    let treble = through(FilterKind::HighPass1, 720.0, &clean);
    let clip = |x: f64| if x > 0.0 { x.atan() } else { 0.8 * (x / 0.8).tanh() };
    let wet: Vec<f64> =
        treble.iter().zip(&clean).map(|(t, c)| 0.4 * clip(20.0 * t) + 0.3 * c).collect();
    let wet = through(FilterKind::LowPass1, 4500.0, &through(FilterKind::HighPass1, 12.0, &wet));
    let wet = single(&wet);
    let train = vec![0..n / 2, n / 2..n * 3 / 4];
    let sound = Sound { dry: &dry, wet: &wet, knobs: vec![], train, held_out: n * 3 / 4..n };
    let design = Design { hidden: 12, ..Design::pedal(vec![]) };
    let fitted = fit(&design, &[sound], RATE, &steps(220), &mut go_on).expect("a fit");
    assert!(fitted.esr < 1e-4, "{:e}", fitted.esr);
    plays_as_fitted(&fitted.network, &[]);
}

#[test]
fn whoever_watches_sees_it_grow_and_can_end_it() {
    let truth = pedal();
    let dry = plucks(100_000, 1);
    let wet = single(&truth.answer(&dry, &[], RATE));
    let sound = Sound {
        dry: &dry,
        wet: &wet,
        knobs: vec![],
        train: vec![0..40_000, 40_000..80_000],
        held_out: 80_000..100_000,
    };
    let (mut seen, mut last) = (0, f64::INFINITY);
    let fitted = fit(&like(&truth, 3), &[sound], RATE, &steps(10_000), &mut |now| {
        assert_eq!(now.iteration, seen + 1);
        seen = now.iteration;
        if let Some(best) = now.best {
            assert!(best.esr <= last);
            last = best.esr;
        }
        if seen == 120 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(seen, 120);
    assert!(last.is_finite() && fitted.expect("a fit").esr <= last);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (dry, quiet) = (plucks(30_000, 1), vec![0.0; 30_000]);
    let sound = |wet| Sound {
        dry: &dry,
        wet,
        knobs: vec![],
        train: vec![0..10_000, 10_000..20_000],
        held_out: 20_000..30_000,
    };
    let refused = |design: &Design, sound: Sound<'_>| {
        let error = fit(design, &[sound], RATE, &steps(5), &mut go_on).expect_err("refused");
        error.to_string()
    };
    let (curve, pedal) = (Design::curve(vec![]), Design::pedal(vec![]));
    assert!(refused(&curve, sound(&quiet)).contains("silence"));
    assert!(refused(&pedal, sound(&quiet)).contains("silence"));
    assert!(refused(&pedal, sound(&dry[..10])).contains("30000 samples"));
    assert!(refused(&pedal, Sound { train: vec![], ..sound(&dry) }).contains("silence"));
    let beyond = Sound { held_out: 20_000..30_001, ..sound(&dry) };
    assert!(refused(&pedal, beyond).contains("within 0..30000"));
    assert!(refused(&pedal, Sound { knobs: vec![1.0], ..sound(&dry) }).contains("0 numbers"));
    let nan = vec![f32::NAN; 30_000];
    assert!(refused(&curve, sound(&nan)).contains("numbers"));
    assert!(refused(&Design { hidden: 0, ..curve.clone() }, sound(&dry)).contains("hidden"));
    assert!(refused(&Design { hidden: 5000, ..curve.clone() }, sound(&dry)).contains("at most"));
    assert!(refused(&Design { quiet: 2.0, ..curve }, sound(&dry)).contains("0 to 1"));
    let none = fit(&pedal, &[], RATE, &steps(5), &mut go_on);
    assert!(matches!(none, Err(Error::Setting { .. })));
}
