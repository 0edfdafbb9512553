//! A reverb whose network is replaced twenty times a second while every knob moves:
//! no step above the signal's own, no heap, nothing but numbers.

mod kit;

use std::sync::Arc;

use fdn::{Graph, Module};
use fx::reverb::{self, Params, RANGES, Reverb, Tail};
use kit::models::Random;
use kit::steps;

const RATE: f32 = 48_000.0;
const BLOCK: usize = 64;
/// Between two networks: a twentieth of a second.
const RELOAD: usize = 2400;
/// Between two positions of all knobs.
const SPAN: usize = 6000;

/// What a trainer might send next: the same lines, all gains a little different.
fn revision(graph: &Graph, random: &mut Random) -> Graph {
    let change = &mut |module: &Module| {
        Ok(match module {
            // Of a loop, which must not gain; of what leads in and out.
            Module::Matrix(m) if m.nrows() == m.ncols() && m.nrows() > 2 => {
                Module::Matrix(m * (1.0 - 0.005 * f64::from(random.draw().abs())))
            }
            Module::Matrix(m) => {
                Module::Matrix(m.map(|x| x * (1.0 + 0.02 * f64::from(random.draw()))))
            }
            other => other.clone(),
        })
    };
    Graph { root: graph.root.map_modules(change).expect("as many channels"), ..graph.clone() }
}

/// Any position of the knobs that is not meant to be abrupt.
fn knobs(random: &mut Random) -> Params {
    let mut draw = || 0.5 * random.draw() + 0.5;
    let mut params = Params::default();
    for range in RANGES {
        range.set(&mut params, range.min + draw() * (range.max - range.min));
    }
    params.gate.on = draw() < 0.3;
    params.gate.attack = params.gate.attack.max(10.0);
    params.gate.release = params.gate.release.max(20.0);
    params.bypass = draw() < 0.1;
    params.freeze = draw() < 0.15;
    params.as_trained = draw() < 0.3;
    // So loud that a tone of a hall would overwhelm what is measured of all others.
    params.output_gain = params.output_gain.min(6.0);
    params
}

/// A low note that comes softly, for which every step that is not the sound's own
/// stands out.
fn note(n: usize) -> [Vec<f32>; 2] {
    let loud = |i: usize| 0.1 * (i as f64 / 24_000.0).min(1.0);
    let tone =
        |phase: f64| (0..n).map(|i| (loud(i) * (i as f64 * 0.01 + phase).sin()) as f32).collect();
    [tone(0.0), tone(0.5)]
}

/// Plays for as long, and measures.
fn soak(seconds: usize) {
    let file = format!("{}/assets/reverbs/live-room.json", env!("CARGO_MANIFEST_DIR"));
    let graph = Graph::load(&std::fs::read(file).expect("an asset")).expect("a graph");
    let build = |graph: &Graph| {
        Arc::new(reverb::model(graph, f64::from(RATE), 1.0).expect("a network that runs"))
    };
    let mut random = Random::new(5);
    let (loader, mut reverb) = Reverb::new(RATE);
    let first = build(&graph);
    first.calibrate();
    loader.offer(Tail::new(&first, false));
    let frames = seconds * RATE as usize / SPAN * SPAN;
    let [mut left, mut right] = note(frames);
    let (mut own, mut played, mut at, mut reloads) = (0.0_f32, Vec::new(), 0, 0);
    for (l, r) in left.chunks_mut(SPAN).zip(right.chunks_mut(SPAN)) {
        let params = knobs(&mut random);
        for (l, r) in l.chunks_mut(BLOCK).zip(r.chunks_mut(BLOCK)) {
            // The last quarter of each span stands still, to be compared with.
            if at / RELOAD != (at + l.len()) / RELOAD {
                loader.offer(Tail::new(&build(&revision(&graph, &mut random)), false));
                reloads += 1;
            }
            at += l.len();
            let calls = kit::heap_calls(|| reverb.process(&mut [l, r], 2, &params));
            assert_eq!(calls, 0, "heap calls while everything moves");
        }
        played.push(params);
        own = own.max(steps(&l[SPAN - 1000..], SPAN).into_iter().fold(0.0, f32::max));
    }
    assert_eq!(reloads, frames / RELOAD, "twenty a second");
    let mut most = 0.0_f32;
    for io in [&left, &right] {
        assert!(io.iter().all(|x| x.is_finite() && !x.is_subnormal()));
        for (i, step) in steps(io, SPAN).into_iter().enumerate() {
            most = most.max(step);
            let (now, before) = (&played[i], &played[i.saturating_sub(1)]);
            let when = i * SPAN / RATE as usize;
            assert!(
                step <= 1.5 * own,
                "a step of {step} of the peak, where the sound's own is {own}, {when} s in, at {now:?} after {before:?}",
            );
        }
    }
    println!(
        "{seconds} s, {reloads} reloads: steps of {most:.3} of the peak, the sound's own {own:.3}"
    );
}

#[test]
fn a_minute_of_reloads_and_automation_makes_no_step() {
    soak(60);
}

#[test]
#[ignore = "ten minutes of sound; takes about a minute"]
fn ten_minutes_of_reloads_and_automation_make_no_step() {
    soak(600);
}
