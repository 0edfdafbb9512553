//! The panel: all knobs in the order in which the sound meets them, over the quality.

use egui::{Align2, Color32, Rect, Ui, pos2, vec2};
use nice_plug::prelude::FloatParam;
use ui::choice::Segmented;
use ui::control::Switch;
use ui::knob::Knob;
use ui::{paint, theme};

use super::desk::Desk;
use super::quality;

/// Height of the panel, in units.
pub(super) const HEIGHT: f32 = 272.0;
/// Of the strip above the knobs of a group.
const STRIP: f32 = 24.0;
/// Between groups.
const GAP: f32 = 14.0;
/// Widths of the groups, in proportion: in, drive, after, out.
const GROUPS: [f32; 4] = [150.0, 396.0, 150.0, 84.0];
/// Width of the knob of the drive, and of each other of the model's, in units.
const DRIVE: f32 = 160.0;
const OWN: f32 = 76.0;

/// Draws all of it in `panel`.
pub(super) fn show(ui: &mut Ui, panel: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let inner = panel.shrink2(vec2(18.0, 7.0) * unit);
    let split = inner.bottom() - (quality::HEIGHT + 7.0) * unit;
    let (knobs, foot) = inner.split_top_bottom_at_y(split);
    let gaps = (GROUPS.len() - 1) as f32 * GAP * unit;
    let part = (knobs.width() - gaps) / GROUPS.iter().sum::<f32>();
    let mut left = knobs.left();
    let mut places = GROUPS.map(|_| knobs);
    for (place, width) in places.iter_mut().zip(GROUPS) {
        *place = knobs.with_min_x(left).with_max_x(left + width * part);
        left = place.right() + GAP * unit;
        if left < knobs.right() {
            seam(ui, left - 0.5 * GAP * unit, knobs);
        }
    }
    let [before, drive, after, out] = places;
    self::before(ui, before, desk);
    self::drive(ui, drive, desk);
    self::after(ui, after, desk);
    self::out(ui, out, desk);
    for (y, color) in [(0.0, Color32::from_black_alpha(150)), (1.0, Color32::from_white_alpha(18))]
    {
        ui.painter().hline(inner.x_range(), split + y, (1.0, color));
    }
    quality::show(ui, foot.with_min_y(split + 7.0 * unit), desk);
}

fn seam(ui: &Ui, x: f32, place: Rect) {
    let y = place.shrink2(vec2(0.0, 8.0 * theme::unit(ui))).y_range();
    ui.painter().vline(x, y, (1.0, Color32::from_black_alpha(150)));
    ui.painter().vline(x + 1.0, y, (1.0, Color32::from_white_alpha(18)));
}

/// Writes a group's title; returns what is beside it, and the room below.
fn titled(ui: &Ui, place: Rect, title: &str) -> (Rect, Rect) {
    let unit = theme::unit(ui);
    let top = place.top() + 2.0 * unit;
    let (strip, below) = place.with_min_y(top).split_top_bottom_at_y(top + STRIP * unit);
    let at = pos2(strip.left() + 5.0 * unit, strip.center().y);
    let size = 11.0 * unit;
    paint::engraved(ui.painter(), at, Align2::LEFT_CENTER, title, size, theme::DIM);
    (strip, below)
}

/// The last `width` units of a strip, `from` units from its end.
fn last(ui: &Ui, strip: Rect, from: f32, width: f32) -> Rect {
    let unit = theme::unit(ui);
    let right = strip.right() - from * unit;
    strip.with_max_x(right).with_min_x(right - width * unit)
}

/// A small knob, for what is set once.
fn small<'a>(
    param: &'a FloatParam,
    desk: &Desk<'a>,
    label: &'a str,
    hint: &'a str,
) -> Knob<'a, FloatParam> {
    Knob::new(param, desk.setter).small().diameter(42.0).label(label).hint(hint)
}

fn before(ui: &mut Ui, place: Rect, desk: &Desk<'_>) {
    let (strip, below) = titled(ui, place, "IN");
    let p = desk.params;
    let levels = desk.status.model().map(|model| model.metadata().input_level_dbu);
    let unknown = levels == Some(None);
    let about = match unknown {
        true => {
            "Brings the input to the level the model was made at.\n\
             This model's file does not say which."
        }
        false => "Brings the input to the level the model was made at.",
    };
    Switch::new(&p.calibrate, desk.setter)
        .words("Calibrate")
        .hint(about)
        .dimmed(unknown)
        .show(ui, last(ui, strip, 0.0, 98.0));
    let (top, bottom) = below.split_top_bottom_at_fraction(0.5);
    let (left, right) = top.split_left_right_at_fraction(0.5);
    small(&p.input, desk, "Input", "Gain before everything.").bipolar().show(ui, left);
    let about = "Level, in dBu RMS, of a sine that reaches 0 dBFS at your converter: what the \
                 calibration goes by.";
    small(&p.interface, desk, "Interface", about)
        .dimmed(unknown || !p.calibrate.value())
        .show(ui, right);
    let (left, right) = bottom.split_left_right_at_fraction(0.5);
    ui.push_id("before", |ui| {
        let about = "High-pass filter before the network: less bass to distort is tighter.";
        small(&p.before_low, desk, "Low cut", about).show(ui, left);
        let about = "Low-pass filter before the network: less treble to distort is smoother.";
        small(&p.before_high, desk, "High cut", about).show(ui, right);
    });
}

/// The model's own knobs, side by side in the middle.
fn drive(ui: &mut Ui, place: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let (strip, below) = titled(ui, place, "DRIVE");
    let p = desk.params;
    let middle = last(ui, strip, 0.0, 192.0).shrink2(vec2(0.0, 1.5 * unit));
    Segmented::new(&p.channels, desk.setter)
        .hint(
            "What becomes of two channels. Stereo: a network for each. Mono: one network for \
             their mean, at half the cost. Mid/side: one for what they share, one for what not.",
        )
        .show(ui, middle);
    Switch::new(&p.auto_gain, desk.setter)
        .hint("Takes the loudness back that drive adds, so that settings can be compared.")
        .show(ui, last(ui, strip, 206.0, 102.0));
    let knobs = desk.status.knobs();
    let own = [&p.knob2, &p.knob3, &p.knob4];
    let own: Vec<_> = own.into_iter().zip(knobs.iter().skip(1)).collect();
    let width = (DRIVE + OWN * own.len() as f32) * unit;
    let room = Rect::from_center_size(below.center(), vec2(width, below.height()));
    let (first, rest) = room.split_left_right_at_x(room.left() + DRIVE * unit);
    let (name, about) = match knobs.first() {
        Some(knob) => (knob.name.as_str(), "How hard it distorts: the model's own first knob."),
        None => ("Drive", "How hard it distorts: a gain before the network, −24 to 24 dB."),
    };
    Knob::new(&p.drive, desk.setter)
        .diameter(106.0)
        .numbers()
        .label(name)
        .hint(about)
        .dimmed(desk.status.content.is_none())
        .show(ui, first);
    for (i, (param, knob)) in own.into_iter().enumerate() {
        let left = rest.left() + OWN * i as f32 * unit;
        let cell = Rect::from_min_size(pos2(left, rest.top()), vec2(OWN * unit, rest.height()));
        let about = format!("{}: a knob of this model, from its least to its most.", knob.name);
        Knob::new(param, desk.setter).label(&knob.name).hint(&about).show(ui, cell);
    }
}

fn after(ui: &mut Ui, place: Rect, desk: &Desk<'_>) {
    let (_, below) = titled(ui, place, "AFTER");
    let p = desk.params;
    let (top, bottom) = below.split_top_bottom_at_fraction(0.5);
    let about = "Tilts the sound after the network about 700 Hz: darker to the left, brighter to \
                 the right.";
    small(&p.tilt, desk, "Tilt", about).bipolar().show(ui, top);
    let (left, right) = bottom.split_left_right_at_fraction(0.5);
    ui.push_id("after", |ui| {
        small(&p.after_low, desk, "Low cut", "High-pass filter after the network.").show(ui, left);
        let about = "Low-pass filter after the network, as a cabinet would.";
        small(&p.after_high, desk, "High cut", about).show(ui, right);
    });
}

fn out(ui: &mut Ui, place: Rect, desk: &Desk<'_>) {
    let (_, below) = titled(ui, place, "OUT");
    let p = desk.params;
    let (top, bottom) = below.split_top_bottom_at_fraction(0.5);
    let about = "From the dry signal to the distorted one; both are equally late.";
    small(&p.mix, desk, "Mix", about).show(ui, top);
    small(&p.output, desk, "Output", "Gain after everything.").bipolar().show(ui, bottom);
}
