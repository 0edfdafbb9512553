//! The row of tabs, with what one looks at often at its right.

use std::sync::atomic::Ordering::Relaxed;

use egui::{Align2, Rect, Ui, pos2, vec2};
use ui::choice::Segmented;
use ui::{control, load, theme};

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
    let about = "How much of the time a block lasts the amplifier takes to make its sound.";
    load::show(ui, from_right(98.0), desk.meters.load.load(Relaxed), about);
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
