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
type Column = (&'static str, f32, fn(&Item) -> &String);

/// All there are.
const ALL: [Column; 8] = [
    ("Name", 2.4, |item| &item.name),
    ("Gear", 1.7, |item| &item.gear),
    ("Tone", 1.0, |item| &item.tone),
    ("Author", 1.2, |item| &item.author),
    ("Network", 1.0, |item| &item.architecture),
    ("Cost", 0.7, |item| &item.cost),
    ("Loudness", 1.0, |item| &item.level),
    ("Length", 1.0, |item| &item.level),
];

/// The columns there is room for.
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Those that fit into `width` units.
    pub(super) fn of(width: f32, place: Place) -> Self {
        let [name, gear, tone, author, network, cost, level, length] = ALL;
        if matches!(place, Place::Cabinet(_)) {
            return Self(vec![name, length]);
        }
        Self(match width {
            wide if wide > 600.0 => vec![name, gear, tone, author, network, cost, level],
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

/// By which column the list is sorted, and whether from the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sorting {
    pub(super) column: Option<&'static str>,
    pub(super) reversed: bool,
}

impl Sorting {
    /// The next way to sort when `column` is clicked: up, down, not at all.
    fn clicked(self, column: &'static str) -> Self {
        match (self.column == Some(column), self.reversed) {
            (false, _) => Self { column: Some(column), reversed: false },
            (true, false) => Self { column: Some(column), reversed: true },
            (true, true) => Self::default(),
        }
    }

    /// Sorts what of `rows` is `shown`. Folders and what is built in stay first.
    pub(super) fn sort(self, shown: &mut [usize], rows: &[Row]) {
        let Some(column) = self.column.and_then(|name| ALL.iter().find(|c| c.0 == name)) else {
            return;
        };
        let key = |&i: &usize| match &rows[i] {
            Row::File(item) => {
                let text = (column.2)(item);
                let number = text.split(' ').next().and_then(|n| n.parse::<f32>().ok());
                let numeric = matches!(column.0, "Cost" | "Loudness" | "Length");
                let number = number.filter(|_| numeric).unwrap_or(f32::INFINITY);
                Some((text.is_empty(), number, text.to_lowercase()))
            }
            _ => None,
        };
        let mut keyed: Vec<_> = shown.iter().map(|i| (key(i), *i)).collect();
        keyed.sort_by(|(a, _), (b, _)| match (a, b) {
            (Some(a), Some(b)) => {
                let order = a.1.total_cmp(&b.1).then_with(|| a.2.cmp(&b.2));
                let order = if self.reversed { order.reverse() } else { order };
                // What says nothing comes last either way.
                a.0.cmp(&b.0).then(order)
            }
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        shown.iter_mut().zip(keyed).for_each(|(to, (_, from))| *to = from);
    }
}

/// Draws the titles; a click on one sorts by it.
pub(super) fn head(ui: &mut Ui, rect: Rect, columns: &Columns, sorting: &mut Sorting) {
    let unit = theme::unit(ui);
    let inner = rect.with_max_x(rect.right() - BAR * unit);
    for (column, cell) in columns.cells(inner, unit) {
        let id = ui.scope_id().with(("column", column.0));
        let response = ui.interact(cell, id, egui::Sense::click());
        let label = format!("Sort by {}", column.0);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
        if response.clicked() {
            *sorting = sorting.clicked(column.0);
        }
        let chosen = sorting.column == Some(column.0);
        let color = match (chosen, response.hovered() || response.has_focus()) {
            (_, true) => theme::FLAME,
            (true, false) => theme::TEXT,
            (false, false) => theme::FAINT,
        };
        paint::clipped_text(ui, cell, column.0, 11.5 * unit, color);
        if chosen {
            let icon = if sorting.reversed { Icon::Up } else { Icon::Down };
            let at = pos2(cell.right() - 4.0 * unit, cell.center().y);
            icon.paint(ui.painter(), at, 3.2 * unit, theme::EMBER);
        }
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
    if let Row::File(item) = row {
        dot(ui, sign, plays, item.broken.is_some());
        return file(ui, rect, item, columns, bright, response);
    }
    let factory = matches!(row, Row::Factory(..));
    if factory {
        dot(ui, sign, plays, false);
    } else {
        Icon::Folder.paint(ui.painter(), sign, 6.5 * unit, theme::DIM);
    }
    let room = rect.with_min_x(rect.left() + SIGNS * unit);
    paint::clipped_text(ui, room, row.label(), 13.0 * unit, bright);
    if factory {
        let room = room.with_max_x(room.right() - 8.0 * unit);
        paint::aligned_text(ui, room, "built in", 11.5 * unit, theme::FAINT, 1.0);
    }
    false
}

/// The star and the columns of a file; returns whether the star was clicked.
fn file(
    ui: &mut Ui,
    rect: Rect,
    item: &Item,
    columns: &Columns,
    bright: Color32,
    response: &Response,
) -> bool {
    let unit = theme::unit(ui);
    for (i, (column, cell)) in columns.cells(rect, unit).enumerate() {
        let color = match (i, item.broken.is_some()) {
            (_, true) => theme::FAINT,
            (0, false) => bright,
            _ => theme::DIM,
        };
        let size = if i == 0 { 13.0 } else { 12.0 };
        paint::clipped_text(ui, cell, (column.2)(item), size * unit, color);
    }
    if let Some(why) = &item.broken {
        response.clone().on_hover_text(why);
    }
    if !item.favourite && !response.contains_pointer() {
        return false;
    }
    let at = pos2(rect.left() + 13.0 * unit, rect.center().y);
    let star = Rect::from_center_size(at, vec2(20.0, 20.0) * unit);
    let (icon, color) = match item.favourite {
        true => (Icon::Star, theme::FLAME),
        false => (Icon::StarOutline, theme::FAINT),
    };
    let label = format!("Favourite {}", item.name);
    control::bare_icon(ui, star, &label, icon, color).clicked()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_knows_numbers_and_leaves_folders_first() {
        let file = |name: &str, cost: &str| {
            let mut item = Item::plain(format!("/{name}.nam").into());
            item.cost = cost.into();
            Row::File(Box::new(item))
        };
        let rows = [
            file("b", "10.0 %"),
            Row::Up,
            file("a", ""),
            file("c", "2.5 %"),
            Row::Folder("z".into()),
        ];
        let sorted = |sorting: Sorting| {
            let mut shown = vec![0, 1, 2, 3, 4];
            sorting.sort(&mut shown, &rows);
            shown
        };
        let none = Sorting::default();
        assert_eq!(sorted(none), [0, 1, 2, 3, 4]);
        let by_cost = none.clicked("Cost");
        assert_eq!(sorted(by_cost), [1, 4, 3, 0, 2]);
        assert_eq!(sorted(by_cost.clicked("Cost")), [1, 4, 0, 3, 2]);
        assert_eq!(by_cost.clicked("Cost").clicked("Cost"), none);
        assert_eq!(sorted(none.clicked("Name")), [1, 4, 2, 0, 3]);
    }
}
