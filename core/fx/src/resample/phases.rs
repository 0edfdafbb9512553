//! A network at a whole multiple of its rate.

use std::any::Any;
use std::sync::Arc;

use nn::{BLOCK, Engine, Watch};

use crate::pair::MOST_KNOBS;

/// The same network once for each of the interleaved parts of a signal, which
/// is the network with each of its delays multiplied by their number: one made
/// for `M` Hz runs at `n · M` and sounds the same, but what it makes beyond
/// `M / 2` stays there to be filtered out, where it would have come back down.
pub(super) struct Phases {
    engines: Vec<Box<dyn Engine>>, // one or more
    /// Whose the next sample is.
    next: usize,
    part: [f32; BLOCK],
    turns: [[f32; BLOCK]; MOST_KNOBS],
}

impl Phases {
    pub(super) fn new(engines: Vec<Box<dyn Engine>>) -> Self {
        Self { engines, next: 0, part: [0.0; BLOCK], turns: [[0.0; BLOCK]; MOST_KNOBS] }
    }

    /// How many times the rate.
    pub(super) fn len(&self) -> usize {
        self.engines.len()
    }

    /// See [`Engine::take_over`].
    pub(super) fn follow(&mut self, other: &Self) -> bool {
        if self.engines.len() != other.engines.len() {
            return false;
        }
        self.next = other.next;
        self.engines.iter_mut().zip(&other.engines).all(|(to, from)| to.take_over(&**from))
    }

    /// At most [`BLOCK`] samples for each engine.
    fn block(&mut self, io: &mut [f32], knobs: &[&[f32]]) {
        let n = self.engines.len();
        for (i, engine) in self.engines.iter_mut().enumerate() {
            let first = (i + n - self.next) % n;
            let part = &mut self.part[..io.len().saturating_sub(first).div_ceil(n)];
            let theirs = || (first..).step_by(n);
            part.iter_mut().zip(theirs()).for_each(|(x, at)| *x = io[at]);
            let mut turns: [&[f32]; MOST_KNOBS] = [&[]; MOST_KNOBS];
            for ((to, turn), knob) in turns.iter_mut().zip(&mut self.turns).zip(knobs) {
                let turn = &mut turn[..part.len()];
                turn.iter_mut().zip(theirs()).for_each(|(x, at)| *x = knob[at]);
                *to = turn;
            }
            match knobs.len().min(MOST_KNOBS) {
                0 => engine.process(part),
                n => engine.process_turning(part, &turns[..n]),
            }
            part.iter().zip(theirs()).for_each(|(y, at)| io[at] = *y);
        }
        self.next = (self.next + io.len()) % n;
    }
}

impl Engine for Phases {
    fn process(&mut self, io: &mut [f32]) {
        match &mut self.engines[..] {
            [engine] => engine.process(io),
            engines => {
                let most = BLOCK * engines.len();
                io.chunks_mut(most).for_each(|io| self.block(io, &[]));
            }
        }
    }

    fn reset(&mut self) {
        self.next = 0;
        self.engines.iter_mut().for_each(|engine| engine.reset());
    }

    fn receptive_field(&self) -> usize {
        let longest = self.engines.iter().map(|engine| engine.receptive_field()).max();
        let past = longest.unwrap_or(1).saturating_sub(1);
        past.saturating_mul(self.engines.len()).saturating_add(1)
    }

    fn latency(&self) -> usize {
        self.engines.len() * self.engines.first().map_or(0, |engine| engine.latency())
    }

    /// Of the first; the others do as well or as badly.
    fn watch(&self) -> Option<Arc<dyn Watch>> {
        self.engines.first()?.watch()
    }

    fn take_over(&mut self, other: &dyn Engine) -> bool {
        (other as &dyn Any).downcast_ref().is_some_and(|other| self.follow(other))
    }

    fn settle(&mut self) {
        self.engines.iter_mut().for_each(|engine| engine.settle());
    }

    fn set_quality(&mut self, quality: f32) {
        self.engines.iter_mut().for_each(|engine| engine.set_quality(quality));
    }

    fn set_knob(&mut self, index: usize, value: f32) {
        self.engines.iter_mut().for_each(|engine| engine.set_knob(index, value));
    }

    /// Of the knobs, the first four; an engine whose turn does not come keeps its own.
    fn process_turning(&mut self, io: &mut [f32], knobs: &[&[f32]]) {
        if let [engine] = &mut self.engines[..] {
            return engine.process_turning(io, knobs);
        }
        let most = BLOCK * self.engines.len();
        for at in (0..io.len()).step_by(most) {
            let part = at..io.len().min(at + most);
            let mut turns: [&[f32]; MOST_KNOBS] = [&[]; MOST_KNOBS];
            // A knob without as many values stays as it is.
            let whole = knobs.iter().take_while(|knob| knob.len() >= part.end);
            let count = turns.iter_mut().zip(whole).map(|(to, k)| *to = &k[part.clone()]).count();
            self.block(&mut io[part], &turns[..count]);
        }
    }
}
