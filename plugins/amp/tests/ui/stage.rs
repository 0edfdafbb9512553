//! An editor on a stage: no window, no host, but files of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use egui::{Key, Modifiers, Pos2, Vec2};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions};
use kiln_amp::Meters;
use kiln_amp::disk::Folders;
use kiln_amp::editor::{App, SIZE};
use kiln_amp::library::Library;
use kiln_amp::params::AmpParams;
use kiln_amp::places::{Place, Places, Task};

use crate::host;

/// Slot A.
pub(crate) const A: Place = Place::Model(0);
/// Slot B.
pub(crate) const B: Place = Place::Model(1);

pub(crate) struct Editor {
    pub(crate) params: Arc<AmpParams>,
    pub(crate) places: Places,
    pub(crate) meters: Arc<Meters>,
    pub(crate) gestures: Arc<host::Gestures>,
    pub(crate) harness: Harness<'static>,
    /// Where its files lie.
    pub(crate) folder: PathBuf,
}

pub(crate) fn editor(test: &str) -> Editor {
    editor_of(test, SIZE, 1.0)
}

pub(crate) fn editor_of(test: &str, size: [f32; 2], scale: f32) -> Editor {
    editor_with(test, size, scale, Arc::new(Meters::default()))
}

/// With the meters of a plugin that makes sound.
pub(crate) fn editor_with(test: &str, size: [f32; 2], scale: f32, meters: Arc<Meters>) -> Editor {
    let folder = host::scratch(test);
    let (params, places) = host::params_in(&folder);
    for count in [&meters.inputs, &meters.outputs] {
        count.store(2, Relaxed);
    }
    // Not the factory's, whose numbers may change with the next training.
    let model = host::write(&folder, "Ember 50.nam", &host::wavenet("Ember 50", 0.8));
    places.run(Task::Open(A, model));
    let gestures = Arc::new(host::Gestures::default());
    let library = Library::new(Folders::under(&folder));
    let mut app =
        App::new(params.clone(), meters.clone(), host::executor(&params)).with_library(library);
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
    Editor { params, places, meters, gestures, harness, folder }
}

impl Editor {
    pub(crate) fn frames(&mut self) {
        self.harness.run_steps(4);
    }

    /// The name of what plays in slot A.
    pub(crate) fn playing(&self) -> String {
        self.playing_at(A)
    }

    pub(crate) fn playing_at(&self, place: Place) -> String {
        self.places.status(place).playing.map_or(String::new(), |playing| playing.name.clone())
    }

    pub(crate) fn key(&mut self, key: Key) {
        self.harness.key_press(key);
        self.frames();
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.harness.event(egui::Event::Text(text.into()));
        self.frames();
    }

    pub(crate) fn type_value(&mut self, knob: &str, typed: &str) {
        self.click(&format!("{knob} value"));
        self.harness.event(egui::Event::Text(typed.into()));
        self.key(Key::Enter);
    }

    pub(crate) fn drag(&mut self, from: Pos2, by: Vec2, modifiers: Modifiers) {
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
        self.frames();
    }

    pub(crate) fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.frames();
    }

    /// Draws until it has come to `done`, as long as that takes a loaded machine.
    pub(crate) fn until(&mut self, done: impl Fn(&Self) -> bool) {
        for _ in 0..3000 {
            self.harness.step();
            if done(self) {
                return self.frames();
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("it never came to that");
    }

    pub(crate) fn sees(&self, label: &str) -> bool {
        self.harness.query_by_label(label).is_some()
    }

    pub(crate) fn center(&self, label: &str) -> Pos2 {
        self.harness.get_by_label(label).rect().center()
    }

    /// Something plays: the meters move, and the embers glow.
    pub(crate) fn sound(&mut self, input: [f32; 2], output: [f32; 2]) {
        for _ in 0..90 {
            for i in 0..2 {
                self.meters.input[i].store(input[i], Relaxed);
                self.meters.output[i].store(output[i], Relaxed);
            }
            self.harness.step();
        }
    }

    /// Compares with the committed picture. Software rasterisers differ in the
    /// last bits and along edges, so some pixels may.
    pub(crate) fn looks_like(&mut self, name: &str) {
        self.harness.remove_cursor();
        self.harness.run_steps(8);
        for place in self.paths() {
            self.harness.mask(place);
        }
        let drawn = catch_unwind(AssertUnwindSafe(|| self.harness.render()));
        assert!(
            matches!(drawn, Ok(Ok(_))),
            "nothing to draw with: install a software Vulkan driver (Debian: mesa-vulkan-drivers)"
        );
        let options = SnapshotOptions::new()
            .threshold(1.5)
            .max_failed_pixels(400_usize)
            .output_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));
        self.harness.snapshot_options(name, &options);
    }
}

/// A folder of a few models.
pub(crate) fn amps(test: &str) -> PathBuf {
    let folder = host::scratch(test).join("Amps");
    for sub in ["Clean", "High gain"] {
        std::fs::create_dir_all(folder.join(sub)).expect("a folder");
    }
    for (name, model) in [("Ember 9.nam", "Ember 50"), ("Ember 10.nam", "Ember 100")] {
        host::write(&folder, name, &host::wavenet(model, 0.8));
    }
    host::write(&folder, "Slim.nam", &host::container("Slim Ember"));
    host::write(&folder, "broken.nam", "{");
    folder
}

/// An impulse response as a WAV file of 16 bits: a decaying, ringing click.
pub(crate) fn impulse(folder: &Path, name: &str, ring: f32) -> PathBuf {
    let samples: Vec<i16> = (0..4800)
        .map(|i| {
            let t = i as f32 / 48_000.0;
            let click = if i == 0 { 0.8 } else { 0.0 };
            let tone =
                |hz: f32, decay: f32| (t * hz * std::f32::consts::TAU).sin() * (-t * decay).exp();
            let sum = click + 0.5 * tone(ring, 90.0) + 0.3 * tone(ring * 17.0, 400.0);
            (sum.clamp(-1.0, 1.0) * 30_000.0) as i16
        })
        .collect();
    let bytes = (samples.len() * 2) as u32;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    for word in [1u16, 1] {
        wav.extend(word.to_le_bytes());
    }
    wav.extend(48_000u32.to_le_bytes());
    wav.extend(96_000u32.to_le_bytes());
    for word in [2u16, 16] {
        wav.extend(word.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend(bytes.to_le_bytes());
    wav.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    std::fs::create_dir_all(folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, wav).expect("to write an impulse response");
    path
}

impl Editor {
    /// Where paths and costs stand, which differ from machine to machine.
    fn paths(&self) -> Vec<egui::Rect> {
        let labels = ["Path of a folder or file", "Read the library again"];
        let found = labels.iter().flat_map(|label| self.harness.query_all_by_label(label));
        let costs = self.harness.query_by_label("Sort by Cost").map(|node| {
            let rect = node.rect();
            rect.with_min_y(rect.bottom() + 2.0).with_max_y(rect.bottom() + 2000.0)
        });
        let foot = self.harness.query_by_label("Previous model").map(|node| node.rect().top());
        let costs = costs.zip(foot).map(|(rect, foot)| rect.with_max_y(foot - 1.0));
        found.map(|node| node.rect()).chain(costs).collect()
    }
}
