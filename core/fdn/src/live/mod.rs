//! Following a file while its network is trained: what a trainer and a player agree
//! on. No audio is in it.
//!
//! A trainer publishes by writing a graph beside `path` and renaming it to `path`,
//! which replaces the one before at once and whole. In its own format, `kiln-fdn`, it
//! counts a `revision` up, so that a player never goes back to what was sent earlier.
//! A player polls a [`Follower`], and says by [`acknowledge`] what it made of each
//! file, in `path` with `.ack.json` behind it: which bytes, by their SHA-256, whether
//! they are played, whether they are proven stable, and if not played, why not.
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
mod file;
mod follower;

#[cfg(test)]
mod follower_tests;

pub use ack::{Ack, acknowledge, acknowledged, acknowledgement};
pub use follower::{Event, Follower};
