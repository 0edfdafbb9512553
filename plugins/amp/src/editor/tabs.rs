//! The row of tabs, with what one looks at often at its right.

use std::sync::atomic::Ordering::Relaxed;

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};
use ui::choice::Segmented;
use ui::{control, theme};

use super::desk::{Ask, Desk, Page};
use super::face::Drawer;

/// Draws it in `rect`.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    desk: &mut Desk<'_>,
    page: Page,
    tuning: bool,
    latency: &str,
) {
    let unit = theme::unit(ui);
    let line = rect.bottom() - 0.5;
    ui.painter().hline(rect.x_range(), line, (1.0, theme::ASH));
    let mut left = rect.left();
    for tab in Page::ALL {
        let width = (26.0 + 7.6 * tab.name().len() as f32) * unit;
        let place = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        if control::tab(ui, place, tab.name(), tab == page).clicked() {
            desk.ask(Ask::Show(tab));
        }
        left = place.right() + 2.0 * unit;
    }
    let inner = rect.shrink2(vec2(0.0, 3.0 * unit));
    let mut right = rect.right();
    let mut from_right = |width: f32| {
        let place = Rect::from_min_max(
            pos2(right - width * unit, inner.top()),
            pos2(right, inner.bottom()),
        );
        right = place.left() - 10.0 * unit;
        place
    };
    load(ui, from_right(98.0), desk);
    let place = from_right(124.0);
    Segmented::new(&desk.params.channels, desk.setter)
        .hint("Stereo runs each channel through networks of its own; mono runs their mean once, at half the cost.")
        .show(ui, place);
    if control::worded(ui, from_right(62.0), "Tuner", "Tuner", tuning).clicked() {
        desk.ask(Ask::Toggle(Drawer::Tuner));
    }
    let room = from_right(86.0);
    if room.left() > left {
        let at = room.right_center();
        let font = theme::font(11.5 * unit);
        ui.painter().text(at, Align2::RIGHT_CENTER, latency, font, theme::FAINT);
    }
}

/// The share of the time there is that the sound takes to make.
fn load(ui: &Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let load = desk.meters.load.load(Relaxed).clamp(0.0, 9.99);
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
    let full = bar.with_max_x(bar.left() + bar.width() * load.min(1.0));
    painter.rect_filled(full, 2.0, color);
    response
        .on_hover_text("How much of the time a block lasts the amplifier takes to make its sound.");
}
