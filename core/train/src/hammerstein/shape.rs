//! Where in a row of parameters what is found, and the model that they stand for.

use std::ops::Range;

use nn::{Filter, FilterKind, Knob};

use super::filters;
use super::network::Network;
use crate::least_squares::LANES;

/// Parameters of a model in the order of its Jacobian's panels.
///
/// First those of the network, [`LANES`] hidden units to a panel: weights of all units on
/// each input, their biases, their weights in the output. Then the output's bias with the
/// parameters of the filters before the network; then, as what is behind is not to pass
/// the filters behind again, those of the filters after it. Each group is filled up to
/// whole panels with parameters of no effect.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) hidden: usize,
    pub(super) pre: Vec<FilterKind>,
    pub(super) branches: Vec<Vec<FilterKind>>,
    pub(super) post: Vec<FilterKind>,
    pub(super) knobs: Vec<Knob>,
    /// Hz.
    pub(super) rate: f64,
}

/// How many parameters all of a row have.
fn count(kinds: &[FilterKind]) -> usize {
    kinds.iter().map(|kind| filters::parameters(*kind)).sum()
}

impl Shape {
    /// Hidden units with those of no effect.
    pub(super) fn units(&self) -> usize {
        self.hidden.div_ceil(LANES) * LANES
    }

    /// Inputs of the network, sound before knobs.
    pub(super) fn inputs(&self) -> usize {
        self.branches.len() + self.knobs.len()
    }

    /// Weights of all units on `input`.
    pub(super) fn weights(&self, input: usize) -> Range<usize> {
        let units = self.units();
        input * units..(input + 1) * units
    }

    /// Biases of all units.
    pub(super) fn biases(&self) -> Range<usize> {
        self.weights(self.inputs())
    }

    /// Weights of all units in the output.
    pub(super) fn outputs(&self) -> Range<usize> {
        self.weights(self.inputs() + 1)
    }

    /// The output's bias.
    pub(super) fn offset(&self) -> usize {
        self.outputs().end
    }

    /// Parameters of the filters before all branches.
    pub(super) fn pre(&self) -> Range<usize> {
        let from = self.offset() + 1;
        from..from + count(&self.pre)
    }

    /// Parameters of the filters of a branch.
    pub(super) fn branch(&self, branch: usize) -> Range<usize> {
        let before = self.branches.iter().take(branch).map(|kinds| count(kinds));
        let from = self.pre().end + before.sum::<usize>();
        from..from + self.branches.get(branch).map_or(0, |kinds| count(kinds))
    }

    /// Parameters of the filters behind the network.
    pub(super) fn post(&self) -> Range<usize> {
        let front = self.branch(self.branches.len()).end - self.offset();
        let from = self.offset() + front.div_ceil(LANES) * LANES;
        from..from + count(&self.post)
    }

    /// How many there are, those of no effect among them.
    pub(super) fn parameters(&self) -> usize {
        self.post().end.div_ceil(LANES) * LANES
    }

    /// All filters with where their parameters are.
    pub(super) fn filters(&self) -> Vec<(FilterKind, Range<usize>)> {
        let rows = [(&self.pre, self.pre())].into_iter();
        let branches = self.branches.iter().enumerate().map(|(i, kinds)| (kinds, self.branch(i)));
        let mut all = Vec::new();
        for (kinds, range) in rows.chain(branches).chain([(&self.post, self.post())]) {
            let mut from = range.start;
            for kind in kinds {
                let to = from + filters::parameters(*kind);
                all.push((*kind, from..to));
                from = to;
            }
        }
        all
    }

    /// A knob's value between −1 and 1, as the network is taught.
    pub(super) fn turned(knob: &Knob, value: f32) -> f64 {
        let [min, max, value] = [knob.min, knob.max, value].map(f64::from);
        2.0 * (value - min) / (max - min) - 1.0
    }

    /// The model that `parameters` stand for, in single precision as files have it.
    pub(super) fn network(&self, parameters: &[f64]) -> Network {
        let single = |x: f64| f64::from(x as f32);
        let row = |kinds: &[FilterKind], range: Range<usize>| -> Vec<Filter> {
            let mut rest = &parameters[range];
            let filter = |kind: &FilterKind| {
                let (own, others) = rest.split_at(filters::parameters(*kind));
                rest = others;
                let filter = filters::filter(*kind, own);
                Filter {
                    hz: single(filter.hz),
                    q: single(filter.q),
                    gain: single(filter.gain),
                    ..filter
                }
            };
            kinds.iter().map(filter).collect()
        };
        let sound = self.branches.len();
        let unit = |h: usize| {
            let mut weights: Vec<f64> =
                (0..self.inputs()).map(|i| parameters[self.weights(i)][h]).collect();
            let mut bias = parameters[self.biases()][h];
            for (weight, knob) in weights[sound..].iter_mut().zip(&self.knobs) {
                let [min, max] = [knob.min, knob.max].map(f64::from);
                bias -= *weight * (max + min) / (max - min);
                *weight *= 2.0 / (max - min);
            }
            (weights.into_iter().map(single).collect(), single(bias))
        };
        let (weights, biases) = (0..self.hidden).map(unit).unzip();
        let output = &parameters[self.outputs()][..self.hidden];
        let branches = self.branches.iter().enumerate();
        Network {
            pre: row(&self.pre, self.pre()),
            branches: branches.map(|(i, kinds)| row(kinds, self.branch(i))).collect(),
            post: row(&self.post, self.post()),
            knobs: self.knobs.clone(),
            weights,
            biases,
            output: output.iter().copied().map(single).collect(),
            offset: single(parameters[self.offset()]),
        }
    }
}
