//! Solves the sums of a component away: what each of its lines hears of the others.

use std::collections::HashMap;

use nalgebra::DMatrix;

use super::components::{Components, components};
use super::loops::{Line, Maker, Part};

/// What each line hears of each line: sparse rows.
pub(super) type Rows = Vec<Vec<(usize, f64)>>;

/// A component on the way to a loop.
pub(super) struct Component<'a> {
    makers: &'a [Maker],
    /// For each signal of the component, its place in it.
    place: HashMap<usize, usize>,
    group: &'a [usize],
    /// For each place, of which lines its signal is the sum.
    sums: Vec<Vec<(usize, f64)>>,
    lines: Vec<(usize, Line)>,
}

impl<'a> Component<'a> {
    /// With every sum solved; none if that cannot be done.
    pub(super) fn new(group: &'a [usize], makers: &'a [Maker]) -> Option<Self> {
        let place = group.iter().enumerate().map(|(p, s)| (*s, p)).collect();
        let sums = vec![Vec::new(); group.len()];
        let mut part = Self { makers, place, group, sums, lines: Vec::new() };
        for (p, signal) in group.iter().enumerate() {
            if let Maker::Line(from, line) = &makers[*signal] {
                part.sums[p] = vec![(part.lines.len(), 1.0)];
                part.lines.push((*from, line.clone()));
            }
        }
        let heard: Vec<Vec<usize>> =
            (0..group.len()).map(|p| part.terms(p).iter().map(|t| t.0).collect()).collect();
        for cycle in components(&heard).groups {
            if Components::is_cycle(&cycle, &heard) {
                part.solve_cycle(&cycle)?;
            } else if matches!(makers[group[cycle[0]]], Maker::Sum(_)) {
                part.sums[cycle[0]] = part.gather(&part.terms(cycle[0]));
            }
        }
        Some(part)
    }

    /// What a sum hears within the component, by place.
    fn terms(&self, place: usize) -> Vec<(usize, f64)> {
        match &self.makers[self.group[place]] {
            Maker::Sum(terms) => {
                terms.iter().filter_map(|(s, g)| Some((*self.place.get(s)?, *g))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A sum of sums, as one of lines.
    fn gather(&self, terms: &[(usize, f64)]) -> Vec<(usize, f64)> {
        if let [(place, gain)] = terms {
            return self.sums[*place].iter().map(|(l, g)| (*l, g * gain)).collect();
        }
        let mut all = vec![0.0; self.lines.len()];
        for (place, gain) in terms {
            for (line, g) in &self.sums[*place] {
                all[*line] += g * gain;
            }
        }
        all.into_iter().enumerate().filter(|(_, g)| *g != 0.0).collect()
    }

    /// Solves sums that hear one another: x = T·x + what they hear of others.
    fn solve_cycle(&mut self, cycle: &[usize]) -> Option<()> {
        let at: HashMap<usize, usize> = cycle.iter().enumerate().map(|(i, p)| (*p, i)).collect();
        let mut system = DMatrix::<f64>::identity(cycle.len(), cycle.len());
        let mut given = DMatrix::<f64>::zeros(cycle.len(), self.lines.len());
        for (i, place) in cycle.iter().enumerate() {
            let (own, others): (Vec<_>, Vec<_>) =
                self.terms(*place).into_iter().partition(|t| at.contains_key(&t.0));
            own.iter().for_each(|(p, g)| system[(i, at[p])] -= g);
            self.gather(&others).iter().for_each(|(l, g)| given[(i, *l)] += g);
        }
        let size = system.amax();
        let lu = system.lu();
        let pivot = lu.u().diagonal().iter().fold(f64::INFINITY, |a, b| a.min(b.abs()));
        // So near to no solution, what we found is rounding.
        if pivot.is_nan() || pivot <= 1e-12 * size {
            return None;
        }
        lu.solve_mut(&mut given).then_some(())?;
        for (i, place) in cycle.iter().enumerate() {
            let row = given.row(i);
            let row = row.iter().enumerate().filter(|(_, g)| **g != 0.0);
            self.sums[*place] = row.map(|(l, g)| (l, *g)).collect();
        }
        Some(())
    }

    /// Lines, and what each hears of them.
    pub(super) fn solve(self) -> Option<(Vec<Line>, Rows)> {
        let rows = self.lines.iter().map(|(from, _)| {
            self.place.get(from).map_or_else(Vec::new, |place| self.sums[*place].clone())
        });
        let rows: Rows = rows.collect();
        if rows.iter().flatten().any(|(_, g)| !g.is_finite()) {
            return None;
        }
        Some(merge(self.lines.into_iter().map(|(_, l)| l).collect(), rows))
    }
}

/// Makes one line of those that only hear one another, one after the other.
fn merge(lines: Vec<Line>, rows: Rows) -> (Vec<Line>, Rows) {
    let mut listeners = vec![0; lines.len()];
    rows.iter().flatten().for_each(|(l, _)| listeners[*l] += 1);
    let only = |l: usize| match rows[l][..] {
        [(before, gain)] if listeners[before] == 1 => Some((before, gain)),
        _ => None,
    };
    let mut after: Vec<Option<(usize, f64)>> = vec![None; lines.len()];
    (0..lines.len()).filter_map(|l| only(l).map(|(b, g)| (l, b, g))).for_each(|(l, b, g)| {
        after[b] = Some((l, g));
    });
    let mut heads: Vec<usize> = (0..lines.len()).filter(|l| only(*l).is_none()).collect();
    // If all are one after the other in a circle, it begins anywhere.
    if heads.is_empty() && !lines.is_empty() {
        heads.push(0);
    }
    let mut place = vec![0; lines.len()];
    let mut merged = Vec::new();
    for head in &heads {
        let mut line = lines[*head].clone();
        let mut last = *head;
        while let Some((next, gain)) = after[last].filter(|(next, _)| next != head) {
            let add = lines[next].clone();
            line.name = format!("{} {}", line.name, add.name);
            if gain != 1.0 {
                line.parts.push(Part::Gain(gain));
            }
            line.parts.extend(add.parts);
            line.made = add.made;
            line.delay += add.delay;
            line.whole &= add.whole;
            line.response.append(add.response);
            line.response.gain *= gain;
            last = next;
        }
        place[last] = merged.len();
        merged.push(line);
    }
    let rows = heads.iter().map(|h| rows[*h].iter().map(|(l, g)| (place[*l], *g)).collect());
    (merged, rows.collect())
}
