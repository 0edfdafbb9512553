//! What the editor does when it is asked to.

use nice_plug::prelude::*;

use super::App;
use super::desk::{Ask, Page};
use super::face::Drawer;
use super::header::Click;
use crate::places::Task;
use crate::presets::{Id, Overwrite, PresetTask};
use ui::header::Click as Other;

impl App {
    /// Does what was asked for.
    pub(super) fn answer(&mut self, ask: Ask, setter: &ParamSetter<'_>) {
        match ask {
            Ask::Run(task) => self.run(task),
            Ask::Browse(place) => {
                let task = self.browser.open(place, self.places().folder(place));
                self.run(task);
            }
            Ask::Show(page) => {
                self.browser.close();
                self.page = page;
            }
            Ask::Toggle(drawer) => self.toggle(drawer),
            Ask::Header(click) => self.header_click(click, setter),
        }
    }

    /// Asks the background thread, and tells the host where the project changes.
    pub(super) fn run(&self, task: Task) {
        if let (true, Some(context)) = (task.is_choice(), &self.context) {
            self.params.touch(&context.param_setter());
        }
        self.tasks.execute_background(task);
    }

    /// A drawer belongs to the face, so that is shown too.
    fn toggle(&mut self, drawer: Drawer) {
        let seen = self.page == Page::Amp && self.browser.place().is_none();
        let open = !(seen && self.drawer == Some(drawer));
        self.browser.close();
        self.page = Page::Amp;
        self.drawer = open.then_some(drawer);
        self.tuner.listen(&self.meters, self.drawer == Some(Drawer::Tuner));
    }

    fn header_click(&mut self, click: Click, setter: &ParamSetter<'_>) {
        let tasks = self.tasks.clone();
        let ask = move |task| {
            tasks.execute_background(task);
        };
        match click {
            Click::Load(id) => self.run(Task::Preset(PresetTask::Load(id))),
            Click::Delete(Id::User(path)) => self.run(Task::Preset(PresetTask::Delete(path))),
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
                self.run(Task::Preset(PresetTask::Save(Box::new(preset), over)));
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
