//! The columns of the browser's list.

use egui::{Color32, Rect, Response, Ui, pos2, vec2};
use ui::icon::Icon;
use ui::{control, lamp, paint, theme};

use super::rows::{Item, Row};
use crate::places::Place;
use crate::source::Source;

/// Height of a row, in units.
pub(super) const ROW: f32 = 25.0;

/// Room of the star and the sign before the name, in units.
const SIGNS: f32 = 46.0;
/// Room the scroll bar takes, in units.
const BAR: f32 = 16.0;

/// A column: its title, its share of the width, and what stands in it.
type Column = (&'static str, f32, fn(&Item) -> &str);

/// The columns there is room for.
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Those that fit into `width` units.
    pub(super) fn of(width: f32, place: Place) -> Self {
        let name: Column = ("Name", 2.4, |item| &item.name);
        if matches!(place, Place::Cabinet(_)) {
            return Self(vec![name, ("Length", 1.0, |item| &item.level)]);
        }
        let gear: Column = ("Gear", 1.7, |item| &item.gear);
        let tone: Column = ("Tone", 0.9, |item| &item.tone);
        let author: Column = ("Author", 1.2, |item| &item.author);
        let architecture: Column = ("Network", 1.1, |item| &item.architecture);
        let cost: Column = ("Cost", 0.8, |item| &item.cost);
        let level: Column = ("Loudness", 0.9, |item| &item.level);
        Self(match width {
            wide if wide > 600.0 => vec![name, gear, tone, author, architecture, cost, level],
            middle if middle > 480.0 => vec![name, gear, tone, author, cost],
            _ => vec![name, gear, tone, cost],
        })
    }

    /// Each with where it lies in `rect`.
    fn cells(&self, rect: Rect, unit: f32) -> impl Iterator<Item = (&Column, Rect)> {
        let inner = Rect::from_min_max(pos2(rect.left() + SIGNS * unit, rect.top()), rect.max);
        let all: f32 = self.0.iter().map(|column| column.1).sum();
        let mut left = inner.left();
        self.0.iter().map(move |column| {
            let width = inner.width() * column.1 / all;
            let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
            left += width;
            (column, cell.with_max_x(cell.right() - 8.0 * unit))
        })
    }
}

/// Draws the titles.
pub(super) fn head(ui: &Ui, rect: Rect, columns: &Columns) {
    let unit = theme::unit(ui);
    let inner = rect.with_max_x(rect.right() - BAR * unit);
    for (column, cell) in columns.cells(inner, unit) {
        paint::clipped_text(ui, cell, column.0, 11.5 * unit, theme::FAINT);
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 1.0, (1.0, theme::ASH));
}

/// Whether `row` is what plays.
pub(super) fn plays(row: &Row, playing: Option<&Source>) -> bool {
    match (row, playing) {
        (Row::Factory(id, _), Some(Source::Factory(playing))) => id == playing,
        (Row::File(item), Some(source)) => source.path() == Some(&item.path),
        _ => false,
    }
}

/// Draws a row; returns whether its star was clicked.
pub(super) fn row(
    ui: &mut Ui,
    rect: Rect,
    row: &Row,
    columns: &Columns,
    plays: bool,
    response: &Response,
) -> bool {
    let unit = theme::unit(ui);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, row.label()));
    let sign = pos2(rect.left() + 34.0 * unit, rect.center().y);
    let bright = if plays { theme::FLAME } else { theme::TEXT };
    let mut liked = false;
    match row {
        Row::File(item) => {
            dot(ui, sign, plays, item.broken.is_some());
            let star = Rect::from_center_size(
                pos2(rect.left() + 13.0 * unit, rect.center().y),
                vec2(20.0, 20.0) * unit,
            );
            let shown = item.favourite || response.contains_pointer();
            if shown {
                let (icon, color) = match item.favourite {
                    true => (Icon::Star, theme::FLAME),
                    false => (Icon::StarOutline, theme::FAINT),
                };
                let label = format!("Favourite {}", item.name);
                liked = control::bare_icon(ui, star, &label, icon, color).clicked();
            }
            for (i, (column, cell)) in columns.cells(rect, unit).enumerate() {
                let color = match (i, item.broken.is_some()) {
                    (_, true) => theme::FAINT,
                    (0, false) => bright,
                    _ => theme::DIM,
                };
                let size = if i == 0 { 13.0 } else { 12.0 };
                paint::clipped_text(ui, cell, (column.2)(item), size * unit, color);
            }
        }
        other => {
            let factory = matches!(other, Row::Factory(..));
            if factory {
                dot(ui, sign, plays, false);
            } else {
                Icon::Folder.paint(ui.painter(), sign, 6.5 * unit, theme::DIM);
            }
            let room = rect.with_min_x(rect.left() + SIGNS * unit);
            paint::clipped_text(ui, room, other.label(), 13.0 * unit, bright);
            if factory {
                let room = room.with_max_x(room.right() - 8.0 * unit);
                paint::aligned_text(ui, room, "built in", 11.5 * unit, theme::FAINT, 1.0);
            }
        }
    }
    liked
}

/// The dot of a file, burning if it plays.
fn dot(ui: &Ui, center: egui::Pos2, plays: bool, broken: bool) {
    let unit = theme::unit(ui);
    let color: Color32 = if broken { theme::ALARM } else { theme::EMBER };
    if plays {
        lamp::led(ui.painter(), center, 4.0 * unit, color, 1.0);
    } else {
        let stroke = (1.3 * unit, color.gamma_multiply(0.6));
        ui.painter().circle_stroke(center, 3.4 * unit, stroke);
    }
}
