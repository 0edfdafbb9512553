//! The window. It reads what plays, and asks for changes; it makes no sound.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use egui::{Rect, Sense, Ui, pos2, vec2};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, baseview,
    create_egui_editor,
};

use crate::params::AmpParams;
use crate::places::{Place, Places, Task};
use crate::seat::Status;
use crate::{KilnAmp, Meters};

mod browser;
mod card;
mod header;
mod knob;
mod meter;
mod theme;

use browser::Browser;
use header::Click;
use knob::Knob;
use meter::Meter;

/// Width and height at first, in points.
pub const SIZE: [f32; 2] = [760.0, 440.0];
/// The least that shows everything, in points.
const LEAST: [f32; 2] = [600.0, 380.0];

/// The place this editor shows.
const PLACE: Place = Place::Model(0);

/// Room between things, in points.
const GAP: f32 = 14.0;

/// The editor a host can open.
pub(crate) fn editor(
    state: Arc<EguiEditorState>,
    repaint: RepaintNotifier,
    app: App,
) -> Option<EguiEditor<App>> {
    let least = LogicalSize::new(LEAST[0], LEAST[1]);
    let settings = EguiNiceSettings::new()
        .with_tile(KilnAmp::NAME)
        .with_resize_hint(ResizeHint::resizable().with_min_logical_size(least));
    create_egui_editor(state, repaint, settings, app)
}

/// What is drawn, apart from the window it is drawn in.
pub struct App {
    params: Arc<AmpParams>,
    meters: Arc<Meters>,
    tasks: AsyncExecutor<KilnAmp>,
    context: Option<GuiContext>,
    browser: Browser,
    input: Meter,
    output: Meter,
    /// When the meters were last fed, in seconds of egui's clock.
    fed: Option<f64>,
}

impl App {
    /// An editor for one plugin instance. Nothing is drawn before [`App::open`].
    pub fn new(params: Arc<AmpParams>, meters: Arc<Meters>, tasks: AsyncExecutor<KilnAmp>) -> Self {
        Self {
            params,
            meters,
            tasks,
            context: None,
            browser: Browser::default(),
            input: Meter::default(),
            output: Meter::default(),
            fed: None,
        }
    }

    /// A window was opened; `context` leads to the host.
    pub fn open(&mut self, egui: &egui::Context, context: GuiContext) {
        theme::apply(egui);
        self.context = Some(context);
        self.places().prepare();
        self.meters.watched.store(true, Relaxed);
    }

    fn places(&self) -> &Places {
        &self.params.places
    }

    fn ask(&self, task: Task) {
        if let (true, Some(context)) = (task.is_choice(), &self.context) {
            self.params.touch(&context.param_setter());
        }
        self.tasks.execute_background(task);
    }

    /// Draws one frame.
    pub fn draw(&mut self, ui: &mut Ui) {
        let Some(context) = self.context.clone() else { return };
        let setter = context.param_setter();
        self.places().collect();
        let status = self.places().status(PLACE);
        if self.places().seat(PLACE).take_unchecked() {
            self.ask(Task::Check(PLACE));
        }
        self.feed(ui);
        // All of the window, whatever margin the `Ui` we are given leaves.
        let window = ui.ctx().content_rect();
        let ui = &mut ui.new_child(egui::UiBuilder::new().max_rect(window));
        ui.set_clip_rect(window);
        ui.painter().rect_filled(window, 0.0, theme::CHARCOAL);
        let content = window.shrink(GAP);
        let (top, body) = content.split_top_bottom_at_y(content.top() + 36.0);
        self.header(ui, top, &status, &setter);
        let mut body = body.with_min_y(body.top() + GAP);
        if let Some(message) = card::message(&status, self.places().host_rate()) {
            let foot =
                Rect::from_min_max(pos2(content.left(), content.bottom() - 32.0), content.max);
            body.max.y = foot.top() - 10.0;
            if card::banner(ui, foot.with_max_x(foot.right() - 10.0), &message) {
                self.places().seat(PLACE).dismiss();
            }
        }
        self.body(ui, body, &status, &setter);
        grip(ui, window);
    }

    fn header(&mut self, ui: &mut Ui, rect: Rect, status: &Status, setter: &ParamSetter<'_>) {
        let bypass = &self.params.bypass;
        match header::show(ui, rect, status, self.browser.is_open(), bypass.value()) {
            None => {}
            Some(Click::Step(step)) => self.ask(Task::Step(PLACE, step)),
            Some(Click::Browse) if self.browser.is_open() => self.browser.close(),
            Some(Click::Browse) => {
                let task = self.browser.open(self.places().folder(PLACE));
                self.ask(task);
            }
            Some(Click::Bypass) => {
                setter.begin_set_parameter(bypass);
                setter.set_parameter(bypass, !bypass.value());
                setter.end_set_parameter(bypass);
            }
        }
    }

    /// The meters at the sides, and between them the browser, or the card and knobs.
    fn body(&mut self, ui: &mut Ui, rect: Rect, status: &Status, setter: &ParamSetter<'_>) {
        let wide = 30.0;
        let (left, rest) = rect.split_left_right_at_x(rect.left() + wide);
        let (middle, right) = rest.split_left_right_at_x(rest.right() - wide);
        let channels = |count: &std::sync::atomic::AtomicUsize| count.load(Relaxed);
        self.input.show(ui, left, "IN", channels(&self.meters.inputs));
        self.output.show(ui, right, "OUT", channels(&self.meters.outputs));
        let middle = middle.shrink2(vec2(GAP, 0.0));
        if self.browser.is_open() {
            let listing = self.places().listing();
            if let Some(task) = self.browser.show(ui, middle, &listing, status) {
                self.ask(task);
            }
            return;
        }
        let (card, knobs) = middle.split_top_bottom_at_y(middle.top() + 92.0);
        card::show(ui, card, status);
        self.knobs(ui, knobs.with_min_y(knobs.top() + GAP), status, setter);
    }

    fn knobs(&self, ui: &mut Ui, rect: Rect, status: &Status, setter: &ParamSetter<'_>) {
        let playing = status.playing.as_ref();
        let slimmable = playing
            .and_then(|playing| playing.model())
            .is_some_and(|model| !model.qualities().is_empty());
        let count = if slimmable { 3 } else { 2 };
        let diameter =
            (rect.height() - 40.0).min(rect.width() / count as f32 - 48.0).clamp(48.0, 220.0);
        let size = Knob::<FloatParam>::size(diameter);
        let spread = (rect.width() / (count as f32 + 0.4)).min(size.x * 1.9);
        let mut x = rect.center().x - spread * (count - 1) as f32 * 0.5;
        let mut next = |ui: &mut Ui, param: &FloatParam, bipolar: bool| {
            let place = Rect::from_center_size(pos2(x, rect.center().y), size);
            Knob { param, setter, diameter, bipolar }.show(ui, place);
            x += spread;
        };
        next(ui, &self.params.input, true);
        if slimmable {
            next(ui, &self.params.quality, false);
        }
        next(ui, &self.params.output, true);
    }

    fn feed(&mut self, ui: &Ui) {
        let now = ui.input(|i| i.time);
        let seconds = self.fed.map_or(0.0, |fed| (now - fed) as f32);
        self.fed = Some(now);
        let take = |peaks: &[AtomicF32; 2]| [0, 1].map(|i| peaks[i].swap(0.0, Relaxed));
        self.input.feed(take(&self.meters.input), seconds);
        self.output.feed(take(&self.meters.output), seconds);
        if self.input.moving() || self.output.moving() {
            // They must also fall when the host stops calling us.
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(33));
        }
    }
}

/// The corner that resizes the window where a host's own frame does not.
fn grip(ui: &mut Ui, window: Rect) {
    let corner = Rect::from_min_max(window.max - vec2(16.0, 16.0), window.max);
    let response = ui.interact(corner, ui.scope_id().with("grip"), Sense::drag());
    if response.drag_started() {
        ui.data_mut(|data| data.insert_temp(response.id, window.size()));
    }
    let start: Option<egui::Vec2> = ui.data(|data| data.get_temp(response.id));
    if let (Some(start), Some(delta)) = (start, response.total_drag_delta()) {
        let size = (start + delta).max(LEAST.into());
        ui.ctx().send_viewport_cmd(egui::ViewportCommand::InnerSize(size));
    }
    let color = if response.hovered() { theme::EMBER } else { theme::SEAM };
    for i in 1..=3 {
        let d = 4.0 * i as f32;
        let (a, b) = (window.max - vec2(d, 2.0), window.max - vec2(2.0, d));
        ui.painter().line_segment([a, b], (1.5, color));
    }
    response.on_hover_cursor(egui::CursorIcon::ResizeNwSe);
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
