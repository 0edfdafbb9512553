//! A network between two filters: the signal is brought to its rate and back.

use std::any::Any;
use std::sync::Arc;

use nn::{BLOCK, Engine, Watch};

use super::phases::Phases;
use super::ratio::Ratio;
use super::stream::Stream;
use super::{Converter, Idle, LOUDEST, PIECE};
use crate::delay::Delay;
use crate::denormal::scrub;
use crate::pair::MOST_KNOBS;

/// A network between two filters.
pub(super) struct Resampled {
    up: Stream,
    phases: Phases,
    /// Makes the network so late that it is whole samples of the host.
    pad: Delay,
    down: Stream,
    latency: usize,
    /// Host samples at a time.
    piece: usize,
    inner: Vec<f32>,
    /// The inner samples that the host samples allow and are not yet computed, in
    /// parts of `q`, rounded up.
    owed: usize,
    ratio: Ratio,
    reach: usize,
    rests: Arc<[Idle]>,
    quality: f32,
    /// What the network gives on silence. The way back carries the difference
    /// from it, so that silence comes out constant from the first sample on.
    rest: f32,
    /// Whether anything was heard since the reset.
    started: bool,
    /// Host samples since the last point of the grid on which knobs turn.
    phase: usize,
    /// Where knobs go at the next one.
    due: [Option<f32>; MOST_KNOBS],
}

/// Host samples between two points at which knobs turn.
const KNOB_GRID: usize = 16;

impl Resampled {
    pub(super) fn new(converter: &Converter, phases: Phases) -> Self {
        let ratio = converter.up.ratio;
        let most = 4 * BLOCK * phases.len();
        let piece = ((most - 1) * ratio.q / ratio.p).clamp(1, PIECE);
        let most = piece * ratio.p / ratio.q + 2;
        let late = phases.latency().next_multiple_of(ratio.p);
        let padding = late - phases.latency();
        let mut pad = Delay::new(padding);
        pad.set(padding, 1);
        // Of inner samples.
        let reach = phases.receptive_field().saturating_add(converter.down.stride + padding);
        let reach = reach.saturating_mul(ratio.q).div_ceil(ratio.p);
        let reach = reach.saturating_add(converter.up.stride + 1);
        let mut engine = Self {
            up: Stream::new(converter.up.clone(), piece),
            phases,
            pad,
            down: Stream::new(converter.down.clone(), most),
            latency: converter.latency + late / ratio.p * ratio.q,
            piece,
            inner: vec![0.0; most],
            owed: 0,
            ratio,
            reach,
            rests: converter.rests.clone(),
            quality: f32::INFINITY,
            rest: 0.0,
            started: false,
            phase: 0,
            due: [None; MOST_KNOBS],
        };
        engine.restart();
        engine
    }

    /// The part of a reset that is not the network's.
    fn restart(&mut self) {
        let rests = &self.rests;
        let size = rests.iter().find(|rest| self.quality < rest.until).or(rests.last());
        self.rest = size.map_or(0.0, |rest| rest.value);
        self.owed = self.ratio.q - 1;
        self.started = false;
    }

    fn pieces(&mut self, io: &mut [f32]) {
        self.phase = (self.phase + io.len()) % KNOB_GRID;
        for io in io.chunks_mut(self.piece) {
            self.run(io);
        }
    }

    /// At a point of the grid.
    fn turn(&mut self) {
        for (i, due) in self.due.iter_mut().enumerate() {
            if let Some(value) = due.take() {
                self.phases.set_knob(i, value);
            }
        }
    }

    /// At most `piece` samples.
    fn run(&mut self, io: &mut [f32]) {
        for (to, x) in self.up.push(io.len()).iter_mut().zip(&*io) {
            *to = scrub(*x).clamp(-LOUDEST, LOUDEST);
        }
        // All whose newest host sample there is: the first inner sample lies at the
        // first of the host, and each lasts `q / p` of them.
        self.owed += io.len() * self.ratio.p;
        let inner = &mut self.inner[..self.owed / self.ratio.q];
        self.owed %= self.ratio.q;
        self.up.pull(inner);
        self.phases.process(inner);
        if self.pad.delay() > 0 {
            self.pad.process(inner);
        }
        for (to, y) in self.down.push(inner.len()).iter_mut().zip(&*inner) {
            *to = scrub(*y - self.rest);
        }
        self.down.pull(io);
        io.iter_mut().for_each(|y| *y += self.rest);
    }
}

impl Engine for Resampled {
    fn process(&mut self, io: &mut [f32]) {
        self.started |= !io.is_empty();
        let mut io = io;
        if self.due.iter().any(Option::is_some) && !io.is_empty() {
            let lead = io.len().min((KNOB_GRID - self.phase) % KNOB_GRID);
            let (before, after) = io.split_at_mut(lead);
            self.pieces(before);
            if !after.is_empty() {
                self.turn();
            }
            io = after;
        }
        self.pieces(io);
    }

    fn reset(&mut self) {
        self.up.reset();
        self.phases.reset();
        self.pad.reset();
        self.down.reset();
        self.phase = 0;
        self.turn();
        self.restart();
    }

    /// In host samples, both filters included.
    fn receptive_field(&self) -> usize {
        self.reach
    }

    fn latency(&self) -> usize {
        self.latency
    }

    fn watch(&self) -> Option<Arc<dyn Watch>> {
        self.phases.watch()
    }

    fn take_over(&mut self, other: &dyn Engine) -> bool {
        let Some(other) = (other as &dyn Any).downcast_ref::<Self>() else { return false };
        if !Arc::ptr_eq(&self.up.bank, &other.up.bank) || !self.phases.follow(&other.phases) {
            return false;
        }
        self.up.follow(&other.up);
        self.down.follow(&other.down);
        (self.owed, self.rest) = (other.owed, other.rest);
        (self.phase, self.due) = (other.phase, other.due);
        (self.quality, self.started) = (other.quality, other.started);
        true
    }

    fn set_quality(&mut self, quality: f32) {
        self.quality = quality;
        self.phases.set_quality(quality);
        if !self.started {
            self.restart();
        }
    }

    fn set_knob(&mut self, index: usize, value: f32) {
        self.due.get_mut(index).into_iter().for_each(|due| *due = None);
        self.phases.set_knob(index, value);
    }

    /// On a grid counted from the reset, so that no cut of the signal shows: a sample
    /// of the host is none of the network's.
    fn process_turning(&mut self, io: &mut [f32], knobs: &[&[f32]]) {
        let mut at = 0;
        while at < io.len() {
            let end = io.len().min(at + KNOB_GRID - self.phase);
            for (due, knob) in self.due.iter_mut().zip(knobs) {
                *due = knob.get(at).copied().or(*due);
            }
            self.process(&mut io[at..end]);
            for (due, knob) in self.due.iter_mut().zip(knobs) {
                *due = knob.get(end - 1).copied().or(*due);
            }
            at = end;
        }
    }
}
