//! Networks that behave as a test wants.
#![allow(dead_code, reason = "each test file takes a part")]
#![allow(unreachable_pub, reason = "a module of tests, public in spirit")]

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use nn::foreign::Report;
use nn::{Blocks, Engine, Place};
use stream::{Host, Network, Options, Source};

pub const RATE: f64 = 48_000.0;

/// What happens at an inference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Does {
    Well,
    /// After that long.
    Late(Duration),
    Nan,
    Error,
    Panic,
    /// Gives what is too small for a normal number, unless that is flushed.
    Tiny,
    /// Not before the gate opens.
    Hang,
}

/// Something that is open or not.
#[derive(Default)]
pub struct Gate {
    open: Mutex<bool>,
    bell: Condvar,
}

impl Gate {
    pub fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.bell.notify_all();
    }

    fn pass(&self) {
        let open = self.open.lock().unwrap();
        drop(self.bell.wait_while(open, |open| !*open).unwrap());
    }
}

/// What a test arranges for all networks of a source, and what it sees of them.
pub struct Play {
    pub hop: usize,
    pub ahead: usize,
    /// By the inferences of one network and the number of the network.
    pub does: fn(usize, usize) -> Does,
    /// Builds that fail before one succeeds.
    pub failing: AtomicUsize,
    pub gate: Gate,
    pub built: AtomicUsize,
    pub dropped: AtomicUsize,
    /// Inferences that have begun.
    pub begun: AtomicUsize,
    pub heard: AtomicU64,
    /// Whether the life of a worker is wrapped, and how often.
    pub hosted: AtomicUsize,
    pub panics_in_host: AtomicBool,
}

impl Default for Play {
    fn default() -> Self {
        Self {
            hop: 128,
            ahead: 0,
            does: |_, _| Does::Well,
            failing: AtomicUsize::new(0),
            gate: Gate::default(),
            built: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
            begun: AtomicUsize::new(0),
            heard: AtomicU64::new(0),
            hosted: AtomicUsize::new(0),
            panics_in_host: AtomicBool::new(false),
        }
    }
}

/// A source is a play that networks share.
#[derive(Clone)]
pub struct Stage(pub Arc<Play>);

/// Sums its input with a loss, halved, so that it remembers all it has heard.
struct Sum {
    play: Arc<Play>,
    number: usize,
    runs: usize,
    line: Vec<f32>,
    sum: f32,
    /// Such as a runtime that must stay on its thread.
    _not_send: std::marker::PhantomData<*const ()>,
}

/// What [`Sum`] makes of `input`, trailing by `latency` samples and silent for `lead`.
pub fn summed(input: &[f32], lead: usize, latency: usize) -> Vec<f32> {
    let mut sum = 0.0;
    (0..input.len())
        .map(|n| {
            if n < lead {
                return 0.0;
            }
            sum = 0.9 * sum + n.checked_sub(latency).map_or(0.0, |n| input[n]);
            0.5 * sum
        })
        .collect()
}

impl Network for Sum {
    fn hop(&self) -> usize {
        self.play.hop
    }

    fn latency(&self) -> usize {
        self.line.len()
    }

    fn run(&mut self, io: &mut [f32]) -> Result<(), String> {
        let does = (self.play.does)(self.runs, self.number);
        self.runs += 1;
        self.play.begun.fetch_add(1, Ordering::SeqCst);
        match does {
            Does::Well => {}
            Does::Late(time) => thread::sleep(time),
            Does::Nan => {
                io.fill(f32::NAN);
                return Ok(());
            }
            Does::Error => return Err("it would not".into()),
            Does::Panic => panic!("a test wants it"),
            Does::Tiny => {
                io.fill(black_box(f32::MIN_POSITIVE) * black_box(0.5));
                return Ok(());
            }
            Does::Hang => self.play.gate.pass(),
        }
        self.play.heard.fetch_add(io.len() as u64, Ordering::SeqCst);
        // As runtimes do.
        let mut late = self.line.clone();
        late.extend_from_slice(io);
        io.copy_from_slice(&late[..io.len()]);
        self.line.copy_from_slice(&late[io.len()..]);
        for y in io {
            self.sum = 0.9 * self.sum + *y;
            *y = 0.5 * self.sum;
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.line.fill(0.0);
        self.sum = 0.0;
    }
}

impl Drop for Sum {
    fn drop(&mut self) {
        self.play.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Source for Stage {
    fn build(&self) -> Result<Box<dyn Network>, String> {
        let play = &self.0;
        let less = |left: usize| left.checked_sub(1);
        if play.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Err("the file is gone".into());
        }
        Ok(Box::new(Sum {
            play: play.clone(),
            number: play.built.fetch_add(1, Ordering::SeqCst),
            runs: 0,
            line: vec![0.0; play.ahead],
            sum: 0.0,
            _not_send: std::marker::PhantomData,
        }))
    }

    fn host(&self, work: &mut (dyn FnMut() + Send)) {
        self.0.hosted.fetch_add(1, Ordering::SeqCst);
        if self.0.panics_in_host.swap(false, Ordering::SeqCst) {
            panic!("a test wants it");
        }
        // On a thread of the runtime's own.
        thread::scope(|scope| {
            scope.spawn(work);
        });
    }

    fn hop(&self) -> usize {
        self.0.hop
    }

    fn latency(&self) -> usize {
        self.0.ahead
    }

    fn memory(&self) -> usize {
        1000
    }

    fn engine(&self) -> String {
        "test 1".into()
    }

    fn device(&self) -> String {
        "CPU".into()
    }
}

pub fn live(blocks: Blocks) -> Place {
    Place { sample_rate: RATE, blocks, offline: false }
}

/// Quick where the defaults spare the machine, and patient with a slow one.
pub fn options() -> Options {
    Options {
        budget: Duration::from_millis(1),
        slack: Duration::ZERO,
        urgent: false,
        patience: Duration::from_secs(600),
        pause: Duration::from_millis(1),
        ..Options::default()
    }
}

pub fn host(play: &Arc<Play>, place: &Place) -> Host {
    Host::new(Arc::new(Stage(play.clone())), place, &options())
}

/// A host that soon gives up a network that hangs.
pub fn impatient(play: &Arc<Play>, place: &Place) -> Host {
    let options = Options { patience: Duration::from_millis(500), ..options() };
    Host::new(Arc::new(Stage(play.clone())), place, &options)
}

pub fn report(host: &Host) -> Report {
    host.watch().unwrap().report()
}

/// Waits for something that comes sooner or later. One that never does hangs the test.
pub fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Plays `input` in blocks of `block`, and lets the worker do all it can after each.
pub fn played(host: &mut Host, input: &[f32], block: usize, hop: usize) -> Vec<f32> {
    let mut heard = input.to_vec();
    let before = report(host).inferences;
    let mut passed = 0;
    for io in heard.chunks_mut(block) {
        host.process(io);
        passed += io.len();
        until(|| report(host).inferences - before >= (passed / hop) as u64);
    }
    heard
}

/// No two samples of it are alike.
pub fn tune(length: usize) -> Vec<f32> {
    (0..length).map(|n| (n as f32 * 0.37).sin() + 1e-5 * n as f32).collect()
}
