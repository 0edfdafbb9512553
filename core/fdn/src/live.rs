//! Following a graph while it is trained: [`live`](::live) for files of graphs, which
//! `kiln-fdn` counts by a `revision`, and answers that tell what is proven of them.

use std::path::Path;

use ::live::Format;
pub use ::live::{Error, acknowledge, acknowledgement};

use crate::certify::Verdict;
use crate::error;
use crate::graph::{Graph, MOST_BYTES};

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;

/// The format of a file of a graph.
#[derive(Debug)]
pub enum Graphs {}

impl Format for Graphs {
    type Content = Graph;
    type Error = error::Error;

    const MOST_BYTES: usize = MOST_BYTES;

    fn load(bytes: &[u8]) -> Result<Graph, error::Error> {
        Graph::load(bytes)
    }

    fn is_unfinished(error: &error::Error) -> bool {
        matches!(error, error::Error::Json(_))
    }

    fn revision(graph: &Graph) -> Option<u64> {
        graph.revision
    }
}

/// What a player made of a file, and what is proven of its stability.
pub type Ack = ::live::Ack<Verdict>;

/// What has become of a file.
pub type Event = ::live::Event<Graph>;

/// Follows a file.
pub type Follower = ::live::Follower<Graphs>;

/// Reads what a player made of the file at `path`.
///
/// # Errors
///
/// Those of [`live::acknowledged`](::live::acknowledged).
pub fn acknowledged(path: &Path) -> Result<Ack, Error> {
    ::live::acknowledged(path)
}
