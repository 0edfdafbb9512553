//! Values in words: a click turns them into a field to type in.

use egui::{Align2, Id, Key, Rect, Sense, Ui};
use nice_plug::prelude::{Param, ParamSetter};

use crate::{gesture, theme};

/// Where the typed text of `param` is kept while it is typed.
fn id<P: Param>(ui: &Ui, param: &P) -> Id {
    ui.scope_id().with(("value", param.name()))
}

/// Begins typing the value of `param`.
pub fn open<P: Param>(ui: &Ui, param: &P) {
    let id = id(ui, param);
    ui.data_mut(|data| data.insert_temp(id, String::new()));
}

/// Draws the value in `rect`, in `size` points; a click begins typing.
pub fn show<P: Param>(
    ui: &mut Ui,
    rect: Rect,
    param: &P,
    setter: &ParamSetter<'_>,
    normalized: f32,
    size: f32,
) {
    let id = id(ui, param);
    let typed: Option<String> = ui.data(|data| data.get_temp(id));
    let words = param.normalized_value_to_string(normalized, true);
    let Some(typed) = typed else {
        // Not reached by Tab, which would double the way through a page: Enter on
        // the knob opens it.
        let sense = Sense::CLICK - Sense::FOCUSABLE;
        let response = ui.interact(rect, id, sense);
        let color = if response.hovered() { theme::FLAME } else { theme::DIM };
        let font = theme::font(size);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, &words, font, color);
        response.widget_info(|| {
            let label = format!("{} value", param.name());
            egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), label)
        });
        if response.on_hover_cursor(egui::CursorIcon::Text).clicked() {
            open(ui, param);
        }
        return;
    };
    field(ui, rect, param, setter, typed, &words, size);
}

fn field<P: Param>(
    ui: &mut Ui,
    rect: Rect,
    param: &P,
    setter: &ParamSetter<'_>,
    mut typed: String,
    words: &str,
    size: f32,
) {
    let id = id(ui, param);
    let field = egui::TextEdit::singleline(&mut typed)
        .hint_text(words)
        .align(Align2::CENTER_CENTER)
        .margin(egui::Margin::ZERO)
        .font(theme::font(size));
    let response = ui.put(rect, field);
    let escaped = ui.input(|i| i.key_pressed(Key::Escape));
    if response.lost_focus() || escaped {
        ui.data_mut(|data| data.remove::<String>(id));
        if !escaped && let Some(value) = parse(param, &typed) {
            gesture::set(ui, param, setter, value);
        }
        return;
    }
    // Asked for again, it would lose the keys it keeps to itself.
    if !response.has_focus() {
        response.request_focus();
    }
    ui.data_mut(|data| data.insert_temp(id, typed));
}

/// Reads what was typed: in the parameter's own words, or only the number in it.
fn parse<P: Param>(param: &P, typed: &str) -> Option<f32> {
    let typed = typed.trim();
    let number = typed.trim_end_matches(|c: char| !c.is_ascii_digit()).replace(',', ".");
    let value = param
        .string_to_normalized_value(typed)
        .or_else(|| param.string_to_normalized_value(&number))?;
    value.is_finite().then(|| value.clamp(0.0, 1.0))
}
