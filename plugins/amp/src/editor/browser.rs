//! The file browser, inside the editor because native dialogs in a plugin are a
//! gamble. Folders are read in the background; a click plays a model at once.

use std::path::{Path, PathBuf};

use egui::{
    Align2, Key, Rect, Response, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui, pos2, vec2,
};

use super::header::clipped_text;
use super::theme;
use crate::files::{self, Listing, home};
use crate::places::Task;
use crate::seat::Status;

const ROW: f32 = 26.0;

const FACTORY_ROW: &str = "Factory model";

/// The state of the browser while the editor lives.
#[derive(Default)]
pub(super) struct Browser {
    open: bool,
    folder: PathBuf,
    /// The path as it is being typed.
    typed: String,
    filter: String,
    selected: usize,
    /// The selection moved by key and must be scrolled to.
    reveal: bool,
    /// The folder is new, and the selection not yet on the model that plays.
    seek: bool,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq)]
enum Row {
    Factory,
    Up,
    Folder(String),
    Model(String),
}

impl Browser {
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Opens it at `folder`; the task reads it.
    pub(super) fn open(&mut self, folder: PathBuf) -> Task {
        self.open = true;
        self.enter(folder)
    }

    pub(super) fn close(&mut self) {
        self.open = false;
    }

    fn enter(&mut self, folder: PathBuf) -> Task {
        self.typed = folder.display().to_string();
        self.filter.clear();
        self.seek = true;
        self.folder = folder.clone();
        Task::List(folder)
    }

    /// Draws it in `rect` and returns what is to be done.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        listing: &Listing,
        status: &Status,
    ) -> Option<Task> {
        let line = Stroke::new(1.0, theme::ASH);
        ui.painter().rect(rect, theme::ROUND, theme::CLAY, line, StrokeKind::Inside);
        let inner = rect.shrink(10.0);
        let (bar, list) = inner.split_top_bottom_at_y(inner.top() + 30.0);
        let mut task = self.bar(ui, bar);
        let list = list.with_min_y(list.top() + 8.0);
        // What was read last may be another folder than the one just entered.
        if task.is_some() {
            // A typed path took the key that would also choose a row.
        } else if listing.folder == self.folder {
            task = self.list(ui, list, listing, status);
        } else {
            let at = list.center();
            let words = "Reading the folder";
            ui.painter().text(at, Align2::CENTER_CENTER, words, theme::font(14.0), theme::DIM);
        }
        if ui.input(|i| i.key_pressed(Key::Escape)) {
            self.close();
        }
        task
    }

    /// Home, the path and the filter.
    fn bar(&mut self, ui: &mut Ui, rect: Rect) -> Option<Task> {
        let mut task = None;
        let (home_rect, rest) = rect.split_left_right_at_x(rect.left() + 64.0);
        let (path, filter) = rest.split_left_right_at_fraction(0.66);
        if ui.put(home_rect.shrink2(vec2(0.0, 1.0)), egui::Button::new("Home")).clicked() {
            task = Some(self.enter(home()));
        }
        let field = TextEdit::singleline(&mut self.typed)
            .hint_text("Path of a folder or model")
            .align(Align2::LEFT_CENTER);
        let response = ui.put(path.shrink2(vec2(6.0, 1.0)), field);
        if response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
            task = Some(self.go(&expand(&self.typed)));
        }
        let field =
            TextEdit::singleline(&mut self.filter).hint_text("Filter").align(Align2::LEFT_CENTER);
        let response = ui.put(filter.shrink2(vec2(0.0, 1.0)), field);
        if response.changed() {
            (self.selected, self.reveal) = (0, true);
        }
        // Typing filters, unless the path is being typed.
        if ui.ctx().memory(|memory| memory.focused()).is_none() {
            response.request_focus();
        }
        task
    }

    /// Goes to a typed path: plays a model, enters anything else.
    fn go(&mut self, path: &Path) -> Task {
        if files::is_model(path) {
            Task::Open(super::PLACE, path.to_owned())
        } else {
            self.enter(path.to_owned())
        }
    }

    fn list(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        listing: &Listing,
        status: &Status,
    ) -> Option<Task> {
        let rows = rows(listing, &self.filter);
        let playing = status.playing.as_ref().and_then(|playing| playing.source.path());
        let plays = |row: &Row| match row {
            Row::Factory => status.playing.is_some() && playing.is_none(),
            Row::Model(name) => playing.is_some_and(|path| path == listing.folder.join(name)),
            Row::Up | Row::Folder(_) => false,
        };
        if std::mem::take(&mut self.seek) {
            self.selected = rows.iter().position(plays).unwrap_or(0);
            self.reveal = true;
        }
        let by_key = self.keys(ui, &rows);
        let chosen = self.lines(ui, rect, &rows, plays).or(by_key);
        let models = rows.iter().any(|row| matches!(row, Row::Model(_)));
        let words = match &listing.error {
            Some(error) => error.as_str(),
            None if models => "",
            None if self.filter.is_empty() => "No models here",
            None => "Nothing here matches the filter",
        };
        let at = pos2(rect.center().x, rect.bottom() - ROW);
        ui.painter().text(at, Align2::CENTER_CENTER, words, theme::font(13.0), theme::DIM);
        Some(match chosen? {
            Row::Factory => Task::Factory(super::PLACE, "kiln-crunch"),
            Row::Up => self.enter(self.folder.parent()?.to_owned()),
            Row::Folder(name) => self.enter(self.folder.join(name)),
            Row::Model(name) => Task::Open(super::PLACE, self.folder.join(name)),
        })
    }

    /// Draws the rows in sight; returns the one clicked.
    fn lines(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        rows: &[Row],
        plays: impl Fn(&Row) -> bool,
    ) -> Option<Row> {
        let mut clicked = None;
        let mut list = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        list.spacing_mut().item_spacing.y = 0.0;
        let area = ScrollArea::vertical().auto_shrink(false).id_salt("files");
        let mut area = area.max_height(rect.height());
        if std::mem::take(&mut self.reveal) {
            area = area.vertical_scroll_offset(
                (self.selected as f32 * ROW - rect.height() * 0.5 + ROW).max(0.0),
            );
        }
        area.show_rows(&mut list, ROW, rows.len(), |ui, range| {
            for index in range {
                let Some(row) = rows.get(index) else { continue };
                let response = self.row(ui, row, index == self.selected, plays(row));
                if response.clicked() {
                    self.selected = index;
                    clicked = Some(row.clone());
                }
                if response.double_clicked() && matches!(row, Row::Model(_) | Row::Factory) {
                    self.close();
                }
            }
        });
        clicked
    }

    /// Moves the selection; returns the row that Enter chose.
    fn keys(&mut self, ui: &Ui, rows: &[Row]) -> Option<Row> {
        let pressed = |key| ui.input(|i| i.key_pressed(key));
        let last = rows.len().saturating_sub(1);
        let page = 8;
        let moved = match () {
            () if pressed(Key::ArrowDown) => self.selected + 1,
            () if pressed(Key::ArrowUp) => self.selected.saturating_sub(1),
            () if pressed(Key::PageDown) => self.selected + page,
            () if pressed(Key::PageUp) => self.selected.saturating_sub(page),
            () => self.selected,
        };
        if moved != self.selected {
            self.reveal = true;
        }
        self.selected = moved.min(last);
        pressed(Key::Enter).then(|| rows.get(self.selected).cloned()).flatten()
    }

    fn row(&self, ui: &mut Ui, row: &Row, selected: bool, plays: bool) -> Response {
        let size = vec2(ui.available_width(), ROW);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let (words, color, folder) = match row {
            Row::Factory if plays => (FACTORY_ROW, theme::FLAME, false),
            Row::Factory => (FACTORY_ROW, theme::DIM, false),
            Row::Up => ("..", theme::DIM, true),
            Row::Folder(name) => (name.as_str(), theme::TEXT, true),
            Row::Model(name) => {
                (name.as_str(), if plays { theme::FLAME } else { theme::TEXT }, false)
            }
        };
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words));
        let fill = match (selected, response.hovered()) {
            (true, _) => theme::RUST.gamma_multiply(0.7),
            (false, true) => theme::ASH,
            (false, false) => egui::Color32::TRANSPARENT,
        };
        ui.painter().rect_filled(rect.shrink2(vec2(0.0, 1.0)), 4.0, fill);
        icon(ui, pos2(rect.left() + 16.0, rect.center().y), folder, plays);
        clipped_text(ui, rect.with_min_x(rect.left() + 34.0), words, 14.0, color);
        response
    }
}

/// A folder, or the dot of a model, burning if it plays.
fn icon(ui: &Ui, center: egui::Pos2, folder: bool, plays: bool) {
    let painter = ui.painter();
    if folder {
        let body = Rect::from_center_size(center + vec2(0.0, 1.0), vec2(13.0, 9.0));
        let tab = Rect::from_min_size(body.min - vec2(0.0, 2.5), vec2(6.0, 4.0));
        painter.rect_filled(tab, 1.0, theme::DIM);
        painter.rect_filled(body, 1.5, theme::DIM);
    } else if plays {
        painter.circle_filled(center, 4.5, theme::EMBER);
    } else {
        painter.circle_stroke(center, 3.5, Stroke::new(1.5, theme::EMBER.gamma_multiply(0.7)));
    }
}

fn rows(listing: &Listing, filter: &str) -> Vec<Row> {
    let filter = filter.trim().to_lowercase();
    let fits = |name: &&String| name.to_lowercase().contains(&filter);
    let factory = FACTORY_ROW.to_lowercase().contains(&filter).then_some(Row::Factory);
    let up = (filter.is_empty() && listing.folder.parent().is_some()).then_some(Row::Up);
    let folders = listing.folders.iter().filter(fits).cloned().map(Row::Folder);
    let models = listing.models.iter().filter(fits).cloned().map(Row::Model);
    factory.into_iter().chain(up).chain(folders).chain(models).collect()
}

/// A typed path, with `~` for home.
fn expand(typed: &str) -> PathBuf {
    let typed = typed.trim();
    match typed.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            home().join(rest.trim_start_matches(['/', '\\']))
        }
        _ => PathBuf::from(typed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_looks_anywhere_in_a_name() {
        let listing = Listing {
            folder: "/amps".into(),
            folders: vec!["Clean".into(), "High gain".into()],
            models: vec!["Plexi.nam".into(), "gAIn 9.nam".into()],
            cabinets: Vec::new(),
            error: None,
        };
        assert_eq!(rows(&listing, "").len(), 6);
        assert_eq!(
            rows(&listing, " GAIN"),
            [Row::Folder("High gain".into()), Row::Model("gAIn 9.nam".into())]
        );
    }

    #[test]
    fn a_tilde_is_home() {
        assert_eq!(expand(" ~/amps "), home().join("amps"));
        assert_eq!(expand("/~x"), PathBuf::from("/~x"));
    }
}
