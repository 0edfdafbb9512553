//! Kiln Amp in hosts: how it follows a trainer. All else that concerns it has files of its
//! own beside this folder.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[path = "../follow/mod.rs"]
mod follow;
#[path = "../heap/mod.rs"]
mod heap;

use std::path::Path;

use follow::{Followed, fifty_files, nudge};
use hosts::clap_amp;
use hosts::files::{asset, scratch, write};
use hosts::project::Project;
use serde_json::{Value, json};

/// The factory's model as a trainer's revision.
fn revision(number: u64) -> String {
    let file = std::fs::read(asset("kiln-edge.nam")).expect("an asset");
    let mut model: Value = serde_json::from_slice(&file).expect("JSON");
    nudge(&mut model["weights"], number, &mut 0);
    // A WaveNet ends in a plain factor, which its weights repeat at their end.
    let last = model["weights"].as_array().and_then(|weights| weights.last()).cloned();
    model["config"]["head_scale"] = last.expect("weights");
    model["metadata"]["training"] = json!({ "revision": number });
    model.to_string()
}

fn in_slot(place: &str, file: &Path, follows: bool) -> Vec<u8> {
    let project = Project::default();
    let project = match follows {
        true => project.followed(place, file),
        false => project.file(place, file),
    };
    project.bytes()
}

fn fifty(place: &str, project: fn(&Path, bool) -> Vec<u8>) {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), &format!("amp-trainer-{place}"));
    let file = write(&folder, "live.nam", revision(1));
    fifty_files(&Followed { bundle: clap_amp(), file, revision, project });
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn fifty_revisions_are_heard_in_the_first_slot() {
    fifty("model", |file, follows| in_slot("model", file, follows));
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn fifty_revisions_are_heard_in_the_second_slot() {
    fifty("model2", |file, follows| in_slot("model2", file, follows));
}
