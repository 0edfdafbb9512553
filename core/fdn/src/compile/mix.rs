//! Matrices as steps.

use std::collections::HashMap;

use ndarray::{Array2, Axis};

use super::places::Places;
use super::reduce::Mix;
use super::structure::{self, Factor};
use crate::network::Signal;
use crate::plan::{self, Dense, Id, Sparse, Step, Structure};

/// What a term of a sparse row costs against one of a dense matrix; and a row.
const TERM: usize = 3;
const ROW: usize = 3;
/// Columns from one maker that are worth looking at.
const WORTH: usize = 16;

/// The steps of matrices that do not hear one another. `maker` tells which
/// operation a signal comes from: a structure is looked for in what is heard
/// from one.
pub(super) fn steps(
    mixes: &[&Mix],
    maker: &HashMap<Signal, usize>,
    places: &mut Places<'_>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut dense: Vec<Block> = Vec::new();
    let mut sparse = [Sparse::new(false), Sparse::new(true)];
    for mix in mixes {
        let outputs: Vec<Id> = mix.outputs.iter().map(|s| places.made(*s)).collect();
        let (fast, rest) = split(mix, maker);
        let mut add = false;
        for (columns, found) in fast {
            let inputs = columns.iter().map(|j| places.heard(mix.inputs[*j])).collect();
            chain(&found, inputs, &outputs, add, places, &mut steps);
            add = true;
        }
        if rest.is_empty() && add {
            continue;
        }
        let matrix = mix.matrix.select(Axis(1), &rest);
        let inputs: Vec<Id> = rest.iter().map(|j| places.heard(mix.inputs[*j])).collect();
        let terms = matrix.iter().filter(|x| **x != 0.0).count();
        if terms * TERM + matrix.nrows() * ROW < matrix.len() || inputs.is_empty() {
            sparse[usize::from(add)].push(&matrix, &inputs, &outputs);
        } else {
            dense.push(Block { matrix, inputs, outputs, add });
        }
    }
    steps.extend(sparse.into_iter().filter(|s| !s.rows.is_empty()).map(Step::Sparse));
    steps.extend(stack(dense).into_iter().map(|d| Step::Dense(d.pack())));
    steps
}

/// The columns that have a structure, with its factors, and all others.
type Split = (Vec<(Vec<usize>, Found)>, Vec<usize>);

/// A structure, and the factors it has.
type Found = (Structure, Vec<Factor>);

fn split(mix: &Mix, maker: &HashMap<Signal, usize>) -> Split {
    let mut groups: Vec<(Option<&usize>, Vec<usize>)> = Vec::new();
    for (j, signal) in mix.inputs.iter().enumerate() {
        let from = maker.get(signal);
        match groups.iter_mut().find(|(f, _)| *f == from) {
            Some((_, columns)) => columns.push(j),
            None => groups.push((from, vec![j])),
        }
    }
    let (mut fast, mut rest) = (Vec::new(), Vec::new());
    for (_, columns) in groups {
        let square = columns.len() >= WORTH && columns.len() == mix.outputs.len();
        let part = square.then(|| mix.matrix.select(Axis(1), &columns));
        let found = part.and_then(|m| structure::factors(m.view()).map(|f| (m.len(), f)));
        match found {
            Some((dense, found)) if cost(&found.1) < dense => fast.push((columns, found)),
            _ => rest.extend(columns),
        }
    }
    rest.sort_unstable();
    (fast, rest)
}

fn cost(factors: &[Factor]) -> usize {
    let row = |r: &Vec<(usize, f64)>| if is_wire(r) { 0 } else { ROW + TERM * r.len() };
    factors.iter().flatten().map(row).sum()
}

fn is_wire(row: &[(usize, f64)]) -> bool {
    matches!(row, [(_, w)] if *w == 1.0)
}

/// Applies the factors of a structure one after the other.
fn chain(
    (structure, factors): &Found,
    mut inputs: Vec<Id>,
    outputs: &[Id],
    add: bool,
    places: &mut Places<'_>,
    steps: &mut Vec<Step>,
) {
    for (f, factor) in factors.iter().enumerate() {
        let last = f + 1 == factors.len();
        let mut step = Sparse::new(last && add);
        let (size, number, count) = (outputs.len(), f + 1, factors.len());
        step.factor = Some(plan::Factor { of: *structure, size, number, count });
        let mut made = Vec::with_capacity(factor.len());
        for (i, row) in factor.iter().enumerate() {
            if !last && is_wire(row) {
                made.push(inputs[row[0].0]);
                continue;
            }
            let to = if last { outputs[i] } else { places.fresh() };
            made.push(to);
            step.rows.push((to, row.len() as u32));
            step.terms.extend(row.iter().map(|(j, w)| (inputs[*j], *w as f32)));
        }
        steps.push(Step::Sparse(step));
        inputs = made;
    }
}

impl Sparse {
    fn new(add: bool) -> Self {
        Self { rows: Vec::new(), terms: Vec::new(), add, factor: None }
    }

    fn push(&mut self, matrix: &Array2<f64>, inputs: &[Id], outputs: &[Id]) {
        for (weights, to) in matrix.rows().into_iter().zip(outputs) {
            let before = self.terms.len();
            let terms = weights.iter().zip(inputs).filter(|(w, _)| **w != 0.0);
            self.terms.extend(terms.map(|(w, from)| (*from, *w as f32)));
            self.rows.push((*to, (self.terms.len() - before) as u32));
        }
    }
}

/// A dense matrix, not packed yet.
struct Block {
    matrix: Array2<f64>,
    inputs: Vec<Id>,
    outputs: Vec<Id>,
    add: bool,
}

/// Puts matrices on top of each other where they hear nearly the same.
fn stack(all: Vec<Block>) -> Vec<Block> {
    let mut stacked: Vec<Block> = Vec::new();
    for one in all {
        let joined = stacked.iter_mut().find_map(|other| {
            let mut inputs = other.inputs.clone();
            inputs.extend(one.inputs.iter().filter(|i| !other.inputs.contains(i)));
            let height = other.outputs.len() + one.outputs.len();
            let apart = other.matrix.len() + one.matrix.len();
            let fits = other.add == one.add && height * inputs.len() * 8 <= apart * 9;
            fits.then_some((other, inputs))
        });
        match joined {
            Some((other, inputs)) => {
                let matrix = Array2::zeros((other.outputs.len() + one.outputs.len(), inputs.len()));
                let mut both =
                    Block { matrix, inputs, outputs: other.outputs.clone(), add: one.add };
                both.copy(other, 0);
                both.copy(&one, other.outputs.len());
                both.outputs.extend(one.outputs);
                *other = both;
            }
            None => stacked.push(one),
        }
    }
    stacked
}

impl Block {
    /// Takes over the rows of `from`, from row `at` on.
    fn copy(&mut self, from: &Block, at: usize) {
        for ((r, j), w) in from.matrix.indexed_iter() {
            let column = self.inputs.iter().position(|i| *i == from.inputs[j]);
            self.matrix[(at + r, column.expect("inputs are a union"))] = *w;
        }
    }

    fn pack(self) -> Dense {
        let mut weights = Vec::new();
        for first in (0..self.outputs.len()).step_by(Dense::TILE) {
            for column in self.matrix.columns() {
                let tile = (first..first + Dense::TILE).map(|r| column.get(r).unwrap_or(&0.0));
                weights.extend(tile.map(|w| *w as f32));
            }
        }
        Dense { outputs: self.outputs, inputs: self.inputs, weights, add: self.add }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use crate::{Controls, Decay, Graph, Module, Network, Node, Plan};

    const SIZE: usize = 64;

    /// What a plan of nothing but a matrix says of itself.
    fn printed(entry: impl Fn(usize, usize) -> f64) -> String {
        let gains = Array2::from_shape_fn((SIZE, SIZE), |(i, j)| entry(i, j));
        let root = Node::module("mix", Module::Matrix(gains)).unwrap();
        let controls = Controls::default();
        let graph =
            Graph { name: "mix".into(), sample_rate: 48_000.0, root, controls, revision: None };
        Plan::compile(&Network::new(&graph), Decay::None).unwrap().to_string()
    }

    fn sign(minus: bool) -> f64 {
        if minus { -1.0 } else { 1.0 }
    }

    #[test]
    fn a_plan_names_what_it_found() {
        let hadamard = |i: usize, j: usize| sign((i & j).count_ones() % 2 == 1) / 8.0;
        let mixed = |i: usize, j: usize| {
            sign(i.is_multiple_of(3)) * hadamard((5 * i + 7) % SIZE, (11 * j + 2) % SIZE)
        };
        for text in [printed(hadamard), printed(mixed)] {
            assert!(
                text.contains("Hadamard up to order and signs, 64 × 64, factor 3 of 3"),
                "{text}"
            );
        }
        let text = printed(|i, j| f64::from(u8::from(i == j)) - 2.0 / SIZE as f64);
        assert!(text.contains("Householder, 64 × 64, factor 1 of 2"), "{text}");
        let turn = |i: usize, j: usize, bit: usize| {
            let (s, c) = (0.3 + 0.2 * bit as f64).sin_cos();
            [[c, -s], [s, c]][(i >> bit) & 1][(j >> bit) & 1]
        };
        let text = printed(|i, j| (0..6).map(|bit| turn(i, j, bit)).product());
        assert!(text.contains("Kronecker, 64 × 64, factor 1 of 3"), "{text}");
        let text = printed(|i, j| ((i * i + 3 * j) as f64).sin());
        assert!(text.contains("matrix    64 × 64") && !text.contains("factor"), "{text}");
    }
}
