//! Steps, rows and rings.

use std::collections::{HashMap, HashSet};

use super::Decay;
use super::mix::{self, Rows};
use super::reduce::{Line, Mix, Reduced};
use super::schedule::{Group, Item, Schedule, makes};
use super::section;
use crate::error::Error;
use crate::graph::Section;
use crate::network::Signal;
use crate::plan::{Bank, FRAMES, Plan, Read, Ring, Row, Solve, Stage, Step};

/// The most memory of all lines, in samples: half a gigabyte.
const MOST_MEMORY: usize = 1 << 27;
/// Channels in the widest vector.
const LANES: usize = 16;

/// Turns groups into stages.
pub(super) fn emit(
    sample_rate: f64,
    reduced: &Reduced,
    schedule: &Schedule<'_>,
    decay: Decay,
) -> Result<Plan, Error> {
    let mut emitter = Emitter::new(reduced, schedule, decay);
    let inputs = reduced.inputs.iter().map(|s| emitter.rows.of(*s)).collect();
    let groups = schedule.groups();
    let mut stages = Vec::with_capacity(groups.len());
    for group in &groups {
        stages.push(emitter.stage(group)?);
    }
    let outputs = reduced.outputs.iter().map(|s| emitter.rows.of(*s)).collect();
    Ok(Plan {
        sample_rate,
        rows: emitter.rows.count(),
        inputs,
        outputs,
        memory: emitter.rings.iter().map(|r| r.period + r.twice).sum(),
        rings: emitter.rings,
        states: emitter.states,
        stages,
        decaying: emitter.decaying,
    })
}

struct Emitter<'a> {
    reduced: &'a Reduced,
    decay: Decay,
    /// Whether a line is in a loop.
    looped: Vec<bool>,
    /// Which operation of the graph a signal comes from.
    maker: HashMap<Signal, usize>,
    /// Who hears a signal: how many.
    listeners: HashMap<Signal, usize>,
    rows: Rows,
    rings: Vec<Ring>,
    states: usize,
    decaying: Vec<f64>,
}

/// What a stage has so far.
#[derive(Default)]
struct Draft {
    steps: Vec<Step>,
    /// The ring that remembers a signal.
    rings: HashMap<Signal, u32>,
    /// Signals whose rings are written.
    written: HashSet<Signal>,
    /// Where signals that are solved for are left.
    made: HashMap<Signal, Row>,
}

impl<'a> Emitter<'a> {
    fn new(reduced: &'a Reduced, schedule: &Schedule<'_>, decay: Decay) -> Self {
        let lines = reduced.lines.iter().map(|l| (l.to, l.origin));
        let filters = reduced.filters.iter().enumerate();
        // Apart from the numbers of the operations lines come from.
        let filters = filters.flat_map(|(i, f)| f.channels.iter().map(move |c| (c.1, !i)));
        let mut listeners = HashMap::new();
        let items = (0..reduced.mixes.len()).map(Item::Mix);
        let items = items.chain((0..reduced.lines.len()).map(Item::Line));
        let items = items.chain((0..reduced.filters.len()).map(Item::Filter));
        let heard = items.flat_map(|i| super::schedule::heard(reduced, i));
        for signal in heard.chain(reduced.outputs.iter().copied()) {
            *listeners.entry(signal).or_insert(0) += 1;
        }
        Self {
            reduced,
            decay,
            looped: schedule.looped_lines(),
            maker: lines.chain(filters).collect(),
            listeners,
            rows: Rows::default(),
            rings: Vec::new(),
            states: 0,
            decaying: Vec::new(),
        }
    }

    fn stage(&mut self, group: &Group) -> Result<Stage, Error> {
        let (first_ring, first_state) = (self.rings.len(), self.states);
        let mut draft = Draft::default();
        self.remember(group, &mut draft)?;
        // A signal solved for is heard where it is guessed; who makes it leaves it elsewhere.
        for signal in &group.guessed {
            let made = self.rows.fresh();
            draft.made.insert(*signal, made);
        }
        let mut rest = &group.items[..];
        while let Some(first) = rest.first() {
            let count = match first {
                Item::Line(_) => self.lines(rest, group, &mut draft),
                Item::Filter(_) => self.filters(rest, &mut draft),
                Item::Mix(_) => self.mixes(rest, &mut draft),
            };
            rest = &rest[count..];
        }
        let left = draft.rings.iter().filter(|(s, _)| !draft.written.contains(s));
        let mut left: Vec<(Row, u32)> = left.map(|(s, ring)| (self.rows.of(*s), *ring)).collect();
        left.sort_unstable_by_key(|(_, ring)| *ring);
        if !left.is_empty() {
            draft.steps.push(Step::Write(left));
        }
        let solve = if group.guessed.is_empty() { None } else { Some(self.solve(group, &draft)?) };
        Ok(Stage {
            chunk: group.chunk,
            steps: draft.steps,
            rings: first_ring..self.rings.len(),
            states: first_state..self.states,
            solve,
        })
    }

    /// Makes a ring for every signal a line of the group hears.
    fn remember(&mut self, group: &Group, draft: &mut Draft) -> Result<(), Error> {
        let mut needs: HashMap<Signal, (usize, usize)> = HashMap::new();
        let mut order = Vec::new();
        for item in &group.items {
            let Item::Line(l) = item else { continue };
            let line = &self.reduced.lines[*l];
            let (reach, taps) = needs.entry(line.from).or_insert_with(|| {
                order.push(line.from);
                (0, 0)
            });
            for (lag, weights) in &line.reads {
                *reach = (*reach).max(lag + weights.len());
                *taps = (*taps).max(weights.len());
            }
        }
        for signal in order {
            let (reach, taps) = needs[&signal];
            let twice = FRAMES + LANES + taps;
            let period = (reach + FRAMES + LANES).max(twice).next_multiple_of(LANES);
            let twice = twice.next_multiple_of(LANES).min(period);
            let at = self.rings.last().map_or(0, |r| r.at + r.period + r.twice);
            if at + period + twice > MOST_MEMORY {
                let (what, found) = ("samples of delay in the graph".to_owned(), at + period);
                return Err(Error::TooLarge { what, limit: MOST_MEMORY, found });
            }
            draft.rings.insert(signal, self.rings.len() as u32);
            self.rings.push(Ring { at, period, twice });
        }
        Ok(())
    }

    /// Reads the lines `items` begin with; returns how many.
    fn lines(&mut self, items: &[Item], group: &Group, draft: &mut Draft) -> usize {
        let (mut writes, mut reads, mut decays) = (Vec::new(), Vec::new(), Vec::new());
        let mut made = HashSet::new();
        let mut count = 0;
        for item in items {
            let Item::Line(l) = item else { break };
            let line = &self.reduced.lines[*l];
            // One that hears another of these must wait until that is read.
            let cut = line.lag() >= group.chunk;
            if !cut && made.contains(&line.from) {
                break;
            }
            if !cut && draft.written.insert(line.from) {
                writes.push((self.rows.of(line.from), draft.rings[&line.from]));
            }
            made.insert(line.to);
            let to = self.target(line.to, draft);
            for (i, (lag, taps)) in line.reads.iter().enumerate() {
                let taps = taps.iter().map(|t| *t as f32).collect();
                let ring = draft.rings[&line.from];
                reads.push(Read { ring, lag: *lag, taps, to, add: i > 0 });
            }
            if let Some(samples) = self.decays(*l, line) {
                decays.push((to, self.decaying.len() as u32));
                self.decaying.push(samples);
            }
            count += 1;
        }
        if !writes.is_empty() {
            draft.steps.push(Step::Write(writes));
        }
        draft.steps.push(Step::Read(reads));
        if !decays.is_empty() {
            draft.steps.push(Step::Decay(decays));
        }
        count
    }

    /// The length of a line on which the reverberation time acts.
    fn decays(&self, index: usize, line: &Line) -> Option<f64> {
        let (samples, forward) = line.delay?;
        let acts = match self.decay {
            Decay::None => false,
            Decay::Loops => self.looped[index],
            Decay::Forward => forward,
        };
        acts.then_some(samples)
    }

    /// The row a signal is made in.
    fn target(&mut self, signal: Signal, draft: &Draft) -> Row {
        draft.made.get(&signal).copied().unwrap_or_else(|| self.rows.of(signal))
    }

    /// Runs the filters `items` begin with; returns how many.
    fn filters(&mut self, items: &[Item], draft: &mut Draft) -> usize {
        let mut banks: Vec<(usize, Vec<(Signal, Signal, &'a [Section])>)> = Vec::new();
        let mut made = HashSet::new();
        let mut count = 0;
        for item in items {
            let Item::Filter(f) = item else { break };
            let filter = &self.reduced.filters[*f];
            if filter.channels.iter().any(|c| made.contains(&c.0)) {
                break;
            }
            for (from, to, cascade) in &filter.channels {
                made.insert(*to);
                let channel = (*from, *to, &cascade[..]);
                match banks.iter_mut().find(|(length, _)| *length == cascade.len()) {
                    Some((_, channels)) => channels.push(channel),
                    None => banks.push((cascade.len(), vec![channel])),
                }
            }
            count += 1;
        }
        for (sections, channels) in banks {
            let bank = self.bank(sections, &channels, draft);
            draft.steps.push(Step::Filter(bank));
        }
        count
    }

    fn bank(
        &mut self,
        sections: usize,
        channels: &[(Signal, Signal, &[Section])],
        draft: &Draft,
    ) -> Bank {
        let width = channels.len().next_multiple_of(LANES);
        let column = |k: usize| channels.iter().map(|c| c.2[k]).collect::<Vec<_>>();
        let states = self.states;
        self.states += 2 * width * sections;
        let here: HashSet<Signal> = draft.steps.iter().flat_map(|s| self.read_here(s)).collect();
        let place = |(from, to, _): &(Signal, Signal, &[Section])| {
            let row = self.rows.of(*from);
            // What nobody else hears, and is made here, is filtered in place.
            if here.contains(from) && self.listeners.get(from) == Some(&1) {
                if !draft.made.contains_key(to) && !draft.made.contains_key(from) {
                    self.rows.share(*to, row);
                }
            }
            (row, draft.made.get(to).copied().unwrap_or_else(|| self.rows.of(*to)))
        };
        let rows = channels.iter().map(place).collect();
        let sections = (0..sections).map(|k| section::sections(&column(k), width)).collect();
        Bank { channels: rows, sections, states, width }
    }

    /// The signals a step reads from lines.
    fn read_here(&self, step: &Step) -> Vec<Signal> {
        let Step::Read(reads) = step else { return Vec::new() };
        let rows: HashSet<Row> = reads.iter().map(|r| r.to).collect();
        let lines = self.reduced.lines.iter().map(|l| l.to);
        lines.filter(|s| self.rows.get(*s).is_some_and(|r| rows.contains(&r))).collect()
    }

    /// Runs the matrices `items` begin with; returns how many.
    fn mixes(&mut self, items: &[Item], draft: &mut Draft) -> usize {
        let mut some: Vec<Mix> = Vec::new();
        let mut made: HashSet<Signal> = HashSet::new();
        for item in items {
            let Item::Mix(m) = item else { break };
            let mix = &self.reduced.mixes[*m];
            if mix.inputs.iter().any(|s| made.contains(s)) {
                break;
            }
            made.extend(&mix.outputs);
            some.push(mix.clone());
        }
        let all: Vec<&Mix> = some.iter().collect();
        draft.steps.extend(mix::steps(&all, &self.maker, &mut self.rows, &draft.made));
        some.len()
    }

    /// What each guessed signal becomes when another is one, solved.
    fn solve(&mut self, group: &Group, draft: &Draft) -> Result<Solve, Error> {
        let guessed = &group.guessed;
        let count = guessed.len();
        let mut matrix = ndarray::Array2::<f64>::eye(count);
        for (column, signal) in guessed.iter().enumerate() {
            let made = instant(self.reduced, group, *signal);
            for (row, other) in guessed.iter().enumerate() {
                matrix[(row, column)] -= made.get(other).copied().unwrap_or(0.0);
            }
        }
        let what = || group.items.iter().find_map(|i| name(self.reduced, *i)).unwrap_or_default();
        let inverse = invert(matrix).ok_or_else(|| Error::NoSolution { what: what() })?;
        Ok(Solve {
            guess: guessed.iter().map(|s| self.rows.of(*s)).collect(),
            made: guessed.iter().map(|s| draft.made[s]).collect(),
            inverse: inverse.iter().map(|x| *x as f32).collect(),
        })
    }
}

fn name(reduced: &Reduced, item: Item) -> Option<String> {
    match item {
        Item::Mix(m) => Some(reduced.mixes[m].name.clone()),
        Item::Filter(f) => Some(reduced.filters[f].name.clone()),
        Item::Line(l) => Some(reduced.lines[l].name.clone()),
    }
}

/// What the operations of a group make, within a frame, of one guessed signal
/// that is one.
fn instant(reduced: &Reduced, group: &Group, one: Signal) -> HashMap<Signal, f64> {
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
            if !group.guessed.contains(&signal) {
                heard.insert(signal, value);
            }
        }
    }
    made
}

/// Gauss–Jordan elimination with pivots; none if the matrix is as good as
/// singular in single precision.
fn invert(mut m: ndarray::Array2<f64>) -> Option<ndarray::Array2<f64>> {
    let n = m.nrows();
    let mut inverse = ndarray::Array2::eye(n);
    for i in 0..n {
        let pivot = (i..n).max_by(|a, b| m[(*a, i)].abs().total_cmp(&m[(*b, i)].abs()))?;
        if m[(pivot, i)].abs() < 1e-6 {
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
    Some(inverse)
}
