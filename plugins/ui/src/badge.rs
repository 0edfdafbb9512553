//! A certificate: a coloured light, what is proven, and a second line of facts.

use egui::{Color32, Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::{lamp, paint, theme};

/// What is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is in order.
    Good,
    /// It is at the limit.
    Marginal,
    /// Nothing is known either way.
    Unknown,
    /// It is not in order.
    Bad,
    /// It is being looked at.
    Checking,
}

impl State {
    fn color(self) -> Color32 {
        match self {
            State::Good => theme::GLAZE,
            State::Marginal => theme::FLAME,
            State::Unknown => theme::STEEL,
            State::Bad => theme::ALARM,
            State::Checking => theme::DIM,
        }
    }
}

/// Draws a badge in `rect`: `words` over `facts`; `details` are its tooltip.
pub fn show(
    ui: &mut Ui,
    rect: Rect,
    state: State,
    words: &str,
    facts: &str,
    details: &str,
) -> Response {
    let unit = theme::unit(ui);
    let response = ui.interact(rect, ui.scope_id().with(("badge", words)), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, words));
    let color = state.color();
    let round = theme::round(rect.height() * 0.5 / unit, unit);
    let fill = theme::COAL.lerp_to_gamma(color, 0.12);
    let line = Stroke::new(1.0, color.gamma_multiply(0.7));
    ui.painter().rect(rect, round, fill, line, StrokeKind::Inside);
    let at = pos2(rect.left() + 18.0 * unit, rect.center().y);
    let level = if state == State::Checking { 0.3 } else { 1.0 };
    lamp::led(ui.painter(), at, 5.0 * unit, color, level);
    let text = Rect::from_min_max(
        pos2(rect.left() + 34.0 * unit, rect.top() + 3.0 * unit),
        rect.max - vec2(14.0, 3.0) * unit,
    );
    let (top, bottom) = text.split_top_bottom_at_fraction(0.54);
    paint::clipped_text(ui, top, words, 13.0 * unit, theme::TEXT);
    paint::clipped_text(ui, bottom, facts, 11.0 * unit, theme::DIM);
    response.on_hover_text(details)
}
