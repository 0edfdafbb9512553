//! What went wrong, or is worth knowing, at the foot of the window.

use egui::{Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use ui::icon::Icon;
use ui::{control, paint, theme};

use super::words::Message;

/// Height of the banner, in units.
pub(super) const HEIGHT: f32 = 32.0;

/// Draws the banner in `rect` and returns whether it was clicked away.
pub(super) fn banner(ui: &mut Ui, rect: Rect, message: &Message) -> bool {
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
    ui::lamp::led(ui.painter(), dot, 4.0 * unit, color, 1.0);
    let room = Rect::from_min_max(
        pos2(rect.left() + 30.0 * unit, rect.top()),
        pos2(close.left() - 6.0 * unit, rect.bottom()),
    );
    let elided = paint::clipped_text(ui, room, &message.words, 13.0 * unit, theme::TEXT);
    let response = ui.interact(room, ui.scope_id().with("banner"), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &message.words));
    if elided {
        response.on_hover_text(&message.words);
    }
    control::bare_icon(ui, close, "Dismiss", Icon::Cross, theme::DIM).clicked()
}
