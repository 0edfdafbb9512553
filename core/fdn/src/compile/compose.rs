//! Matrices multiplied into those that hear them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ndarray::{Array2, Axis, concatenate};

use super::reduce::{Mix, Reduced};
use crate::network::Signal;

impl Reduced {
    /// Multiplies matrices into those that hear them, where nobody else does
    /// and it does not cost more.
    pub(super) fn compose(&mut self) {
        let mut composer = Composer::new(self);
        while let Some(q) = composer.pending.pop_first() {
            composer.join(q);
        }
        self.mixes = composer.mixes.into_iter().flatten().map(|w| w.mix).collect();
    }
}

/// The work that is left.
struct Composer {
    /// By number; none has become part of another.
    mixes: Vec<Option<Wired>>,
    /// Those that may fit into the one that hears them.
    pending: BTreeSet<usize>,
    /// Those that did not for their cost, by the one they would be part of.
    dear: BTreeMap<usize, BTreeSet<usize>>,
    /// The matrix that makes a signal.
    maker: HashMap<Signal, usize>,
    /// Who hears a signal; none is what is no matrix.
    listeners: HashMap<Signal, BTreeSet<Option<usize>>>,
}

/// A matrix that knows where it hears a signal.
struct Wired {
    mix: Mix,
    column: HashMap<Signal, usize>,
}

/// What becomes of one matrix when another is multiplied into it.
struct Joined {
    /// For each input of the other, the weights with which it is heard.
    through: Array2<f64>,
    /// The columns that hear the other.
    taken: Vec<usize>,
}

impl Wired {
    fn new(mut mix: Mix) -> Self {
        mix.tidy();
        let column = mix.inputs.iter().enumerate().map(|(j, s)| (*s, j)).collect();
        Self { mix, column }
    }

    fn terms(&self, columns: impl Iterator<Item = usize>) -> usize {
        let terms = |j| self.mix.matrix.column(j).iter().filter(|x| **x != 0.0).count();
        columns.map(terms).sum()
    }

    /// With `other` multiplied into it; none if that costs more multiplications.
    fn after(&self, other: &Mix) -> Option<Joined> {
        let heard = other.outputs.iter().enumerate();
        let (rows, taken): (Vec<usize>, Vec<usize>) =
            heard.filter_map(|(i, s)| Some((i, *self.column.get(s)?))).unzip();
        let of_other = other.matrix.select(Axis(0), &rows);
        let mut through = self.mix.matrix.select(Axis(1), &taken).dot(&of_other);
        let mut shared = Vec::new();
        for (k, s) in other.inputs.iter().enumerate() {
            // What hears itself is among those taken away.
            if let Some(j) = self.column.get(s).filter(|j| !taken.contains(j)) {
                let mut column = through.column_mut(k);
                column += &self.mix.matrix.column(*j);
                shared.push(*j);
            }
        }
        let terms = |m: &Array2<f64>| m.iter().filter(|x| **x != 0.0).count();
        let apart = self.terms(taken.iter().chain(&shared).copied()) + terms(&other.matrix);
        (terms(&through) <= apart).then_some(Joined { through, taken })
    }

    /// Does it.
    fn take(&mut self, other: &Mix, Joined { through, taken }: Joined) {
        // Most often a gain: its place is taken without moving all others.
        if let ([j], [s]) = (&taken[..], &other.inputs[..])
            && !self.column.contains_key(s)
            && through.iter().any(|x| *x != 0.0)
        {
            self.column.remove(&self.mix.inputs[*j]);
            self.column.insert(*s, *j);
            self.mix.inputs[*j] = *s;
            self.mix.matrix.column_mut(*j).assign(&through.column(0));
            return;
        }
        let gone = |j: &usize| taken.contains(j) || other.inputs.contains(&self.mix.inputs[*j]);
        let kept: Vec<usize> = (0..self.mix.inputs.len()).filter(|j| !gone(j)).collect();
        let rest = self.mix.matrix.select(Axis(1), &kept);
        let matrix = concatenate(Axis(1), &[rest.view(), through.view()]);
        *self = Self::new(Mix {
            name: self.mix.name.clone(),
            matrix: matrix.expect("both have a row for each output"),
            inputs: kept.iter().map(|j| self.mix.inputs[*j]).chain(other.inputs.clone()).collect(),
            outputs: self.mix.outputs.clone(),
        });
    }
}

impl Composer {
    fn new(reduced: &mut Reduced) -> Self {
        let mut listeners: HashMap<Signal, BTreeSet<Option<usize>>> = HashMap::new();
        let lines = reduced.lines.iter().map(|l| l.from);
        let filters = reduced.filters.iter().flat_map(|f| f.channels.iter().map(|c| c.0));
        for s in lines.chain(filters).chain(reduced.outputs.iter().copied()) {
            listeners.entry(s).or_default().insert(None);
        }
        let mixes: Vec<_> = reduced.mixes.drain(..).map(Wired::new).collect();
        let mut maker = HashMap::new();
        for (m, Wired { mix, .. }) in mixes.iter().enumerate() {
            maker.extend(mix.outputs.iter().map(|s| (*s, m)));
            for s in &mix.inputs {
                listeners.entry(*s).or_default().insert(Some(m));
            }
        }
        let pending = (0..mixes.len()).collect();
        let mixes = mixes.into_iter().map(Some).collect();
        Self { mixes, pending, dear: BTreeMap::new(), maker, listeners }
    }

    /// The matrix that alone hears `q`.
    fn sole(&self, q: usize) -> Option<usize> {
        let outputs = &self.mixes[q].as_ref()?.mix.outputs;
        let mut all = outputs.iter().filter_map(|s| self.listeners.get(s)).flatten();
        let first = (*all.next()?)?;
        (first != q && all.all(|m| *m == Some(first))).then_some(first)
    }

    /// Makes `q` part of the one that hears it, if that is well.
    fn join(&mut self, q: usize) {
        let Some(p) = self.sole(q) else { return };
        let (Some(small), Some(mut large)) = (self.mixes[q].take(), self.mixes[p].take()) else {
            return;
        };
        let Some(joined) = large.after(&small.mix) else {
            self.dear.entry(p).or_default().insert(q);
            (self.mixes[q], self.mixes[p]) = (Some(small), Some(large));
            return;
        };
        let before: Vec<Signal> = large.mix.inputs.clone();
        large.take(&small.mix, joined);
        // Whoever's listeners are others now may fit; so may, for the cost is
        // another, all who did not.
        let heard = before.into_iter().filter(|s| !large.column.contains_key(s));
        let (lost, gained): (Vec<_>, _) = (heard.collect(), &small.mix.inputs);
        for s in gained {
            let listeners = self.listeners.entry(*s).or_default();
            listeners.remove(&Some(q));
            if large.column.contains_key(s) {
                listeners.insert(Some(p));
            }
        }
        for s in &lost {
            if let Some(listeners) = self.listeners.get_mut(s) {
                listeners.remove(&Some(p));
            }
        }
        let makers = gained.iter().chain(&lost).filter_map(|s| self.maker.get(s));
        self.pending.extend(makers);
        self.pending.extend(self.dear.remove(&p).into_iter().flatten());
        self.pending.insert(p);
        self.mixes[p] = Some(large);
    }
}
