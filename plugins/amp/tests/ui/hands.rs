//! What hands do: knobs, switches, values, the keyboard.

use egui::{Key, Modifiers, vec2};

use kiln_amp::Linked as _;

use crate::stage::{Editor, editor};

fn wheel(editor: &mut Editor, knob: &str, notches: f32) {
    editor.harness.hover_at(editor.center(knob));
    editor.harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: vec2(0.0, notches),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
    editor.frames();
}

#[test]
fn a_knob_is_dragged_fine_and_coarse() {
    let mut editor = editor("drag");
    let knob = editor.center("Input");
    editor.gestures.take();
    editor.drag(knob, vec2(0.0, -44.0), Modifiers::NONE);
    let coarse = editor.params.input.value();
    assert!((6.0..9.0).contains(&coarse), "{coarse} dB");
    let gestures = editor.gestures.take();
    assert_eq!(gestures.first().map(String::as_str), Some("begin Input"));
    assert_eq!(gestures.last().map(String::as_str), Some("end Input"));
    assert_eq!(gestures.iter().filter(|g| !g.starts_with("set")).count(), 2, "{gestures:?}");

    editor.drag(knob, vec2(0.0, -44.0), Modifiers::SHIFT);
    let fine = editor.params.input.value() - coarse;
    assert!((0.4..1.0).contains(&fine), "{fine} dB");
}

#[test]
fn a_double_click_restores_the_default_and_the_wheel_turns() {
    let mut editor = editor("wheel");
    wheel(&mut editor, "Output", 3.0);
    assert!((editor.params.output.value() - 4.8).abs() < 0.1, "{}", editor.params.output.value());
    let knob = editor.center("Output");
    for _ in 0..2 {
        editor.harness.drag_at(knob);
        editor.harness.drop_at(knob);
    }
    editor.frames();
    assert_eq!(editor.params.output.value(), 0.0);
}

#[test]
fn arrows_move_within_what_is_typed() {
    let mut editor = editor("typed_arrows");
    editor.click("Output value");
    editor.harness.event(egui::Event::Text("1".into()));
    editor.key(Key::ArrowLeft);
    editor.harness.event(egui::Event::Text("2".into()));
    editor.key(Key::Enter);
    assert_eq!(editor.params.output.value(), 21.0);
}

#[test]
fn a_value_can_be_typed() {
    let mut editor = editor("typed");
    for (typed, value) in [("-7,5 dB", -7.5), ("nonsense", -7.5), ("99", 20.0), ("inf", 20.0)] {
        editor.type_value("Input", typed);
        assert_eq!(editor.params.input.value(), value, "{typed:?}");
    }
    editor.type_value("Mix", "40 %");
    assert!((editor.params.mix.value() - 0.4).abs() < 1e-6);
    editor.click("Cabinet");
    editor.type_value("High cut", "7.5k");
    assert!((editor.params.high_cut.value() - 7500.0).abs() < 1.0);
    editor.type_value("High cut", "off");
    assert_eq!(editor.params.high_cut.value(), 20_000.0);
}

#[test]
fn switches_and_choices_are_one_gesture() {
    let mut editor = editor("gestures");
    for (label, name) in [
        ("Bypass", "Bypass"),
        ("Gate", "Gate"),
        ("Tone position: Before", "Tone position"),
        ("Channels: Mono", "Channels"),
    ] {
        editor.gestures.take();
        editor.click(label);
        let gesture = ["begin", "set", "end"].map(|what| format!("{what} {name}"));
        assert_eq!(editor.gestures.take(), gesture);
    }
    let values = editor.params.values();
    assert!(values.bypass && values.gate.on && values.tone.before);
    assert_eq!(values.channels, fx::amp::Channels::Mono);
    // What is chosen already is no change.
    editor.gestures.take();
    editor.click("Channels: Mono");
    assert_eq!(editor.gestures.take(), [""; 0]);
}

/// Tab until `label` has the keyboard; fails when it never does.
fn tab_to(editor: &mut Editor, label: &str) {
    use egui_kittest::kittest::Queryable;
    for _ in 0..80 {
        editor.key(Key::Tab);
        if editor.harness.query_by_label(label).is_some_and(|node| node.is_focused()) {
            return;
        }
    }
    panic!("Tab never came to {label}");
}

#[test]
fn the_keyboard_reaches_and_turns_all() {
    let mut editor = editor("keyboard");
    tab_to(&mut editor, "Bass");
    editor.key(Key::ArrowUp);
    assert!((editor.params.bass.value() - 5.2).abs() < 1e-3);
    editor.key(Key::ArrowLeft);
    editor.key(Key::PageDown);
    assert!((editor.params.bass.value() - 4.0).abs() < 1e-3);
    editor.key(Key::End);
    assert_eq!(editor.params.bass.value(), 10.0);
    editor.key(Key::Enter);
    editor.text("7.5");
    editor.key(Key::Enter);
    assert_eq!(editor.params.bass.value(), 7.5);

    for label in ["Choose a preset", "Memory B", "Bypass", "Cabinet", "Gate", "More of the gate"] {
        tab_to(&mut editor, label);
    }
    editor.key(Key::Space);
    assert!(editor.sees("Gate release"), "the key did not open the gate's knobs");
    tab_to(&mut editor, "Gate release");
    editor.key(Key::Escape);
    assert!(!editor.sees("Gate release"), "Escape did not close them");
    for label in ["Choose model A", "Next model B", "Cabinet in the chain"] {
        tab_to(&mut editor, label);
    }
    editor.key(Key::Enter);
    assert!(editor.sees("Low cut"), "the key did not turn to the cabinet");
}

#[test]
fn every_knob_of_every_page_is_reached() {
    let mut editor = editor("reach");
    let pages: [(&str, &[&str]); 4] = [
        ("Amp", &["Input", "Gate threshold", "Middle", "Treble", "Presence", "Mix", "Output"]),
        ("Models", &["Trim A", "Trim B", "Model A", "Model B", "Routing: Parallel"]),
        ("Cabinet", &["Low cut", "High cut", "Cabinet blend", "Cabinet level match"]),
        ("Settings", &["Interface level", "Calibrate input", "Oversampling: 2x"]),
    ];
    for (page, labels) in pages {
        use egui_kittest::kittest::Queryable;
        let tab = editor.harness.get_all_by_label(page).next().expect("a tab");
        tab.click();
        editor.frames();
        for label in labels {
            tab_to(&mut editor, label);
        }
    }
}

#[test]
fn clipping_is_shown_until_it_is_clicked() {
    let mut editor = editor("clip");
    editor.sound([0.1; 2], [1.5, 0.2]);
    editor.sound([0.1; 2], [0.1; 2]);
    assert!(editor.sees("OUT meter clipped"));
    editor.click("OUT meter clipped");
    assert!(editor.sees("OUT meter"));
}
