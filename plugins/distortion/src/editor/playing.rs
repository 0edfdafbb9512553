//! The row below the header: what plays, whether its file is followed, and what to know of
//! it.

use egui::{Rect, Sense, Ui, pos2, vec2};
use shell::follow;
use ui::{paint, theme};

use super::desk::Desk;
use super::words::{self, Fact};
use crate::engine::Wish;
use crate::source::Source;

/// Its height, in units.
pub(super) const HEIGHT: f32 = 42.0;
/// Widths of the facts, in units, and what is between them.
const FACTS: [f32; 5] = [80.0, 96.0, 76.0, 64.0, 146.0];
const GAP: f32 = 14.0;
/// Width of what follows a file, in units, and with the light of what came.
const FOLLOW: [f32; 2] = [78.0, 212.0];

/// Draws it in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    let width = FACTS.iter().map(|width| width + GAP).sum::<f32>() * unit;
    let (room, table) = rect.split_left_right_at_x(rect.right() - width);
    let mut left = table.left();
    let report = desk.status.report();
    let facts = words::facts(desk.status.model().map(|model| &**model), report.as_ref());
    for (fact, width) in facts.iter().zip(FACTS) {
        let rule = left + 0.5 * GAP * unit - 7.0 * unit;
        let y = table.shrink2(vec2(0.0, 7.0 * unit)).y_range();
        ui.painter().vline(rule, y, (1.0, theme::ASH));
        left += GAP * unit;
        let size = vec2(width * unit, table.height());
        self::fact(ui, Rect::from_min_size(pos2(left, table.top()), size), fact);
        left += width * unit;
    }
    let room = room.with_max_x(room.right() - 12.0 * unit);
    let live = desk.status.following.as_ref();
    let width = FOLLOW[usize::from(live.is_some())] * unit;
    let (room, switch) = room.split_left_right_at_x(room.right() - width);
    // What trainers send is read as JSON.
    let foreign = desk.status.model().is_some_and(|model| model.is_foreign());
    let able = !foreign && desk.status.source().and_then(Source::path).is_some();
    let middle = Rect::from_center_size(switch.center(), vec2(width, 28.0 * unit));
    let place = follow::Place { rect: middle, noun: "the model's file", able };
    if follow::show(ui, &place, live) {
        desk.wish(Wish::Follow(live.is_none()));
    }
    name(ui, room.with_max_x(room.right() - 10.0 * unit), desk);
}

/// What it is called, over where it came from.
fn name(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let (top, bottom) = rect.split_top_bottom_at_fraction(0.58);
    let name = match desk.status.name() {
        "" => "No model",
        name => name,
    };
    paint::clipped_text(ui, top, name, 18.0 * unit, theme::TEXT);
    let origin = words::origin(desk.status);
    paint::clipped_text(ui, bottom, &origin, 11.5 * unit, theme::DIM);
    let response = ui.interact(rect, ui.scope_id().with("what plays"), Sense::hover());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Label, true, format!("Plays {name}"))
    });
    let description = words::described(desk.status);
    let path = desk.status.source().and_then(Source::path);
    let path = path.map(|path| path.display().to_string());
    response.on_hover_ui(|ui| {
        ui.strong(name);
        for line in description.into_iter().chain(path.as_deref()) {
            ui.label(line);
        }
        for line in desk.status.differences() {
            ui.colored_label(theme::FLAME, line);
        }
    });
}

/// A caption over what it is.
fn fact(ui: &mut Ui, rect: Rect, fact: &Fact) {
    let unit = theme::unit(ui);
    let inner = rect.shrink2(vec2(0.0, 4.0 * unit));
    let (top, bottom) = inner.split_top_bottom_at_fraction(0.46);
    let (size, spacing) = (9.5 * unit, 0.8 * unit);
    let (at, align) = (top.left_center(), egui::Align2::LEFT_CENTER);
    paint::spaced_text(ui.painter(), at, align, fact.caption, size, spacing, theme::FAINT);
    paint::clipped_text(ui, bottom, &fact.words, 13.0 * unit, theme::TEXT);
    let response = ui.interact(rect, ui.scope_id().with(("fact", fact.caption)), Sense::hover());
    let label = format!("{}: {}", fact.caption, fact.words);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &label));
    if !fact.details.is_empty() {
        response.on_hover_ui(|ui| {
            ui.strong(&fact.words);
            ui.colored_label(theme::DIM, &fact.details);
        });
    }
}
