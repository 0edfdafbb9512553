//! The top of the window: the name, the model's name with its arrows, the bypass.

use egui::{Align2, Painter, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

use super::theme;
use crate::seat::Status;

/// What was clicked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Click {
    /// The arrow to the model before or after.
    Step(isize),
    /// The model's name.
    Browse,
    /// The bypass.
    Bypass,
}

/// Draws it in `rect`.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    status: &Status,
    open: bool,
    bypassed: bool,
) -> Option<Click> {
    title(ui.painter(), rect);
    let bypass = Rect::from_min_max(pos2(rect.right() - 92.0, rect.top()), rect.max);
    let left = rect.left() + 150.0;
    let selector = Rect::from_min_max(
        pos2(left, rect.top()),
        pos2((bypass.left() - 16.0).max(left + 120.0), rect.bottom()),
    );
    let side = rect.height();
    let previous = Rect::from_min_size(selector.min, vec2(side, side));
    let next = Rect::from_min_size(pos2(selector.right() - side, rect.top()), vec2(side, side));
    let field = Rect::from_min_max(
        pos2(previous.right() + 4.0, rect.top()),
        pos2(next.left() - 4.0, rect.bottom()),
    );
    let mut click = None;
    if arrow(ui, previous, "Previous model", -1.0).clicked() {
        click = Some(Click::Step(-1));
    }
    if arrow(ui, next, "Next model", 1.0).clicked() {
        click = Some(Click::Step(1));
    }
    if name(ui, field, status, open).clicked() {
        click = Some(Click::Browse);
    }
    if pill(ui, bypass, bypassed).clicked() {
        click = Some(Click::Bypass);
    }
    click
}

fn title(painter: &Painter, rect: Rect) {
    let mut x = rect.left();
    let y = rect.center().y;
    for letter in ["K", "I", "L", "N"] {
        let drawn =
            painter.text(pos2(x, y), Align2::LEFT_CENTER, letter, theme::font(24.0), theme::EMBER);
        x = drawn.right() + 4.0;
    }
    painter.text(pos2(x + 6.0, y), Align2::LEFT_CENTER, "AMP", theme::font(24.0), theme::DIM);
}

/// A field of the header, lit under the pointer.
fn field(ui: &mut Ui, rect: Rect, label: &str, lit: bool) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(label), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), label));
    let line = if response.hovered() || lit { theme::EMBER } else { theme::SEAM };
    let fill = if response.hovered() { theme::ASH } else { theme::CLAY };
    ui.painter().rect(rect, theme::ROUND, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    response
}

fn arrow(ui: &mut Ui, rect: Rect, label: &str, direction: f32) -> Response {
    let response = field(ui, rect, label, false);
    let (c, r) = (rect.center(), rect.height() * 0.17);
    let tip = vec2(r * direction, 0.0);
    let points = vec![c + tip, c - tip + vec2(0.0, r * 1.3), c - tip - vec2(0.0, r * 1.3)];
    ui.painter().add(Shape::convex_polygon(points, theme::TEXT, Stroke::NONE));
    response.on_hover_text(label)
}

fn name(ui: &mut Ui, rect: Rect, status: &Status, open: bool) -> Response {
    let response = field(ui, rect, "Choose a model", open);
    let (words, color) = match (&status.loading, &status.playing) {
        (Some(name), _) => (format!("Loading {name}"), theme::DIM),
        (None, Some(playing)) => (playing.name.clone(), theme::TEXT),
        (None, None) => ("No model".into(), theme::DIM),
    };
    let room = rect.shrink2(vec2(14.0, 0.0)).with_max_x(rect.right() - 30.0);
    clipped_text(ui, room, &words, 16.0, color);
    let (c, r) = (pos2(rect.right() - 18.0, rect.center().y), 5.0);
    let up = if open { -1.0 } else { 1.0 };
    let points =
        vec![c + vec2(-r, -r * 0.6 * up), c + vec2(r, -r * 0.6 * up), c + vec2(0.0, r * 0.8 * up)];
    ui.painter().add(Shape::convex_polygon(points, theme::EMBER, Stroke::NONE));
    response
}

fn pill(ui: &mut Ui, rect: Rect, bypassed: bool) -> Response {
    let response = field(ui, rect, "Bypass", bypassed);
    if bypassed {
        ui.painter().rect_filled(rect, theme::ROUND, theme::RUST);
    }
    let color = if bypassed { theme::TEXT } else { theme::DIM };
    let words = if bypassed { "Bypassed" } else { "Bypass" };
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, words, theme::font(14.0), color);
    response
}

/// One line of text in `rect`, cut with an ellipsis where it is too long.
pub(super) fn clipped_text(
    ui: &Ui,
    rect: Rect,
    words: &str,
    size: f32,
    color: egui::Color32,
) -> bool {
    let mut job = egui::text::LayoutJob::simple_singleline(words.into(), theme::font(size), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let at = pos2(rect.left(), rect.center().y - galley.size().y * 0.5);
    let elided = galley.elided;
    ui.painter().galley(at, galley, color);
    elided
}
