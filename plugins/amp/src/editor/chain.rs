//! The signal's way through the amplifier, as a strip of boxes: each shows what
//! it is and whether it acts, and leads to where it is set.

use egui::{Align2, Color32, Rect, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use ui::icon::Icon;
use ui::{control, lamp, paint, theme};

use super::desk::{Ask, Desk, Page};
use super::face::Drawer;
use crate::choices::Routing;
use crate::places::{Place, Task};

/// A stage on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Gate,
    Tone,
    Models,
    Cabinet,
}

/// Draws it in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    let order = match desk.params.tone_before.value() {
        true => [Stage::Gate, Stage::Tone, Stage::Models, Stage::Cabinet],
        false => [Stage::Gate, Stage::Models, Stage::Tone, Stage::Cabinet],
    };
    let gap = 16.0 * unit;
    let share = |stage| match stage {
        Stage::Gate | Stage::Tone => 0.11,
        Stage::Models => 0.54,
        Stage::Cabinet => 0.24,
    };
    let room = rect.width() - gap * (order.len() - 1) as f32;
    let mut x = rect.left();
    for (i, stage) in order.into_iter().enumerate() {
        let width = room * share(stage);
        let place = Rect::from_min_size(pos2(x, rect.top()), vec2(width, rect.height()));
        if i > 0 {
            arrow(ui, pos2(x - gap, rect.center().y), gap);
        }
        self::stage(ui, place, stage, desk);
        x += width + gap;
    }
}

/// The wire from one box to the next.
fn arrow(ui: &Ui, from: egui::Pos2, length: f32) {
    let color = theme::RUST.lerp_to_gamma(theme::EMBER, 0.4);
    let to = from + vec2(length, 0.0);
    let painter = ui.painter();
    painter.line_segment([from, to], Stroke::new(1.6, color));
    let r = length * 0.26;
    let tip = from + vec2(length * 0.72, 0.0);
    let points = vec![tip, tip - vec2(r * 1.4, r), tip - vec2(r * 1.4, -r)];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

fn stage(ui: &mut Ui, rect: Rect, stage: Stage, desk: &mut Desk<'_>) {
    let params = desk.params;
    match stage {
        Stage::Gate => {
            let words = if params.gate_on.value() { "On" } else { "Off" };
            if small(ui, rect, "Gate in the chain", "GATE", words, params.gate_on.value()) {
                desk.ask(Ask::Toggle(Drawer::Gate));
            }
        }
        Stage::Tone => {
            let on = params.tone_on.value();
            if small(ui, rect, "Tone in the chain", "TONE", if on { "On" } else { "Off" }, on) {
                ui::gesture::set(ui, &params.tone_on, desk.setter, if on { 0.0 } else { 1.0 });
            }
        }
        Stage::Cabinet => {
            let names: Vec<String> = [0, 1]
                .map(Place::Cabinet)
                .into_iter()
                .filter_map(|place| desk.playing(place).map(|playing| playing.name.clone()))
                .collect();
            let words = if names.is_empty() { "Empty".to_owned() } else { names.join(" + ") };
            let on = params.cab_on.value() && !names.is_empty();
            if small(ui, rect, "Cabinet in the chain", "CABINET", &words, on) {
                desk.ask(Ask::Show(Page::Cabinet));
            }
        }
        Stage::Models => models(ui, rect, desk),
    }
}

/// The frame of a box; returns whether it was clicked.
fn frame(ui: &mut Ui, rect: Rect, label: &str, on: bool) -> bool {
    let unit = theme::unit(ui);
    let response = ui.interact(rect, ui.scope_id().with(label), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label));
    let line = match (response.hovered(), on) {
        (true, _) => theme::EMBER,
        (false, true) => theme::SEAM,
        (false, false) => theme::ASH,
    };
    let round = theme::round(theme::ROUND, unit);
    let painter = ui.painter();
    painter.rect(rect, round, theme::CLAY, Stroke::new(1.0, line), StrokeKind::Inside);
    let sheen = rect.shrink2(vec2(6.0 * unit, 0.0));
    painter.hline(sheen.x_range(), rect.top() + 0.5, (1.0, Color32::from_white_alpha(16)));
    if response.has_focus() {
        paint::focus_ring(ui, rect, theme::ROUND * unit);
    }
    response.clicked()
}

/// A box with a title above its state.
fn small(ui: &mut Ui, rect: Rect, label: &str, title: &str, words: &str, on: bool) -> bool {
    let unit = theme::unit(ui);
    let clicked = frame(ui, rect, label, on);
    let inner = rect.shrink2(vec2(10.0 * unit, 6.0 * unit));
    let (top, bottom) = inner.split_top_bottom_at_fraction(0.46);
    let light = pos2(inner.left() + 4.0 * unit, top.center().y);
    lamp::led(ui.painter(), light, 3.2 * unit, theme::EMBER, if on { 1.0 } else { 0.0 });
    let at = pos2(light.x + 10.0 * unit, top.center().y);
    let size = 10.5 * unit;
    paint::engraved(ui.painter(), at, Align2::LEFT_CENTER, title, size, theme::DIM);
    let color = if on { theme::TEXT } else { theme::FAINT };
    paint::clipped_text(ui, bottom, words, 13.0 * unit, color);
    clicked
}

/// The two models: one after the other, or one above the other.
fn models(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    let parallel = desk.params.routing.value() == Routing::Parallel;
    if parallel {
        let half = (rect.height() - 4.0 * unit) * 0.5;
        let a = Rect::from_min_size(rect.min, vec2(rect.width(), half));
        let b = a.translate(vec2(0.0, half + 4.0 * unit));
        model(ui, a, 0, desk, true);
        model(ui, b, 1, desk, true);
    } else {
        let gap = 16.0 * unit;
        let width = (rect.width() - gap) * 0.5;
        let a = Rect::from_min_size(rect.min, vec2(width, rect.height()));
        let b = a.translate(vec2(width + gap, 0.0));
        model(ui, a, 0, desk, false);
        arrow(ui, pos2(a.right(), rect.center().y), gap);
        model(ui, b, 1, desk, false);
    }
}

/// A model's box: its name leads to the browser, its arrows to the neighbours.
fn model(ui: &mut Ui, rect: Rect, slot: usize, desk: &mut Desk<'_>, flat: bool) {
    let unit = theme::unit(ui);
    let place = Place::Model(slot);
    let letter = ["A", "B"][slot];
    let param = [&desk.params.a_on, &desk.params.b_on][slot];
    let filled = desk.playing(place).is_some();
    let on = param.value() && filled;
    if frame(ui, rect, &format!("Choose model {letter}"), on) {
        desk.ask(Ask::Browse(place));
    }
    let right = steps(ui, rect, slot, desk);
    let inner = rect.shrink2(vec2(10.0, if flat { 2.0 } else { 6.0 }) * unit).with_max_x(right);
    let color = if on { theme::TEXT } else { theme::FAINT };
    let light = if on { 1.0 } else { 0.0 };
    let name = desk.name(place);
    let title = format!("MODEL {letter}");
    let (align, size) = (Align2::LEFT_CENTER, 10.5 * unit);
    let (top, bottom) = match flat {
        true => (inner, inner),
        false => inner.split_top_bottom_at_fraction(0.46),
    };
    let lamp = pos2(inner.left() + 4.0 * unit, top.center().y);
    lamp::led(ui.painter(), lamp, 3.2 * unit, theme::EMBER, light);
    let at = lamp + vec2(10.0 * unit, 0.0);
    if flat {
        let drawn = paint::spaced_text(ui.painter(), at, align, &title, size, 1.0, theme::DIM);
        let room = inner.with_min_x(drawn.right() + 10.0 * unit);
        paint::clipped_text(ui, room, &name, 13.0 * unit, color);
    } else {
        paint::engraved(ui.painter(), at, align, &title, size, theme::DIM);
        paint::clipped_text(ui, bottom, &name, 13.5 * unit, color);
    }
}

/// The arrows to a model's neighbours; returns where they begin.
fn steps(ui: &mut Ui, rect: Rect, slot: usize, desk: &mut Desk<'_>) -> f32 {
    let unit = theme::unit(ui);
    let letter = ["A", "B"][slot];
    let side = 20.0 * unit;
    let mut right = rect.right() - 5.0 * unit;
    for (icon, label, step) in
        [(Icon::Next, "Next model", 1), (Icon::Previous, "Previous model", -1)]
    {
        let place_of = Rect::from_center_size(
            pos2(right - side * 0.5, rect.center().y),
            vec2(side, side.min(rect.height())),
        );
        let label = format!("{label} {letter}");
        if control::bare_icon(ui, place_of, &label, icon, theme::DIM).clicked() {
            desk.ask(Ask::Run(Task::Step(Place::Model(slot), step)));
        }
        right -= side;
    }
    right
}
