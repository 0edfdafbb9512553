//! Every knob moves, models and qualities change; nothing steps, and what rests costs
//! next to nothing.

use std::cell::Cell;
use std::time::{Duration, Instant};

use hosts::clap::Parameter;
use hosts::parameter;
use hosts::signal::{Random, guitar, steps};

use super::*;

/// Samples between two changes, and those in which all parameters of one change.
const SPAN: usize = 6000;
const BUSY: usize = 512;
/// Spans between two models: three seconds.
const MODEL: usize = 24;

/// A low note, so soft that no model makes edges of it, for which every step that is not
/// the sound's own stands out.
fn note(from: usize) -> Vec<Vec<f32>> {
    let tone = |phase: f64| {
        let loud = |i: usize| 0.001 * (i as f64 / 24_000.0).min(1.0);
        let at = |i: usize| (loud(i) * (i as f64 * 0.01 + phase).sin()) as f32;
        (from..from + SPAN).map(at).collect()
    };
    vec![tone(0.0), tone(0.5)]
}

fn changes(parameters: &[Parameter], random: &mut Random) -> Vec<Change> {
    let value = |p: &Parameter, random: &mut Random| {
        let [low, default, high] = p.range;
        if p.id == parameter("bypass") && random.below(6) > 0 {
            return default;
        }
        let value = low + (high - low) * random.share();
        if p.stepped { value.round() } else { value }
    };
    let mut all: Vec<Change> = parameters
        .iter()
        .map(|p| Change { at: random.below(BUSY), parameter: p.id, value: value(p, random) })
        .collect();
    // Not always all of them.
    for i in 0..all.len() {
        let other = i + random.below(all.len() - i);
        all.swap(i, other);
    }
    all.truncate(4 + random.below(all.len() - 4));
    all
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_minute_of_random_automation_makes_no_step() {
    let mut random = Random::new(23);
    let mut plugin = playing("overdrive");
    let parameters: Vec<_> = plugin.parameters().into_iter().filter(|p| p.automatable).collect();
    let mut player = activate(&mut plugin);
    heap::watch(&mut player);
    let (mut heard, mut own) = (vec![Vec::new(); 2], 0.0_f32);
    for span in 0..60 * RATE as usize / SPAN {
        let loaded = span % MODEL == MODEL - 1;
        if loaded {
            let item = random.pick(fx::factory::DRIVES);
            let times = ["1x", "2x", "8x", "16x"][random.below(4)];
            let phase = ["minimum", "linear"][random.below(2)];
            let quality = [("oversampling", json!(times)), ("phase", json!(phase))];
            restore(&mut plugin, &json!({ "factory": item.id }), &quality);
        }
        let changes = changes(&parameters, &mut random);
        let output = player.render(&note(span * SPAN), &[64, 17, 512], &changes);
        // A project that brings another quality has the pedal built anew, and nice-plug
        // takes the heap to hand that on.
        let calls = heap::calls();
        assert!(calls <= usize::from(loaded), "{calls} heap calls in `process`, {span} spans in");
        plugin.idle();
        for (heard, output) in heard.iter_mut().zip(&output) {
            assert!(output.iter().all(|x| x.is_finite() && !x.is_subnormal()), "{span} spans in");
            let still = steps(&output[SPAN - 2000..], SPAN).into_iter().fold(0.0, f32::max);
            own = own.max(still);
            heard.extend_from_slice(output);
        }
    }
    let most = heard.iter().flat_map(|io| steps(io, SPAN)).fold(0.0, f32::max);
    println!("the largest step is {most:.3} of the peak, the sound's own {own:.3}");
    // No fade's own combination of settings need stand still anywhere.
    assert!(most <= 3.0 * own, "{most} of the peak, where the sound's own is {own}");
    plugin.deactivate(player);
}

thread_local! {
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
    static SPENT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Time that `player` spends with a second of `input`.
fn spend(player: &mut Player, input: &[f32]) -> Duration {
    SPENT.set(Duration::ZERO);
    player.around = (
        || BEGAN.set(Some(Instant::now())),
        || SPENT.set(SPENT.get() + BEGAN.take().map_or(Duration::ZERO, |began| began.elapsed())),
    );
    play(player, input, &[64], &[]);
    SPENT.get()
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn what_rests_costs_next_to_nothing() {
    let mut plugin = playing("overdrive");
    let mut player = activate(&mut plugin);
    let (sound, silence) = (guitar(RATE, 1.0), vec![0.0; RATE as usize]);
    let busy = (0..5).map(|_| spend(&mut player, &sound)).min().expect("some");
    for _ in 0..6 {
        play(&mut player, &silence, &[512], &[]);
    }
    let idle = (0..5).map(|_| spend(&mut player, &silence)).min().expect("some");
    println!("a second at work {busy:?}, at rest {idle:?}");
    assert!(3 * idle < busy, "at rest {idle:?}, at work {busy:?}");
    plugin.deactivate(player);
}
