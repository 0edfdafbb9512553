//! A row of a browser: a name, and a few facts.

use egui::{Rect, Response, Ui, pos2, vec2};

use crate::{lamp, paint, theme};

/// A row that can be played.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What to know of it, short: "32 lines · 2.4 s".
    pub facts: &'a str,
    /// Whether it is what plays.
    pub plays: bool,
}

/// Draws `row` in `rect`, of which `response` is what the player does; its tooltip has
/// all of the words where there is no room for them, and `details`.
pub fn show(ui: &Ui, rect: Rect, row: &Row<'_>, details: &str, response: &Response) {
    let unit = theme::unit(ui);
    let Row { name, facts, plays } = *row;
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, true, plays, format!("Play {name}"))
    });
    let light = pos2(rect.left() + 11.0 * unit, rect.center().y);
    lamp::led(ui.painter(), light, 2.8 * unit, theme::EMBER, if plays { 1.0 } else { 0.0 });
    let room =
        Rect::from_min_max(rect.min + vec2(22.0, 4.0) * unit, rect.max - vec2(6.0, 4.0) * unit);
    let (top, bottom) = room.split_top_bottom_at_fraction(0.55);
    let color = if plays { theme::FLAME } else { theme::TEXT };
    let cut = paint::clipped_text(ui, top, name, 13.0 * unit, color);
    let cut = paint::clipped_text(ui, bottom, facts, 10.5 * unit, theme::DIM) || cut;
    if !details.is_empty() || cut {
        let show = |ui: &mut Ui| {
            ui.strong(name);
            ui.colored_label(theme::DIM, facts);
            if !details.is_empty() {
                ui.label(details);
            }
        };
        response.clone().on_hover_ui(show);
    }
}
