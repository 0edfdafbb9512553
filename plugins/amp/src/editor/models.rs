//! The models: how they are joined, and what is in each slot.

use egui::{Align2, Color32, Rect, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use ui::choice::Segmented;
use ui::control::Switch;
use ui::knob::Knob;
use ui::{paint, theme};

use super::desk::Desk;
use super::slot;
use crate::choices::Routing;
use crate::places::Place;

/// Height of the part that joins the slots, in units.
const ROUTE: f32 = 108.0;

/// Draws the page in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    let gap = 12.0 * unit;
    let (top, below) = rect.split_top_bottom_at_y(rect.top() + ROUTE * unit);
    route(ui, top, desk);
    let below = below.with_min_y(below.top() + gap);
    let width = (below.width() - gap) * 0.5;
    let a = Rect::from_min_size(below.min, vec2(width, below.height()));
    let b = a.translate(vec2(width + gap, 0.0));
    slot::show(ui, a, desk, 0);
    slot::show(ui, b, desk, 1);
}

fn route(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    paint::card(ui, rect);
    let inner = rect.shrink2(vec2(14.0, 10.0) * unit);
    let (choice, rest) = inner.split_left_right_at_x(inner.left() + 176.0 * unit);
    let parallel = desk.params.routing.value() == Routing::Parallel;
    let title = pos2(choice.left(), choice.top() + 8.0 * unit);
    let painter = ui.painter();
    paint::engraved(painter, title, Align2::LEFT_CENTER, "ROUTING", 12.0 * unit, theme::DIM);
    let place = Rect::from_min_size(
        pos2(choice.left(), choice.top() + 22.0 * unit),
        vec2(choice.width(), 28.0 * unit),
    );
    Segmented::new(&desk.params.routing, desk.setter)
        .hint("In series A plays into B, as a pedal into an amplifier; in parallel they play side by side.")
        .show(ui, place);
    let below = Rect::from_min_size(
        pos2(choice.left(), place.bottom() + 8.0 * unit),
        vec2(choice.width(), 24.0 * unit),
    );
    let (diagram, blend) = rest.split_left_right_at_x(rest.right() - 84.0 * unit);
    ui.scope(|ui| {
        if !parallel {
            ui.disable();
            ui.set_opacity(0.45);
        }
        Switch::new(&desk.params.invert, desk.setter)
            .words("Flip phase of B")
            .hint("Turns the second model's output upside down.")
            .show(ui, below);
        Knob::new(&desk.params.blend, desk.setter)
            .diameter(46.0)
            .bipolar()
            .dimmed(!parallel)
            .label("BLEND")
            .hint("In parallel, the share of model B.")
            .show(ui, blend);
    });
    let room = diagram.shrink2(vec2(20.0 * unit, 0.0)).with_max_x(diagram.right() - 8.0 * unit);
    wires(ui, room, desk, parallel);
}

/// The signal's path as a drawing.
fn wires(ui: &Ui, rect: Rect, desk: &Desk<'_>, parallel: bool) {
    let unit = theme::unit(ui);
    let heights = if parallel { [-0.27, 0.27] } else { [0.0, 0.0] };
    let middles = if parallel { [0.5, 0.5] } else { [0.30, 0.70] };
    let wide = if parallel { 0.44 } else { 0.29 };
    let box_of = |i: usize| {
        let center = pos2(
            rect.left() + rect.width() * middles[i],
            rect.center().y + rect.height() * heights[i],
        );
        let tall = if parallel { 0.42 } else { 0.5 };
        Rect::from_center_size(center, vec2(rect.width() * wide, rect.height() * tall))
    };
    let boxes = [box_of(0), box_of(1)];
    let wire = Stroke::new(2.0 * unit, theme::RUST.lerp_to_gamma(theme::EMBER, 0.5));
    let painter = ui.painter();
    let (start, end) = (rect.left_center(), rect.right_center());
    let line = |points: Vec<egui::Pos2>| {
        painter.add(Shape::line(points, wire));
    };
    if parallel {
        for place in boxes {
            let (fork, join) =
                (rect.left() + rect.width() * 0.14, rect.left() + rect.width() * 0.86);
            let y = place.center().y;
            line(vec![start, pos2(fork, start.y), pos2(fork, y), pos2(place.left(), y)]);
            line(vec![pos2(place.right(), y), pos2(join, y), pos2(join, end.y), end]);
        }
    } else {
        line(vec![start, boxes[0].left_center()]);
        line(vec![boxes[0].right_center(), boxes[1].left_center()]);
        line(vec![boxes[1].right_center(), end]);
    }
    for at in [start, end] {
        painter.circle_filled(at, 4.5 * unit, theme::CLAY);
        painter.circle_stroke(at, 4.0 * unit, wire);
    }
    for (i, place) in boxes.into_iter().enumerate() {
        stage(ui, place, desk, i, parallel);
    }
}

fn stage(ui: &Ui, rect: Rect, desk: &Desk<'_>, slot: usize, parallel: bool) {
    let unit = theme::unit(ui);
    let place = Place::Model(slot);
    let on = [&desk.params.a_on, &desk.params.b_on][slot].value() && desk.playing(place).is_some();
    let painter = ui.painter();
    let line = if on { theme::EMBER } else { theme::SEAM };
    let round = theme::round(5.0, unit);
    let fill = if on { Color32::from_rgb(0x32, 0x1c, 0x12) } else { theme::CHARCOAL };
    painter.rect(rect, round, fill, Stroke::new(1.2, line), StrokeKind::Inside);
    let letter = ["A", "B"][slot];
    let at = pos2(rect.left() + 14.0 * unit, rect.center().y);
    let color = if on { theme::FLAME } else { theme::FAINT };
    painter.text(at, Align2::CENTER_CENTER, letter, theme::font(15.0 * unit), color);
    let room = rect.with_min_x(rect.left() + 27.0 * unit).with_max_x(rect.right() - 8.0 * unit);
    let name = desk.name(place);
    let color = if on { theme::TEXT } else { theme::FAINT };
    paint::clipped_text(ui, room, &name, 12.5 * unit, color);
    if parallel && slot == 1 && desk.params.invert.value() {
        let at = pos2(rect.right() + 12.0 * unit, rect.center().y - 10.0 * unit);
        painter.circle_stroke(at, 5.0 * unit, (1.4 * unit, theme::FLAME));
        let (a, b) = (vec2(4.5, -7.0) * unit, vec2(-4.5, 7.0) * unit);
        painter.line_segment([at + a, at + b], (1.4 * unit, theme::FLAME));
    }
    let response = ui.interact(rect, ui.scope_id().with(("stage", slot)), Sense::hover());
    response.on_hover_text(format!("Model {letter}: {name}"));
}
