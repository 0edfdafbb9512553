//! The left of the browser: where to look, and the tree of folders.

use std::path::PathBuf;

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};
use ui::icon::Icon;
use ui::{paint, theme};

use super::browser::Browser;
use super::rows::ancestors;
use super::shelf::{Scope, Shelf};
use crate::files;
use crate::places::Task;

/// Height of a line, in units.
const ROW: f32 = 23.0;

/// Draws it in `rect`; returns what is to be done.
pub(super) fn show(ui: &mut Ui, rect: Rect, browser: &mut Browser, shelf: &Shelf) -> Option<Task> {
    let unit = theme::unit(ui);
    paint::well(ui, rect, theme::CHARCOAL);
    let foot = if browser.scope == Scope::Folder { 30.0 } else { 0.0 };
    let inner = rect.shrink(5.0 * unit);
    let inner = inner.with_max_y(inner.bottom() - foot * unit);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(inner).id_salt("sidebar"));
    child.shrink_clip_rect(inner);
    child.spacing_mut().item_spacing = egui::Vec2::ZERO;
    let mut wish = None;
    egui::ScrollArea::vertical().auto_shrink(false).id_salt("tree").show(&mut child, |ui| {
        scopes(ui, browser);
        if browser.scope == Scope::Library {
            library(ui, shelf);
        }
        wish = tree(ui, browser, shelf);
    });
    if browser.scope == Scope::Folder
        && shelf.catalogue.folder != browser.folder
        && make_library(ui, rect)
    {
        shelf.library.scan(browser.folder.clone());
        browser.turn_to(Scope::Library);
    }
    wish.map(|folder| browser.enter(folder))
}

/// The parts of what there is that are no folder.
fn scopes(ui: &mut Ui, browser: &mut Browser) {
    for (scope, name) in [
        (Scope::Library, "Library"),
        (Scope::Favourites, "Favourites"),
        (Scope::Factory, "Factory"),
    ] {
        let icon = match scope {
            Scope::Library => Icon::Search,
            Scope::Favourites => Icon::Star,
            _ => Icon::Flame,
        };
        if line(ui, 0, name, Some(icon), browser.scope == scope) {
            browser.turn_to(scope);
        }
    }
}

/// The folders above the present one and those in it; returns the one clicked.
fn tree(ui: &mut Ui, browser: &Browser, shelf: &Shelf) -> Option<PathBuf> {
    let mut wish = None;
    title(ui, "FOLDERS");
    if line(ui, 0, "Home", Some(Icon::Folder), false) {
        wish = Some(files::home());
    }
    let here = browser.scope == Scope::Folder;
    let above = ancestors(&browser.folder);
    // The last few: the root of a deep tree is of no use to anyone.
    let first = above.len().saturating_sub(4);
    let depth = above.len() - first;
    for (level, (name, path)) in above.into_iter().skip(first).enumerate() {
        let current = here && level + 1 == depth;
        if line(ui, level, &name, Some(Icon::Folder), current) {
            wish = Some(path);
        }
    }
    if shelf.listing.folder == browser.folder {
        for name in &shelf.listing.folders {
            if line(ui, depth, name, Some(Icon::Folder), false) {
                wish = Some(browser.folder.join(name));
            }
        }
    }
    wish
}

/// What the library is, and how far it is read.
fn library(ui: &mut Ui, shelf: &Shelf) {
    let unit = theme::unit(ui);
    let catalogue = &shelf.catalogue;
    let size = vec2(ui.available_width(), 34.0 * unit);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, "Read the library again")
    });
    let inner = rect.shrink2(vec2(8.0 * unit, 1.0 * unit));
    let (top, bottom) = inner.split_top_bottom_at_fraction(0.5);
    let folder = catalogue.folder.display().to_string();
    let color = if response.hovered() { theme::FLAME } else { theme::DIM };
    let name = catalogue.folder.file_name().unwrap_or_default().to_string_lossy();
    paint::clipped_text(ui, top, &name, 11.5 * unit, color);
    let words = match (&catalogue.error, catalogue.scanning) {
        (Some(error), _) => error.clone(),
        (None, true) => format!("Reading {} of {}", catalogue.read, catalogue.found),
        (None, false) => format!("{} files. Click to read again.", catalogue.entries.len()),
    };
    paint::clipped_text(ui, bottom, &words, 11.0 * unit, theme::FAINT);
    if response.clicked() {
        shelf.library.rescan();
    }
    if catalogue.scanning {
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(100));
    }
    response.on_hover_text(format!("{folder}\n{words}"));
}

/// The button that makes a folder the library.
fn make_library(ui: &mut Ui, rect: Rect) -> bool {
    let unit = theme::unit(ui);
    let place = Rect::from_min_max(
        pos2(rect.left() + 5.0 * unit, rect.bottom() - 30.0 * unit),
        rect.max - vec2(5.0, 5.0) * unit,
    );
    let label = "Make this folder the library";
    let button = ui::control::worded(ui, place, label, "Make it the library", false);
    button
        .on_hover_text("Reads all files in and below this folder, so that they can be searched.")
        .clicked()
}

fn title(ui: &mut Ui, words: &str) {
    let unit = theme::unit(ui);
    let size = vec2(ui.available_width(), 26.0 * unit);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let at = pos2(rect.left() + 4.0 * unit, rect.bottom() - 9.0 * unit);
    paint::engraved(ui.painter(), at, Align2::LEFT_CENTER, words, 10.0 * unit, theme::FAINT);
}

fn line(ui: &mut Ui, level: usize, name: &str, icon: Option<Icon>, chosen: bool) -> bool {
    let unit = theme::unit(ui);
    let size = vec2(ui.available_width(), ROW * unit);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::TreeItem, true, chosen, format!("Go to {name}"))
    });
    let fill = match (chosen, response.hovered()) {
        (true, _) => theme::RUST.gamma_multiply(0.55),
        (false, true) => theme::ASH,
        (false, false) => egui::Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect.shrink(0.5), theme::round(4.0, unit), fill);
    let left = rect.left() + (8.0 + 9.0 * level as f32) * unit;
    if let Some(icon) = icon {
        let at = pos2(left + 4.0 * unit, rect.center().y);
        let color = if chosen { theme::FLAME } else { theme::FAINT };
        icon.paint(ui.painter(), at, 5.5 * unit, color);
    }
    let color = if chosen { theme::TEXT } else { theme::DIM };
    let room = rect.with_min_x(left + 15.0 * unit);
    paint::clipped_text(ui, room, name, 12.5 * unit, color);
    if response.has_focus() {
        paint::focus_ring(ui, rect.shrink(1.0), 4.0 * unit);
    }
    response.clicked()
}
