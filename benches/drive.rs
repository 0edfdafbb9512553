//! `cargo bench --bench drive`: what the whole distortion costs in stereo at 48 kHz, in
//! blocks of 64, at every quality and on every instruction set there is, with a network
//! of two hidden layers between filters; what the ways up and down cost alone, beside
//! those of the crate halfband; and what it costs to build a pedal.
//!
//! All take turns, by processor time of the thread; a figure is the tenth percentile.

mod common;

use common::thread_time;
use fx::drive::{Cut, Drive, Oversampling, Params, Pedal, Phase, Quality, Setup};
use nn::{Isa, Model};

const RATE: f32 = 48_000.0;
const BLOCK: usize = 64;
/// Blocks of a turn.
const TURN: usize = 200;

fn main() {
    let bench = std::env::args().any(|arg| arg == "--bench");
    let rounds = if bench { 40 } else { 1 };
    let [network, identity] = [network(), identity()];
    println!(
        "factory models at 8 times, nothing but the drive set: ns a stereo frame; % of a core"
    );
    for item in fx::factory::DRIVES {
        let model = Model::load(item.bytes).expect("a model");
        let costs = Isa::available().into_iter().map(|isa| {
            let ns = cost(&model, &Params::default(), Quality::default(), isa, rounds);
            format!("{isa:?} {ns:6.1} ({:.2} %)", share(ns))
        });
        println!("{:10} {}", item.id, costs.collect::<Vec<_>>().join("   "));
    }
    println!("filter, 2-16-8-1, filter, all filters on: ns a stereo frame; % of a core at 48 kHz");
    for isa in Isa::available() {
        for phase in [Phase::Minimum, Phase::Linear] {
            for oversampling in Oversampling::ALL {
                let quality = Quality { oversampling, phase, antiderivative: false };
                let whole = cost(&network, &params(), quality, isa, rounds);
                let chain = cost(&identity, &params(), quality, isa, rounds);
                println!(
                    "{isa:?}, {phase:?}, {:2} times: {whole:7.1} ({:.2} %), \
                     with a network of one weight {chain:.1}",
                    oversampling.factor(),
                    share(whole),
                );
            }
        }
    }
    rivals(rounds);
    println!("asleep: {:.1} ns a frame", asleep(&network, rounds));
    for (name, model) in [("2-16-8-1", &network), ("one weight", &identity)] {
        println!("{name}: {:.1} ms to build a pedal", build(model, rounds));
    }
}

/// A knob and the sound into sixteen and eight neurons, between two filters each.
fn network() -> Model {
    let mut random = common::models::Random::new(9);
    let mut row = |n: usize| -> Vec<f32> { (0..n).map(|_| random.draw()).collect() };
    let mut dense = |inputs: usize, outputs: usize| {
        let weights: Vec<Vec<f32>> = (0..outputs).map(|_| row(inputs)).collect();
        serde_json::json!({ "type": "dense", "weights": weights, "bias": row(outputs) })
    };
    let tanh = serde_json::json!({ "type": "tanh" });
    let layers = [dense(2, 16), tanh.clone(), dense(16, 8), tanh, dense(8, 1)];
    let file = serde_json::json!({ "format": "kiln-drive", "version": 1, "layers": layers,
        "knobs": [{ "name": "Drive", "min": 0.0, "max": 1.0, "default": 0.5 }],
        "pre": [{ "kind": "high_pass", "hz": 100.0 }, { "kind": "peak", "hz": 700.0, "gain": 6.0 }],
        "post": [{ "kind": "low_pass", "hz": 6000.0 }, { "kind": "low_shelf", "hz": 200.0, "gain": -3.0 }] });
    Model::load(file.to_string().as_bytes()).expect("a model")
}

fn identity() -> Model {
    let file = r#"{"format":"kiln-drive","version":1,"layers":[
        {"type":"dense","weights":[[1.0]],"bias":[0.0]}]}"#;
    Model::load(file.as_bytes()).expect("a model")
}

/// With everything on that costs.
fn params() -> Params {
    Params {
        drive: 0.7,
        before: Cut { low: 80.0, high: 9000.0 },
        after: Cut { low: 60.0, high: 8000.0 },
        tilt: 3.0,
        mix: 0.8,
        auto_gain: true,
        ..Params::default()
    }
}

fn effect(model: &Model, quality: Quality, isa: Isa) -> Drive {
    let (loader, drive) = Drive::new(RATE);
    let setup = Setup { sample_rate: RATE, quality, calls: fx::Calls::OFFLINE };
    loader.offer(Pedal::build_on(model, setup, isa).expect("a pedal"));
    drive
}

/// Nanoseconds a frame in a turn of `process`, of blocks of two channels.
fn turn(input: &[f32], mut process: impl FnMut(&mut [f32], &mut [f32])) -> f64 {
    let (mut left, mut right) = (input.to_vec(), input.to_vec());
    right.reverse();
    let before = thread_time();
    for (left, right) in left.chunks_mut(BLOCK).zip(right.chunks_mut(BLOCK)) {
        process(left, right);
    }
    (thread_time() - before).as_secs_f64() * 1e9 / input.len() as f64
}

fn tenth(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 10]
}

/// Percent of a core that so many nanoseconds a frame take.
fn share(ns: f64) -> f64 {
    ns * 1e-9 * f64::from(RATE) * 100.0
}

fn cost(model: &Model, params: &Params, quality: Quality, isa: Isa, rounds: usize) -> f64 {
    let mut drive = effect(model, quality, isa);
    let input = common::signal(TURN * BLOCK);
    let mut play = || turn(&input, |l, r| drive.process(&mut [l, r], 2, params));
    play();
    tenth((0..rounds).map(|_| play()).collect())
}

/// The recursive filters of the crate halfband, of as many sections, for the four
/// channels that ours take up and down.
fn rivals(rounds: usize) {
    use halfband::iir::design::coefs_transition;
    use halfband::iir::{Downsampler6, Downsampler10, Upsampler6, Upsampler10};

    let (first, other) = (coefs_transition(10, 0.0442), coefs_transition(6, 0.3007));
    let input = common::signal(TURN * BLOCK);
    for stages in 1..=4_usize {
        let mut channels: Vec<_> = (0..4)
            .map(|_| {
                let up: Vec<_> = (1..stages).map(|_| Upsampler6::new(&other)).collect();
                let down: Vec<_> = (1..stages).map(|_| Downsampler6::new(&other)).collect();
                ((Upsampler10::new(&first), up), (Downsampler10::new(&first), down))
            })
            .collect();
        let [mut a, mut b] = [(); 2].map(|()| vec![0.0_f32; BLOCK << stages]);
        let mut play = || {
            turn(&input, |left, right| {
                for (c, ((first_up, up), (first_down, down))) in channels.iter_mut().enumerate() {
                    let io = if c % 2 == 0 { &mut *left } else { &mut *right };
                    let mut n = 2 * io.len();
                    first_up.process_block(io, &mut a[..n]);
                    for stage in up {
                        stage.process_block(&a[..n], &mut b[..2 * n]);
                        std::mem::swap(&mut a, &mut b);
                        n *= 2;
                    }
                    for stage in down {
                        stage.process_block(&a[..n], &mut b[..n / 2]);
                        std::mem::swap(&mut a, &mut b);
                        n /= 2;
                    }
                    first_down.process_block(&a[..n], io);
                }
            })
        };
        play();
        let figure = tenth((0..rounds).map(|_| play()).collect());
        println!("halfband, {:2} times, four channels there and back: {figure:.1}", 1 << stages);
    }
}

fn asleep(model: &Model, rounds: usize) -> f64 {
    let mut drive = effect(model, Quality::default(), Isa::best());
    let silence = vec![0.0; TURN * BLOCK];
    let mut play = || turn(&silence, |l, r| drive.process(&mut [l, r], 2, &params()));
    for _ in 0..30 {
        play();
    }
    tenth((0..rounds).map(|_| play()).collect())
}

/// Milliseconds.
fn build(model: &Model, rounds: usize) -> f64 {
    let setup = Setup { sample_rate: RATE, quality: Quality::default(), calls: fx::Calls::OFFLINE };
    let took = (0..rounds.min(10)).map(|_| {
        let before = thread_time();
        drop(Pedal::build(model, setup).expect("a pedal"));
        (thread_time() - before).as_secs_f64() * 1e3
    });
    tenth(took.collect())
}
