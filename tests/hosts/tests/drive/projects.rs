//! What projects keep.

use hosts::files::{scratch, write};
use hosts::parameter;
use hosts::signal::guitar;

use super::*;

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_project_sounds_the_same_though_its_file_is_gone() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "drive-project");
    let file = write(&folder, "clip.json", clipper(0.8, None));
    let bundle = drive();
    let mut plugin = bundle.open().expect("an instance");
    let params =
        [("drive", json!(0.9)), ("oversampling", json!("4x")), ("channels", json!("mid_side"))];
    restore(&mut plugin, &json!({ "path": file }), &params);
    let mut player = activate(&mut plugin);
    let input = guitar(RATE, 0.3);
    let expected = play(&mut player, &input, &[256], &[]);
    let saved = plugin.save().expect("a state");
    std::fs::remove_file(&file).expect("it was there");
    let mut other = bundle.open().expect("an instance");
    other.restore(&saved).expect("its own state");
    let mut another = activate(&mut other);
    assert!(play(&mut another, &input, &[256], &[]) == expected, "it sounds different");
    assert_eq!(other.save().expect("a state"), saved, "saving changed the state");
    plugin.deactivate(player);
    other.deactivate(another);
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_damaged_project_leaves_the_sound_as_it_is() {
    let input = guitar(RATE, 0.3);
    let mut plugin = playing("tube");
    let mut player = activate(&mut plugin);
    play(&mut player, &input, &[256], &[]);
    player.reset();
    let expected = play(&mut player, &input, &[256], &[]);
    let saved = plugin.save().expect("a state");
    for damaged in [&saved[..saved.len() / 2], &[], b"nonsense"] {
        let _refused_or_ignored = plugin.restore(damaged);
        player.reset();
        assert!(play(&mut player, &input, &[256], &[]) == expected, "it sounds different");
    }
    restore(&mut plugin, &json!({ "copy": "AAAA" }), &[("drive", json!(0.5))]);
    player.reset();
    assert!(play(&mut player, &input, &[256], &[]) == expected, "a damaged model is heard");
    let kept = plugin.save().expect("a state");
    assert!(kept.windows(4).any(|bytes| bytes == b"AAAA"), "what the project held is lost");
    plugin.deactivate(player);
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn what_is_missing_begins_anew() {
    let mut plugin = playing("fuzz");
    restore(&mut plugin, &json!({ "factory": "fuzz" }), &[("drive", json!(0.9))]);
    assert_eq!(plugin.value(parameter("drive")), Some(f64::from(0.9f32)));
    restore(&mut plugin, &json!({}), &[]);
    assert_eq!(plugin.value(parameter("drive")), Some(0.5));
}
