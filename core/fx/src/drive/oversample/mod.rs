//! The way to a multiple of the host's rate and back, for the wet channels, with the
//! dry ones beside them, so that both are as late at every frequency.

use nn::BLOCK;

use super::{Oversampling, Phase, Quality};
use crate::delay::Delay;

mod design;
mod droop;
mod linear;
mod recursive;

use droop::Droop;
use linear::Linear;
use recursive::Recursive;

/// Wet left, wet right, dry left, dry right.
type Frame = [f32; 4];

/// Samples after which the recursive filters have nothing left to say: their slowest
/// pole falls by 200 dB within them.
const FORGOTTEN: usize = 2048;

/// Doublings of the rate and the halvings after them, for four channels.
pub(crate) struct Chain {
    kind: Kind,
    factor: usize,
    /// What makes up for an integrated network, in each wet channel.
    droop: Option<[Droop; 2]>,
    /// Of the dry channels, at the host's rate.
    dry: [Delay; 2],
    /// The wet channels at the highest rate.
    wet: [Vec<f32>; 2],
    latency: usize,
}

enum Kind {
    Same,
    Recursive(Box<Recursive>),
    Linear(Box<Linear>),
}

impl Chain {
    /// At rest; around a network that is `integrated` or not. Not real-time safe.
    pub(crate) fn new(quality: Quality, integrated: bool, isa: cpu::Isa) -> Self {
        let Quality { oversampling, phase, .. } = quality;
        let (factor, stages) = (oversampling.factor(), oversampling.stages());
        let droop = integrated.then(|| [(); 2].map(|()| Droop::new(oversampling, isa.level())));
        let behind = if integrated { Droop::delay(oversampling) } else { 0 };
        let kind = match (oversampling, phase) {
            (Oversampling::X1, _) => Kind::Same,
            (_, Phase::Minimum) => {
                Kind::Recursive(Box::new(Recursive::new(stages, behind, isa.level())))
            }
            (_, Phase::Linear) => Kind::Linear(Box::new(Linear::new(stages, behind, isa.level()))),
        };
        let (latency, around) = match &kind {
            Kind::Same => (behind, behind),
            Kind::Recursive(filters) => (filters.latency() / factor, 0),
            Kind::Linear(filters) => (filters.latency() / factor, filters.latency() / factor),
        };
        let dry = [(); 2].map(|()| {
            let mut delay = Delay::new(around);
            delay.set(around, 1);
            delay
        });
        let wet = [(); 2].map(|()| vec![0.0; BLOCK * factor]);
        Self { kind, factor, droop, dry, wet, latency }
    }

    /// Samples of the host by which all channels come late.
    pub(crate) fn latency(&self) -> usize {
        self.latency
    }

    /// Samples of the host after which it has forgotten what it heard.
    pub(crate) fn memory(&self) -> usize {
        match self.kind {
            Kind::Recursive(_) => FORGOTTEN,
            _ => 2 * self.latency,
        }
    }

    /// Returns to silence. Real-time safe.
    pub(crate) fn reset(&mut self) {
        match &mut self.kind {
            Kind::Same => {}
            Kind::Recursive(filters) => filters.reset(),
            Kind::Linear(filters) => filters.reset(),
        }
        self.droop.iter_mut().flatten().for_each(Droop::reset);
        self.dry.iter_mut().for_each(Delay::reset);
    }

    /// Brings at most a block of all channels up. Real-time safe.
    pub(crate) fn up(&mut self, io: [&mut [f32]; 4]) {
        let n = io[0].len() * self.factor;
        let [left, right] = &mut self.wet;
        let wet = [&mut left[..n], &mut right[..n]];
        match &mut self.kind {
            Kind::Same => wet.into_iter().zip(&io).for_each(|(wet, io)| wet.copy_from_slice(io)),
            Kind::Recursive(filters) => filters.up(&io, wet),
            Kind::Linear(filters) => filters.up([&*io[0], &*io[1]], wet),
        }
    }

    /// The first `n` samples of both wet channels at the highest rate.
    pub(crate) fn wet(&mut self, n: usize) -> [&mut [f32]; 2] {
        let [left, right] = &mut self.wet;
        [&mut left[..n], &mut right[..n]]
    }

    /// Brings what is up back down. Real-time safe.
    pub(crate) fn down(&mut self, io: [&mut [f32]; 4]) {
        let n = io[0].len() * self.factor;
        for (wet, droop) in self.wet.iter_mut().zip(self.droop.iter_mut().flatten()) {
            droop.process(&mut wet[..n]);
        }
        let wet = self.wet.each_ref().map(|wet| &wet[..n]);
        let [left, right, dry_left, dry_right] = io;
        match &mut self.kind {
            Kind::Same => {
                left.copy_from_slice(wet[0]);
                right.copy_from_slice(wet[1]);
            }
            Kind::Recursive(filters) => {
                return filters.down(wet, [left, right, dry_left, dry_right]);
            }
            Kind::Linear(filters) => filters.down(wet, [left, right]),
        }
        for (dry, delay) in [dry_left, dry_right].into_iter().zip(&mut self.dry) {
            delay.process(dry);
        }
    }
}

#[cfg(test)]
mod tests;
