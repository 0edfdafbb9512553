//! The editor without a window: what it looks like, and what it tells the host.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p kiln-amp --test ui` draws the pictures anew.

mod host;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use egui::accesskit::Role;
use egui::{Key, Modifiers, Vec2, vec2};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions};
use kiln_amp::Meters;
use kiln_amp::editor::{App, SIZE};
use kiln_amp::params::AmpParams;
use kiln_amp::places::{Place, Places, Task};

const PLACE: Place = Place::Model(0);

struct Editor {
    params: Arc<AmpParams>,
    places: Places,
    meters: Arc<Meters>,
    gestures: Arc<host::Gestures>,
    harness: Harness<'static>,
}

fn editor(test: &str) -> Editor {
    editor_of(test, SIZE, 1.0)
}

fn editor_of(test: &str, size: [f32; 2], scale: f32) -> Editor {
    let (params, places) = host::params();
    let meters = Arc::new(Meters::default());
    for count in [&meters.inputs, &meters.outputs] {
        count.store(2, Relaxed);
    }
    // Not the factory model, whose numbers may change with the next training.
    let model = host::write(&host::scratch(test), "Plexi 50.nam", &host::wavenet("Plexi 50", 0.8));
    places.run(Task::Open(PLACE, model));
    let gestures = Arc::new(host::Gestures::default());
    let mut app = App::new(params.clone(), meters.clone(), host::executor(&params));
    let context = host::gui(&gestures);
    let mut opened = false;
    let harness = Harness::builder()
        .with_size(size)
        .with_pixels_per_point(scale)
        .with_step_dt(1.0 / 60.0)
        .build_ui(move |ui| {
            if !opened {
                app.open(ui.ctx(), context.clone());
                opened = true;
            }
            app.draw(ui);
        });
    Editor { params, places, meters, gestures, harness }
}

impl Editor {
    fn frames(&mut self) {
        self.harness.run_steps(4);
    }

    fn playing(&self) -> String {
        self.places.status(PLACE).playing.map_or(String::new(), |playing| playing.name.clone())
    }

    fn key(&mut self, key: Key) {
        self.harness.key_press(key);
        self.frames();
    }

    fn type_value(&mut self, knob: &str, typed: &str) {
        self.click(&format!("{knob} value"));
        self.harness.event(egui::Event::Text(typed.into()));
        self.key(Key::Enter);
    }

    fn drag(&mut self, from: egui::Pos2, by: Vec2, modifiers: Modifiers) {
        self.harness.event(egui::Event::ModifiersChanged(modifiers));
        self.harness.drag_at(from);
        self.harness.step();
        for i in 1..=8 {
            self.harness.hover_at(from + by * (i as f32 / 8.0));
            self.harness.step();
        }
        self.harness.drop_at(from + by);
        self.harness.step();
        self.harness.event(egui::Event::ModifiersChanged(Modifiers::NONE));
    }

    fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.frames();
    }

    /// Compares with the committed picture. Software rasterisers differ in the
    /// last bits and along edges, so some pixels may.
    fn looks_like(&mut self, name: &str) {
        let drawn = catch_unwind(AssertUnwindSafe(|| self.harness.render()));
        assert!(
            matches!(drawn, Ok(Ok(_))),
            "nothing to draw with: install a software Vulkan driver (Debian: mesa-vulkan-drivers)"
        );
        let options = SnapshotOptions::new()
            .threshold(1.5)
            .max_failed_pixels(100_usize)
            .output_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));
        self.harness.snapshot_options(name, &options);
    }
}

/// A folder whose path reads the same on every machine.
fn amps(test: &str) -> &'static Path {
    let folder = host::scratch(test).join("Amps");
    for sub in ["Clean", "High gain"] {
        std::fs::create_dir_all(folder.join(sub)).expect("a folder");
    }
    for (name, model) in [("Plexi 9.nam", "Plexi 50"), ("Plexi 10.nam", "Plexi 100")] {
        host::write(&folder, name, &host::wavenet(model, 0.8));
    }
    host::write(&folder, "Slim.nam", &host::container("Slim Plexi"));
    host::write(&folder, "broken.nam", "{");
    Path::new(folder.to_string_lossy().into_owned().leak())
}

#[test]
fn default_view() {
    let mut editor = editor("default_view");
    editor.type_value("Input", "6.5");
    editor.type_value("Output", "-12");
    editor.click("Bypass");
    editor.harness.remove_cursor();
    editor.meters.input[0].store(0.25, Relaxed);
    editor.meters.input[1].store(0.1, Relaxed);
    editor.meters.output[0].store(1.2, Relaxed);
    editor.meters.output[1].store(0.5, Relaxed);
    editor.frames();
    editor.looks_like("default");
}

#[test]
fn error_view() {
    let mut editor = editor("error_view");
    editor.places.run(Task::Open(PLACE, "/gone/Plexi 50.nam".into()));
    editor.frames();
    editor.looks_like("error");
    editor.click("Dismiss");
    assert_eq!(editor.places.status(PLACE).error, None);
}

#[test]
fn wrong_rate_view() {
    let mut editor = editor("wrong_rate_view");
    editor.places.activate(44_100.0, kiln_amp::choices::Oversampling::X1);
    editor.frames();
    editor.looks_like("wrong_rate");
}

#[test]
fn slimmable_view() {
    let mut editor = editor_of("slimmable_view", [600.0, 380.0], 2.0);
    editor.places.run(Task::Open(PLACE, amps("slimmable_view_folder").join("Slim.nam")));
    editor.frames();
    editor.looks_like("slimmable_2x");
}

#[test]
fn browser_view() {
    let mut editor = editor("browser_view");
    let folder = amps("browser_view_folder");
    editor.places.run(Task::Open(PLACE, folder.join("Plexi 9.nam")));
    editor.frames();
    editor.click("Choose a model");
    // The folder's path differs from machine to machine.
    let path = editor.harness.get_all_by_role(Role::TextInput).next().expect("a path").rect();
    editor.harness.mask(path);
    editor.looks_like("browser");
}

#[test]
fn the_browser_plays_what_is_clicked_and_goes_where_it_is_told() {
    let mut editor = editor("browser_clicks");
    let folder = amps("browser_clicks_folder");
    editor.places.run(Task::List(folder.to_owned()));
    editor.frames();
    editor.click("Choose a model");
    editor.click("Plexi 10.nam");
    assert_eq!(editor.playing(), "Plexi 100");
    let gesture = ["begin", "set", "end"].map(|what| format!("{what} Model changes"));
    assert_eq!(editor.gestures.take(), gesture, "the host does not know the project changed");
    assert!(editor.harness.query_by_label("Plexi 9.nam").is_some(), "stays open");

    // A filter, and the keys.
    editor.harness.event(egui::Event::Text("slim".into()));
    editor.frames();
    assert!(editor.harness.query_by_label("Plexi 9.nam").is_none(), "was filtered");
    editor.key(Key::Enter);
    assert_eq!(editor.playing(), "Slim Plexi");

    editor.key(Key::Escape);
    editor.click("Choose a model");
    editor.click("Clean");
    assert_eq!(editor.places.listing().folder, folder.join("Clean"));
    editor.click("..");
    assert_eq!(editor.places.listing().folder, folder);
    editor.click("broken.nam");
    assert_eq!(editor.playing(), "Slim Plexi", "the sound goes on");
    assert!(editor.places.status(PLACE).error.is_some_and(|e| e.starts_with("broken.nam was not")));
    editor.click("Factory model");
    assert_eq!(editor.playing(), "Kiln Crunch");
    assert_eq!(editor.places.status(PLACE).error, None);
}

#[test]
fn arrows_step_through_the_folder() {
    let mut editor = editor("arrows");
    let folder = amps("arrows_folder");
    std::fs::remove_file(folder.join("broken.nam")).expect("to remove it");
    editor.places.run(Task::Open(PLACE, folder.join("Plexi 9.nam")));
    editor.frames();
    editor.click("Next model");
    assert_eq!(editor.playing(), "Plexi 100");
    editor.click("Previous model");
    editor.click("Previous model");
    assert_eq!(editor.playing(), "Slim Plexi", "round and round");
}

#[test]
fn a_knob_is_dragged_fine_and_coarse() {
    let mut editor = editor("drag");
    let knob = editor.harness.get_by_label("Input").rect().center();
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
    let knob = editor.harness.get_by_label("Output").rect().center();
    editor.harness.hover_at(knob);
    editor.harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: vec2(0.0, 3.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
    editor.frames();
    assert!((editor.params.output.value() - 4.8).abs() < 0.1, "{}", editor.params.output.value());
    for _ in 0..2 {
        editor.harness.drag_at(knob);
        editor.harness.drop_at(knob);
    }
    editor.frames();
    assert_eq!(editor.params.output.value(), 0.0);
}

#[test]
fn a_value_can_be_typed() {
    let mut editor = editor("typed");
    for (typed, value) in [("-7,5 dB", -7.5), ("nonsense", -7.5), ("99", 20.0), ("inf", 20.0)] {
        editor.type_value("Input", typed);
        assert_eq!(editor.params.input.value(), value, "{typed:?}");
    }
}

#[test]
fn bypass_is_one_gesture() {
    let mut editor = editor("bypass");
    editor.click("Bypass");
    assert!(editor.params.bypass.value());
    assert_eq!(editor.gestures.take(), ["begin Bypass", "set Bypass", "end Bypass"]);
}
