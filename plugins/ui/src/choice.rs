//! One of several: side by side, or in a list that drops down.

use egui::{
    Id, Key, Popup, Rect, Response, Sense, SetOpenCommand, Stroke, StrokeKind, Ui, pos2, vec2,
};
use nice_plug::prelude::{Param, ParamSetter};

use crate::icon::Icon;
use crate::{control, gesture, paint, theme};

/// A choice of all values of a parameter that has a few, side by side.
pub struct Segmented<'a, P> {
    param: &'a P,
    setter: &'a ParamSetter<'a>,
    words: &'a [&'a str],
    hint: &'a str,
}

impl<'a, P: Param> Segmented<'a, P> {
    /// The values in the parameter's own words.
    pub fn new(param: &'a P, setter: &'a ParamSetter<'a>) -> Self {
        Self { param, setter, words: &[], hint: "" }
    }

    /// Shorter words for the values, first to last.
    pub fn words(mut self, words: &'a [&'a str]) -> Self {
        self.words = words;
        self
    }

    /// What it decides, for the tooltip.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// Draws it in `rect`. Each value is named "Parameter: Value".
    pub fn show(self, ui: &mut Ui, rect: Rect) {
        let last = self.param.step_count().unwrap_or(1).max(1);
        let names: Vec<String> = (0..=last)
            .map(|i| self.param.normalized_value_to_string(i as f32 / last as f32, false))
            .collect();
        let present = self.param.unmodulated_normalized_value();
        let chosen = (present * last as f32).round() as usize;
        let words: Vec<&str> = names
            .iter()
            .enumerate()
            .map(|(i, name)| self.words.get(i).copied().unwrap_or(name))
            .collect();
        let label = |i: usize| format!("{}: {}", self.param.name(), names[i]);
        if let Some(i) = segments(ui, rect, &words, chosen, label, self.hint) {
            gesture::set(ui, self.param, self.setter, i as f32 / last as f32);
        }
    }
}

/// Draws `words` side by side in `rect` and returns the one newly chosen.
pub fn segments(
    ui: &mut Ui,
    rect: Rect,
    words: &[&str],
    chosen: usize,
    label: impl Fn(usize) -> String,
    hint: &str,
) -> Option<usize> {
    let unit = theme::unit(ui);
    paint::well(ui, rect, theme::COAL);
    let width = rect.width() / words.len().max(1) as f32;
    let mut clicked = None;
    for (i, words) in words.iter().enumerate() {
        let left = rect.left() + width * i as f32;
        let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        let label = label(i);
        let response = ui.interact(cell, ui.scope_id().with(("segment", &label)), Sense::click());
        response.widget_info(|| {
            let kind = egui::Role::RadioButton;
            egui::WidgetInfo::selected(kind, ui.is_enabled(), i == chosen, label.as_str())
        });
        let inner = cell.shrink(2.0 * unit);
        let round = theme::round(4.0, unit);
        let color = match (i == chosen, response.hovered()) {
            (true, _) => {
                let line = Stroke::new(1.0, theme::EMBER);
                ui.painter().rect(inner, round, theme::RUST, line, StrokeKind::Inside);
                theme::TEXT
            }
            (false, true) => theme::FLAME,
            (false, false) => theme::DIM,
        };
        let room = inner.shrink2(vec2(2.0 * unit, 0.0));
        paint::aligned_text(ui, room, words, 12.0 * unit, color, 0.5);
        if response.has_focus() {
            paint::focus_ring(ui, inner, 4.0 * unit);
        }
        if response.clicked() && i != chosen {
            clicked = Some(i);
        }
        if !hint.is_empty() {
            response.on_hover_text(hint);
        }
    }
    clicked
}

/// A field that drops down a list which `content` draws. It closes when the
/// player clicks outside, or when `content` returns something. `content` is given
/// the field, whose keys are the list's once it is open.
pub fn drop_down<T>(
    ui: &mut Ui,
    rect: Rect,
    label: &str,
    words: &str,
    width: f32,
    content: impl FnOnce(&mut Ui, Option<Id>) -> Option<T>,
) -> (Response, Option<T>) {
    let unit = theme::unit(ui);
    let response = control::field(ui, rect, label, false);
    let room = rect.shrink2(vec2(10.0 * unit, 0.0)).with_max_x(rect.right() - 24.0 * unit);
    paint::clipped_text(ui, room, words, 13.5 * unit, theme::TEXT);
    let at = pos2(rect.right() - 14.0 * unit, rect.center().y);
    Icon::Down.paint(ui.painter(), at, 4.5 * unit, theme::EMBER);
    // The key that opens it is not to choose from it as well.
    let open = Popup::is_id_open(ui.ctx(), Popup::default_response_id(&response));
    let keys = open.then_some(response.id);
    // And the one that chooses must not close it before it has.
    let chooses = open && response.has_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    let toggle = response.clicked() && !chooses;
    let shown = Popup::menu(&response)
        .open_memory(toggle.then_some(SetOpenCommand::Toggle))
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
        .gap(4.0 * unit)
        .width(width)
        .show(|ui| {
            ui.set_width(width);
            let picked = content(ui, keys);
            if picked.is_some() {
                ui.close();
            }
            picked
        });
    (response, shown.and_then(|shown| shown.inner))
}
