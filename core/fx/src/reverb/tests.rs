use std::sync::Arc;

use fdn::{Graph, Model, Module};

use super::*;
use crate::probe::{Random, bits, sine, steepest};

const RATE: f32 = 48_000.0;

/// A graph that is built in.
fn graph(name: &str) -> Graph {
    let file = format!("{}/../../assets/reverbs/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Graph::load(&std::fs::read(file).expect("an asset")).expect("a graph")
}

/// The same with all that is said of matrices changed by a factor.
fn turned_down(graph: &Graph, gain: f64) -> Graph {
    let change = &mut |module: &Module| {
        Ok(match module {
            Module::Matrix(m) if m.nrows() == m.ncols() && m.nrows() > 2 => {
                Module::Matrix(m * gain)
            }
            other => other.clone(),
        })
    };
    Graph { root: graph.root.map_modules(change).expect("as many channels"), ..graph.clone() }
}

/// It plays as trained, whatever it is told.
fn tail(graph: &Graph, rate: f32) -> Tail {
    Tail::new(&Arc::new(model(graph, f64::from(rate), 1.0).expect("a model")), false)
}

fn calibrated(graph: &Graph, rate: f32) -> Arc<Model> {
    let model = Arc::new(model(graph, f64::from(rate), 1.0).expect("a model"));
    model.calibrate();
    model
}

fn reverb(name: &str) -> Reverb {
    let (loader, reverb) = Reverb::new(RATE);
    loader.offer(tail(&graph(name), RATE));
    reverb
}

/// All wet, as it was trained.
fn wet() -> Params {
    Params { mix: 1.0, as_trained: true, ..Params::default() }
}

fn noise(n: usize) -> [Vec<f32>; 2] {
    let mut random = Random(99);
    [(); 2].map(|()| (0..n).map(|_| 0.3 * random.signed()).collect())
}

fn play(reverb: &mut Reverb, io: &mut [Vec<f32>; 2], cut: usize, params: &Params) {
    let [left, right] = io;
    for (l, r) in left.chunks_mut(cut).zip(right.chunks_mut(cut)) {
        reverb.process(&mut [l, r], 2, params);
    }
}

fn energy(io: &[Vec<f32>; 2]) -> f64 {
    io.iter().flatten().map(|x| f64::from(*x).powi(2)).sum()
}

/// Everything on.
fn all() -> Params {
    Params {
        mix: 0.6,
        rt60: 1.1,
        pre_delay: 13.0,
        bands: Bands { low: 1.3, high: 0.6, ..Bands::default() },
        modulation: Modulation { depth: 0.3, rate: 1.0 },
        early: EarlyParams { level: -6.0, send: 0.4, size: 0.7 },
        width: 1.4,
        cross: 0.2,
        low_cut: 120.0,
        high_cut: 9000.0,
        duck: Duck { depth: 9.0, ..Duck::default() },
        gate: crate::amp::Gate { on: true, threshold: -50.0, ..Params::default().gate },
        ..Params::default()
    }
}

#[test]
fn without_a_network_the_wet_sound_is_silence() {
    let (_loader, mut reverb) = Reverb::new(RATE);
    let mut io = noise(1000);
    play(&mut reverb, &mut io, 64, &wet());
    assert_eq!(energy(&io), 0.0);
}

#[test]
fn dry_and_bypassed_no_bit_changes() {
    for params in [Params { mix: 0.0, ..all() }, Params { bypass: true, output_gain: 9.0, ..all() }]
    {
        let (mut reverb, mut io) = (reverb("small-room"), noise(5000));
        play(&mut reverb, &mut io, 100, &params);
        for (io, x) in io.iter().zip(&noise(5000)) {
            assert_eq!(bits(io), bits(x));
        }
    }
}

#[test]
fn how_a_signal_is_cut_changes_no_bit() {
    let input = || {
        let mut io = noise(60_000);
        // Long enough for it to fall asleep, and to wake within a block.
        for io in &mut io {
            io[6000..48_333].fill(0.0);
        }
        io
    };
    let params = Params { rt60: 0.2, ..all() };
    let model = calibrated(&graph("small-room"), RATE);
    let run = |cut: usize| {
        let (loader, mut reverb) = Reverb::new(RATE);
        loader.offer(Tail::new(&model, false));
        let mut io = input();
        play(&mut reverb, &mut io, cut, &params);
        io
    };
    let whole = run(60_000);
    assert!(whole.iter().flatten().all(|x| x.is_finite() && !x.is_subnormal()));
    for cut in [1, 7, 63, 64, 65, 1000] {
        let cut_up = run(cut);
        for (a, b) in cut_up.iter().zip(&whole) {
            let differs = a.iter().zip(b).position(|(a, b)| a.to_bits() != b.to_bits());
            assert_eq!(differs, None, "cut into {cut}s");
        }
    }
}

#[test]
fn it_rests_once_nothing_can_come_any_more_and_wakes_at_once() {
    let mut reverb = reverb("small-room");
    let mut io = noise(2000);
    play(&mut reverb, &mut io, 64, &wet());
    assert!(reverb.rings());
    let mut silence = [vec![0.0; 6 * 48_000], vec![0.0; 6 * 48_000]];
    play(&mut reverb, &mut silence, 64, &wet());
    assert!(!reverb.rings());
    let mut again = noise(2000);
    play(&mut reverb, &mut again, 64, &wet());
    let share = energy(&again) / energy(&io);
    assert!((share - 1.0).abs() < 0.01, "{share}");
}

#[test]
fn wet_and_dry_keep_the_power() {
    let run = |mix: f32| {
        let (mut reverb, mut io) = (reverb("medium-hall"), noise(48_000));
        play(&mut reverb, &mut io, 64, &Params { mix, ..wet() });
        energy(&io)
    };
    let (dry, wet) = (run(0.0), run(1.0));
    // The network has no direct sound, so that both are independent.
    for mix in [0.25_f32, 0.5, 0.8] {
        let [d, w] = law(mix).map(|g| f64::from(g).powi(2));
        let share = run(mix) / (d * dry + w * wet);
        assert!((share - 1.0).abs() < 0.02, "mix {mix}: {share}");
    }
}

#[test]
fn what_is_no_number_is_gone_with_the_block() {
    let mut reverb = reverb("chamber");
    for bad in [f32::NAN, f32::INFINITY, -1e30, 1e-41] {
        let mut io = noise(640);
        io[0].fill(bad);
        play(&mut reverb, &mut io, 64, &all());
        assert!(io.iter().flatten().all(|x| x.is_finite() && !x.is_subnormal()), "{bad}");
    }
    let mut io = noise(640);
    play(&mut reverb, &mut io, 64, &wet());
    assert!(io.iter().flatten().all(|x| x.is_finite()));
}

#[test]
fn any_knob_may_be_thrown_at_any_time() {
    let hz = 200.0;
    let tone = || [sine(24_000, RATE, hz, 0.25), sine(24_000, RATE, hz, 0.25)];
    let base = Params { mix: 0.5, rt60: 1.0, modulation: all().modulation, ..all() };
    let model = calibrated(&graph("live-room"), RATE);
    for range in RANGES {
        let (loader, mut reverb) = Reverb::new(RATE);
        loader.offer(Tail::new(&model, false));
        let mut heard = [vec![], vec![]];
        let (mut steps, mut peaks) = ([0.0_f32; 2], [0.0_f32; 2]);
        for round in 0..4 {
            let mut params = base;
            if round > 0 {
                range.set(&mut params, [range.min, range.max][round % 2]);
            }
            // What is asked to be abrupt is.
            params.gate.on = false;
            let mut io = tone();
            play(&mut reverb, &mut io, 64, &params);
            heard.iter_mut().zip(&io).for_each(|(heard, io)| heard.extend(io));
        }
        for (i, heard) in heard.iter().enumerate() {
            steps[i] = steepest(&heard[24_000..]);
            peaks[i] = heard.iter().fold(0.0, |most, x| most.max(x.abs()));
        }
        // A tone of that peak has steps of so much; two and a half times is still smooth.
        let own = std::f32::consts::TAU * hz as f32 / RATE;
        for (step, peak) in steps.into_iter().zip(peaks) {
            assert!(step < 2.5 * own * peak, "{}: {step}, of {peak}", range.key);
        }
    }
}

#[test]
fn a_reload_keeps_the_tail_and_another_network_fades_in() {
    let hall = graph("medium-hall");
    let steady = |change: Option<Tail>| {
        let (loader, mut reverb) = Reverb::new(RATE);
        loader.offer(tail(&hall, RATE));
        let mut io = [sine(48_000, RATE, 330.0, 0.3), sine(48_000, RATE, 330.0, 0.3)];
        play(&mut reverb, &mut io, 64, &wet());
        let mut before = io.map(|io| io[47_000..].to_vec());
        change.into_iter().for_each(|tail| loader.offer(tail));
        let mut after = [vec![0.0; 24_000], vec![0.0; 24_000]];
        play(&mut reverb, &mut after, 64, &wet());
        before.iter_mut().zip(&after).for_each(|(before, after)| before.extend(after));
        (energy(&after), before)
    };
    let (kept, plain) = steady(None);
    let (reloaded, _) = steady(Some(tail(&turned_down(&hall, 1.0 - 1e-6), RATE)));
    let db = 10.0 * (reloaded / kept).log10();
    assert!(db.abs() < 0.1, "{db} dB");
    let (_, other) = steady(Some(tail(&graph("bright-plate"), RATE)));
    for (plain, other) in plain.iter().zip(&other) {
        assert!(steepest(other) < 1.2 * steepest(plain));
        assert_ne!(bits(&other[1000..]), bits(&plain[1000..]));
    }
}

#[test]
fn a_frozen_sound_stays_and_hears_nothing() {
    let mut reverb = reverb("medium-hall");
    let mut io = noise(48_000);
    play(&mut reverb, &mut io, 64, &wet());
    let frozen = Params { freeze: true, early: all().early, ..wet() };
    let mut settle = noise(4800);
    play(&mut reverb, &mut settle, 64, &frozen);
    let second = |reverb: &mut Reverb| {
        let mut io = noise(48_000);
        play(reverb, &mut io, 64, &frozen);
        energy(&io)
    };
    let first = second(&mut reverb);
    let last = (0..20).map(|_| second(&mut reverb)).last().expect("twenty");
    let db = 10.0 * (last / first).log10();
    assert!(db.abs() < 0.3, "{db} dB in twenty seconds");
    assert!(first > 1.0, "{first}");
}

#[test]
fn a_network_that_comes_while_frozen_hears_again() {
    let line = fdn::Delay { samples: 100.0, interpolated: false };
    let echo = fdn::Node::module("echo", Module::Delay(vec![line; 2])).expect("a delay");
    let echo = Graph { root: echo, ..graph("small-room") };
    assert!(!calibrated(&echo, RATE).freezes());
    let (loader, mut reverb) = Reverb::new(RATE);
    loader.offer(tail(&graph("small-room"), RATE));
    let frozen = Params { freeze: true, ..wet() };
    play(&mut reverb, &mut noise(9600), 64, &frozen);
    loader.offer(tail(&echo, RATE));
    play(&mut reverb, &mut noise(24_000), 64, &frozen);
    let mut io = noise(9600);
    play(&mut reverb, &mut io, 64, &wet());
    let share = energy(&io) / energy(&noise(9600));
    assert!((0.8..1.1).contains(&share), "{share} of what came is heard");
}

/// Schroeder's time of all that comes of a click in each channel.
fn measured(reverb: &mut Reverb, seconds: f32, params: &Params) -> Option<f64> {
    let rate = reverb.sample_rate;
    let mut sums = vec![0.0_f64; (seconds * rate) as usize];
    for channel in 0..2 {
        reverb.reset();
        let mut io = [vec![0.0; sums.len()], vec![0.0; sums.len()]];
        io[channel][0] = 1.0;
        play(reverb, &mut io, 1024, params);
        for io in &io {
            sums.iter_mut().zip(io).for_each(|(sum, y)| *sum += f64::from(*y).powi(2));
        }
    }
    sums.iter_mut().for_each(|sum| *sum = sum.sqrt());
    fdn::analysis::t60(&fdn::analysis::energy_decay(&sums), f64::from(rate))
}

#[test]
#[ignore = "takes minutes: all factory networks, at four rates"]
fn the_time_of_every_factory_network_is_what_the_knob_says() {
    let mut most = 0.0_f64;
    for item in crate::factory::REVERBS {
        for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
            let graph = Graph::load(item.bytes).expect("a graph");
            let model = calibrated(&graph, rate);
            let span = model.ranges().rt60.expect("a range");
            let (loader, mut reverb) = Reverb::new(rate);
            loader.offer(Tail::new(&model, false));
            for rt60 in [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0] {
                if f64::from(rt60) < span.min || f64::from(rt60) > span.max {
                    println!("{} at {rate} Hz: {rt60} s is not within {span:?}", item.id);
                    continue;
                }
                let params = Params { rt60, as_trained: false, ..wet() };
                let is = measured(&mut reverb, 2.0 * rt60 + 0.5, &params).expect("a time");
                let off = is / f64::from(rt60) - 1.0;
                println!("{} at {rate} Hz: {rt60} s is {is:.3} s, {:+.2} %", item.id, 100.0 * off);
                most = most.max(off.abs());
            }
        }
    }
    println!("at most {:.2} % off", 100.0 * most);
    assert!(most < 0.02, "{most}");
}

#[test]
fn what_grows_stays_within_full_scale() {
    let unstable = turned_down(&graph("small-room"), 1.6);
    let model = Arc::new(model(&unstable, f64::from(RATE), 1.0).expect("a model"));
    assert!(model.passivity().is_none());
    let (loader, mut reverb) = Reverb::new(RATE);
    loader.offer(Tail::new(&model, true));
    let (mut io, mut loudest) = (noise(480_000), 0.0_f32);
    play(&mut reverb, &mut io, 64, &wet());
    io.iter().flatten().for_each(|x| loudest = loudest.max(x.abs()));
    assert!(loudest > 0.9 && loudest <= 1.0 + 1e-6, "{loudest}");
}

#[test]
fn a_room_twice_as_large_rings_twice_as_long() {
    let time = |size: f64| {
        let model = model(&graph("live-room"), f64::from(RATE), size).expect("a model");
        model.calibrate().and_then(fdn::Calibration::trained).expect("a time")
    };
    let share = time(2.0) / time(1.0);
    assert!((share - 2.0).abs() < 0.06, "{share}");
    assert!(
        graph("live-room").resized(0.0).is_err() && graph("live-room").resized(f64::NAN).is_err()
    );
}

#[test]
fn mono_is_as_loud_and_one_input_feeds_both_sides() {
    let (mut mono, mut stereo) = (reverb("live-room"), reverb("live-room"));
    let [x, _] = noise(24_000);
    let mut one = x.clone();
    mono.process(&mut [&mut one], 1, &wet());
    let (mut left, mut right) = (x, vec![0.0; 24_000]);
    stereo.process(&mut [&mut left, &mut right], 1, &wet());
    let power = |y: &[f32]| y.iter().map(|y| f64::from(*y).powi(2)).sum::<f64>();
    let share = power(&one) / (0.5 * (power(&left) + power(&right)));
    assert!((share - 1.0).abs() < 0.15, "{share}");
    assert_ne!(bits(&left), bits(&right));
}

#[test]
fn ducking_and_the_gate_act_on_the_wet_sound_alone() {
    let run = |params: Params| {
        let (mut reverb, mut io) = (reverb("small-room"), noise(24_000));
        play(&mut reverb, &mut io, 64, &params);
        (energy(&io), reverb.wet_gain())
    };
    let (open, gain) = run(wet());
    assert_eq!(gain, 1.0);
    let (ducked, gain) = run(Params { duck: Duck { depth: 20.0, ..Duck::default() }, ..wet() });
    assert!(gain < 0.12 && ducked < 0.1 * open, "{gain}");
    let closed = crate::amp::Gate { on: true, threshold: 0.0, ..wet().gate };
    assert_eq!(run(Params { gate: closed, ..wet() }), (0.0, 0.0));
}
