use super::*;
use crate::probe::{CUTS, RATES, Random, bits, sine, steepest};

const RATE: f32 = 48_000.0;
/// The detector's window at that rate.
const HEARD: usize = 480;

fn on() -> amp::Gate {
    amp::Gate { on: true, threshold: -20.0, ..amp::Gate::default() }
}

fn db(level: f64) -> f64 {
    10f64.powf(level / 20.0)
}

fn run(gate: &mut Gate, key: &[f32], params: &amp::Gate) -> Vec<f32> {
    let mut gains = vec![f32::NAN; key.len()];
    gate.run(&[key], &mut gains, params);
    gains
}

fn gains(key: &[f32], params: &amp::Gate) -> Vec<f32> {
    run(&mut Gate::new(RATE), key, params)
}

/// A second each of nothing, sound and nothing.
fn burst() -> Vec<f32> {
    [0.0, 0.5, 0.0].iter().flat_map(|level| [*level; 48_000]).collect()
}

#[test]
fn the_threshold_is_a_sines_peak() {
    for (rate, hz) in RATES.iter().flat_map(|rate| [(*rate, 100.0), (*rate, 1000.0)]) {
        for threshold in [-60.0, -20.0, -3.0] {
            let params = amp::Gate { threshold, ..on() };
            let play = |level| {
                let key = sine(rate as usize, rate, hz, db(f64::from(threshold) + level));
                let mut gate = Gate::new(rate);
                let mut gains = vec![0.0; key.len()];
                gate.run(&[&key], &mut gains, &params);
                (gate.closed(), gains)
            };
            let (closed, gains) = play(0.5);
            assert!(!closed && gains[rate as usize / 10..].iter().all(|g| *g == 1.0));
            assert!(play(-0.5).0, "opens at {hz} Hz below {threshold} dB, {rate}");
        }
    }
}

#[test]
fn it_closes_below_the_hysteresis_only() {
    // Even without hold, and at any frequency from 50 Hz.
    for (hysteresis, hz) in [(6.0, 50.0), (6.0, 1000.0), (0.5, 82.4), (24.0, 440.0)] {
        let params = amp::Gate { hysteresis, hold: 0.0, ..on() };
        let mut gate = Gate::new(RATE);
        let edge = f64::from(-20.0 - hysteresis);
        let mut play = |level| run(&mut gate, &sine(48_000, RATE, hz, db(level)), &params);
        assert!(play(edge + 0.2).iter().all(|g| *g == 0.0), "opened");
        play(-10.0);
        assert!(play(edge + 0.2).iter().all(|g| *g == 1.0), "closed within {hysteresis} dB");
        assert_eq!(play(edge - 0.2)[47_999], 0.0, "stayed open below {hysteresis} dB");
        assert!(play(edge + 0.2).iter().all(|g| *g == 0.0), "opened again");
    }
}

#[test]
fn times_are_exact_to_the_sample() {
    for (attack, hold, release) in [(1.0, 20.0, 80.0), (0.1, 0.0, 5.0), (50.0, 500.0, 400.0)] {
        let gains = gains(&burst(), &amp::Gate { attack, hold, release, ..on() });
        let samples = |ms: f32| (ms * 48.0).round() as usize;
        let opens = 48_000..48_000 + samples(attack);
        let quiet = 2 * 48_000 + HEARD - 1 + samples(hold);
        let closes = quiet..quiet + samples(release);
        assert!(gains[..opens.start].iter().all(|g| *g == 0.0));
        assert!(gains[opens.start - 1..opens.end].windows(2).all(|w| w[0] < w[1]));
        assert!(gains[opens.end - 1..closes.start].iter().all(|g| *g == 1.0), "{attack}");
        assert!(gains[closes.start - 1..closes.end].windows(2).all(|w| w[0] >= w[1]));
        // The first steps of a long one are too small for `f32` to leave 1.
        assert!(gains[closes.start + closes.len() / 4000] < 1.0 && gains[closes.end - 2] > 0.0);
        assert!(gains[closes.end - 1..].iter().all(|g| *g == 0.0), "{release}");
        // Halfway in time, half in gain; and the documented curve's steepest slope.
        let middle = gains[closes.start + closes.len() / 2 - 1];
        assert!((middle - 0.5).abs() < 0.01, "{middle}");
        assert!(steepest(&gains) <= 1.5 / opens.len().min(closes.len()) as f32 + 1e-6);
    }
}

#[test]
fn a_pick_within_the_hold_keeps_it_open() {
    let mut key = vec![0.0; 10_000];
    // One sample each 29 ms of the 30 that it waits, above the lower threshold.
    for i in (0..8000).step_by(1392) {
        key[i] = if i == 0 { 0.11 } else { 0.06 };
    }
    let gains = gains(&key, &on());
    assert!(gains[47..6960 + 1439].iter().all(|g| *g == 1.0));
    assert!(gains[6960 + 1440] < 1.0);
}

#[test]
fn range_is_the_gain_when_closed() {
    for (range, gain) in [(-100.0, 0.0), (-40.0, 0.01), (0.0, 1.0), (-200.0, 0.0), (6.0, 1.0)] {
        let mut gate = Gate::new(RATE);
        let closed = run(&mut gate, &[0.0; 500], &amp::Gate { range, ..on() });
        assert!(closed.iter().all(|g| (g - gain).abs() < 1e-9), "{range}: {}", closed[0]);
        assert_eq!((gate.closed(), gate.open()), (gain == 0.0, gain == 1.0));
        let params = amp::Gate { range, ..on() };
        assert_eq!(run(&mut gate, &[1.0; 500], &params)[499], 1.0);
    }
    // A change while closed takes 20 ms.
    let mut gate = Gate::new(RATE);
    run(&mut gate, &[0.0; 10], &on());
    let moved = run(&mut gate, &[0.0; 2000], &amp::Gate { range: -6.0, ..on() });
    assert!(steepest(&moved) < 0.00053 && moved[0] < 0.00053, "{}", steepest(&moved));
    assert_eq!(moved[959..], vec![10f32.powf(-0.3); 2000 - 959]);
}

#[test]
fn off_is_open_and_switching_is_smooth() {
    let off = amp::Gate { on: false, ..on() };
    let mut gate = Gate::new(RATE);
    assert_eq!(run(&mut gate, &[0.0; 100], &off), vec![1.0; 100]);
    assert!(gate.open() && !gate.closed());
    // Switched on in silence, it waits as ever, then closes.
    let closing = run(&mut gate, &[0.0; 10_000], &on());
    assert!(closing[..1439].iter().all(|g| *g == 1.0), "no hold");
    assert_eq!(closing[1439 + 3840..], vec![0.0; 10_000 - 1439 - 3840]);
    assert!(!gate.closed(), "not all gains were 0");
    run(&mut gate, &[0.0; 100], &on());
    assert!(gate.closed());
    // Switched off, it opens in 20 ms.
    let opening = run(&mut gate, &[0.0; 1000], &off);
    assert!(opening[0] > 0.0 && steepest(&opening) < 1.6 / 960.0);
    assert!(opening[958] < 1.0 && opening[959..].iter().all(|g| *g == 1.0));
    // After a reset the first parameters hold at once.
    gate.reset();
    assert_eq!(run(&mut gate, &[0.0; 10], &on()), [0.0; 10]);
    gate.reset();
    assert_eq!(run(&mut gate, &[0.0; 10], &off), [1.0; 10]);
}

#[test]
fn the_louder_channel_counts() {
    let (quiet, loud) = (vec![-0.01; 200], vec![-0.5; 150]);
    let with = |key: &[&[f32]]| {
        let mut gains = [0.0; 200];
        Gate::new(RATE).run(key, &mut gains, &on());
        gains
    };
    for key in [[&quiet[..], &loud], [&loud, &quiet]] {
        assert_eq!(with(&key), with(&[&loud]));
        assert_eq!(with(&key)[47..], [1.0; 153]);
    }
    assert_eq!(with(&[&quiet]), [0.0; 200]);
    assert_eq!(with(&[]), [0.0; 200]);
    assert_eq!(with(&[&[f32::NAN; 200]]), [0.0; 200]);
}

/// Notes, hum and rests, and parameters that change every 500 samples.
fn scene(rate: f32) -> (Vec<f32>, Vec<amp::Gate>) {
    let mut random = Random(3);
    let mut key = sine(60_000, rate, 90.0, 1.0);
    key.chunks_mut(1500).for_each(|part| {
        let gain = 10f32.powf(-3.0 * (0.5 + 0.5 * random.signed()));
        let gain = if random.below(2) > 0 { gain } else { 0.0 };
        part.iter_mut().for_each(|x| *x *= gain * (1.0 + 0.001 * random.signed()));
    });
    let params = (0..120).map(|_| amp::Gate {
        on: random.below(8) > 0,
        threshold: random.hostile(-60.0, 0.0),
        hysteresis: random.hostile(0.0, 24.0),
        attack: random.hostile(0.1, 50.0),
        hold: random.hostile(0.0, 10.0).min(10.0),
        release: random.hostile(5.0, 20.0).min(20.0),
        range: if random.below(3) > 0 { -100.0 } else { random.hostile(-100.0, 0.0) },
    });
    let params = params.collect();
    (key, params)
}

fn perform(rate: f32, cut: usize) -> Vec<f32> {
    let (key, params) = scene(rate);
    let mut gate = Gate::new(rate);
    let mut all = vec![f32::NAN; key.len()];
    for ((key, gains), params) in key.chunks(500).zip(all.chunks_mut(500)).zip(&params) {
        for (key, gains) in key.chunks(cut).zip(gains.chunks_mut(cut)) {
            gate.run(&[key], gains, params);
            assert_eq!(gate.closed(), gains.iter().all(|g| *g == 0.0));
            assert_eq!(gate.open(), gains.iter().all(|g| *g == 1.0));
        }
    }
    all
}

#[test]
fn cutting_changes_nothing() {
    let whole = perform(RATE, 500);
    let [shut, open] = [0.0, 1.0].map(|end| whole.iter().filter(|g| **g == end).count());
    assert!(shut.min(open) > 3000, "{shut} closed, {open} open");
    for cut in CUTS {
        assert!(bits(&perform(RATE, cut)) == bits(&whole), "cut into {cut}s");
    }
}

#[test]
fn resting_is_the_same_as_stepping() {
    let (key, params) = scene(RATE);
    let mut gate = Gate::new(RATE);
    let mut stepped = Vec::new();
    for (key, params) in key.chunks(500).zip(&params) {
        gate.follow(params);
        stepped.extend(key.iter().map(|x| gate.step(x.abs())));
    }
    assert!(bits(&stepped) == bits(&perform(RATE, 500)));
}

#[test]
fn hostile_automation_never_steps_out_of_range() {
    for rate in [8_000.0, 44_100.0, 192_000.0, 384_000.0] {
        let mut random = Random(rate as u32);
        let mut gate = Gate::new(rate);
        let (mut left, mut last) = (10 * rate as usize, None);
        while left > 0 {
            let n = left.min(1 + random.below(rate as usize / 50));
            let level = random.signed();
            let key: Vec<_> = (0..n).map(|_| level * 1000.0 * random.signed()).collect();
            let params = amp::Gate {
                on: random.below(4) > 0,
                threshold: random.hostile(-100.0, 0.0),
                hysteresis: random.hostile(0.0, 24.0),
                attack: random.hostile(1.0, 50.0).max(1.0),
                hold: random.hostile(0.0, 30.0),
                release: random.hostile(5.0, 1000.0),
                range: random.hostile(-100.0, 0.0),
            };
            let mut gains = run(&mut gate, &key, &params);
            assert!(gains.iter().all(|g| (0.0..=1.0).contains(g)));
            gains.insert(0, last.unwrap_or(gains[0]));
            last = gains.last().copied();
            // An attack of 1 ms at its steepest, and the range on its way.
            let most = 1.5 / (rate / 1000.0).floor() + 1.0 / (0.02 * rate).floor();
            assert!(steepest(&gains) <= most + 1e-6, "{} at {rate}", steepest(&gains));
            left -= n;
        }
    }
}
