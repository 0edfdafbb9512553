//! What the editor does when it is asked to.

use nice_plug::prelude::*;
use ui::header::Click as Other;

use super::App;
use super::desk::Ask;
use super::header::Click;
use crate::Task;
use crate::engine::{Wish, folder_of};
use crate::presets::{Id, Overwrite, PresetTask};

impl App {
    /// Does what was asked for.
    pub(super) fn answer(&mut self, ask: Ask, setter: &ParamSetter<'_>) {
        match ask {
            Ask::Wish(wish) => self.wish(wish, setter),
            Ask::Browse => {
                let status = self.params.engine.status();
                let folder = folder_of(&status, &self.params.folders.models);
                self.files.open(folder, &self.repaint);
            }
            Ask::Enter(folder) => self.files.enter(folder, &self.repaint),
            Ask::Close => self.files.close(),
            Ask::Dismiss => {
                self.params.engine.dismiss();
                self.params.presets.dismiss();
            }
            Ask::Header(click) => self.header_click(click, setter),
        }
    }

    /// Asks the engine, and tells the host where the project changes.
    pub(super) fn wish(&self, wish: Wish, setter: &ParamSetter<'_>) {
        if wish.is_choice() {
            self.params.touch(setter);
        }
        self.params.engine.ask(wish);
    }

    fn header_click(&mut self, click: Click, setter: &ParamSetter<'_>) {
        let tasks = self.tasks.clone();
        let ask = move |task| {
            tasks.execute_background(task);
        };
        match click {
            Click::Load(id) => ask(Task::Preset(PresetTask::Load(id))),
            Click::Delete(Id::User(path)) => ask(Task::Preset(PresetTask::Delete(path))),
            Click::Delete(Id::Factory(_)) => {}
            Click::Other(click) => self.other_click(click, setter, &ask),
        }
    }

    fn other_click(&mut self, click: Other, setter: &ParamSetter<'_>, ask: &dyn Fn(Task)) {
        match click {
            Other::Undo => self.session.undo(setter, ask),
            Other::Redo => self.session.redo(setter, ask),
            Other::Swap => self.session.switch(setter, ask),
            Other::Copy => self.session.copy_to_other(),
            Other::Save(name, over) => {
                let mut preset = self.session.preset();
                preset.name = name;
                let over = if over { Overwrite::Yes } else { Overwrite::No };
                ask(Task::Preset(PresetTask::Save(Box::new(preset), over)));
            }
            Other::Load(_) | Other::Delete(_) => {}
            Other::Bypass => {
                let bypass = &self.params.bypass;
                shell::links::gesture(setter, bypass, !bypass.value());
                self.session.commit(bypass.name());
            }
        }
    }

    /// Plays a file that was let fall on the window.
    pub(super) fn catch(&self, egui: &egui::Context, setter: &ParamSetter<'_>) {
        let dropped = egui.input(|i| Some(i.raw.dropped_files.first()?.path().to_owned()));
        if let Some(path) = dropped {
            self.wish(Wish::Open(path), setter);
        }
    }

    /// Follows what was done since the last frame, so that it can be undone.
    pub(super) fn follow(&mut self, egui: &egui::Context, setter: &ParamSetter<'_>) {
        if self.params.engine.take_unchecked() {
            self.params.engine.ask(Wish::Check);
        }
        if let Some(what) = ui::gesture::take_ended(egui) {
            self.session.commit(&what);
        }
        if let Some(path) = self.params.presets.take_saved() {
            self.session.saved_as(Id::User(path));
        }
        let tasks = self.tasks.clone();
        let ask = move |task| {
            tasks.execute_background(task);
        };
        let time = egui.input(|i| i.time);
        if self.session.frame(time, ui::gesture::active(egui), setter, &ask) {
            egui.request_repaint_after(std::time::Duration::from_millis(33));
        }
    }
}
