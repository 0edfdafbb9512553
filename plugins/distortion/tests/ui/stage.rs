//! An editor on a stage: no window, no host, but files of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
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

/// A plugin that a host plays, and its editor.
pub(crate) fn editor(test: &str) -> Editor {
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
    let harness = Harness::builder().with_size(SIZE).with_step_dt(1.0 / 60.0).build_ui(move |ui| {
        if !opened {
            app.open(ui.ctx(), context.clone());
            opened = true;
        }
        app.draw(ui);
    });
    Editor { plugin, params, gestures, harness, folder }
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

    pub(crate) fn sees(&self, label: &str) -> bool {
        self.harness.query_by_label(label).is_some()
    }

    /// Writes a model among the player's.
    pub(crate) fn write(&self, name: &str, json: &str) -> PathBuf {
        let folder = self.folder.join("models");
        std::fs::create_dir_all(&folder).expect("a folder");
        host::write(&folder, name, json)
    }
}
