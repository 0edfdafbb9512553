//! What is known of the reverberation times of a model, and how it is found.

use super::{Calibration, Law, Model};
use crate::latch::latched;

impl Model {
    /// Finds how the reverberation time depends on what its lines lose: by the
    /// calibrated law it does nothing before, but for what is
    /// [assumed](Self::assume). Not for the audio thread: it plays a minute or two of
    /// impulse responses, and proves how far a damped network may be made to ring
    /// longer than it was trained to, which takes from a tenth of a second to some
    /// seconds where filters are many. Once it has been found, effects that play
    /// already use it.
    pub fn calibrate(&self) -> Option<&Calibration> {
        self.calibrate_unless(&|| false)
    }

    /// [`calibrate`](Self::calibrate), given up soon after `stop` says so: nothing has
    /// changed then, and none is returned.
    pub fn calibrate_unless(&self, stop: &dyn Fn() -> bool) -> Option<&Calibration> {
        if self.law != Law::Calibrated {
            return None;
        }
        if self.calibration.get().is_none() {
            let stop = latched(stop);
            let (range, safe) = (self.controls.rt60, self.safe());
            let find = |range| Calibration::new(&self.network, &self.plan, range, safe, &stop);
            let found = range.and_then(find);
            if stop() {
                return None;
            }
            // Another thread may have found the same.
            let _same = self.calibration.set(found);
        }
        self.calibration.get()?.as_ref()
    }

    /// Whether [`calibrate`](Self::calibrate) has nothing left to find.
    pub fn is_calibrated(&self) -> bool {
        self.law != Law::Calibrated || self.calibration.get().is_some()
    }

    /// How its reverberation time depends on what its lines lose, as far as that is
    /// found, or assumed, by now.
    pub fn calibration(&self) -> Option<&Calibration> {
        match self.calibration.get() {
            Some(found) => found.as_ref(),
            None => self.assumed.get(),
        }
    }

    /// Takes the reverberation times of `other`, than whose its delays are `size` times
    /// as long, for its own until its own are [found](Self::calibrate): those of
    /// a network trained a step further are nearly the same. Nothing is assumed that
    /// could make it grow: no time is longer than what it is passive with, or was
    /// trained to. Only the first assumption counts.
    pub fn assume(&self, other: &Self, size: f64) {
        let known = other.calibration().filter(|_| self.law == Law::Calibrated && size > 0.0);
        if let Some(known) = known.and_then(|known| known.resized(size).safe(self.safe())) {
            let _only_the_first = self.assumed.set(known);
        }
    }

    /// Assumes what a few short measurements say, unless something is known already: as
    /// [`assume`](Self::assume), where there is no network before it. Not for the audio
    /// thread: it takes some milliseconds.
    pub fn estimate(&self) {
        if self.law != Law::Calibrated || self.calibration().is_some() {
            return;
        }
        let range = self.controls.rt60;
        if let Some(known) = range.and_then(|r| Calibration::rough(&self.plan, r, self.safe())) {
            let _only_the_first = self.assumed.set(known);
        }
    }

    /// How far its lines may gain without a proof.
    fn safe(&self) -> f64 {
        self.passivity.map_or(0.0, |p| p.decay.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::fixtures::{Absorption, network};
    use super::{Law, Model};

    #[test]
    fn what_was_given_up_for_a_moment_is_not_kept() {
        let graph = network(4, Absorption::OnePole);
        let fresh = || Model::new(&graph, Law::Calibrated).unwrap();
        let asked = Cell::new(0);
        let ask = |until: u32| {
            asked.set(asked.get() + 1);
            asked.get() == until
        };
        assert!(fresh().calibrate_unless(&|| ask(0)).is_some());
        let asks = asked.replace(0);
        assert!(asks > 2, "asked {asks} times");
        for until in [1, asks / 2, asks] {
            let model = fresh();
            assert_eq!(model.calibrate_unless(&|| ask(until)), None);
            assert!(!model.is_calibrated());
            asked.set(0);
        }
    }
}
