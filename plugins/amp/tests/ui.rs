//! The editor without a window: what it looks like, and what it tells the host.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p kiln-amp --test ui` draws the pictures anew.

#[path = "ui/browsing.rs"]
mod browsing;
#[path = "ui/hands.rs"]
mod hands;
mod host;
#[path = "ui/looks.rs"]
mod looks;
#[path = "ui/stage.rs"]
mod stage;
#[path = "ui/whole.rs"]
mod whole;
