//! What is done against aliasing: while it plays, and when a host renders.

use std::sync::atomic::Ordering::Relaxed;

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};
use nice_plug::prelude::{BoolParam, EnumParam};
use ui::choice::Segmented;
use ui::control::Switch;
use ui::{load, paint, theme};

use super::desk::Desk;
use super::words;
use crate::choices::{Oversampling, Phase};

/// Its height, in units.
pub(super) const HEIGHT: f32 = 57.0;
/// Height of a line, in units.
const LINE: f32 = 26.0;
/// Widths of the columns, in units, and what is between them; the last has the rest.
const COLUMNS: [f32; 4] = [116.0, 206.0, 178.0, 74.0];
const GAP: f32 = 14.0;

/// A line of it.
struct Line<'a> {
    oversampling: &'a EnumParam<Oversampling>,
    phase: &'a EnumParam<Phase>,
    antiderivative: &'a BoolParam,
}

/// Draws it in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let p = desk.params;
    let line = |i: usize| {
        let top = rect.bottom() - (HEIGHT - i as f32 * (HEIGHT - LINE)) * unit;
        Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), LINE * unit))
    };
    let [title, .., last] = columns(ui, line(0));
    let at = title.left_center() + vec2(5.0 * unit, 0.0);
    let size = 11.0 * unit;
    paint::engraved(ui.painter(), at, Align2::LEFT_CENTER, "QUALITY", size, theme::DIM);
    let live =
        Line { oversampling: &p.oversampling, phase: &p.phase, antiderivative: &p.antiderivative };
    controls(ui, line(0), desk, &live);
    latency(ui, last, desk);
    let [title, .., last] = columns(ui, line(1));
    Switch::new(&p.render_own, desk.setter)
        .words("Rendering")
        .hint("Gives offline renders a quality of their own; else they are as what plays.")
        .show(ui, title.with_min_x(title.left() + 5.0 * unit));
    let render = Line {
        oversampling: &p.render_oversampling,
        phase: &p.render_phase,
        antiderivative: &p.render_antiderivative,
    };
    ui.scope(|ui| {
        if !p.render_own.value() {
            ui.disable();
        }
        controls(ui, line(1), desk, &render);
    });
    let about = "How much of the time a block lasts the distortion takes to make its sound.";
    load::show(ui, last, desk.meters.load.load(Relaxed), about);
}

fn columns(ui: &Ui, line: Rect) -> [Rect; 5] {
    let unit = theme::unit(ui);
    let mut left = line.left();
    let mut places = [line; 5];
    for (place, width) in places.iter_mut().zip(COLUMNS) {
        *place = line.with_min_x(left).with_max_x(left + width * unit);
        left = place.right() + GAP * unit;
    }
    places[4] = line.with_min_x(left).with_max_x(line.right() - 4.0 * unit);
    places
}

fn controls(ui: &mut Ui, line: Rect, desk: &Desk<'_>, what: &Line<'_>) {
    let [_, oversampling, phase, antiderivative, _] = columns(ui, line);
    Segmented::new(what.oversampling, desk.setter)
        .words(&["1×", "2×", "4×", "8×", "16×"])
        .hint(
            "How many times the host's rate the network runs at. More costs more, and takes \
             away what folds back.",
        )
        .show(ui, oversampling);
    Segmented::new(what.phase, desk.setter)
        .words(&["Min. phase", "Linear phase"])
        .hint(
            "The filters on the way there and back. Minimum phase: the least latency. Linear \
             phase: the same delay for every frequency, and more of it.",
        )
        .show(ui, phase);
    let about = "Antiderivative antialiasing: the network is integrated from sample to sample \
                 instead of evaluated at each. Less folds back at the same oversampling.";
    let idle = desk.status.model().is_some() && !desk.status.is_integrable();
    let why = "Not for this model: only networks of one hidden layer of tanh that play at any \
               rate can be integrated.";
    let hint = if idle { format!("{about}\n{why}") } else { about.into() };
    Switch::new(what.antiderivative, desk.setter)
        .words("ADAA")
        .hint(&hint)
        .dimmed(idle)
        .show(ui, antiderivative);
}

fn latency(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let words = words::latency(desk.status);
    let size = 11.5 * unit;
    paint::clipped_text(ui, rect, "Latency", size, theme::DIM);
    paint::aligned_text(ui, rect, &words, size, theme::TEXT, 1.0);
    let response = ui.interact(rect, ui.scope_id().with("latency"), Sense::hover());
    let label = format!("Latency: {words}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &label));
    response.on_hover_text("How late the sound is, which the host makes up for.");
}
