//! The top of the window: the name, the preset, the two memories, the way back.

use egui::{Align2, Painter, Rect, Response, Ui, pos2, vec2};
use ui::icon::Icon;
use ui::{choice, control, list::List, paint, theme};

use crate::presets::{Entry, Id};

/// What the header shows.
pub(super) struct Overview<'a> {
    /// All presets, the factory's first.
    pub(super) presets: &'a [Entry],
    /// The preset that was loaded last, and whether anything was changed since.
    pub(super) loaded: Option<(&'a Id, bool)>,
    /// Which memory plays.
    pub(super) is_b: bool,
    /// What can be undone, in words.
    pub(super) undoable: Option<&'a str>,
    /// What can be done again.
    pub(super) redoable: Option<&'a str>,
    pub(super) bypassed: bool,
}

impl Overview<'_> {
    fn place(&self) -> Option<usize> {
        let (id, _) = self.loaded?;
        self.presets.iter().position(|entry| entry.id == *id)
    }

    fn name(&self) -> &str {
        self.place().map_or("", |place| &self.presets[place].name)
    }
}

/// What was clicked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Click {
    /// Another preset.
    Load(Id),
    /// Keep the present sound under this name; whether over the one that was loaded.
    Save(String, bool),
    /// Throw a preset of the player's away.
    Delete(Id),
    /// Play the other memory.
    Swap,
    /// Make the other memory the same as this.
    Copy,
    Undo,
    Redo,
    Bypass,
}

/// What the header remembers between frames.
#[derive(Default)]
pub(super) struct Header {
    /// The name being typed, while the present sound is being saved.
    saving: Option<String>,
    list: List,
}

impl Header {
    /// Draws it in `rect`.
    pub(super) fn show(&mut self, ui: &mut Ui, rect: Rect, view: &Overview<'_>) -> Option<Click> {
        let unit = theme::unit(ui);
        let mut left = title(ui.painter(), rect, unit) + 18.0 * unit;
        let gap = 5.0 * unit;
        let mut right = rect.right();
        let mut click = None;
        let mut from_right = |width: f32| {
            let place = Rect::from_min_max(
                pos2(right - width * unit, rect.top()),
                pos2(right, rect.bottom()),
            );
            right = place.left() - gap;
            place
        };
        if bypass(ui, from_right(82.0), view.bypassed).clicked() {
            click = Some(Click::Bypass);
        }
        from_right(6.0);
        let (redo, undo) = (from_right(29.0), from_right(29.0));
        from_right(6.0);
        let copy = from_right(29.0);
        let memory = from_right(60.0);
        click = self.memories(ui, memory, copy, view).or(click);
        click = ways_back(ui, undo, redo, view).or(click);
        from_right(6.0);
        let save = from_right(29.0);
        let next = from_right(26.0);
        let mut previous = from_right(26.0);
        // The arrows stand around the name.
        let width = previous.width();
        previous = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        left = previous.right() + gap;
        let field =
            Rect::from_min_max(pos2(left, rect.top()), pos2(next.left() - gap, rect.bottom()));
        click = arrows(ui, previous, next, view).or(click);
        if control::icon_button(ui, save, "Save preset", Icon::Save).clicked() {
            self.saving = match self.saving {
                Some(_) => None,
                None => Some(view.name().to_owned()),
            };
        }
        self.preset(ui, field, view).or(click)
    }

    /// The name and the menu below it; a line to type in while saving.
    fn preset(&mut self, ui: &mut Ui, rect: Rect, view: &Overview<'_>) -> Option<Click> {
        let unit = theme::unit(ui);
        if let Some(name) = &mut self.saving {
            let response = control::text_field(ui, rect, name, "Name of the preset");
            let (enter, escape) =
                ui.input(|i| (i.key_pressed(egui::Key::Enter), i.key_pressed(egui::Key::Escape)));
            if response.lost_focus() || escape {
                let name = self.saving.take().unwrap_or_default().trim().to_owned();
                let over = matches!(view.loaded, Some((Id::User(_), _))) && name == view.name();
                return (enter && !escape && !name.is_empty()).then_some(Click::Save(name, over));
            }
            if !response.has_focus() {
                response.request_focus();
            }
            return None;
        }
        let star = if view.loaded.is_some_and(|loaded| loaded.1) { " *" } else { "" };
        let words = match view.name() {
            "" => "No preset".to_owned(),
            name => format!("{name}{star}"),
        };
        // The frame around the list adds its margins.
        let width = (rect.width() - 18.0 * unit).max(250.0 * unit);
        let list = &mut self.list;
        let (_, picked) =
            choice::drop_down(ui, rect, "Choose a preset", &words, width, |ui, keys| {
                menu(ui, view, list, keys)
            });
        picked
    }

    /// A and B, and the arrow that copies the one that plays to the other.
    fn memories(
        &self,
        ui: &mut Ui,
        memory: Rect,
        copy: Rect,
        view: &Overview<'_>,
    ) -> Option<Click> {
        let label = |i: usize| ["Memory A", "Memory B"][i].to_owned();
        let hint = "Two settings of everything, to compare.";
        let chosen = usize::from(view.is_b);
        let swapped = choice::segments(ui, memory, &["A", "B"], chosen, label, hint);
        let label = ["Copy A to B", "Copy B to A"][chosen];
        if control::icon_button(ui, copy, label, Icon::Copy).clicked() {
            return Some(Click::Copy);
        }
        swapped.map(|_| Click::Swap)
    }
}

/// Undo and redo; their tooltips say of what.
fn ways_back(ui: &mut Ui, undo: Rect, redo: Rect, view: &Overview<'_>) -> Option<Click> {
    let mut click = None;
    for (place, label, icon, what, wish) in [
        (undo, "Undo", Icon::Undo, view.undoable, Click::Undo),
        (redo, "Redo", Icon::Redo, view.redoable, Click::Redo),
    ] {
        let button = ui.scope(|ui| {
            if what.is_none() {
                ui.disable();
            }
            let button = control::icon_button(ui, place, label, icon);
            button.on_hover_text(what.unwrap_or_default()).clicked()
        });
        if button.inner {
            click = Some(wish);
        }
    }
    click
}

/// The arrows to the presets before and after.
fn arrows(ui: &mut Ui, previous: Rect, next: Rect, view: &Overview<'_>) -> Option<Click> {
    let previous = control::icon_button(ui, previous, "Previous preset", Icon::Previous);
    let next = control::icon_button(ui, next, "Next preset", Icon::Next);
    let step = [(previous, -1), (next, 1)].into_iter().find(|(arrow, _)| arrow.clicked())?.1;
    step_to(view, step)
}

/// The presets below their field.
fn menu(
    ui: &mut Ui,
    view: &Overview<'_>,
    list: &mut List,
    keys: Option<egui::Id>,
) -> Option<Click> {
    let unit = theme::unit(ui);
    let row = 24.0 * unit;
    let count = view.presets.len();
    if count == 0 {
        ui.colored_label(theme::DIM, "No presets yet.");
        return None;
    }
    let height = (count as f32 * row).min(340.0 * unit);
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
    let enter = list.keys(ui, count, keys);
    let mut deleted = None;
    let picked = list.show(ui, rect, row, count, |ui, rect, i, response| {
        let entry = &view.presets[i];
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Preset {}", entry.name))
        });
        let present = view.loaded.is_some_and(|(id, _)| *id == entry.id);
        if line(ui, rect, entry, present) {
            deleted = Some(Click::Delete(entry.id.clone()));
        }
    });
    let entered = enter.then_some(list.selected);
    let load = picked.or(entered).and_then(|i| view.presets.get(i));
    deleted.or(load.map(|entry| Click::Load(entry.id.clone())))
}

/// A preset of the menu; returns whether it is to be deleted.
fn line(ui: &mut Ui, rect: Rect, entry: &Entry, present: bool) -> bool {
    let unit = theme::unit(ui);
    let color = if present { theme::FLAME } else { theme::TEXT };
    let room = rect.shrink2(vec2(8.0 * unit, 0.0));
    let name = room.with_max_x(rect.right() - 60.0 * unit);
    paint::clipped_text(ui, name, &entry.name, 13.0 * unit, color);
    if matches!(entry.id, Id::Factory(_)) {
        let words = if entry.category.is_empty() { "factory" } else { &entry.category };
        paint::aligned_text(ui, room, words, 11.0 * unit, theme::FAINT, 1.0);
        return false;
    }
    let at = pos2(rect.right() - 14.0 * unit, rect.center().y);
    let cross = Rect::from_center_size(at, vec2(18.0, 18.0) * unit);
    let label = format!("Delete preset {}", entry.name);
    control::bare_icon(ui, cross, &label, Icon::Cross, theme::FAINT).clicked()
}

/// The preset `step` places from the one that was loaded, round and round.
fn step_to(view: &Overview<'_>, step: isize) -> Option<Click> {
    let count = view.presets.len() as isize;
    let to = match view.place() {
        Some(place) => (place as isize + step).rem_euclid(count),
        None if count == 0 => return None,
        None if step > 0 => 0,
        None => count - 1,
    };
    view.presets.get(to as usize).map(|entry| Click::Load(entry.id.clone()))
}

/// Draws the name and returns where it ends.
fn title(painter: &Painter, rect: Rect, unit: f32) -> f32 {
    let at = rect.left_center();
    let (size, spacing) = (23.0 * unit, 4.0 * unit);
    let align = Align2::LEFT_CENTER;
    let glow = theme::EMBER.gamma_multiply(0.16);
    paint::glow(painter, at + vec2(36.0 * unit, 0.0), vec2(70.0, 26.0) * unit, glow);
    let kiln = paint::spaced_text(painter, at, align, "KILN", size, spacing, theme::EMBER);
    let at = pos2(kiln.right() + 9.0 * unit, at.y);
    paint::spaced_text(painter, at, align, "AMP", size, spacing, theme::TEXT).right()
}

fn bypass(ui: &mut Ui, rect: Rect, bypassed: bool) -> Response {
    let words = if bypassed { "Bypassed" } else { "Bypass" };
    control::worded(ui, rect, "Bypass", words, bypassed)
}
