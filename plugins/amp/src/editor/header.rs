//! The top of the window: the name, the preset, the two memories, the way back.

use egui::{Align2, Painter, Rect, Response, Ui, pos2, vec2};
use ui::icon::Icon;
use ui::{choice, control, list::List, paint, theme};

use super::session::{Click, Session};

/// What the header remembers between frames.
#[derive(Default)]
pub(super) struct Header {
    /// The name being typed, while the present sound is being saved.
    saving: Option<String>,
    list: List,
}

impl Header {
    /// Draws it in `rect`.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        session: &Session,
        bypassed: bool,
    ) -> Option<Click> {
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
        if bypass(ui, from_right(82.0), bypassed).clicked() {
            click = Some(Click::Bypass);
        }
        from_right(6.0);
        let (redo, undo) = (from_right(29.0), from_right(29.0));
        from_right(6.0);
        let copy = from_right(29.0);
        let memory = from_right(60.0);
        click = self.memories(ui, memory, copy, session).or(click);
        for (place, label, icon, can, wish) in [
            (undo, "Undo", Icon::Undo, session.can_undo, Click::Undo),
            (redo, "Redo", Icon::Redo, session.can_redo, Click::Redo),
        ] {
            let clicked = ui
                .scope(|ui| {
                    if !can {
                        ui.disable();
                    }
                    control::icon_button(ui, place, label, icon).clicked()
                })
                .inner;
            if clicked {
                click = Some(wish);
            }
        }
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
        let previous = control::icon_button(ui, previous, "Previous preset", Icon::Previous);
        let next = control::icon_button(ui, next, "Next preset", Icon::Next);
        for (arrow, step) in [(previous, -1), (next, 1)] {
            if arrow.clicked() {
                click = Some(Click::Step(step));
            }
        }
        if control::icon_button(ui, save, "Save preset", Icon::Save).clicked() {
            self.saving = match self.saving {
                Some(_) => None,
                None => Some(session.preset.clone()),
            };
        }
        self.preset(ui, field, session).or(click)
    }

    /// The name and the menu below it; a line to type in while saving.
    fn preset(&mut self, ui: &mut Ui, rect: Rect, session: &Session) -> Option<Click> {
        let unit = theme::unit(ui);
        if let Some(name) = &mut self.saving {
            let response = control::text_field(ui, rect, name, "Name of the preset");
            let (enter, escape) =
                ui.input(|i| (i.key_pressed(egui::Key::Enter), i.key_pressed(egui::Key::Escape)));
            if response.lost_focus() || escape {
                let name = self.saving.take().unwrap_or_default().trim().to_owned();
                return (enter && !escape && !name.is_empty()).then_some(Click::Save(name));
            }
            response.request_focus();
            return None;
        }
        let star = if session.changed { " *" } else { "" };
        let words = match session.preset.as_str() {
            "" => "No preset".to_owned(),
            name => format!("{name}{star}"),
        };
        let width = rect.width().max(250.0 * unit);
        let list = &mut self.list;
        let (_, picked) = choice::drop_down(ui, rect, "Choose a preset", &words, width, |ui| {
            menu(ui, session, list)
        });
        picked
    }

    /// A and B, and the arrow that copies the one that plays to the other.
    fn memories(&self, ui: &mut Ui, memory: Rect, copy: Rect, session: &Session) -> Option<Click> {
        let label = |i: usize| ["Memory A", "Memory B"][i].to_owned();
        let hint = "Two settings of everything, to compare.";
        let chosen = session.memory;
        let swapped = choice::segments(ui, memory, &["A", "B"], chosen, label, hint);
        let label = ["Copy A to B", "Copy B to A"][chosen.min(1)];
        if control::icon_button(ui, copy, label, Icon::Copy).clicked() {
            return Some(Click::Copy);
        }
        swapped.map(|_| Click::Swap)
    }
}

/// The presets below their field.
fn menu(ui: &mut Ui, session: &Session, list: &mut List) -> Option<Click> {
    let unit = theme::unit(ui);
    let row = 24.0 * unit;
    let count = session.presets.len();
    if count == 0 {
        ui.colored_label(theme::DIM, "No presets yet.");
        return None;
    }
    let height = (count as f32 * row).min(340.0 * unit);
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
    let enter = list.keys(ui, count, None);
    let mut deleted = None;
    let picked = list.show(ui, rect, row, count, |ui, rect, i, response| {
        let entry = &session.presets[i];
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Preset {}", entry.name))
        });
        let present = entry.name == session.preset;
        let color = if present { theme::FLAME } else { theme::TEXT };
        let room = rect.shrink2(vec2(8.0 * unit, 0.0));
        paint::clipped_text(
            ui,
            room.with_max_x(rect.right() - 60.0 * unit),
            &entry.name,
            13.0 * unit,
            color,
        );
        if entry.factory {
            paint::aligned_text(ui, room, "factory", 11.0 * unit, theme::FAINT, 1.0);
        } else {
            let cross = Rect::from_center_size(
                pos2(rect.right() - 14.0 * unit, rect.center().y),
                vec2(18.0, 18.0) * unit,
            );
            let label = format!("Delete preset {}", entry.name);
            if control::bare_icon(ui, cross, &label, Icon::Cross, theme::FAINT).clicked() {
                deleted = Some(i);
            }
        }
    });
    let entered = enter.then_some(list.selected);
    deleted.map(Click::Delete).or(picked.or(entered).map(Click::Load))
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
