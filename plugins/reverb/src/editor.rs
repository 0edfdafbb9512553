//! The window. It reads what plays, and asks for changes; it makes no sound.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use egui::{Rect, Ui, pos2, vec2};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, baseview,
    create_egui_editor,
};
use ui::control::{self, Switch};
use ui::knob::Knob;
use ui::theme;

use crate::engine::Wish;
use crate::params::ReverbParams;
use crate::presets::PresetTask;
use crate::session::Session;
use crate::source::Source;
use crate::{KilnReverb, Meters, Task};

/// Width and height at first, in points.
pub const SIZE: [f32; 2] = [960.0, 600.0];
/// The least that shows everything, in points.
pub const LEAST: [f32; 2] = [640.0, 420.0];

/// Knobs of a row, and its height in units.
const ROW: usize = 10;
const HEIGHT: f32 = 104.0;

/// The editor a host can open.
pub(crate) fn editor(
    state: Arc<EguiEditorState>,
    repaint: RepaintNotifier,
    app: App,
) -> Option<EguiEditor<App>> {
    let least = LogicalSize::new(LEAST[0], LEAST[1]);
    let settings = EguiNiceSettings::new()
        .with_tile(KilnReverb::NAME)
        .with_resize_hint(ResizeHint::resizable().with_min_logical_size(least));
    create_egui_editor(state, repaint, settings, app)
}

/// What is drawn, apart from the window it is drawn in.
pub struct App {
    params: Arc<ReverbParams>,
    meters: Arc<Meters>,
    tasks: AsyncExecutor<KilnReverb>,
    context: Option<GuiContext>,
    session: Session,
    /// The path that is typed.
    path: String,
    unit: f32,
}

impl App {
    /// An editor for one plugin instance. Nothing is drawn before [`App::open`].
    pub fn new(
        params: Arc<ReverbParams>,
        meters: Arc<Meters>,
        tasks: AsyncExecutor<KilnReverb>,
    ) -> Self {
        let session = Session::new(params.clone());
        Self { params, meters, tasks, context: None, session, path: String::new(), unit: 0.0 }
    }

    /// A window was opened; `context` leads to the host.
    pub fn open(&mut self, egui: &egui::Context, context: GuiContext) {
        self.unit = 0.0;
        self.scale(egui, SIZE.into());
        self.context = Some(context);
        self.params.engine.prepare();
        self.session.open();
        self.tasks.execute_background(Task::Preset(PresetTask::List));
        let closed = Arc::new(Closed(self.meters.clone()));
        egui.data_mut(|data| data.insert_temp(egui::Id::unique("kiln closed"), closed));
    }

    fn scale(&mut self, egui: &egui::Context, size: egui::Vec2) {
        let fit = (size.x / SIZE[0]).min(size.y / SIZE[1]);
        let unit = ((fit * 40.0).round() / 40.0).clamp(0.85, 6.0);
        if unit != self.unit {
            self.unit = unit;
            theme::apply(egui, unit);
        }
    }

    /// Draws one frame.
    pub fn draw(&mut self, ui: &mut Ui) {
        let Some(context) = self.context.clone() else { return };
        let window = ui.ctx().content_rect();
        self.scale(ui.ctx(), window.size());
        self.params.window.set(window.size().into());
        self.meters.watched.store(true, Relaxed);
        if self.params.engine.take_unchecked() {
            self.params.engine.ask(Wish::Check);
        }
        let ui = &mut ui.new_child(egui::UiBuilder::new().max_rect(window));
        ui.set_clip_rect(window);
        ui.painter().rect_filled(window, 0.0, theme::CHARCOAL);
        let unit = theme::unit(ui);
        let inside = window.shrink(14.0 * unit);
        let setter = context.param_setter();
        self.follow(ui, &setter);
        let (top, rest) = inside.split_top_bottom_at_y(inside.top() + 28.0 * unit);
        let (files, rest) = rest.split_top_bottom_at_y(rest.top() + 40.0 * unit);
        let (words, knobs) = rest.split_top_bottom_at_y(rest.top() + 44.0 * unit);
        let (top, head) = top.split_left_right_at_fraction(0.72);
        self.head(ui, head, &setter);
        if self.params.engine.own().is_none() {
            self.graphs(ui, top, &setter);
            self.files(ui, files.shrink2(vec2(0.0, 6.0 * unit)), &setter);
        }
        self.words(ui, words, &setter);
        self.knobs(ui, knobs, &setter);
    }

    /// Lets the session see what a frame changed.
    fn follow(&mut self, ui: &Ui, setter: &ParamSetter<'_>) {
        if let Some(what) = ui::gesture::take_ended(ui.ctx()) {
            self.session.commit(&what);
        }
        let dragging = ui::gesture::active(ui.ctx());
        let ask = |task| self.tasks.execute_background(task);
        let time = ui.input(|i| i.time);
        if self.session.frame(time, dragging, setter, &ask) {
            ui.ctx().request_repaint();
        }
    }

    /// Undo and redo, A and B, and the presets one after the other.
    fn head(&mut self, ui: &mut Ui, row: Rect, setter: &ParamSetter<'_>) {
        let ask = |task| self.tasks.execute_background(task);
        let list = self.params.presets.status().list;
        let loaded = self.session.preset_loaded().map(|(id, _)| id.clone());
        let at = loaded.and_then(|id| list.iter().position(|entry| entry.id == id));
        let name = at.and_then(|at| list.get(at)).map_or("Next preset", |entry| &entry.name);
        let side = if self.session.is_b() { "B" } else { "A" };
        let words = ["Undo", "Redo", side, name];
        let mut rest = row;
        for (i, words) in words.into_iter().enumerate() {
            let share = if i < 3 { 0.16 / (1.0 - 0.16 * i as f32) } else { 1.0 };
            let (button, after) = rest.split_left_right_at_fraction(share);
            rest = after;
            if !control::button(ui, button.shrink(1.0), words, false).clicked() {
                continue;
            }
            match i {
                0 => self.session.undo(setter, &ask),
                1 => self.session.redo(setter, &ask),
                2 => self.session.switch(setter, &ask),
                _ => {
                    let next = at.map_or(0, |at| (at + 1) % list.len().max(1));
                    if let Some(entry) = list.get(next) {
                        ask(Task::Preset(PresetTask::Load(entry.id.clone())));
                    }
                }
            }
        }
    }

    fn ask(&self, wish: Wish, setter: &ParamSetter<'_>) {
        if wish.is_choice() {
            self.params.touch(setter);
        }
        self.params.engine.ask(wish);
    }

    /// The factory's graphs.
    fn graphs(&self, ui: &mut Ui, row: Rect, setter: &ParamSetter<'_>) {
        let status = self.params.engine.status();
        let all = fx::factory::REVERBS;
        let wide = row.width() / all.len() as f32;
        for (i, item) in all.iter().enumerate() {
            let left = row.left() + i as f32 * wide;
            let rect = row.with_min_x(left).with_max_x(left + 0.96 * wide);
            let lit = status.source() == Some(&Source::Factory(item.id));
            if control::button(ui, rect, item.name, lit).clicked() {
                self.ask(Wish::Factory(item.id), setter);
            }
        }
    }

    /// A file to open, or to follow.
    fn files(&mut self, ui: &mut Ui, row: Rect, setter: &ParamSetter<'_>) {
        let (field, buttons) = row.split_left_right_at_fraction(0.7);
        control::text_field(ui, field, &mut self.path, "Path of a graph");
        let (open, follow) = buttons.split_left_right_at_fraction(0.5);
        let path = || PathBuf::from(self.path.trim());
        if control::button(ui, open.shrink(2.0), "Open", false).clicked() {
            self.ask(Wish::Open(path()), setter);
        }
        let follows = self.params.engine.status().following.is_some();
        if control::button(ui, follow.shrink(2.0), "Follow", follows).clicked() {
            self.ask(if follows { Wish::StopFollowing } else { Wish::Follow(path()) }, setter);
        }
    }

    /// What plays, and what is wrong.
    fn words(&self, ui: &mut Ui, row: Rect, setter: &ParamSetter<'_>) {
        let unit = theme::unit(ui);
        let status = self.params.engine.status();
        let (first, second) = row.split_top_bottom_at_fraction(0.5);
        let span = status.span().map_or(String::new(), |[a, b]| format!(", {a:.2} to {b:.1} s"));
        let said = format!("{}: {} lines{span}", status.name(), status.lines());
        ui::paint::clipped_text(ui, first, &said, 13.0 * unit, theme::TEXT);
        if let Some(said) = status.error.or(status.notice).or(status.loading) {
            let (words, button) = second.split_left_right_at_fraction(0.85);
            ui::paint::clipped_text(ui, words, &said, 12.0 * unit, theme::FLAME);
            if status.insistable {
                if control::button(ui, button, "Play anyway", false).clicked() {
                    self.ask(Wish::Insist, setter);
                }
            } else if control::button(ui, button, "Dismiss", false).clicked() {
                self.params.engine.dismiss();
            }
        }
    }

    fn knobs(&self, ui: &mut Ui, area: Rect, setter: &ParamSetter<'_>) {
        let p = &*self.params;
        let unit = theme::unit(ui);
        let at = |i: usize| {
            let (column, row) = ((i % ROW) as f32, (i / ROW) as f32);
            let size = vec2(area.width() / ROW as f32, HEIGHT * unit);
            Rect::from_min_size(area.min + vec2(column * size.x, row * size.y), size)
        };
        let knobs = [
            &p.mix,
            &p.rt60,
            &p.size,
            &p.pre_delay,
            &p.low_decay,
            &p.high_decay,
            &p.low_cross,
            &p.high_cross,
            &p.mod_depth,
            &p.mod_rate,
            &p.early_level,
            &p.early_send,
            &p.early_size,
            &p.width,
            &p.cross,
            &p.low_cut,
            &p.high_cut,
            &p.duck_depth,
            &p.duck_threshold,
            &p.duck_attack,
            &p.duck_release,
            &p.gate_threshold,
            &p.gate_hysteresis,
            &p.gate_attack,
            &p.gate_hold,
            &p.gate_release,
            &p.gate_range,
            &p.output,
        ];
        for (i, param) in knobs.iter().enumerate() {
            Knob::new(*param, setter).diameter(40.0).show(ui, at(i));
        }
        let foot = at(3 * ROW).min.y;
        let switches = [&p.as_trained, &p.freeze, &p.gate_on, &p.bypass];
        for (i, param) in switches.iter().enumerate() {
            let left = area.left() + 160.0 * unit * i as f32;
            let size = vec2(150.0, 24.0) * unit;
            Switch::new(param, setter).show(ui, Rect::from_min_size(pos2(left, foot), size));
        }
        let left = area.left() + 160.0 * unit * switches.len() as f32;
        let size = vec2(150.0, 24.0) * unit;
        let rect = Rect::from_min_size(pos2(left, foot), size);
        let on = p.mix_lock.get();
        if control::switch(ui, rect, "Mix lock", "Mix lock", on) {
            p.mix_lock.set(!on);
        }
    }
}

/// Ends with the window whose memory it lies in: nobody tells us that one closed.
struct Closed(Arc<Meters>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.watched.store(false, Relaxed);
        self.0.scope.wanted.store(false, Relaxed);
    }
}

impl NiceEguiApp for App {
    fn build(
        &mut self,
        egui: egui::Context,
        context: GuiContext,
        _frame: &mut Frame,
    ) -> Result<(), baseview::HandlerError> {
        self.open(&egui, context);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        self.draw(ui);
    }

    fn editor_closed(&mut self) {
        self.context = None;
        self.meters.watched.store(false, Relaxed);
    }
}
