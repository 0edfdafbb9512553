//! Which operations are run together, over how many frames, and in which order.

use std::collections::{BTreeSet, HashMap};

use super::reduce::Reduced;
use crate::network::Signal;
use crate::plan::FRAMES;

/// An operation of a [`Reduced`] network, by its kind and number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Item {
    Line(usize),
    Filter(usize),
    Mix(usize),
}

/// Operations that are run together.
#[derive(Debug)]
pub(super) struct Group {
    /// Frames at a time.
    pub(super) chunk: usize,
    /// In an order in which all that is heard has been made, but for lines whose
    /// delay is a chunk or more, and for `guessed` signals.
    pub(super) items: Vec<Item>,
    /// Signals of a delay-free loop, to be solved for.
    pub(super) guessed: Vec<Signal>,
}

/// The most signals of a loop without delay that are solved for: each frame costs
/// their square.
pub(super) const MOST_GUESSED: usize = 1024;

/// The operations and who hears whom.
pub(super) struct Schedule<'a> {
    reduced: &'a Reduced,
    items: Vec<Item>,
    /// For each item, those that hear it.
    heard_by: Vec<Vec<usize>>,
    /// For each item, those it hears.
    hears: Vec<Vec<usize>>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(reduced: &'a Reduced) -> Self {
        let lines = (0..reduced.lines.len()).map(Item::Line);
        let filters = (0..reduced.filters.len()).map(Item::Filter);
        let mixes = (0..reduced.mixes.len()).map(Item::Mix);
        let items: Vec<Item> = lines.chain(filters).chain(mixes).collect();
        let mut maker = HashMap::new();
        for (i, item) in items.iter().enumerate() {
            for signal in makes(reduced, *item) {
                maker.insert(signal, i);
            }
        }
        let hears: Vec<Vec<usize>> = items
            .iter()
            .map(|item| {
                let mut from: Vec<usize> =
                    heard(reduced, *item).iter().filter_map(|s| maker.get(s).copied()).collect();
                from.sort_unstable();
                from.dedup();
                from
            })
            .collect();
        let mut heard_by = vec![Vec::new(); items.len()];
        for (i, from) in hears.iter().enumerate() {
            from.iter().for_each(|j| heard_by[*j].push(i));
        }
        Self { reduced, items, heard_by, hears }
    }

    /// All operations, in groups.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for component in self.components(&|_| false, &vec![true; self.items.len()]) {
            let group = self.group(component);
            match groups.last_mut() {
                Some(last) if last.chunk == FRAMES && group.chunk == FRAMES => {
                    last.items.extend(group.items);
                }
                _ => groups.push(group),
            }
        }
        groups
    }

    /// For each line, in which loop it is, if in any.
    pub(super) fn looped_lines(&self) -> Vec<Option<usize>> {
        let mut looped = vec![None; self.reduced.lines.len()];
        let components = self.components(&|_| false, &vec![true; self.items.len()]);
        for (number, component) in components.iter().enumerate() {
            let alone = component.len() == 1 && !self.hears[component[0]].contains(&component[0]);
            for i in component.iter().filter(|_| !alone) {
                if let Item::Line(l) = self.items[*i] {
                    looped[l] = Some(number);
                }
            }
        }
        looped
    }

    /// A component in order, with the longest chunk that breaks its loops.
    fn group(&self, component: Vec<usize>) -> Group {
        let mut within = vec![false; self.items.len()];
        component.iter().for_each(|i| within[*i] = true);
        let mut chunks: Vec<usize> = component.iter().filter_map(|i| self.lag(*i)).collect();
        chunks.retain(|lag| (1..FRAMES).contains(lag));
        chunks.push(FRAMES);
        chunks.sort_unstable();
        chunks.dedup();
        for chunk in chunks.into_iter().rev() {
            let cut = |i: usize| self.lag(i).is_some_and(|lag| lag >= chunk);
            if let Some(order) = self.order(&cut, &within, component.len()) {
                return Group { chunk, items: order, guessed: Vec::new() };
            }
        }
        self.guess(within, component.len())
    }

    /// A component with a loop that no delay breaks: the signals of an item at a
    /// time are taken as known until there is an order.
    fn guess(&self, within: Vec<bool>, count: usize) -> Group {
        let mut known: Vec<usize> = Vec::new();
        loop {
            let cut = |i: usize| self.lag(i).is_some_and(|lag| lag >= 1);
            let stops = |i: usize| cut(i) || known.contains(&i);
            let loops = self.components(&stops, &within);
            let longest = loops.into_iter().filter(|c| c.len() > 1 || self.alone(c[0], &stops));
            let Some(component) = longest.max_by_key(Vec::len) else { break };
            // Which is refused.
            if known.len() > MOST_GUESSED {
                break;
            }
            let width = |i: &usize| (makes(self.reduced, self.items[*i]).len(), *i);
            known.extend(component.into_iter().filter(|i| !stops(*i)).min_by_key(width));
        }
        let cut = |i: usize| self.lag(i).is_some_and(|lag| lag >= 1);
        let order = self.order_with(&cut, &known, &within, count);
        let order = order.unwrap_or_else(|| known.iter().map(|i| self.items[*i]).collect());
        let guessed = known.iter().flat_map(|i| makes(self.reduced, self.items[*i])).collect();
        Group { chunk: 1, items: order, guessed }
    }

    /// Whether an item hears itself.
    fn alone(&self, i: usize, cut: &dyn Fn(usize) -> bool) -> bool {
        !cut(i) && self.hears[i].contains(&i)
    }

    /// The delay of a line.
    fn lag(&self, i: usize) -> Option<usize> {
        match self.items[i] {
            Item::Line(l) => Some(self.reduced.lines[l].lag()),
            _ => None,
        }
    }

    /// The items `within` in an order in which each comes after what it hears,
    /// unless it is a line that is `cut`. None if there is a loop.
    fn order(
        &self,
        cut: &dyn Fn(usize) -> bool,
        within: &[bool],
        count: usize,
    ) -> Option<Vec<Item>> {
        self.order_with(cut, &[], within, count)
    }

    /// The same, nobody waiting for those `known`.
    fn order_with(
        &self,
        cut: &dyn Fn(usize) -> bool,
        known: &[usize],
        within: &[bool],
        count: usize,
    ) -> Option<Vec<Item>> {
        let mut waited = within.to_vec();
        known.iter().for_each(|j| waited[*j] = false);
        let waits = |j: usize| waited[j];
        let mut missing: HashMap<usize, usize> = HashMap::new();
        // Lines before filters before matrices, so that like things come together.
        let mut ready: BTreeSet<(Item, usize)> = BTreeSet::new();
        for i in (0..self.items.len()).filter(|i| within[*i]) {
            let from = if cut(i) { 0 } else { self.hears[i].iter().filter(|j| waits(**j)).count() };
            missing.insert(i, from);
            if from == 0 {
                ready.insert((self.items[i], i));
            }
        }
        let mut order = Vec::with_capacity(count);
        while let Some((item, i)) = ready.pop_first() {
            order.push(item);
            for next in &self.heard_by[i] {
                if !within[*next] || cut(*next) || !waits(i) {
                    continue;
                }
                if let Some(left) = missing.get_mut(next) {
                    *left -= 1;
                    if *left == 0 {
                        ready.insert((self.items[*next], *next));
                    }
                }
            }
        }
        (order.len() == count).then_some(order)
    }

    /// Strongly connected components of the items `within`, each after those it
    /// hears; what a `stop` makes is heard by nobody, or what it hears is
    /// nothing, which for loops is the same. (Tarjan 1972, without recursion.)
    fn components(&self, stop: &dyn Fn(usize) -> bool, within: &[bool]) -> Vec<Vec<usize>> {
        const NONE: usize = usize::MAX;
        let n = self.items.len();
        let (mut index, mut low, mut on) = (vec![NONE; n], vec![0; n], vec![false; n]);
        let (mut stack, mut all, mut next) = (Vec::new(), Vec::new(), 0);
        let nothing = Vec::new();
        for root in (0..n).filter(|i| within[*i]) {
            if index[root] != NONE {
                continue;
            }
            let mut path = vec![(root, 0)];
            while let Some((i, edge)) = path.last_mut() {
                let i = *i;
                if *edge == 0 {
                    (index[i], low[i], on[i]) = (next, next, true);
                    next += 1;
                    stack.push(i);
                }
                let hears = if stop(i) { &nothing } else { &self.hears[i] };
                if let Some(j) = hears.get(*edge) {
                    *edge += 1;
                    if within[*j] && index[*j] == NONE {
                        path.push((*j, 0));
                    } else if within[*j] && on[*j] {
                        low[i] = low[i].min(index[*j]);
                    }
                    continue;
                }
                path.pop();
                if let Some((parent, _)) = path.last() {
                    low[*parent] = low[*parent].min(low[i]);
                }
                if low[i] == index[i] {
                    let start = stack.iter().rposition(|j| *j == i).unwrap_or(0);
                    let component = stack.split_off(start);
                    component.iter().for_each(|j| on[*j] = false);
                    all.push(component);
                }
            }
        }
        all
    }
}

/// What an item makes.
pub(super) fn makes(reduced: &Reduced, item: Item) -> Vec<Signal> {
    match item {
        Item::Line(l) => vec![reduced.lines[l].to],
        Item::Filter(f) => reduced.filters[f].channels.iter().map(|c| c.1).collect(),
        Item::Mix(m) => reduced.mixes[m].outputs.clone(),
    }
}

/// What an item hears.
pub(super) fn heard(reduced: &Reduced, item: Item) -> Vec<Signal> {
    match item {
        Item::Line(l) => vec![reduced.lines[l].from],
        Item::Filter(f) => reduced.filters[f].channels.iter().map(|c| c.0).collect(),
        Item::Mix(m) => reduced.mixes[m].inputs.clone(),
    }
}
