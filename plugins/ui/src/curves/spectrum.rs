//! What a distortion makes of a sine: harmonics, and what is none.

use egui::{Mesh, Rect, Response, Shape, Ui, pos2};

use super::frame::{Axis, Frame};
use super::{Shown, hertz};
use crate::theme;

/// The least level that is drawn, in dB.
const FLOOR: f32 = -140.0;

/// The spectrum of a distorted sine.
#[derive(Clone, Copy, Debug)]
pub struct Spectrum<'a> {
    /// Harmonics, the first among them: Hz and dB.
    pub harmonics: &'a [[f32; 2]],
    /// Everything else, most of it aliases, in dB at equal steps from 0 Hz to `top`.
    pub rest: &'a [f32],
    /// Where it ends, in Hz.
    pub top: f32,
    /// Power of what is no harmonic by that of what is one, in dB.
    pub alias: f32,
}

impl Spectrum<'_> {
    fn nearest(&self, hz: f32) -> Option<&[f32; 2]> {
        let away = |harmonic: &&[f32; 2]| (harmonic[0] - hz).abs();
        self.harmonics.iter().min_by(|a, b| away(a).total_cmp(&away(b)))
    }
}

/// Draws the spectrum in `rect`: harmonics as sparks on stems, the rest as what lies
/// under them.
pub fn spectrum(ui: &mut Ui, rect: Rect, shown: &Shown<'_, Spectrum<'_>>) -> Response {
    let axes = |data: &Spectrum<'_>| [Axis::linear(0.0, data.top), Axis::linear(FLOOR, 0.0)];
    let (response, open) = Frame::open(ui, rect, "Spectrum of a sine", true, shown, axes);
    let Some((frame, data)) = open else { return response };
    let marks = [0.0, 5000.0, 10_000.0, 15_000.0, 20_000.0];
    let inside = marks.into_iter().filter(|hz| *hz <= 1.001 * data.top);
    let words = |hz: f32| if hz == 0.0 { "0".into() } else { format!("{:.0}k", hz / 1000.0) };
    frame.columns(ui, &inside.map(|hz| (hz, words(hz))).collect::<Vec<_>>());
    let rows = [0.0, -40.0, -80.0, -120.0];
    frame.rows(ui, &rows.map(|db| (db, format!("{db:.0}"))));
    rest(ui, &frame, data);
    let unit = theme::unit(ui);
    let painter = frame.painter(ui);
    for [hz, db] in data.harmonics {
        let (top, foot) = (frame.at(*hz, db.max(FLOOR)), frame.at(*hz, FLOOR));
        let color = theme::EMBER.gamma_multiply(frame.strength);
        painter.line_segment([foot, top], (1.6 * unit, color));
        let color = theme::FLAME.gamma_multiply(frame.strength);
        painter.circle_filled(top, 2.2 * unit, color);
    }
    let facts = match data.alias {
        db if db.is_finite() => format!("aliases {db:.0} dB"),
        _ => "no aliases".into(),
    };
    frame.tell(ui, shown.busy, &facts, |hz| {
        let [hz, db] = *data.nearest(hz)?;
        Some((format!("{}, {db:.1} dB", hertz(hz)), [hz, db.max(FLOOR)]))
    });
    response
}

/// What is no harmonic, filled; of all that falls into a point of the screen, the most.
fn rest(ui: &Ui, frame: &Frame, data: &Spectrum<'_>) {
    let columns = (frame.area.width().max(1.0) as usize).min(4096);
    let color = theme::STEEL.gamma_multiply(0.75 * frame.strength);
    let mut mesh = Mesh::default();
    for i in 0..columns {
        let bin = |i: usize| i * data.rest.len() / columns;
        let Some(levels) = data.rest.get(bin(i)..bin(i + 1).max(bin(i) + 1)) else { continue };
        let most = levels.iter().copied().fold(FLOOR, f32::max);
        let x = frame.area.left() + (i as f32 + 0.5) / columns as f32 * frame.area.width();
        let y = frame.at(0.0, most).y;
        let first = mesh.vertices.len() as u32;
        mesh.colored_vertex(pos2(x, y), color);
        mesh.colored_vertex(pos2(x, frame.area.bottom()), color.gamma_multiply(0.35));
        if first > 0 {
            mesh.add_triangle(first - 2, first - 1, first);
            mesh.add_triangle(first - 1, first, first + 1);
        }
    }
    frame.painter(ui).add(Shape::mesh(mesh));
}
