//! A knob for one parameter: drag, wheel, double click, or type.

use std::f32::consts::PI;

use egui::{Align2, Color32, Key, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui};
use egui::{Event, MouseWheelUnit, pos2, vec2};
use nice_plug::prelude::{Param, ParamSetter};

use super::theme;

/// Where the scale begins and ends, in radians clockwise from three o'clock.
const START: f32 = 0.75 * PI;
const END: f32 = 2.25 * PI;

/// How much slower everything is with shift held.
const FINE: f32 = 0.1;

/// A knob of `diameter` points with its name above and its value below.
pub(super) struct Knob<'a, P> {
    pub(super) param: &'a P,
    pub(super) setter: &'a ParamSetter<'a>,
    pub(super) diameter: f32,
    /// Whether the arc grows from the middle of the scale.
    pub(super) bipolar: bool,
}

impl<P: Param> Knob<'_, P> {
    /// The room a knob of `diameter` takes, in points.
    pub(super) fn size(diameter: f32) -> egui::Vec2 {
        vec2(diameter.max(72.0), diameter + 36.0)
    }

    /// Draws it in `rect` and does what the player wants.
    pub(super) fn show(self, ui: &mut Ui, rect: Rect) -> Response {
        let id = ui.scope_id().with(("knob", self.param.name()));
        let center = rect.center() + vec2(0.0, 12.0);
        let dial = Rect::from_center_size(center, egui::Vec2::splat(self.diameter));
        let response = ui.interact(dial, id, Sense::click_and_drag());
        let value = self.drag(ui, &response);
        self.wheel(ui, &response);
        if response.double_clicked() {
            self.set(self.param.default_normalized_value());
        }
        response.widget_info(|| {
            egui::WidgetInfo::slider(ui.is_enabled(), f64::from(value), self.param.name())
        });
        self.paint(ui, dial, value, response.hovered() || response.dragged());
        let value_rect = Rect::from_center_size(
            pos2(rect.center().x, dial.bottom() - self.diameter * 0.02),
            vec2(self.diameter.max(72.0), 22.0),
        );
        self.value(ui, value_rect, value);
        response.on_hover_cursor(egui::CursorIcon::ResizeVertical)
    }

    /// Follows a drag and returns the value to show. It accumulates in the GUI's
    /// memory: a host that is not processing leaves the parameter where it was.
    fn drag(&self, ui: &Ui, response: &Response) -> f32 {
        let present = self.param.unmodulated_normalized_value();
        if response.drag_started() {
            self.setter.begin_set_parameter(self.param);
            ui.data_mut(|data| data.insert_temp(response.id, present));
        }
        let mut value = present;
        if response.dragged() {
            let delta = response.drag_delta();
            let fine = if ui.input(|i| i.modifiers.shift) { FINE } else { 1.0 };
            let held = ui.data(|data| data.get_temp(response.id)).unwrap_or(present);
            value = (held + (delta.x - delta.y) * fine / 220.0).clamp(0.0, 1.0);
            ui.data_mut(|data| data.insert_temp(response.id, value));
            if value != held {
                self.setter.set_parameter_normalized(self.param, value);
            }
        }
        if response.drag_stopped() {
            self.setter.end_set_parameter(self.param);
        }
        value
    }

    fn wheel(&self, ui: &Ui, response: &Response) {
        if !response.hovered() {
            return;
        }
        let notches: f32 = ui.input(|i| i.events.iter().map(notches).sum());
        if notches != 0.0 {
            let fine = if ui.input(|i| i.modifiers.shift) { FINE } else { 1.0 };
            let value = self.param.unmodulated_normalized_value() + 0.02 * notches * fine;
            self.set(value.clamp(0.0, 1.0));
        }
    }

    /// One change, as the host's automation wants it.
    fn set(&self, normalized: f32) {
        self.setter.begin_set_parameter(self.param);
        self.setter.set_parameter_normalized(self.param, normalized);
        self.setter.end_set_parameter(self.param);
    }

    /// The value in words; a click turns it into a field to type in.
    fn value(&self, ui: &mut Ui, rect: Rect, value: f32) {
        let id = ui.scope_id().with(("value", self.param.name()));
        let typed: Option<String> = ui.data(|data| data.get_temp(id));
        let words = self.param.normalized_value_to_string(value, true);
        let Some(mut typed) = typed else {
            let response = ui.interact(rect, id, Sense::click());
            let color = if response.hovered() { theme::FLAME } else { theme::DIM };
            ui.painter().text(
                rect.center(),
                Align2::CENTER_CENTER,
                &words,
                theme::font(14.0),
                color,
            );
            response.widget_info(|| {
                let label = format!("{} value", self.param.name());
                egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), label)
            });
            if response.on_hover_cursor(egui::CursorIcon::Text).clicked() {
                ui.data_mut(|data| data.insert_temp(id, String::new()));
            }
            return;
        };
        let field = egui::TextEdit::singleline(&mut typed)
            .hint_text(words)
            .align(Align2::CENTER_CENTER)
            .font(theme::font(14.0));
        let response = ui.put(rect, field);
        let escaped = ui.input(|i| i.key_pressed(Key::Escape));
        if response.lost_focus() || escaped {
            ui.data_mut(|data| data.remove::<String>(id));
            if !escaped && let Some(value) = self.parse(&typed) {
                self.set(value);
            }
            return;
        }
        response.request_focus();
        ui.data_mut(|data| data.insert_temp(id, typed));
    }

    /// Reads what was typed: a number, with or without the unit.
    fn parse(&self, typed: &str) -> Option<f32> {
        let typed = typed.trim().replace(',', ".");
        let number = typed.trim_end_matches(|c: char| !c.is_ascii_digit());
        // Words such as "inf" would be numbers to Rust, but not to a player.
        let value = self.param.string_to_normalized_value(number)?;
        value.is_finite().then(|| value.clamp(0.0, 1.0))
    }

    fn paint(&self, ui: &Ui, dial: Rect, value: f32, lit: bool) {
        let painter = ui.painter();
        let (center, radius) = (dial.center(), dial.width() * 0.5);
        painter.text(
            pos2(center.x, dial.top() - 14.0),
            Align2::CENTER_CENTER,
            self.param.name(),
            theme::font(14.0),
            theme::TEXT,
        );
        let angle = |value: f32| START + (END - START) * value;
        let zero: f32 = if self.bipolar { 0.5 } else { 0.0 };
        let width = (radius * 0.11).max(3.0);
        let (from, to) = (angle(zero.min(value)), angle(zero.max(value)));
        arc(painter, center, radius - width, START, END, Stroke::new(width, theme::ASH));
        let glow = if lit { theme::FLAME } else { theme::EMBER };
        arc(painter, center, radius - width, from, to, Stroke::new(width, glow));
        cap(painter, center, radius * 0.72);
        let point = vec2(angle(value).cos(), angle(value).sin());
        painter.line_segment(
            [center + point * radius * 0.30, center + point * radius * 0.62],
            Stroke::new(width * 0.8, glow),
        );
        let modulated = self.param.modulated_normalized_value();
        if (modulated - self.param.unmodulated_normalized_value()).abs() > 1e-4 {
            let point = vec2(angle(modulated).cos(), angle(modulated).sin());
            painter.circle_filled(center + point * (radius - width), width, theme::FLAME);
        }
    }
}

/// Wheel notches of an event, up positive.
fn notches(event: &Event) -> f32 {
    match event {
        Event::MouseWheel { unit, delta, .. } => {
            // With shift held, some systems turn the wheel sideways.
            let delta = delta.x + delta.y;
            match unit {
                MouseWheelUnit::Line => delta,
                MouseWheelUnit::Point => delta / 50.0,
                MouseWheelUnit::Page => delta * 5.0,
            }
        }
        _ => 0.0,
    }
}

/// The knob's body: a disc lit from above.
fn cap(painter: &Painter, center: Pos2, radius: f32) {
    painter.circle_filled(
        center + vec2(0.0, radius * 0.08),
        radius * 1.03,
        Color32::from_black_alpha(90),
    );
    painter.circle_filled(center, radius, theme::SEAM);
    painter.circle_filled(center + vec2(0.0, radius * 0.03), radius * 0.96, theme::ASH);
    painter.circle_filled(center + vec2(0.0, radius * 0.06), radius * 0.88, theme::CLAY);
}

fn arc(painter: &Painter, center: Pos2, radius: f32, from: f32, to: f32, stroke: Stroke) {
    let steps = (((to - from) * 24.0).ceil() as usize).max(1);
    let points = (0..=steps).map(|i| {
        let angle = from + (to - from) * i as f32 / steps as f32;
        center + vec2(angle.cos(), angle.sin()) * radius
    });
    painter.add(Shape::line(points.collect(), stroke));
}
