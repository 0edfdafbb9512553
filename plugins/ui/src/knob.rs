//! A knob for one parameter: drag, wheel, double click, arrows, or type.

use std::f32::consts::{PI, TAU};

use egui::{Align2, Color32, Mesh, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui};
use egui::{Key, pos2, vec2};
use nice_plug::prelude::{Param, ParamSetter};

use crate::{entry, paint, theme, turn};

/// Where the scale begins and ends, in radians clockwise from three o'clock.
const START: f32 = 0.75 * PI;
const END: f32 = 2.25 * PI;

/// A knob with its name above and its value below.
pub struct Knob<'a, P> {
    param: &'a P,
    setter: &'a ParamSetter<'a>,
    diameter: f32,
    bipolar: bool,
    label: Option<&'a str>,
    hint: &'a str,
    marks: usize,
    numbers: bool,
    dimmed: bool,
    reach: Option<[f32; 2]>,
}

impl<'a, P: Param> Knob<'a, P> {
    /// A knob of the usual size.
    pub fn new(param: &'a P, setter: &'a ParamSetter<'a>) -> Self {
        Self {
            param,
            setter,
            diameter: 58.0,
            bipolar: false,
            label: None,
            hint: "",
            marks: 11,
            numbers: false,
            dimmed: false,
            reach: None,
        }
    }

    /// A small one, for what is set once.
    pub fn small(self) -> Self {
        Self { marks: 0, ..self.diameter(36.0) }
    }

    /// The diameter of the scale around it, in units.
    pub fn diameter(mut self, units: f32) -> Self {
        self.diameter = units;
        self
    }

    /// The arc grows from the middle of the scale.
    pub fn bipolar(mut self) -> Self {
        self.bipolar = true;
        self
    }

    /// What is engraved above, where it is not the parameter's name.
    pub fn label(mut self, label: &'a str) -> Self {
        self.label = Some(label);
        self
    }

    /// What it does, for the tooltip.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// Numbers from 0 to 10 stand around it.
    pub fn numbers(mut self) -> Self {
        self.numbers = true;
        self
    }

    /// What it sets does nothing now.
    pub fn dimmed(mut self, dimmed: bool) -> Self {
        self.dimmed = dimmed;
        self
    }

    /// Only this part of its travel, as normalized values, does anything now.
    pub fn reach(mut self, reach: Option<[f32; 2]>) -> Self {
        self.reach = reach;
        self
    }

    /// Draws it in the middle of `rect` and does what the player wants.
    pub fn show(self, ui: &mut Ui, rect: Rect) -> Response {
        let unit = theme::unit(ui);
        let diameter = self.diameter * unit;
        let name_height = self.name_size() * 1.5 * unit;
        let value_height = 18.0 * unit;
        let top = rect.center().y - (diameter + name_height + value_height) * 0.5;
        let center = pos2(rect.center().x, top + name_height + diameter * 0.5);
        let dial = Rect::from_center_size(center, egui::Vec2::splat(diameter));
        let id = ui.scope_id().with(("knob", self.param.name()));
        let response = ui.interact(dial, id, Sense::click_and_drag());
        let value = turn::turn(ui, &response, self.param, self.setter, unit);
        if response.has_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
            entry::open(ui, self.param);
        }
        response.widget_info(|| {
            egui::WidgetInfo::slider(ui.is_enabled(), f64::from(value), self.param.name())
        });
        let lit = response.hovered() || response.dragged() || response.has_focus();
        let at = pos2(rect.center().x, top + name_height * 0.5);
        self.name(ui, at, unit);
        self.paint(ui, dial, value, lit, unit);
        if response.has_focus() {
            let color = theme::FLAME.gamma_multiply(0.8);
            ui.painter().circle_stroke(center, diameter * 0.5 + 2.0 * unit, (1.5, color));
        }
        let below = pos2(rect.center().x, dial.bottom() + value_height * 0.42);
        let size = vec2((diameter * 1.1).max(64.0 * unit).min(rect.width()), value_height);
        let words = if self.diameter < 44.0 { 11.5 } else { 12.5 };
        entry::show(
            ui,
            Rect::from_center_size(below, size),
            self.param,
            self.setter,
            value,
            words * unit,
        );
        let response = response.on_hover_cursor(egui::CursorIcon::ResizeVertical);
        if response.dragged() { response } else { self.tooltip(response, value) }
    }

    fn name_size(&self) -> f32 {
        if self.diameter < 44.0 { 11.5 } else { 12.0 }
    }

    fn name(&self, ui: &Ui, at: Pos2, unit: f32) {
        let name = self.label.unwrap_or_else(|| self.param.name());
        let color = if self.dimmed { theme::FAINT } else { theme::TEXT };
        let size = self.name_size() * unit;
        paint::engraved(ui.painter(), at, Align2::CENTER_CENTER, name, size, color);
    }

    fn tooltip(&self, response: Response, value: f32) -> Response {
        response.on_hover_ui(|ui| {
            let words = self.param.normalized_value_to_string(value, true);
            ui.horizontal(|ui| {
                ui.strong(self.param.name());
                ui.colored_label(theme::FLAME, words);
            });
            if !self.hint.is_empty() {
                ui.colored_label(theme::DIM, self.hint);
            }
            let keys = "Double click: default · Shift: fine · Enter: type";
            ui.label(egui::RichText::new(keys).small().color(theme::FAINT));
        })
    }

    fn paint(&self, ui: &Ui, dial: Rect, value: f32, lit: bool, unit: f32) {
        let painter = ui.painter();
        let (center, radius) = (dial.center(), dial.width() * 0.5);
        let rim = if self.marks > 0 { 0.86 } else { 0.94 } * radius;
        self.scale(painter, center, radius, unit);
        let width = (radius * 0.085).max(2.0);
        let zero: f32 = if self.bipolar { 0.5 } else { 0.0 };
        let glow = match (self.dimmed, lit) {
            (true, _) => theme::FAINT,
            (false, true) => theme::FLAME,
            (false, false) => theme::EMBER,
        };
        paint::arc(painter, center, rim - width, START, END, Stroke::new(width, theme::COAL));
        if let Some([from, to]) = self.reach.map(|reach| reach.map(|end| end.clamp(0.0, 1.0))) {
            let stroke = Stroke::new((width * 0.45).max(1.2), theme::STEEL);
            paint::arc(painter, center, rim + width * 0.35, angle(from), angle(to), stroke);
        }
        let (from, to) = (angle(zero.min(value)), angle(zero.max(value)));
        if to - from > 0.01 {
            let halo = Stroke::new(width * 2.2, glow.gamma_multiply(0.16));
            paint::arc(painter, center, rim - width, from, to, halo);
            paint::arc(painter, center, rim - width, from, to, Stroke::new(width, glow));
        }
        cap(painter, center, rim - width * 2.3);
        let line = match (self.dimmed, lit) {
            (true, _) => theme::FAINT,
            (false, true) => theme::FLAME,
            (false, false) => theme::TEXT,
        };
        pointer(painter, center, rim - width * 2.3, angle(value), line);
        let modulated = self.param.modulated_normalized_value();
        if (modulated - self.param.unmodulated_normalized_value()).abs() > 1e-4 {
            let at = center + direction(angle(modulated)) * (rim - width);
            painter.circle_filled(at, width * 0.95, theme::COAL);
            painter.circle_filled(at, width * 0.7, theme::FLAME);
        }
    }

    /// Marks and, where wanted, numbers around the scale.
    fn scale(&self, painter: &Painter, center: Pos2, radius: f32, unit: f32) {
        if self.marks < 2 {
            return;
        }
        let ink = if self.dimmed { theme::SEAM } else { theme::DIM };
        for i in 0..self.marks {
            let at = direction(angle(i as f32 / (self.marks - 1) as f32));
            let long = i.is_multiple_of(5);
            let inner = if long { 0.87 } else { 0.91 };
            let stroke = Stroke::new(if long { 1.4 } else { 1.0 } * unit, ink.gamma_multiply(0.8));
            painter
                .line_segment([center + at * radius * inner, center + at * radius * 0.97], stroke);
            // The name stands where the middle's number would.
            if self.numbers && (i == 0 || i + 1 == self.marks) {
                let place = center + at * (radius * 0.97 + 7.0 * unit);
                let font = theme::font(9.5 * unit);
                let number = (i * 10 / (self.marks - 1)).to_string();
                painter.text(place, Align2::CENTER_CENTER, number, font, ink);
            }
        }
    }
}

fn angle(value: f32) -> f32 {
    START + (END - START) * value
}

fn direction(angle: f32) -> egui::Vec2 {
    vec2(angle.cos(), angle.sin())
}

/// The knob's body: a skirt, and a cap turned on a lathe and lit from above.
fn cap(painter: &Painter, center: Pos2, radius: f32) {
    let lift = vec2(0.0, radius * 0.14);
    let shade = Rect::from_center_size(center + lift, egui::Vec2::splat(radius * 2.0));
    paint::shadow(painter, shade, radius, radius * 0.45, 190);
    painter.circle_filled(center, radius, Color32::from_rgb(0x0d, 0x0c, 0x0c));
    disc(painter, center, radius * 0.97, |turn, _| {
        let light = 0.5 - 0.5 * turn.sin();
        Color32::from_gray((0x17 as f32 + light * 42.0) as u8)
    });
    // Flutes to grip it by.
    for i in 0..36 {
        let at = direction(i as f32 / 36.0 * TAU);
        let stroke = Stroke::new((radius * 0.03).max(0.6), Color32::from_black_alpha(120));
        painter.line_segment([center + at * radius * 0.86, center + at * radius * 0.97], stroke);
    }
    painter.circle_filled(center, radius * 0.80, Color32::from_rgb(0x12, 0x10, 0x10));
    disc(painter, center, radius * 0.77, |turn, rim| {
        // Turned metal throws two fans of light across itself.
        let fan = (2.0 * (turn + 0.6)).cos().max(0.0).powi(3);
        let above = 0.5 - 0.5 * turn.sin();
        let light = 40.0 + fan * 34.0 + above * 16.0 * rim;
        Color32::from_rgb((light * 1.03) as u8, (light * 0.97) as u8, (light * 0.95) as u8)
    });
    painter.circle_stroke(center, radius * 0.77, (0.8, Color32::from_white_alpha(22)));
}

/// A disc whose color `light` decides by angle, at the middle (0) and the rim (1).
fn disc(painter: &Painter, center: Pos2, radius: f32, light: impl Fn(f32, f32) -> Color32) {
    const SIDES: u32 = 48;
    let mut mesh = Mesh::default();
    for side in 0..SIDES {
        let turn = side as f32 / SIDES as f32 * TAU;
        mesh.colored_vertex(center + direction(turn) * radius * 0.12, light(turn, 0.0));
        mesh.colored_vertex(center + direction(turn) * radius, light(turn, 1.0));
    }
    for side in 0..SIDES {
        let (a, b) = (side * 2, (side + 1) % SIDES * 2);
        mesh.add_triangle(a, a + 1, b);
        mesh.add_triangle(b, a + 1, b + 1);
    }
    painter.circle_filled(center, radius * 0.2, light(0.0, 0.0));
    painter.add(Shape::mesh(mesh));
    painter.circle_filled(center, radius * 0.14, light(PI * 0.3, 0.0));
}

fn pointer(painter: &Painter, center: Pos2, radius: f32, angle: f32, color: Color32) {
    let at = direction(angle);
    let line = [center + at * radius * 0.34, center + at * radius * 0.92];
    let width = (radius * 0.11).max(1.8);
    painter.line_segment(line, Stroke::new(width * 1.9, Color32::from_black_alpha(110)));
    painter.line_segment(line, Stroke::new(width * 2.4, color.gamma_multiply(0.14)));
    painter.line_segment(line, Stroke::new(width, color));
}
