//! A long list of which only the rows in sight are drawn.

use egui::{EventFilter, Id, Key, Rect, Response, ScrollArea, Sense, Ui, vec2};

use crate::theme;

/// Where the player is in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The row the keyboard is on.
    pub selected: usize,
    /// It moved, and must be scrolled to.
    reveal: bool,
}

/// What became of a list in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picked {
    /// The row that was clicked, or chosen with Enter.
    pub row: Option<usize>,
}

impl List {
    /// Goes to `row` and scrolls there.
    pub fn select(&mut self, row: usize) {
        (self.selected, self.reveal) = (row, true);
    }

    /// Moves by the arrow and page keys; returns whether Enter was pressed. The
    /// keys are the list's while nothing else has the keyboard but `typing`, a
    /// field whose text narrows the list.
    pub fn keys(&mut self, ui: &Ui, count: usize, typing: Option<Id>) -> bool {
        let focused = ui.memory(egui::Memory::focused);
        if focused.is_some() && focused != typing {
            return false;
        }
        if let Some(id) = typing.filter(|id| focused == Some(*id)) {
            let arrows = EventFilter {
                horizontal_arrows: true,
                vertical_arrows: true,
                ..EventFilter::default()
            };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, arrows));
        }
        let last = count.saturating_sub(1);
        let presses = |key| ui.input(|i| i.num_presses(key));
        let down = presses(Key::ArrowDown) + 8 * presses(Key::PageDown);
        let up = presses(Key::ArrowUp) + 8 * presses(Key::PageUp);
        let moved = (self.selected + down).saturating_sub(up).min(last);
        if moved != self.selected {
            self.select(moved);
        }
        self.selected = self.selected.min(last);
        ui.input(|i| i.key_pressed(Key::Enter))
    }

    /// Draws `count` rows of `height` points in `rect`; `row` draws the one of an
    /// index where it lies, and names it. Returns the row clicked.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        height: f32,
        count: usize,
        mut row: impl FnMut(&mut Ui, Rect, usize, &Response),
    ) -> Option<usize> {
        let mut clicked = None;
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        child.spacing_mut().item_spacing = egui::Vec2::ZERO;
        let mut area = ScrollArea::vertical().auto_shrink(false).id_salt("rows");
        if std::mem::take(&mut self.reveal) {
            // The row in the middle of the view, unless an end is nearer.
            let offset = (self.selected as f32 + 0.5) * height - rect.height() * 0.5;
            area = area.vertical_scroll_offset(offset.max(0.0));
        }
        area.show_rows(&mut child, height, count, |ui, range| {
            for i in range {
                let size = vec2(ui.available_width(), height);
                let (_, place) = ui.allocate_space(size);
                let id = ui.scope_id().with(("row", i));
                // Tab would have to go through thousands of them.
                let response = ui.interact(place, id, Sense::CLICK - Sense::FOCUSABLE);
                self.back(ui, place, i, &response);
                row(ui, place, i, &response);
                if response.clicked() {
                    self.selected = i;
                    clicked = Some(i);
                }
            }
        });
        clicked
    }

    fn back(&self, ui: &Ui, rect: Rect, i: usize, response: &Response) {
        let unit = theme::unit(ui);
        let fill = match (i == self.selected, response.hovered()) {
            (true, _) => theme::RUST.gamma_multiply(0.6),
            (false, true) => theme::ASH,
            (false, false) if i % 2 == 1 => egui::Color32::from_white_alpha(5),
            (false, false) => return,
        };
        let inner = rect.shrink2(vec2(0.0, 0.5 * unit));
        ui.painter().rect_filled(inner, theme::round(4.0, unit), fill);
    }
}
