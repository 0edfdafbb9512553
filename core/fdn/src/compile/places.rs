//! Where signals lie.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::network::Signal;
use crate::plan::{Id, Moving, Place, Ring, Row, STRIDE};

/// The rows of a plan, and the signals that have them.
#[derive(Default)]
pub(super) struct Rows {
    of: HashMap<Signal, Row>,
    count: usize,
}

impl Rows {
    /// The row of a signal.
    pub(super) fn of(&mut self, signal: Signal) -> Row {
        match self.of.get(&signal) {
            Some(row) => *row,
            None => {
                let row = self.fresh();
                self.of.insert(signal, row);
                row
            }
        }
    }

    /// A row of nobody.
    fn fresh(&mut self) -> Row {
        self.count += 1;
        ((self.count - 1) * STRIDE) as Row
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }
}

/// The places of a stage.
pub(super) struct Places<'a> {
    rows: &'a mut Rows,
    all: &'a mut Vec<Place>,
    ids: HashMap<Place, Id>,
    /// Signals heard where a ring remembers them: ring and lag.
    pub(super) read: HashMap<Signal, (u32, u32)>,
    /// Signals made where a ring will remember them.
    pub(super) written: HashMap<Signal, u32>,
    /// Signals that are solved for: heard in their rows, and made in another.
    solved: HashMap<Signal, Row>,
    /// Signals whose rows this stage has filled.
    pub(super) filled: HashSet<Signal>,
}

impl<'a> Places<'a> {
    /// Of a stage that solves for `guessed`.
    pub(super) fn new(rows: &'a mut Rows, all: &'a mut Vec<Place>, guessed: &[Signal]) -> Self {
        let solved = guessed.iter().map(|s| (*s, rows.fresh())).collect();
        let (ids, read, written) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { rows, all, ids, read, written, solved, filled: HashSet::new() }
    }

    fn id(&mut self, place: Place) -> Id {
        *self.ids.entry(place).or_insert_with(|| {
            self.all.push(place);
            (self.all.len() - 1) as Id
        })
    }

    /// Where a signal is heard.
    pub(super) fn heard(&mut self, signal: Signal) -> Id {
        let place = match self.read.get(&signal) {
            Some((ring, lag)) => Place::Ring(*ring, *lag),
            None => Place::Row(self.rows.of(signal)),
        };
        self.id(place)
    }

    /// Where a signal is made.
    pub(super) fn made(&mut self, signal: Signal) -> Id {
        self.filled.insert(signal);
        let place = match (self.solved.get(&signal), self.written.get(&signal)) {
            (Some(row), _) => Place::Row(*row),
            (None, Some(ring)) => Place::Ring(*ring, 0),
            (None, None) => Place::Row(self.rows.of(signal)),
        };
        self.id(place)
    }

    /// Where a signal that is made of `from` alone is made, nobody else hearing
    /// `from`: in the same row, if it has one that is free after this stage.
    pub(super) fn made_of(&mut self, signal: Signal, from: Signal) -> Id {
        let free = self.filled.contains(&from) && !self.read.contains_key(&from);
        let plain = |s| !self.solved.contains_key(&s) && !self.written.contains_key(&s);
        if free && plain(signal) && plain(from) {
            let row = self.rows.of(from);
            self.rows.of.insert(signal, row);
        }
        self.made(signal)
    }

    /// A row of nobody.
    pub(super) fn fresh(&mut self) -> Id {
        let row = self.rows.fresh();
        self.id(Place::Row(row))
    }
}

/// Those of some places that are in rings.
pub(super) fn moving(
    some: Range<usize>,
    places: &[Place],
    rings: &[Ring],
    rows: usize,
) -> Vec<Moving> {
    let moving = |id: usize| {
        let Place::Ring(number, lag) = places[id] else { return None };
        let ring = &rings[number as usize];
        let (start, period) = ((rows * STRIDE + ring.at) as u32, ring.period as u32);
        Some(Moving { id: id as Id, ring: number, start, period, lag })
    };
    some.filter_map(moving).collect()
}
