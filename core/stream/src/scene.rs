//! Plays a scene in virtual time: while a network runs, callbacks come.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nn::{BLOCK, Blocks};

use crate::fade::Delay;
use crate::latency::latency;
use crate::link::{Sizes, link};
use crate::monitor::Monitor;
use crate::player::{Mail, Plan, Player};
use crate::shared::Phase;
use crate::worker::{Runner, Step};
use crate::{Network, Source};

/// What tells of itself in reports; networks are made by the tests.
struct Named;

impl Source for Named {
    fn build(&self) -> Result<Box<dyn Network>, String> {
        Err("network: expected one of a test, found none".into())
    }

    fn hop(&self) -> usize {
        64
    }

    fn memory(&self) -> usize {
        0
    }

    fn engine(&self) -> String {
        "test".into()
    }

    fn device(&self) -> String {
        "CPU".into()
    }
}

/// The audio thread, its clock and what it hears.
struct Stage {
    player: Player,
    monitor: Arc<Monitor>,
    blocks: Box<dyn FnMut() -> usize>,
    input: Box<dyn FnMut(usize) -> f32>,
    /// Resets come before these samples.
    resets: Vec<usize>,
    /// In samples; a callback comes at the end of what it brings.
    now: usize,
    next: usize,
    block: usize,
    heard: Vec<f32>,
}

impl Stage {
    /// Plays all callbacks that come before `time`.
    fn until(&mut self, time: usize) {
        while self.next < time {
            self.callback();
        }
        self.now = time;
    }

    fn callback(&mut self) {
        let start = self.heard.len();
        if self.resets.first().is_some_and(|&at| at <= start) {
            self.resets.remove(0);
            self.player.reset();
        }
        let mut io: Vec<f32> = (start..start + self.block).map(&mut self.input).collect();
        // As effects pass it on.
        io.chunks_mut(BLOCK).for_each(|piece| self.player.process(piece));
        self.heard.extend(io);
        self.now = self.next;
        self.block = (self.blocks)();
        self.next += self.block;
    }
}

/// How a network of the tests does at its inferences.
pub(crate) type Habit = Box<dyn FnMut(usize) -> Does>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Does {
    /// Takes so many samples of time.
    Well(usize),
    Nan,
    Error,
    Panic,
}

/// `y[n] = f(x[n - delay])`, or what it remembers of all that it heard if `sums`.
struct Slow {
    stage: Rc<RefCell<Stage>>,
    habit: Habit,
    hop: usize,
    line: Delay,
    f: fn(f32) -> f32,
    sums: bool,
    sum: f32,
    runs: usize,
    /// Samples it heard, and since the last reset.
    samples: Rc<RefCell<[u64; 2]>>,
}

impl Network for Slow {
    fn hop(&self) -> usize {
        self.hop
    }

    fn latency(&self) -> usize {
        self.line.samples()
    }

    fn run(&mut self, io: &mut [f32]) -> Result<(), String> {
        let does = (self.habit)(self.runs);
        self.runs += 1;
        self.samples.borrow_mut().iter_mut().for_each(|n| *n += io.len() as u64);
        match does {
            Does::Well(time) => {
                let end = self.stage.borrow().now + time;
                self.stage.borrow_mut().until(end);
            }
            Does::Nan => {
                io.fill(f32::NAN);
                return Ok(());
            }
            Does::Error => return Err("it would not".into()),
            Does::Panic => panic!("a test wants it"),
        }
        let input = io.to_vec();
        self.line.run(&input, io);
        for y in io {
            self.sum = 0.99 * self.sum + *y;
            *y = if self.sums { self.sum } else { (self.f)(*y) };
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.line.reset();
        self.sum = 0.0;
        self.samples.borrow_mut()[1] = 0;
    }
}

/// What a test plays.
pub(crate) struct Scene {
    pub(crate) hop: usize,
    pub(crate) ahead: usize,
    /// None: by the formula.
    pub(crate) lead: Option<usize>,
    pub(crate) budget: usize,
    pub(crate) blocks: Blocks,
    pub(crate) silent: bool,
    pub(crate) f: fn(f32) -> f32,
    pub(crate) sums: bool,
    pub(crate) resets: Vec<usize>,
    pub(crate) input: fn(usize) -> f32,
    pub(crate) habit: Habit,
    pub(crate) seed: u64,
    /// Samples of the first callback, if it is not whole.
    pub(crate) entry: Option<usize>,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            hop: 512,
            ahead: 0,
            lead: None,
            budget: 384,
            blocks: Blocks::Fixed(128),
            silent: false,
            f: |x| x,
            sums: false,
            resets: Vec::new(),
            input: sine,
            habit: Box::new(|_| Does::Well(384)),
            seed: 1,
            entry: None,
        }
    }
}

pub(crate) struct Outcome {
    pub(crate) heard: Vec<f32>,
    pub(crate) lead: usize,
    pub(crate) latency: usize,
    pub(crate) monitor: Arc<Monitor>,
    pub(crate) samples: [u64; 2],
    pub(crate) broken: Vec<String>,
}

/// 220 Hz at full scale, whose largest step is 0.0288.
pub(crate) fn sine(n: usize) -> f32 {
    (std::f64::consts::TAU * 220.0 / 48_000.0 * n as f64).sin() as f32
}

/// No two samples alike.
pub(crate) fn ramp(n: usize) -> f32 {
    1.0 + n as f32
}

impl Scene {
    /// Plays at least `length` samples at 48 kHz.
    pub(crate) fn play(mut self, length: usize) -> Outcome {
        let lead = self.lead.unwrap_or_else(|| latency(self.hop, self.budget, self.blocks));
        let monitor =
            Arc::new(Monitor::new(Arc::new(Named), Duration::from_secs(1), Duration::MAX));
        let (link, bench) = link(Sizes { hop: self.hop, lead, spare: 48_000 });
        link.shared.enter(Phase::Running);
        let mail = Arc::<Mail>::default();
        mail.inbox.store(Some(Box::new(link)));
        let (callback, mut blocks): (_, Box<dyn FnMut() -> usize>) = match self.blocks {
            Blocks::Fixed(block) => (block, Box::new(move || block)),
            Blocks::UpTo(most) => {
                let mut random = fastrand::Rng::with_seed(self.seed);
                (1, Box::new(move || if random.bool() { most } else { random.usize(1..=most) }))
            }
        };
        let plan = Plan {
            lead,
            ahead: self.ahead,
            callback,
            second: 48_000,
            silent: self.silent,
            offline: false,
        };
        let block = self.entry.unwrap_or_else(&mut blocks);
        let stage = Rc::new(RefCell::new(Stage {
            player: Player::new(mail, monitor.clone(), plan),
            monitor: monitor.clone(),
            blocks,
            input: Box::new(self.input),
            resets: std::mem::take(&mut self.resets),
            now: 0,
            next: block,
            block,
            heard: Vec::new(),
        }));
        let samples = Rc::default();
        let mut network = Slow {
            stage: stage.clone(),
            habit: self.habit,
            hop: self.hop,
            line: Delay::new(self.ahead),
            f: self.f,
            sums: self.sums,
            sum: 0.0,
            runs: 0,
            samples: Rc::clone(&samples),
        };
        let mut runner = Runner::new(bench, monitor);
        let mut broken = Vec::new();
        while stage.borrow().heard.len() < length {
            match runner.step(&mut network) {
                Step::Idle => stage.borrow_mut().callback(),
                Step::Done => {}
                Step::Broken(reason) => {
                    broken.push(reason);
                    network.reset();
                    runner.renew();
                }
            }
        }
        let mut stage = stage.borrow_mut();
        let samples = *samples.borrow();
        Outcome {
            heard: std::mem::take(&mut stage.heard),
            lead,
            latency: stage.player.latency(),
            monitor: stage.monitor.clone(),
            samples,
            broken,
        }
    }
}

impl Outcome {
    pub(crate) fn underruns(&self) -> u64 {
        self.monitor.metrics.underruns.get()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.monitor.metrics.lost.get()
    }

    pub(crate) fn errors(&self) -> u64 {
        self.monitor.metrics.errors.get()
    }

    pub(crate) fn step(&self) -> f32 {
        self.heard.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max)
    }

    /// What was heard is `f` of the input, all of it and in its place.
    pub(crate) fn is_whole(&self, f: fn(f32) -> f32, input: fn(usize) -> f32) {
        for (n, &heard) in self.heard.iter().enumerate() {
            let x = n.checked_sub(self.latency).map_or(0.0, input);
            let expected = if n < self.lead { 0.0 } else { f(x) };
            assert_eq!(heard, expected, "at {n} of lead {}", self.lead);
        }
    }
}
