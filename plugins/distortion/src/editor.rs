//! The window. It reads what plays, and asks for changes; it makes no sound.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use egui::{Rect, Ui, Vec2, vec2};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, baseview,
    create_egui_editor,
};
use ui::banner;
use ui::header::Header;
use ui::meter::Meter;
use ui::theme;
use ui::window::{self, Scale};

use crate::params::DriveParams;
use crate::presets::PresetTask;
use crate::session::Session;
use crate::{KilnDrive, Meters, Task};

mod desk;
mod files;
mod header;
mod models;
mod panel;
mod work;

use desk::{Ask, Desk};
use files::Files;

/// Width and height at first, in points.
pub const SIZE: [f32; 2] = [960.0, 600.0];
/// The least that shows everything, in points.
pub const LEAST: [f32; 2] = [820.0, 512.0];

/// Room around everything and between its parts, in units.
const GAP: f32 = 12.0;

/// The editor a host can open.
pub(crate) fn editor(
    state: Arc<EguiEditorState>,
    repaint: RepaintNotifier,
    app: App,
) -> Option<EguiEditor<App>> {
    let least = LogicalSize::new(LEAST[0], LEAST[1]);
    let settings = EguiNiceSettings::new()
        .with_tile(KilnDrive::NAME)
        .with_resize_hint(ResizeHint::resizable().with_min_logical_size(least));
    create_egui_editor(state, repaint, settings, app)
}

/// What is drawn, apart from the window it is drawn in.
pub struct App {
    params: Arc<DriveParams>,
    meters: Arc<Meters>,
    tasks: AsyncExecutor<KilnDrive>,
    repaint: RepaintNotifier,
    context: Option<GuiContext>,
    session: Session,
    header: Header,
    files: Files,
    input: Meter,
    output: Meter,
    scale: Scale,
    /// The window's size, as it was remembered last.
    size: Option<[f32; 2]>,
    /// When the meters were last fed, in seconds of egui's clock.
    fed: Option<f64>,
}

impl App {
    /// An editor for one plugin instance; `repaint` is told of what comes from other
    /// threads. Nothing is drawn before [`App::open`].
    pub fn new(
        params: Arc<DriveParams>,
        meters: Arc<Meters>,
        tasks: AsyncExecutor<KilnDrive>,
        repaint: RepaintNotifier,
    ) -> Self {
        Self {
            session: Session::new(params.clone()),
            params,
            meters,
            tasks,
            repaint,
            context: None,
            header: Header::default(),
            files: Files::default(),
            input: Meter::default(),
            output: Meter::default(),
            scale: Scale::default(),
            size: None,
            fed: None,
        }
    }

    /// A window was opened; `context` leads to the host.
    pub fn open(&mut self, egui: &egui::Context, context: GuiContext) {
        self.scale = Scale::default();
        self.scale.fit(egui, SIZE.into(), SIZE.into());
        self.context = Some(context);
        self.params.engine.prepare();
        self.session.open();
        self.tasks.execute_background(Task::Preset(PresetTask::List));
        self.size = None;
        // Each window has a clock of its own, and what came before it is past.
        self.fed = None;
        for peak in self.meters.input.iter().chain(&self.meters.output) {
            peak.store(0.0, Relaxed);
        }
        let closed = Arc::new(Closed(self.meters.clone()));
        egui.data_mut(|data| data.insert_temp(egui::Id::unique("kiln closed"), closed));
    }

    /// Keeps the size of the window with the project; the first frame asks for
    /// the one that was kept.
    fn remember(&mut self, egui: &egui::Context, size: Vec2) {
        let size = [size.x, size.y];
        let kept = self.params.window.size();
        match (self.size, kept) {
            (None, Some(kept)) if kept != size => {
                egui.send_viewport_cmd(egui::ViewportCommand::InnerSize(kept.into()));
            }
            (Some(before), _) if before != size => self.params.window.set(size),
            _ => {}
        }
        self.size = Some(size);
    }

    /// Draws one frame.
    pub fn draw(&mut self, ui: &mut Ui) {
        let Some(context) = self.context.clone() else { return };
        // All of the window, whatever margin the `Ui` we are given leaves.
        let window = ui.ctx().content_rect();
        self.scale.fit(ui.ctx(), window.size(), SIZE.into());
        self.remember(ui.ctx(), window.size());
        let ui = &mut ui.new_child(egui::UiBuilder::new().max_rect(window));
        ui.reset_style();
        ui.set_clip_rect(window);
        ui.painter().rect_filled(window, 0.0, theme::CHARCOAL);
        let setter = context.param_setter();
        self.feed(ui);
        self.catch(ui.ctx(), &setter);
        self.follow(ui.ctx(), &setter);
        let (params, meters) = (self.params.clone(), self.meters.clone());
        let status = params.engine.status();
        let mut desk = Desk {
            params: &params,
            setter: &setter,
            status: &status,
            meters: &meters,
            asks: Vec::new(),
        };
        self.window(ui, window, &mut desk);
        for ask in desk.asks {
            self.answer(ask, &setter);
        }
        window::grip(ui, window, LEAST.into());
    }

    /// Header, what plays, the knobs between the meters, and what there is to tell.
    fn window(&mut self, ui: &mut Ui, window: Rect, desk: &mut Desk<'_>) {
        let unit = theme::unit(ui);
        let content = window.shrink2(vec2(14.0 * unit, 10.0 * unit));
        let (top, rest) = content.split_top_bottom_at_y(content.top() + 30.0 * unit);
        let presets = desk.params.presets.status();
        let click = header::show(ui, top, &mut self.header, &presets, &self.session, desk.params);
        if let Some(click) = click {
            desk.ask(Ask::Header(click));
        }
        let rest = rest.with_min_y(rest.top() + 8.0 * unit);
        let (row, mut body) = rest.split_top_bottom_at_y(rest.top() + models::HEIGHT * unit);
        models::playing(ui, row, desk);
        body.min.y += 8.0 * unit;
        let error = desk.status.error.as_deref().or(presets.error.as_deref());
        if let Some(words) = error.or(desk.status.notice.as_deref()) {
            let top = body.bottom() - banner::HEIGHT * unit;
            let foot = body.with_min_y(top).with_max_x(body.right() - 12.0 * unit);
            body.max.y = top - 8.0 * unit;
            let message = banner::Message { words, error: error.is_some(), button: None };
            if banner::show(ui, foot, &message).is_some() {
                desk.ask(Ask::Dismiss);
            }
        }
        self.body(ui, body, desk);
    }

    /// The meters at the sides, and between them the models and the knobs, or files.
    fn body(&mut self, ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
        let unit = theme::unit(ui);
        let wide = 30.0 * unit;
        let (left, rest) = rect.split_left_right_at_x(rect.left() + wide);
        let (middle, right) = rest.split_left_right_at_x(rest.right() - wide);
        self.input.show(ui, left, "IN", self.meters.inputs.load(Relaxed));
        self.output.show(ui, right, "OUT", self.meters.outputs.load(Relaxed));
        let middle = middle.shrink2(vec2(GAP * unit, 0.0));
        let (list, rest) = middle.split_left_right_at_x(middle.left() + models::WIDTH * unit);
        models::list(ui, list, desk);
        let rest = rest.with_min_x(rest.left() + 8.0 * unit);
        if self.files.is_open() {
            self.files.show(ui, rest, desk);
        } else {
            panel::show(ui, rest, desk);
        }
    }

    fn feed(&mut self, ui: &Ui) {
        let now = ui.input(|i| i.time);
        let seconds = self.fed.map_or(0.0, |fed| (now - fed).max(0.0) as f32);
        self.fed = Some(now);
        let take = |peaks: &[AtomicF32; 2]| [0, 1].map(|i| peaks[i].swap(0.0, Relaxed));
        self.input.feed(take(&self.meters.input), seconds);
        self.output.feed(take(&self.meters.output), seconds);
        // In each frame, for the window before may have been closed only now.
        self.meters.watched.store(true, Relaxed);
        if self.input.moving() || self.output.moving() {
            // They must also fall when the host stops calling us.
            ui.ctx().request_repaint_after(Duration::from_millis(33));
        }
    }
}

/// Ends with the window whose memory it lies in: nobody tells us that one closed.
struct Closed(Arc<Meters>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.watched.store(false, Relaxed);
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
