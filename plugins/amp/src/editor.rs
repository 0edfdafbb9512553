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

use crate::library::Library;
use crate::params::AmpParams;
use crate::places::{Place, Places, Task};
use crate::presets::PresetTask;
use crate::session::Session;
use crate::{KilnAmp, Meters};

mod browser;
mod cabinet;
mod chain;
mod desk;
mod face;
mod header;
mod models;
mod pictures;
mod rows;
mod settings;
mod shelf;
mod sidebar;
mod slot;
mod table;
mod tabs;
mod tuner;
mod words;
mod work;

use browser::Browser;
use desk::{Ask, Desk, Page};
use face::Drawer;
use shelf::Shelf;

/// Width and height at first, in points.
pub const SIZE: [f32; 2] = [960.0, 600.0];
/// The least that shows everything, in points.
pub const LEAST: [f32; 2] = [640.0, 420.0];

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
    session: Session,
    library: Option<Library>,
    /// The window's size, as it was remembered last.
    size: Option<[f32; 2]>,
    page: Page,
    drawer: Option<Drawer>,
    header: Header,
    browser: Browser,
    cabinet: cabinet::View,
    pictures: pictures::Pictures,
    tuner: tuner::Tuner,
    input: Meter,
    output: Meter,
    /// How hot the amplifier glows: 0 to 1.
    heat: f32,
    scale: Scale,
    /// When the meters were last fed, in seconds of egui's clock.
    fed: Option<f64>,
}

impl App {
    /// An editor for one plugin instance. Nothing is drawn before [`App::open`].
    pub fn new(params: Arc<AmpParams>, meters: Arc<Meters>, tasks: AsyncExecutor<KilnAmp>) -> Self {
        Self {
            session: Session::new(params.clone()),
            params,
            meters,
            tasks,
            context: None,
            library: None,
            size: None,
            page: Page::default(),
            drawer: None,
            header: Header::default(),
            browser: Browser::default(),
            cabinet: cabinet::View::default(),
            pictures: pictures::Pictures::default(),
            tuner: tuner::Tuner::default(),
            input: Meter::default(),
            output: Meter::default(),
            heat: 0.0,
            scale: Scale::default(),
            fed: None,
        }
    }

    /// Shows this library instead of the user's.
    pub fn with_library(mut self, library: Library) -> Self {
        self.library = Some(library);
        self
    }

    /// A window was opened; `context` leads to the host.
    pub fn open(&mut self, egui: &egui::Context, context: GuiContext) {
        self.scale = Scale::default();
        self.scale.fit(egui, SIZE.into(), SIZE.into());
        self.context = Some(context);
        self.places().prepare();
        self.session.open();
        self.library.get_or_insert_with(Library::shared).ensure();
        self.size = None;
        self.run(Task::Preset(PresetTask::List));
        // Each window has a clock of its own, and what came before it is past.
        self.fed = None;
        self.tuner.reading = tuner::Reading::default();
        for peak in self.meters.input.iter().chain(&self.meters.output) {
            peak.store(0.0, Relaxed);
        }
        let closed = Arc::new(Closed(self.meters.clone()));
        egui.data_mut(|data| data.insert_temp(egui::Id::unique("kiln closed"), closed));
    }

    fn places(&self) -> &Places {
        &self.params.places
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
        self.places().collect();
        for place in Place::ALL {
            if self.places().seat(place).take_unchecked() {
                self.run(Task::Check(place));
            }
        }
        self.feed(ui);
        self.follow(ui.ctx(), &context.param_setter());
        let (params, meters) = (self.params.clone(), self.meters.clone());
        let status = Place::ALL.map(|place| self.places().status(place));
        let mut desk = Desk {
            params: &params,
            setter: &context.param_setter(),
            status: &status,
            meters: &meters,
            asks: Vec::new(),
        };
        self.window(ui, window, &mut desk);
        for ask in desk.asks {
            self.answer(ask, &context.param_setter());
        }
        window::grip(ui, window, LEAST.into());
    }

    /// Header, tabs, the page between its meters, and what there is to tell.
    fn window(&mut self, ui: &mut Ui, window: Rect, desk: &mut Desk<'_>) {
        let unit = theme::unit(ui);
        let gap = GAP * unit;
        let band = window.with_max_y(window.top() + 50.0 * unit);
        ui::paint::vertical(ui.painter(), band, theme::CLAY, theme::CHARCOAL);
        let content = window.shrink2(vec2(14.0 * unit, 10.0 * unit));
        let (top, rest) = content.split_top_bottom_at_y(content.top() + 30.0 * unit);
        let presets = desk.params.presets.status();
        let click = header::show(ui, top, &mut self.header, &presets, &self.session, desk.params);
        if let Some(click) = click {
            desk.ask(Ask::Header(click));
        }
        let rest = rest.with_min_y(rest.top() + 6.0 * unit);
        let (row, mut body) = rest.split_top_bottom_at_y(rest.top() + 32.0 * unit);
        let tuning = self.tunes();
        let latency = words::latency(self.meters.latency.load(Relaxed), self.places().host_rate());
        tabs::show(ui, row, desk, self.page, tuning, &latency);
        body.min.y += gap;
        if let Some(message) = words::message(desk.status, presets.error.as_ref()) {
            let top = body.bottom() - banner::HEIGHT * unit;
            let foot = body.with_min_y(top).with_max_x(body.right() - 12.0 * unit);
            body.max.y = top - 8.0 * unit;
            let said =
                banner::Message { words: &message.words, error: message.error, button: None };
            if banner::show(ui, foot, &said).is_some() {
                match message.place {
                    Some(place) => self.places().seat(Place::ALL[place]).dismiss(),
                    None => self.params.presets.dismiss(),
                }
            }
        }
        self.body(ui, body, desk);
    }

    /// The meters at the sides, and between them the browser or the page.
    fn body(&mut self, ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
        let unit = theme::unit(ui);
        let wide = 30.0 * unit;
        let (left, rest) = rect.split_left_right_at_x(rect.left() + wide);
        let (middle, right) = rest.split_left_right_at_x(rest.right() - wide);
        let channels = |count: &std::sync::atomic::AtomicUsize| count.load(Relaxed);
        self.input.show(ui, left, "IN", channels(&self.meters.inputs));
        self.output.show(ui, right, "OUT", channels(&self.meters.outputs));
        let middle = middle.shrink2(vec2(GAP * unit, 0.0));
        if self.browser.place().is_some() {
            let Some(library) = self.library.clone() else { return };
            let (listing, rate) = (self.places().listing(), self.places().host_rate());
            let shelf = Shelf { listing, catalogue: library.catalogue(), library, rate };
            self.browser.show(ui, middle, desk, &shelf);
            return;
        }
        match self.page {
            Page::Amp => {
                face::show(ui, middle, desk, self.heat, self.drawer, &self.tuner.reading);
            }
            Page::Models => models::show(ui, middle, desk),
            Page::Cabinet => {
                let pictures = self.pictures.of(desk);
                cabinet::show(ui, middle, desk, &mut self.cabinet, pictures);
            }
            Page::Settings => {
                let rate = self.places().host_rate();
                settings::show(ui, middle, desk, &words::engine(desk.status, &self.meters, rate));
            }
        }
    }

    /// Whether the tuner is in sight.
    fn tunes(&self) -> bool {
        let there = self.page == Page::Amp && self.browser.place().is_none();
        self.drawer == Some(Drawer::Tuner) && there
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
        let tuning = self.tunes();
        // In each frame, for the window before may have been closed only now.
        self.meters.watched.store(true, Relaxed);
        self.meters.tuner.wanted.store(tuning, Relaxed);
        if tuning {
            self.tuner.update(&self.meters, self.places().host_rate(), now);
        }
        if self.input.moving() || self.output.moving() || self.heat > 0.01 || tuning {
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
        self.0.tuner.wanted.store(false, Relaxed);
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
        self.tuner.listen(&self.meters, false);
    }
}
