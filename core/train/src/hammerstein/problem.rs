//! A model against segments of a recording: residuals and their derivatives by weights,
//! corners, resonances and gains.

use super::filters::{self, Row, Signal, State};
use super::pass::Pass;
use super::shape::Shape;
use crate::least_squares::{self, Rows, Sums};

/// Samples worked on at a time: their Jacobian stays in the cache.
pub(super) const CHUNK: usize = 256;

/// A stretch of sound to be right about.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// What goes in: first what only the filters before the network hear, then what all
    /// hear, then what counts.
    pub(super) dry: Vec<f64>,
    /// Samples that only the filters before the network hear.
    pub(super) lead: usize,
    /// Samples after those that the filters behind it hear, whole chunks of them.
    pub(super) warm: usize,
    /// Where the knobs stand, between −1 and 1.
    pub(super) knobs: Vec<f64>,
    /// What shall come out where it counts.
    pub(super) wet: Vec<f64>,
    /// What errors are multiplied with.
    pub(super) weight: f64,
}

/// A model of `shape` against `segments`.
#[derive(Debug)]
pub(super) struct Problem<'a> {
    pub(super) shape: &'a Shape,
    pub(super) segments: &'a [Segment],
    pub(super) stiffness: Vec<f64>,
}

/// The inputs of the network over a segment, without the lead.
pub(super) struct Front {
    pub(super) inputs: Vec<Vec<f64>>,
    /// Derivatives: of which input, by which parameter.
    pub(super) tangents: Vec<(usize, usize, Vec<f64>)>,
}

/// The filters that parameters stand for.
#[derive(Debug)]
pub(super) struct Prepared {
    pre: Row,
    branches: Vec<Row>,
    pub(super) post: Row,
    /// What those behind the network remember of a one that lasted, and ended where a
    /// segment begins; and how much later that is.
    pub(super) settled: Vec<(usize, State)>,
}

impl least_squares::Problem for Problem<'_> {
    type Prepared = Prepared;

    fn prepare(&self, parameters: &[f64], slopes: bool) -> Prepared {
        let shape = self.shape;
        let row = |kinds, range| Row::new(kinds, &parameters[range], shape.rate, slopes);
        let branches = shape.branches.iter().enumerate();
        let mut prepared = Prepared {
            pre: row(&shape.pre, shape.pre()),
            branches: branches.map(|(i, kinds)| row(kinds, shape.branch(i))).collect(),
            post: row(&shape.post, shape.post()),
            settled: Vec::new(),
        };
        let mut warm: Vec<usize> = self.segments.iter().map(|segment| segment.warm).collect();
        warm.sort_unstable();
        warm.dedup();
        for warm in warm.into_iter().filter(|warm| *warm > 0) {
            // After a fifth of a second the slowest of the filters has settled enough.
            let ones = (0.2 * shape.rate) as usize;
            let mut value = vec![1.0; ones + warm];
            value[ones..].fill(0.0);
            let mut state = prepared.post.state(0);
            prepared.post.run(&mut state, &mut Signal { value, tangents: Vec::new() });
            prepared.settled.push((warm, state));
        }
        prepared
    }

    fn parameters(&self) -> usize {
        self.shape.parameters()
    }

    fn blocks(&self) -> usize {
        self.segments.len()
    }

    fn differentiate(
        &self,
        parameters: &[f64],
        prepared: &Prepared,
        block: usize,
        sums: &mut Sums,
    ) {
        let segment = &self.segments[block];
        let front = self.front(prepared, segment);
        let mut pass = Pass::new(self.shape, parameters, prepared, segment);
        let mut rows = Rows::new(self.shape.parameters(), CHUNK);
        for from in (0..segment.warm + segment.wet.len()).step_by(CHUNK) {
            if from == segment.warm {
                pass.settle(from);
            }
            pass.differentiate(&front, from, &mut rows);
            if let Some(at) = from.checked_sub(segment.warm) {
                let found = pass.out.value.iter().zip(&segment.wet[at..]);
                rows.residuals_mut().iter_mut().zip(found).for_each(|(r, (y, wet))| *r = y - wet);
                rows.weights_mut().fill(segment.weight);
                sums.add(&mut rows);
            }
        }
    }

    fn cost(&self, parameters: &[f64], prepared: &Prepared, block: usize) -> f64 {
        let segment = &self.segments[block];
        let front = self.front(prepared, segment);
        let mut pass = Pass::new(self.shape, parameters, prepared, segment);
        let mut sum = 0.0;
        for from in (0..segment.warm + segment.wet.len()).step_by(CHUNK) {
            if from == segment.warm {
                pass.settle(from);
            }
            pass.value(&front, from);
            if let Some(at) = from.checked_sub(segment.warm) {
                let found = pass.out.value.iter().zip(&segment.wet[at..]);
                sum += found.map(|(y, wet)| (y - wet) * (y - wet)).sum::<f64>();
            }
        }
        0.5 * segment.weight * segment.weight * sum
    }

    fn confine(&self, parameters: &mut [f64]) {
        for (kind, range) in self.shape.filters() {
            filters::confine(kind, &mut parameters[range], self.shape.rate);
        }
    }

    fn stiffness(&self) -> &[f64] {
        &self.stiffness
    }
}

impl Problem<'_> {
    /// How loud each input of the network is that is sound.
    pub(super) fn levels(&self, parameters: &[f64]) -> Vec<f64> {
        let (mut sums, mut n) = (vec![0.0; self.shape.branches.len()], 0);
        let prepared = least_squares::Problem::prepare(self, parameters, false);
        for segment in self.segments {
            let front = self.front(&prepared, segment);
            n += front.inputs[0].len();
            for (sum, input) in sums.iter_mut().zip(&front.inputs) {
                *sum += input.iter().map(|x| x * x).sum::<f64>();
            }
        }
        sums.iter().map(|sum| (sum / n.max(1) as f64).sqrt().max(1e-6)).collect()
    }

    fn front(&self, prepared: &Prepared, segment: &Segment) -> Front {
        let shape = self.shape;
        let mut sound = Signal { value: segment.dry.clone(), tangents: Vec::new() };
        prepared.pre.run(&mut prepared.pre.state(0), &mut sound);
        let mut front = Front { inputs: Vec::new(), tangents: Vec::new() };
        for (i, row) in prepared.branches.iter().enumerate() {
            let mut signal = sound.clone();
            row.run(&mut row.state(signal.tangents.len()), &mut signal);
            let places = shape.pre().chain(shape.branch(i));
            let without_lead = |mut all: Vec<f64>| all.split_off(segment.lead.min(all.len()));
            let tangents = places.zip(signal.tangents);
            front.tangents.extend(tangents.map(|(p, t)| (i, p, without_lead(t))));
            front.inputs.push(without_lead(signal.value));
        }
        front
    }
}

#[cfg(test)]
#[path = "problem_tests.rs"]
mod tests;
