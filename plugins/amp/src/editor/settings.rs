//! How levels outside become levels inside, and how the sound is computed.

use egui::{Align2, Rect, Ui, pos2, vec2};
use ui::choice::Segmented;
use ui::control::Switch;
use ui::knob::Knob;
use ui::{lamp, paint, theme};

use super::desk::Desk;
use super::face::gate_knobs;
use super::words;
use crate::choices::Level;
use crate::places::Place;
use crate::source::Playing;

/// Draws the page in `rect`. `engine` says in words how the sound is computed.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &Desk<'_>, engine: &[String]) {
    let unit = theme::unit(ui);
    let gap = 12.0 * unit;
    let width = (rect.width() - gap) * 0.58;
    let left = Rect::from_min_size(rect.min, vec2(width, rect.height()));
    let right = rect.with_min_x(left.right() + gap);
    // What the levels need; the gate's knobs have the rest, where there is enough.
    let needed = 378.0 * unit;
    if left.height() > needed + 104.0 * unit {
        let (top, bottom) = left.split_top_bottom_at_y(left.top() + needed);
        levels(ui, top, desk);
        let inner = titled(ui, bottom.with_min_y(bottom.top() + gap), "NOISE GATE");
        let beside = inner.with_min_y(inner.top() - 26.0 * unit);
        gate_knobs(ui, beside.with_min_x(inner.left() + 92.0 * unit), desk);
    } else {
        levels(ui, left, desk);
    }
    let (top, rest) = right.split_top_bottom_at_fraction(0.42);
    let (middle, bottom) = rest.split_top_bottom_at_fraction(0.46);
    processing(ui, top.with_max_y(top.bottom() - gap * 0.5), desk, engine);
    stereo(ui, middle.shrink2(vec2(0.0, gap * 0.5)), desk);
    keys(ui, bottom.with_min_y(bottom.top() + gap * 0.5));
}

/// A card with a title; returns the room below the title.
fn titled(ui: &Ui, rect: Rect, title: &str) -> Rect {
    let unit = theme::unit(ui);
    paint::card(ui, rect);
    let inner = rect.shrink2(vec2(16.0, 12.0) * unit);
    let at = pos2(inner.left(), inner.top() + 8.0 * unit);
    paint::engraved(ui.painter(), at, Align2::LEFT_CENTER, title, 12.0 * unit, theme::DIM);
    inner.with_min_y(inner.top() + 24.0 * unit)
}

fn levels(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let inner = titled(ui, rect, "LEVELS");
    let place = Rect::from_min_size(inner.min, vec2(inner.width(), 28.0 * unit));
    Segmented::new(&desk.params.level, desk.setter)
        .hint("What is made of a model's own level.")
        .show(ui, place);
    let words = match desk.params.level.value() {
        Level::Raw => "Each model plays as loud as its file makes it.",
        Level::Normalized => {
            "All models play at −18 dB, so that changing one does not change the loudness."
        }
        Level::Calibrated => {
            "Each model plays as loud as the gear itself would into your interface."
        }
    };
    let text = inner.with_min_y(place.bottom() + 7.0 * unit);
    let height = paint::wrapped_text(ui, text, words, 12.0 * unit, theme::DIM);
    let split = text.top() + height + 12.0 * unit;
    let knob =
        Rect::from_min_size(pos2(inner.right() - 120.0 * unit, split), vec2(120.0, 98.0) * unit);
    let lever = Rect::from_min_size(
        pos2(inner.left(), split),
        vec2(inner.width() - 130.0 * unit, 26.0 * unit),
    );
    Switch::new(&desk.params.calibrate, desk.setter)
        .words("Calibrate input")
        .hint("Brings the input to the level the model was made at.")
        .show(ui, lever);
    let words = "The models then meet your guitar as the gear did: set the level at which a sine reaches 0 dBFS at your interface.";
    let below = lever.with_min_y(lever.bottom() + 4.0 * unit);
    paint::wrapped_text(ui, below, words, 12.0 * unit, theme::DIM);
    let used = desk.params.calibrate.value() || desk.params.level.value() == Level::Calibrated;
    Knob::new(&desk.params.interface, desk.setter)
        .diameter(56.0)
        .label("INTERFACE")
        .dimmed(!used)
        .hint("Level, in dBu RMS, of a sine that reaches 0 dBFS at your converter.")
        .show(ui, knob);
    let top = knob.bottom() + 10.0 * unit;
    ui.painter().hline(inner.x_range(), top, (1.0, theme::ASH));
    let mut y = top + 8.0 * unit;
    for slot in 0..2 {
        let place = Rect::from_min_max(pos2(inner.left(), y), inner.max);
        y += support(ui, place, desk, slot) + 6.0 * unit;
    }
}

/// What the file in a slot makes possible, in words; returns the height it took.
fn support(ui: &Ui, rect: Rect, desk: &Desk<'_>, slot: usize) -> f32 {
    let unit = theme::unit(ui);
    let line = |i: usize| {
        let top = rect.top() + 19.0 * unit * i as f32;
        Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), 19.0 * unit))
    };
    let letter = ["A", "B"][slot];
    let Some(playing) = desk.playing(Place::Model(slot)) else {
        let words = format!("Model {letter}: empty");
        paint::clipped_text(ui, line(0), &words, 13.0 * unit, theme::FAINT);
        return 19.0 * unit;
    };
    let words = format!("Model {letter}: {}", playing.name);
    paint::clipped_text(ui, line(0), &words, 13.0 * unit, theme::TEXT);
    for (i, (can, words)) in abilities(playing).into_iter().enumerate() {
        let place = line(i + 1);
        let light = pos2(place.left() + 6.0 * unit, place.center().y);
        let level = if can { 1.0 } else { 0.0 };
        lamp::led(ui.painter(), light, 3.2 * unit, theme::GLAZE, level);
        let room = place.with_min_x(place.left() + 18.0 * unit);
        if paint::clipped_text(ui, room, &words, 12.0 * unit, theme::DIM) {
            let id = ui.scope_id().with(("ability", slot, i));
            ui.interact(place, id, egui::Sense::hover()).on_hover_text(words);
        }
    }
    4.0 * 19.0 * unit
}

/// What can be done with a model's levels, and with which numbers.
fn abilities(playing: &Playing) -> [(bool, String); 3] {
    let metadata = playing.model().map(|model| model.metadata());
    let known = |level: Option<f64>, can: &str, cannot: &str, unit: &str| match level {
        Some(level) => (true, format!("{can} {}", words::level(Some(level), unit))),
        None => (false, cannot.to_owned()),
    };
    [
        known(
            metadata.and_then(|m| m.loudness),
            "Can be normalized: its loudness is",
            "Cannot be normalized: its file does not say how loud it is",
            "dB",
        ),
        known(
            metadata.and_then(|m| m.input_level_dbu),
            "Its input can be calibrated: it was made at",
            "Its input cannot be calibrated: its file does not say at what level it was made",
            "dBu",
        ),
        known(
            metadata.and_then(|m| m.output_level_dbu),
            "Its output can be calibrated: it was made at",
            "Its output cannot be calibrated: its file does not say the level of the gear",
            "dBu",
        ),
    ]
}

fn processing(ui: &mut Ui, rect: Rect, desk: &Desk<'_>, engine: &[String]) {
    let unit = theme::unit(ui);
    let inner = titled(ui, rect, "OVERSAMPLING");
    let place = Rect::from_min_size(inner.min, vec2(inner.width(), 28.0 * unit));
    Segmented::new(&desk.params.oversampling, desk.setter)
        .hint("How many times the host's rate the models run at. More costs more, and takes away what folds back.")
        .show(ui, place);
    let mut y = place.bottom() + 10.0 * unit;
    for words in engine {
        let room = Rect::from_min_max(pos2(inner.left(), y), inner.max);
        if room.height() < 16.0 * unit {
            break;
        }
        y += paint::wrapped_text(ui, room, words, 12.0 * unit, theme::DIM) + 4.0 * unit;
    }
}

fn stereo(ui: &mut Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let inner = titled(ui, rect, "CHANNELS");
    let words = match desk.params.channels.value() {
        crate::choices::Channels::Stereo => {
            "Stereo: left and right each go through networks of their own."
        }
        crate::choices::Channels::Mono => {
            "Mono: the mean of left and right goes through one network, at half the cost, to both outputs."
        }
    };
    paint::wrapped_text(ui, inner, words, 12.0 * unit, theme::DIM);
}

/// What the keys do, and which version this is.
fn keys(ui: &Ui, rect: Rect) {
    let unit = theme::unit(ui);
    let inner = titled(ui, rect, "KEYS");
    let keys = "Tab goes on, arrows turn, with Shift finely. Enter types a value, Escape closes.";
    let height = paint::wrapped_text(ui, inner, keys, 12.0 * unit, theme::DIM);
    let foot = inner.with_min_y(inner.top() + height + 6.0 * unit);
    let version = concat!("Kiln Amp ", env!("CARGO_PKG_VERSION"));
    if foot.height() > 14.0 * unit {
        paint::wrapped_text(ui, foot, version, 11.5 * unit, theme::FAINT);
    }
}
