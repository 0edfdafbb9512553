//! The list of models at the left.

use std::path::Path;

use egui::{Align2, Rect, Response, Sense, Ui, pos2, vec2};
use shell::recent::Recent;
use ui::icon::Icon;
use ui::row::{self, Row};
use ui::{control, paint, theme};

use super::desk::{Ask, Desk};
use super::shelf;
use crate::engine::Wish;
use crate::source::Source;

/// Its width, in units.
pub(super) const WIDTH: f32 = 208.0;
/// Height of a row and of a heading, in units.
const ROW: f32 = 36.0;
const HEAD: f32 = 22.0;

/// Draws it in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, recent: &Recent) {
    let unit = theme::unit(ui);
    paint::well(ui, rect, theme::COAL);
    let inner = rect.shrink(5.0 * unit);
    let (list, foot) = inner.split_top_bottom_at_y(inner.bottom() - 28.0 * unit);
    self::foot(ui, foot.with_min_y(foot.top() + 3.0 * unit), desk);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(list).id_salt("models"));
    child.shrink_clip_rect(list);
    child.spacing_mut().item_spacing = egui::Vec2::ZERO;
    child.spacing_mut().scroll.bar_width = 5.0 * unit;
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("models");
    area.show(&mut child, |ui| {
        heading(ui, "Devices");
        factory(ui, desk);
        let paths = recent.paths();
        if !paths.is_empty() {
            heading(ui, "Recent files");
            paths.iter().for_each(|path| file(ui, path, desk));
        }
    });
}

fn factory(ui: &mut Ui, desk: &mut Desk<'_>) {
    for known in shelf::factory() {
        let plays = desk.status.source() == Some(&Source::Factory(known.item.id));
        let row = Row { name: known.item.name, facts: &known.facts, plays };
        if line(ui, &row, known.item.id, &known.details).clicked() {
            desk.wish(Wish::Factory(known.item.id));
        }
    }
    let plays = desk.status.content.is_none() && desk.status.loading.is_none();
    let row = Row { name: "No model", facts: "only filters and gains", plays };
    if line(ui, &row, "", "Nothing distorts; the filters, the tilt and the gains go on.").clicked()
    {
        desk.wish(Wish::Clear);
    }
}

fn file(ui: &mut Ui, path: &Path, desk: &mut Desk<'_>) {
    let plays = desk.status.source().and_then(Source::path) == Some(path);
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let facts = format!("in {}", path.parent().map(name).unwrap_or_default());
    let (name, details) = (name(path), path.display().to_string());
    let row = Row { name: &name, facts: &facts, plays };
    if line(ui, &row, &details, &details).clicked() {
        desk.wish(Wish::Open(path.to_owned()));
    }
}

fn heading(ui: &mut Ui, words: &str) {
    let unit = theme::unit(ui);
    let size = vec2(ui.available_width(), HEAD * unit);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let at = pos2(rect.left() + 5.0 * unit, rect.center().y + 2.0 * unit);
    let words = words.to_uppercase();
    let (size, spacing) = (10.0 * unit, 0.8 * unit);
    paint::spaced_text(ui.painter(), at, Align2::LEFT_CENTER, &words, size, spacing, theme::FAINT);
}

fn line(ui: &mut Ui, row: &Row<'_>, id: &str, details: &str) -> Response {
    let unit = theme::unit(ui);
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), ROW * unit));
    let response = ui.interact(rect, ui.scope_id().with(("model", id)), Sense::click());
    let back = match (row.plays, response.hovered()) {
        (true, _) => Some(theme::RUST.gamma_multiply(0.6)),
        (false, true) => Some(theme::ASH),
        (false, false) => None,
    };
    if let Some(fill) = back {
        ui.painter().rect_filled(rect, theme::round(4.0, unit), fill);
    }
    if response.has_focus() {
        paint::focus_ring(ui, rect.shrink(1.5), 4.0 * unit);
    }
    row::show(ui, rect, row, details, &response);
    if response.gained_focus() || newly(ui, &response, row.plays) {
        response.scroll_to_me(None);
    }
    response
}

/// Whether what the row stands for began to play in this frame.
fn newly(ui: &Ui, response: &Response, plays: bool) -> bool {
    let id = response.id.with("played");
    let played = ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or(id, false), plays));
    plays && !played
}

/// The ways to files and to the models beside the one that plays.
fn foot(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    let (gap, wide) = (5.0 * unit, 30.0 * unit);
    let next = rect.with_min_x(rect.right() - wide);
    let previous = next.translate(vec2(-wide - gap, 0.0));
    let open = rect.with_max_x(previous.left() - gap);
    let about = "Plays a model from a file: .nam, .json, .aidax or .onnx.";
    if control::worded(ui, open, "Open a file", "Open…", false).on_hover_text(about).clicked() {
        desk.ask(Ask::Browse);
    }
    for (rect, label, icon, step) in
        [(previous, "Previous model", Icon::Previous, -1), (next, "Next model", Icon::Next, 1)]
    {
        let about = "In the folder of the file that plays, or among the devices.";
        if control::icon_button(ui, rect, label, icon).on_hover_text(about).clicked() {
            desk.wish(Wish::Step(step));
        }
    }
}
