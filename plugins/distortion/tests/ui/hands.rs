//! What hands do: models, knobs, switches, values.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::Key;
use kiln_drive::choices::Oversampling;
use kiln_drive::source::Source;

use crate::host;
use crate::stage::editor;

/// A file on its way from the desktop.
#[derive(Debug)]
struct Falling(PathBuf);

impl egui::DroppedFile for Falling {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the editor reads files by itself".into())
    }
}

#[test]
fn a_file_that_falls_on_the_window_is_played() {
    let mut editor = editor("fallen");
    let path = editor.write("fallen.json", &host::clipper("Fallen", 0.5));
    editor.gestures.take();
    editor.harness.input_mut().dropped_files.push(Arc::new(Falling(path.clone())));
    editor.until(|editor| editor.status().source() == Some(&Source::File(path.clone())));
    let told = editor.gestures.take();
    assert_eq!(told, ["begin Changes", "set Changes", "end Changes"], "the host learns of it");
    assert!(editor.sees("Plays Fallen"));
    editor.write("fallen.json", "[]");
    editor.harness.input_mut().dropped_files.push(Arc::new(Falling(path)));
    editor.until(|editor| editor.status().error.is_some());
    assert!(editor.sees("Plays Fallen"), "what played goes on");
}

#[test]
fn devices_are_asked_for_by_clicks() {
    let mut editor = editor("devices");
    let [first, second] = [0, 1].map(|i| &fx::factory::DRIVES[i]);
    editor.until(|editor| editor.sees(&format!("Plays {}", first.name)));
    editor.gestures.take();
    editor.click(&format!("Play {}", second.name));
    editor.until(|editor| editor.status().source() == Some(&Source::Factory(second.id)));
    let told = editor.gestures.take();
    assert_eq!(told, ["begin Changes", "set Changes", "end Changes"], "the host learns of it");
    editor.click("Previous model");
    editor.until(|editor| editor.status().source() == Some(&Source::Factory(first.id)));
    editor.enter("Play No model");
    editor.until(|editor| editor.status().content.is_none());
    assert!(editor.sees("FORMAT: —") && !editor.sees("Transfer curve: measuring"));
    editor.click("Undo");
    editor.until(|editor| editor.status().source() == Some(&Source::Factory(first.id)));
}

#[test]
fn only_the_knobs_of_the_model_are_there() {
    let mut editor = editor("own");
    for (count, knobs) in [[("Fuzz", 1.0), ("Bias", 0.1), ("Tone", 0.2)]; 3].iter().enumerate() {
        let knobs = &knobs[..count + 1];
        let path = editor.write(&format!("{count}.json"), &host::knobbed("K", knobs));
        host::open(&editor.plugin, &path);
        editor.frames();
        let there = ["Drive", "Knob 2", "Knob 3", "Knob 4"].map(|name| editor.sees(name));
        assert_eq!(there, [true, count > 0, count > 1, false]);
    }
}

#[test]
fn files_that_were_played_are_remembered() {
    let mut editor = editor("recent");
    for name in ["One", "Two"] {
        let path = editor.write(&format!("{name}.json"), &host::clipper(name, 0.5));
        host::open(&editor.plugin, &path);
        editor.frames();
    }
    assert!(editor.sees("Play One.json") && editor.sees("Play Two.json"));
    editor.enter("Play One.json");
    editor.until(|editor| editor.sees("Plays One"));
}

#[test]
fn a_file_is_chosen_and_the_next_one() {
    let mut editor = editor("chosen");
    for name in ["One", "Two"] {
        editor.write(&format!("{name}.json"), &host::clipper(name, 0.5));
    }
    editor.click("Open a file");
    editor.until(|editor| editor.sees("File One.json"));
    editor.click("File One.json");
    editor.until(|editor| editor.sees("Plays One"));
    editor.click("Close the browser");
    assert!(!editor.sees("File One.json"));
    // What is done at once is undone at once.
    editor.harness.run_steps(60);
    editor.click("Next model");
    editor.until(|editor| editor.sees("Plays Two"));
    editor.click("Undo");
    editor.until(|editor| editor.sees("Plays One"));
}

#[test]
fn following_is_switched_and_undone() {
    let mut editor = editor("follow");
    let path = editor.write("one.json", &host::clipper("One", 0.5));
    // What is built in is in no file.
    editor.click("Follow the model's file");
    assert!(editor.status().following.is_none());
    host::open(&editor.plugin, &path);
    editor.harness.run_steps(60);
    editor.gestures.take();
    editor.click("Follow the model's file");
    editor.until(|editor| editor.status().following.is_some_and(|live| live.reloads == 1));
    assert!(!editor.gestures.take().is_empty(), "the host hears that the project changed");
    editor.write("one.json", &host::clipper("Two", 0.6));
    editor.until(|editor| editor.sees("Plays Two"));
    editor.harness.run_steps(60);
    // One step back is before all of it.
    editor.click("Undo");
    editor.until(|editor| editor.sees("Plays One"));
    assert!(editor.status().following.is_none());
}

#[test]
fn values_are_typed_and_undone() {
    let mut editor = editor("values");
    let path = editor.write("k.json", &host::knobbed("K", &[("Gain", 1.0), ("Bias", 0.1)]));
    host::open(&editor.plugin, &path);
    editor.frames();
    editor.type_value("Drive", "75");
    assert!((editor.params.drive.value() - 0.75).abs() < 1e-6);
    editor.type_value("Low cut before", "120");
    assert!((editor.params.before_low.value() - 120.0).abs() < 0.1);
    editor.click("Undo");
    assert!((editor.params.before_low.value() - 20.0).abs() < 1e-3);
    editor.key(Key::Escape);
}

#[test]
fn switches_and_the_quality() {
    let mut editor = editor("switches");
    editor.click("Auto gain");
    assert!(editor.params.auto_gain.value());
    editor.click("Oversampling: 4x");
    assert_eq!(editor.params.oversampling.value(), Oversampling::X4);
    editor.click("Render oversampling: 16x");
    editor.click("Render quality of its own");
    assert!(editor.params.render_own.value());
    editor.click("Bypass");
    assert!(editor.params.bypass.value());
}
