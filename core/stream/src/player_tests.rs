use nn::Blocks;
use nn::foreign::{State, Watch};

use crate::fade::FADE;
use crate::latency::latency;
use crate::scene::{Does, Habit, Outcome, Scene, ramp, sine};

fn shifted(x: f32) -> f32 {
    0.5 * x + 0.25
}

#[test]
fn every_sample_is_in_its_place_with_fixed_blocks() {
    for (hop, budget) in [(512, 96), (512, 240), (512, 512), (64, 60), (2139, 900), (96, 1)] {
        for block in [1, 32, 63, 64, 100, 128, 441, 480, 512, 1024] {
            for ahead in [0, 37] {
                let outcome = Scene {
                    hop,
                    budget,
                    ahead,
                    blocks: Blocks::Fixed(block),
                    f: shifted,
                    input: ramp,
                    habit: Box::new(move |_| Does::Well(budget)),
                    ..Scene::default()
                }
                .play(20 * hop.max(block));
                assert_eq!(outcome.underruns(), 0, "{hop} {budget} {block}");
                assert_eq!(outcome.lost(), 0);
                outcome.is_whole(shifted, ramp);
            }
        }
    }
}

#[test]
fn a_sample_less_of_latency_is_too_little() {
    for (hop, budget, block) in [(512, 96, 128), (512, 512, 480), (64, 60, 48), (500, 500, 300)] {
        let blocks = Blocks::Fixed(block);
        let outcome = Scene {
            hop,
            budget,
            blocks,
            lead: Some(latency(hop, budget, blocks) - 1),
            habit: Box::new(move |_| Does::Well(budget)),
            ..Scene::default()
        }
        .play(20 * hop);
        assert!(outcome.underruns() > 0, "{hop} {budget} {block}");
    }
}

#[test]
fn every_sample_is_in_its_place_with_any_blocks() {
    let mut random = fastrand::Rng::with_seed(3);
    for seed in 0..40 {
        let (hop, most) = (random.usize(1..=700), random.usize(1..=900));
        let budget = random.usize(1..=hop);
        let mut times = fastrand::Rng::with_seed(seed);
        let outcome = Scene {
            hop,
            budget,
            seed,
            ahead: random.usize(0..50),
            blocks: Blocks::UpTo(most),
            f: shifted,
            input: ramp,
            // As long as it may take, or less.
            habit: Box::new(move |_| {
                Does::Well(if times.bool() { budget } else { times.usize(0..=budget) })
            }),
            ..Scene::default()
        }
        .play(60 * hop.max(most));
        assert_eq!(outcome.underruns(), 0, "{hop} {budget} {most}");
        outcome.is_whole(shifted, ramp);
    }
}

/// A stall of 60 ms at every 40th inference.
fn stalling() -> Habit {
    Box::new(|run| Does::Well(if run % 40 == 39 { 2880 } else { 200 }))
}

#[test]
fn a_stall_is_not_heard_and_nothing_is_lost() {
    let outcome = Scene { habit: stalling(), ..Scene::default() }.play(480_000);
    assert!(outcome.underruns() >= 20);
    assert_eq!((outcome.lost(), outcome.errors()), (0, 0));
    assert!(outcome.step() <= 0.03, "{}", outcome.step());
    // All but what has not been a whole hop yet.
    let played = outcome.heard.len() as u64;
    assert!(outcome.samples[0] + 2880 + 1024 > played, "{:?} of {played}", outcome.samples);
    for (n, &heard) in outcome.heard.iter().enumerate().skip(outcome.latency) {
        assert!((heard - sine(n - outcome.latency)).abs() < 1e-5, "{n}");
    }
}

#[test]
fn around_a_stall_each_sample_is_of_the_network_or_the_input_or_of_a_fade() {
    for silent in [false, true] {
        let scene = Scene { habit: stalling(), f: |x| -x, silent, ..Scene::default() };
        let outcome = scene.play(96_000);
        let (mut wet, mut dry) = (0, 0);
        for (n, &heard) in outcome.heard.iter().enumerate().skip(outcome.latency) {
            let x = sine(n - outcome.latency);
            wet += usize::from(heard == -x);
            dry += usize::from(heard == if silent { 0.0 } else { x });
        }
        let rest = outcome.heard.len() - outcome.latency - wet - dry;
        let underruns = outcome.underruns() as usize;
        assert!((4..=6).contains(&underruns), "{underruns}");
        assert!(rest <= underruns * 2 * FADE, "{rest}");
        assert!((2000 * underruns..4000 * underruns).contains(&dry), "{dry}");
        assert_eq!(outcome.lost(), 0);
        assert!(outcome.step() <= 0.0289 * 2.0 + 2.0 / FADE as f32, "{}", outcome.step());
    }
}

#[test]
fn a_hop_that_fails_is_heard_dry_and_the_next_is_aligned() {
    for failure in [Does::Nan, Does::Error, Does::Panic] {
        let outcome = Scene {
            f: |x| -x,
            habit: Box::new(move |run| if run == 9 { failure } else { Does::Well(100) }),
            ..Scene::default()
        }
        .play(20_000);
        assert_eq!((outcome.errors(), outcome.underruns(), outcome.lost()), (1, 0, 0));
        // Reset by the failure, it has heard all since.
        assert!(outcome.samples[1] < outcome.samples[0] - 9 * 512);
        let from = outcome.lead + 9 * 512;
        for (n, &heard) in outcome.heard.iter().enumerate().skip(outcome.latency) {
            let x = sine(n - outcome.latency);
            if (from + FADE..from + 512).contains(&n) {
                assert_eq!(heard, x, "{failure:?}: {n}");
            } else if !(from..from + 512 + FADE).contains(&n) {
                assert_eq!(heard, -x, "{failure:?}: {n}");
            }
        }
        assert!(outcome.broken.is_empty());
    }
}

#[test]
fn failures_in_a_row_are_the_end_of_a_network() {
    let outcome = Scene {
        habit: Box::new(|run| if (4..7).contains(&run) { Does::Error } else { Does::Well(9) }),
        ..Scene::default()
    }
    .play(20_000);
    assert_eq!(outcome.errors(), 3);
    let [reason] = &outcome.broken[..] else { panic!("{:?}", outcome.broken) };
    assert!(reason.contains("it would not"), "{reason}");
}

/// What was not lost was heard, but for what waits for the end of a hop.
fn all_is_accounted_for(outcome: &Outcome) {
    let input = outcome.heard.len() as u64;
    let known = outcome.samples[0] + outcome.lost();
    assert!(known <= input && input < known + 2048, "{known} of {input}");
}

#[test]
fn a_network_that_is_too_slow_is_passed_by_and_tried_again() {
    // Half again as long as a hop, for four seconds.
    let outcome = Scene {
        f: |x| -x,
        habit: Box::new(|run| Does::Well(if run < 250 { 768 } else { 100 })),
        ..Scene::default()
    }
    .play(960_000);
    assert!(outcome.lost() > 48_000);
    all_is_accounted_for(&outcome);
    assert!(outcome.step() <= 0.0289 + 2.0 / FADE as f32, "{}", outcome.step());
    let tail = outcome.heard.len() - 48_000;
    for (n, &heard) in outcome.heard.iter().enumerate().skip(tail) {
        assert_eq!(heard, -sine(n - outcome.latency), "{n}");
    }
    assert_eq!(outcome.monitor.report().state, State::Running);
}

#[test]
fn another_try_begins_with_a_callback() {
    for stall in [100_000, 110_000, 120_007] {
        let outcome = Scene {
            f: |x| -x,
            budget: 256,
            blocks: Blocks::Fixed(256),
            habit: Box::new(move |run| Does::Well(if run == 3 { stall } else { 256 })),
            ..Scene::default()
        }
        .play(400_000);
        assert!(outcome.lost() > 48_000);
        // Of the stall alone: before it is passed by, and of a try in its midst.
        assert!(outcome.underruns() <= 2, "{stall}: {}", outcome.underruns());
        let n = outcome.heard.len() - 1;
        assert_eq!(outcome.heard[n], -sine(n - outcome.latency));
    }
}

#[test]
fn whoever_begins_in_the_midst_of_a_callback_finds_its_beginning() {
    for entry in [64, 128, 192] {
        let outcome = Scene {
            f: |x| -x,
            budget: 256,
            blocks: Blocks::Fixed(256),
            entry: Some(entry),
            habit: Box::new(|_| Does::Well(256)),
            ..Scene::default()
        }
        .play(480_000);
        // So the latency is too little at first.
        assert!(outcome.underruns() > 0, "{entry}");
        let tail = outcome.heard.len() - 48_000;
        for (n, &heard) in outcome.heard.iter().enumerate().skip(tail) {
            assert_eq!(heard, -sine(n - outcome.latency), "{entry}: {n}");
        }
    }
}

#[test]
fn one_that_stays_too_slow_says_so() {
    for time in [700, 5000] {
        let habit: Habit = Box::new(move |_| Does::Well(time));
        // Until it is first passed by, which takes the input of a second that waits.
        let outcome = Scene { habit, ..Scene::default() }.play(300_000);
        let state = outcome.monitor.report().state;
        assert!(
            matches!(&state, State::Bypassed { reason } if reason.contains("slow"))
                || outcome.lost() > 0,
            "{state:?}"
        );
        let dry = |n: usize| (outcome.heard[n] - sine(n - outcome.latency)).abs() < 1e-5;
        assert!((outcome.latency..outcome.heard.len()).all(dry));
    }
}

#[test]
fn one_that_is_behind_for_a_second_is_passed_by() {
    // A stall, after which it is just fast enough to stay behind.
    let habit: Habit = Box::new(|run| Does::Well(if run == 20 { 4000 } else { 512 }));
    let scene = Scene { habit, f: |x| -x, budget: 512, ..Scene::default() };
    let outcome = scene.play(240_000);
    assert_eq!(outcome.underruns(), 1);
    assert!(outcome.lost() >= 48_000);
    let n = outcome.heard.len() - 1;
    assert_eq!(outcome.heard[n], -sine(n - outcome.latency), "it did not return");
}

#[test]
fn after_a_reset_all_is_as_in_the_beginning() {
    let fresh = |resets: Vec<usize>, length: usize, input| {
        Scene {
            resets,
            sums: true,
            input,
            ahead: 20,
            blocks: Blocks::Fixed(96),
            budget: 500,
            habit: Box::new(|_| Does::Well(500)),
            ..Scene::default()
        }
        .play(length)
    };
    for blocks in 1..60 {
        let at = 96 * blocks;
        let outcome = fresh(vec![at, at + 96, at + 4 * 96], at + 8000, |n| (n % 777) as f32);
        // The same sound to one that starts there.
        let last = at + 4 * 96;
        let heard = &outcome.heard[last..last + 7000];
        let mut alone = Vec::new();
        let (mut sum, lead) = (0.0, outcome.lead);
        for n in 0..7000_usize {
            let x = n.checked_sub(outcome.latency).map_or(0.0, |n| ((last + n) % 777) as f32);
            if n >= lead {
                sum = 0.99 * sum + x;
            }
            alone.push(if n < lead { 0.0 } else { sum });
        }
        assert_eq!(heard, alone, "reset at {last}");
        assert_eq!((outcome.underruns(), outcome.lost()), (0, 0));
    }
}

#[test]
fn after_a_reset_nothing_of_before_is_heard_in_its_place_either() {
    let at = 20 * 128;
    let habit: Habit = Box::new(|run| if run < 3 { Does::Well(50) } else { Does::Error });
    let scene = Scene { resets: vec![at], ahead: 100, habit, ..Scene::default() };
    let outcome = scene.play(8000);
    let latency = outcome.latency;
    assert_eq!(outcome.heard[at..at + latency], vec![0.0; latency]);
    for n in at + latency + FADE..8000 {
        assert_eq!(outcome.heard[n], sine(n - latency));
    }
}

#[test]
fn nothing_breaks_alignment() {
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (hop, most) = (random.usize(1..=300), random.usize(1..=300));
        let mut fate = fastrand::Rng::with_seed(seed);
        let outcome = Scene {
            hop,
            seed,
            budget: hop / 2 + 1,
            ahead: random.usize(0..20),
            blocks: Blocks::UpTo(most),
            input: ramp,
            f: |x| -x,
            habit: Box::new(move |_| match fate.usize(0..80) {
                0 => Does::Nan,
                1 => Does::Error,
                2 => Does::Well(20 * hop),
                _ => Does::Well(hop / 2),
            }),
            ..Scene::default()
        }
        .play(60_000);
        let odd = (outcome.heard.iter().enumerate().skip(outcome.latency))
            .filter(|&(n, heard)| heard.abs() != ramp(n - outcome.latency))
            .count() as u64;
        let events = outcome.underruns() + outcome.errors();
        assert!(events > 0 && odd <= events * 2 * FADE as u64, "{seed}: {odd} of {events}");
    }
}
