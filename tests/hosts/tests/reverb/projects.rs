//! What projects keep.

use std::path::Path;

use hosts::files::{scratch, write};
use hosts::project::framed;
use hosts::signal::guitar;

use super::*;

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn a_project_sounds_the_same_though_its_file_is_gone() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "reverb-project");
    let file = write(&folder, "room.json", graph("live-room").to_string());
    let bundle = reverb();
    let mut plugin = bundle.open().expect("an instance");
    plugin.restore(&project::reverb(&json!({ "path": file }), &wet())).expect("our state");
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
fn damaged_projects_are_survived() {
    let mut plugin = hall();
    let whole = plugin.save().expect("a state");
    let mut player = activate(&mut plugin);
    let input = guitar(RATE, 0.1);
    let expected = play(&mut player, &input, &[256], &[]);
    for bytes in [vec![], b"x".to_vec(), framed(b"[1,2"), whole[..whole.len() / 2].to_vec()] {
        assert!(plugin.restore(&bytes).is_err(), "{} bytes of damage were taken", bytes.len());
        player.reset();
        assert!(play(&mut player, &input, &[256], &[]) == expected, "damage was heard");
    }
    // Whole, but of graphs that cannot be had: what plays goes on, and is not lost.
    let records = [
        json!({ "path": "/nowhere/at-all.json" }),
        json!({ "copy": "!" }),
        json!({ "factory": "no such" }),
        json!(3),
        json!({ "copy": null, "path": 5 }),
    ];
    for record in records {
        plugin.restore(&project::reverb(&record, &wet())).expect("a state as we write it");
        player.reset();
        assert!(play(&mut player, &input, &[256], &[]) == expected, "{record}");
        let kept = String::from_utf8_lossy(&plugin.save().expect("a state")).into_owned();
        let word = record.to_string().replace('"', "\\\"");
        assert!(kept.contains(word.trim_matches(['{', '}'])), "{record} is lost in {kept}");
    }
    plugin.deactivate(player);
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn an_unstable_graph_is_refused_unless_told() {
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"), "reverb-unstable");
    let node = |kind: &str| json!({ "type": kind, "name": kind, "inputs": 2, "outputs": 2 });
    let (mut line, mut back, mut root) = (node("delay"), node("gain"), node("recursion"));
    line["samples"] = json!([1000, 1300]);
    back["gains"] = json!([1.2, 1.1]);
    (root["forward"], root["backward"]) = (line, back);
    let graph = json!({ "format": "kiln-fdn", "version": 1, "name": "wild", "sample_rate": RATE,
        "root": root });
    let file = write(Path::new(&folder), "wild.json", graph.to_string());
    let input = guitar(RATE, 4.0);
    let run = |record: Option<Value>| {
        let mut plugin = hall();
        let mut player = activate(&mut plugin);
        if let Some(record) = record {
            plugin.restore(&project::reverb(&record, &wet())).expect("our state");
        }
        let output = play(&mut player, &input, &[512], &[]);
        plugin.deactivate(player);
        output
    };
    let refused = run(Some(json!({ "path": file })));
    assert!(refused == run(None), "what played does not go on");
    let insisted = run(Some(json!({ "path": file, "allow": true })));
    let loudest = insisted.iter().flatten().fold(0.0_f32, |most, x| most.max(x.abs()));
    assert!((0.9..=1.001).contains(&loudest), "{loudest}, which a limiter would not let out");
}
