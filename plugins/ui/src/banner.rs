//! What went wrong, or is worth knowing, at the foot of the window.

use egui::{Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::icon::Icon;
use crate::{control, lamp, paint, theme};

/// Height of the banner, in units.
pub const HEIGHT: f32 = 32.0;

/// What it says.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// In words.
    pub words: &'a str,
    /// Whether something went wrong.
    pub error: bool,
    /// What can be done about it.
    pub button: Option<&'a str>,
}

/// What was clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Click {
    /// It was read.
    Dismiss,
    /// Its button.
    Button,
}

/// Draws the banner in `rect`.
pub fn show(ui: &mut Ui, rect: Rect, message: &Message<'_>) -> Option<Click> {
    let unit = theme::unit(ui);
    let color = if message.error { theme::ALARM } else { theme::FLAME };
    let fill = color.gamma_multiply(0.14);
    let round = theme::round(theme::ROUND, unit);
    ui.painter().rect(rect, round, fill, Stroke::new(1.0, color), StrokeKind::Inside);
    let close = Rect::from_center_size(
        pos2(rect.right() - 18.0 * unit, rect.center().y),
        vec2(24.0, 24.0) * unit,
    );
    let dot = pos2(rect.left() + 16.0 * unit, rect.center().y);
    lamp::led(ui.painter(), dot, 4.0 * unit, color, 1.0);
    let mut room = Rect::from_min_max(
        pos2(rect.left() + 30.0 * unit, rect.top()),
        pos2(close.left() - 6.0 * unit, rect.bottom()),
    );
    let mut click = None;
    if let Some(label) = message.button {
        let place = room.with_min_x(room.right() - 104.0 * unit).shrink2(vec2(0.0, 5.0 * unit));
        if control::button(ui, place, label, false).clicked() {
            click = Some(Click::Button);
        }
        room.max.x = place.left() - 8.0 * unit;
    }
    let elided = paint::clipped_text(ui, room, message.words, 13.0 * unit, theme::TEXT);
    let response = ui.interact(room, ui.scope_id().with("banner"), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, message.words));
    if elided {
        response.on_hover_text(message.words);
    }
    if control::bare_icon(ui, close, "Dismiss", Icon::Cross, theme::DIM).clicked() {
        click = Some(Click::Dismiss);
    }
    click
}
