//! Where the weights of a file go in a program.

use nn::program::{Mac, Op, Program};

/// Numbers of a program, each a weight of the file times a constant, or zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Linked {
    /// By place: which weight, [`NONE`] if none, and the factor.
    links: Vec<(u32, f32)>,
}

const NONE: u32 = u32::MAX;

impl Linked {
    /// Finds out by looking at the same numbers compiled twice: of weights that are
    /// their own numbers, counted from one, with constants of one; and of weights that
    /// are one, with the constants as they are.
    fn new(numbers: &[f32], factors: &[f32]) -> Self {
        let link = |(number, factor): (&f32, &f32)| match *number as u32 {
            0 => (NONE, 0.0),
            number => (number - 1, *factor),
        };
        Self { links: numbers.iter().zip(factors).map(link).collect() }
    }

    /// Each number's weight by its place in `self`, for a matrix laid out anew: `at`
    /// gives the place by the new one.
    pub(super) fn rearranged(&self, count: usize, at: impl Fn(usize) -> Option<usize>) -> Self {
        let link = |i| at(i).map_or((NONE, 0.0), |at| self.links[at]);
        Self { links: (0..count).map(link).collect() }
    }

    /// All of `others`, one after the other.
    pub(super) fn joined(others: impl IntoIterator<Item = Self>) -> Self {
        Self { links: others.into_iter().flat_map(|other| other.links).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    /// Sets the numbers from the weights.
    pub(super) fn fill(&self, weights: &[f32], numbers: &mut [f32]) {
        for (to, (weight, factor)) in numbers.iter_mut().zip(&self.links) {
            *to = weights.get(*weight as usize).map_or(0.0, |weight| factor * weight);
        }
    }

    /// Adds gradients by the numbers to those by the weights.
    pub(super) fn collect(&self, numbers: &[f32], weights: &mut [f32]) {
        for (from, (weight, factor)) in numbers.iter().zip(&self.links) {
            if let Some(to) = weights.get_mut(*weight as usize) {
                *to += factor * from;
            }
        }
    }
}

/// A multiply-accumulate, with where its weights and its bias come from.
#[derive(Clone, Debug)]
pub(super) struct LinkedMac {
    pub(super) mac: Mac,
    pub(super) weights: Linked,
    pub(super) bias: Linked,
}

impl LinkedMac {
    /// Those of a program that was compiled twice; `None` if it does anything else.
    pub(super) fn all(numbers: &Program, factors: &Program) -> Option<Vec<Self>> {
        let pairs = numbers.ops.iter().zip(&factors.ops);
        let pair = |(numbers, factors): (&Op, &Op)| match (numbers, factors) {
            (Op::Mac(numbers), Op::Mac(factors)) if numbers.run == numbers.outputs => Some(Self {
                mac: numbers.clone(),
                weights: Linked::new(&numbers.weights, &factors.weights),
                bias: Linked::new(&numbers.bias, &factors.bias),
            }),
            _ => None,
        };
        pairs.map(pair).collect()
    }

    pub(super) fn fill(&mut self, weights: &[f32]) {
        self.weights.fill(weights, &mut self.mac.weights);
        self.bias.fill(weights, &mut self.mac.bias);
    }
}
