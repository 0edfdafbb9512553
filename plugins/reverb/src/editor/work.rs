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
            Ask::Browse { follow } => {
                let status = self.params.engine.status();
                let folder = folder_of(&status, &self.params.folders.graphs);
                self.files.open(folder, follow, &self.repaint);
            }
            Ask::Enter(folder) => self.files.enter(folder, &self.repaint),
            Ask::Close => self.files.close(),
            Ask::Dismiss => {
                self.params.engine.dismiss();
                self.params.presets.dismiss();
            }
            Ask::Lock(on) => {
                self.params.mix_lock.set(on);
                self.params.touch(setter);
            }
            Ask::Header(click) => self.header_click(click, setter),
        }
    }

    /// Asks the engine, and tells the host where the project changes.
    fn wish(&mut self, wish: Wish, setter: &ParamSetter<'_>) {
        if wish.is_choice() {
            self.params.touch(setter);
        }
        // What a click in the browser follows is there to be watched.
        if matches!(wish, Wish::Follow(_)) {
            self.files.close();
        }
        if let Wish::Follow(path) = &wish {
            drop(self.recent.note(path));
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
                setter.begin_set_parameter(bypass);
                setter.set_parameter(bypass, !bypass.value());
                setter.end_set_parameter(bypass);
                self.session.commit(bypass.name());
            }
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
