//! A trainer replaces the file that it follows.

use std::path::Path;

use hosts::files::{asset, scratch, write};

use super::follow::{Followed, fifty_files, nudge};
use super::*;

/// The overdrive as a trainer's revision.
fn revision(number: u64) -> String {
    let file = std::fs::read(asset("drives/overdrive.json")).expect("an asset");
    let mut model: Value = serde_json::from_slice(&file).expect("JSON");
    let entries = model.as_object_mut().expect("an object");
    entries.remove("self_test");
    entries.insert("revision".into(), number.into());
    for layer in model["layers"].as_array_mut().expect("layers") {
        for key in ["weights", "bias", "input", "own"] {
            nudge(&mut layer[key], number, &mut 0);
        }
        let empty = |_: &String, value: &mut Value| !value.is_null();
        layer.as_object_mut().expect("an object").retain(empty);
    }
    model.to_string()
}

fn project(file: &Path, follows: bool) -> Vec<u8> {
    let record = json!({ "path": file, "follow": follows });
    framed(&project::drive(&record, &[("drive", json!(0.7))]))
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn fifty_revisions_are_heard_without_the_heap_or_a_click() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "drive-trainer");
    let file = write(&folder, "live.json", revision(1));
    fifty_files(&Followed { bundle: drive(), file, revision, project });
}
