//! The whole sound: undo, the two memories, presets, the slots.

use egui::{Modifiers, vec2};
use egui_kittest::kittest::Queryable;
use kiln_amp::places::{Place, Task};

use crate::host;
use crate::stage::{A, B, amps, editor, impulse};

#[test]
fn a_turn_is_undone_and_done_again() {
    let mut editor = editor("undo");
    let knob = editor.center("Input");
    editor.drag(knob, vec2(0.0, -44.0), Modifiers::NONE);
    let turned = editor.params.input.value();
    editor.type_value("Output", "-6");
    editor.click("Undo");
    assert_eq!(editor.params.output.value(), 0.0);
    assert_eq!(editor.params.input.value(), turned);
    editor.click("Undo");
    assert!(editor.params.input.value().abs() < 1e-3, "{}", editor.params.input.value());
    editor.click("Redo");
    editor.click("Redo");
    assert!((editor.params.input.value() - turned).abs() < 1e-3);
    assert!((editor.params.output.value() + 6.0).abs() < 1e-3);
}

#[test]
fn another_model_is_undone() {
    let mut editor = editor("undo_model");
    let other = host::write(&editor.folder, "Ember 60.nam", &host::wavenet("Ember 60", 0.7));
    editor.click("Next model A");
    assert_eq!(editor.playing(), "Ember 60");
    editor.click("Undo");
    assert_eq!(editor.playing(), "Ember 50");
    editor.click("Redo");
    assert_eq!(editor.playing(), "Ember 60");
    drop(other);
}

#[test]
fn two_memories_are_compared_and_copied() {
    let mut editor = editor("memories");
    editor.type_value("Input", "3");
    editor.click("Memory B");
    editor.type_value("Input", "9");
    editor.click("Memory A");
    assert!((editor.params.input.value() - 3.0).abs() < 1e-3);
    editor.click("Memory B");
    assert!((editor.params.input.value() - 9.0).abs() < 1e-3);
    editor.click("Copy B to A");
    editor.click("Memory A");
    assert!((editor.params.input.value() - 9.0).abs() < 1e-3);
}

#[test]
fn a_preset_is_chosen_saved_and_stepped_to() {
    let mut editor = editor("presets_hand");
    editor.click("Next preset");
    let first = editor.params.presets.status().list[0].name.clone();
    editor.click("Choose a preset");
    editor.click(&format!("Preset {first}"));
    editor.type_value("Input", "4.5");
    editor.click("Save preset");
    editor.harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::A);
    editor.text("Mine");
    editor.key(egui::Key::Enter);
    let list = editor.params.presets.status().list;
    assert!(list.iter().any(|entry| entry.name == "Mine"), "was not saved");

    editor.type_value("Input", "0");
    editor.click("Choose a preset");
    editor.click("Preset Mine");
    assert!((editor.params.input.value() - 4.5).abs() < 1e-3);
    editor.click("Choose a preset");
    editor.click("Delete preset Mine");
    let list = editor.params.presets.status().list;
    assert!(!list.iter().any(|entry| entry.name == "Mine"), "is still there");
}

#[test]
fn slots_are_stepped_cleared_and_filled() {
    let mut editor = editor("slots");
    let folder = amps("slots_folder");
    std::fs::remove_file(folder.join("broken.nam")).expect("to remove it");
    editor.places.run(Task::Open(A, folder.join("Ember 9.nam")));
    editor.frames();
    editor.click("Next model A");
    assert_eq!(editor.playing(), "Ember 100");
    editor.click("Previous model A");
    editor.click("Previous model A");
    assert_eq!(editor.playing(), "Slim Ember", "round and round");

    editor.click("Models");
    assert!(editor.sees("Quality A"), "a slimmable model has a quality");
    editor.type_value("Quality A", "50");
    assert_eq!(editor.params.quality.value(), 0.5);
    editor.click("Clear model A");
    assert_eq!(editor.playing(), "");
    assert!(!editor.sees("Quality A"));
    editor.places.run(Task::List(folder.clone()));
    editor.frames();
    editor.click("Browse for model B");
    editor.click("Ember 10");
    assert_eq!(editor.playing_at(B), "Ember 100");
    editor.click("Close the browser");
    assert!(editor.sees("Trim B"), "the page is not there again");
}

#[test]
fn cabinets_are_stepped_and_cleared() {
    let mut editor = editor("cabinets");
    let folder = editor.folder.join("IRs");
    for (name, ring) in [("one.wav", 100.0), ("two.wav", 200.0)] {
        impulse(&folder, name, ring);
    }
    editor.places.run(Task::Open(Place::Cabinet(0), folder.join("one.wav")));
    editor.frames();
    let tab = editor.harness.get_all_by_label("Cabinet").next().expect("a tab");
    tab.click();
    editor.frames();
    editor.click("Next cabinet A");
    assert_eq!(editor.playing_at(Place::Cabinet(0)), "two");
    editor.click("Clear cabinet A");
    assert_eq!(editor.playing_at(Place::Cabinet(0)), "");
    assert_eq!(editor.playing_at(B), "");
    editor.places.run(Task::List(folder));
    editor.frames();
    editor.click("Browse for cabinet B");
    assert!(!editor.sees("Ember 50"), "a model among cabinets");
    editor.click("one");
    assert_eq!(editor.playing_at(Place::Cabinet(1)), "one");
}

#[test]
fn a_preset_is_chosen_by_keys() {
    let mut editor = editor("preset_keys");
    editor.harness.get_by_label("Choose a preset").focus();
    editor.frames();
    editor.key(egui::Key::Enter);
    let list = editor.params.presets.status().list;
    assert!(editor.sees(&format!("Preset {}", list[1].name)), "the key did not open the list");
    editor.key(egui::Key::ArrowDown);
    editor.key(egui::Key::Enter);
    assert!(!editor.sees(&format!("Preset {}", list[1].name)), "the list stays open");
    assert_ne!(editor.playing(), "Ember 50", "no preset was loaded");
    editor.click("Undo");
    assert_eq!(editor.playing(), "Ember 50");
}
