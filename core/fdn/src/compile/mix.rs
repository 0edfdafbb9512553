//! Matrices as steps.

use std::collections::HashMap;

use ndarray::{Array2, Axis};

use super::places::Places;
use super::reduce::Mix;
use super::structure::{self, Factor};
use crate::network::Signal;
use crate::plan::{Dense, Id, Sparse, Step};

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
        for (columns, factors) in fast {
            let inputs = columns.iter().map(|j| places.heard(mix.inputs[*j])).collect();
            chain(&factors, inputs, &outputs, add, places, &mut steps);
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
type Split = (Vec<(Vec<usize>, Vec<Factor>)>, Vec<usize>);

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
        let found = part.and_then(|m| structure::factors(m.view()).map(|(_, f)| (m.len(), f)));
        match found {
            Some((dense, factors)) if cost(&factors) < dense => fast.push((columns, factors)),
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

/// Applies `factors` one after the other.
fn chain(
    factors: &[Factor],
    mut inputs: Vec<Id>,
    outputs: &[Id],
    add: bool,
    places: &mut Places<'_>,
    steps: &mut Vec<Step>,
) {
    for (f, factor) in factors.iter().enumerate() {
        let last = f + 1 == factors.len();
        let mut step = Sparse::new(last && add);
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
        Self { rows: Vec::new(), terms: Vec::new(), add }
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
