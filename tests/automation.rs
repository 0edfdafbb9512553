//! A minute of an amplifier whose every parameter, model and cabinet changes at
//! random while it plays, without a step above the signal's own.

mod kit;

use fx::amp::{Amp, Channels, OutputLevel, Params, RANGES, Routing};
use fx::{Cabinet, Impulse, Loaders, Pair};
use kit::models::Random;
use kit::steps;

const RATE: f32 = 48_000.0;
const BLOCK: usize = 64;
/// Between two changes.
const SPAN: usize = 6000;

/// What can be loaded.
struct Shelf {
    models: Vec<nn::Model>,
    impulses: Vec<Impulse>,
}

impl Shelf {
    fn new() -> Self {
        let bytes = |name: &str| {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        };
        let models = ["assets/kiln-overdrive.nam", "assets/kiln-edge.nam"];
        let load = |name| nn::Model::load(&bytes(name)).expect("a valid model");
        let impulses = ["assets/kiln-112-open.wav", "assets/kiln-412-closed.wav"];
        Self {
            models: models.map(load).into(),
            impulses: impulses.map(|name| Impulse::load(&bytes(name)).expect("valid")).into(),
        }
    }

    fn change(&self, loaders: &Loaders, draw: &mut impl FnMut(usize) -> usize) {
        match draw(4) {
            i @ (0 | 1) => {
                let model = &self.models[draw(self.models.len())];
                loaders.models[i].offer(Pair::of(model).at(RATE));
            }
            i => {
                let impulse = &self.impulses[draw(self.impulses.len())];
                loaders.cabinets[i - 2].offer(Cabinet::build(impulse, RATE));
            }
        }
    }
}

/// Any parameters, but no gate that is asked to be abrupt.
fn random(draw: &mut impl FnMut(usize) -> usize) -> Params {
    let mut params = Params::default();
    for range in RANGES {
        let share = draw(101) as f32 / 100.0;
        range.set(&mut params, range.min + share * (range.max - range.min));
    }
    let mut toss = |chance: usize| draw(chance) == 0;
    params.gate.on = toss(2);
    params.gate.attack = params.gate.attack.max(10.0);
    params.gate.release = params.gate.release.max(20.0);
    params.bypass = toss(8);
    params.channels = if toss(2) { Channels::Mono } else { Channels::Stereo };
    params.routing = if toss(2) { Routing::Parallel } else { Routing::Series };
    params.invert = toss(2);
    params.slots.iter_mut().for_each(|slot| slot.on = !toss(4));
    (params.tone.on, params.tone.before) = (!toss(3), toss(2));
    (params.cabinet.on, params.cabinet.normalize) = (!toss(3), !toss(3));
    params.levels.calibrate_input = toss(2);
    params.levels.output = [OutputLevel::Raw, OutputLevel::Normalized][usize::from(toss(2))];
    params
}

/// A low note, for which every step that is not the sound's own stands out.
fn note(n: usize) -> [Vec<f32>; 2] {
    // In double precision: after a minute, single would step in time.
    let tone = |phase: f64| {
        let sine = |i: usize| 0.01 * (i as f64 * 0.01 + phase).sin() as f32;
        (0..n).map(sine).collect()
    };
    [tone(0.0), tone(0.5)]
}

#[test]
fn a_minute_of_random_automation_makes_no_step() {
    let shelf = Shelf::new();
    let mut random_numbers = Random::new(77);
    let mut draw = move |n: usize| ((random_numbers.draw() * 0.5 + 0.5) * n as f32) as usize % n;
    let changes = (60.0 * RATE) as usize / SPAN;
    let (loaders, mut amp) = Amp::new(RATE);
    let [mut left, mut right] = note(changes * SPAN);
    let (mut own, mut played) = (0.0_f32, Vec::new());
    for (l, r) in left.chunks_mut(SPAN).zip(right.chunks_mut(SPAN)) {
        shelf.change(&loaders, &mut draw);
        let params = random(&mut draw);
        for (l, r) in l.chunks_mut(BLOCK).zip(r.chunks_mut(BLOCK)) {
            let calls = kit::heap_calls(|| amp.process(&mut [l, r], 2, &params));
            assert_eq!(calls, 0, "heap calls while everything moves");
        }
        played.push(params);
        // The same sound standing still, once all fades are over.
        let still = &l[SPAN - 2000..];
        own = own.max(steps(still, SPAN).into_iter().fold(0.0, f32::max));
    }
    for io in [&left, &right] {
        assert!(io.iter().all(|x| x.is_finite()));
        for (i, step) in steps(io, SPAN).into_iter().enumerate() {
            assert!(
                step <= 1.5 * own,
                "a step of {step} of the peak, where the sound's own is {own}, {} s in, at {:?} after {:?}",
                i * SPAN / RATE as usize,
                played[i],
                played[i.saturating_sub(1)],
            );
        }
    }
}
