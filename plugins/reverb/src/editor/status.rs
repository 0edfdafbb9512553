//! The row below the header: what plays, what is proven of it, what is followed.

use std::sync::atomic::Ordering::Relaxed;

use egui::{Rect, Sense, Ui, pos2};
use ui::{badge, light, load, paint, theme};

use super::desk::Desk;
use super::words;
use crate::source::Source;

/// Its height, in units.
pub(super) const HEIGHT: f32 = 42.0;

/// Draws it in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let mut right = rect.right();
    let mut from_right = |width: f32, height: f32| {
        let place = Rect::from_min_max(
            pos2(right - width * unit, rect.center().y - height * 0.5 * unit),
            pos2(right, rect.center().y + height * 0.5 * unit),
        );
        right = place.left() - 12.0 * unit;
        place
    };
    let about = "How much of the time a block lasts the reverb takes to make its sound.";
    load::show(ui, from_right(94.0, 30.0), desk.meters.load.load(Relaxed), about);
    if desk.params.engine.own().is_none() {
        let (state, words, details) = words::live(desk.status);
        light::show(ui, from_right(176.0, 28.0), state, &words, &details);
        if state.moves() {
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(33));
        }
    }
    let is = words::verdict(desk.status);
    badge::show(ui, from_right(206.0, 40.0), is.state, is.words, &is.facts, &is.details);
    let room = Rect::from_min_max(rect.min, pos2(right, rect.bottom()));
    let (top, bottom) = room.split_top_bottom_at_fraction(0.58);
    let name = match desk.status.name() {
        "" => "—",
        name => name,
    };
    paint::clipped_text(ui, top, name, 18.0 * unit, theme::TEXT);
    let origin = words::origin(desk.status);
    paint::clipped_text(ui, bottom, &origin, 11.5 * unit, theme::DIM);
    let response = ui.interact(room, ui.scope_id().with("what plays"), Sense::hover());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Label, true, format!("Plays {name}"))
    });
    let path = desk.status.source().and_then(Source::path);
    response.on_hover_text(path.map_or(origin, |path| path.display().to_string()));
}
