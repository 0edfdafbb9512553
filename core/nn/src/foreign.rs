//! Networks that another runtime runs, seen as models like all others.

use std::sync::Arc;
use std::time::Duration;

use crate::Engine;

/// How a host cuts what it passes to an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// Always this many samples.
    Fixed(usize),
    /// Any number up to this, in any order.
    UpTo(usize),
}

impl Blocks {
    /// Samples of the longest.
    pub fn longest(self) -> usize {
        match self {
            Self::Fixed(n) | Self::UpTo(n) => n,
        }
    }
}

/// Where an engine is to play, which decides how late it is if it works beside the
/// audio thread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Of the engine's input, in Hz.
    pub sample_rate: f64,
    /// All that a host passes in one callback counts as one block, however the effects
    /// cut it on its way to the engine.
    pub blocks: Blocks,
    /// Nobody waits for the sound: what takes long may be computed in
    /// [`Engine::process`] itself, which may then allocate.
    pub offline: bool,
}

impl Place {
    /// For one who renders a file, at no more latency than the network needs.
    pub fn offline(sample_rate: f64) -> Self {
        Self { sample_rate, blocks: Blocks::UpTo(1), offline: true }
    }
}

/// A checked network that another runtime runs; shared by all of its engines.
pub trait Foreign: Send + Sync {
    /// One running mono channel. What fails only now is told by the engine's
    /// [`Report`], and the engine passes its input on, as late as it says.
    fn engine(&self, place: &Place) -> Box<dyn Engine>;

    /// Samples by which the output of such an engine trails the input: what its
    /// [`Engine::latency`] says, without building one.
    fn latency(&self, place: &Place) -> usize;

    /// Samples of input, the present one included, after which the network has forgotten
    /// what came before, or nearly so. None where it never is known to forget, such as
    /// for states of unknown memory or a graph that plays by itself.
    fn memory(&self) -> Option<usize> {
        None
    }

    /// The number of weights.
    fn weights(&self) -> usize;

    /// About how many multiply-adds a sample costs.
    fn macs(&self) -> usize;
}

/// Tells from any thread how an engine does that works beside the audio thread.
pub trait Watch: Send + Sync {
    /// What is known by now.
    fn report(&self) -> Report;
}

/// Whether the network is heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It is, or is about to be.
    #[default]
    Running,
    /// It is not: the input passes, as late as the engine says, until another try.
    Bypassed {
        /// Why, in a sentence.
        reason: String,
    },
}

/// How an engine does that works beside the audio thread, since it was built or reset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The runtime that runs it, with its version: `rten 0.27`.
    pub engine: String,
    /// What computes: `CPU`, or a name for people of a graphics card.
    pub device: String,
    /// Why that is not what was asked for, a sentence each.
    pub notices: Vec<String>,
    /// Whether the network is heard.
    pub state: State,
    /// Sound in one inference: all the time there is for one.
    pub hop: Duration,
    /// Time the network may take by the latency that was reported; none where every
    /// sample is waited for.
    pub budget: Duration,
    /// Mean time of an inference.
    pub mean: Duration,
    /// The time that 99 of 100 inferences stay below.
    pub p99: Duration,
    /// The longest inference.
    pub peak: Duration,
    /// Time it took to make the network ready.
    pub load: Duration,
    /// Inferences so far.
    pub inferences: u64,
    /// Those that took longer than the budget.
    pub over_budget: u64,
    /// Times at which the next sample was not there when it was due.
    pub underruns: u64,
    /// Samples of input that the network never heard.
    pub samples_lost: u64,
    /// Inferences that failed or gave what is no number.
    pub errors: u64,
}

impl Report {
    /// Of all the engines of one model: the longest times, and what was counted in
    /// all. None where none works beside the audio thread.
    pub fn of(watches: &[Arc<dyn Watch>]) -> Option<Self> {
        watches.iter().map(|watch| watch.report()).reduce(Self::with)
    }

    fn with(mut self, other: Self) -> Self {
        // Most are the same for all.
        for notice in other.notices {
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
        let all = self.inferences + other.inferences;
        let share = other.inferences as f64 / all.max(1) as f64;
        Self {
            state: if self.state == State::Running { other.state } else { self.state },
            mean: self.mean.mul_f64(1.0 - share) + other.mean.mul_f64(share),
            p99: self.p99.max(other.p99),
            peak: self.peak.max(other.peak),
            load: self.load.max(other.load),
            inferences: all,
            over_budget: self.over_budget + other.over_budget,
            underruns: self.underruns + other.underruns,
            samples_lost: self.samples_lost + other.samples_lost,
            errors: self.errors + other.errors,
            ..self
        }
    }

    /// Whether it keeps up with real time, by what was seen: 99 of 100 inferences
    /// take at most four fifths of the sound in one, and none came too late.
    pub fn is_real_time(&self) -> bool {
        self.state == State::Running
            && self.inferences > 0
            && self.p99 <= self.hop.mul_f64(0.8)
            && self.underruns == 0
    }
}

/// What a loader knows of a foreign network, for [`Model::foreign`](crate::Model::foreign).
pub struct About {
    /// Whose file it is: `ONNX`.
    pub format: &'static str,
    /// What kind of network.
    pub architecture: &'static str,
    /// The only rate it plays at, in Hz; none if it was made at 48 000 for all we know.
    pub sample_rate: Option<f64>,
    /// What the file says of itself.
    pub metadata: crate::Metadata,
    /// What a player should know: a sentence each.
    pub notices: Vec<String>,
    /// What runs it.
    pub network: Arc<dyn Foreign>,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Says(&'static [&'static str]);

    impl Watch for Says {
        fn report(&self) -> Report {
            let notices = self.0.iter().map(|&notice| notice.to_owned()).collect();
            Report { notices, ..Report::default() }
        }
    }

    #[test]
    fn what_any_engine_tells_is_told_once() {
        let watches: [Arc<dyn Watch>; 2] =
            [Arc::new(Says(&["No card."])), Arc::new(Says(&["No card.", "Started anew."]))];
        let report = Report::of(&watches).expect("a report");
        assert_eq!(report.notices, ["No card.", "Started anew."]);
        assert_eq!(Report::of(&[]), None);
    }
}
