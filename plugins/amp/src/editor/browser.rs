//! The file browser, inside the editor because native dialogs in a plugin are a
//! gamble. Folders are read in the background; a click plays a file at once.

use std::path::{Path, PathBuf};

use egui::{Align2, Key, Rect, Ui, pos2, vec2};
use fx::factory;
use ui::icon::Icon;
use ui::{control, list::List, paint, theme};

use super::desk::{Ask, Desk};
use super::rows::{Row, narrow};
use super::shelf::{Revision, Scope, Shelf};
use super::{sidebar, table};
use crate::files;
use crate::places::{Place, Task};

/// The state of the browser while the editor lives.
#[derive(Default)]
pub(super) struct Browser {
    /// For which place it is open.
    place: Option<Place>,
    pub(super) scope: Scope,
    pub(super) folder: PathBuf,
    /// The path as it is being typed.
    typed: String,
    search: String,
    list: List,
    /// The folder is new, and the selection not yet on what plays.
    seek: bool,
    rows: Vec<Row>,
    /// The rows that are shown, and what they were found for.
    shown: Vec<usize>,
    found_for: Option<(Revision, String, table::Sorting)>,
    sorting: table::Sorting,
}

impl Browser {
    /// The place it is open for.
    pub(super) fn place(&self) -> Option<Place> {
        self.place
    }

    /// Opens it for `place` at `folder`; the task reads it.
    pub(super) fn open(&mut self, place: Place, folder: PathBuf) -> Task {
        self.place = Some(place);
        self.found_for = None;
        self.enter(folder)
    }

    pub(super) fn close(&mut self) {
        self.place = None;
        self.found_for = None;
    }

    /// Goes to a folder.
    pub(super) fn enter(&mut self, folder: PathBuf) -> Task {
        self.typed = folder.display().to_string();
        self.search.clear();
        self.scope = Scope::Folder;
        self.seek = true;
        self.folder.clone_from(&folder);
        Task::List(folder)
    }

    /// Shows another part of what there is.
    pub(super) fn turn_to(&mut self, scope: Scope) {
        self.scope = scope;
        self.seek = true;
    }

    /// Draws it in `rect`.
    pub(super) fn show(&mut self, ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, shelf: &Shelf) {
        let Some(place) = self.place else { return };
        let unit = theme::unit(ui);
        paint::card(ui, rect);
        let inner = rect.shrink(12.0 * unit);
        let (bar, rest) = inner.split_top_bottom_at_y(inner.top() + 30.0 * unit);
        self.bar(ui, bar, desk, place);
        let rest = rest.with_min_y(rest.top() + 10.0 * unit);
        let (rest, foot) = rest.split_top_bottom_at_y(rest.bottom() - 26.0 * unit);
        let wide = (rest.width() * 0.22).clamp(130.0 * unit, 220.0 * unit);
        let (side, list) = rest.split_left_right_at_x(rest.left() + wide);
        if let Some(task) =
            sidebar::show(ui, side.with_max_x(side.right() - 10.0 * unit), self, shelf)
        {
            desk.ask(Ask::Run(task));
        }
        self.refresh(place, shelf);
        self.list(ui, list, desk, shelf, place);
        self.foot(ui, foot, desk, place);
        if ui.input(|i| i.key_pressed(Key::Escape)) {
            self.close();
        }
    }

    /// For what it is, the search, the path, and the way out.
    fn bar(&mut self, ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, place: Place) {
        let unit = theme::unit(ui);
        let title = match place {
            Place::Model(i) => ["MODEL A", "MODEL B"][i.min(1)],
            Place::Cabinet(i) => ["CABINET A", "CABINET B"][i.min(1)],
        };
        let at = rect.left_center();
        let size = 14.0 * unit;
        let drawn = paint::spaced_text(
            ui.painter(),
            at,
            Align2::LEFT_CENTER,
            title,
            size,
            1.5 * unit,
            theme::EMBER,
        );
        let close = rect.with_min_x(rect.right() - 66.0 * unit);
        if control::worded(ui, close, "Close the browser", "Done", false).clicked() {
            self.close();
        }
        let fields = Rect::from_min_max(
            pos2(drawn.right() + 14.0 * unit, rect.top()),
            pos2(close.left() - 8.0 * unit, rect.bottom()),
        );
        let (search, path) = fields.split_left_right_at_fraction(0.5);
        let search = search.with_max_x(search.right() - 8.0 * unit);
        let hint = "Search name, gear, tone, author";
        let response = control::text_field(ui, search, &mut self.search, hint);
        let sign = pos2(search.right() - 14.0 * unit, search.center().y);
        Icon::Search.paint(ui.painter(), sign, 6.0 * unit, theme::FAINT);
        if response.changed() {
            self.list.select(0);
        }
        let field = control::text_field(ui, path, &mut self.typed, "Path of a folder or file");
        if field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
            let task = self.go(place, &expand(&self.typed));
            desk.ask(Ask::Run(task));
            // The key that ended the path is not to choose a row as well.
            return;
        }
        // Typing searches, unless something else has the keyboard.
        if ui.memory(egui::Memory::focused).is_none() {
            response.request_focus();
        }
        let typing = Some(response.id);
        if self.list.keys(ui, self.shown.len(), typing) {
            self.choose(self.list.selected, desk, place);
        }
    }

    /// Goes to a typed path: plays a file, enters anything else.
    fn go(&mut self, place: Place, path: &Path) -> Task {
        if place.takes(path) {
            Task::Open(place, path.to_owned())
        } else {
            self.enter(path.to_owned())
        }
    }

    /// Gathers the rows anew where what is there or what is searched has changed.
    fn refresh(&mut self, place: Place, shelf: &Shelf) {
        let key = (shelf.revision(self.scope, place), self.search.clone(), self.sorting);
        if self.found_for.as_ref() == Some(&key) {
            return;
        }
        let same_rows = self.found_for.as_ref().is_some_and(|found| found.0 == key.0);
        if !same_rows {
            self.rows = self.gather(place, shelf);
        }
        self.shown = narrow(&self.rows, &self.search);
        self.sorting.sort(&mut self.shown, &self.rows);
        self.found_for = Some(key);
    }

    fn gather(&self, place: Place, shelf: &Shelf) -> Vec<Row> {
        let built_in = match place {
            Place::Model(_) => factory::MODELS,
            Place::Cabinet(_) => factory::CABINETS,
        };
        let factory = built_in.iter().map(|item| Row::Factory(item.id, item.name));
        match self.scope {
            Scope::Factory => factory.collect(),
            Scope::Folder => {
                let listing = &shelf.listing;
                let up = listing.folder.parent().is_some().then_some(Row::Up);
                let folders = listing.folders.iter().cloned().map(Row::Folder);
                let files = shelf.folder_items(place).map(|item| Row::File(Box::new(item)));
                up.into_iter().chain(folders).chain(files).collect()
            }
            Scope::Library => {
                factory.chain(shelf.items(place).map(|item| Row::File(Box::new(item)))).collect()
            }
            Scope::Favourites => {
                let liked = shelf.items(place).filter(|item| item.favourite);
                liked.map(|item| Row::File(Box::new(item))).collect()
            }
        }
    }

    fn list(&mut self, ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, shelf: &Shelf, place: Place) {
        let unit = theme::unit(ui);
        if self.scope == Scope::Folder && shelf.listing.folder != self.folder {
            let (font, color) = (theme::font(14.0 * unit), theme::DIM);
            let words = "Reading the folder";
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, words, font, color);
            return;
        }
        let playing = desk.playing(place).map(|playing| playing.source.clone());
        let plays = |row: &Row| table::plays(row, playing.as_ref());
        if std::mem::take(&mut self.seek) {
            let at = self.shown.iter().position(|&i| plays(&self.rows[i]));
            self.list.select(at.unwrap_or(0));
        }
        let (head, rows) = rect.split_top_bottom_at_y(rect.top() + 22.0 * unit);
        let columns = table::Columns::of(rect.width() / unit, place);
        table::head(ui, head, &columns, &mut self.sorting);
        let (all, shown) = (&self.rows, &self.shown);
        let mut liked = None;
        let clicked =
            self.list.show(ui, rows, table::ROW * unit, shown.len(), |ui, rect, i, response| {
                let row = &all[shown[i]];
                if table::row(ui, rect, row, &columns, plays(row), response) {
                    liked = Some(shown[i]);
                }
            });
        if let Some(Row::File(item)) = liked.map(|i| &self.rows[i]) {
            shelf.toggle_favourite(item);
        } else if let Some(i) = clicked {
            self.choose(i, desk, place);
        }
        let words = self.nothing(shelf, place);
        let at = pos2(rows.center().x, rows.top() + rows.height() * 0.55);
        let (font, color) = (theme::font(13.5 * unit), theme::DIM);
        ui.painter().text(at, Align2::CENTER_CENTER, words, font, color);
    }

    /// What to say where there is nothing to choose.
    fn nothing(&self, shelf: &Shelf, place: Place) -> String {
        let file = |&i: &usize| matches!(self.rows[i], Row::File(_) | Row::Factory(..));
        let noun = place.noun();
        match (&shelf.listing.error, self.scope) {
            (Some(error), Scope::Folder) => error.clone(),
            _ if self.shown.iter().any(file) => String::new(),
            _ if !self.search.is_empty() => "Nothing here matches the search".into(),
            (_, Scope::Favourites) => format!("No {noun} has a star yet"),
            (_, Scope::Library) => {
                "The library is empty: go to a folder and make it the library".into()
            }
            _ => format!("No {noun}s here"),
        }
    }

    fn choose(&mut self, shown: usize, desk: &mut Desk<'_>, place: Place) {
        let Some(row) = self.shown.get(shown).map(|&i| self.rows[i].clone()) else { return };
        let task = match row {
            Row::Factory(id, _) => Task::Factory(place, id),
            Row::Up => match self.folder.parent().map(Path::to_owned) {
                Some(folder) => self.enter(folder),
                None => return,
            },
            Row::Folder(name) => self.enter(self.folder.join(name)),
            Row::File(item) => Task::Open(place, item.path),
        };
        desk.ask(Ask::Run(task));
    }

    /// What plays, how many there are, and the arrows.
    fn foot(&self, ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, place: Place) {
        let unit = theme::unit(ui);
        let side = vec2(26.0 * unit, rect.height() - 2.0 * unit);
        let next = Rect::from_min_size(pos2(rect.right() - side.x, rect.top() + 2.0 * unit), side);
        let previous = next.translate(vec2(-side.x - 4.0 * unit, 0.0));
        let noun = place.noun();
        for (at, label, icon, step) in [
            (previous, format!("Previous {noun}"), Icon::Previous, -1),
            (next, format!("Next {noun}"), Icon::Next, 1),
        ] {
            if control::icon_button(ui, at, &label, icon).clicked() {
                desk.ask(Ask::Run(Task::Step(place, step)));
            }
        }
        let files = self.shown.iter().filter(|&&i| matches!(self.rows[i], Row::File(_))).count();
        let room =
            rect.with_max_x(previous.left() - 10.0 * unit).with_min_y(rect.top() + 2.0 * unit);
        let words = format!("Plays: {}", desk.name(place));
        paint::clipped_text(
            ui,
            room.with_max_x(room.right() - 90.0 * unit),
            &words,
            12.5 * unit,
            theme::FLAME,
        );
        let count = format!("{files} {noun}{}", if files == 1 { "" } else { "s" });
        paint::aligned_text(ui, room, &count, 12.0 * unit, theme::FAINT, 1.0);
    }
}

/// A typed path, with `~` for home.
fn expand(typed: &str) -> PathBuf {
    let typed = typed.trim();
    match typed.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            files::home().join(rest.trim_start_matches(['/', '\\']))
        }
        _ => PathBuf::from(typed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_home() {
        assert_eq!(expand(" ~/amps "), files::home().join("amps"));
        assert_eq!(expand("/~x"), PathBuf::from("/~x"));
    }
}
