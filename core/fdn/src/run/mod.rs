//! Runs a [`Plan`], without the heap.

mod adopt;
mod dense;
mod door;
mod filter;
mod line;
mod moves;
mod section;
mod shelf;
mod sparse;
mod transpose;
mod turn;

use std::sync::Arc;

use cpu::Isa;
use cpu::denormal::FlushDenormals;
use fearless_simd::{Level, dispatch};

use line::Lines;
use moves::Motion;
pub(crate) use moves::{Shelving, Turning};

use crate::plan::{FRAMES, Moving, Place, Plan, STRIDE, Solve, Stage, Step};

/// A network that runs.
///
/// Any number of frames may be asked for at a time; how a signal is cut into
/// blocks changes no bit of the result.
pub struct Reverb {
    plan: Arc<Plan>,
    level: Level,
    /// All rows, on cache lines from `skip` on, and after them all rings.
    memory: Vec<f32>,
    skip: usize,
    /// Where the present is in each ring.
    heads: Vec<u32>,
    /// Where each place is now.
    at: Vec<u32>,
    /// Of the filters; and while a loop is solved, what they were.
    states: Vec<f32>,
    before: Vec<f32>,
    /// Of the signals of a loop that is solved.
    solved: Vec<f32>,
    motion: Motion,
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
        let memory = vec![0.0_f32; plan.rows * STRIDE + plan.memory + 16];
        let skip = memory.as_ptr().align_offset(64).min(16);
        let most = plan.stages.iter().filter_map(|s| s.solve.as_ref()).map(|s| s.made.len());
        Self {
            level: isa.level(),
            skip,
            memory,
            heads: vec![0; plan.rings.len()],
            at: plan.places.iter().map(|p| place(plan, skip, &[], *p, 0)).collect(),
            states: vec![0.0; plan.states],
            before: vec![0.0; plan.states],
            solved: vec![0.0; most.max().unwrap_or(0)],
            motion: Motion::new(plan),
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
    /// for T seconds until −60 dB. Zero leaves the network as it was trained; what is
    /// not finite changes nothing.
    pub fn decay_to(&mut self, log2: f64) {
        self.motion.decay_to(log2);
    }

    /// Lets lines lose by frequency as well, from the next grid on, where the plan has
    /// shelves.
    pub(crate) fn shelve_to(&mut self, shelving: &Shelving) {
        self.motion.shelve_to(shelving);
    }

    /// Lets lines be turned into one another, from the next grid on, where the plan has
    /// pairs of them.
    pub(crate) fn turn_to(&mut self, turning: &Turning) {
        self.motion.turn_to(turning);
    }

    /// As just after construction: nothing rings any more. The lines fade as
    /// they were last told to, at once: there is nothing to glide.
    pub fn reset(&mut self) {
        self.motion.snap(&self.plan);
        self.memory.fill(0.0);
        self.heads.fill(0);
        self.states.fill(0.0);
        self.phase = 0;
    }

    /// Runs all inputs, one slice a channel, into all outputs. Frames beyond
    /// the shortest slice are left alone; a missing input is silence.
    ///
    /// Input that is not a number, or beyond ±10⁸, is taken as silence. A
    /// network that runs away is silenced, and begins anew.
    pub fn process(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let _normal = FlushDenormals::enter();
        let lengths = inputs.iter().map(|x| x.len()).chain(outputs.iter().map(|y| y.len()));
        let frames = lengths.min().unwrap_or(0);
        let mut done = 0;
        while done < frames {
            let n = self.rest().min(frames - done);
            let heard = |i: usize| Some(&inputs.get(i)?[done..done + n]);
            let pieces = outputs.iter_mut().map(|y| &mut y[done..done + n]);
            if !self.piece(heard, pieces, n) {
                outputs.iter_mut().for_each(|y| y[done..done + n].fill(0.0));
            }
            done += n;
        }
    }

    /// Frames to the end of the present grid.
    pub(crate) fn rest(&self) -> usize {
        FRAMES - self.phase
    }

    /// Runs `n` frames, at most the [`rest`](Self::rest), of what `input` says
    /// of each channel, into `outputs` of as many frames. Tells whether they are sound;
    /// if not, nothing is remembered any more. All that is remembered reaches an output,
    /// and what is not a number never becomes one again: so there it shows, wherever it
    /// came up.
    pub(crate) fn piece<'a, 'b>(
        &mut self,
        input: impl Fn(usize) -> Option<&'a [f32]>,
        outputs: impl Iterator<Item = &'b mut [f32]>,
        n: usize,
    ) -> bool {
        if self.phase == 0 {
            self.motion.glide(&self.plan);
        }
        for (i, row) in self.plan.inputs.iter().enumerate() {
            let row = &mut self.memory[self.skip + *row as usize..][..n];
            match input(i) {
                Some(x) => dispatch!(self.level, s => door::take(s, x, row)),
                None => row.fill(0.0),
            }
        }
        self.run(n);
        let phase = (self.phase + n) % FRAMES;
        let mut sane = true;
        for (y, row) in outputs.zip(&self.plan.outputs) {
            let row = &self.memory[self.skip + *row as usize..][..n];
            sane &= dispatch!(self.level, s => door::give(s, row, y));
        }
        if !sane {
            self.reset();
        }
        self.phase = phase;
        sane
    }

    /// Runs the next `n` frames, up to the end of the grid at most.
    fn run(&mut self, n: usize) {
        let plan = self.plan.clone();
        for stage in &plan.stages {
            let mut from = 0;
            while from < n {
                let some = stage.chunk.min(n - from);
                self.find(stage, from);
                if let Some(solve) = &stage.solve {
                    self.solve(stage, solve, from);
                }
                self.steps(stage, from, some);
                line::advance(&plan.rings, &mut self.heads, stage.rings.clone(), some);
                from += some;
            }
        }
    }

    /// Finds where the places of a stage are for the chunk from frame `from` of
    /// the rows. Where all frames are one chunk, rows never move.
    fn find(&mut self, stage: &Stage, from: usize) {
        let (plan, skip, heads) = (&self.plan, self.skip, &self.heads);
        if stage.chunk < FRAMES {
            for id in stage.places.clone() {
                self.at[id] = place(plan, skip, heads, plan.places[id], from);
            }
            return;
        }
        for Moving { id, ring, start, period, lag } in &stage.moving {
            let head = heads[*ring as usize];
            let before = if head < *lag { head + period } else { head } - lag;
            self.at[*id as usize] = skip as u32 + start + before;
        }
    }

    /// Runs the steps of `stage` on `n` frames from frame `from` of the rows.
    ///
    /// Each kernel is dispatched by itself: together in one function they would
    /// be given registers badly.
    fn steps(&mut self, stage: &Stage, from: usize, n: usize) {
        let rings = self.skip + self.plan.rows * STRIDE;
        let lines = Lines { rings: &self.plan.rings, heads: &self.heads, first: rings };
        let (memory, at, level) = (&mut self.memory[..], &self.at[..], self.level);
        let first = (self.phase + from) as f32;
        for step in &stage.steps {
            match step {
                Step::Read(reads) => {
                    dispatch!(level, s => line::read(s, reads, &lines, memory, at, n));
                }
                Step::Write(writes) => {
                    dispatch!(level, s => line::write(s, writes, &lines, memory, at, n));
                }
                Step::Mirror(rings) => line::mirror(rings, &lines, memory, n),
                Step::Decay(decays) => {
                    let gains = &self.motion.gains;
                    dispatch!(level, s => line::decay(s, decays, gains, first, memory, at, n));
                }
                Step::Shelve(shelves) => {
                    if self.motion.shelves {
                        let run = shelf::Run {
                            shelves,
                            weights: &self.motion.weights[shelves.coefficients..],
                            lowpasses: self.motion.lowpasses,
                            at,
                            first,
                            n,
                        };
                        let states = &mut self.states;
                        dispatch!(level, s => run.run(s, states, memory));
                    }
                }
                Step::Turn(pairs) => {
                    if self.motion.turns {
                        let angles = &self.motion.angles;
                        dispatch!(level, s => turn::run(s, pairs, angles, first, memory, at, n));
                    }
                }
                Step::Filter(bank) => {
                    let states = &mut self.states;
                    dispatch!(level, s => filter::run(s, bank, states, memory, at, n));
                }
                Step::Dense(dense) => dispatch!(level, s => dense::run(s, dense, memory, at, n)),
                Step::Sparse(sparse) => {
                    dispatch!(level, s => sparse::run(s, sparse, memory, at, n));
                }
            }
        }
    }

    /// Finds what the signals of a delay-free loop are in frame `from`.
    fn solve(&mut self, stage: &Stage, solve: &Solve, from: usize) {
        let states = stage.states.clone();
        self.before[states.clone()].copy_from_slice(&self.states[states.clone()]);
        for id in &solve.guess {
            self.memory[self.at[*id as usize] as usize] = 0.0;
        }
        self.steps(stage, from, 1);
        self.states[states.clone()].copy_from_slice(&self.before[states]);
        let count = solve.made.len();
        for (x, row) in self.solved.iter_mut().zip(solve.inverse.chunks_exact(count)) {
            *x = 0.0;
            for (w, made) in row.iter().zip(&solve.made) {
                *x = w.mul_add(self.memory[self.at[*made as usize] as usize], *x);
            }
        }
        for (id, x) in solve.guess.iter().zip(&self.solved) {
            self.memory[self.at[*id as usize] as usize] = *x;
        }
    }
}

/// Where `place` is for the chunk from frame `from` of the rows. Before there
/// are heads, they are taken as zero.
fn place(plan: &Plan, skip: usize, heads: &[u32], place: Place, from: usize) -> u32 {
    let at = match place {
        Place::Row(row) => row as usize + from,
        Place::Ring(ring, lag) => {
            let head = heads.get(ring as usize).copied().unwrap_or(0) as usize;
            let ring = &plan.rings[ring as usize];
            plan.rows * STRIDE + ring.at + line::before(ring, head, lag as usize)
        }
    };
    (skip + at) as u32
}
