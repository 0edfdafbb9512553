//! What hands do: graphs, knobs, switches, values, the keyboard.

use egui::{Key, vec2};
use egui_kittest::kittest::Queryable;
use kiln_reverb::choices::Division;
use kiln_reverb::source::Source;

use crate::host;
use crate::stage::{Stage, editor};

#[test]
fn a_graph_is_asked_for_by_a_click() {
    let mut editor = editor("click");
    editor.gestures.0.lock().expect("no panic").clear();
    editor.click("Play Small Room");
    editor.until(|editor| editor.status().name() == "Small Room");
    assert_eq!(editor.status().source(), Some(&Source::Factory("small-room")));
    let told = editor.gestures.0.lock().expect("no panic").clone();
    assert!(told.iter().any(|name| name == "Changes"), "the host learns of it: {told:?}");
    editor.until(|editor| editor.sees("Plays Small Room"));
    editor.click("Undo");
    editor.until(|editor| editor.status().name() == "Medium Hall");
    editor.click("Redo");
    editor.until(|editor| editor.status().name() == "Small Room");
}

#[test]
fn values_are_typed_dragged_and_turned() {
    let mut editor = editor("values");
    editor.type_value("Decay", "750 ms");
    assert!((editor.params.rt60.value() - 0.75).abs() < 1e-3);
    editor.type_value("High cut", "8 k");
    assert!((editor.params.high_cut.value() - 8000.0).abs() < 1.0);
    let before = editor.params.size.value();
    editor.drag(editor.center("Size"), vec2(0.0, -40.0));
    let after = editor.params.size.value();
    assert!(after > 1.2 * before, "{before} became {after}");
    editor.harness.get_by_label("Width").focus();
    editor.frames();
    editor.key(Key::ArrowUp);
    assert!(editor.params.width.value() > 1.0);
    editor.click("Undo");
    assert!((editor.params.width.value() - 1.0).abs() < 1e-6);
}

#[test]
fn switches() {
    let mut editor = editor("switches");
    for _ in 0..2 {
        let before = editor.params.freeze.value();
        editor.click("Freeze");
        assert_eq!(editor.params.freeze.value(), !before);
    }
    editor.click("Decay as trained");
    assert!(editor.params.as_trained.value());
    editor.click("Gate");
    assert!(editor.params.gate_on.value());
    editor.click("Mix lock");
    assert!(editor.params.mix_lock.get());
    editor.click("Bypass");
    assert!(editor.params.bypass.value());
}

#[test]
fn the_pre_delay_keeps_time() {
    let mut editor = editor("sync");
    editor.click("Pre-delay sync");
    editor.click("Sync 1/16");
    assert!(editor.params.sync.value() == Division::Sixteenth);
    assert!(!editor.sees("Sync 1/8"), "the menu stays open");
}

#[test]
fn a_memory_for_each_graph() {
    let mut editor = editor("memories");
    editor.click("Memory B");
    editor.click("Play Echo Chamber");
    editor.until(|editor| editor.status().name() == "Echo Chamber");
    editor.click("Memory A");
    editor.until(|editor| editor.status().name() == "Medium Hall");
    editor.click("Memory B");
    editor.until(|editor| editor.status().name() == "Echo Chamber");
}

#[test]
fn a_file_is_opened_then_followed() {
    let mut editor = editor("opened");
    let path = editor.write("graphs/hall.json", &host::graph(8, 0.9, None));
    editor.click("Open a file");
    editor.until(|editor| editor.sees("File hall.json"));
    editor.click("File hall.json");
    editor.until(|editor| editor.status().source() == Some(&Source::File(path.clone())));
    editor.click("Close the browser");
    assert!(!editor.sees("File hall.json"));
    editor.until(|editor| editor.sees("Echo density"));
    assert!(editor.sees("Play hall.json"), "it is among the recent ones");
    editor.click("Follow a file");
    editor.until(|editor| editor.sees("File hall.json"));
    editor.click("File hall.json");
    editor.until(|editor| editor.status().following.is_some());
    editor.write("graphs/hall.json", &host::graph(8, 0.8, Some(3)));
    editor.until(|editor| editor.sees("r3 · hall.json"));
    editor.click("Follow a file");
    editor.until(|editor| editor.status().following.is_none());
    assert!(editor.sees("Not following"));
}

#[test]
fn a_preset_is_loaded_and_saved() {
    let mut editor = editor("preset");
    let before = editor.status().name().to_owned();
    editor.click("Next preset");
    editor.click("Next preset");
    editor.until(|editor| editor.params.presets.status().error.is_none());
    editor.click("Save preset");
    editor.harness.event(egui::Event::Text("Mine".into()));
    editor.key(Key::Enter);
    let folder = editor.folder.join("presets");
    editor.until(|_| std::fs::read_dir(&folder).is_ok_and(|files| files.count() == 1));
    assert!(!before.is_empty());
}

#[test]
fn nothing_of_an_exported_plugin_leads_elsewhere() {
    let own = kiln_reverb::Own::new("Mine", host::graph(4, 0.9, None).as_bytes());
    let mut editor = Stage { own: Some(own), ..Stage::default() }.set("own");
    editor.frames();
    for label in ["Open a file", "Follow a file", "Not following", "Play Medium Hall"] {
        assert!(!editor.sees(label), "{label}");
    }
    assert!(editor.sees("Certified stable") || editor.sees("Being proven…"));
}
