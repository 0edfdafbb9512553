//! The menu of note lengths that the pre-delay can be in time with.

use egui::{Rect, Sense, Ui, vec2};
use nice_plug::prelude::{Enum, Param};
use ui::{choice, gesture, paint, theme};

use super::desk::Desk;
use crate::choices::Division;

/// Height of a row, in units.
const ROW: f32 = 22.0;

/// Draws the menu in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let sync = &desk.params.sync;
    let names = Division::variants();
    let present = Enum::to_index(sync.value());
    let (title, field) = rect.split_left_right_at_x(rect.left() + 40.0 * unit);
    paint::clipped_text(ui, title, "Sync", 12.0 * unit, theme::DIM);
    let words = names.get(present).copied().unwrap_or_default();
    let field = field.shrink2(vec2(0.0, 0.5 * unit));
    let (response, picked) =
        choice::drop_down(ui, field, sync.name(), words, 120.0 * unit, |ui, _| {
            menu(ui, names, present)
        });
    response.on_hover_text("Lets the pre-delay be a note's length at the host's tempo.");
    if let Some(i) = picked {
        let last = names.len().saturating_sub(1).max(1);
        gesture::set(ui, sync, desk.setter, i as f32 / last as f32);
    }
}

fn menu(ui: &mut Ui, names: &[&str], present: usize) -> Option<usize> {
    let unit = theme::unit(ui);
    ui.spacing_mut().item_spacing = egui::Vec2::ZERO;
    let mut picked = None;
    for (i, name) in names.iter().enumerate() {
        let size = vec2(ui.available_width(), ROW * unit);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Sync {name}"))
        });
        let lit = response.hovered() || response.has_focus();
        if lit {
            ui.painter().rect_filled(rect, theme::round(4.0, unit), theme::RUST);
        }
        let color = if i == present { theme::FLAME } else { theme::TEXT };
        paint::clipped_text(ui, rect.shrink2(vec2(8.0 * unit, 0.0)), name, 12.5 * unit, color);
        if response.clicked() {
            picked = Some(i);
        }
    }
    picked
}
