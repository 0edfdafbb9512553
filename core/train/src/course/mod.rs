//! A course of lessons: from pairs of recordings to a trained network.
//!
//! Curves and pedals are fitted by least squares, all others taught by gradients in
//! epochs, with a checkpoint after each. Both tell an observer how far they are and hand
//! out the best network so far, to be heard while it learns.

mod chain;
mod checkpoint;
mod class;
mod epochs;
mod feed;
mod recall;
mod squares;
mod trained;

use std::ops::ControlFlow;
use std::path::PathBuf;

use nn::Knob;

use crate::data::Pair;
use crate::report::Point;
use crate::{Error, loss, optimiser};

pub use checkpoint::{is_checkpoint, planned};
pub use class::Class;
pub use trained::{Format, Net, Trained};

/// What to learn: recordings of one piece of gear, a pair for each setting of its knobs.
#[derive(Clone, Debug)]
pub struct Lessons {
    /// The knobs that were turned between pairs; none for one setting.
    pub knobs: Vec<Knob>,
    /// The pairs, all of one rate, with where the knobs stood, in their own units.
    pub pairs: Vec<(Pair, Vec<f32>)>,
}

/// How to teach.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What to teach.
    pub class: Class,
    /// The same one gives the same network on the same kind of machine.
    pub seed: u64,
    /// Threads to use.
    pub threads: usize,
    /// Times that all recordings are heard, at most. For what is fitted, steps.
    pub epochs: u64,
    /// Seconds after which to be content with what there is.
    pub seconds: Option<f64>,
    /// Epochs without progress on held-out sound after which to end.
    pub patience: u64,
    /// Sequences that are heard before each step.
    pub batch: usize,
    /// Samples of a sequence that count.
    pub length: usize,
    /// Whether a recurrent network adds its input to its output. Not all formats can say
    /// so; see [`Net::file`].
    pub skip: bool,
    /// How wrong an answer is.
    pub loss: loss::Options,
    /// What is done about it.
    pub optimiser: optimiser::Options,
    /// Where to keep what it takes to go on after an interruption. If there is something
    /// of the same course, it goes on from there.
    pub checkpoint: Option<PathBuf>,
}

/// How far a course is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Epochs that are over, and all there are to be.
    pub epochs: [u64; 2],
    /// Steps made, and all there are to be.
    pub steps: [u64; 2],
    /// Seconds of work, those before an interruption included.
    pub seconds: f64,
    /// Mean loss of late.
    pub loss: f64,
    /// The best network on held-out sound so far.
    pub best: Option<&'a Trained>,
    /// Whether it is better than when this was last told.
    pub improved: bool,
}

/// What came of a course.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The best network on held-out sound.
    pub trained: Trained,
    /// How it came about.
    pub history: Vec<Point>,
    /// Seconds of work.
    pub seconds: f64,
    /// Why it ended.
    pub end: End,
}

/// Why a course ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// All epochs are over, or nothing was left to gain.
    Done,
    /// There was no progress on held-out sound for as long as patience lasts.
    Patience,
    /// The time was up.
    Time,
    /// The observer wanted no more.
    Stopped,
}

/// Teaches `lessons` as `settings` say; `observer` is told of every step.
///
/// # Errors
/// If the lessons do not fit together or to the settings, nothing can be learnt from them,
/// or a checkpoint cannot be read or written.
pub fn teach(
    lessons: &Lessons,
    settings: &Settings,
    observer: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> Result<Outcome, Error> {
    lessons.check()?;
    match &settings.class {
        Class::Curve { .. } | Class::Pedal { .. } => squares::teach(lessons, settings, observer),
        _ => epochs::teach(lessons, settings, observer),
    }
}

/// An untaught network of the class, to find out early whether a file can hold it. `None`
/// for what is fitted, which has no weights before.
///
/// # Errors
/// As [`teach`].
pub fn untaught(lessons: &Lessons, settings: &Settings) -> Result<Option<Net>, Error> {
    lessons.check()?;
    match &settings.class {
        Class::Curve { .. } | Class::Pedal { .. } => Ok(None),
        _ => epochs::untaught(lessons, settings).map(Some),
    }
}

impl Lessons {
    /// Samples per second of all pairs.
    pub fn rate(&self) -> f64 {
        self.pairs.first().map_or(0.0, |(pair, _)| pair.rate)
    }

    fn check(&self) -> Result<(), Error> {
        let rate = self.rate();
        if self.pairs.is_empty() {
            return Err(Error::setting("lessons", "at least one pair of recordings", "none"));
        }
        for (i, (pair, knobs)) in self.pairs.iter().enumerate() {
            if pair.rate != rate {
                let expected = format!("{rate} Hz, as the first");
                return Err(Error::setting(format!("rate of pair {}", i + 1), expected, pair.rate));
            }
            if knobs.len() != self.knobs.len() {
                let expected = format!("a place for each of {} knobs", self.knobs.len());
                return Err(Error::setting(format!("pair {}", i + 1), expected, knobs.len()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
