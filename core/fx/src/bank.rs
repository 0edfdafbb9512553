//! Filters in a row whose settings glide, the same for every cut of the signal.
//!
//! Settings take a step at each [`GRID`]th sample counted from the reset, and from
//! one such point to the next the filters' coefficients move in straight lines. So
//! no sample sees a jump, whatever a knob does, and no cut of the signal shows.
//!
//! In silence the filters' states fall until they are subnormal, which the caller
//! makes harmless with [`FlushDenormals`](crate::denormal::FlushDenormals).

use crate::filter::{Coefs, Section, Step};
use crate::smooth::{FADE, Smooth};

/// Samples between two computations of coefficients: a third of a millisecond at
/// 48 kHz, in which a straight line differs inaudibly from any curve.
pub(crate) const GRID: usize = 16;

/// A setting that moves in a straight line, a step at each point of the grid.
#[derive(Clone, Debug)]
pub(crate) struct Glide {
    smooth: Smooth,
    value: f32,
    target: f32,
}

impl Glide {
    /// Settled at `value`. `sample_rate` is in Hz.
    pub(crate) fn new(value: f32, sample_rate: f32) -> Self {
        let steps = (FADE * sample_rate / GRID as f32).round() as usize;
        Self { smooth: Smooth::new(value, steps), value, target: value }
    }

    /// Where it goes from the next point on.
    pub(crate) fn set(&mut self, target: f32) {
        self.target = target;
        self.smooth.set(target);
    }

    pub(crate) fn value(&self) -> f64 {
        f64::from(self.value)
    }

    pub(crate) fn settled(&self) -> bool {
        self.value == self.target
    }

    pub(crate) fn snap(&mut self) {
        self.value = self.target;
        self.smooth.snap(self.target);
    }

    pub(crate) fn step(&mut self) {
        self.smooth.fill(std::slice::from_mut(&mut self.value));
    }
}

/// What sets a filter.
pub(crate) trait Shape {
    /// Whether the next step changes nothing.
    fn settled(&self) -> bool;
    /// Moves on by a point of the grid.
    fn step(&mut self);
    /// Arrives at once.
    fn snap(&mut self);
    /// The filter as of now.
    fn coefs(&self) -> Coefs;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Motion {
    /// The signal passes as it is, and the state is silence. To start from silence
    /// makes no click, because the filter's share in the output starts at zero.
    Flat,
    Still,
    Moving,
}

#[derive(Clone, Debug)]
struct Band<S> {
    shape: S,
    section: Section,
    motion: Motion,
    /// At the last point of the grid.
    from: Coefs,
    /// At the next one.
    to: Coefs,
    /// Of `to`.
    step: Step,
}

impl<S: Shape> Band<S> {
    fn new(shape: S) -> Self {
        let to = shape.coefs();
        let section = Section::default();
        let mut band =
            Self { shape, section, motion: Motion::Flat, from: to, to, step: Step::new(&to) };
        band.head_for(to);
        band
    }

    fn idle(&self) -> bool {
        self.motion == Motion::Flat && self.shape.settled()
    }

    fn snap(&mut self) {
        self.shape.snap();
        self.section.reset();
        self.to = self.shape.coefs();
        self.head_for(self.to);
    }

    /// At a point of the grid.
    fn tick(&mut self) {
        if !self.shape.settled() {
            self.shape.step();
            self.head_for(self.shape.coefs());
        } else if self.motion == Motion::Moving {
            self.head_for(self.to);
        }
    }

    fn head_for(&mut self, to: Coefs) {
        self.from = self.to;
        self.to = to;
        self.motion = if self.from.is_flat() && to.is_flat() {
            self.section.reset();
            Motion::Flat
        } else if self.from == to {
            self.step = Step::new(&to);
            Motion::Still
        } else {
            Motion::Moving
        };
    }

    fn run<const N: usize>(&mut self, frames: &mut [[f64; N]], phase: usize) {
        match self.motion {
            Motion::Flat => {}
            Motion::Still => self.section.run(frames, &self.step),
            Motion::Moving => {
                self.section.glide(frames, &self.from, &self.to, (phase, GRID));
            }
        }
    }
}

/// `B` filters in a row, over one or two channels.
#[derive(Clone, Debug)]
pub(crate) struct Bank<S, const B: usize> {
    bands: [Band<S>; B],
    /// Samples since the last point of the grid.
    phase: usize,
}

impl<S: Shape, const B: usize> Bank<S, B> {
    /// Set and at rest.
    pub(crate) fn new(shapes: [S; B]) -> Self {
        Self { bands: shapes.map(Band::new), phase: 0 }
    }

    pub(crate) fn shapes(&mut self) -> impl Iterator<Item = &mut S> {
        self.bands.iter_mut().map(|band| &mut band.shape)
    }

    /// Returns to silence, with all settings arrived.
    pub(crate) fn snap(&mut self) {
        self.bands.iter_mut().for_each(Band::snap);
        self.phase = 0;
    }

    /// Filters one or two channels in place, the shorter one's length of them;
    /// further ones are left as they are. Real-time safe; while all filters are
    /// flat it costs nothing and changes no bit.
    pub(crate) fn process(&mut self, channels: &mut [&mut [f32]]) {
        match channels {
            [] => {}
            [mono] => self.run([mono]),
            [left, right, ..] => {
                let length = left.len().min(right.len());
                self.run([&mut left[..length], &mut right[..length]]);
            }
        }
    }

    fn run<const N: usize>(&mut self, mut io: [&mut [f32]; N]) {
        let length = io[0].len();
        if self.bands.iter().all(Band::idle) {
            self.phase = (self.phase + length) % GRID;
            return;
        }
        let mut frames = [[0.0; N]; GRID];
        let mut at = 0;
        while at < length {
            if self.phase == 0 {
                self.bands.iter_mut().for_each(Band::tick);
            }
            let end = length.min(at + GRID - self.phase);
            let frames = &mut frames[..end - at];
            for (c, io) in io.iter().enumerate() {
                frames.iter_mut().zip(&io[at..end]).for_each(|(f, x)| f[c] = f64::from(*x));
            }
            self.bands.iter_mut().for_each(|band| band.run(frames, self.phase));
            for (c, io) in io.iter_mut().enumerate() {
                io[at..end].iter_mut().zip(&*frames).for_each(|(x, f)| *x = f[c] as f32);
            }
            self.phase = (self.phase + end - at) % GRID;
            at = end;
        }
    }
}
