//! What it looks like, in pictures that are compared.

use std::sync::atomic::Ordering::Relaxed;

use kiln_amp::KilnAmp;
use kiln_amp::editor::{LEAST, SIZE};
use kiln_amp::places::{Place, Task};

use crate::host;
use crate::stage::{A, B, Editor, amps, editor, editor_of, editor_with, impulse};

const LARGE: [f32; 2] = [1600.0, 1000.0];

/// A picture of the same name for each size.
macro_rules! at_sizes {
    ($view:ident: $($name:ident $size:ident),+) => {
        $(#[test]
        fn $name() {
            $view(stringify!($name), $size);
        })+
    };
}

/// A second model, two cabinets, a few things set, and sound.
fn furnish(editor: &mut Editor) {
    let folder = editor.folder.clone();
    let known = host::wavenet("Ember 50", 0.8).replace(
        "\"metadata\": {",
        "\"metadata\": {\"loudness\": -16.4, \"input_level_dbu\": 12.2, \"output_level_dbu\": 10.5,",
    );
    let ember = host::write(&folder, "Ember 50 bright.nam", &known);
    editor.places.run(Task::Open(A, ember));
    let slim = host::write(&folder, "Slim.nam", &host::container("Slim Ember"));
    editor.places.run(Task::Open(B, slim));
    for (i, (name, ring)) in
        [("4x12 cone edge.wav", 110.0), ("1x12 open back.wav", 190.0)].into_iter().enumerate()
    {
        let path = impulse(&folder, name, ring);
        editor.places.run(Task::Open(Place::Cabinet(i), path));
    }
    editor.meters.load.store(0.07, Relaxed);
    editor.meters.gate.store(1.0, Relaxed);
    editor.frames();
}

fn furnished(test: &str, size: [f32; 2], scale: f32) -> Editor {
    let mut editor = editor_of(test, size, scale);
    furnish(&mut editor);
    editor
}

fn face(test: &str, size: [f32; 2], scale: f32) -> Editor {
    let mut editor = furnished(test, size, scale);
    editor.type_value("Input", "6.5");
    editor.type_value("Output", "-12");
    editor.type_value("Bass", "6");
    editor.type_value("Treble", "3.5");
    editor.click("Gate");
    editor.sound([0.25, 0.1], [0.7, 0.5]);
    editor
}

#[test]
fn face_view() {
    face("face_view", SIZE, 1.0).looks_like("face");
}

#[test]
fn face_at_2x() {
    face("face_2x", SIZE, 2.0).looks_like("face_2x");
}

#[test]
fn face_small() {
    face("face_small", LEAST, 1.0).looks_like("face_small");
}

#[test]
fn face_large() {
    face("face_large", LARGE, 1.0).looks_like("face_large");
}

#[test]
fn bypassed_view() {
    let mut editor = furnished("bypassed", SIZE, 1.0);
    editor.click("Bypass");
    editor.click("Tone position: Before");
    editor.click("Models");
    editor.click("Routing: Parallel");
    editor.click("Amp");
    editor.sound([0.25, 0.1], [1.3, 0.5]);
    editor.looks_like("bypassed");
}

fn gate_view(name: &str, size: [f32; 2]) {
    let mut editor = furnished(name, size, 1.0);
    editor.click("Gate");
    editor.click("More of the gate");
    editor.looks_like(name);
}

at_sizes!(gate_view: gate SIZE, gate_small LEAST);

fn models_view(name: &str, size: [f32; 2]) {
    let mut editor = furnished(name, size, 1.0);
    editor.click("Models");
    if size != SIZE {
        editor.click("Routing: Parallel");
        editor.click("Invert B");
    }
    editor.looks_like(name);
}

at_sizes!(models_view: models SIZE, models_small LEAST, models_large LARGE);

#[test]
fn a_model_beside_the_sound() {
    let mut editor = furnished("beside", SIZE, 1.0);
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../core/onnx/tests/data/lstm.onnx");
    editor.places.activate(48_000.0, kiln_amp::choices::Oversampling::X1);
    editor.places.run(Task::Open(A, fixture.into()));
    editor.click("Models");
    editor.looks_like("models_onnx");
}

#[test]
fn models_that_are_followed() {
    let mut editor = furnished("following", SIZE, 1.0);
    editor.click("Models");
    let sent = |number: u64| {
        let training =
            format!("\"training\": {{\"revision\": {number}, \"validation_esr\": 0.0213}}");
        host::wavenet("Ember 50", 0.8).replacen("\"name\"", &format!("{training}, \"name\""), 1)
    };
    let [path, other] = ["Ember 50 bright.nam", "Slim.nam"].map(|name| editor.folder.join(name));
    let following = |editor: &Editor, place| editor.places.status(place).following;
    editor.click("Follow model A");
    editor.click("Follow model B");
    std::fs::write(&path, sent(17)).expect("to write");
    editor.until(|editor| following(editor, A).is_some_and(|live| live.revision == Some(17)));
    std::fs::write(&other, "{}").expect("to write");
    editor.until(|editor| following(editor, B).is_some_and(|live| live.error.is_some()));
    editor.frames();
    assert!(editor.sees("r17 · ESR 2.1 %"));
    // The banner has the whole path, which differs from machine to machine.
    editor.click("Dismiss");
    std::thread::sleep(std::time::Duration::from_secs(3));
    editor.frames();
    editor.looks_like("following");
    for (place, label) in [(A, "Follow model A"), (B, "Follow model B")] {
        editor.click(label);
        assert!(following(&editor, place).is_none());
    }
}

fn cabinet_view(name: &str, size: [f32; 2]) {
    let mut editor = furnished(name, size, 1.0);
    editor.click("Cabinet");
    editor.type_value("Low cut", "80");
    editor.type_value("High cut", "7000");
    editor.looks_like(name);
}

at_sizes!(cabinet_view: cabinet SIZE, cabinet_small LEAST);

#[test]
fn waveform_view() {
    let mut editor = furnished("waveform", SIZE, 1.0);
    editor.click("Cabinet");
    editor.click("Show the waveform");
    editor.looks_like("waveform");
}

fn settings_view(name: &str, size: [f32; 2]) {
    let mut editor = furnished(name, size, 1.0);
    editor.click("Settings");
    editor.looks_like(name);
}

at_sizes!(settings_view: settings SIZE, settings_small LEAST);

/// A plugin into which a string of `hz` sounds, and an editor that hears it.
fn tuning(test: &str, size: [f32; 2], hz: f32) -> Editor {
    let mut plugin = KilnAmp::default();
    host::activate(&mut plugin, 1, 1);
    let mut editor = editor_with(test, size, 1.0, plugin.meters().clone());
    furnish(&mut editor);
    editor.click("Tuner");
    let mut phase = 0.0f32;
    for _ in 0..80 {
        let mut block = vec![0.0; 512];
        for x in &mut block {
            phase = (phase + hz / 48_000.0).fract();
            *x = 0.2 * (phase * std::f32::consts::TAU).sin();
        }
        host::process(&mut plugin, &mut [block]);
        editor.harness.step();
    }
    editor
}

fn tuner_view(name: &str, size: [f32; 2]) {
    // Half a second of silence, and a string a little flat.
    let mut editor = tuning(name, size, 109.6);
    assert!(editor.sees("Tuner: A2 -6.3 cents"), "{name}: the note is not shown");
    editor.meters.watched.store(false, Relaxed);
    editor.meters.load.store(0.07, Relaxed);
    editor.looks_like(name);
}

at_sizes!(tuner_view: tuner SIZE, tuner_small LEAST);

#[test]
fn a_string_in_tune_is_green() {
    let mut editor = tuning("tuner_in_tune", SIZE, 82.41);
    assert!(editor.sees("Tuner: E2 +0.1 cents") || editor.sees("Tuner: E2 +0.0 cents"));
    editor.click("Close the tuner");
    assert!(!editor.meters.tuner.wanted.load(Relaxed), "it still listens");
}

#[test]
fn presets_view() {
    let mut editor = furnished("presets", SIZE, 1.0);
    editor.click("Choose a preset");
    editor.looks_like("presets");
}

#[test]
fn error_view() {
    let mut editor = editor("error_view");
    editor.places.run(Task::Open(A, "/gone/Ember 50.nam".into()));
    editor.frames();
    editor.looks_like("error");
    editor.click("Dismiss");
    assert_eq!(editor.places.status(A).error, None);
}

/// 500 models in a folder, of which the library knows all.
fn crowd(folder: &std::path::Path) {
    let gear =
        ["Ember 50", "Brick 800", "Pair", "Stack", "Chime 30", "Slag 100", "Anvil 15", "Porter"];
    let tones = ["clean", "crunch", "hi_gain", "overdrive"];
    let authors = ["Ann", "Bob the Builder", "Kiln", "Tone Hoarder"];
    for i in 0..500 {
        let json = host::wavenet("x", 0.8)
            .replace("Ember 50", gear[i % gear.len()])
            .replace("crunch", tones[i % tones.len()])
            .replace("\"Kiln\"", &format!("{:?}", authors[i % authors.len()]))
            .replace(
                "\"metadata\": {",
                &format!("\"metadata\": {{\"loudness\": -{}.5,", 14 + i % 9),
            );
        let name = format!("{} {} {:03}.nam", gear[i % gear.len()], tones[i % tones.len()], i);
        host::write(folder, &name, &json);
    }
}

fn browser_view(name: &str, size: [f32; 2]) {
    let mut editor = furnished(name, size, 1.0);
    let folder = amps(&format!("{name}_folder"));
    crowd(&folder);
    editor.places.run(Task::List(folder.clone()));
    editor.frames();
    editor.click("Choose model A");
    editor.click("Make this folder the library");
    for _ in 0..600 {
        if editor.sees("Anvil 15 hi_gain 014") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        editor.harness.step();
    }
    // The last of them, and their costs.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    editor.harness.hover_at(editor.center("Anvil 15 hi_gain 022"));
    editor.frames();
    editor.click("Favourite Anvil 15 hi_gain 022");
    // Without what is built in, which will be more with time.
    editor.text("acme");
    editor.looks_like(name);
}

at_sizes!(browser_view: browser SIZE, browser_small LEAST, browser_large LARGE);
