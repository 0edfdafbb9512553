//! Loops without delay: what they do within a frame, and its inverse.

use std::collections::{HashMap, HashSet};

use super::reduce::Reduced;
use super::schedule::{Group, Item, makes};
use crate::graph::Section;
use crate::network::Signal;

/// What the operations of a group make, within a frame, of one guessed signal
/// that is one.
pub(super) fn instant(reduced: &Reduced, group: &Group, one: Signal) -> HashMap<Signal, f64> {
    let guessed: HashSet<Signal> = group.guessed.iter().copied().collect();
    let mut heard: HashMap<Signal, f64> = HashMap::from([(one, 1.0)]);
    let mut made: HashMap<Signal, f64> = HashMap::new();
    for item in &group.items {
        let value = |s: &Signal| heard.get(s).copied().unwrap_or(0.0);
        let values: Vec<f64> = match item {
            Item::Line(l) => {
                let line = &reduced.lines[*l];
                vec![line.instant() * value(&line.from)]
            }
            Item::Filter(f) => {
                let gain = |c: &[Section]| c.iter().map(|s| s.b[0]).product::<f64>();
                let channels = &reduced.filters[*f].channels;
                channels.iter().map(|c| gain(&c.2) * value(&c.0)).collect()
            }
            Item::Mix(m) => {
                let mix = &reduced.mixes[*m];
                let x: Vec<f64> = mix.inputs.iter().map(value).collect();
                mix.matrix.dot(&ndarray::Array1::from(x)).to_vec()
            }
        };
        for (signal, value) in makes(reduced, *item).into_iter().zip(values) {
            made.insert(signal, value);
            if !guessed.contains(&signal) {
                heard.insert(signal, value);
            }
        }
    }
    made
}

/// Gauss–Jordan elimination with pivots; none if the matrix is as good as
/// singular in single precision, or its inverse beyond it.
pub(super) fn invert(mut m: ndarray::Array2<f64>) -> Option<ndarray::Array2<f64>> {
    let n = m.nrows();
    let mut inverse = ndarray::Array2::eye(n);
    for i in 0..n {
        let pivot = (i..n).max_by(|a, b| m[(*a, i)].abs().total_cmp(&m[(*b, i)].abs()))?;
        // What is no number is no pivot either.
        if m[(pivot, i)].abs() < 1e-6 || m[(pivot, i)].is_nan() {
            return None;
        }
        for j in 0..n {
            m.swap((i, j), (pivot, j));
            inverse.swap((i, j), (pivot, j));
        }
        let scale = 1.0 / m[(i, i)];
        m.row_mut(i).mapv_inplace(|x| x * scale);
        inverse.row_mut(i).mapv_inplace(|x| x * scale);
        for r in (0..n).filter(|r| *r != i) {
            let factor = m[(r, i)];
            let (a, b) = (m.row(i).to_owned(), inverse.row(i).to_owned());
            m.row_mut(r).scaled_add(-factor, &a);
            inverse.row_mut(r).scaled_add(-factor, &b);
        }
    }
    let held = |x: &f64| x.abs() <= f64::from(f32::MAX);
    inverse.iter().all(held).then_some(inverse)
}
