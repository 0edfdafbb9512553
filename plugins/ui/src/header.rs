//! The top of the window: the name, the preset, the two memories, the way back.

use egui::{Align2, Color32, Rect, Response, Ui, pos2, vec2};

use crate::icon::Icon;
use crate::list::List;
use crate::{choice, control, paint, theme};

/// A preset of the list.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What it is for.
    pub category: &'a str,
    /// Whether it is the player's own, who may delete it and save over it.
    pub own: bool,
}

/// What the header shows.
#[derive(Clone, Copy, Debug)]
pub struct Overview<'a> {
    /// The maker in colour, and the name.
    pub title: [&'a str; 2],
    /// All presets, the factory's first.
    pub presets: &'a [Entry<'a>],
    /// The preset that was loaded last, and whether anything was changed since.
    pub loaded: Option<(usize, bool)>,
    /// Which memory plays.
    pub is_b: bool,
    /// What can be undone, in words.
    pub undoable: Option<&'a str>,
    /// What can be done again.
    pub redoable: Option<&'a str>,
    /// Whether the sound passes unchanged.
    pub bypassed: bool,
}

impl Overview<'_> {
    fn name(&self) -> &str {
        self.entry().map_or("", |entry| entry.name)
    }

    fn entry(&self) -> Option<&Entry<'_>> {
        self.presets.get(self.loaded?.0)
    }
}

/// What was clicked. Presets are told by their place in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Click {
    /// Another preset.
    Load(usize),
    /// Keep the present sound under this name; whether over the one that was loaded.
    Save(String, bool),
    /// Throw a preset of the player's away.
    Delete(usize),
    /// Play the other memory.
    Swap,
    /// Make the other memory the same as this.
    Copy,
    /// Take back.
    Undo,
    /// Take back the taking back.
    Redo,
    /// Let the sound pass unchanged, or no more.
    Bypass,
}

/// What the header remembers between frames.
#[derive(Debug, Default)]
pub struct Header {
    /// The name being typed, while the present sound is being saved.
    saving: Option<String>,
    list: List,
}

impl Header {
    /// Draws it in `rect`.
    pub fn show(&mut self, ui: &mut Ui, rect: Rect, view: &Overview<'_>) -> Option<Click> {
        let unit = theme::unit(ui);
        let mut left = title(ui, rect, view.title, unit) + 18.0 * unit;
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
                let over = view.entry().is_some_and(|entry| entry.own && entry.name == name);
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
        let present = view.loaded.is_some_and(|(loaded, _)| loaded == i);
        if line(ui, rect, entry, present) {
            deleted = Some(Click::Delete(i));
        }
    });
    let entered = enter.then_some(list.selected);
    deleted.or(picked.or(entered).map(Click::Load))
}

/// A preset of the menu; returns whether it is to be deleted.
fn line(ui: &mut Ui, rect: Rect, entry: &Entry<'_>, present: bool) -> bool {
    let unit = theme::unit(ui);
    let color = if present { theme::FLAME } else { theme::TEXT };
    let room = rect.shrink2(vec2(8.0 * unit, 0.0));
    let name = room.with_max_x(rect.right() - 60.0 * unit);
    paint::clipped_text(ui, name, entry.name, 13.0 * unit, color);
    if !entry.own {
        let words = if entry.category.is_empty() { "factory" } else { entry.category };
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
    let to = match view.loaded {
        _ if count == 0 => return None,
        Some((place, _)) => (place as isize + step).rem_euclid(count),
        None if step > 0 => 0,
        None => count - 1,
    };
    Some(Click::Load(to as usize))
}

/// Draws the name, cut where it would take more than its share, and returns where it ends.
fn title(ui: &Ui, rect: Rect, [maker, name]: [&str; 2], unit: f32) -> f32 {
    let at = rect.left_center();
    let (size, spacing) = (23.0 * unit, 4.0 * unit);
    let most = rect.left() + rect.width() * 0.32;
    let painter = ui.painter().with_clip_rect(ui.clip_rect().with_max_x(most));
    let glow = theme::EMBER.gamma_multiply(0.16);
    paint::glow(&painter, at + vec2(36.0 * unit, 0.0), vec2(70.0, 26.0) * unit, glow);
    let word = |at, words, color: Color32| {
        paint::spaced_text(&painter, at, Align2::LEFT_CENTER, words, size, spacing, color).right()
    };
    let first = word(at, maker, theme::EMBER);
    let left = if maker.is_empty() { at.x } else { first + 9.0 * unit };
    word(pos2(left, at.y), name, theme::TEXT).min(painter.clip_rect().right())
}

fn bypass(ui: &mut Ui, rect: Rect, bypassed: bool) -> Response {
    let words = if bypassed { "Bypassed" } else { "Bypass" };
    control::worded(ui, rect, "Bypass", words, bypassed)
}
