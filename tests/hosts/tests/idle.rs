//! What a large project costs. A test of its own, so that nothing else runs beside it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use hosts::clap::{Player, Plugin};
use hosts::clap_amp;
use hosts::signal::guitar;

const RATE: f64 = 48_000.0;
const BLOCK: usize = 64;
const ROUNDS: usize = 400;

thread_local! {
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
    static SPENT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

fn begin() {
    BEGAN.set(Some(Instant::now()));
}

fn end() {
    if let Some(began) = BEGAN.take() {
        SPENT.set(SPENT.get() + began.elapsed());
    }
}

/// Instances at work, each with its player.
fn start(count: usize) -> Vec<(Plugin, Player)> {
    let bundle = clap_amp();
    let one = |_| {
        let mut plugin = bundle.open().expect("an instance");
        let mut player = plugin.activate([2, 2], RATE, BLOCK as u32).expect("to activate");
        player.around = (begin, end);
        (plugin, player)
    };
    (0..count).map(one).collect()
}

/// Time that all of them spend with a block.
fn spend(instances: &mut [(Plugin, Player)], block: &[Vec<f32>]) -> Duration {
    SPENT.set(Duration::ZERO);
    for (_, player) in instances {
        player.render(block, &[BLOCK], &[]);
    }
    SPENT.get()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn tracks_that_rest_cost_next_to_nothing() {
    let (mut idle, mut active) = (start(24), start(8));
    let (silence, sound) = (vec![0.0; BLOCK], guitar(RATE, 0.25));
    let silent = [silence.clone(), silence];
    // The first seconds of a silence are not idle yet, for all has to fade away.
    let long = vec![vec![0.0; 6 * RATE as usize]; 2];
    for (_, player) in &mut idle {
        player.render(&[guitar(RATE, 0.1), guitar(RATE, 0.1)], &[BLOCK], &[]);
        player.render(&long, &[BLOCK], &[]);
    }
    let (mut resting, mut playing) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let at = round * BLOCK % (sound.len() - BLOCK);
        let part = sound[at..at + BLOCK].to_vec();
        // Two channels that differ, so that each of them costs something.
        let other = part.iter().map(|x| 0.5 * x).collect();
        resting.push(spend(&mut idle, &silent));
        playing.push(spend(&mut active, &[part, other]));
    }
    let (resting, playing) = (median(resting), median(playing));
    let deadline = Duration::from_secs_f64(BLOCK as f64 / RATE);
    let share = (resting + playing).as_secs_f64() / deadline.as_secs_f64();
    println!(
        "24 at rest {resting:?}, 8 at work {playing:?} a block: {share:.3} of its {deadline:?}"
    );
    assert!(2 * resting < playing, "24 at rest take {resting:?}, 8 at work {playing:?}");
    for (mut plugin, player) in idle.into_iter().chain(active) {
        plugin.deactivate(player);
    }
}
