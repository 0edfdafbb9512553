//! One model: what it is, what is known of its levels, and its own two knobs.

use egui::{Align2, Rect, Stroke, Ui, pos2, vec2};
use shell::{beside, follow};
use ui::control::{self, Switch};
use ui::icon::Icon;
use ui::knob::Knob;
use ui::{paint, theme};

use super::desk::{Ask, Desk};
use super::words;
use crate::places::{Place, Task};
use crate::source::Playing;

/// Width of what follows a file, in units, and with the light of what came.
const FOLLOW: [f32; 2] = [78.0, 206.0];

/// Draws the card of slot 0 or 1 in `rect`.
pub(super) fn show(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, slot: usize) {
    let unit = theme::unit(ui);
    paint::card(ui, rect);
    let on = [&desk.params.a_on, &desk.params.b_on][slot].value();
    let filled = desk.playing(Place::Model(slot)).is_some();
    let edge = Rect::from_min_size(
        rect.min + vec2(0.0, 10.0 * unit),
        vec2(3.0 * unit, rect.height() - 20.0 * unit),
    );
    let color = if on && filled { theme::EMBER } else { theme::ASH };
    ui.painter().rect_filled(edge, 2.0, color);
    let inner = rect.shrink2(vec2(16.0, 12.0) * unit);
    let (top, below) = inner.split_top_bottom_at_y(inner.top() + 28.0 * unit);
    bar(ui, top, desk, slot);
    let tall = if below.height() > 300.0 * unit { 100.0 } else { 84.0 };
    let (text, knobs) = below.split_top_bottom_at_y(below.bottom() - tall * unit);
    match desk.playing(Place::Model(slot)) {
        Some(_) => facts(ui, text.with_min_y(text.top() + 8.0 * unit), desk, slot),
        None => empty(ui, text, desk, slot),
    }
    knobs_of(ui, knobs, desk, slot, on && filled);
}

/// The letter, the switch, and the buttons.
fn bar(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, slot: usize) {
    let unit = theme::unit(ui);
    let letter = ["A", "B"][slot];
    let at = rect.left_center();
    let drawn =
        ui.painter().text(at, Align2::LEFT_CENTER, letter, theme::font(22.0 * unit), theme::EMBER);
    let lever = Rect::from_min_size(
        pos2(drawn.right() + 12.0 * unit, rect.top()),
        vec2(64.0 * unit, rect.height()),
    );
    let param = [&desk.params.a_on, &desk.params.b_on][slot];
    Switch::new(param, desk.setter)
        .words(if param.value() { "On" } else { "Off" })
        .hint("Whether the model is heard; otherwise the signal passes it.")
        .show(ui, lever);
    buttons(ui, rect, desk, Place::Model(slot), &format!("model {letter}"));
}

/// Previous, next, browse and clear, at the right of `rect`.
pub(super) fn buttons(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, place: Place, noun: &str) {
    let unit = theme::unit(ui);
    let side = 26.0 * unit;
    let mut right = rect.right();
    let mut next = |width: f32| {
        let size = vec2(width, side.min(rect.height()));
        let place = Rect::from_min_size(pos2(right - width, rect.center().y - size.y * 0.5), size);
        right = place.left() - 4.0 * unit;
        place
    };
    let (clear, browse) = (next(side), next(62.0 * unit));
    let (after, before) = (next(side), next(side));
    let filled = desk.playing(place).is_some();
    ui.scope(|ui| {
        if !filled {
            ui.disable();
        }
        if control::icon_button(ui, clear, &format!("Clear {noun}"), Icon::Cross).clicked() {
            desk.ask(Ask::Run(Task::Clear(place)));
        }
    });
    if control::worded(ui, browse, &format!("Browse for {noun}"), "Browse", false).clicked() {
        desk.ask(Ask::Browse(place));
    }
    for (at, label, icon, step) in
        [(before, "Previous", Icon::Previous, -1), (after, "Next", Icon::Next, 1)]
    {
        if control::icon_button(ui, at, &format!("{label} {noun}"), icon).clicked() {
            desk.ask(Ask::Run(Task::Step(place, step)));
        }
    }
}

fn empty(ui: &Ui, rect: Rect, desk: &Desk<'_>, slot: usize) {
    let unit = theme::unit(ui);
    let loading = desk.status(Place::Model(slot)).loading.as_ref();
    let words = match loading {
        Some(name) => format!("Loading {name}"),
        None => "No model: the signal passes as it is.".into(),
    };
    paint::aligned_text(ui, rect, &words, 13.5 * unit, theme::FAINT, 0.5);
}

/// What the file says, as far as there is room for it.
fn facts(ui: &mut Ui, rect: Rect, desk: &mut Desk<'_>, slot: usize) {
    let unit = theme::unit(ui);
    let Some(playing) = desk.status[Place::Model(slot).index()].playing.clone() else { return };
    let report = nn::Report::of(&desk.status[Place::Model(slot).index()].watches);
    let playing = &*playing;
    let levels_height = 42.0 * unit;
    let (rect, foot) = rect.split_top_bottom_at_y(rect.bottom() - levels_height);
    let Some(model) = playing.model() else { return };
    levels(ui, foot, model);
    let tone = words::tone(model);
    let gear = words::gear(model).unwrap_or_else(|| "Gear unknown".into());
    let gear = tone.map_or(gear.clone(), |tone| format!("{gear}{}{tone}", words::DOT));
    let mut rows =
        vec![(26.0, 20.0, playing.name.clone(), theme::TEXT), (20.0, 13.5, gear, theme::FLAME)];
    let small = |words: String| (19.0, 12.0, words, theme::DIM);
    let author =
        words::author(model).map_or("Author unknown".into(), |author| format!("by {author}"));
    rows.push(small(author));
    if let Some(report) = &report {
        let color = if beside::is_troubled(report) { theme::FLAME } else { theme::DIM };
        rows.push((19.0, 12.0, beside::line(report), color));
    }
    rows.push(small(words::network(playing, model)));
    rows.push(small(words::cost(model)));
    rows.push(small(words::origin(playing)));
    if !model.differences().is_empty() {
        rows.push(small(differing(model).into()));
    }
    let needed: f32 = rows.iter().map(|row| row.0 * unit).sum();
    // Lines move apart where there is room for it.
    let spread = (rect.height() / needed).clamp(1.0, 1.25);
    let mut y = rect.top();
    let aside = follow(ui, rect.with_max_y(y + rows[0].0 * unit * spread), desk, slot);
    for (i, (height, size, words, color)) in rows.into_iter().enumerate() {
        let height = height * unit * spread;
        if y + height > rect.bottom() + 1.0 {
            break;
        }
        let width = if i == 0 { aside - rect.left() } else { rect.width() };
        let place = Rect::from_min_size(pos2(rect.left(), y), vec2(width, height));
        paint::clipped_text(ui, place, &words, size * unit, color);
        y += height;
    }
    let below = rect.with_min_y(rect.top() + 26.0 * unit * spread);
    let response = ui.interact(below, ui.scope_id().with(("facts", slot)), egui::Sense::hover());
    let mut told = vec![words::path(playing)];
    told.extend(model.differences().iter().cloned());
    told.extend(report.iter().flat_map(beside::details));
    response.on_hover_text(told.join("\n"));
}

/// That there is more to know of a model, for those who point at it.
fn differing(model: &nn::Model) -> &'static str {
    match model.is_foreign() {
        true => "Something to know: point here",
        false => "Sounds unlike the official player: point here",
    }
}

/// Whether the file is followed, at the right of `row`; returns where that begins.
fn follow(ui: &mut Ui, row: Rect, desk: &mut Desk<'_>, slot: usize) -> f32 {
    let unit = theme::unit(ui);
    let place = Place::Model(slot);
    let live = desk.status[place.index()].following.as_ref();
    let left = row.right() - FOLLOW[usize::from(live.is_some())] * unit;
    // What trainers send is read as JSON.
    let able = desk.playing(place).is_some_and(|playing| {
        playing.source.path().is_some() && !playing.model().is_some_and(nn::Model::is_foreign)
    });
    let noun = ["model A", "model B"][slot];
    if follow::show(ui, &follow::Place { rect: row.with_min_x(left), noun, able }, live) {
        desk.ask(Ask::Run(Task::Follow(place, live.is_none())));
    }
    left - 10.0 * unit
}

/// Three levels side by side, each known or not.
fn levels(ui: &Ui, rect: Rect, model: &nn::Model) {
    let unit = theme::unit(ui);
    let metadata = model.metadata();
    let width = rect.width() / 3.0;
    ui.painter().hline(rect.x_range(), rect.top() + 1.0, Stroke::new(1.0, theme::ASH));
    for (i, (title, level, of)) in [
        ("LOUDNESS", metadata.loudness, "dB"),
        ("INPUT", metadata.input_level_dbu, "dBu"),
        ("OUTPUT", metadata.output_level_dbu, "dBu"),
    ]
    .into_iter()
    .enumerate()
    {
        let left = rect.left() + width * i as f32;
        let at = pos2(left, rect.top() + 12.0 * unit);
        let size = 9.5 * unit;
        paint::engraved(ui.painter(), at, Align2::LEFT_CENTER, title, size, theme::FAINT);
        let color = if level.is_some() { theme::TEXT } else { theme::FAINT };
        let place = Rect::from_min_size(
            pos2(left, rect.top() + 18.0 * unit),
            vec2(width - 4.0 * unit, 18.0 * unit),
        );
        paint::clipped_text(ui, place, &words::level(level, of), 12.5 * unit, color);
    }
}

fn knobs_of(ui: &mut Ui, rect: Rect, desk: &Desk<'_>, slot: usize, active: bool) {
    let unit = theme::unit(ui);
    let params = desk.params;
    let (trim, quality) =
        [(&params.a_trim, &params.quality), (&params.b_trim, &params.b_quality)][slot];
    let cell = vec2(86.0 * unit, rect.height());
    let diameter = rect.height() / unit - 42.0;
    let sizes = desk
        .playing(Place::Model(slot))
        .and_then(Playing::model)
        .map_or(0, |model| model.qualities().len());
    let first = Rect::from_min_size(rect.min, cell);
    Knob::new(trim, desk.setter)
        .diameter(diameter)
        .bipolar()
        .label("TRIM")
        .hint("Gain before this model.")
        .dimmed(!active)
        .show(ui, first);
    if sizes > 0 {
        Knob::new(quality, desk.setter)
            .diameter(diameter)
            .label("QUALITY")
            .hint("Size of the model: the smaller, the less it costs.")
            .dimmed(!active)
            .show(ui, first.translate(vec2(cell.x, 0.0)));
        return;
    }
    let room = rect.with_min_x(first.right() + 12.0 * unit);
    let words = "This model has one size,\nso there is no quality to choose.";
    let words = if active { words } else { "" };
    ui.painter().text(
        room.left_center(),
        Align2::LEFT_CENTER,
        words,
        theme::font(11.5 * unit),
        theme::FAINT,
    );
}
