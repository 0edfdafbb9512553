//! `cargo bench --bench room`: what the whole reverb costs with everything on, beside
//! its network alone, in stereo at 48 kHz in blocks of 64, on every instruction set
//! there is; what it costs in silence; and what another network costs as it comes.
//!
//! All take turns, by processor time of the thread; a figure is the tenth percentile.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::thread_time;
use fdn::{Effect, Graph, Isa, Model};
use fx::reverb::{self, Bands, Duck, EarlyParams, Modulation, Params, Reverb, Tail};

const RATE: f32 = 48_000.0;
const BLOCK: usize = 64;
/// Blocks of a turn.
const TURN: usize = 500;

fn main() {
    let bench = std::env::args().any(|arg| arg == "--bench");
    let rounds = if bench { 40 } else { 1 };
    println!("ns a frame; % of a core at 48 kHz");
    for name in ["small-room", "medium-hall", "large-hall", "colourless", "cathedral"] {
        let model = load(name);
        for isa in Isa::available() {
            measure(name, &model, isa, rounds);
        }
    }
    parts(&load("colourless"), rounds);
    println!("asleep {:.1} ns", asleep(&load("medium-hall"), rounds));
    reload(&load("medium-hall"), rounds);
    for name in ["large-hall", "colourless"] {
        revision(name, rounds);
    }
}

/// What a revision of a trainer's costs from its bytes to the voice, on another thread.
fn revision(name: &str, rounds: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/reverbs/{name}.json"));
    let bytes = std::fs::read(path).expect("an asset");
    let before = load(name);
    let mut took = Vec::new();
    for _ in 0..rounds {
        let began = thread_time();
        let graph = Graph::load(&bytes).expect("a graph");
        let model = reverb::model(&graph, f64::from(RATE), 1.0).expect("a network");
        assert!(model.is_plainly_bounded(), "{name} needs no proof to be played");
        model.assume(&before, 1.0);
        let tail = Tail::new(&Arc::new(model), false);
        took.push((thread_time() - began).as_secs_f64() * 1000.0);
        drop(tail);
    }
    let ms = tenth(took);
    println!("{name}, 32 lines: {ms:.1} ms a revision, {:.0} a second", 1000.0 / ms);
}

fn load(name: &str) -> Arc<Model> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/reverbs/{name}.json"));
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let graph = Graph::load(&bytes).expect("a graph");
    let model = reverb::model(&graph, f64::from(RATE), 1.0).expect("a network");
    model.calibrate();
    Arc::new(model)
}

/// Everything on.
fn params() -> Params {
    Params {
        mix: 0.4,
        rt60: 2.5,
        pre_delay: 20.0,
        bands: Bands { low: 1.3, high: 0.6, ..Bands::default() },
        modulation: Modulation { depth: 0.3, rate: 0.7 },
        early: EarlyParams { level: -9.0, send: 0.3, size: 1.2 },
        width: 1.2,
        cross: 0.2,
        low_cut: 90.0,
        high_cut: 11_000.0,
        duck: Duck { depth: 9.0, ..Duck::default() },
        gate: fx::amp::Gate { on: true, threshold: -60.0, ..Params::default().gate },
        ..Params::default()
    }
}

/// Nanoseconds a frame in a turn of `process`.
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

fn measure(name: &str, model: &Arc<Model>, isa: Isa, rounds: usize) {
    let input = common::signal(TURN * BLOCK);
    let (loader, mut whole) = Reverb::new(RATE);
    loader.offer(Tail::new_on(model, false, isa));
    let mut bare = Effect::new_on(model, isa);
    let params = params();
    let (mut all, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        all.push(turn(&input, |l, r| whole.process(&mut [l, r], 2, &params)));
        let mut out = [[0.0; BLOCK]; 2];
        let [a, b] = &mut out;
        alone.push(turn(&input, |l, r| bare.process(&[l, r], &mut [a, b])));
    }
    let (all, alone) = (tenth(all), tenth(alone));
    let lines = model.plan().lines();
    let share = all * 1e-9 * f64::from(RATE) * 100.0;
    println!(
        "{name}, {lines} lines, {isa:?}: all {all:.1} ({share:.2} %), the network as trained {alone:.1}"
    );
}

/// What each part adds to a reverb that only plays its network.
fn parts(model: &Arc<Model>, rounds: usize) {
    let (all, plain) = (params(), Params { as_trained: true, ..Params::default() });
    let with: [(&str, Params); 10] = [
        ("nothing", plain),
        ("a time", Params { rt60: all.rt60, as_trained: false, ..plain }),
        ("bands", Params { rt60: all.rt60, as_trained: false, bands: all.bands, ..plain }),
        ("modulation", Params { modulation: all.modulation, ..plain }),
        ("pre-delay", Params { pre_delay: all.pre_delay, ..plain }),
        ("early reflections", Params { early: all.early, ..plain }),
        ("width and cross", Params { width: all.width, cross: all.cross, ..plain }),
        ("cuts", Params { low_cut: all.low_cut, high_cut: all.high_cut, ..plain }),
        ("ducking", Params { duck: all.duck, ..plain }),
        ("a gate", Params { gate: all.gate, ..plain }),
    ];
    let mut players = with.map(|(name, params)| {
        let (loader, reverb) = Reverb::new(RATE);
        loader.offer(Tail::new(model, false));
        (name, params, reverb, Vec::new())
    });
    let input = common::signal(TURN * BLOCK);
    for _ in 0..rounds {
        for (_, params, reverb, figures) in &mut players {
            figures.push(turn(&input, |l, r| reverb.process(&mut [l, r], 2, params)));
        }
    }
    let mut least = None;
    for (name, _, _, figures) in players {
        let figure = tenth(figures);
        println!("with {name}: {:+.1}", figure - *least.get_or_insert(0.0));
        if least == Some(0.0) {
            least = Some(figure);
        }
    }
}

fn asleep(model: &Arc<Model>, rounds: usize) -> f64 {
    let (loader, mut whole) = Reverb::new(RATE);
    loader.offer(Tail::new(model, false));
    let silence = vec![0.0; TURN * BLOCK];
    let mut play = || turn(&silence, |l, r| whole.process(&mut [l, r], 2, &params()));
    for _ in 0..20 {
        play();
    }
    tenth((0..rounds).map(|_| play()).collect())
}

/// A network with the same lines comes: what the block costs in which it is taken up.
fn reload(model: &Arc<Model>, rounds: usize) {
    let (loader, mut whole) = Reverb::new(RATE);
    loader.offer(Tail::new(model, false));
    let input = common::signal(TURN * BLOCK);
    let (mut plain, mut taken) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        turn(&input, |l, r| whole.process(&mut [l, r], 2, &params()));
        plain.push(turn(&input[..BLOCK], |l, r| whole.process(&mut [l, r], 2, &params())));
        loader.offer(Tail::new(model, false));
        taken.push(turn(&input[..BLOCK], |l, r| whole.process(&mut [l, r], 2, &params())));
    }
    let us = |ns: f64| ns * BLOCK as f64 / 1000.0;
    println!(
        "a block {:.1} us, one in which a network comes {:.1} us",
        us(tenth(plain)),
        us(tenth(taken))
    );
}
