//! What it looks like, in pictures that are compared.

use kiln_drive::Wish;
use kiln_drive::choices::Oversampling;
use kiln_drive::editor::LEAST;

use crate::host;
use crate::stage::{Editor, Stage, editor};

const LARGE: [f32; 2] = [1600.0, 1024.0];

/// A network without memory whose curve is not symmetrical, with as many knobs as named.
fn pedal(name: &str, knobs: &[&str]) -> String {
    let list: Vec<String> = (knobs.iter())
        .map(|knob| format!(r#"{{"name": "{knob}", "min": 0, "max": 1, "default": 0.5}}"#))
        .collect();
    // The first knob drives, and each further one shifts the bias.
    let more = |unit: usize| -> String {
        let weight = |i: usize| [[0.0, 0.5, -0.4, 0.2], [0.3, -0.2, 0.5, -0.4]][unit][i];
        (0..knobs.len()).map(|i| format!(", {}", weight(i))).collect()
    };
    format!(
        r#"{{"format": "kiln-drive", "version": 1, "name": "{name}", "esr": 0.0041,
            "description": "Two pairs of diodes of different heights.",
            "knobs": [{}], "layers": [
            {{"type": "dense", "weights": [[5.0{}], [2.0{}]], "bias": [-0.4, 0.9]}},
            {{"type": "tanh"}},
            {{"type": "dense", "weights": [[0.45, 0.3]], "bias": [-0.04]}}]}}"#,
        list.join(","),
        more(0),
        more(1)
    )
}

/// Plays a file, and draws until it is measured.
fn play(editor: &mut Editor, file: &str, json: &str) {
    let path = editor.write(file, json);
    host::open(&editor.plugin, &path);
    editor.settle();
}

/// The first device, a few things set, and sound.
fn furnished(stage: Stage, test: &str) -> Editor {
    let mut editor = stage.set(test);
    editor.type_value("Drive", "64");
    editor.type_value("Low cut before", "120");
    editor.type_value("High cut after", "7 k");
    editor.type_value("Tilt", "1.5");
    editor.click("Auto gain");
    editor.settle();
    editor.sound(0.4);
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
fn aliases_are_seen_where_nothing_is_done_against_them() {
    let mut editor = editor("aliases");
    editor.click("Play Kiln Fuzz");
    editor.until(|editor| editor.sees("Plays Kiln Fuzz"));
    editor.type_value("Drive", "90");
    editor.click("Oversampling: 1x");
    editor.rebuild();
    editor.sound(0.25);
    editor.looks_like("aliases");
}

/// Draws until the flare of the light is over, so that the picture is the same each time.
fn fade(editor: &mut Editor) {
    let over = std::time::Duration::from_secs(3);
    editor.until(|editor| {
        let latest = editor.status().following.and_then(|live| live.latest);
        latest.is_none_or(|latest| latest.elapsed() > over)
    });
    editor.settle();
}

#[test]
fn a_file_is_followed() {
    let mut editor = editor("following");
    let sent = |number: u64| {
        let more = format!("\"revision\": {number}, \"layers\"");
        pedal("Console", &["Gain"]).replacen("\"layers\"", &more, 1)
    };
    play(&mut editor, "Console.json", &sent(7));
    editor.click("Follow the model's file");
    editor.until(|editor| editor.status().following.is_some_and(|live| live.reloads == 1));
    editor.write("Console.json", &sent(8));
    editor.until(|editor| editor.status().following.is_some_and(|live| live.revision == Some(8)));
    assert!(editor.sees("r8 · ESR 0.41 %"));
    fade(&mut editor);
    editor.looks_like("following");
    editor.write("Console.json", "{");
    editor.until(|editor| editor.status().error.is_some());
    assert!(editor.status().error.is_some_and(|why| why.contains("Console.json is not played")));
    // The banner has the whole path, which differs from machine to machine.
    editor.click("Dismiss");
    fade(&mut editor);
    editor.looks_like("refused");
    editor.click("Follow the model's file");
    editor.until(|editor| editor.status().following.is_none());
}

#[test]
fn a_model_without_knobs() {
    let mut editor = editor("knobless");
    play(&mut editor, "Console.json", &pedal("Console", &[]));
    assert!(editor.sees("KNOBS: none") && !editor.sees("Knob 2"));
    editor.looks_like("knobless");
}

#[test]
fn a_model_with_three_more_knobs_and_a_render_of_its_own() {
    let mut editor = editor("knobs");
    let knobs = ["Fuzz", "Bias", "Tone", "Voltage"];
    play(&mut editor, "Fuzz.json", &pedal("Four Knob Fuzz", &knobs));
    editor.type_value("Knob 3", "70");
    editor.click("Render quality of its own");
    editor.click("Filters: Linear");
    editor.click("Oversampling: 2x");
    editor.click("Calibrate input");
    editor.rebuild();
    assert!(!editor.sees("Latency: none"));
    assert!(editor.sees("KNOBS: Fuzz, Bias, Tone, Voltage") && editor.sees("Knob 4"));
    editor.looks_like("knobs");
}

#[test]
fn a_model_of_a_rate_of_its_own_cannot_be_integrated() {
    let mut editor = editor("rated");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/drive/guitarml_lstm.json");
    let json = std::fs::read_to_string(path).expect("a model");
    editor.click("Oversampling: 1x");
    play(&mut editor, "Lead.json", &json);
    assert_eq!(editor.params.oversampling.value(), Oversampling::X1);
    editor.rebuild();
    assert!(editor.sees("FORMAT: GuitarML"));
    editor.looks_like("rated");
}

#[test]
fn nothing_plays() {
    let mut editor = editor("nothing");
    play(&mut editor, "Console.json", &pedal("Console", &[]));
    editor.click("Play No model");
    editor.until(|editor| editor.status().content.is_none());
    assert!(editor.sees("Plays No model"));
    editor.looks_like("nothing");
}

#[test]
fn error() {
    let mut editor = editor("error");
    play(&mut editor, "Console.json", &pedal("Console", &[]));
    editor.plugin.engine().ask(Wish::Open("/gone/fuzz.json".into()));
    editor.until(|editor| editor.status().error.is_some());
    editor.settle();
    editor.looks_like("error");
    editor.click("Dismiss");
    assert_eq!(editor.status().error, None);
}

#[test]
fn files() {
    let mut editor = editor("files");
    for name in ["fuzz 2.json", "fuzz 10.nam", "notes.txt"] {
        editor.write(name, "{}");
    }
    std::fs::create_dir_all(editor.folder.join("models/older")).expect("a folder");
    play(&mut editor, "Console.json", &pedal("Console", &[]));
    editor.click("Open a file");
    editor.until(|editor| editor.sees("File fuzz 10.nam"));
    assert!(editor.sees("Folder older") && !editor.sees("File notes.txt"));
    editor.looks_like("files");
}

#[test]
fn presets() {
    let mut editor = editor("presets_view");
    play(&mut editor, "Console.json", &pedal("Console", &[]));
    editor.click("Choose a preset");
    editor.looks_like("presets");
}
