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
use shell::links::Linked as _;
use shell::recent::Recent;
use ui::head::Front;
use ui::header::Header;
use ui::meter::Meter;
use ui::window::{self, Scale};
use ui::{banner, paint, theme};

use crate::meters::PAIRS;
use crate::params::DriveParams;
use crate::presets::PresetTask;
use crate::session::Session;
use crate::source::Source;
use crate::{KilnDrive, Meters, Status, Task};

mod browser;
mod desk;
mod files;
mod header;
mod panel;
mod pictures;
mod playing;
mod quality;
mod screens;
mod shelf;
mod words;
mod work;

use desk::{Ask, Desk};
use files::Files;
use pictures::{Curve, Pictures, Sine};

/// Width and height at first, in points.
pub const SIZE: [f32; 2] = [1000.0, 640.0];
/// The least that shows everything, in points.
pub const LEAST: [f32; 2] = [860.0, 550.0];

/// Room around everything and between its parts, in units.
const GAP: f32 = 12.0;
/// How fast the embers follow the sound, in parts a second.
const GLOW: f32 = 9.0;

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
    recent: Recent,
    pictures: Pictures,
    /// The latest inputs and outputs of the network, as the audio thread tells them.
    trace: [[f32; 2]; PAIRS],
    input: Meter,
    output: Meter,
    /// How hot it glows: 0 to 1.
    heat: f32,
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
            recent: Recent::default(),
            pictures: Pictures::default(),
            trace: [[0.0; 2]; PAIRS],
            input: Meter::default(),
            output: Meter::default(),
            heat: 0.0,
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
        self.recent = Recent::read(self.params.folders.recent());
        self.size = None;
        // Each window has a clock of its own, and what came before it is past.
        self.fed = None;
        for peak in self.meters.input.iter().chain(&self.meters.output) {
            peak.store(0.0, Relaxed);
        }
        let repaint = self.repaint.clone();
        let runs = self.pictures.start(move || repaint.request_repaint());
        let closed = Arc::new(Closed(self.meters.clone(), self.pictures.clone(), runs));
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
        if let Some(Source::File(path)) = status.source() {
            drop(self.recent.note(path));
        }
        self.want(&status);
        let moving = self.moving(&status);
        let (curve, sine) = (self.pictures.curve.latest(), self.pictures.sine.latest());
        let mut desk = Desk {
            params: &params,
            setter: &setter,
            status: &status,
            meters: &meters,
            curve: &curve,
            sine: &sine,
            moving: &moving,
            asks: Vec::new(),
        };
        self.window(ui, window, &mut desk);
        for ask in desk.asks {
            self.answer(ask, &setter);
        }
        window::grip(ui, window, LEAST.into());
    }

    /// Says what the screens are to show.
    fn want(&self, status: &Status) {
        let params = self.params.values().sane();
        let (drive, knobs) = (params.drive, params.knobs);
        let model = status.model();
        let curve = model.map(|model| Curve { model: model.clone(), drive, knobs });
        self.pictures.curve.want(curve);
        let sine = model.zip(status.setup);
        let sine = sine.map(|(model, setup)| Sine::new(model.clone(), setup, params));
        self.pictures.sine.want(sine);
    }

    /// The sound of this moment as it lies on the curve.
    fn moving(&self, status: &Status) -> Vec<[f32; 2]> {
        if !self.input.moving() {
            return Vec::new();
        }
        let drive = self.params.values().sane().drive;
        let gain = pictures::driven(status.model().map(|model| &**model), drive);
        self.trace.iter().map(|[x, y]| [x / gain, *y]).collect()
    }

    /// Header, what plays, the front between its meters, and what there is to tell.
    fn window(&mut self, ui: &mut Ui, window: Rect, desk: &mut Desk<'_>) {
        let unit = theme::unit(ui);
        let band = window.with_max_y(window.top() + 50.0 * unit);
        paint::vertical(ui.painter(), band, theme::CLAY, theme::CHARCOAL);
        let content = window.shrink2(vec2(14.0 * unit, 10.0 * unit));
        let (top, rest) = content.split_top_bottom_at_y(content.top() + 30.0 * unit);
        let presets = desk.params.presets.status();
        let click = header::show(ui, top, &mut self.header, &presets, &self.session, desk.params);
        if let Some(click) = click {
            desk.ask(Ask::Header(click));
        }
        let rest = rest.with_min_y(rest.top() + 8.0 * unit);
        let (row, mut body) = rest.split_top_bottom_at_y(rest.top() + playing::HEIGHT * unit);
        playing::show(ui, row, desk);
        body.min.y += 8.0 * unit;
        if let Some((words, error)) = words::message(desk.status, presets.error.as_deref()) {
            let top = body.bottom() - banner::HEIGHT * unit;
            let foot = body.with_min_y(top).with_max_x(body.right() - 12.0 * unit);
            body.max.y = top - 8.0 * unit;
            let message = banner::Message { words, error, button: None };
            if banner::show(ui, foot, &message).is_some() {
                desk.ask(Ask::Dismiss);
            }
        }
        self.body(ui, body, desk);
    }

    /// The meters at the sides, and between them the front: models and screens on its
    /// grille, the knobs on its panel.
    fn body(&mut self, ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
        let unit = theme::unit(ui);
        let wide = 30.0 * unit;
        let (left, rest) = rect.split_left_right_at_x(rect.left() + wide);
        let (middle, right) = rest.split_left_right_at_x(rest.right() - wide);
        self.input.show(ui, left, "IN", self.meters.inputs.load(Relaxed));
        self.output.show(ui, right, "OUT", self.meters.outputs.load(Relaxed));
        let middle = middle.shrink2(vec2(GAP * unit, 0.0));
        let heat = if desk.params.bypass.value() { 0.0 } else { self.heat };
        let head = Front { badge: "", panel: panel::HEIGHT, heat }.show(ui, middle);
        panel::show(ui, head.panel, desk);
        let screen = head.grille.shrink(9.0 * unit);
        let (list, rest) = screen.split_left_right_at_x(screen.left() + browser::WIDTH * unit);
        browser::show(ui, list, desk, &self.recent);
        let rest = rest.with_min_x(rest.left() + 8.0 * unit);
        if self.files.is_open() {
            self.files.show(ui, rest, desk);
        } else {
            screens::show(ui, rest, desk);
        }
    }

    fn feed(&mut self, ui: &Ui) {
        let now = ui.input(|i| i.time);
        let seconds = self.fed.map_or(0.0, |fed| (now - fed).max(0.0) as f32);
        self.fed = Some(now);
        let take = |peaks: &[AtomicF32; 2]| [0, 1].map(|i| peaks[i].swap(0.0, Relaxed));
        self.input.feed(take(&self.meters.input), seconds);
        self.output.feed(take(&self.meters.output), seconds);
        // From −33 dB, where a quiet note is, to −3 dB.
        let loud = ((self.output.level() - 0.45) / 0.5).clamp(0.0, 1.0);
        self.heat += (loud - self.heat) * (GLOW * seconds).min(1.0);
        let mut trace = [[0.0; 2]; PAIRS];
        if self.meters.trace.read(&mut trace) {
            self.trace = trace;
        }
        // In each frame, for the window before may have been closed only now.
        self.meters.watched.store(true, Relaxed);
        if self.input.moving() || self.output.moving() || self.heat > 0.01 {
            // They must also fall when the host stops calling us.
            ui.ctx().request_repaint_after(Duration::from_millis(33));
        }
    }
}

/// Ends with the window whose memory it lies in: nobody tells us that one closed.
/// A window that was opened since goes on.
struct Closed(Arc<Meters>, Pictures, [u64; 2]);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.watched.store(false, Relaxed);
        self.1.stop_runs(self.2);
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
        self.pictures.stop();
    }
}
