//! An editor on a stage: no window, no host, but files of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use egui::Key;
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions};
use kiln_drive::disk::Folders;
use kiln_drive::editor::{App, SIZE};
use kiln_drive::{DriveParams, KilnDrive, Status, Task};
use nice_plug::prelude::*;

use crate::host;

pub(crate) struct Editor {
    pub(crate) plugin: KilnDrive,
    pub(crate) params: Arc<DriveParams>,
    pub(crate) gestures: Arc<host::Gestures>,
    pub(crate) harness: Harness<'static>,
    /// Where its files lie.
    pub(crate) folder: PathBuf,
}

/// What a stage is to be like.
pub(crate) struct Stage {
    pub(crate) size: [f32; 2],
    pub(crate) scale: f32,
}

impl Default for Stage {
    fn default() -> Self {
        Self { size: SIZE, scale: 1.0 }
    }
}

pub(crate) fn editor(test: &str) -> Editor {
    Stage::default().set(test)
}

impl Stage {
    /// A plugin that a host plays, and its editor.
    pub(crate) fn set(self, test: &str) -> Editor {
        let folder = host::scratch(test);
        let mut plugin = KilnDrive::within(&Folders::under(&folder));
        host::activate(&mut plugin);
        let (params, gestures) = (plugin.kept(), Arc::new(host::Gestures::default()));
        let run: Arc<dyn Fn(Task) + Send + Sync> = {
            let params = params.clone();
            Arc::new(move |task| params.run(task))
        };
        let tasks = AsyncExecutor::new(run.clone(), run);
        let repaint = nice_plug_egui::RepaintNotifier::new();
        let mut app = App::new(params.clone(), plugin.meters().clone(), tasks, repaint);
        let context = host::gui(&gestures);
        let mut opened = false;
        let harness = Harness::builder()
            .with_size(self.size)
            .with_pixels_per_point(self.scale)
            .with_step_dt(1.0 / 60.0)
            .build_ui(move |ui| {
                if !opened {
                    app.open(ui.ctx(), context.clone());
                    opened = true;
                }
                app.draw(ui);
            });
        Editor { plugin, params, gestures, harness, folder }
    }
}

impl Editor {
    pub(crate) fn frames(&mut self) {
        self.harness.run_steps(4);
    }

    pub(crate) fn status(&self) -> Status {
        self.plugin.engine().status()
    }

    /// Draws until it has come to `done`, as long as that takes a loaded machine.
    pub(crate) fn until(&mut self, done: impl Fn(&Self) -> bool) {
        for _ in 0..3000 {
            self.harness.step();
            if done(self) {
                return self.frames();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it never came to that: {:?}", self.status().error);
    }

    pub(crate) fn key(&mut self, key: Key) {
        self.harness.key_press(key);
        self.frames();
    }

    pub(crate) fn type_value(&mut self, knob: &str, typed: &str) {
        self.click(&format!("{knob} value"));
        self.harness.event(egui::Event::Text(typed.into()));
        self.key(Key::Enter);
    }

    pub(crate) fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.frames();
    }

    /// Goes to what may be out of sight in a list, and presses Enter.
    pub(crate) fn enter(&mut self, label: &str) {
        self.harness.get_by_label(label).focus();
        self.frames();
        self.key(Key::Enter);
    }

    pub(crate) fn sees(&self, label: &str) -> bool {
        self.harness.query_by_label(label).is_some()
    }

    /// Writes a model among the player's.
    pub(crate) fn write(&self, name: &str, json: &str) -> PathBuf {
        let folder = self.folder.join("models");
        std::fs::create_dir_all(&folder).expect("a folder");
        host::write(&folder, name, json)
    }

    /// Draws until what plays is measured.
    pub(crate) fn settle(&mut self) {
        self.until(|editor| editor.status().loading.is_none() && editor.is_measured());
        // A measurement that was asked for only now.
        self.until(Self::is_measured);
    }

    fn is_measured(&self) -> bool {
        !self.sees("Transfer curve: measuring") && !self.sees("Spectrum of a sine: measuring")
    }

    /// A tone plays, as loud as `peak` says: the meters move, the embers glow, and the
    /// sound is on the curve.
    pub(crate) fn sound(&mut self, peak: f32) {
        // Watched, it tells what it does.
        self.harness.step();
        let mut io = host::tone(28_800, peak);
        host::process(&mut self.plugin, &mut io);
        let meters = self.plugin.meters().clone();
        meters.load.store(0.04, Relaxed);
        let output = io[0][24_000..].iter().fold(0.0f32, |most, x| most.max(x.abs()));
        for _ in 0..90 {
            for i in 0..2 {
                meters.input[i].store(peak * [1.0, 0.8][i], Relaxed);
                meters.output[i].store(output * [1.0, 0.9][i], Relaxed);
            }
            self.harness.step();
        }
    }

    /// Has the plugin take up another quality, as it does in its next block.
    pub(crate) fn rebuild(&mut self) {
        let quality = self.params.quality(false);
        host::process(&mut self.plugin, &mut host::tone(64, 0.0));
        // What a block took here, and how loud it was, is in no picture.
        let meters = self.plugin.meters().clone();
        meters.load.store(0.0, Relaxed);
        meters.input.iter().chain(&meters.output).for_each(|peak| peak.store(0.0, Relaxed));
        self.until(|editor| editor.status().setup.is_some_and(|setup| setup.quality == quality));
        self.settle();
    }

    /// Compares with the committed picture. Software rasterisers differ in the last bits
    /// and along edges, so some pixels may.
    pub(crate) fn looks_like(&mut self, name: &str) {
        self.harness.remove_cursor();
        self.harness.run_steps(8);
        // A path differs from machine to machine.
        let path = self.harness.query_by_label("Path of a folder or model");
        if let Some(place) = path.map(|node| node.rect()) {
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
