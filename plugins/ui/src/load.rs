//! How much of a processor the sound takes.

use egui::{Align2, Rect, Sense, Ui, pos2};

use crate::theme;

/// Draws `load`, the share of the time there is that the sound takes to make, in `rect`.
pub fn show(ui: &Ui, rect: Rect, load: f32, about: &str) {
    let unit = theme::unit(ui);
    let load = load.clamp(0.0, 9.99);
    let words = format!("{:.0} %", load * 100.0);
    let response = ui.interact(rect, ui.scope_id().with("load"), Sense::hover());
    response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("CPU {words}")));
    let painter = ui.painter();
    let font = theme::font(11.5 * unit);
    let y = rect.center().y;
    painter.text(pos2(rect.left(), y), Align2::LEFT_CENTER, "CPU", font.clone(), theme::DIM);
    painter.text(pos2(rect.right(), y), Align2::RIGHT_CENTER, &words, font, theme::TEXT);
    let bar = Rect::from_min_max(
        pos2(rect.left() + 28.0 * unit, y - 3.0 * unit),
        pos2(rect.right() - 36.0 * unit, y + 3.0 * unit),
    );
    painter.rect_filled(bar, 2.0, theme::COAL);
    let color = match load {
        hot if hot > 0.8 => theme::ALARM,
        warm if warm > 0.5 => theme::FLAME,
        _ => theme::EMBER,
    };
    painter.rect_filled(bar.with_max_x(bar.left() + bar.width() * load.min(1.0)), 2.0, color);
    response.on_hover_text(about);
}
