//! What a worker runs.

/// A running mono channel of a network that takes sound a hop at a time. It lives on the
/// thread of one worker, where it may allocate.
pub trait Network {
    /// Samples of an inference.
    fn hop(&self) -> usize;

    /// Samples by which the output trails the input, besides what waiting for a whole
    /// hop takes: what the network looks ahead.
    fn latency(&self) -> usize {
        0
    }

    /// Replaces a hop of input with the output.
    ///
    /// # Errors
    /// Says in a sentence what went wrong. The output then counts for nothing.
    fn run(&mut self, io: &mut [f32]) -> Result<(), String>;

    /// Returns to the state just after construction.
    fn reset(&mut self);
}

/// The memory of a network that never is known to forget, in samples: longer than anything
/// plays, and short enough that a sum of several does not overflow.
pub const ENDLESS: usize = usize::MAX / 4;

/// Where networks come from: a checked file in the hands of a runtime.
pub trait Source: Send + Sync {
    /// Builds a network, on the thread that will run it. Called again where one has
    /// failed for good.
    ///
    /// # Errors
    /// Says in a sentence what went wrong.
    fn build(&self) -> Result<Box<dyn Network>, String>;

    /// Calls `work`, the whole life of a worker, on the thread where networks run
    /// best: a runtime with threads of its own calls it on one of those.
    fn host(&self, work: &mut (dyn FnMut() + Send)) {
        work();
    }

    /// Samples of an inference of every network it builds.
    fn hop(&self) -> usize;

    /// See [`Network::latency`].
    fn latency(&self) -> usize {
        0
    }

    /// Samples after which a network has forgotten what it heard, or nearly so; [`ENDLESS`]
    /// where that is not known.
    fn memory(&self) -> usize;

    /// The runtime, with its version: `rten 0.27`.
    fn engine(&self) -> String;

    /// What computes: `CPU`, or a graphics card's name for people.
    fn device(&self) -> String;

    /// Why that is not what was asked for, a sentence each.
    fn notices(&self) -> Vec<String> {
        Vec::new()
    }
}
