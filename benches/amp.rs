//! `cargo bench --bench amp -- [BLOCKS]`: what the whole amplifier costs beside
//! the bare networks in it, how evenly, and how little while it idles.
//!
//! The amplifier plays WaveNet A1 standard in stereo through gate, tone stack and
//! a stereo impulse response of 200 ms, in blocks of 64. Both take turns, by
//! processor time of the thread; `BLOCKS` blocks (10⁶ unless told) tell the spread.

mod common;

use std::time::Duration;

use common::{models, thread_time};
use fx::amp::{Amp, Gate, Params, Tone};
use fx::{Cabinet, Impulse, Pair};

const RATE: f32 = 48_000.0;
const BLOCK: usize = 64;
/// Blocks of a turn.
const TURN: usize = 512;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let bench = args.iter().any(|arg| arg == "--bench");
    let blocks = args.iter().find_map(|arg| arg.parse().ok());
    let blocks = blocks.unwrap_or(if bench { 1_000_000 } else { TURN }).max(TURN);
    let model = nn::Model::load(models::a1(16).as_bytes()).expect("a valid model");
    for inputs in [2, 1] {
        ratio(&model, inputs, if bench { 40 } else { 1 });
    }
    idle(&model, if bench { 40 } else { 1 });
    many(&model, if bench { 40 } else { 1 });
    spread(&model, blocks);
}

fn params() -> Params {
    Params {
        gate: Gate { on: true, ..Gate::default() },
        tone: Tone { bass: 6.0, middle: 4.0, treble: 7.0, presence: 6.0, ..Tone::default() },
        ..Params::default()
    }
}

/// The whole amplifier.
fn amp(model: &nn::Model) -> Amp {
    let (loaders, amp) = Amp::new(RATE);
    loaders.models[0].offer(Pair::of(model).at(RATE));
    loaders.cabinets[0].offer(Cabinet::build(&response(), RATE));
    amp
}

/// 200 ms of noise that dies away, in stereo.
fn response() -> Impulse {
    let taps = (0.2 * RATE) as usize;
    let mut random = models::Random::new(9);
    let mut data = Vec::new();
    for i in 0..2 * taps {
        let x = random.draw() * (-6.9 * (i / 2) as f32 / taps as f32).exp();
        data.extend(x.to_le_bytes());
    }
    let mut file = Vec::new();
    let mut put = |bytes: &[u8]| file.extend_from_slice(bytes);
    put(b"RIFF");
    put(&(36 + data.len() as u32).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16_u32.to_le_bytes());
    // Float, two channels.
    put(&[3, 0, 2, 0]);
    put(&(RATE as u32).to_le_bytes());
    put(&(8 * RATE as u32).to_le_bytes());
    put(&[8, 0, 32, 0]);
    put(b"data");
    put(&(data.len() as u32).to_le_bytes());
    put(&data);
    Impulse::load(&file).expect("a valid WAV file")
}

/// Left and right, which differ where both are inputs.
fn signal() -> [Vec<f32>; 2] {
    let left = common::signal(TURN * BLOCK);
    let right = left.iter().rev().copied().collect();
    [left, right]
}

/// Nanoseconds a frame in a turn of `process`.
fn turn(mut process: impl FnMut(&mut [f32], &mut [f32])) -> f64 {
    let [mut left, mut right] = signal();
    let before = thread_time();
    for (left, right) in left.chunks_mut(BLOCK).zip(right.chunks_mut(BLOCK)) {
        process(left, right);
    }
    (thread_time() - before).as_nanos() as f64 / (TURN * BLOCK) as f64
}

/// The tenth percentile, which no disturbance reaches.
fn tenth(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 10]
}

fn ratio(model: &nn::Model, inputs: usize, turns: usize) {
    let (mut amp, params) = (amp(model), params());
    let mut engines = [model.engine(), model.engine()];
    let (mut bare, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        bare.push(turn(|left, right| {
            for (engine, io) in engines.iter_mut().zip([left, right]).take(inputs) {
                engine.process(io);
            }
        }));
        whole.push(turn(|left, right| amp.process(&mut [left, right], inputs, &params)));
    }
    let (bare, whole) = (tenth(bare), tenth(whole));
    let what = if inputs == 2 { "stereo" } else { "mono into stereo" };
    println!("{what}: whole {whole:.1} ns a frame / bare {bare:.1} = {:.3}", whole / bare);
}

fn idle(model: &nn::Model, turns: usize) {
    let (mut active, mut silent, mut gated) = (amp(model), amp(model), amp(model));
    let params = params();
    let hum = |io: &mut [f32]| io.iter_mut().for_each(|x| *x *= 1e-4);
    // Long enough for gate, networks and response to come to rest.
    for _ in 0..8 {
        turn(|left, right| {
            hum(left);
            hum(right);
            gated.process(&mut [left, right], 2, &params);
            left.fill(0.0);
            right.fill(0.0);
            silent.process(&mut [left, right], 2, &params);
        });
    }
    let mut figures = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..turns {
        figures[0].push(turn(|left, right| active.process(&mut [left, right], 2, &params)));
        figures[1].push(turn(|left, right| {
            left.fill(0.0);
            right.fill(0.0);
            silent.process(&mut [left, right], 2, &params);
        }));
        figures[2].push(turn(|left, right| {
            hum(left);
            hum(right);
            gated.process(&mut [left, right], 2, &params);
        }));
    }
    let [active, silent, gated] = figures.map(tenth);
    println!(
        "idle: active {active:.1} ns a frame, silent {silent:.2} = {:.2} %, hum behind the gate \
         {gated:.2} = {:.2} %",
        100.0 * silent / active,
        100.0 * gated / active
    );
}

/// A project of 24 idle and 8 active amplifiers on one core: the wall time of
/// a round of all of them, beside the time a block lasts.
fn many(model: &nn::Model, turns: usize) {
    let params = params();
    let mut idle: Vec<Amp> = (0..24).map(|_| amp(model)).collect();
    let mut active: Vec<Amp> = (0..8).map(|_| amp(model)).collect();
    let [left, right] = signal();
    let mut times = Vec::new();
    // The first rounds send the idle ones to sleep.
    for turn in 0..turns + 10 {
        for (l, r) in left.chunks(BLOCK).zip(right.chunks(BLOCK)) {
            let start = std::time::Instant::now();
            for amp in &mut idle {
                amp.process(&mut [&mut [0.0; BLOCK], &mut [0.0; BLOCK]], 2, &params);
            }
            for amp in &mut active {
                let mut io = [[0.0; BLOCK]; 2];
                io[0].copy_from_slice(l);
                io[1].copy_from_slice(r);
                let [l, r] = &mut io;
                amp.process(&mut [l, r], 2, &params);
            }
            if turn >= 10 {
                times.push(start.elapsed());
            }
        }
    }
    times.sort();
    let deadline = BLOCK as f64 / f64::from(RATE);
    let share = |at: f64| times[((times.len() - 1) as f64 * at) as usize].as_secs_f64() / deadline;
    println!(
        "24 idle and 8 active, {} rounds: median {:.1} % of the time a block lasts, p99.9 {:.1} %, longest {:.1} %",
        times.len(),
        100.0 * share(0.5),
        100.0 * share(0.999),
        100.0 * share(1.0)
    );
}

fn spread(model: &nn::Model, blocks: usize) {
    let (mut amp, params) = (amp(model), params());
    let mut engines = [model.engine(), model.engine()];
    let mut times = [Vec::with_capacity(blocks), Vec::with_capacity(blocks)];
    while times[0].len() < blocks {
        turn(|left, right| {
            let start = thread_time();
            amp.process(&mut [left, right], 2, &params);
            times[0].push(thread_time() - start);
        });
        turn(|left, right| {
            let start = thread_time();
            engines.iter_mut().zip([left, right]).for_each(|(engine, io)| engine.process(io));
            times[1].push(thread_time() - start);
        });
    }
    for (what, mut times) in ["whole", "bare"].into_iter().zip(times) {
        // What is dear by its own work is so each time round, what is disturbed is not.
        let places = (0..TURN).map(|place| {
            let mut times: Vec<_> = times.iter().skip(place).step_by(TURN).collect();
            times.sort();
            *times[times.len() / 2]
        });
        let dearest = places.max().unwrap_or_default();
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let micro = |time: Duration| time.as_nanos() as f64 / 1e3;
        let (median, high) = (micro(at(0.5)), micro(at(0.999)));
        println!(
            "{what}, {} blocks of {BLOCK}: median {median:.2} µs, p99 {:.2}, p99.9 {high:.2} = {:.2}, longest {:.2}; \
             dearest place by its median {:.2} = {:.2}",
            times.len(),
            micro(at(0.99)),
            high / median,
            micro(at(1.0)),
            micro(dearest),
            micro(dearest) / median
        );
    }
}
