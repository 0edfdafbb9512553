//! Buttons, switches and fields.

use egui::{Align2, Color32, Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use nice_plug::prelude::{BoolParam, Param, ParamSetter};

use crate::icon::Icon;
use crate::{gesture, paint, theme};

/// A field that can be clicked, lit under the pointer; `label` is its name for
/// those who do not see it.
pub fn field(ui: &mut Ui, rect: Rect, label: &str, lit: bool) -> Response {
    let unit = theme::unit(ui);
    let response = ui.interact(rect, ui.scope_id().with(("field", label)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), label));
    let round = theme::round(5.0, unit);
    let (fill, line) = match (lit, response.hovered()) {
        (true, _) => (theme::RUST, theme::EMBER),
        (false, true) => (theme::ASH, theme::EMBER),
        (false, false) => (theme::CLAY, theme::SEAM),
    };
    let fill = if ui.is_enabled() { fill } else { theme::CHARCOAL };
    ui.painter().rect(rect, round, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    if response.has_focus() {
        paint::focus_ring(ui, rect, 5.0 * unit);
    }
    response
}

/// A button with words.
pub fn button(ui: &mut Ui, rect: Rect, label: &str, lit: bool) -> Response {
    worded(ui, rect, label, label, lit)
}

/// A button whose words are not its name.
pub fn worded(ui: &mut Ui, rect: Rect, label: &str, words: &str, lit: bool) -> Response {
    let unit = theme::unit(ui);
    let response = field(ui, rect, label, lit);
    let color = match (ui.is_enabled(), lit || response.hovered()) {
        (false, _) => theme::SEAM,
        (true, true) => theme::TEXT,
        (true, false) => theme::DIM,
    };
    let room = rect.shrink2(vec2(4.0 * unit, 0.0));
    paint::aligned_text(ui, room, words, 12.5 * unit, color, 0.5);
    response
}

/// A button with a sign; `label` is also its tooltip.
pub fn icon_button(ui: &mut Ui, rect: Rect, label: &str, icon: Icon) -> Response {
    let response = field(ui, rect, label, false);
    sign(ui, rect, &response, icon, theme::DIM);
    response.on_hover_text(label)
}

/// A sign that can be clicked, with nothing around it.
pub fn bare_icon(ui: &mut Ui, rect: Rect, label: &str, icon: Icon, color: Color32) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(("icon", label)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), label));
    sign(ui, rect, &response, icon, color);
    if response.has_focus() {
        paint::focus_ring(ui, rect, 4.0 * theme::unit(ui));
    }
    response
}

fn sign(ui: &Ui, rect: Rect, response: &Response, icon: Icon, color: Color32) {
    let color = match (ui.is_enabled(), response.hovered()) {
        (false, _) => theme::SEAM,
        (true, true) => theme::FLAME,
        (true, false) => color,
    };
    let radius = rect.width().min(rect.height()) * 0.26;
    icon.paint(ui.painter(), rect.center(), radius, color);
}

/// A tab of a row of tabs.
pub fn tab(ui: &mut Ui, rect: Rect, label: &str, chosen: bool) -> Response {
    let unit = theme::unit(ui);
    let response = ui.interact(rect, ui.scope_id().with(("tab", label)), Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Tab, ui.is_enabled(), chosen, label)
    });
    let color = match (chosen, response.hovered()) {
        (true, _) => theme::TEXT,
        (false, true) => theme::FLAME,
        (false, false) => theme::DIM,
    };
    let font = theme::font(13.5 * unit);
    let at = rect.center() - vec2(0.0, 1.0 * unit);
    ui.painter().text(at, Align2::CENTER_CENTER, label, font, color);
    if chosen {
        let line = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 2.5 * unit), rect.max);
        ui.painter().rect_filled(line.shrink2(vec2(8.0 * unit, 0.0)), 1.0, theme::EMBER);
    }
    if response.has_focus() {
        paint::focus_ring(ui, rect.shrink(2.0 * unit), 4.0 * unit);
    }
    response
}

/// A switch for `param`: a small lever, with words at its right.
pub struct Switch<'a> {
    param: &'a BoolParam,
    setter: &'a ParamSetter<'a>,
    words: &'a str,
    hint: &'a str,
    dimmed: bool,
}

impl<'a> Switch<'a> {
    /// A switch with the parameter's name beside it.
    pub fn new(param: &'a BoolParam, setter: &'a ParamSetter<'a>) -> Self {
        Self { param, setter, words: param.name(), hint: "", dimmed: false }
    }

    /// The words beside it, where they are not the name.
    pub fn words(mut self, words: &'a str) -> Self {
        self.words = words;
        self
    }

    /// What it does, for the tooltip.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// What it switches does nothing now.
    pub fn dimmed(mut self, dimmed: bool) -> Self {
        self.dimmed = dimmed;
        self
    }

    /// Draws it from the left of `rect`.
    pub fn show(self, ui: &mut Ui, rect: Rect) -> Response {
        let on = self.param.value();
        let id = ui.scope_id().with(("switch", self.param.name()));
        let response = ui.interact(rect, id, Sense::click());
        response.widget_info(|| {
            let name = self.param.name();
            egui::WidgetInfo::selected(egui::Role::CheckBox, ui.is_enabled(), on, name)
        });
        if response.clicked() {
            gesture::set(ui, self.param, self.setter, if on { 0.0 } else { 1.0 });
        }
        lever(ui, rect, on, self.dimmed, self.words, &response);
        if self.hint.is_empty() {
            return response;
        }
        response.on_hover_ui(|ui| {
            ui.strong(self.param.name());
            ui.colored_label(theme::DIM, self.hint);
        })
    }
}

/// A switch for a state that is no parameter; returns whether it was clicked.
pub fn switch(ui: &mut Ui, rect: Rect, label: &str, words: &str, on: bool) -> bool {
    let response = ui.interact(rect, ui.scope_id().with(("switch", label)), Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::CheckBox, ui.is_enabled(), on, label)
    });
    lever(ui, rect, on, false, words, &response);
    response.clicked()
}

fn lever(ui: &Ui, rect: Rect, on: bool, dimmed: bool, words: &str, response: &Response) {
    let unit = theme::unit(ui);
    let size = vec2(28.0, 15.0) * unit;
    let slot = Rect::from_min_size(pos2(rect.left(), rect.center().y - size.y * 0.5), size);
    let round = size.y * 0.5;
    let painter = ui.painter();
    let fill = if on { theme::RUST } else { theme::COAL };
    let line = match (response.hovered(), on) {
        (true, _) => theme::FLAME,
        (false, true) => theme::EMBER,
        (false, false) => theme::SEAM,
    };
    painter.rect(slot, round, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    let t = ui.ctx().animate_bool_with_time(response.id, on, 0.08);
    let x = egui::lerp(slot.left() + round..=slot.right() - round, t);
    let knob = pos2(x, slot.center().y);
    if on && !dimmed {
        paint::glow(painter, knob, vec2(16.0, 16.0) * unit, theme::EMBER.gamma_multiply(0.35));
    }
    let color = match (dimmed, on) {
        (true, _) => theme::FAINT,
        (false, true) => theme::FLAME,
        (false, false) => theme::DIM,
    };
    painter.circle_filled(knob, round * 0.66, color);
    if response.has_focus() {
        paint::focus_ring(ui, slot.expand(1.0), round);
    }
    let color = match (dimmed, on) {
        (true, _) => theme::FAINT,
        (false, true) => theme::TEXT,
        (false, false) => theme::DIM,
    };
    let room = rect.with_min_x(slot.right() + 7.0 * unit);
    if room.width() > 0.0 {
        paint::clipped_text(ui, room, words, 12.5 * unit, color);
    }
}

/// A line to type in.
pub fn text_field(ui: &mut Ui, rect: Rect, text: &mut String, hint: &str) -> Response {
    let unit = theme::unit(ui);
    let field = egui::TextEdit::singleline(text)
        .hint_text(hint)
        .margin(vec2(8.0, 3.0) * unit)
        .align(egui::Align2::LEFT_CENTER)
        .font(theme::font(13.0 * unit));
    let response = ui.put(rect, field);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, hint));
    response
}
