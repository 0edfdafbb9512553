//! The row that says what plays, the list of what is built in, and the ways to files.

use egui::{Rect, Sense, Ui, pos2, vec2};
use fx::factory;
use ui::row::{self, Row};
use ui::{control, load, paint, theme};

use super::desk::{Ask, Desk};
use crate::engine::Wish;
use crate::source::Source;

/// Height of the row, in units.
pub(super) const HEIGHT: f32 = 42.0;
/// Width of the list, in units.
pub(super) const WIDTH: f32 = 190.0;
/// Height of a row of the list.
const ROW: f32 = 36.0;

/// What plays, and how late and costly that is.
pub(super) fn playing(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let (room, right) = rect.split_left_right_at_x(rect.right() - 94.0 * unit);
    let about = "How much of the time a block lasts the distortion takes to make its sound.";
    let load = desk.meters.load.load(std::sync::atomic::Ordering::Relaxed);
    self::load::show(ui, right, load, about);
    let (top, bottom) = room.split_top_bottom_at_fraction(0.58);
    let name = match desk.status.name() {
        "" => "—",
        name => name,
    };
    paint::clipped_text(ui, top, name, 18.0 * unit, theme::TEXT);
    paint::clipped_text(ui, bottom, &origin(desk), 11.5 * unit, theme::DIM);
    let response = ui.interact(room, ui.scope_id().with("what plays"), Sense::hover());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Label, true, format!("Plays {name}"))
    });
    let notes = desk.status.differences().join("\n");
    if !notes.is_empty() {
        response.on_hover_text(notes);
    }
}

/// Where what plays came from, or what becomes of it, and its latency.
fn origin(desk: &Desk<'_>) -> String {
    if let Some(name) = &desk.status.loading {
        return format!("Loading {name}…");
    }
    let from = match desk.status.source() {
        None => return "nothing plays".into(),
        Some(Source::Factory(_)) => "built in".to_owned(),
        Some(Source::File(path)) => path.display().to_string(),
        Some(Source::Project(Some(path))) => {
            format!("kept in the project, from {}", path.display())
        }
        Some(Source::Project(None)) => "kept in the project".into(),
    };
    let (format, latency) = (desk.status.format(), desk.status.latency);
    format!("{from} · {format} · {latency} samples late")
}

/// Draws the list in `rect`.
pub(super) fn list(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    paint::well(ui, rect, theme::COAL);
    let inner = rect.shrink(5.0 * unit);
    let (rows, foot) = inner.split_top_bottom_at_y(inner.bottom() - 28.0 * unit);
    for (i, item) in factory::DRIVES.iter().enumerate() {
        let top = rows.top() + i as f32 * ROW * unit;
        let place = Rect::from_min_size(pos2(rows.left(), top), vec2(rows.width(), ROW * unit));
        let plays = desk.status.source() == Some(&Source::Factory(item.id));
        let response = ui.interact(place, ui.scope_id().with(("drive", item.id)), Sense::click());
        if response.has_focus() {
            paint::focus_ring(ui, place.shrink(1.5), 4.0 * unit);
        }
        let row = Row { name: item.name, facts: "built in", plays };
        row::show(ui, place, &row, "", &response);
        if response.clicked() {
            desk.wish(Wish::Factory(item.id));
        }
    }
    let foot = foot.with_min_y(foot.top() + 3.0 * unit);
    let width = foot.width() / 3.0;
    let at = |i: usize| {
        let left = foot.left() + width * i as f32;
        Rect::from_min_size(pos2(left, foot.top()), vec2(width - 3.0 * unit, foot.height()))
    };
    if control::worded(ui, at(0), "Open a file", "Open…", false).clicked() {
        desk.ask(Ask::Browse);
    }
    for (i, label, words, step) in [(1, "Previous model", "‹", -1), (2, "Next model", "›", 1)] {
        if control::worded(ui, at(i), label, words, false).clicked() {
            desk.wish(Wish::Step(step));
        }
    }
}
