//! What every editor's window needs.

use egui::{Rect, Sense, Ui, Vec2, pos2, vec2};

use crate::theme;

/// The smallest unit at which text can still be read, in points.
const SMALLEST: f32 = 0.85;

/// How large everything is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scale {
    /// Points of a unit, for which the style was made.
    unit: f32,
}

impl Scale {
    /// Makes the style for a window of `size` points, where one of `usual` points has a
    /// unit of one.
    pub fn fit(&mut self, egui: &egui::Context, size: Vec2, usual: Vec2) {
        let fit = (size.x / usual.x).min(size.y / usual.y);
        // In steps, so that dragging the corner does not make fonts at every size.
        let unit = (fit * 40.0).round() / 40.0;
        let unit = unit.clamp(SMALLEST, 6.0);
        if unit != self.unit {
            self.unit = unit;
            theme::apply(egui, unit);
        }
    }
}

/// The corner that resizes the window where a host's own frame does not, to no less
/// than `least` points.
pub fn grip(ui: &mut Ui, window: Rect, least: Vec2) {
    let corner = Rect::from_min_max(window.max - vec2(16.0, 16.0), window.max);
    let sense = Sense::DRAG - Sense::FOCUSABLE;
    let response = ui.interact(corner, ui.scope_id().with("grip"), sense);
    if response.drag_started() {
        ui.data_mut(|data| data.insert_temp(response.id, window.size()));
    }
    let start: Option<Vec2> = ui.data(|data| data.get_temp(response.id));
    if let (Some(start), Some(delta)) = (start, response.total_drag_delta()) {
        let size = (start + delta).max(least);
        ui.ctx().send_viewport_cmd(egui::ViewportCommand::InnerSize(size));
    }
    let color = if response.hovered() { theme::EMBER } else { theme::SEAM };
    for i in 1..=3 {
        let d = 4.0 * i as f32;
        let a = pos2(window.right() - d, window.bottom() - 2.0);
        let b = pos2(window.right() - 2.0, window.bottom() - d);
        ui.painter().line_segment([a, b], (1.5, color));
    }
    response.on_hover_cursor(egui::CursorIcon::ResizeNwSe);
}
