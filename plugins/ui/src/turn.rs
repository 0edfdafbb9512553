//! Changing a parameter by hand: one gesture for the host, whatever began it.

use egui::{Event, EventFilter, Key, MouseWheelUnit, Response, Ui};
use nice_plug::prelude::{Param, ParamSetter};

use crate::gesture;

/// How much slower everything is with shift held.
const FINE: f32 = 0.1;

/// Points of a drag over the whole range, in units.
const TRAVEL: f32 = 220.0;

/// Follows drag, wheel, arrow keys and double click on `response`, and returns
/// the value to show.
pub fn turn<P: Param>(
    ui: &Ui,
    response: &Response,
    param: &P,
    setter: &ParamSetter<'_>,
    unit: f32,
) -> f32 {
    let value = drag(ui, response, param, setter, unit);
    wheel(ui, response, param, setter);
    keys(ui, response, param, setter);
    if response.double_clicked() {
        gesture::set(ui, param, setter, param.default_normalized_value());
    }
    value
}

/// Follows a drag. It accumulates in the GUI's memory: a host that is not
/// processing leaves the parameter where it was.
fn drag<P: Param>(
    ui: &Ui,
    response: &Response,
    param: &P,
    setter: &ParamSetter<'_>,
    unit: f32,
) -> f32 {
    let present = param.unmodulated_normalized_value();
    if response.drag_started() {
        gesture::begin(ui, param, setter);
        ui.data_mut(|data| data.insert_temp(response.id, present));
    }
    let mut value = present;
    if response.dragged() {
        let delta = response.drag_delta();
        let fine = if ui.input(|i| i.modifiers.shift) { FINE } else { 1.0 };
        let held = ui.data(|data| data.get_temp(response.id)).unwrap_or(present);
        value = (held + (delta.x - delta.y) * fine / (TRAVEL * unit)).clamp(0.0, 1.0);
        ui.data_mut(|data| data.insert_temp(response.id, value));
        if value != held {
            setter.set_parameter_normalized(param, value);
        }
    }
    if response.drag_stopped() {
        gesture::end(ui, param, setter);
    }
    value
}

fn wheel<P: Param>(ui: &Ui, response: &Response, param: &P, setter: &ParamSetter<'_>) {
    if !response.hovered() || response.dragged() {
        return;
    }
    let turned: f32 = ui.input(|i| i.events.iter().map(notches).sum());
    if turned != 0.0 {
        let fine = if ui.input(|i| i.modifiers.shift) { FINE } else { 1.0 };
        gesture::set(
            ui,
            param,
            setter,
            param.unmodulated_normalized_value() + 0.02 * turned * fine,
        );
        // Or a list around would scroll as well.
        ui.input_mut(|i| i.smooth_scroll_delta = egui::Vec2::ZERO);
    }
}

/// Arrows, page keys, home and end while it has the keyboard.
fn keys<P: Param>(ui: &Ui, response: &Response, param: &P, setter: &ParamSetter<'_>) {
    if !response.has_focus() || response.dragged() {
        return;
    }
    let arrows =
        EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let steps = [
        (Key::ArrowUp, 0.02),
        (Key::ArrowRight, 0.02),
        (Key::ArrowDown, -0.02),
        (Key::ArrowLeft, -0.02),
        (Key::PageUp, 0.1),
        (Key::PageDown, -0.1),
    ];
    let (moved, fine, home, end) = ui.input(|i| {
        let moved: f32 = steps.iter().map(|&(key, by)| i.num_presses(key) as f32 * by).sum();
        (moved, i.modifiers.shift, i.key_pressed(Key::Home), i.key_pressed(Key::End))
    });
    if home {
        gesture::set(ui, param, setter, 0.0);
    } else if end {
        gesture::set(ui, param, setter, 1.0);
    } else if moved != 0.0 {
        let fine = if fine { FINE } else { 1.0 };
        gesture::set(ui, param, setter, param.unmodulated_normalized_value() + moved * fine);
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
