//! The widgets without a plugin: what they look like side by side.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p ui --test gallery` draws the picture anew.
#![allow(unsafe_code, reason = "the traits a host implements are unsafe")]

use std::path::Path;
use std::sync::Arc;

use egui::{Pos2, Rect, pos2, vec2};
use egui_kittest::{Harness, SnapshotOptions};
use nice_plug::context::gui::{GuiContext, GuiContextInner};
use nice_plug::prelude::*;
use ui::choice::Segmented;
use ui::control::{self, Switch};
use ui::head::Front;
use ui::icon::Icon;
use ui::knob::Knob;
use ui::meter::Meter;
use ui::{badge, lamp, paint, plot, theme};

/// A host that does at once what it is told.
struct Gui;

impl GuiContextInner for Gui {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    unsafe fn raw_begin_set_parameter(&self, _: ParamPtr) {}
    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        // SAFETY: the parameters outlive the harness.
        unsafe { param._internal_set_normalized_value(normalized) };
    }
    unsafe fn raw_end_set_parameter(&self, _: ParamPtr) {}
    fn get_state(&self) -> PluginState {
        PluginState {
            version: String::new(),
            params: Default::default(),
            fields: Default::default(),
        }
    }
    fn set_state(&self, _: PluginState) {}
    fn request_restart(&self) {}
}

#[derive(Enum, PartialEq, Clone, Copy)]
enum Level {
    Raw,
    Normalized,
    Calibrated,
}

struct All {
    gain: FloatParam,
    tone: FloatParam,
    level: EnumParam<Level>,
    on: BoolParam,
    meter: Meter,
}

fn draw(ui: &mut egui::Ui, all: &mut All, context: &GuiContext) {
    let setter = context.param_setter();
    let window = ui.ctx().content_rect();
    ui.painter().rect_filled(window, 0.0, theme::CHARCOAL);
    let at = |x: f32, y: f32, w: f32, h: f32| Rect::from_min_size(Pos2::new(x, y), vec2(w, h));
    let front = Front { badge: "KILN", panel: 136.0, heat: 0.55 };
    let head = front.show(ui, at(20.0, 20.0, 700.0, 330.0));
    for i in 0..5 {
        let x = head.panel.left() + 90.0 + 120.0 * i as f32;
        let place = Rect::from_center_size(pos2(x, head.panel.center().y), vec2(110.0, 130.0));
        let knob = |param, label| Knob::new(param, &setter).label(label).diameter(66.0);
        ui.push_id(i, |ui| match i {
            0 => knob(&all.gain, "INPUT").bipolar().show(ui, place),
            1 => knob(&all.tone, "BASS").numbers().show(ui, place),
            2 => knob(&all.tone, "TREBLE").dimmed(true).show(ui, place),
            3 => Knob::new(&all.gain, &setter).small().show(ui, place),
            _ => knob(&all.tone, "OUTPUT").diameter(80.0).show(ui, place),
        });
    }
    lamp::pilot(ui.painter(), head.grille.right_bottom() - vec2(30.0, 26.0), 8.0, 1.0);
    all.meter.show(ui, at(740.0, 20.0, 30.0, 330.0), "OUT", 2);
    Segmented::new(&all.level, &setter).show(ui, at(20.0, 370.0, 300.0, 28.0));
    Switch::new(&all.on, &setter).show(ui, at(340.0, 370.0, 120.0, 28.0));
    control::button(ui, at(470.0, 370.0, 90.0, 28.0), "Browse", false);
    control::button(ui, at(570.0, 370.0, 60.0, 28.0), "B", true);
    let icons = [
        Icon::Previous,
        Icon::Next,
        Icon::Down,
        Icon::Up,
        Icon::Cross,
        Icon::Undo,
        Icon::Redo,
        Icon::Star,
        Icon::StarOutline,
        Icon::Folder,
        Icon::Save,
        Icon::Search,
        Icon::Power,
        Icon::Copy,
    ];
    for (i, icon) in icons.into_iter().enumerate() {
        let place = at(20.0 + 34.0 * i as f32, 410.0, 28.0, 28.0);
        control::icon_button(ui, place, &format!("{icon:?}"), icon);
    }
    lamp::led(ui.painter(), pos2(520.0, 424.0), 5.0, theme::GLAZE, 1.0);
    lamp::led(ui.painter(), pos2(550.0, 424.0), 5.0, theme::ALARM, 0.0);
    let facts = "0 poles outside, 32 lines";
    badge::show(
        ui,
        at(590.0, 402.0, 190.0, 40.0),
        badge::State::Good,
        "Certified stable",
        facts,
        "All poles are counted.",
    );
    paint::card(ui, at(20.0, 450.0, 760.0, 170.0));
    let grid = plot::Response::grid(ui, at(30.0, 460.0, 480.0, 150.0), [-36.0, 12.0]);
    let points = (0..200).map(|i| {
        let hz = 20.0 * 1000f32.powf(i as f32 / 199.0);
        (hz, -((hz / 2500.0).ln().abs() * 4.0) + 3.0 * (hz / 300.0).sin())
    });
    grid.curve(ui, points, theme::EMBER, true);
    grid.cut(ui, 80.0, false);
    let wave: Vec<_> = (0..250)
        .map(|i| {
            let x = (i as f32 * 0.7).sin() * (-i as f32 / 60.0).exp();
            (x.min(0.0) - 0.02, x.max(0.0) + 0.02)
        })
        .collect();
    plot::waveform(ui, at(530.0, 460.0, 240.0, 150.0), &wave, theme::STEEL);
}

#[test]
fn gallery() {
    let float = |name: &str, value| {
        FloatParam::new(name, value, FloatRange::Linear { min: -20.0, max: 20.0 }).with_unit(" dB")
    };
    let mut all = All {
        gain: float("Gain", 6.5),
        tone: float("Tone", 3.0),
        level: EnumParam::new("Level", Level::Normalized),
        on: BoolParam::new("Calibrate", true),
        meter: Meter::default(),
    };
    all.meter.feed([0.7, 1.2], 0.02);
    let context = GuiContext::new(Arc::new(Gui));
    let mut styled = false;
    let mut harness = Harness::builder()
        .with_size([800.0, 640.0])
        .with_pixels_per_point(1.5)
        .build_ui(move |ui| {
            if !styled {
                theme::apply(ui.ctx(), 1.0);
                styled = true;
            }
            draw(ui, &mut all, &context);
        });
    harness.run_steps(4);
    let options = SnapshotOptions::new()
        .threshold(1.5)
        .max_failed_pixels(200_usize)
        .output_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));
    harness.snapshot_options("gallery", &options);
}
