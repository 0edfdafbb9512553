//! All knobs and switches.

use egui::{Rect, Ui, pos2, vec2};
use nice_plug::prelude::{FloatParam, Param};
use ui::choice::Segmented;
use ui::control::Switch;
use ui::knob::Knob;
use ui::theme;

use super::desk::Desk;

/// A knob, and what stands above it.
type Dial<'a> = (&'a FloatParam, &'a str);

/// Draws all of it in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let p = desk.params;
    let (first, rest) = rect.split_top_bottom_at_fraction(0.32);
    let (second, rest) = rest.split_top_bottom_at_fraction(0.42);
    let knobs = desk.status.knobs();
    let name = |i: usize| knobs.get(i).map(|knob| knob.name.as_str());
    let own = [&p.drive, &p.knob2, &p.knob3, &p.knob4];
    let own = own.into_iter().enumerate().map(|(i, param)| {
        let there = i == 0 || knobs.len() > i;
        ((param, name(i).unwrap_or(param.name())), there)
    });
    let others = [&p.tilt, &p.mix, &p.input, &p.output].map(|param| ((param, param.name()), true));
    row(ui, first, desk, &own.chain(others).collect::<Vec<_>>());
    let cuts = [&p.before_low, &p.before_high, &p.after_low, &p.after_high, &p.interface];
    row(ui, second, desk, &cuts.map(|param| ((param, param.name()), true)));
    let line = |i: usize| {
        let top = rest.top() + 30.0 * unit * i as f32;
        Rect::from_min_size(pos2(rest.left(), top), vec2(rest.width(), 26.0 * unit))
    };
    Segmented::new(&p.channels, desk.setter).show(ui, half(line(0), 0));
    switches(ui, half(line(0), 1), desk);
    Segmented::new(&p.oversampling, desk.setter).show(ui, half(line(1), 0));
    Segmented::new(&p.phase, desk.setter).show(ui, half(line(1), 1));
    Segmented::new(&p.render_oversampling, desk.setter).show(ui, half(line(2), 0));
    Segmented::new(&p.render_phase, desk.setter).show(ui, half(line(2), 1));
    let idle = !desk.status.is_integrable();
    for (i, (param, dimmed)) in
        [(&p.antiderivative, idle), (&p.render_own, false), (&p.render_antiderivative, idle)]
            .into_iter()
            .enumerate()
    {
        let place = line(3);
        let width = place.width() / 3.0;
        let place = Rect::from_min_size(
            pos2(place.left() + width * i as f32, place.top()),
            vec2(width, place.height()),
        );
        Switch::new(param, desk.setter).dimmed(dimmed).show(ui, place);
    }
}

fn half(rect: Rect, side: usize) -> Rect {
    let gap = 8.0;
    let (left, right) = rect.split_left_right_at_fraction(0.5);
    if side == 0 { left.with_max_x(left.right() - gap) } else { right }
}

fn switches(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let (left, right) = rect.split_left_right_at_fraction(0.5);
    Switch::new(&desk.params.auto_gain, desk.setter).show(ui, left);
    Switch::new(&desk.params.calibrate, desk.setter).show(ui, right);
}

/// Knobs side by side; those that are not `there` do nothing.
fn row(ui: &mut Ui, rect: Rect, desk: &Desk<'_>, dials: &[(Dial<'_>, bool)]) {
    let width = rect.width() / dials.len() as f32;
    for (i, ((param, label), there)) in dials.iter().enumerate() {
        let left = rect.left() + width * i as f32;
        let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        let knob = Knob::new(*param, desk.setter).small().diameter(44.0).label(label);
        knob.dimmed(!there).show(ui, cell);
    }
}
