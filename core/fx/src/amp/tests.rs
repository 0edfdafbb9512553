use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use nn::Engine;

use super::*;
use crate::levels::Known;

const RATE: f32 = 48_000.0;

/// A soft clipper with feedback that a single NaN or infinity would poison for
/// good, which counts the samples it is given.
#[derive(Clone, Default)]
struct Toy {
    state: f32,
    worked: Arc<AtomicUsize>,
}

impl Engine for Toy {
    fn process(&mut self, io: &mut [f32]) {
        self.worked.fetch_add(io.len(), Relaxed);
        for x in io {
            self.state = 0.5 * self.state + 0.5 * *x;
            *x = self.state / (1.0 + self.state.abs());
        }
    }

    fn reset(&mut self) {
        self.state = 0.0;
    }

    fn receptive_field(&self) -> usize {
        64
    }

    fn take_over(&mut self, other: &dyn Engine) -> bool {
        let other = (other as &dyn Any).downcast_ref::<Self>();
        other.map(|other| self.state = other.state).is_some()
    }
}

/// Multiplies, and is late by so many samples, as it says.
struct Late {
    gain: f32,
    past: Vec<f32>,
}

impl Engine for Late {
    fn process(&mut self, io: &mut [f32]) {
        for x in io {
            self.past.push(*x * self.gain);
            *x = self.past.remove(0);
        }
    }

    fn reset(&mut self) {
        self.past.fill(0.0);
    }

    fn receptive_field(&self) -> usize {
        self.past.len() + 1
    }

    fn latency(&self) -> usize {
        self.past.len()
    }
}

fn toys() -> Pair {
    Pair::new(Box::new(Toy::default()), Box::new(Toy::default())).at(RATE)
}

fn late(gain: f32, latency: usize) -> Pair {
    let engine = || Box::new(Late { gain, past: vec![0.0; latency] });
    Pair::new(engine(), engine()).at(RATE)
}

/// An amplifier with models in its slots.
fn with_models(models: impl IntoIterator<Item = Pair>) -> Amp {
    let (loaders, amp) = Amp::new(RATE);
    loaders.models.iter().zip(models).for_each(|(loader, model)| loader.offer(model));
    amp
}

fn amp() -> Amp {
    with_models([toys()])
}

fn sine(n: usize) -> Vec<f32> {
    (0..n).map(|i| 0.5 * (i as f32 * 0.03).sin()).collect()
}

/// All that the DC block lets through, and no DC.
fn noise(n: usize) -> Vec<f32> {
    let mut seed = 1u32;
    let mut last = 0.0;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let x = seed as f32 / u32::MAX as f32 - 0.5;
        x - std::mem::replace(&mut last, x)
    };
    (0..n).map(|_| next()).collect()
}

fn with(input_gain: f32, output_gain: f32, bypass: bool) -> Params {
    Params { input_gain, output_gain, bypass, ..Params::default() }
}

fn mono(amp: &mut Amp, io: &mut [f32], params: &Params) {
    amp.process(&mut [io], 1, params);
}

fn played(mut amp: Amp, input: &[f32], params: &Params) -> Vec<f32> {
    let mut io = input.to_vec();
    mono(&mut amp, &mut io, params);
    io
}

fn steepest(io: &[f32]) -> f32 {
    io.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max)
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn without_a_model_audio_passes_through_both_gains() {
    let input = noise(500);
    let output = played(Amp::new(RATE).1, &input, &with(20.0, -20.0, false));
    assert!(distance(&output, &input) < 1e-3, "{}", distance(&output, &input));
}

#[test]
fn a_gain_jump_is_smoothed() {
    let mut amp = amp();
    let mut io = sine(4000);
    let (before, after) = io.split_at_mut(2000);
    mono(&mut amp, before, &with(-20.0, -40.0, false));
    mono(&mut amp, after, &with(-20.0, 20.0, false));
    // At +20 dB the signal itself climbs 0.015 a sample; the ramp adds 10/960 of a peak of 0.05.
    assert!(steepest(&io) < 0.02, "a step of {}", steepest(&io));
    assert!(io[3000..].iter().any(|x| x.abs() > 0.4));
}

#[test]
fn the_first_parameters_hold_from_the_first_sample() {
    let mut amp = amp();
    for (db, factor) in [(20.0, 10.0), (-40.0, 0.01)] {
        let mut io = [0.5; 1];
        mono(&mut amp, &mut io, &with(0.0, db, false));
        assert!((io[0] / (0.25 / 1.25 * factor) - 1.0).abs() < 1e-3, "{db} dB gave {}", io[0]);
        amp.reset();
    }
}

#[test]
fn bad_input_counts_as_the_nearest_good_one() {
    let good = [(f32::NAN, 0.0), (f32::INFINITY, 0.0), (f32::MAX, CEILING), (-1e30, -CEILING)];
    for (bad, good) in good {
        let [a, b] = [bad, good].map(|x| {
            let mut io = sine(300);
            io[100] = x;
            played(amp(), &io, &Params::default())
        });
        assert_eq!(a, b, "{bad:e} is not heard as {good}");
    }
}

#[test]
fn what_is_far_below_hearing_is_silence() {
    for bypass in [false, true] {
        let output = played(amp(), &[1e-32; 64], &with(0.0, 0.0, bypass));
        assert_eq!(output, [0.0; 64]);
    }
}

/// Parameters that leave no stage out, different for each number.
fn moving(i: usize) -> Params {
    let on = |bit: usize| i >> bit & 1 == 0;
    let gate = Gate { on: on(0), threshold: -30.0, release: 10.0, hold: 1.0, ..Gate::default() };
    Params {
        input_gain: [0.0, 12.0, -3.0][i % 3],
        output_gain: [0.0, -6.0][i % 2],
        mix: [1.0, 0.6, 0.0, 0.3][i % 4],
        bypass: i % 7 == 6,
        channels: [Channels::Stereo, Channels::Mono][i / 2 % 2],
        gate,
        slots: [0, 1].map(|k| SlotParams { on: on(k + 1), trim: i as f32 - 4.0, quality: 1.0 }),
        routing: [Routing::Series, Routing::Parallel][i / 3 % 2],
        blend: 0.2 + 0.1 * i as f32,
        invert: i % 5 == 3,
        tone: Tone { on: on(1), before: on(2), bass: i as f32, ..Tone::default() },
        cabinet: Cabinet { on: on(1), low_cut: 100.0, high_cut: 4000.0, ..Cabinet::default() },
        levels: Levels {
            output: [OutputLevel::Raw, OutputLevel::Normalized][i % 2],
            calibrate_input: on(1),
            interface: 10.0,
        },
    }
}

#[test]
fn cutting_changes_nothing_while_everything_moves() {
    // One pace lets every fade end, the other none.
    for pace in [1000, 331] {
        cutting_changes_nothing(pace);
    }
}

fn cutting_changes_nothing(pace: usize) {
    let known = Known { loudness: Some(-20.0), input: Some(12.0), output: Some(3.0) };
    let run = |cut: usize| {
        let mut amp = with_models([late(0.8, 37).knowing(known), toys().knowing(known)]);
        let (mut left, mut right) = (noise(16_000), noise(16_001)[1..].to_vec());
        left[9000..13_000].fill(0.0);
        right[9000..13_000].fill(0.0);
        for (i, (l, r)) in left.chunks_mut(pace).zip(right.chunks_mut(pace)).enumerate() {
            for (l, r) in l.chunks_mut(cut).zip(r.chunks_mut(cut)) {
                amp.process(&mut [l, r], 2, &moving(i % 16));
            }
        }
        (left, right)
    };
    let whole = run(1000);
    assert!(whole.0.iter().all(|x| x.is_finite()) && whole.0.iter().any(|x| x.abs() > 0.1));
    for cut in [1, 3, 64, 65, 333] {
        let parts = run(cut);
        let differs =
            (0..16_000).find(|i| parts.0[*i] != whole.0[*i] || parts.1[*i] != whole.1[*i]);
        assert_eq!(differs, None, "cut into {cut}s, at a pace of {pace}");
    }
}

#[test]
fn whatever_moves_there_is_no_step() {
    let tone = |n: usize| (0..n).map(|i| 0.1 * (i as f32 * 0.02).sin()).collect::<Vec<_>>();
    let mut amp = with_models([late(1.0, 5), late(1.0, 11)]);
    let mut io = tone(60_000);
    for (i, part) in io.chunks_mut(2000).enumerate() {
        // No gate, which steps where the signal does, and the loudest place for each switch.
        mono(&mut amp, part, &Params { gate: Gate::default(), ..moving(i) });
    }
    // A sine of 0.02 radians a sample climbs by that share of its peak, and a fade
    // of 960 samples between two such adds a 480th of it.
    for (i, pair) in io.windows(2).enumerate().skip(1000) {
        let around = &io[i.saturating_sub(1000)..(i + 1000).min(io.len())];
        let peak = around.iter().fold(0.0, |peak: f32, x| peak.max(x.abs()));
        let step = (pair[1] - pair[0]).abs();
        assert!(step <= 0.03 * peak, "a step of {step} at {i}, where the peak is {peak}");
    }
}

#[test]
fn bypass_is_exact_and_enters_without_a_step() {
    let mut amp = amp();
    let mut io = sine(6000);
    for (i, part) in io.chunks_mut(2000).enumerate() {
        mono(&mut amp, part, &with(0.0, 0.0, i == 1));
    }
    assert_eq!(io[3000..4000], sine(6000)[3000..4000], "bypassed");
    assert!(steepest(&io) < 0.02, "a step of {}", steepest(&io));
}

#[test]
fn what_is_not_finite_does_not_stay() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-40] {
        for bypass in [false, true] {
            let params = with(20.0, 40.0, bypass);
            let mut input = noise(60_000);
            let clean = played(amp(), &input, &params);
            input[100..170].fill(bad);
            let output = played(amp(), &input, &params);
            for (i, y) in output.iter().enumerate() {
                assert!(y.is_finite() && !y.is_subnormal(), "{bad:e}: sample {i} is {y:e}");
            }
            // The DC block is the last to forget 60 dB over full scale.
            let off = distance(&output[50_000..], &clean[50_000..]);
            assert!(off < 1e-3, "{bad:e} was still heard: {off}");
        }
    }
}

#[test]
fn parameters_that_are_not_numbers_do_no_harm() {
    let mut nan = Params::default();
    RANGES.iter().for_each(|range| range.set(&mut nan, f32::NAN));
    assert_eq!(played(amp(), &sine(200), &nan), played(amp(), &sine(200), &Params::default()));
}

#[test]
fn mono_into_stereo_sounds_on_both_sides() {
    let mut amp = amp();
    let (mut left, mut right) = (sine(300), vec![9.0; 300]);
    amp.process(&mut [&mut left, &mut right], 1, &Params::default());
    let alone = played(self::amp(), &sine(300), &Params::default());
    assert_eq!((&left, &right), (&alone, &alone));
}

#[test]
fn mono_plays_the_mean_on_both_sides() {
    let params = Params { channels: Channels::Mono, ..Params::default() };
    let (mut left, mut right) = (noise(600), sine(600));
    let mean: Vec<f32> = left.iter().zip(&right).map(|(l, r)| 0.5 * (l + r)).collect();
    amp().process(&mut [&mut left, &mut right], 2, &params);
    assert_eq!(left, right);
    assert_eq!(left, played(amp(), &mean, &params));
}

#[test]
fn a_channel_the_host_left_out_is_no_reason_to_panic() {
    let mut amp = amp();
    amp.process(&mut [], 0, &Params::default());
    amp.process(&mut [&mut [0.1; 32], &mut []], 2, &Params::default());
    amp.process(&mut [&mut [0.1; 32], &mut []], 1, &Params::default());
    amp.process(&mut [&mut [0.1; 32], &mut [0.1; 32], &mut [0.1; 32]], 3, &Params::default());
}

#[test]
fn peaks_are_those_since_the_last_look() {
    let (_loaders, mut amp) = Amp::new(RATE);
    let params = with(20.0, -20.0, false);
    amp.process(&mut [&mut [0.1, -0.2], &mut [0.3, 0.0]], 2, &params);
    let peaks = amp.take_peaks();
    assert_eq!(peaks.input, [2.0, 3.0]);
    assert!((peaks.output[0] - 0.2).abs() < 1e-3 && (peaks.output[1] - 0.3).abs() < 1e-3);
    assert_eq!(amp.take_peaks(), Peaks::default());
}

#[test]
fn a_change_of_sample_rate_keeps_the_model() {
    let mut amp = amp();
    mono(&mut amp, &mut [0.0; 10], &Params::default());
    amp.set_sample_rate(96_000.0);
    let mut io = [0.5; 1];
    mono(&mut amp, &mut io, &Params::default());
    assert!((io[0] - 0.2).abs() < 1e-4);
}

/// The output is the input as late as is said, whatever is dry and whatever goes
/// through which model.
#[test]
fn everything_is_as_late_as_it_says() {
    let input = noise(4000);
    let settings = [false, true].into_iter().flat_map(|parallel| {
        [(true, true), (true, false), (false, true), (false, false)]
            .into_iter()
            .flat_map(move |on| [1.0, 0.5, 0.0].map(|mix| (parallel, on, mix)))
    });
    for (parallel, on, mix) in settings {
        let routing = if parallel { Routing::Parallel } else { Routing::Series };
        let slots = [on.0, on.1].map(|on| SlotParams { on, ..SlotParams::default() });
        for bypass in [false, true] {
            let params = Params { routing, slots, mix, bypass, ..Params::default() };
            let mut amp = with_models([late(1.0, 21), late(1.0, 100)]);
            let mut io = input.clone();
            mono(&mut amp, &mut io, &params);
            let latency = amp.latency();
            assert_eq!(latency, 121);
            let off = distance(&io[latency..], &input[..4000 - latency]);
            let limit = if mix == 0.0 || bypass { 0.0 } else { 2e-3 };
            assert!(off <= limit, "{params:?}: {off}");
        }
    }
}

#[test]
fn a_gated_sound_meets_its_own_gate() {
    let mut input = vec![0.0; 4000];
    input[1000..3000].copy_from_slice(&noise(2000));
    let gate = Gate { on: true, threshold: -20.0, attack: 1.0, ..Gate::default() };
    let params = Params { gate, ..Params::default() };
    let [here, there] =
        [0, 200].map(|latency| played(with_models([late(1.0, latency)]), &input, &params));
    assert_eq!(here[..3800], there[200..]);
}

#[test]
fn series_and_parallel_are_what_they_say() {
    let input = noise(3000);
    let params = |routing, blend, invert| Params { routing, blend, invert, ..Params::default() };
    let two = || with_models([late(0.5, 0), late(-3.0, 0)]);
    let one = |gain| played(with_models([late(gain, 0)]), &input, &Params::default());
    let close = |output: Vec<f32>, gain: f32| {
        let off = distance(&output, &one(gain));
        assert!(off < 1e-5, "expected {gain} times the input, off by {off}");
    };
    close(played(two(), &input, &params(Routing::Series, 0.3, true)), -1.5);
    close(played(two(), &input, &params(Routing::Parallel, 0.0, false)), 0.5);
    close(played(two(), &input, &params(Routing::Parallel, 1.0, false)), -3.0);
    close(played(two(), &input, &params(Routing::Parallel, 0.25, false)), 0.375 - 0.75);
    close(played(two(), &input, &params(Routing::Parallel, 0.25, true)), 0.375 + 0.75);
    // An empty slot passes the input.
    let half = || with_models([late(0.5, 0)]);
    close(played(half(), &input, &params(Routing::Series, 0.5, false)), 0.5);
    close(played(half(), &input, &params(Routing::Parallel, 0.5, false)), 0.75);
}

#[test]
fn trims_and_calibration_multiply() {
    let input = noise(2000);
    let known = Known { loudness: Some(-30.0), input: Some(18.0), output: Some(6.0) };
    let output = |levels: Levels, both: bool| {
        let models = [late(1.0, 0).knowing(known), late(1.0, 0).knowing(known)];
        let slots = [-6.0, 2.0].map(|trim| SlotParams { trim, ..SlotParams::default() });
        let params = Params { levels, slots, ..Params::default() };
        played(with_models(models.into_iter().take(1 + usize::from(both))), &input, &params)
    };
    let flat = played(with_models([late(1.0, 0)]), &input, &Params::default());
    let check = |levels: Levels, both: bool, db: f32| {
        let scaled: Vec<f32> = flat.iter().map(|x| x * gain(db)).collect();
        let off = distance(&output(levels, both), &scaled) / gain(db);
        assert!(off < 1e-5, "expected {db} dB of {levels:?}, off by {off}");
    };
    let levels = |output, calibrate_input| Levels { output, calibrate_input, interface: 12.0 };
    check(levels(OutputLevel::Raw, false), false, -6.0);
    check(levels(OutputLevel::Normalized, false), false, -6.0 + 12.0);
    check(levels(OutputLevel::Calibrated, true), false, -6.0 - 6.0 - 6.0);
    // In series only the last model is brought to a level; before it stands what the gear gives.
    check(levels(OutputLevel::Normalized, false), true, -6.0 + 2.0 + 12.0);
    check(levels(OutputLevel::Raw, true), true, -6.0 - 6.0 + (6.0 - 12.0) + 2.0 - 6.0);
}

fn counted() -> (Pair, [Arc<AtomicUsize>; 2]) {
    let toys = [Toy::default(), Toy::default()];
    let counts = toys.each_ref().map(|toy| toy.worked.clone());
    let [left, right] = toys.map(|toy| Box::new(toy) as Box<dyn Engine>);
    (Pair::new(left, right).at(RATE), counts)
}

#[test]
fn in_silence_networks_rest_and_wake_as_if_they_had_not() {
    let mut input = noise(30_000);
    input[5000..20_000].fill(0.0);
    let (pair, [worked, _]) = counted();
    let output = played(with_models([pair]), &input, &Params::default());
    let rested = 30_000 - worked.load(Relaxed);
    assert!((12_000..15_000).contains(&rested), "rested {rested} samples");
    // One sample of sound far below hearing now and then keeps this one awake.
    let (pair, [worked, _]) = counted();
    input[5000..20_000].iter_mut().step_by(1000).for_each(|x| *x = 2e-9);
    let awake = played(with_models([pair]), &input, &Params::default());
    assert_eq!(worked.load(Relaxed), 30_000);
    assert!(distance(&output, &awake) < 1e-7);
}

#[test]
fn behind_a_closed_gate_and_a_bypass_networks_rest() {
    let mut input = noise(60_000);
    input[10_000..50_000].iter_mut().for_each(|x| *x *= 1e-4);
    let gate = Gate { on: true, threshold: -40.0, ..Gate::default() };
    for params in [Params { gate, ..Params::default() }, with(0.0, 0.0, true)] {
        let (pair, [worked, _]) = counted();
        let output = played(with_models([pair]), &input, &params);
        let worked = worked.load(Relaxed);
        let limit = if params.bypass { 2100 } else { 33_000 };
        assert!(worked < limit, "worked for {worked} samples with {params:?}");
        assert!(params.bypass || output[30_000..50_000].iter().all(|x| *x == 0.0));
    }
}

#[test]
fn one_network_plays_for_both_channels_while_they_are_the_same() {
    let (same, mut other) = (noise(20_000), noise(20_000));
    other[8000..10_000].iter_mut().for_each(|x| *x *= 0.5);
    let (pair, [left, right]) = counted();
    let (mut l, mut r) = (same.clone(), other.clone());
    with_models([pair]).process(&mut [&mut l, &mut r], 2, &Params::default());
    assert_eq!(left.load(Relaxed), 20_000);
    let extra = right.load(Relaxed);
    assert!((2000..5000).contains(&extra), "the second worked for {extra} samples");
    assert_eq!(l, played(amp(), &same, &Params::default()));
    assert_eq!(r, played(amp(), &other, &Params::default()));
}

#[test]
fn a_slot_that_is_off_costs_nothing_and_returns_without_a_step() {
    let (pair, [worked, _]) = counted();
    let mut amp = with_models([pair]);
    let mut io = sine(40_000);
    let off = SlotParams { on: false, ..SlotParams::default() };
    let on = SlotParams::default();
    for (part, slot) in io.chunks_mut(10_000).zip([on, off, off, on]) {
        mono(&mut amp, part, &Params { slots: [slot, on], ..Params::default() });
    }
    assert!(worked.load(Relaxed) < 24_000);
    assert!(steepest(&io) < 0.016, "a step of {}", steepest(&io));
}

/// As the whole amplifier sleeps, so it wakes, whatever the blocks were.
#[test]
fn a_long_sleep_does_not_depend_on_the_blocks() {
    let mut impulse: Vec<f32> = noise(5000);
    impulse.iter_mut().enumerate().for_each(|(i, x)| *x *= (-(i as f32) / 900.0).exp());
    let impulse = crate::Impulse::of(vec![impulse], RATE as u32);
    let mut input = noise(300_000);
    input[20_000..280_000].fill(0.0);
    let run = |cut: usize| {
        let (loaders, mut amp) = Amp::new(RATE);
        loaders.models[0].offer(toys());
        loaders.cabinets[0].offer(crate::Cabinet::build(&impulse, RATE));
        let params = Params { tone: Tone { bass: 7.0, ..Tone::default() }, ..Params::default() };
        let mut io = input.clone();
        io.chunks_mut(cut).for_each(|io| mono(&mut amp, io, &params));
        io
    };
    let whole = run(300_000);
    assert!(whole[250_000..280_000].iter().all(|x| *x == 0.0), "asleep it is silent");
    assert!(whole[285_000..].iter().any(|x| x.abs() > 0.1), "it wakes");
    for cut in [1, 64, 1000] {
        assert!(run(cut) == whole, "cut into {cut}s");
    }
}

#[test]
fn a_model_of_mad_weights_does_not_outlive_itself() {
    let known = Known { loudness: Some(-78.0), ..Known::default() };
    let (loaders, mut amp) = Amp::new(RATE);
    loaders.models[0].offer(late(1e36, 0).knowing(known));
    let mut io = noise(2000);
    mono(&mut amp, &mut io, &with(20.0, 40.0, false));
    assert!(io.iter().all(|x| x.is_finite()));
    loaders.models[0].offer(late(1.0, 0));
    let mut io = noise(100_000);
    mono(&mut amp, &mut io, &Params::default());
    let off = distance(&io[90_000..], &noise(100_000)[90_000..]);
    assert!(off < 1e-3, "the next model is heard, but for {off}");
}

#[test]
fn what_is_changed_in_silence_holds_from_the_first_note_on() {
    let input = noise(1000);
    let changed = Params {
        slots: [SlotParams { trim: -12.0, ..SlotParams::default() }; 2],
        tone: Tone { bass: 9.0, treble: 2.0, ..Tone::default() },
        cabinet: Cabinet { high_cut: 3000.0, ..Cabinet::default() },
        routing: Routing::Parallel,
        ..Params::default()
    };
    let two = || with_models([late(1.0, 3), late(0.5, 9)]);
    let mut amp = two();
    mono(&mut amp, &mut noise(5000), &Params::default());
    for params in [Params::default(), changed] {
        mono(&mut amp, &mut vec![0.0; 400_000], &params);
    }
    let mut io = input.clone();
    mono(&mut amp, &mut io, &changed);
    let off = distance(&io, &played(two(), &input, &changed));
    assert!(off < 1e-6, "off by {off}");
}

/// A model between two rates, whose filters stand still while it rests.
#[test]
fn at_another_rate_rests_do_not_depend_on_the_blocks_either() {
    let crunch = nn::Model::load(include_bytes!("../../../../assets/kiln-crunch.nam"));
    let setup = crate::Setup {
        sample_rate: 44_100.0,
        oversampling: crate::Oversampling::X2,
        calls: crate::Calls::OFFLINE,
    };
    let crunch = crunch.expect("a valid model");
    let run = |cut: usize| {
        let (loaders, mut amp) = Amp::new(44_100.0);
        loaders.models[0].offer(Pair::build(&crunch, setup).expect("a pair"));
        let mut io = noise(40_000);
        for (from, silence) in [(3000, 8011), (15_000, 8107), (30_000, 9000)] {
            io[from..from + silence].fill(0.0);
        }
        io.chunks_mut(cut).for_each(|io| mono(&mut amp, io, &Params::default()));
        io
    };
    let whole = run(40_000);
    for cut in [1, 10, 64, 1000] {
        assert!(run(cut) == whole, "cut into {cut}s");
    }
}

#[test]
fn taking_out_one_of_two_cabinets_never_bares_the_amplifier() {
    let muffled = crate::Impulse::of(vec![vec![1.0; 64]], RATE as u32);
    let (loaders, mut amp) = Amp::new(RATE);
    loaders.cabinets.iter().for_each(|c| c.offer(crate::Cabinet::build(&muffled, RATE)));
    let cabinet = Cabinet { blend: 0.0, normalize: false, ..Cabinet::default() };
    let params = Params { cabinet, ..Params::default() };
    // What the response leaves of a tone at one of its zeros.
    let mut io: Vec<f32> =
        (0..30_000).map(|i| (std::f32::consts::TAU * 20.0 * i as f32 / 64.0).sin()).collect();
    let (before, after) = io.split_at_mut(10_000);
    mono(&mut amp, before, &params);
    loaders.cabinets[0].offer(crate::Cabinet::none());
    mono(&mut amp, after, &params);
    let loudest = |io: &[f32]| io.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    let (two, one) = (loudest(&io[1000..10_000]), loudest(&io[10_000..]));
    assert!(two < 0.05 && one < 1.5 * two, "{two} with both, then up to {one}");
}
