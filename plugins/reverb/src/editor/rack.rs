//! The panel: all knobs, in groups.

use std::sync::atomic::Ordering::Relaxed;

use egui::{Align2, Color32, Rect, Sense, Ui, pos2, vec2};
use nice_plug::prelude::{FloatParam, Param};
use ui::control::{self, Switch};
use ui::knob::Knob;
use ui::{paint, theme};

use super::desk::{Ask, Desk};
use super::hints::{self, Hint};
use super::sync;

/// Height of the panel, in units.
pub(super) const HEIGHT: f32 = 222.0;
/// Of the strip above the knobs of a group.
const STRIP: f32 = 22.0;
/// Between groups.
const GAP: f32 = 12.0;

/// A knob: what it sets, its name on the panel, and what there is to know.
struct Dial<'a> {
    param: &'a FloatParam,
    label: &'static str,
    hint: Hint,
    reach: Option<[f32; 2]>,
    bipolar: bool,
}

/// The groups, and how many knobs are in each: two rows.
const ROWS: [&[(Group, usize)]; 2] = [
    &[(Group::Time, 5), (Group::Space, 7), (Group::Motion, 2)],
    &[(Group::Tone, 2), (Group::Ducking, 4), (Group::Gate, 6), (Group::Output, 2)],
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Time,
    Space,
    Motion,
    Tone,
    Ducking,
    Gate,
    Output,
}

impl Group {
    fn title(self) -> &'static str {
        ["TIME", "SPACE", "MOTION", "TONE", "DUCKING", "GATE", "OUT"][self as usize]
    }
}

/// Draws all of it in `panel`.
pub(super) fn show(ui: &mut Ui, panel: Rect, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    let inner = panel.shrink2(vec2(18.0, 7.0) * unit);
    for (row, half) in ROWS.iter().zip(<[Rect; 2]>::from(inner.split_top_bottom_at_fraction(0.5))) {
        let gaps = (row.len() - 1) as f32 * GAP * unit;
        let count: usize = row.iter().map(|(_, knobs)| knobs).sum();
        let cell = (half.width() - gaps) / count as f32;
        let mut left = half.left();
        for (i, (group, knobs)) in row.iter().enumerate() {
            let width = cell * *knobs as f32;
            let place = Rect::from_min_size(pos2(left, half.top()), vec2(width, half.height()));
            if i > 0 {
                seam(ui, left - GAP * 0.5 * unit, place);
            }
            ui.push_id(group.title(), |ui| self::group(ui, place, *group, desk));
            left += width + GAP * unit;
        }
    }
    let middle = inner.center().y;
    for (y, color) in [(0.0, Color32::from_black_alpha(150)), (1.0, Color32::from_white_alpha(18))]
    {
        ui.painter().hline(inner.x_range(), middle + y, (1.0, color));
    }
}

fn seam(ui: &Ui, x: f32, place: Rect) {
    let y = place.shrink2(vec2(0.0, 8.0 * theme::unit(ui))).y_range();
    ui.painter().vline(x, y, (1.0, Color32::from_black_alpha(150)));
    ui.painter().vline(x + 1.0, y, (1.0, Color32::from_white_alpha(18)));
}

fn group(ui: &mut Ui, place: Rect, group: Group, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    let top = place.top() + 3.0 * unit;
    let (strip, below) = place.with_min_y(top).split_top_bottom_at_y(top + STRIP * unit);
    let at = pos2(strip.left() + 5.0 * unit, strip.center().y);
    let size = 11.0 * unit;
    paint::engraved(ui.painter(), at, Align2::LEFT_CENTER, group.title(), size, theme::DIM);
    self::strip(ui, strip, group, desk);
    let dials = dials(group, desk);
    let width = below.width() / dials.len() as f32;
    for (i, dial) in dials.into_iter().enumerate() {
        let left = below.left() + width * i as f32;
        let cell = Rect::from_min_size(pos2(left, below.top()), vec2(width, below.height()));
        let knob = Knob::new(dial.param, desk.setter).small().diameter(42.0).label(dial.label);
        let knob = if dial.bipolar { knob.bipolar() } else { knob };
        knob.hint(&dial.hint.words).dimmed(dial.hint.idle).reach(dial.reach).show(ui, cell);
    }
}

/// What stands beside a group's title.
fn strip(ui: &mut Ui, strip: Rect, group: Group, desk: &mut Desk<'_>) {
    let unit = theme::unit(ui);
    let params = desk.params;
    let right = |from: f32, width: f32| {
        let right = strip.right() - from * unit;
        Rect::from_min_max(pos2(right - width * unit, strip.top()), pos2(right, strip.bottom()))
    };
    match group {
        Group::Time => {
            let trained = hints::as_trained(desk.status);
            Switch::new(&params.as_trained, desk.setter)
                .words("As trained")
                .hint(&trained.words)
                .dimmed(trained.idle)
                .show(ui, right(92.0, 106.0));
            let freeze = hints::freeze(desk.status);
            Switch::new(&params.freeze, desk.setter)
                .hint(&freeze.words)
                .dimmed(freeze.idle)
                .show(ui, right(2.0, 82.0));
        }
        Group::Space => sync::show(ui, right(4.0, 132.0), desk),
        Group::Ducking => wet(ui, right(4.0, 120.0), desk),
        Group::Gate => {
            Switch::new(&params.gate_on, desk.setter)
                .words("On")
                .hint("Cuts the reverberation off while the dry sound is below the threshold.")
                .show(ui, right(2.0, 56.0));
        }
        Group::Output => {
            let (place, on) = (right(0.0, 62.0), params.mix_lock.get());
            if control::switch(ui, place, "Mix lock", "Lock", on) {
                desk.ask(Ask::Lock(!on));
            }
            let id = ui.scope_id().with("about the lock");
            ui.interact(place, id, Sense::hover()).on_hover_text("Presets leave the mix as it is.");
        }
        Group::Motion | Group::Tone => {}
    }
}

/// How far ducking and gate turn the wet signal down.
fn wet(ui: &Ui, rect: Rect, desk: &Desk<'_>) {
    let unit = theme::unit(ui);
    let gain = desk.meters.wet.load(Relaxed);
    let db = if gain.is_finite() { (20.0 * gain.max(1e-4).log10()).clamp(-60.0, 0.0) } else { 0.0 };
    let words = if db > -0.05 { "wet 0 dB".to_owned() } else { format!("wet {db:.1} dB") };
    let response = ui.interact(rect, ui.scope_id().with("wet gain"), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
    let size = 11.0 * unit;
    let (bar, text) = rect.split_left_right_at_x(rect.right() - 76.0 * unit);
    paint::aligned_text(ui, text, &words, size, theme::DIM, 1.0);
    let bar = Rect::from_center_size(bar.center(), vec2(bar.width(), 5.0 * unit));
    ui.painter().rect_filled(bar, 2.0, theme::COAL);
    // It grows from the right, as what is taken away does.
    let taken = bar.with_min_x(bar.right() - bar.width() * (-db / 24.0).min(1.0));
    ui.painter().rect_filled(taken, 2.0, theme::FLAME);
    response.on_hover_text("What ducking and gate leave of the reverberation.");
}

fn dial<'a>(param: &'a FloatParam, label: &'static str, hint: impl Into<Hint>) -> Dial<'a> {
    Dial { param, label, hint: hint.into(), reach: None, bipolar: false }
}

/// The knobs of a group, left to right.
fn dials<'a>(group: Group, desk: &Desk<'a>) -> Vec<Dial<'a>> {
    let (p, status) = (desk.params, desk.status);
    let bands = |about| hints::bands(status, about);
    let ducks = p.duck_depth.value() > 0.0;
    let duck = |about| Hint::unless(!ducks, about, "Ducking is off: its depth is 0 dB.");
    let gate = |about| Hint::unless(!p.gate_on.value(), about, "The gate is off.");
    match group {
        Group::Time => vec![
            Dial {
                reach: status.span().map(|ends| ends.map(|s| p.rt60.preview_normalized(s as f32))),
                ..dial(&p.rt60, "Decay", hints::rt60(status, p.as_trained.value()))
            },
            dial(&p.low_decay, "Low", bands("Decay of the low band, as a multiple.")),
            dial(&p.low_cross, "Below", bands("Where the low band ends.")),
            dial(&p.high_decay, "High", bands("Decay of the high band, as a multiple.")),
            dial(&p.high_cross, "Above", bands("Where the high band begins.")),
        ],
        Group::Space => vec![
            dial(&p.size, "Size", "All delays of the network, as a multiple."),
            dial(&p.pre_delay, "Pre-delay", hints::pre_delay(p, desk.meters)),
            dial(&p.early_level, "Early", "Level of the first reflections of a room."),
            dial(&p.early_send, "Send", "How much of them is reverberated as well."),
            dial(&p.early_size, "Room", "How far that room's walls are, as a multiple."),
            dial(&p.width, "Width", "Left against right: 0 is mono, 100 % as it is."),
            dial(&p.cross, "Cross", "How much of each channel is reverberated on the other side."),
        ],
        Group::Motion => vec![
            dial(
                &p.mod_depth,
                "Depth",
                hints::motion(status, "How far lines are turned into one another."),
            ),
            dial(&p.mod_rate, "Rate", hints::rate(status, p.mod_depth.value())),
        ],
        Group::Tone => vec![
            dial(&p.low_cut, "Low cut", "High-pass filter of the reverberation."),
            dial(&p.high_cut, "High cut", "Low-pass filter of the reverberation."),
        ],
        Group::Ducking => vec![
            dial(
                &p.duck_depth,
                "Depth",
                "How far the reverberation steps back while the dry sound is loud.",
            ),
            dial(
                &p.duck_threshold,
                "Threshold",
                duck("Level of the dry sound from which on it does."),
            ),
            dial(&p.duck_attack, "Attack", duck("Time it takes to step back.")),
            dial(&p.duck_release, "Release", duck("Time it takes to return.")),
        ],
        Group::Gate => vec![
            dial(&p.gate_threshold, "Threshold", gate("Level of the dry sound at which it opens.")),
            dial(&p.gate_hysteresis, "Hyster.", gate("How far below the threshold it closes.")),
            dial(&p.gate_attack, "Attack", gate("Time it takes to open.")),
            dial(&p.gate_hold, "Hold", gate("Time below the threshold before it begins to close.")),
            dial(&p.gate_release, "Release", gate("Time it takes to close.")),
            dial(&p.gate_range, "Range", gate("Attenuation when it is closed.")),
        ],
        Group::Output => vec![
            dial(&p.mix, "Mix", "From the dry signal to the wet, at equal power."),
            Dial { bipolar: true, ..dial(&p.output, "Output", "Gain after everything.") },
        ],
    }
}
