//! The browser: what it plays, where it goes, and how fast it is.

use std::time::Duration;

use egui::Key;
use kiln_amp::places::Task;

use crate::stage::{Editor, amps, editor};

fn browse(test: &str) -> (Editor, std::path::PathBuf) {
    let mut editor = editor(test);
    let folder = amps(&format!("{test}_folder"));
    editor.places.run(Task::List(folder.clone()));
    editor.frames();
    editor.click("Choose model A");
    (editor, folder)
}

#[test]
fn it_plays_what_is_clicked_and_goes_where_it_is_told() {
    let (mut editor, folder) = browse("browse_click");
    editor.gestures.take();
    editor.click("Ember 10");
    assert_eq!(editor.playing(), "Ember 100");
    let gesture = ["begin", "set", "end"].map(|what| format!("{what} File changes"));
    assert_eq!(editor.gestures.take(), gesture, "the host does not know the project changed");
    assert!(editor.sees("Ember 9"), "stays open");

    editor.click("Clean");
    assert_eq!(editor.places.listing().folder, folder.join("Clean"));
    editor.click("..");
    assert_eq!(editor.places.listing().folder, folder);
    editor.click("broken");
    assert_eq!(editor.playing(), "Ember 100", "the sound goes on");
    let error = editor.places.status(crate::stage::A).error;
    assert!(error.is_some_and(|e| e.starts_with("broken.nam was not")));
    editor.click("Go to Factory");
    editor.click("Kiln Crunch");
    assert_eq!(editor.playing(), "Kiln Crunch");
}

#[test]
fn typing_searches_and_the_keys_choose() {
    let (mut editor, _) = browse("browse_keys");
    editor.text("slim");
    assert!(!editor.sees("Ember 9"), "was not narrowed");
    editor.key(Key::Enter);
    assert_eq!(editor.playing(), "Slim Ember");
    editor.text("nothing like it");
    assert!(!editor.sees("Slim"));
    editor.key(Key::Escape);
    assert!(!editor.sees("Close the browser"), "Escape did not close it");

    editor.click("Choose model A");
    editor.key(Key::Home);
    for _ in 0..3 {
        editor.key(Key::ArrowDown);
    }
    editor.key(Key::Enter);
    assert!(editor.playing().starts_with("Ember") || editor.playing() == "Slim Ember");
}

#[test]
fn a_path_can_be_typed() {
    let (mut editor, folder) = browse("browse_path");
    editor.click("Path of a folder or file");
    editor.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    editor.text(&folder.join("High gain").display().to_string());
    editor.key(Key::Enter);
    assert_eq!(editor.places.listing().folder, folder.join("High gain"));
}

#[test]
fn a_column_sorts() {
    let (mut editor, _) = browse("browse_sort");
    let above = |editor: &Editor| editor.center("Ember 9").y < editor.center("Slim").y;
    assert!(above(&editor));
    editor.click("Sort by Name");
    editor.click("Sort by Name");
    assert!(!above(&editor), "the order was not turned");
}

/// Processor time of this thread, which others on the machine do not lengthen.
fn clock() -> Duration {
    #[cfg(unix)]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    }
    #[cfg(not(unix))]
    {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        START.get_or_init(std::time::Instant::now).elapsed()
    }
}

/// An editor that browses a folder of `count` files.
fn crowded(count: usize) -> Editor {
    let mut editor = editor(&format!("browse_{count}"));
    let folder = editor.folder.join("many");
    std::fs::create_dir_all(&folder).expect("a folder");
    for i in 0..count {
        std::fs::write(folder.join(format!("Ember {i:05}.nam")), "").expect("a file");
    }
    editor.places.run(Task::List(folder));
    editor.frames();
    editor.click("Choose model A");
    editor.frames();
    editor
}

/// The times a frame of each takes, in turns, while their lists scroll.
fn frame_times(counts: [usize; 2], key: impl Fn(usize) -> Key) -> [Duration; 2] {
    let mut editors = counts.map(crowded);
    let mut times = [Vec::new(), Vec::new()];
    for i in 0..41 {
        for (editor, times) in editors.iter_mut().zip(&mut times) {
            editor.harness.key_press(key(i));
            let begin = clock();
            editor.harness.step();
            times.push(clock() - begin);
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 4]
    })
}

#[test]
fn thousands_of_files_scroll_as_fast_as_a_few() {
    // Near the beginning, up and down, which a short list can as well; then on and on.
    let fro = |i: usize| if i / 4 % 2 == 1 { Key::PageUp } else { Key::PageDown };
    let [few, many] = frame_times([50, 5000], fro);
    println!("to and fro, a frame takes {few:?} with 50 files and {many:?} with 5000");
    assert!(many < few * 2, "5000 files: {many:?} instead of {few:?}");
    let [few, many] = frame_times([500, 5000], |_| Key::PageDown);
    println!("on and on, a frame takes {few:?} with 500 files and {many:?} with 5000");
    assert!(many < few * 2, "5000 files: {many:?} instead of {few:?}");
}
