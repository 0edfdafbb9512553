//! The cabinet: two impulse responses, what they sound like, and the filters.

use egui::{Align2, Color32, Rect, Stroke, Ui, pos2, vec2};
use ui::control::Switch;
use ui::knob::Knob;
use ui::plot::{self, Response};
use ui::{choice, paint, theme};

use super::desk::Desk;
use super::{slot, words};
use crate::picture::Picture;
use crate::places::Place;

/// The colors of the two responses.
const INKS: [Color32; 2] = [theme::EMBER, theme::STEEL];

/// What the page remembers between frames.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    /// Whether the responses are drawn over time instead of over frequency.
    pub(super) waves: bool,
}

/// Draws the page in `rect`; `pictures` are those of the two responses.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    desk: &mut Desk<'_>,
    view: &mut View,
    pictures: [&Picture; 2],
) {
    let unit = theme::unit(ui);
    let gap = 10.0 * unit;
    let (top, rows) = rect.split_top_bottom_at_y(rect.bottom() - 116.0 * unit);
    let top = top.with_max_y(top.bottom() - gap);
    paint::card(ui, top);
    let inner = top.shrink(12.0 * unit);
    let (left, knobs) = inner.split_left_right_at_x(inner.right() - 178.0 * unit);
    let left = left.with_max_x(left.right() - 14.0 * unit);
    let (bar, plot) = left.split_top_bottom_at_y(left.top() + 26.0 * unit);
    head(ui, bar, desk, view);
    draw(ui, plot.with_min_y(plot.top() + 8.0 * unit), desk, view.waves, pictures);
    settings(ui, knobs, desk);
    for i in 0..2 {
        let height = (rows.height() - gap) * 0.5;
        let top = rows.top() + (height + gap) * i as f32;
        let place = Rect::from_min_size(pos2(rows.left(), top), vec2(rows.width(), height));
        row(ui, place, desk, i);
    }
}

fn head(ui: &mut Ui, rect: Rect, desk: &Desk<'_>, view: &mut View) {
    let unit = theme::unit(ui);
    let lever = rect.with_max_x(rect.left() + 130.0 * unit);
    Switch::new(&desk.params.cab_on, desk.setter)
        .words("Cabinet")
        .hint("Whether the cabinet is heard.")
        .show(ui, lever);
    let place = rect.with_min_x(rect.right() - 190.0 * unit);
    let label = |i: usize| ["Show the response", "Show the waveform"][i].to_owned();
    let chosen = usize::from(view.waves);
    if let Some(i) = choice::segments(ui, place, &["Response", "Waveform"], chosen, label, "") {
        view.waves = i == 1;
    }
}

fn draw(ui: &Ui, rect: Rect, desk: &Desk<'_>, waves: bool, pictures: [&Picture; 2]) {
    let unit = theme::unit(ui);
    let empty = pictures.iter().all(|picture| picture.curve.is_empty());
    let heard = desk.params.cab_on.value();
    let ink = |i: usize| if heard { INKS[i] } else { theme::FAINT };
    if waves {
        paint::well(ui, rect, theme::COAL);
        let inner = rect.shrink2(vec2(8.0, 6.0) * unit);
        let shown: Vec<usize> = (0..2).filter(|&i| !pictures[i].wave.is_empty()).collect();
        let height = inner.height() / shown.len().max(1) as f32;
        for (row, &i) in shown.iter().enumerate() {
            let top = inner.top() + height * row as f32;
            let place = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), height));
            plot::waveform(ui, place.shrink(4.0 * unit), &pictures[i].wave, ink(i));
            let words = format!("{:.0} ms", pictures[i].seconds * 1000.0);
            let at = place.right_bottom() - vec2(4.0, 8.0) * unit;
            let font = theme::font(10.5 * unit);
            ui.painter().text(at, Align2::RIGHT_CENTER, words, font, theme::FAINT);
        }
    } else {
        let grid = Response::grid(ui, rect, [-42.0, 9.0]);
        for i in [1, 0] {
            let points = pictures[i].curve.iter().copied();
            grid.curve(ui, points, ink(i), i == 0);
        }
        let (low, high) = (desk.params.low_cut.value(), desk.params.high_cut.value());
        if low > plot::LOWEST * 1.01 {
            grid.cut(ui, low, false);
        }
        if high < plot::HIGHEST * 0.99 {
            grid.cut(ui, high, true);
        }
    }
    if empty {
        let (font, color) = (theme::font(14.0 * unit), theme::DIM);
        let words = "No impulse response is loaded";
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, words, font, color);
    }
}

fn settings(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let line = rect.left() - 2.0 * unit;
    ui.painter().vline(line, rect.y_range(), Stroke::new(1.0, theme::ASH));
    let rect = rect.with_min_x(rect.left() + 8.0 * unit);
    let (knobs, foot) = rect.split_top_bottom_at_y(rect.bottom() - 30.0 * unit);
    let params = desk.params;
    let both = [0, 1].iter().all(|&i| desk.playing(Place::Cabinet(i)).is_some());
    let (width, height) = (knobs.width() * 0.5, knobs.height() * 0.5);
    let cell = |x: f32, y: f32, w: f32| {
        Rect::from_min_size(knobs.min + vec2(x * width, y * height), vec2(width * w, height))
    };
    let diameter = (height / unit - 42.0).clamp(34.0, 64.0);
    Knob::new(&params.cab_blend, desk.setter)
        .diameter(diameter)
        .bipolar()
        .label("BLEND")
        .dimmed(!both)
        .hint("With two responses, the share of the second.")
        .show(ui, cell(0.0, 0.0, 2.0));
    for (param, label, hint, x) in [
        (&params.low_cut, "LOW CUT", "Takes away what is below; off at its least.", 0.0),
        (&params.high_cut, "HIGH CUT", "Takes away what is above; off at its most.", 1.0),
    ] {
        let knob = Knob::new(param, desk.setter).diameter(diameter).label(label).hint(hint);
        knob.show(ui, cell(x, 1.0, 1.0));
    }
    let center = Rect::from_center_size(foot.center(), vec2(116.0 * unit, foot.height()));
    Switch::new(&params.cab_normalize, desk.setter)
        .words("Match levels")
        .hint("Makes all responses equally loud.")
        .show(ui, center);
}

/// One impulse response: its color, its name, its facts, its buttons.
fn row(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, i: usize) {
    let unit = theme::unit(ui);
    paint::card(ui, rect);
    let place = Place::Cabinet(i);
    let filled = desk.playing(place).is_some();
    let letter = ["A", "B"][i];
    let at = pos2(rect.left() + 22.0 * unit, rect.center().y);
    let ink = if filled { INKS[i] } else { theme::FAINT };
    let painter = ui.painter();
    painter.circle_filled(at, 11.0 * unit, ink.gamma_multiply(0.2));
    painter.circle_stroke(at, 11.0 * unit, (1.4 * unit, ink));
    painter.text(at, Align2::CENTER_CENTER, letter, theme::font(13.0 * unit), theme::TEXT);
    let inner = rect.shrink2(vec2(12.0, 4.0) * unit);
    slot::buttons(ui, inner, desk, place, &format!("cabinet {letter}"));
    let text = Rect::from_min_max(
        pos2(rect.left() + 44.0 * unit, inner.top()),
        pos2(inner.right() - 166.0 * unit, inner.bottom()),
    );
    let (top, bottom) = text.split_top_bottom_at_fraction(0.54);
    let color = if filled { theme::TEXT } else { theme::FAINT };
    paint::clipped_text(ui, top, &desk.name(place), 14.5 * unit, color);
    let facts = match desk.playing(place) {
        Some(playing) => {
            format!("{}{}{}", words::impulse(playing), words::DOT, words::origin(playing))
        }
        None => "Browse for an impulse response, a WAV file".into(),
    };
    paint::clipped_text(ui, bottom, &facts, 12.0 * unit, theme::DIM);
    if let Some(playing) = desk.playing(place) {
        let response = ui.interact(text, ui.scope_id().with(("facts", i)), egui::Sense::hover());
        response.on_hover_text(words::path(playing));
    }
}
