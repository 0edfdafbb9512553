//! Runs a [`Program`]: one mono channel, in blocks, without the heap.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch, prelude::*};

use crate::activation::Activation;
use crate::kernel::{self, Memory};
use crate::program::{Id, LINE, Op, Pairing, Program};
use crate::simd::{clean, exp_below_zero};
use crate::{BLOCK, Engine};

/// One channel of a feed-forward network.
pub(crate) struct Runner {
    program: Arc<Program>,
    level: Level,
    /// Begins `skip` floats before the first buffer, which lies on a cache line.
    memory: Vec<f32>,
    skip: usize,
    /// Where the present begins, by buffer.
    at: Vec<usize>,
    /// Where the present frame of every input lies, and whether it moves.
    inputs: Vec<u32>,
    moves: Vec<u32>,
    /// How far the present has moved since they were last brought up to it.
    moved: u32,
    /// What every row holds once silence has lasted, buffer by buffer.
    rest: Vec<f32>,
}

impl Runner {
    pub(crate) fn new(program: Arc<Program>, level: Level) -> Self {
        Self::at_rest_on(program, level, &[])
    }

    /// At rest on a constant input, zero for those not given.
    pub(crate) fn at_rest_on(program: Arc<Program>, level: Level, inputs: &[f32]) -> Self {
        let memory = vec![0.0f32; program.floats + LINE];
        let skip = memory.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        let at = program.buffers.iter().map(|b| b.start).collect();
        let rest = Vec::with_capacity(program.buffers.iter().map(|b| b.rows).sum());
        let mut runner = Self {
            program,
            level,
            memory,
            skip,
            at,
            rest,
            inputs: Vec::new(),
            moves: Vec::new(),
            moved: 0,
        };
        for read in &runner.program.reads {
            let moves = if runner.program.buffers[read.from.0].reach > 0 { u32::MAX } else { 0 };
            runner.moves.resize(runner.moves.len() + read.rows, moves);
        }
        runner.inputs = vec![0; runner.moves.len()];
        runner.find(|_| true);
        runner.settle(inputs);
        runner.reset();
        runner
    }

    /// Finds the state that a constant input leads to: every signal is then
    /// constant, so one frame of each operation tells its past.
    fn settle(&mut self, inputs: &[f32]) {
        let program = self.program.clone();
        let b = &program.buffers[program.input.0];
        for (r, x) in inputs.iter().enumerate().take(b.rows) {
            let row = self.skip + b.offset + r * b.stride;
            self.memory[row..row + b.stride].fill(*x);
        }
        for (i, op) in program.ops.iter().enumerate() {
            self.frames(i..i + 1, 1);
            for id in written(op).into_iter().flatten() {
                let b = &program.buffers[id.0];
                for r in 0..b.rows {
                    let value = self.memory[self.row(id, r)];
                    let row = self.skip + b.offset + r * b.stride;
                    self.memory[row..row + b.stride].fill(value);
                }
            }
        }
        self.rest.clear();
        for (b, at) in program.buffers.iter().zip(&self.at) {
            let value = |r| self.memory[self.skip + b.offset + r * b.stride + at];
            self.rest.extend((0..b.rows).map(value));
        }
    }

    /// What every row holds once silence has lasted, buffer by buffer.
    pub(crate) fn rest(self) -> Vec<f32> {
        self.rest
    }

    /// Whether silence leads to numbers.
    pub(crate) fn is_finite(&self) -> bool {
        self.rest.iter().all(|value| value.is_finite())
    }

    fn block(&mut self, io: &mut [f32]) {
        let n = io.len();
        // Measured: already two frames are quicker across the lanes of one vector.
        if let (Some(short), [io]) = (&self.program.short, &mut *io) {
            let data = &mut self.memory[self.skip..];
            dispatch!(self.level, s => short.run(s, data, &self.at, io));
            return self.advance(n);
        }
        let start = self.row(self.program.input, 0);
        for (x, io) in self.memory[start..start + n].iter_mut().zip(io.iter()) {
            *x = clean(*io);
        }
        self.frames(0..self.program.ops.len(), n);
        let start = self.row(self.program.output, 0);
        io.copy_from_slice(&self.memory[start..start + n]);
        self.advance(n);
    }

    /// Where the present of a row begins in the memory.
    fn row(&self, id: Id, row: usize) -> usize {
        let b = &self.program.buffers[id.0];
        self.skip + b.offset + row * b.stride + self.at[id.0]
    }

    /// Runs some of the operations over `n` frames of the inputs in place. Apart, so
    /// that there is one copy of every kernel.
    #[inline(never)]
    fn frames(&mut self, ops: Range<usize>, n: usize) {
        dispatch!(self.level, s => self.follow(s));
        let data = &mut self.memory[self.skip..];
        let buffers = &self.program.buffers;
        let ops = &self.program.ops[ops];
        let m = &mut Memory { data, buffers, at: &self.at, inputs: &self.inputs };
        for op in ops {
            match op {
                Op::Mac(mac) => kernel::run(self.level, mac, m, n),
                other => dispatch!(self.level, s => pass(s, other, m, n)),
            }
        }
    }

    /// Runs `n` frames, up to a block of them, of several inputs, a plane each,
    /// to several outputs. Inputs are finite.
    pub(crate) fn planes(&mut self, planes: &mut [[f32; BLOCK]], n: usize) {
        let (input, output) = (self.program.input, self.program.output);
        for (r, plane) in planes.iter().enumerate().take(self.program.buffers[input.0].rows) {
            let start = self.row(input, r);
            self.memory[start..start + n].copy_from_slice(&plane[..n]);
        }
        self.frames(0..self.program.ops.len(), n);
        for (r, plane) in planes.iter_mut().enumerate().take(self.program.buffers[output.0].rows) {
            let start = self.row(output, r);
            plane[..n].copy_from_slice(&self.memory[start..start + n]);
        }
        self.advance(n);
    }

    /// What the outputs are at rest.
    pub(crate) fn resting(&self) -> impl Iterator<Item = f32> {
        let output = self.program.output.0;
        let before = self.program.buffers[..output].iter().map(|b| b.rows).sum();
        let rows = self.program.buffers[output].rows;
        self.rest.iter().skip(before).take(rows).copied()
    }

    /// Forgets everything, as if all that went before had been zeros in every layer.
    pub(crate) fn clear(&mut self) {
        self.reset();
        self.memory.fill(0.0);
    }

    /// Moves the present on, and a full row's past back to its front.
    fn advance(&mut self, n: usize) {
        self.moved = self.moved.wrapping_add(n as u32);
        for i in 0..self.at.len() {
            let b = &self.program.buffers[i];
            if b.reach == 0 {
                continue;
            }
            self.at[i] += n;
            if self.at[i] + BLOCK > b.frames {
                let start = b.reach.next_multiple_of(LINE);
                for r in 0..b.rows {
                    let row = self.skip + b.offset + r * b.stride;
                    let past = row + self.at[i] - b.reach..row + self.at[i];
                    self.memory.copy_within(past, row + start - b.reach);
                }
                self.at[i] = start;
                dispatch!(self.level, s => self.follow(s));
                self.find(|id| id == Id(i));
            }
        }
    }

    /// Moves the places of the inputs on to the present.
    #[inline(always)]
    fn follow<S: Simd>(&mut self, _: S) {
        let moved = std::mem::take(&mut self.moved);
        for (input, moves) in self.inputs.iter_mut().zip(&self.moves) {
            *input += moved & moves;
        }
    }

    /// Works out where the inputs from certain buffers lie.
    fn find(&mut self, from: impl Fn(Id) -> bool) {
        let mut first = 0;
        for read in &self.program.reads {
            if from(read.from) {
                let b = &self.program.buffers[read.from.0];
                let row = b.offset + read.row * b.stride;
                let mut at = row + self.at[read.from.0] - read.delay;
                for input in &mut self.inputs[first..first + read.rows] {
                    *input = at as u32;
                    at += b.stride;
                }
            }
            first += read.rows;
        }
    }
}

impl Engine for Runner {
    fn process(&mut self, io: &mut [f32]) {
        io.chunks_mut(BLOCK).for_each(|io| self.block(io));
    }

    fn reset(&mut self) {
        let mut rest = self.rest.iter();
        for (b, at) in self.program.buffers.iter().zip(&mut self.at) {
            *at = b.start;
            let rows = &mut self.memory[self.skip + b.offset..][..b.rows * b.stride];
            rows.chunks_exact_mut(b.stride).zip(&mut rest).for_each(|(row, v)| row.fill(*v));
        }
        self.moved = 0;
        self.find(|_| true);
    }

    fn receptive_field(&self) -> usize {
        self.program.receptive_field
    }

    /// Copies only the past that is still to be read.
    fn take_over(&mut self, other: &dyn Engine) -> bool {
        let Some(other) = (other as &dyn Any).downcast_ref::<Self>() else { return false };
        if !Arc::ptr_eq(&self.program, &other.program) {
            return false;
        }
        self.at.copy_from_slice(&other.at);
        for (b, at) in self.program.buffers.iter().zip(&self.at) {
            for r in (0..b.rows).filter(|_| b.reach > 0) {
                let past = b.offset + r * b.stride + at - b.reach;
                self.memory[self.skip + past..][..b.reach]
                    .copy_from_slice(&other.memory[other.skip + past..][..b.reach]);
            }
        }
        self.moved = 0;
        self.find(|_| true);
        true
    }
}

/// The buffers an operation writes.
fn written(op: &Op) -> [Option<Id>; 2] {
    match op {
        Op::Mac(mac) => [mac.to, mac.sum.map(|(id, _)| id)],
        Op::Activate { to, .. } | Op::Pair { to, .. } | Op::Film { to, .. } => [Some(*to), None],
        Op::Add { to, .. } | Op::Softmax { to } => [Some(*to), None],
    }
}

#[inline(always)]
fn pass<S: Simd>(s: S, op: &Op, m: &mut Memory<'_>, n: usize) {
    s.vectorize(
        #[inline(always)]
        || elementwise(s, op, m, n),
    );
}

/// The operations that touch each sample once.
#[inline(always)]
fn elementwise<S: Simd>(s: S, op: &Op, m: &mut Memory<'_>, n: usize) {
    match op {
        Op::Mac(_) => {}
        Op::Activate { from, activation, to } => {
            each(m, n, *to, |m, r, t| activate(s, activation, r, load(s, m, *from, r, t)))
        }
        Op::Pair { from, primary, secondary, pairing, to } => each(
            m,
            n,
            *to,
            #[inline(always)]
            |m, r, t| {
                let half = m.buffers[to.0].rows;
                let x = load(s, m, *from, r, t);
                let a = activate(s, primary, r, x);
                let b = activate(s, secondary, r, load(s, m, *from, r + half, t));
                match pairing {
                    Pairing::Gate => a * b,
                    Pairing::Blend => b.mul_add(a - x, x),
                }
            },
        ),
        Op::Film { from, scale, to } => each(
            m,
            n,
            *to,
            #[inline(always)]
            |m, r, t| {
                let rows = m.buffers[to.0].rows;
                let (x, k) = (load(s, m, *from, r, t), load(s, m, *scale, r, t));
                if m.buffers[scale.0].rows > rows {
                    k.mul_add(x, load(s, m, *scale, r + rows, t))
                } else {
                    k * x
                }
            },
        ),
        Op::Softmax { to } => softmax(s, m, n, *to),
        Op::Add { from, with, to } => each(
            m,
            n,
            *to,
            #[inline(always)]
            |m, r, t| {
                let x = load(s, m, *from, r, t);
                with.map_or(x, |with| load(s, m, with, r, t) + x)
            },
        ),
    }
}

/// `e` to the rows, in proportion to their sum. The largest row is taken off
/// first, so that no power overflows.
#[inline(always)]
fn softmax<S: Simd>(s: S, m: &mut Memory<'_>, n: usize, id: Id) {
    let (p, rows, lanes) = (m.place(id), m.buffers[id.0].rows, S::f32s::LEN);
    for t in (0..n).step_by(lanes) {
        let row = |r: usize| p.base + r * p.stride + t;
        let mut top = load(s, m, id, 0, t);
        for r in 1..rows {
            top = top.max(load(s, m, id, r, t));
        }
        let mut sum = S::f32s::splat(s, 0.0);
        for r in 0..rows {
            let power = exp_below_zero(s, load(s, m, id, r, t) - top);
            power.store_slice(&mut m.data[row(r)..][..lanes]);
            sum += power;
        }
        for r in 0..rows {
            let share = load(s, m, id, r, t) / sum;
            share.store_slice(&mut m.data[row(r)..][..lanes]);
        }
    }
}

/// Computes every vector of `to` that covers the first `n` frames.
#[inline(always)]
fn each<S: Simd, V: SimdBase<S, Element = f32>>(
    m: &mut Memory<'_>,
    n: usize,
    to: Id,
    f: impl Fn(&Memory<'_>, usize, usize) -> V,
) {
    let p = m.place(to);
    for r in 0..m.buffers[to.0].rows {
        for t in (0..n).step_by(V::LEN) {
            let y = f(m, r, t);
            y.store_slice(&mut m.data[p.base + r * p.stride + t..][..V::LEN]);
        }
    }
}

#[inline(always)]
fn load<S: Simd>(s: S, m: &Memory<'_>, id: Id, r: usize, t: usize) -> S::f32s {
    let p = m.place(id);
    S::f32s::from_slice(s, &m.data[p.base + r * p.stride + t..][..S::f32s::LEN])
}

#[inline(always)]
fn activate<S: Simd>(s: S, activation: &Activation, row: usize, x: S::f32s) -> S::f32s {
    activation.apply(s, x, |slopes| S::f32s::splat(s, slopes[row]))
}
