//! Filters around a network without memory, fitted by Levenberg and Marquardt's method.
//!
//! Two kinds of models: a curve, and filters, branches of filters, one hidden layer of
//! tanh and filters again, with knobs as further inputs of the network. Both play at any
//! rate as they were recorded at theirs, and can be oversampled. Corners, resonances and
//! gains of the filters are fitted with the weights, all by exact derivatives, from
//! several beginnings; nothing needs to be known of the gear.

mod filters;
mod fit;
mod lessons;
mod network;
mod pass;
mod problem;
mod shape;
mod start;
mod tanh;

use std::ops::Range;

use nn::{FilterKind, Knob};

pub use fit::fit;
pub use network::{About, Network};

/// A filter that is to be fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// What it does.
    pub kind: FilterKind,
    /// Hz between which its corner or centre is at first. It may leave them.
    pub hz: [f64; 2],
}

/// What is to be fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// Hidden units.
    pub hidden: usize,
    /// Filters that all sound passes first.
    pub pre: Vec<Place>,
    /// Rows of filters, each an input of the network. At least one, which may be empty.
    pub branches: Vec<Vec<Place>>,
    /// Filters behind the network.
    pub post: Vec<Place>,
    /// What can be turned, in the order of [`Sound::knobs`].
    pub knobs: Vec<Knob>,
    /// 0 weighs passages by their energy, as the error-to-signal ratio does, 1 all alike.
    pub quiet: f64,
    /// The same one gives the same result.
    pub seed: u64,
}

impl Design {
    /// A curve, or a surface over the knobs, of 16 hidden units.
    pub fn curve(knobs: Vec<Knob>) -> Self {
        let (branches, none) = (vec![Vec::new()], Vec::new);
        Self { hidden: 16, pre: none(), branches, post: none(), knobs, quiet: 0.0, seed: 0 }
    }

    /// What most distortion pedals are made of: coupling capacitors, a stage that clips
    /// some frequencies more than others, a tone network. 24 hidden units.
    pub fn pedal(knobs: Vec<Knob>) -> Self {
        use FilterKind::{HighPass1, HighShelf1, LowPass1, Peak};
        let place = |kind, low, high| Place { kind, hz: [low, high] };
        Self {
            hidden: 24,
            pre: vec![place(HighPass1, 8.0, 60.0)],
            branches: vec![
                vec![],
                vec![place(HighPass1, 150.0, 1500.0)],
                vec![place(LowPass1, 200.0, 2000.0)],
                vec![place(HighPass1, 100.0, 800.0), place(LowPass1, 1500.0, 8000.0)],
            ],
            post: vec![
                place(HighPass1, 8.0, 40.0),
                place(LowPass1, 3000.0, 16_000.0),
                place(HighShelf1, 500.0, 4000.0),
                place(Peak, 200.0, 3000.0),
            ],
            knobs,
            quiet: 0.3,
            seed: 0,
        }
    }

    fn is_curve(&self) -> bool {
        self.pre.is_empty() && self.post.is_empty() && self.branches.iter().all(Vec::is_empty)
    }
}

/// A pair of recordings, in time with each other, of one setting of the gear.
#[derive(Clone, Debug)]
pub struct Sound<'a> {
    /// What went in; 1 is digital full scale.
    pub dry: &'a [f32],
    /// What came out, as long.
    pub wet: &'a [f32],
    /// Where each of [`Design::knobs`] stood, in its own unit.
    pub knobs: Vec<f32>,
    /// Samples to learn from.
    pub train: Vec<Range<usize>>,
    /// Samples to be judged by; empty for none of this recording.
    pub held_out: Range<usize>,
}

/// When to end. Whatever it allows, a fit ends when it gets no better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Seconds at most. What comes of a fit that they end depends on the machine.
    pub seconds: f64,
    /// Steps of all beginnings at most.
    pub iterations: usize,
}

/// How far a fit is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Steps made.
    pub iteration: usize,
    /// Seconds spent.
    pub seconds: f64,
    /// Error-to-signal ratio of the model at hand where it learns, weighted as
    /// [`Design::quiet`] says.
    pub learning: f64,
    /// The best model so far on what is held out, and its error-to-signal ratio there.
    pub best: Option<&'a Fitted>,
}

/// A model that was fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The model.
    pub network: Network,
    /// Its error-to-signal ratio on what was held out; on what it learnt from if nothing was.
    pub esr: f64,
    /// Steps made before it was found.
    pub iterations: usize,
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
