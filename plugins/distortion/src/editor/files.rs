//! The browser of files, inside the editor because native dialogs in a plugin are a
//! gamble. Folders are read in the background; a click plays a file at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use egui::{Align2, Color32, Key, Rect, Response, Ui, pos2, vec2};
use nice_plug_egui::RepaintNotifier;
use shell::files::{Folder, expand, home};
use ui::icon::Icon;
use ui::{control, list::List, paint, theme};

use super::desk::{Ask, Desk};
use crate::engine::Wish;
use crate::files::folder;
use crate::source::Source;

/// Height of a row, in units.
const ROW: f32 = 25.0;

/// The state of the browser while the editor lives.
#[derive(Default)]
pub(super) struct Files {
    open: bool,
    folder: PathBuf,
    typed: String,
    list: List,
    read: Arc<Mutex<Folder>>,
    /// How often another folder was entered.
    entered: Arc<AtomicU64>,
}

/// A row of the list.
enum Row<'a> {
    Up(&'a Path),
    Folder(&'a str),
    File(&'a str),
}

impl Files {
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn close(&mut self) {
        self.open = false;
    }

    /// Opens it at `folder`.
    pub(super) fn open(&mut self, folder: PathBuf, repaint: &RepaintNotifier) {
        self.open = true;
        self.enter(folder, repaint);
    }

    /// Goes to a folder, or to the nearest above it that is there.
    pub(super) fn enter(&mut self, wanted: PathBuf, repaint: &RepaintNotifier) {
        let there = wanted.ancestors().find(|folder| folder.is_dir()).map(Path::to_owned);
        let there = there.unwrap_or_else(home);
        self.typed = there.display().to_string();
        self.folder.clone_from(&there);
        self.list.select(0);
        let (read, repaint) = (self.read.clone(), repaint.clone());
        let (entered, number) = (self.entered.clone(), 1 + self.entered.fetch_add(1, Relaxed));
        let look = move || {
            let found = folder(&there);
            let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
            // A slow folder must not replace the one that was entered after it.
            if entered.load(Relaxed) == number {
                *read = found;
            }
            drop(read);
            repaint.request_repaint();
        };
        // Without a thread the folder stays empty; its path can still be typed.
        let _unless = std::thread::Builder::new().name("kiln-files".into()).spawn(look);
    }

    /// Draws it in `rect`.
    pub(super) fn show(&mut self, ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) {
        let unit = theme::unit(ui);
        let round = theme::round(6.0, unit);
        ui.painter().rect_filled(rect, round, Color32::from_rgb(0x14, 0x12, 0x12));
        let inner = rect.shrink(10.0 * unit);
        let (bar, rows) = inner.split_top_bottom_at_y(inner.top() + 28.0 * unit);
        let typing = self.bar(ui, bar, desk);
        self.rows(ui, rows.with_min_y(rows.top() + 8.0 * unit), desk, typing);
        if ui.input(|i| i.key_pressed(Key::Escape)) {
            desk.ask(Ask::Close);
        }
    }

    /// The path, and the way out. Returns whether the key Enter was for the path.
    fn bar(&mut self, ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>) -> bool {
        let unit = theme::unit(ui);
        let close = rect.with_min_x(rect.right() - 62.0 * unit);
        if control::worded(ui, close, "Close the browser", "Done", false).clicked() {
            desk.ask(Ask::Close);
        }
        let home_at = close.translate(vec2(-68.0 * unit, 0.0));
        if control::worded(ui, home_at, "Home folder", "Home", false).clicked() {
            desk.ask(Ask::Enter(home()));
        }
        let path = rect.with_max_x(home_at.left() - 8.0 * unit);
        let field = control::text_field(ui, path, &mut self.typed, "Path of a folder or model");
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        if entered {
            let path = expand(&self.typed);
            let ask = if path.is_file() { Ask::Wish(Wish::Open(path)) } else { Ask::Enter(path) };
            desk.ask(ask);
        }
        entered
    }

    fn rows(&mut self, ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, typing: bool) {
        let unit = theme::unit(ui);
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let say = |words: &str| {
            let font = theme::font(13.0 * unit);
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, words, font, theme::DIM);
        };
        if read.path != self.folder {
            return say("Reading the folder");
        }
        if let Some(why) = &read.error {
            say(why);
        } else if read.files.is_empty() && read.folders.is_empty() {
            say("No models here: they are .nam, .json, .aidax or .onnx files");
        }
        let up = read.path.parent().map(Row::Up);
        let folders = read.folders.iter().map(|name| Row::Folder(name));
        let files = read.files.iter().map(|name| Row::File(name));
        let rows: Vec<Row<'_>> = up.into_iter().chain(folders).chain(files).collect();
        let entered = !typing && self.list.keys(ui, rows.len(), None);
        let playing = desk.status.source().and_then(Source::path);
        let clicked = self.list.show(ui, rect, ROW * unit, rows.len(), |ui, rect, i, response| {
            line(ui, rect, &rows[i], &read.path, playing, response);
        });
        let entered = entered.then_some(self.list.selected);
        match clicked.or(entered).and_then(|i| rows.get(i)) {
            Some(Row::Up(path)) => desk.ask(Ask::Enter(path.to_path_buf())),
            Some(Row::Folder(name)) => desk.ask(Ask::Enter(read.path.join(name))),
            Some(Row::File(name)) => desk.wish(Wish::Open(read.path.join(name))),
            None => {}
        }
    }
}

fn line(
    ui: &Ui,
    rect: Rect,
    row: &Row<'_>,
    folder: &Path,
    playing: Option<&Path>,
    response: &Response,
) {
    let unit = theme::unit(ui);
    let (icon, name, label) = match row {
        Row::Up(_) => (Icon::Up, "Parent folder".to_owned(), "Parent folder".to_owned()),
        Row::Folder(name) => (Icon::Folder, (*name).to_owned(), format!("Folder {name}")),
        Row::File(name) => (Icon::Flame, (*name).to_owned(), format!("File {name}")),
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    let plays = matches!(row, Row::File(name) if playing == Some(folder.join(name).as_path()));
    let color = if plays { theme::FLAME } else { theme::TEXT };
    let at = pos2(rect.left() + 14.0 * unit, rect.center().y);
    icon.paint(ui.painter(), at, 5.0 * unit, if plays { theme::FLAME } else { theme::FAINT });
    let room = rect.with_min_x(rect.left() + 30.0 * unit);
    paint::clipped_text(ui, room, &name, 13.0 * unit, color);
}
