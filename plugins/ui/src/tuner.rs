//! The face of a tuner: the note, a needle in cents, the frequency.

use egui::{Align2, Color32, Rect, Stroke, Ui, pos2, vec2};

use crate::{lamp, paint, theme};

/// Cents at either end of the scale.
const SPAN: f32 = 50.0;

/// So close, in cents, is in tune.
const TUNED: f32 = 2.0;

/// What is heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// The frequency, in Hz.
    pub hz: f32,
    /// The nearest note, as MIDI numbers it: 69 is A4.
    pub number: i32,
    /// How far it is from that note, in cents.
    pub cents: f32,
}

impl Note {
    /// The note nearest to `hz`, where A4 has `reference` Hz.
    pub fn of(hz: f32, reference: f32) -> Self {
        let exact = 69.0 + 12.0 * (hz / reference).log2();
        let number = exact.round();
        Self { hz, number: number as i32, cents: (exact - number) * 100.0 }
    }

    /// Its name, as in `F#`.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
        NAMES[self.number.rem_euclid(12) as usize]
    }

    /// The octave, in which A4 is A of 4.
    pub fn octave(self) -> i32 {
        self.number.div_euclid(12) - 1
    }

    fn tuned(self) -> bool {
        self.cents.abs() < TUNED
    }
}

/// Draws the face in `rect`. `strength` fades the reading out when the string dies.
pub fn face(ui: &Ui, rect: Rect, note: Option<Note>, strength: f32) {
    let unit = theme::unit(ui);
    let tuned = note.is_some_and(Note::tuned);
    let ink = match (note, tuned) {
        (None, _) => theme::FAINT,
        (Some(_), true) => theme::GLAZE,
        (Some(_), false) => theme::EMBER,
    };
    let ink = ink.gamma_multiply(0.35 + 0.65 * strength.clamp(0.0, 1.0));
    let wide = (rect.width() * 0.2).clamp(80.0 * unit, 190.0 * unit);
    let (left, rest) = rect.split_left_right_at_x(rect.left() + wide);
    let (middle, right) = rest.split_left_right_at_x(rest.right() - wide * 0.85);
    name(ui, left, note, ink);
    scale(ui, middle.shrink2(vec2(10.0 * unit, 0.0)), note, ink);
    let painter = ui.painter();
    let (hz, cents) = match note {
        Some(note) => (format!("{:.1} Hz", note.hz), format!("{:+.1} cents", note.cents)),
        None => ("– Hz".into(), "play a string".into()),
    };
    let at = right.center();
    let lift = vec2(0.0, 13.0 * unit);
    let font = |size: f32| theme::font(size * unit);
    painter.text(at - lift, Align2::CENTER_CENTER, hz, font(21.0), theme::TEXT);
    painter.text(at + lift, Align2::CENTER_CENTER, cents, font(14.0), theme::DIM);
}

fn name(ui: &Ui, rect: Rect, note: Option<Note>, ink: Color32) {
    let size = (rect.height() * 0.62).min(rect.width() * 0.6);
    let painter = ui.painter();
    let Some(note) = note else {
        let center = rect.center();
        painter.text(center, Align2::CENTER_CENTER, "–", theme::font(size * 0.7), ink);
        return;
    };
    paint::glow(painter, rect.center(), rect.size() * 0.55, ink.gamma_multiply(0.16));
    let letter = &note.name()[..1];
    let at = rect.center() - vec2(size * 0.16, 0.0);
    let drawn = painter.text(at, Align2::CENTER_CENTER, letter, theme::font(size), ink);
    if note.name().len() > 1 {
        let corner = pos2(drawn.right() + size * 0.03, drawn.top() + size * 0.36);
        painter.text(corner, Align2::LEFT_CENTER, &note.name()[1..], theme::font(size * 0.45), ink);
    }
    let foot = pos2(drawn.right() + size * 0.05, drawn.bottom() - size * 0.3);
    let octave = note.octave().to_string();
    painter.text(foot, Align2::LEFT_CENTER, octave, theme::font(size * 0.28), theme::DIM);
}

fn scale(ui: &Ui, rect: Rect, note: Option<Note>, ink: Color32) {
    let unit = theme::unit(ui);
    let painter = ui.painter();
    let big = (rect.height() / (110.0 * unit)).clamp(0.8, 1.5);
    let unit = unit * big;
    let height = rect.height().min(90.0 * unit);
    let area = Rect::from_center_size(rect.center(), vec2(rect.width(), height));
    let base = area.center().y + 10.0 * unit;
    let x = |cents: f32| egui::remap_clamp(cents, -SPAN..=SPAN, area.left()..=area.right());
    let zone =
        Rect::from_min_max(pos2(x(-TUNED), base - 20.0 * unit), pos2(x(TUNED), base + 4.0 * unit));
    let tuned = note.is_some_and(Note::tuned);
    painter.rect_filled(zone, 2.0, theme::GLAZE.gamma_multiply(if tuned { 0.5 } else { 0.12 }));
    for cents in (-50..=50).step_by(5) {
        let long = cents % 25 == 0;
        let up = if long { 20.0 } else { 11.0 } * unit;
        let color = if cents == 0 { theme::GLAZE } else { theme::DIM };
        let x = x(cents as f32);
        painter.line_segment([pos2(x, base - up), pos2(x, base)], (1.3 * unit, color));
        if long {
            let words = if cents == 0 { "0".into() } else { format!("{cents:+}") };
            let font = theme::font(10.5 * unit);
            let at = pos2(x, base + 12.0 * unit);
            painter.text(at, Align2::CENTER_CENTER, words, font, theme::DIM);
        }
    }
    let lights = area.top() + 6.0 * unit;
    for (cents, lit) in [
        (-SPAN, note.is_some_and(|n| n.cents <= -TUNED)),
        (SPAN, note.is_some_and(|n| n.cents >= TUNED)),
    ] {
        let at = pos2(x(cents) - cents.signum() * 6.0 * unit, lights);
        lamp::led(painter, at, 4.0 * unit, theme::EMBER, if lit { 1.0 } else { 0.0 });
    }
    let center = pos2(x(0.0), lights);
    lamp::led(painter, center, 5.0 * unit, theme::GLAZE, if tuned { 1.0 } else { 0.0 });
    if let Some(note) = note {
        let x = x(note.cents);
        let needle = [pos2(x, base - 30.0 * unit), pos2(x, base + 3.0 * unit)];
        painter.line_segment(needle, Stroke::new(7.0 * unit, ink.gamma_multiply(0.2)));
        painter.line_segment(needle, Stroke::new(2.6 * unit, ink));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_have_names() {
        for (hz, name, octave) in [
            (440.0, "A", 4),
            (82.407, "E", 2),
            (329.628, "E", 4),
            (30.868, "B", 0),
            (466.2, "A#", 4),
        ] {
            let note = Note::of(hz, 440.0);
            assert_eq!((note.name(), note.octave()), (name, octave), "{hz} Hz");
            assert!(note.cents.abs() < 1.0, "{note:?}");
        }
        assert!((Note::of(442.0, 440.0).cents - 7.85).abs() < 0.01);
    }
}
