//! Filters in a row whose corners, resonances and gains are parameters.

use std::ops::Range;

use nn::{Coefficients, Filter, FilterKind};

/// Bounds of what is fitted: hertz from the first of these to a share of the rate, then
/// resonance and gain in dB.
const LOWEST: f64 = 4.0;
const HIGHEST: f64 = 0.45;
const Q: [f64; 2] = [0.2, 8.0];
const GAIN: [f64; 2] = [-40.0, 40.0];

/// How many parameters a filter has: the logarithm of its frequency, then, if they mean
/// something to it, that of its resonance, and its gain in dB.
pub(super) fn parameters(kind: FilterKind) -> usize {
    1 + usize::from(has_q(kind)) + usize::from(has_gain(kind))
}

/// Whether it is of second order.
pub(super) fn has_q(kind: FilterKind) -> bool {
    use FilterKind::{HighPass, HighShelf, LowPass, LowShelf, Peak};
    matches!(kind, LowPass | HighPass | LowShelf | HighShelf | Peak)
}

/// Whether it is a shelf or a peak.
pub(super) fn has_gain(kind: FilterKind) -> bool {
    use FilterKind::{HighPass, HighPass1, LowPass, LowPass1};
    !matches!(kind, LowPass | HighPass | LowPass1 | HighPass1)
}

/// The filter that parameters stand for.
pub(super) fn filter(kind: FilterKind, parameters: &[f64]) -> Filter {
    let mut rest = parameters.iter().copied();
    let hz = rest.next().unwrap_or_default().exp();
    let q = if has_q(kind) { rest.next() } else { None };
    let gain = if has_gain(kind) { rest.next() } else { None };
    let q = q.map_or(std::f64::consts::FRAC_1_SQRT_2, f64::exp);
    Filter { kind, hz, q, gain: gain.unwrap_or(0.0) }
}

/// The parameters of a filter.
pub(super) fn of(filter: &Filter) -> Vec<f64> {
    let mut all = vec![filter.hz.ln()];
    all.extend(has_q(filter.kind).then(|| filter.q.ln()));
    all.extend(has_gain(filter.kind).then_some(filter.gain));
    all
}

/// Brings parameters of a filter back to where they have a meaning at `rate`.
pub(super) fn confine(kind: FilterKind, parameters: &mut [f64], rate: f64) {
    let mut bounds = vec![[LOWEST.ln(), (HIGHEST * rate).ln()]];
    bounds.extend(has_q(kind).then(|| Q.map(f64::ln)));
    bounds.extend(has_gain(kind).then_some(GAIN));
    for (p, [low, high]) in parameters.iter_mut().zip(bounds) {
        *p = p.clamp(low, high);
    }
}

/// A sound and its derivatives by parameters, as it passes filters.
#[derive(Clone, Debug, Default)]
pub(super) struct Signal {
    pub(super) value: Vec<f64>,
    /// One for each parameter of the filters passed, if they are asked for.
    pub(super) tangents: Vec<Vec<f64>>,
}

/// One filter with the derivatives of its coefficients.
#[derive(Clone, Debug)]
struct Section {
    at: Coefficients,
    slopes: Vec<Coefficients>,
}

/// Filters in a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    sections: Vec<Section>,
}

/// What the sections of a row remember of a signal and its derivatives.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// For each section that of the value, of what came with it, and of its own parameters.
    sections: Vec<Vec<[f64; 2]>>,
}

impl Row {
    /// The filters of `kinds` at `rate`, their parameters one after the other.
    pub(super) fn new(kinds: &[FilterKind], all: &[f64], rate: f64, slopes: bool) -> Self {
        let mut rest = all;
        let section = |kind: &FilterKind| {
            let (own, others) = rest.split_at(parameters(*kind).min(rest.len()));
            rest = others;
            Section::new(*kind, own, rate, slopes)
        };
        Self { sections: kinds.iter().map(section).collect() }
    }

    /// At rest, for signals that come with so many derivatives.
    pub(super) fn state(&self, tangents: usize) -> State {
        let mut count = 1 + tangents;
        let sections = self.sections.iter().map(|section| {
            count += section.slopes.len();
            vec![[0.0; 2]; count]
        });
        State { sections: sections.collect() }
    }

    /// Filters a signal from `state` on. Derivatives of the parameters here join those it
    /// comes with.
    pub(super) fn run(&self, state: &mut State, signal: &mut Signal) {
        for (section, states) in self.sections.iter().zip(&mut state.sections) {
            section.run(states, signal);
        }
    }

    /// The coefficients of each.
    pub(super) fn coefficients(&self) -> impl Iterator<Item = &Coefficients> {
        self.sections.iter().map(|section| &section.at)
    }
}

impl State {
    /// Adds `other` times a number: what filters remember adds up.
    pub(super) fn add(&mut self, other: &Self, times: f64) {
        for (a, b) in self.sections.iter_mut().flatten().zip(other.sections.iter().flatten()) {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += times * b);
        }
    }

    /// What each section remembers of the value.
    pub(super) fn values(&self) -> impl Iterator<Item = [f64; 2]> {
        self.sections.iter().map(|states| states[0])
    }
}

impl Section {
    /// The coefficients are few and smooth, so differences tell their slopes to nine
    /// digits and the formulas stay in one place.
    fn new(kind: FilterKind, parameters: &[f64], rate: f64, slopes: bool) -> Self {
        const H: f64 = 1e-5;
        let at = |p: &[f64]| filter(kind, p).at(rate);
        let slope = |i: usize| {
            let moved = |h: f64| {
                let mut p = parameters.to_vec();
                p[i] += h;
                at(&p)
            };
            let (above, below) = (moved(H), moved(-H));
            let slope = |a: f64, b: f64| (a - b) / (2.0 * H);
            Coefficients {
                b: [0, 1, 2].map(|i| slope(above.b[i], below.b[i])),
                a: [0, 1].map(|i| slope(above.a[i], below.a[i])),
            }
        };
        let slopes: Range<usize> = 0..if slopes { parameters.len() } else { 0 };
        Self { at: at(parameters), slopes: slopes.map(slope).collect() }
    }

    fn run(&self, states: &mut [[f64; 2]], signal: &mut Signal) {
        let came = signal.tangents.len();
        let input = if self.slopes.is_empty() { Vec::new() } else { signal.value.clone() };
        filtered(&self.at, &mut states[0], &mut signal.value);
        for (tangent, state) in signal.tangents.iter_mut().zip(&mut states[1..]) {
            filtered(&self.at, state, tangent);
        }
        for (slope, state) in self.slopes.iter().zip(&mut states[1 + came..]) {
            signal.tangents.push(self.sensitivity(slope, state, &input, &signal.value));
        }
    }

    /// The derivative of the output `y` to input `x` by a parameter: the difference
    /// equation differentiated, with the same poles.
    fn sensitivity(
        &self,
        slope: &Coefficients,
        state: &mut [f64; 2],
        x: &[f64],
        y: &[f64],
    ) -> Vec<f64> {
        let (own, [mut s1, mut s2]) = (self.at.a, *state);
        let d = x.iter().zip(y).map(|(x, y)| {
            let d = slope.b[0] * x + s1;
            s1 = slope.b[1] * x - slope.a[0] * y - own[0] * d + s2;
            s2 = slope.b[2] * x - slope.a[1] * y - own[1] * d;
            d
        });
        let d = d.collect();
        *state = [s1, s2];
        d
    }
}

/// A section in transposed direct form II, in place.
pub(super) fn filtered(at: &Coefficients, state: &mut [f64; 2], io: &mut [f64]) {
    let [mut s1, mut s2] = *state;
    for x in io {
        let y = at.b[0] * *x + s1;
        s1 = at.b[1] * *x - at.a[0] * y + s2;
        s2 = at.b[2] * *x - at.a[1] * y;
        *x = y;
    }
    *state = [s1, s2];
}
