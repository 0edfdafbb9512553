//! Files that a plugin follows: how a trainer writes them, and what it is answered.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clap::Player;

/// Replaces `file` at once and whole.
///
/// # Panics
/// When it cannot be written.
pub fn publish(file: &Path, content: &str) {
    let draft = file.with_extension("draft");
    std::fs::write(&draft, content).expect("to write");
    std::fs::rename(&draft, file).expect("to rename");
}

/// What was answered last, if anything was.
pub fn answer(file: &Path) -> Option<Value> {
    let ack = PathBuf::from(format!("{}.ack.json", file.display()));
    serde_json::from_slice(&std::fs::read(ack).ok()?).ok()
}

/// Plays stereo silence until the player says of the file what `is` waits for.
///
/// # Panics
/// When it does not within a minute.
pub fn answered(player: &mut Player, file: &Path, is: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        player.render(&[vec![0.0; 512], vec![0.0; 512]], &[512], &[]);
        match answer(file) {
            Some(said) if is(&said) => return said,
            said => assert!(began.elapsed() < Duration::from_secs(60), "the last word is {said:?}"),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
