//! The editor, drawn without a window: what it looks like, and what hands do with it.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p kiln-drive --test ui` draws the pictures anew.

mod host;

#[path = "ui/hands.rs"]
mod hands;
#[path = "ui/looks.rs"]
mod looks;
#[path = "ui/stage.rs"]
mod stage;
