//! Bands, modulation, holding and handing over.

use std::sync::Arc;

use fastrand::Rng;

use super::fixtures::{Absorption, RATE, network};
use super::{Bands, Effect, Law, Model, Modulation, Params};
use crate::analysis;
use crate::graph::{Graph, Kind, Module, Node};

fn model(lines: usize, absorption: Absorption) -> Arc<Model> {
    let model = Arc::new(Model::new(&network(lines, absorption), Law::Calibrated).unwrap());
    model.calibrate();
    model
}

/// `seconds` of what is made of `input` into the first channel.
fn play(effect: &mut Effect, input: impl FnMut(usize) -> f32, seconds: f64) -> Vec<Vec<f32>> {
    let samples = (seconds * RATE) as usize;
    let x: Vec<f32> = (0..samples).map(input).collect();
    let (zero, mut y) = (vec![0.0; samples], vec![vec![0.0; samples]; 2]);
    let mut outputs: Vec<&mut [f32]> = y.iter_mut().map(|y| &mut y[..]).collect();
    effect.process(&[&x, &zero], &mut outputs);
    y
}

fn noise(seed: u64) -> impl FnMut(usize) -> f32 {
    let mut rng = Rng::with_seed(seed);
    move |_| rng.f32() - 0.5
}

fn db(y: &[Vec<f32>]) -> f64 {
    let energy: f64 = y.iter().flatten().map(|y| f64::from(*y).powi(2)).sum();
    10.0 * energy.log10()
}

/// Reverberation times at 63 Hz, 1 kHz and 8 kHz.
fn times(model: &Arc<Model>, bands: Bands, modulation: Modulation) -> [f64; 3] {
    let mut effect = Effect::new(model);
    effect.set(&Params { rt60: Some(1.0), bands, modulation, ..Params::default() });
    let y = play(&mut effect, |n| if n == 0 { 1.0 } else { 0.0 }, 5.0);
    // Without the direct sound.
    let late: Vec<f64> = y[0].iter().skip(100).map(|y| f64::from(*y)).collect();
    let all = analysis::bands(&late, RATE, false);
    [1, 5, 8].map(|k| all[k].t60.unwrap())
}

/// What the time at `hz` should be where it is 1 s in the middle: what a line of 40 ms
/// loses in two filters of first order, the parts of each at right angles.
fn meant(bands: &Bands, hz: f64) -> f64 {
    let warped = |hz: f64| (std::f64::consts::PI * hz / RATE).tan();
    let share = |at: f64| 1.0 / (1.0 + (warped(hz) / warped(at)).powi(2));
    let line = |multiple: f64| 10f64.powf(-3.0 * 0.04 * (1.0 / multiple - 1.0));
    let shelf = |gain: f64, share: f64| (1.0 - share + gain * gain * share).log10() / 2.0;
    let lost = shelf(line(bands.low), share(bands.crossovers[0]))
        + shelf(line(bands.high), 1.0 - share(bands.crossovers[1]));
    3.0 * 0.04 / (3.0 * 0.04 - lost)
}

#[test]
fn bands_last_as_much_longer_as_they_are_told_to() {
    for (low, high) in [(1.0, 1.0), (0.5, 1.0), (1.0, 0.3), (2.0, 0.2), (0.4, 2.0)] {
        let bands = Bands { low, high, crossovers: [400.0, 3000.0] };
        let found = times(&model(16, Absorption::None), bands, Modulation::default());
        println!("{low} × and {high} ×: {found:.3?} s");
        for (found, hz) in found.into_iter().zip([63.0, 1000.0, 8000.0]) {
            // What decays slowest of an octave is heard longest.
            let meant = [0.7, 1.4].map(|edge| meant(&bands, edge * hz));
            let (least, most) = (meant[0].min(meant[1]), meant[0].max(meant[1]));
            let near = 0.8 * least < found && found < 1.25 * most;
            assert!(near, "{low}, {high}: {found} s, not {least} to {most}");
        }
    }
}

/// No filter in a loop may turn into an amplifier.
#[test]
fn no_band_lasts_longer_than_is_proven() {
    for absorption in [Absorption::None, Absorption::OnePole, Absorption::Geq] {
        let model = model(8, absorption);
        let mut effect = Effect::new(&model);
        let bands = Bands { low: 10.0, high: 10.0, crossovers: [3000.0, 300.0] };
        let modulation = Modulation { depth: 1.0, rate: 20.0 };
        let params = Params { rt60: Some(60.0), bands, modulation, ..Params::default() };
        effect.set(&params);
        let early = db(&play(&mut effect, noise(1), 1.0));
        let late = db(&play(&mut effect, |_| 0.0, 19.0)) - 10.0 * 19f64.log10();
        assert!(late < early, "{absorption:?}: {early:.2} dB, then {late:.2} dB");
    }
}

#[test]
fn modulation_keeps_all_energy() {
    let model = model(16, Absorption::None);
    assert!(model.passivity().is_some_and(|p| p.decay.abs() < 1e-12));
    let mut effect = Effect::new(&model);
    effect.set(&Params { modulation: Modulation { depth: 1.0, rate: 3.0 }, ..Params::default() });
    play(&mut effect, noise(2), 1.0);
    let before = db(&play(&mut effect, |_| 0.0, 4.0));
    play(&mut effect, |_| 0.0, 60.0);
    let after = db(&play(&mut effect, |_| 0.0, 4.0));
    assert!((after - before).abs() < 0.05, "{before:.3} dB, then {after:.3} dB");
    // It does turn them.
    let mut still = Effect::new(&model);
    let same = play(&mut still, noise(2), 0.2);
    effect.reset();
    let moved = play(&mut effect, noise(2), 0.2);
    let apart: Vec<Vec<f32>> = same
        .iter()
        .zip(&moved)
        .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - b).collect())
        .collect();
    assert!(db(&apart) > db(&same) - 20.0);
    // And changes no time.
    let modulation = Modulation { depth: 1.0, rate: 3.0 };
    let [_, middle, _] = times(&model, Bands::default(), modulation);
    assert!((middle - 1.0).abs() < 0.05, "{middle}");
}

#[test]
fn what_is_frozen_stays() {
    for absorption in [Absorption::None, Absorption::OnePole, Absorption::Geq] {
        let model = model(16, absorption);
        assert!(model.freezes());
        let mut effect = Effect::new(&model);
        effect.set(&Params { rt60: Some(0.5), ..Params::default() });
        play(&mut effect, noise(3), 1.0);
        effect.set(&Params { rt60: Some(0.5), freeze: true, ..Params::default() });
        play(&mut effect, noise(4), 1.0);
        let before = db(&play(&mut effect, noise(5), 4.0));
        // What comes in meanwhile is not heard.
        play(&mut effect, noise(6), 40.0);
        let after = db(&play(&mut effect, noise(7), 4.0));
        assert!((after - before).abs() < 0.01, "{absorption:?}: {before:.4}, then {after:.4} dB");
        effect.set(&Params { rt60: Some(0.5), ..Params::default() });
        let rest = play(&mut effect, |_| 0.0, 3.0);
        let last: Vec<Vec<f32>> = rest.iter().map(|y| y[100_000..].to_vec()).collect();
        assert!(db(&last) < before - 60.0, "{absorption:?} goes on: {:.1} dB", db(&last));
    }
}

/// From one sample to the next nothing moves by more than noise does of itself.
#[test]
fn freezing_does_not_click() {
    let model = model(16, Absorption::OnePole);
    let mut effect = Effect::new(&model);
    let low = |n: usize| (n as f32 * 0.02).sin();
    let calm = play(&mut effect, low, 1.0);
    let step = |y: &[Vec<f32>]| {
        let steps = y.iter().flat_map(|y| y.windows(2).map(|w| (w[1] - w[0]).abs()));
        steps.fold(0.0, f32::max)
    };
    let mut own = step(&calm);
    for k in 0..20 {
        effect.set(&Params { freeze: k % 2 == 0, ..Params::default() });
        let y = play(&mut effect, |n| low(n + 48_000), 0.1 + 0.01 * f64::from(k));
        // Once all fades are over, steps are the sound's own: what is held may be louder.
        let settled: Vec<Vec<f32>> = y.iter().map(|y| y[2400..].to_vec()).collect();
        own = own.max(step(&settled));
        assert!(step(&y) < 2.0 * own, "{k}: {} where it moves by {own}", step(&y));
    }
}

#[test]
#[ignore = "plays for an hour, in about ten seconds"]
fn it_holds_for_an_hour() {
    for lines in [4, 8, 16, 32] {
        let model = model(lines, Absorption::OnePole);
        let mut effect = Effect::new(&model);
        play(&mut effect, noise(3), 1.0);
        let modulation = Modulation { depth: if lines == 16 { 1.0 } else { 0.0 }, rate: 1.0 };
        effect.set(&Params { freeze: true, modulation, ..Params::default() });
        play(&mut effect, |_| 0.0, 1.0);
        let before = db(&play(&mut effect, |_| 0.0, 20.0));
        for _ in 0..60 {
            play(&mut effect, |_| 0.0, 60.0);
        }
        let after = db(&play(&mut effect, |_| 0.0, 20.0));
        println!("{lines} lines: {:+.4} dB in an hour", after - before);
        assert!((after - before).abs() < 0.1, "{lines}: {before:.4}, then {after:.4} dB");
    }
}

#[test]
fn who_adopts_goes_on_bit_for_bit() {
    let model = model(8, Absorption::Shelves);
    let params = Params {
        rt60: Some(0.8),
        bands: Bands { low: 0.7, high: 0.5, ..Bands::default() },
        modulation: Modulation { depth: 0.5, rate: 2.0 },
        pre_delay: 10.0,
        ..Params::default()
    };
    for freeze in [false, true] {
        let mut effect = Effect::new(&model);
        effect.set(&params);
        play(&mut effect, noise(8), 1.3371);
        effect.set(&Params { freeze, ..params });
        play(&mut effect, noise(9), 0.5);
        let mut heir = Effect::new(&model);
        play(&mut heir, noise(10), 0.1);
        assert!(heir.adopt(&effect));
        let (a, b) = (play(&mut effect, noise(11), 0.5), play(&mut heir, noise(11), 0.5));
        assert!(a == b, "frozen: {freeze}");
    }
}

/// The matrices of `node` multiplied by `gain`.
fn softer(node: &Node, gain: f64) -> Node {
    let all = |nodes: &[Node]| nodes.iter().map(|n| softer(n, gain)).collect::<Vec<_>>();
    match node.kind() {
        Kind::Series(c) => Node::series(node.name(), node.inputs(), all(c)),
        Kind::Parallel { branches, sum } => Node::parallel(node.name(), all(branches), *sum),
        Kind::Recursion { forward, backward } => {
            Node::recursion(node.name(), softer(forward, gain), softer(backward, gain))
        }
        Kind::Module(Module::Matrix(m)) => Node::module(node.name(), Module::Matrix(m * gain)),
        Kind::Module(m) => Node::module(node.name(), m.clone()),
    }
    .unwrap()
}

#[test]
fn another_revision_keeps_the_tail() {
    let graph = network(16, Absorption::None);
    let next = Graph { root: softer(&graph.root, 0.999), ..graph.clone() };
    let mut effect = Effect::new(&Arc::new(Model::new(&graph, Law::Calibrated).unwrap()));
    play(&mut effect, noise(12), 1.0);
    let mut heir = Effect::new(&Arc::new(Model::new(&next, Law::Calibrated).unwrap()));
    assert!(heir.adopt(&effect));
    let (a, b) = (play(&mut effect, |_| 0.0, 0.05), play(&mut heir, |_| 0.0, 0.05));
    assert!((db(&a) - db(&b)).abs() < 0.1, "{:.2} and {:.2} dB", db(&a), db(&b));
    // Of others it takes what is there.
    let other = network(8, Absorption::None);
    let mut other = Effect::new(&Arc::new(Model::new(&other, Law::Calibrated).unwrap()));
    assert!(!other.adopt(&effect));
    assert!(play(&mut other, |_| 0.0, 1.0).iter().flatten().all(|y| y.is_finite()));
}
