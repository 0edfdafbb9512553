//! The list of graphs at the left.

use std::path::{Path, PathBuf};

use egui::{Align2, Rect, Response, Sense, Ui, pos2, vec2};
use shell::recent::Recent;
use ui::row::{self, Row};
use ui::{control, paint, theme};

use super::desk::{Ask, Desk};
use super::shelf;
use crate::engine::Wish;
use crate::source::Source;

/// Its width, in units.
pub(super) const WIDTH: f32 = 214.0;
/// Height of a row and of a heading, in units.
const ROW: f32 = 36.0;
const HEAD: f32 = 22.0;

/// Draws it in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, recent: &Recent) {
    let unit = theme::unit(ui);
    paint::well(ui, rect, theme::COAL);
    let inner = rect.shrink(5.0 * unit);
    let (list, foot) = inner.split_top_bottom_at_y(inner.bottom() - 28.0 * unit);
    files(ui, foot.with_min_y(foot.top() + 3.0 * unit), desk);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(list).id_salt("graphs"));
    child.shrink_clip_rect(list);
    child.spacing_mut().item_spacing = egui::Vec2::ZERO;
    child.spacing_mut().scroll.bar_width = 5.0 * unit;
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("graphs");
    area.show(&mut child, |ui| {
        factory(ui, desk);
        let paths = recent.paths();
        if !paths.is_empty() {
            heading(ui, "Recent files");
            paths.iter().for_each(|path| file(ui, path, desk));
        }
    });
}

fn factory(ui: &mut Ui, desk: &mut Desk<'_>) {
    let mut category = "";
    for known in shelf::factory() {
        if known.category != category {
            category = known.category;
            heading(ui, category);
        }
        let plays = desk.status.source() == Some(&Source::Factory(known.item.id));
        let row = Row { name: known.item.name, facts: &known.facts, plays };
        if line(ui, &row, known.item.id, &known.details).clicked() {
            desk.wish(Wish::Factory(known.item.id));
        }
    }
}

fn file(ui: &mut Ui, path: &Path, desk: &mut Desk<'_>) {
    let follows = desk.status.following.as_ref().is_some_and(|live| live.path == path);
    let plays = desk.status.source().and_then(Source::path) == Some(path);
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().map(name).unwrap_or_default();
    let facts = if follows { format!("followed, in {folder}") } else { format!("in {folder}") };
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
    let response = ui.interact(rect, ui.scope_id().with(("graph", id)), Sense::click());
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
    if response.gained_focus() || begins(ui, &response, row.plays) {
        ui.scroll_to_rect(rect, None);
    }
    row::show(ui, rect, row, details, &response);
    response
}

/// Whether it plays now and did not in the frame before: whatever chose it, it is to be
/// in sight.
fn begins(ui: &Ui, response: &Response, plays: bool) -> bool {
    let id = response.id.with("played");
    let played = ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or(id, false), plays));
    plays && !played
}

/// The buttons that lead to files.
fn files(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
    let gap = 5.0 * theme::unit(ui);
    let (open, follow) = rect.split_left_right_at_fraction(0.44);
    let open = open.with_max_x(open.right() - gap);
    if control::worded(ui, open, "Open a file", "Open…", false)
        .on_hover_text("Plays a graph from a file.")
        .clicked()
    {
        desk.ask(Ask::Browse { follow: false });
    }
    let following = desk.status.following.is_some();
    let words = if following { "Stop following" } else { "Follow…" };
    let about = "Plays a file a trainer writes to, and whatever replaces it.";
    if control::worded(ui, follow, "Follow a file", words, following).on_hover_text(about).clicked()
    {
        desk.ask(if following {
            Ask::Wish(Wish::StopFollowing)
        } else {
            Ask::Browse { follow: true }
        });
    }
}

/// What a path that is played is remembered as.
pub(super) fn played(source: Option<&Source>) -> Option<PathBuf> {
    match source? {
        Source::File(path) | Source::Live(path) => Some(path.clone()),
        _ => None,
    }
}
