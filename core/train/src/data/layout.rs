//! Test signals that are known: where they click, are silent, and say the same twice.
//!
//! They are recognised by what they are made of and not by a checksum, so another level,
//! word length or sample rate does not matter. The times of the inputs of Neural Amp
//! Modeler are those of its trainer (neural-amp-modeler 0.13, `nam/train/core.py`).

use std::ops::Range;

use super::signal::{SWEEP, sweep};

/// Seconds from the start, or if negative from the end.
type Span = (f64, f64);

/// Where the parts of a known test signal are.
#[derive(Debug, PartialEq)]
pub struct Layout {
    name: &'static str,
    /// Seconds; the least where no `length` is known for certain.
    length: Length,
    /// The rate at which times are meant, where no other is in use.
    rate: Option<f64>,
    /// Clicks after silence.
    blips: &'static [f64],
    silence: &'static [Span],
    train: Span,
    held_out: Span,
    /// A passage that comes twice.
    twice: Option<(Span, Span)>,
    /// White noise, by which signals without such a passage are told from others.
    white: Option<Span>,
    /// When [`sweep`] starts.
    sweep: Option<f64>,
}

#[derive(Debug, PartialEq)]
enum Length {
    Exactly(f64),
    AtLeast(f64),
}

/// What [`super::signal`] makes.
static KILN: Layout = Layout {
    name: "Kiln's test signal",
    length: Length::Exactly(180.0),
    rate: None,
    blips: &[1.5, 2.5, 178.5, 179.5],
    silence: &[(0.3, 1.4), (13.3, 13.9), (166.4, 166.9), (177.3, 178.4)],
    train: (13.0, 166.0),
    held_out: (3.0, 13.0),
    twice: Some(((3.0, 13.0), (167.0, 177.0))),
    white: None,
    sweep: Some(14.0),
};

/// Neural Amp Modeler's first inputs, 1.0.0 and 1.1.1.
static NAM_1: Layout = Layout {
    name: "Neural Amp Modeler's input, version 1",
    length: Length::AtLeast(60.0),
    rate: None,
    blips: &[0.25, 0.75],
    silence: &[(0.0, 0.125)],
    train: (0.0, -9.0),
    held_out: (-9.0, 0.0),
    twice: None,
    white: Some((4.25, 5.75)),
    sweep: None,
};

static NAM_2: Layout = Layout {
    name: "Neural Amp Modeler's input, version 2",
    length: Length::Exactly(191.0),
    rate: None,
    blips: &[0.5, 1.5, 189.5, 190.5],
    silence: &[(0.25, 0.375)],
    train: (0.0, 171.0),
    held_out: (171.0, 180.0),
    twice: Some(((171.0, 180.0), (180.0, 189.0))),
    white: None,
    sweep: None,
};

static NAM_3: Layout = Layout {
    name: "Neural Amp Modeler's input, version 3",
    length: Length::Exactly(190.0),
    rate: None,
    blips: &[10.5, 11.5],
    silence: &[(10.25, 10.375)],
    train: (10.0, 181.0),
    held_out: (181.0, 190.0),
    twice: Some(((0.0, 9.0), (181.0, 190.0))),
    white: None,
    sweep: None,
};

/// The capture signal of GuitarML's Proteus, 9 298 872 samples. Its click on the first
/// sample is of no use, for nothing precedes it.
static PROTEUS: Layout = Layout {
    name: "Proteus's capture signal, version 4",
    length: Length::Exactly(9_298_872.0 / 44100.0),
    rate: Some(44100.0),
    blips: &[0.5],
    silence: &[(0.136, 0.272)],
    train: (1.0, -10.0),
    held_out: (-10.0, 0.0),
    twice: None,
    white: Some((9.5, 16.5)),
    sweep: None,
};

static ALL: [&Layout; 5] = [&KILN, &NAM_3, &NAM_2, &NAM_1, &PROTEUS];

/// A layout found in a dry recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recognised {
    layout: &'static Layout,
    rate: f64,
    /// Samples in the recording.
    samples: usize,
    /// Samples by which it starts late, or early.
    offset: i64,
}

impl Layout {
    /// What the signal is called.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The known test signal that `dry` is, at `rate` samples per second, if it is one. It
    /// may start, if it is ours, a quarter of a second early or late.
    pub fn recognise(dry: &[f32], rate: f64) -> Option<Recognised> {
        ALL.into_iter().find_map(|layout| layout.fits(dry, rate))
    }

    fn fits(&'static self, dry: &[f32], rate: f64) -> Option<Recognised> {
        let right_rate = self.rate.is_none_or(|own| (own - rate).abs() < 1.0);
        let seconds = dry.len() as f64 / rate;
        let (Length::Exactly(least) | Length::AtLeast(least)) = self.length;
        if !right_rate || seconds < least - 0.3 {
            return None;
        }
        let mut found = Recognised { layout: self, rate, samples: dry.len(), offset: 0 };
        // Others begin with clicks that could be taken for each other.
        let slack = if self.sweep.is_some() { 0.25 } else { 1e-3 };
        let first = *self.blips.first()?;
        let area = found.range((first - slack, first + slack), dry.len());
        let at = area.start as i64 + loudest(&dry[area])? as i64;
        found.offset = at - (first * rate).round() as i64;
        let fits = self.blips.iter().all(|&blip| found.clicks(dry, blip))
            && self.twice.is_none_or(|(a, b)| {
                like(&dry[found.range(a, dry.len())], &dry[found.range(b, dry.len())])
            })
            && self.white.is_none_or(|span| is_white(&dry[found.range(span, dry.len())]))
            && self.sweep.is_none_or(|at| {
                // Up to 1.5 kHz, which every rate has.
                let own = sweep(rate, 0.0);
                let span = found.range((at, at + SWEEP * 0.6), dry.len());
                like(&dry[span], &own[..(own.len() * 3 / 5)])
            });
        fits.then_some(found)
    }
}

impl Recognised {
    /// The signal that was found.
    pub fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// Whether there is an isolated click at `blip` seconds: within half a millisecond the
    /// highest peak, 40 dB above all that is near.
    fn clicks(&self, dry: &[f32], blip: f64) -> bool {
        let near = |from: f64, to: f64| &dry[self.range((blip + from, blip + to), dry.len())];
        let most = |part: &[f32]| part.iter().fold(0.0, |a: f32, x| a.max(x.abs()));
        let click = most(near(-0.5e-3, 0.5e-3));
        let around = most(near(-0.1, -1e-3)).max(most(near(5e-3, 0.1)));
        click > 1e-3 && around < 0.01 * click
    }

    /// The samples of `span`, of `samples` that there are.
    fn range(&self, span: Span, samples: usize) -> Range<usize> {
        let place = |seconds: f64, is_end: bool| {
            let from_end = seconds < 0.0 || (is_end && seconds == 0.0);
            let base = if from_end { self.samples as i64 } else { self.offset };
            let at = base + (seconds * self.rate).round() as i64;
            at.clamp(0, samples as i64) as usize
        };
        let (start, end) = (place(span.0, false), place(span.1, true));
        start..end.max(start)
    }

    /// Where to learn.
    pub(super) fn train(&self) -> Range<usize> {
        self.range(self.layout.train, self.samples)
    }

    /// Where not to learn but to listen.
    pub(super) fn held_out(&self) -> Range<usize> {
        self.range(self.layout.held_out, self.samples)
    }

    /// Where the dry says nothing, and has not for long.
    pub(super) fn silence(&self) -> Vec<Range<usize>> {
        self.layout.silence.iter().map(|&span| self.range(span, self.samples)).collect()
    }

    /// A passage and its repetition.
    pub(super) fn twice(&self) -> Option<(Range<usize>, Range<usize>)> {
        let (a, b) = self.layout.twice?;
        Some((self.range(a, self.samples), self.range(b, self.samples)))
    }

    /// The samples that click.
    pub(super) fn blips(&self) -> Vec<usize> {
        let start = |&at: &f64| self.range((at, at), self.samples).start;
        self.layout.blips.iter().map(start).collect()
    }
}

/// Where the loudest sample is, the first of a plateau.
fn loudest(samples: &[f32]) -> Option<usize> {
    let most = samples.iter().fold(0.0, |a: f32, x| a.max(x.abs()));
    samples.iter().position(|x| x.abs() >= 0.999 * most && most > 0.0)
}

/// Whether two passages are one at any level: correlated by more than 0.99.
fn like(a: &[f32], b: &[f32]) -> bool {
    let sum = |x: &[f32], y: &[f32]| -> f64 {
        x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
    };
    let common = a.len().min(b.len());
    let (a, b) = (&a[..common], &b[..common]);
    let power = (sum(a, a) * sum(b, b)).sqrt();
    // A passage that a take lacks for the most part is not compared.
    power > 0.0 && sum(a, b) > 0.99 * power
}

/// Whether each sample says little about the next.
fn is_white(samples: &[f32]) -> bool {
    let pairs = samples.windows(2).map(|w| f64::from(w[0]) * f64::from(w[1]));
    let power: f64 = samples.iter().map(|&x| f64::from(x).powi(2)).sum();
    power > 1e-9 * samples.len() as f64 && pairs.sum::<f64>().abs() < 0.3 * power
}
