//! Plays sines in real time through networks that stall, fail or hang, and tells what
//! became of them: `cargo run --release -p stream --example stall`.
#![allow(unsafe_code, reason = "a counting allocator cannot be written without it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nn::{Blocks, Engine, Place};
use stream::{Host, Network, Options, Source};

const RATE: f64 = 48_000.0;
const HOP: usize = 512;
const BLOCK: usize = 128;
const SECONDS: f64 = 6.0;

struct Counting;
thread_local!(static CALLS: Cell<usize> = const { Cell::new(0) });

// SAFETY: forwards to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.with(|c| c.set(c.get() + 1));
        // SAFETY: as promised by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        CALLS.with(|c| c.set(c.get() + 1));
        // SAFETY: as promised by our caller.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOC: Counting = Counting;

/// What a network does at each of its inferences, besides passing its input on.
type Habit = fn(run: usize, io: &mut [f32]) -> Result<(), String>;

struct Pass {
    habit: Habit,
    runs: usize,
}

impl Network for Pass {
    fn hop(&self) -> usize {
        HOP
    }

    fn run(&mut self, io: &mut [f32]) -> Result<(), String> {
        self.runs += 1;
        (self.habit)(self.runs, io)
    }

    fn reset(&mut self) {}
}

struct Passes(Habit);

impl Source for Passes {
    fn build(&self) -> Result<Box<dyn Network>, String> {
        Ok(Box::new(Pass { habit: self.0, runs: 0 }))
    }

    fn hop(&self) -> usize {
        HOP
    }

    fn memory(&self) -> usize {
        0
    }

    fn engine(&self) -> String {
        "example".into()
    }

    fn device(&self) -> String {
        "CPU".into()
    }
}

fn stall(run: usize, _: &mut [f32]) -> Result<(), String> {
    if run.is_multiple_of(40) {
        thread::sleep(Duration::from_millis(60));
    }
    Ok(())
}

fn overload(_: usize, _: &mut [f32]) -> Result<(), String> {
    thread::sleep(Duration::from_millis(16));
    Ok(())
}

fn no_number(run: usize, io: &mut [f32]) -> Result<(), String> {
    if run.is_multiple_of(10) {
        io.fill(f32::NAN);
    }
    Ok(())
}

fn hang(run: usize, _: &mut [f32]) -> Result<(), String> {
    if run == 100 {
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    }
    Ok(())
}

/// Blocks that came late to us count as the network's underruns, as they do in a host.
fn play(name: &str, habit: Habit, silent: bool) {
    let place = Place { sample_rate: RATE, blocks: Blocks::Fixed(BLOCK), offline: false };
    let options = Options {
        budget: Duration::from_millis(8),
        slack: Duration::ZERO,
        silent,
        ..Options::default()
    };
    let mut host = Host::new(Arc::new(Passes(habit)), &place, &options);
    let latency = host.latency();
    let sine = |n: usize| (std::f64::consts::TAU * 220.0 / RATE * n as f64).sin() as f32;
    let blocks = (SECONDS * RATE) as usize / BLOCK;
    let mut heard = vec![0.0; blocks * BLOCK];
    let start = Instant::now();
    let mut heap = 0;
    for (index, io) in heard.chunks_mut(BLOCK).enumerate() {
        io.iter_mut().enumerate().for_each(|(n, x)| *x = sine(index * BLOCK + n));
        let due = start + Duration::from_secs_f64(((index + 1) * BLOCK) as f64 / RATE);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let before = CALLS.with(Cell::get);
        io.chunks_mut(nn::BLOCK).for_each(|piece| host.process(piece));
        heap += CALLS.with(Cell::get) - before;
    }
    let step = heard.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    let aligned = (heard.iter().enumerate().skip(latency))
        .filter(|&(n, y)| (y - sine(n - latency)).abs() < 1e-4)
        .count() as f64;
    let Some(watch) = host.watch() else { return };
    let told = watch.report();
    println!(
        "{name:<22} {latency:>7} {:>8} {step:>8.4} {:>8} {heap:>5} {:>7.1} % {:>6} {:>5} {:?}",
        told.underruns,
        told.samples_lost,
        100.0 * aligned / (heard.len() - latency) as f64,
        told.inferences,
        told.errors,
        told.p99,
    );
    println!("{:22} {:?} {}", "", told.state, told.notices.join(" "));
}

fn main() {
    println!(
        "{:<22} {:>7} {:>8} {:>8} {:>8} {:>5} {:>9} {:>6} {:>5} p99",
        "", "latency", "dropouts", "step", "lost", "heap", "in place", "runs", "errors"
    );
    play("steady", |_, _| Ok(()), false);
    play("60 ms at every 40th", stall, false);
    play("... to silence", stall, true);
    play("16 ms for 10.7", overload, false);
    play("NaN at every 10th", no_number, false);
    play("hangs at the 100th", hang, false);
}
