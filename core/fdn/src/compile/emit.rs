//! Steps, rows and rings.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::mix;
use super::places::{Places, Rows, moving};
use super::reduce::{Line, Mix, Reduced};
use super::schedule::{Group, Item, MOST_GUESSED, Schedule, heard, makes};
use super::section;
use super::solve::{instant, invert};
use super::{Decay, Moves};
use crate::error::Error;
use crate::graph::Section;
use crate::network::Signal;
use crate::passivity::Turn;
use crate::plan::{Bank, FRAMES, Id, Plan, Read, Ring, Shelves, Solve, Stage, Step};

/// The most memory of all lines, in samples: half a gigabyte.
const MOST_MEMORY: usize = 1 << 27;
/// Channels in the widest vector.
const LANES: usize = 16;

/// Turns groups into stages.
pub(super) fn emit(
    sample_rate: f64,
    reduced: &Reduced,
    schedule: &Schedule<'_>,
    moves: Moves,
) -> Result<Plan, Error> {
    let mut emitter = Emitter::new(reduced, schedule, moves);
    let (mut rows, mut places) = (Rows::default(), Vec::new());
    let inputs = reduced.inputs.iter().map(|s| rows.of(*s)).collect();
    let mut stages = Vec::new();
    for group in &schedule.groups() {
        let first = places.len();
        let mut stage =
            emitter.stage(group, Places::new(&mut rows, &mut places, &group.guessed))?;
        stage.places = first..places.len();
        stages.push(stage);
    }
    let outputs = reduced.outputs.iter().map(|s| rows.of(*s)).collect();
    let mut keys = emitter.keys;
    keys.sort_unstable();
    for stage in &mut stages {
        stage.moving = moving(stage.places.clone(), &places, &emitter.rings, rows.count());
    }
    Ok(Plan {
        sample_rate,
        rows: rows.count(),
        inputs,
        outputs,
        memory: emitter.rings.iter().map(|r| r.period + r.twice).sum(),
        rings: emitter.rings,
        states: emitter.states,
        places,
        stages,
        decaying: emitter.decaying,
        shelves: emitter.shelves,
        pairs: emitter.pairs,
        keys,
    })
}

struct Emitter<'a> {
    reduced: &'a Reduced,
    moves: Moves,
    /// In which loop a line is.
    looped: Vec<Option<usize>>,
    /// Which operation of the graph a signal comes from.
    maker: HashMap<Signal, usize>,
    /// Who hears a signal; none is the outside.
    listeners: HashMap<Signal, Vec<Option<Item>>>,
    rings: Vec<Ring>,
    keys: Vec<(u64, u32)>,
    states: usize,
    decaying: Vec<f64>,
    shelves: usize,
    pairs: usize,
}

/// From where to where, through what.
type Channel<'a> = (Signal, Signal, &'a [Section]);

/// What a stage has so far.
struct Draft<'a> {
    places: Places<'a>,
    steps: Vec<Step>,
    /// The ring that remembers a signal.
    rings: HashMap<Signal, u32>,
    /// Signals whose rings have been written.
    written: HashSet<Signal>,
}

impl<'a> Emitter<'a> {
    fn new(reduced: &'a Reduced, schedule: &Schedule<'_>, moves: Moves) -> Self {
        let lines = reduced.lines.iter().map(|l| (l.to, l.origin));
        let filters = reduced.filters.iter().enumerate();
        // Apart from the numbers of the operations lines come from.
        let filters = filters.flat_map(|(i, f)| f.channels.iter().map(move |c| (c.1, !i)));
        let mut listeners: HashMap<Signal, Vec<Option<Item>>> = HashMap::new();
        let items = (0..reduced.mixes.len()).map(Item::Mix);
        let items = items.chain((0..reduced.lines.len()).map(Item::Line));
        for item in items.chain((0..reduced.filters.len()).map(Item::Filter)) {
            for signal in heard(reduced, item) {
                listeners.entry(signal).or_default().push(Some(item));
            }
        }
        for signal in &reduced.outputs {
            listeners.entry(*signal).or_default().push(None);
        }
        Self {
            reduced,
            moves,
            looped: schedule.looped_lines(),
            maker: lines.chain(filters).collect(),
            listeners,
            rings: Vec::new(),
            keys: Vec::new(),
            states: 0,
            decaying: Vec::new(),
            shelves: 0,
            pairs: 0,
        }
    }

    /// A stage but for what is known of its places once all stages are.
    fn stage(&mut self, group: &Group, places: Places<'_>) -> Result<Stage, Error> {
        if group.guessed.len() > MOST_GUESSED {
            let what = format!("signals to solve for in {}", self.name_of(group));
            return Err(Error::TooLarge { what, limit: MOST_GUESSED, found: group.guessed.len() });
        }
        let (first_ring, first_state) = (self.rings.len(), self.states);
        let (rings, written) = (HashMap::new(), HashSet::new());
        let mut draft = Draft { places, steps: Vec::new(), rings, written };
        self.remember(group, &mut draft)?;
        self.shorten(group, &mut draft);
        let mut rest = &group.items[..];
        while let Some(first) = rest.first() {
            let count = match first {
                Item::Line(_) => self.lines(rest, group, &mut draft),
                Item::Filter(_) => self.filters(rest, &mut draft),
                Item::Mix(_) => self.mixes(rest, &mut draft),
            };
            rest = &rest[count..];
        }
        draft.finish();
        let solve = if group.guessed.is_empty() {
            None
        } else {
            Some(self.solve(group, &mut draft.places)?)
        };
        Ok(Stage {
            chunk: group.chunk,
            steps: draft.steps,
            rings: first_ring..self.rings.len(),
            states: first_state..self.states,
            places: 0..0,
            moving: Vec::new(),
            solve,
        })
    }

    /// Makes a ring for every signal a line of the group hears.
    fn remember(&mut self, group: &Group, draft: &mut Draft<'_>) -> Result<(), Error> {
        let mut needs: HashMap<Signal, (usize, usize)> = HashMap::new();
        let mut order = Vec::new();
        for line in self.lines_of(group) {
            let (reach, taps) = needs.entry(line.from).or_insert_with(|| {
                order.push((line.from, key(line)));
                (0, 0)
            });
            for (lag, weights) in &line.reads {
                *reach = (*reach).max(lag + weights.len());
                *taps = (*taps).max(weights.len());
            }
        }
        for (signal, key) in order {
            let (reach, taps) = needs[&signal];
            let twice = (FRAMES + LANES + taps).next_multiple_of(LANES);
            let period = (reach + FRAMES + LANES).max(twice).next_multiple_of(LANES);
            let at = self.rings.last().map_or(0, |r| r.at + r.period + r.twice);
            if at + period + twice > MOST_MEMORY {
                let (what, found) = ("samples of delay in the graph".to_owned(), at + period);
                return Err(Error::TooLarge { what, limit: MOST_MEMORY, found });
            }
            draft.rings.insert(signal, self.rings.len() as u32);
            self.rings.push(Ring { at, period, twice, reach });
            self.keys.push((key, self.rings.len() as u32 - 1));
        }
        Ok(())
    }

    fn lines_of(&self, group: &Group) -> impl Iterator<Item = &'a Line> {
        let reduced = self.reduced;
        group.items.iter().filter_map(move |item| match item {
            Item::Line(l) => Some(&reduced.lines[*l]),
            _ => None,
        })
    }

    /// Finds the signals that need no row of their own: what a line remembers is
    /// heard in its ring, and what nobody hears but lines is made there.
    fn shorten(&self, group: &Group, draft: &mut Draft<'_>) {
        if !group.guessed.is_empty() {
            return;
        }
        let inside: HashSet<Item> = group.items.iter().copied().collect();
        let listeners = |s: Signal| self.listeners.get(&s).into_iter().flatten();
        let here = |s: Signal| listeners(s).all(|l| l.is_some_and(|item| inside.contains(&item)));
        let mut late: HashSet<Signal> = HashSet::new();
        for item in &group.items {
            let Item::Line(l) = item else { continue };
            let line = &self.reduced.lines[*l];
            if line.lag() < group.chunk {
                late.insert(line.from);
            }
            if let [(lag, taps)] = &line.reads[..]
                && taps.is_empty()
                && here(line.to)
                && self.decays(*l, line).is_none()
            {
                draft.places.read.insert(line.to, (draft.rings[&line.from], *lag as u32));
            }
        }
        for item in &group.items {
            let Item::Mix(m) = item else { continue };
            for signal in &self.reduced.mixes[*m].outputs {
                let only_lines = listeners(*signal).all(|l| matches!(l, Some(Item::Line(_))));
                if only_lines && here(*signal) && !late.contains(signal) {
                    draft.places.written.insert(*signal, draft.rings[signal]);
                }
            }
        }
    }

    /// Reads the lines `items` begin with; returns how many.
    fn lines(&mut self, items: &[Item], group: &Group, draft: &mut Draft<'_>) -> usize {
        let (mut writes, mut reads) = (Vec::new(), Vec::new());
        let (mut decays, mut loops) = (Vec::new(), Vec::new());
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
            let ring = draft.rings[&line.from];
            if !cut && draft.written.insert(line.from) {
                writes.push((draft.places.heard(line.from), ring));
            }
            made.insert(line.to);
            count += 1;
            if draft.places.read.contains_key(&line.to) {
                continue;
            }
            let to = draft.places.made(line.to);
            for (i, (lag, taps)) in line.reads.iter().enumerate() {
                let taps = taps.iter().map(|t| *t as f32).collect();
                reads.push(Read { ring, lag: *lag, taps, to, add: i > 0 });
            }
            if let Some(samples) = self.decays(*l, line) {
                decays.push((to, self.decaying.len() as u32));
                loops.push(self.looped[*l]);
                self.decaying.push(samples);
            }
        }
        draft.push(Step::Write(writes));
        draft.push(Step::Read(reads));
        self.move_lines(decays, loops, draft);
        count
    }

    /// What may be changed of lines that were just read, by their rows, and the loops
    /// they are in.
    fn move_lines(
        &mut self,
        decays: Vec<(Id, u32)>,
        loops: Vec<Option<usize>>,
        draft: &mut Draft<'_>,
    ) {
        if decays.is_empty() {
            return;
        }
        let rows: Vec<Id> = decays.iter().map(|d| d.0).collect();
        let mut steps = vec![Step::Decay(decays)];
        if self.moves.shelves {
            steps.push(Step::Shelve(self.shelves(&rows, &mut draft.places)));
        }
        if let Some(turn) = self.moves.turn {
            let pairs = self.pairs(&rows, &loops);
            steps.insert(if turn == Turn::Last { steps.len() } else { 0 }, Step::Turn(pairs));
        }
        steps.into_iter().for_each(|step| draft.push(step));
    }

    /// Shelves for the lines that were counted last, in `rows`.
    fn shelves(&mut self, rows: &[Id], places: &mut Places<'_>) -> Shelves {
        let width = rows.len().next_multiple_of(LANES);
        let mut channels: Vec<(Id, Id)> = rows.iter().map(|r| (*r, *r)).collect();
        channels.resize(width, (rows[0], places.fresh()));
        let lines = self.decaying.len() - rows.len()..self.decaying.len();
        let shelves = Shelves { channels, lines, states: self.states, coefficients: self.shelves };
        self.states += 2 * width;
        self.shelves += 4 * width;
        shelves
    }

    /// Pairs of lines of one loop, each with the next.
    fn pairs(&mut self, rows: &[Id], loops: &[Option<usize>]) -> Vec<([Id; 2], u32)> {
        let mut waiting: HashMap<usize, Id> = HashMap::new();
        let mut pairs = Vec::new();
        for (row, which) in rows.iter().zip(loops) {
            let Some(which) = which else { continue };
            match waiting.remove(which) {
                Some(other) => {
                    pairs.push(([other, *row], self.pairs as u32));
                    self.pairs += 1;
                }
                None => {
                    waiting.insert(*which, *row);
                }
            }
        }
        pairs
    }

    /// The length of a line on which the reverberation time acts.
    fn decays(&self, index: usize, line: &Line) -> Option<f64> {
        let (samples, forward) = line.delay?;
        let acts = match self.moves.decay {
            Decay::None => false,
            Decay::Loops => self.looped[index].is_some(),
            Decay::Forward => forward,
        };
        acts.then_some(samples)
    }

    /// Runs the filters `items` begin with; returns how many.
    fn filters(&mut self, items: &[Item], draft: &mut Draft<'_>) -> usize {
        // By what tells apart channels that cannot be run side by side.
        let mut banks: Vec<(Vec<bool>, Vec<Channel<'a>>)> = Vec::new();
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
                let kind: Vec<bool> = cascade.iter().map(section::is_direct_only).collect();
                match banks.iter_mut().find(|(k, _)| *k == kind) {
                    Some((_, channels)) => channels.push(channel),
                    None => banks.push((kind, vec![channel])),
                }
            }
            count += 1;
        }
        for (kind, channels) in banks {
            let bank = self.bank(kind.len(), &channels, &mut draft.places);
            draft.push(Step::Filter(bank));
        }
        count
    }

    fn bank(&mut self, sections: usize, channels: &[Channel<'_>], places: &mut Places<'_>) -> Bank {
        let width = channels.len().next_multiple_of(LANES);
        let states = self.states;
        self.states += 2 * width * sections;
        let place = |(from, to, _): &Channel<'_>| {
            let heard = places.heard(*from);
            let alone = self.listeners.get(from).is_some_and(|l| l.len() == 1);
            (heard, if alone { places.made_of(*to, *from) } else { places.made(*to) })
        };
        let mut rows: Vec<(Id, Id)> = channels.iter().map(place).collect();
        // Vectors are filled up with the first channel, for nobody.
        let nobody = (rows[0].0, places.fresh());
        rows.resize(width, nobody);
        let column = |k: usize| channels.iter().map(|c| c.2[k]).collect::<Vec<_>>();
        let sections = (0..sections).map(|k| section::sections(&column(k), width)).collect();
        Bank { channels: rows, sections, states, width, heard: channels.len() }
    }

    /// Runs the matrices `items` begin with; returns how many.
    fn mixes(&mut self, items: &[Item], draft: &mut Draft<'_>) -> usize {
        let mut some: Vec<&Mix> = Vec::new();
        let mut made: HashSet<Signal> = HashSet::new();
        for item in items {
            let Item::Mix(m) = item else { break };
            let mix = &self.reduced.mixes[*m];
            if mix.inputs.iter().any(|s| made.contains(s)) {
                break;
            }
            made.extend(&mix.outputs);
            some.push(mix);
        }
        draft.steps.extend(mix::steps(&some, &self.maker, &mut draft.places));
        some.len()
    }

    /// The path of an operation of a loop without delay: one that is solved for.
    fn name_of(&self, group: &Group) -> String {
        let made = |i: &&Item| makes(self.reduced, **i).iter().any(|s| group.guessed.contains(s));
        group.items.iter().find(made).map(|i| name(self.reduced, *i)).unwrap_or_default()
    }

    /// What each guessed signal becomes when another is one, solved.
    fn solve(&mut self, group: &Group, places: &mut Places<'_>) -> Result<Solve, Error> {
        let guessed = &group.guessed;
        let count = guessed.len();
        let mut matrix = ndarray::Array2::<f64>::eye(count);
        for (column, signal) in guessed.iter().enumerate() {
            let made = instant(self.reduced, group, *signal);
            for (row, other) in guessed.iter().enumerate() {
                matrix[(row, column)] -= made.get(other).copied().unwrap_or(0.0);
            }
        }
        let inverse =
            invert(matrix).ok_or_else(|| Error::NoSolution { what: self.name_of(group) })?;
        Ok(Solve {
            guess: guessed.iter().map(|s| places.heard(*s)).collect(),
            made: guessed.iter().map(|s| places.made(*s)).collect(),
            inverse: inverse.iter().map(|x| *x as f32).collect(),
        })
    }
}

impl Draft<'_> {
    /// Adds a step, if it does anything.
    fn push(&mut self, step: Step) {
        let idle = match &step {
            Step::Read(r) => r.is_empty(),
            Step::Write(w) => w.is_empty(),
            Step::Decay(d) => d.is_empty(),
            Step::Turn(pairs) => pairs.is_empty(),
            Step::Mirror(m) => m.is_empty(),
            _ => false,
        };
        if !idle {
            self.steps.push(step);
        }
    }

    /// Writes the rings that nobody has waited for.
    fn finish(&mut self) {
        let mut left: Vec<(u32, Signal)> = self.rings.iter().map(|(s, ring)| (*ring, *s)).collect();
        left.retain(|(_, signal)| !self.written.contains(signal));
        left.sort_unstable();
        let (direct, rest): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|(_, s)| self.places.written.contains_key(s));
        let writes = rest.iter().map(|(ring, s)| (self.places.heard(*s), *ring)).collect();
        self.push(Step::Write(writes));
        self.push(Step::Mirror(direct.iter().map(|(ring, _)| *ring).collect()));
    }
}

fn name(reduced: &Reduced, item: Item) -> String {
    match item {
        Item::Mix(m) => reduced.mixes[m].name.clone(),
        Item::Filter(f) => reduced.filters[f].name.clone(),
        Item::Line(l) => reduced.lines[l].name.clone(),
    }
}

/// What tells a line from others, in whatever network it is.
fn key(line: &Line) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&line.name, line.channel).hash(&mut hasher);
    hasher.finish()
}
