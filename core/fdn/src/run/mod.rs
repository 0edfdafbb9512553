//! Runs a [`Plan`], without the heap.

mod dense;
mod filter;
mod line;
mod sparse;

use std::sync::Arc;

use cpu::Isa;
use fearless_simd::{Level, Simd, dispatch, prelude::*};

use crate::plan::{FRAMES, Plan, STRIDE, Solve, Stage, Step};

/// What a signal may be: beyond it something has gone wrong, and below it lies
/// what nobody hears but processors dislike.
const LOUDEST: f32 = 1e8;
const SOFTEST: f32 = 1e-25;

/// A network that runs.
///
/// Any number of frames may be asked for at a time; how a signal is cut into
/// blocks changes no bit of the result.
pub struct Reverb {
    plan: Arc<Plan>,
    level: Level,
    /// All rows, on cache lines from `skip` on.
    rows: Vec<f32>,
    skip: usize,
    /// All rings.
    rings: Vec<f32>,
    /// Where the present is in each.
    heads: Vec<u32>,
    /// Of the filters; and while a loop is solved, what they were.
    states: Vec<f32>,
    before: Vec<f32>,
    /// Of the signals of a loop that is solved.
    solved: Vec<f32>,
    /// Gains of the lines: where they are, and how much they move in a frame.
    gains: Vec<(f32, f32)>,
    /// What they come from: where they should be, where they are on the way to,
    /// and whether they have arrived.
    decay: f64,
    decayed: f64,
    settled: bool,
    /// Frames into the present grid of [`FRAMES`].
    phase: usize,
}

impl Reverb {
    /// Allocates all it will need, at rest.
    pub fn new(plan: &Arc<Plan>) -> Self {
        Self::new_on(plan, Isa::best())
    }

    /// The same on an instruction set of choice; the best, if this machine
    /// lacks it.
    pub fn new_on(plan: &Arc<Plan>, isa: Isa) -> Self {
        let rows = vec![0.0; plan.rows * STRIDE + 16];
        let skip = rows.as_ptr().align_offset(64).min(16);
        let most = plan.stages.iter().filter_map(|s| s.solve.as_ref()).map(|s| s.made.len());
        Self {
            level: isa.level(),
            skip,
            rows,
            rings: vec![0.0; plan.memory],
            heads: vec![0; plan.rings.len()],
            states: vec![0.0; plan.states],
            before: vec![0.0; plan.states],
            solved: vec![0.0; most.max().unwrap_or(0)],
            gains: vec![(1.0, 0.0); plan.decaying.len()],
            decay: 0.0,
            decayed: 0.0,
            settled: true,
            phase: 0,
            plan: plan.clone(),
        }
    }

    /// What it runs.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Lets every line on which a reverberation time acts fade by `log2` for
    /// each of its samples, from the next grid of frames on: −3·log₂10/(rate·T)
    /// for T seconds until −60 dB. Zero leaves the network as it was trained.
    pub fn decay_to(&mut self, log2: f64) {
        self.decay = log2;
    }

    /// Moves the gains of the lines to where they should be over a grid.
    fn glide(&mut self) {
        let still = self.decay == self.decayed;
        if still && self.settled {
            return;
        }
        for ((gain, change), samples) in self.gains.iter_mut().zip(&self.plan.decaying) {
            *gain += *change * FRAMES as f32;
            let target = (self.decay * samples).exp2() as f32;
            *change = if still { 0.0 } else { (target - *gain) / FRAMES as f32 };
            if still {
                *gain = target;
            }
        }
        (self.decayed, self.settled) = (self.decay, still);
    }

    /// As just after construction: nothing rings any more.
    pub fn reset(&mut self) {
        self.rows.fill(0.0);
        self.rings.fill(0.0);
        self.heads.fill(0);
        self.states.fill(0.0);
        self.phase = 0;
    }

    /// Runs all inputs, one slice a channel, into all outputs. Frames beyond
    /// the shortest slice are left alone; a missing input is silence.
    ///
    /// What is not a number, or beyond ±10⁸, is taken as silence.
    pub fn process(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let lengths = inputs.iter().map(|x| x.len()).chain(outputs.iter().map(|y| y.len()));
        let frames = lengths.min().unwrap_or(0);
        let mut done = 0;
        while done < frames {
            let n = (FRAMES - self.phase).min(frames - done);
            if self.phase == 0 {
                self.glide();
            }
            self.take(inputs, done, n);
            self.run(n);
            for (y, row) in outputs.iter_mut().zip(&self.plan.outputs) {
                let row = &self.rows[self.skip + *row as usize..][..n];
                y[done..done + n].copy_from_slice(row);
            }
            done += n;
            self.phase = (self.phase + n) % FRAMES;
        }
    }

    /// Takes `n` frames from `from` on into the rows of the inputs.
    fn take(&mut self, inputs: &[&[f32]], from: usize, n: usize) {
        for (i, row) in self.plan.inputs.iter().enumerate() {
            let row = &mut self.rows[self.skip + *row as usize..][..n];
            match inputs.get(i) {
                Some(x) => {
                    for (row, x) in row.iter_mut().zip(&x[from..from + n]) {
                        *row = if x.abs() <= LOUDEST { *x } else { 0.0 };
                    }
                }
                None => row.fill(0.0),
            }
        }
    }

    /// Runs the next `n` frames, up to the end of the grid at most. Only there
    /// are states let go of, so that no cut of the signal shows.
    fn run(&mut self, n: usize) {
        let plan = self.plan.clone();
        for stage in &plan.stages {
            let mut from = 0;
            while from < n {
                let some = stage.chunk.min(n - from);
                if let Some(solve) = &stage.solve {
                    self.solve(stage, solve, from);
                }
                self.steps(stage, from, some);
                line::advance(&plan.rings, &mut self.heads, stage.rings.clone(), some);
                from += some;
            }
        }
        if self.phase + n == FRAMES {
            dispatch!(self.level, s => filter::clean(s, &mut self.states));
        }
    }

    /// Runs the steps of `stage` on `n` frames from frame `from` of the rows.
    ///
    /// Each kernel is dispatched by itself: together in one function they would
    /// be given registers badly.
    fn steps(&mut self, stage: &Stage, from: usize, n: usize) {
        let rows = &mut self.rows[self.skip + from..];
        let (rings, heads, level) = (&self.plan.rings, &self.heads, self.level);
        for step in &stage.steps {
            match step {
                Step::Read(reads) => {
                    dispatch!(level, s => line::read(s, reads, rings, heads, &self.rings, rows, n));
                }
                Step::Write(writes) => {
                    let memory = &mut self.rings;
                    dispatch!(level, s => line::write(s, writes, rings, heads, memory, rows, n));
                }
                Step::Decay(lines) => {
                    let gains = &self.gains;
                    let first = (self.phase + from) as f32;
                    dispatch!(level, s => line::decay(s, lines, gains, first, rows, n));
                }
                Step::Filter(bank) => {
                    dispatch!(level, s => filter::run(s, bank, &mut self.states, rows, n));
                }
                Step::Dense(dense) => dispatch!(level, s => dense::run(s, dense, rows, n)),
                Step::Sparse(sparse) => dispatch!(level, s => sparse::run(s, sparse, rows, n)),
            }
        }
    }

    /// Finds what the signals of a delay-free loop are in frame `from`.
    fn solve(&mut self, stage: &Stage, solve: &Solve, from: usize) {
        let states = stage.states.clone();
        self.before[states.clone()].copy_from_slice(&self.states[states.clone()]);
        for row in &solve.guess {
            self.rows[self.skip + *row as usize + from] = 0.0;
        }
        self.steps(stage, from, 1);
        self.states[states.clone()].copy_from_slice(&self.before[states]);
        let count = solve.made.len();
        for (x, row) in self.solved.iter_mut().zip(solve.inverse.chunks_exact(count)) {
            *x = 0.0;
            for (w, made) in row.iter().zip(&solve.made) {
                *x = w.mul_add(self.rows[self.skip + *made as usize + from], *x);
            }
        }
        for (row, x) in solve.guess.iter().zip(&self.solved) {
            self.rows[self.skip + *row as usize + from] = *x;
        }
    }
}

/// `x`, or silence if it is not a number a signal should be.
#[inline(always)]
fn sane<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let (low, high) = (S::f32s::splat(s, SOFTEST), S::f32s::splat(s, LOUDEST));
    let size = x.abs();
    let zero = S::f32s::splat(s, 0.0);
    let x = size.simd_ge(low).select(x, zero);
    size.simd_le(high).select(x, zero)
}
