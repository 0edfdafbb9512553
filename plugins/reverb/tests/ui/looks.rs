//! What it looks like, in pictures that are compared.

use std::sync::atomic::Ordering::Relaxed;

use kiln_reverb::editor::LEAST;
use kiln_reverb::status::Proof;
use kiln_reverb::{Own, Wish};

use crate::host;
use crate::stage::{Editor, Stage, editor};

const LARGE: [f32; 2] = [1600.0, 1020.0];

/// The first graph, a few things set, and sound.
fn furnished(stage: Stage, test: &str) -> Editor {
    let mut editor = stage.set(test);
    editor.type_value("Decay", "1.6");
    editor.type_value("Mix", "35");
    editor.type_value("High decay", "0.5");
    editor.type_value("Ducking", "6");
    editor.plugin.meters().load.store(0.07, Relaxed);
    editor.plugin.meters().wet.store(0.6, Relaxed);
    editor.settle();
    editor.sound([0.25, 0.1], [0.7, 0.5]);
    editor
}

#[test]
fn first() {
    furnished(Stage::default(), "first").looks_like("first");
}

#[test]
fn first_at_2x() {
    furnished(Stage { scale: 2.0, ..Stage::default() }, "first_2x").looks_like("first_2x");
}

#[test]
fn first_small() {
    furnished(Stage { size: LEAST, ..Stage::default() }, "first_small").looks_like("first_small");
}

#[test]
fn first_large() {
    furnished(Stage { size: LARGE, ..Stage::default() }, "first_large").looks_like("first_large");
}

#[test]
fn following() {
    let mut editor = editor("following");
    let path = editor.write("hall.json", &host::graph(16, 0.9, Some(7)));
    editor.plugin.engine().ask(Wish::Follow(path));
    editor.until(|editor| editor.status().following.is_some_and(|live| live.reloads == 1));
    editor.write("hall.json", &host::graph(16, 0.93, Some(8)));
    editor.until(|editor| {
        editor.status().following.is_some_and(|live| live.revision == Some(8) && live.reloads == 2)
    });
    assert!(editor.sees("r8 · hall.json"));
    editor.settle();
    // The flare is over by then, and the picture is the same each time.
    let over = std::time::Duration::from_secs(3);
    editor.until(|editor| {
        let latest = editor.status().following.and_then(|live| live.latest);
        latest.is_some_and(|latest| latest.elapsed() > over)
    });
    editor.looks_like("following");
}

#[test]
fn error() {
    let mut editor = editor("error");
    editor.plugin.engine().ask(Wish::Open("/gone/hall.json".into()));
    editor.until(|editor| editor.status().error.is_some());
    editor.settle();
    editor.looks_like("error");
    editor.click("Dismiss");
    assert_eq!(editor.status().error, None);
}

#[test]
fn an_unstable_graph_is_refused_and_played_on_demand() {
    let mut editor = editor("unstable");
    editor.settle();
    let path = editor.write("wild.json", &host::graph(8, 1.02, None));
    editor.plugin.engine().ask(Wish::Open(path));
    editor.until(|editor| editor.status().insistable);
    editor.settle();
    editor.looks_like("refused");
    editor.click("Play anyway");
    editor.until(|editor| editor.status().guarded);
    editor.until(|editor| matches!(editor.status().proof, Proof::Done(_)));
    assert_eq!(editor.status().name(), "Test 8");
    assert!(editor.sees("Unstable"));
    editor.settle();
    editor.looks_like("unstable");
}

#[test]
fn exported() {
    let item = fx::factory::reverb("bright-plate").expect("it is built in");
    let own = Own::new("My Plate", item.bytes);
    let mut editor = Stage { own: Some(own), ..Stage::default() }.set("exported");
    editor.settle();
    assert!(!editor.sees("Play Medium Hall") && !editor.sees("Open a file"));
    editor.looks_like("exported");
}

#[test]
fn files() {
    let mut editor = editor("files");
    for name in ["hall 2.json", "hall 10.json", "notes.txt"] {
        editor.write(&format!("graphs/{name}"), "{}");
    }
    std::fs::create_dir_all(editor.folder.join("graphs/older")).expect("a folder");
    editor.settle();
    editor.click("Open a file");
    editor.until(|editor| editor.sees("File hall 10.json"));
    assert!(editor.sees("Folder older") && !editor.sees("File notes.txt"));
    editor.looks_like("files");
}

#[test]
fn presets() {
    let mut editor = editor("presets_view");
    editor.settle();
    editor.click("Choose a preset");
    editor.looks_like("presets");
}
