//! Following a file while its network is trained: what a trainer and a player agree
//! on. No audio is in it, and it does not know what the file holds: a [`Format`] does.
//!
//! A trainer publishes by writing a file beside `path` and renaming it to `path`,
//! which replaces the one before at once and whole. It may count a `revision` up in it,
//! so that a player never goes back to what was sent earlier. A player polls a
//! [`Follower`], and says by [`acknowledge`] what it made of each file, in `path` with
//! `.ack.json` behind it: which bytes, by their SHA-256, whether they are played, what
//! else it found of them, and if not played, why not.
//!
//! - **Revision.** One that is not higher than the last one accepted is refused, unless
//!   its bytes are those that play. A file without a revision is always accepted. A
//!   trainer that begins anew goes on from the revision it finds acknowledged, or
//!   removes the file for a second: after it was told to be gone, any revision will do.
//! - **Half a file.** What is no JSON may still be being written by one who does not
//!   rename. So it is called an error only when it has not changed for a moment.
//! - **Several players** may follow one file. Each writes the same acknowledgement, and
//!   the newest stays; its `pid` says whose it is.
//!
//! The file is looked at, not waited for: asking for its metadata costs microseconds,
//! works on every file system, and on folders of other machines, where notifications
//! do not arrive.

mod ack;
mod error;
mod file;
mod follower;
mod format;

#[cfg(test)]
mod follower_tests;

pub use ack::{Ack, Verdict, acknowledge, acknowledged, acknowledgement};
pub use error::Error;
pub use file::hash;
pub use follower::{Event, Follower};
pub use format::{Format, revision};
