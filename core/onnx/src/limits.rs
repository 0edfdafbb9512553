//! The most we accept of a file that anyone may have made.
//!
//! What a graph computes from its weights cannot be bounded without running it. So it
//! runs once at load, on a thread of its own that is left behind if it does not come
//! back, and operators that make much out of little are bounded by their constants.

use std::time::Duration;

/// Bytes of a file. Real-time networks of audio are a tenth of it.
pub const MAX_BYTES: usize = 64 << 20;

/// Operators, those of subgraphs included.
pub const MAX_NODES: usize = 20_000;

/// Fields of all messages, which bounds what a parser makes of the bytes: an empty
/// operator takes two of them in the file, and a hundred times as much in memory.
pub const MAX_FIELDS: usize = 1 << 20;

/// Messages within messages. A subgraph is three deeper than the graph it is in.
pub const MAX_DEPTH: usize = 20;

/// Elements of a tensor.
pub const MAX_ELEMENTS: usize = 1 << 24;

/// Inputs and outputs each.
pub const MAX_PORTS: usize = 1024;

/// Samples of one inference.
pub const MAX_HOP: usize = 65_536;

/// Samples of the past that a graph without state may need.
pub const MAX_CONTEXT: usize = 65_536;

/// Samples after which a file may say that a graph has forgotten: 23 min at 48 kHz.
pub const MAX_MEMORY: usize = 1 << 26;

/// One inference of a hop.
pub const MAX_INFERENCE: Duration = Duration::from_secs(2);

/// What all that may take, of the runtimes that were chosen together and of the one that
/// we carry.
pub const MAX_TRIAL: Duration = Duration::from_secs(30);

/// What a runtime may take to make the graph ready, or for one inference of the
/// longest window on the way to how long its memory is.
pub const MAX_STEP: Duration = Duration::from_secs(20);
