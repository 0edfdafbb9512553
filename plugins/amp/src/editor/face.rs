//! The amplifier itself: what one sees first.

use std::sync::atomic::Ordering::Relaxed;

use egui::{Align2, Color32, Rect, Sense, Stroke, Ui, pos2, vec2};
use nice_plug::prelude::FloatParam;
use ui::choice::Segmented;
use ui::control::{self, Switch};
use ui::head::{Front, Head};
use ui::icon::Icon;
use ui::knob::Knob;
use ui::{lamp, paint, theme};

use super::desk::{Ask, Desk};
use super::{chain, tuner};

/// What can lie over the grille.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawer {
    /// The other knobs of the gate.
    Gate,
    /// The tuner.
    Tuner,
}

/// Height of the strip that shows the signal's way, in units.
const CHAIN: f32 = 56.0;

/// Draws it in `rect`; `heat` makes it glow, 0 to 1.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    desk: &mut Desk<'_>,
    heat: f32,
    drawer: Option<Drawer>,
    reading: &tuner::Reading,
) {
    let unit = theme::unit(ui);
    let (front, strip) = rect.split_top_bottom_at_y(rect.bottom() - CHAIN * unit);
    let front = front.with_max_y(front.bottom() - 12.0 * unit);
    let bypassed = desk.params.bypass.value();
    let panel = (front.height() / unit * 0.40).clamp(166.0, 196.0);
    let heat = if bypassed { 0.0 } else { heat };
    // A drawer covers the badge, which would shine through its glass.
    let badge = if drawer.is_none() { "KILN" } else { "" };
    let head = Front { badge, panel, heat }.show(ui, front);
    panel_knobs(ui, &head, desk, bypassed);
    match drawer {
        None => {}
        Some(Drawer::Gate) => {
            let rect = drawer_rect(ui, head.grille, "Close the gate", desk, Drawer::Gate);
            gate(ui, rect, desk);
        }
        Some(Drawer::Tuner) => {
            let rect = drawer_rect(ui, head.grille, "Close the tuner", desk, Drawer::Tuner);
            tuner::show(ui, rect, reading);
        }
    }
    chain::show(ui, strip, desk);
}

/// The smoked glass over the grille on which a drawer lies, with its cross.
fn drawer_rect(ui: &mut Ui, grille: Rect, label: &str, desk: &mut Desk<'_>, it: Drawer) -> Rect {
    let unit = theme::unit(ui);
    let round = theme::round(6.0, unit);
    let painter = ui.painter();
    painter.rect_filled(grille, round, Color32::from_rgba_unmultiplied(0x10, 0x0e, 0x0e, 236));
    painter.hline(grille.x_range(), grille.top() + 1.0, (1.0, Color32::from_white_alpha(24)));
    let close = Rect::from_center_size(
        pos2(grille.right() - 18.0 * unit, grille.top() + 17.0 * unit),
        vec2(22.0, 22.0) * unit,
    );
    let escaped = ui.input(|i| i.key_pressed(egui::Key::Escape));
    let crossed = control::bare_icon(ui, close, label, Icon::Cross, theme::DIM).clicked();
    if crossed || escaped {
        desk.ask(Ask::Toggle(it));
    }
    grille.shrink2(vec2(18.0, 6.0) * unit).with_max_x(grille.right() - 34.0 * unit)
}

/// The other knobs of the gate, side by side.
fn gate(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let (title, knobs) = rect.split_left_right_at_x(rect.left() + 120.0 * unit);
    let at = title.left_center();
    let painter = ui.painter();
    let lift = vec2(0.0, 11.0 * unit);
    paint::engraved(
        painter,
        at - lift,
        Align2::LEFT_CENTER,
        "NOISE GATE",
        13.0 * unit,
        theme::TEXT,
    );
    let words = "listens before the\nmodels, closes after";
    painter.text(
        at + vec2(0.0, 14.0 * unit),
        Align2::LEFT_CENTER,
        words,
        theme::font(11.0 * unit),
        theme::DIM,
    );
    gate_knobs(ui, knobs, desk);
}

/// The gate's own knobs but for its threshold, side by side.
pub(super) fn gate_knobs(ui: &mut Ui, knobs: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let params = desk.params;
    let all: [(&FloatParam, &str, &str); 5] = [
        (&params.gate_hysteresis, "HYSTERESIS", "How far below the threshold it closes."),
        (&params.gate_attack, "ATTACK", "Time it takes to open."),
        (&params.gate_hold, "HOLD", "Time below the threshold before it begins to close."),
        (&params.gate_release, "RELEASE", "Time it takes to close."),
        (&params.gate_range, "RANGE", "Attenuation when it is closed."),
    ];
    let width = knobs.width() / all.len() as f32;
    let diameter = (knobs.height() / unit - 40.0).clamp(36.0, 78.0);
    for (i, (param, label, hint)) in all.into_iter().enumerate() {
        let left = knobs.left() + width * i as f32;
        let cell = Rect::from_min_size(pos2(left, knobs.top()), vec2(width, knobs.height()));
        let knob = Knob::new(param, desk.setter).label(label).hint(hint).diameter(diameter);
        knob.dimmed(!params.gate_on.value()).show(ui, cell);
    }
}

/// Where the eight knobs stand, and the strips above each group.
struct Layout {
    knobs: [Rect; 8],
    strips: [Rect; 4],
    seams: [f32; 3],
}

fn layout(panel: Rect, unit: f32) -> Layout {
    let inner = panel.shrink2(vec2(16.0, 6.0) * unit);
    let gap = 12.0 * unit;
    let cell = (inner.width() - 3.0 * gap) / 8.0;
    let split = inner.top() + 28.0 * unit;
    let mut x = inner.left();
    let mut seams = [0.0; 3];
    let mut strips = [Rect::NOTHING; 4];
    let mut knobs = [Rect::NOTHING; 8];
    let mut knob = 0;
    for (group, count) in [1, 1, 4, 2].into_iter().enumerate() {
        let width = cell * count as f32;
        strips[group] = Rect::from_min_max(pos2(x, inner.top()), pos2(x + width, split))
            .shrink2(vec2(3.0 * unit, 2.0 * unit));
        for i in 0..count {
            let left = x + cell * i as f32;
            knobs[knob] = Rect::from_min_max(pos2(left, split), pos2(left + cell, inner.bottom()));
            knob += 1;
        }
        x += width + gap;
        if group < 3 {
            seams[group] = x - gap * 0.5;
        }
    }
    Layout { knobs, strips, seams }
}

fn panel_knobs(ui: &mut Ui, head: &Head, desk: &mut Desk<'_>, bypassed: bool) {
    let unit = theme::unit(ui);
    let at = layout(head.panel, unit);
    for x in at.seams {
        let y = head.panel.shrink2(vec2(0.0, 16.0 * unit)).y_range();
        ui.painter().vline(x, y, (1.0, Color32::from_black_alpha(150)));
        ui.painter().vline(x + 1.0, y, (1.0, Color32::from_white_alpha(18)));
    }
    jack(ui, at.strips[0]);
    gate_strip(ui, at.strips[1], desk);
    tone_strip(ui, at.strips[2], desk);
    master_strip(ui, at.strips[3], bypassed);
    let (params, setter) = (desk.params, desk.setter);
    let room = at.knobs[0];
    let diameter = (room.width() / unit - 8.0).min(room.height() / unit - 46.0).clamp(46.0, 84.0);
    let knob =
        |param, label, hint| Knob::new(param, setter).label(label).hint(hint).diameter(diameter);
    let tone = !params.tone_on.value();
    let gate = !params.gate_on.value();
    let [a, b, c, d, e, f, g, h] = at.knobs;
    knob(&params.input, "INPUT", "Gain before everything: how hard the models are driven.")
        .bipolar()
        .show(ui, a);
    knob(&params.gate_threshold, "GATE", "Level of the input at which the gate opens.")
        .dimmed(gate)
        .show(ui, b);
    for (param, label, hint, place) in [
        (&params.bass, "BASS", "Shelf below 150 Hz; flat at 5.", c),
        (&params.middle, "MIDDLE", "Peak at 425 Hz; flat at 5.", d),
        (&params.treble, "TREBLE", "Shelf above 1.8 kHz; flat at 5.", e),
        (&params.presence, "PRESENCE", "Shelf above 4 kHz; flat at 5.", f),
    ] {
        let knob = knob(param, label, hint).bipolar().dimmed(tone);
        // Neighbours' numbers would run into each other on a small face.
        let knob = if diameter > 60.0 { knob.numbers() } else { knob };
        knob.show(ui, place);
    }
    knob(&params.mix, "MIX", "Share of the processed signal in the output.").show(ui, g);
    knob(&params.output, "OUTPUT", "Gain after everything.").bipolar().show(ui, h);
}

/// The socket above the input knob.
fn jack(ui: &Ui, rect: Rect) {
    let unit = theme::unit(ui);
    let (painter, center) = (ui.painter(), rect.center());
    painter.circle_filled(center, 9.0 * unit, theme::COAL);
    painter.circle_filled(center, 8.0 * unit, Color32::from_rgb(0x77, 0x70, 0x68));
    painter.circle_filled(center, 6.2 * unit, Color32::from_rgb(0x3c, 0x37, 0x34));
    painter.circle_filled(center, 4.0 * unit, theme::COAL);
    let glint = Stroke::new(1.0 * unit, Color32::from_white_alpha(60));
    paint::arc(painter, center, 7.4 * unit, 3.5, 5.3, glint);
}

fn gate_strip(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    let on = desk.params.gate_on.value();
    let open = desk.meters.gate.load(Relaxed);
    let middle = rect.center();
    let lever = Rect::from_min_size(
        pos2(middle.x - 37.0 * unit, rect.top()),
        vec2(30.0 * unit, rect.height()),
    );
    Switch::new(&desk.params.gate_on, desk.setter)
        .words("")
        .hint("Silences what is below the threshold.")
        .show(ui, lever);
    let level = if on { 0.08 + 0.92 * open } else { 0.0 };
    let light = pos2(middle.x + 5.0 * unit, middle.y);
    lamp::led(ui.painter(), light, 4.0 * unit, theme::GLAZE, level);
    let hover = Rect::from_center_size(light, vec2(12.0, 16.0) * unit);
    let response = ui.interact(hover, ui.scope_id().with("gate light"), Sense::hover());
    response.widget_info(|| {
        let state = if open > 0.5 { "Gate open" } else { "Gate closed" };
        egui::WidgetInfo::labeled(egui::Role::Label, true, state)
    });
    response.on_hover_text(if open > 0.5 { "The gate is open." } else { "The gate is closed." });
    let more =
        Rect::from_center_size(pos2(middle.x + 27.0 * unit, middle.y), vec2(22.0, 20.0) * unit);
    if control::icon_button(ui, more, "More of the gate", Icon::Down).clicked() {
        desk.ask(Ask::Toggle(Drawer::Gate));
    }
}

fn tone_strip(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let lever = rect.with_max_x(rect.left() + 100.0 * unit).translate(vec2(8.0 * unit, 0.0));
    Switch::new(&desk.params.tone_on, desk.setter)
        .words("TONE")
        .hint("The four knobs below, in or out.")
        .show(ui, lever);
    let place = Rect::from_min_max(
        pos2(rect.right() - 128.0 * unit, rect.top() + 1.0 * unit),
        pos2(rect.right() - 8.0 * unit, rect.bottom() - 1.0 * unit),
    );
    Segmented::new(&desk.params.tone_before, desk.setter)
        .words(&["POST", "PRE"])
        .hint("Whether the tone stack lies after the models or before them.")
        .show(ui, place);
}

fn master_strip(ui: &Ui, rect: Rect, bypassed: bool) {
    let unit = theme::unit(ui);
    let at = pos2(rect.left() + 10.0 * unit, rect.center().y);
    let painter = ui.painter();
    let words = if bypassed { "BYPASSED" } else { "MASTER" };
    paint::engraved(painter, at, Align2::LEFT_CENTER, words, 11.0 * unit, theme::DIM);
    let lamp = pos2(rect.right() - 18.0 * unit, rect.center().y);
    lamp::pilot(painter, lamp, 7.0 * unit, if bypassed { 0.0 } else { 1.0 });
}
