//! How the energy falls.

use egui::{Pos2, Rect, Response, Ui};

use super::frame::{Axis, Frame, time_marks};
use super::{Shown, longer, seconds};
use crate::theme;

/// The least level that is drawn, in dB.
const FLOOR: f32 = -80.0;

/// Schroeder's decay curve.
#[derive(Clone, Copy, Debug)]
pub struct Decay<'a> {
    /// How long it is, in seconds.
    pub seconds: f32,
    /// The energy that is left, in dB of all, at equal steps from the beginning on.
    pub levels: &'a [f32],
    /// Seconds until −60 dB, by the line that fits best.
    pub t60: Option<f32>,
    /// Whether the sound goes on after it.
    pub cut: bool,
}

impl Decay<'_> {
    fn at(&self, time: f32) -> Option<f32> {
        let i = (time / self.seconds * self.levels.len() as f32) as usize;
        self.levels.get(i).copied()
    }

    fn facts(&self) -> String {
        match self.t60 {
            Some(t60) => format!("T60 {}", seconds(t60)),
            None if self.cut => longer(self.seconds),
            None => String::new(),
        }
    }
}

/// A mark of the axis, the first with its unit.
fn level(db: f32) -> (f32, String) {
    (db, if db == 0.0 { "0 dB".into() } else { format!("{db:.0}") })
}

/// Draws the decay in `rect`, with the line of its reverberation time.
pub fn decay(ui: &mut Ui, rect: Rect, shown: &Shown<'_, Decay<'_>>) -> Response {
    let axes = |data: &Decay<'_>| [Axis::linear(0.0, data.seconds), Axis::linear(FLOOR, 0.0)];
    let (response, open) = Frame::open(ui, rect, "Energy decay", true, shown, axes);
    let Some((frame, data)) = open else { return response };
    let most = frame.area.width() / (62.0 * theme::unit(ui));
    frame.columns(ui, &time_marks(data.seconds, most));
    frame.rows(ui, &[0.0, -20.0, -40.0, -60.0, FLOOR].map(level));
    let count = data.levels.len().max(1) as f32;
    let points: Vec<Pos2> = (data.levels.iter().enumerate())
        .map(|(i, db)| frame.at(i as f32 / count * data.seconds, db.max(FLOOR - 5.0)))
        .collect();
    frame.line(ui, points, theme::EMBER);
    if let Some(t60) = data.t60 {
        let ends = [frame.at(0.0, 0.0), frame.at(t60 * FLOOR / -60.0, FLOOR)];
        frame.dashes(ui, &ends, theme::STEEL);
    }
    frame.tell(ui, shown.busy, &data.facts(), |time| {
        let db = data.at(time)?;
        Some((format!("{}, {db:.1} dB", seconds(time)), [time, db.max(FLOOR)]))
    });
    response
}
