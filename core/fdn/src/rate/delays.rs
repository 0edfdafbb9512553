//! Delays that last as long, and still do not fall together.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::filter::Rates;
use crate::graph::{Delay, Kind, Module, Node};

/// How far a delay may be moved for the sake of the others, as a part of it.
const LEEWAY: f64 = 2e-3;
/// How far all the same, in samples, to be distinct: rounding moves it half as far.
const A_SAMPLE: f64 = 1.0;
/// The most lengths in a module for which common factors are looked for.
const MOST_LENGTHS: usize = 256;
/// The most places tried for a delay.
const MOST_TRIED: i64 = 64;

/// What becomes of every whole delay of a graph: the same of the same.
pub(super) struct Delays {
    ratio: f64,
    chosen: HashMap<u64, u64>,
    taken: HashSet<u64>,
}

impl Delays {
    pub(super) fn new(root: &Node, rates: Rates) -> Self {
        let ratio = rates.new / rates.old;
        let mut delays = Self { ratio, chosen: HashMap::new(), taken: HashSet::new() };
        delays.visit(root);
        delays
    }

    pub(super) fn change(&self, delay: &Delay) -> Delay {
        let exact = delay.samples * self.ratio;
        let samples = match self.chosen.get(&(delay.samples as u64)) {
            Some(chosen) if !delay.interpolated => *chosen as f64,
            _ => exact,
        };
        Delay { samples, interpolated: delay.interpolated }
    }

    fn visit(&mut self, node: &Node) {
        match node.kind() {
            Kind::Series(children) => children.iter().for_each(|c| self.visit(c)),
            Kind::Parallel { branches, .. } => branches.iter().for_each(|b| self.visit(b)),
            Kind::Recursion { forward, backward } => {
                self.visit(forward);
                self.visit(backward);
            }
            Kind::Module(Module::Delay(lines)) => self.choose(lines.iter()),
            Kind::Module(Module::DelayMatrix(m)) => self.choose(m.iter().map(|(_, d)| d)),
            Kind::Module(_) => {}
        }
    }

    fn choose<'a>(&mut self, lines: impl Iterator<Item = &'a Delay>) {
        let whole = lines.filter(|d| !d.interpolated).map(|d| d.samples as u64);
        let lengths: BTreeSet<u64> = whole.collect();
        for length in &lengths {
            if !self.chosen.contains_key(length) {
                let best = self.best(*length, &lengths);
                self.chosen.insert(*length, best);
                self.taken.insert(best);
            }
        }
    }

    /// The nearest length that is free and has no factor in common with the others
    /// of its module where it had none; else that is free; else the nearest.
    fn best(&self, length: u64, lengths: &BTreeSet<u64>) -> u64 {
        if length == 0 {
            return 0;
        }
        let exact = length as f64 * self.ratio;
        let nearest = exact.round_ties_even().max(1.0);
        let mut places: Vec<f64> = (-MOST_TRIED / 2..=MOST_TRIED / 2)
            .map(|k| nearest + k as f64)
            .filter(|p| *p >= 1.0 && (p - exact).abs() <= (LEEWAY * exact).max(A_SAMPLE))
            .collect();
        places.sort_by(|a, b| (a - exact).abs().total_cmp(&(b - exact).abs()));
        let free: Vec<u64> =
            places.iter().map(|p| *p as u64).filter(|p| !self.taken.contains(p)).collect();
        let others: Vec<u64> = lengths
            .iter()
            .filter(|other| gcd(length, **other) == 1)
            .filter_map(|other| self.chosen.get(other).copied())
            .collect();
        let apart = |p: &&u64| {
            let near = (**p as f64 - exact).abs() <= (LEEWAY * exact).max((nearest - exact).abs());
            near && others.iter().all(|other| gcd(**p, *other) == 1)
        };
        let coprime = free.iter().find(apart).filter(|_| lengths.len() <= MOST_LENGTHS);
        coprime.or(free.first()).copied().unwrap_or(nearest as u64)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
