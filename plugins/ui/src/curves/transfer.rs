//! What comes out for what goes in, with the sound that is moving on it.

use egui::{Pos2, Rect, Response, Shape, Stroke, Ui};

use super::frame::{Axis, Frame, step};
use super::{Shown, level};
use crate::theme;

/// The least the axis of outputs holds, to either side.
const LEAST: f32 = 0.25;

/// The transfer curve of a distortion.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// Input and output in the order in which a sine takes them, out and back: one
    /// line, or a loop where the output depends on what was.
    pub curve: &'a [[f32; 2]],
    /// Input and output of the latest sound, in order of time. May be empty.
    pub moving: &'a [[f32; 2]],
    /// The largest input that is drawn.
    pub reach: f32,
}

impl Transfer<'_> {
    /// The largest output that is drawn.
    fn top(&self) -> f32 {
        let largest = |most: f32, point: &[f32; 2]| {
            if point[0].abs() <= self.reach { most.max(point[1].abs()) } else { most }
        };
        1.1 * self.curve.iter().fold(LEAST, largest).min(100.0)
    }

    /// How far the sound went lately, of inputs.
    fn swing(&self) -> Option<f32> {
        let largest = self.moving.iter().map(|point| point[0].abs()).fold(0.0, f32::max);
        (largest > 1e-4).then_some(largest)
    }
}

/// Draws the curve in `rect`, over the line of what would change nothing, and the sound
/// on it.
pub fn transfer(ui: &mut Ui, rect: Rect, shown: &Shown<'_, Transfer<'_>>) -> Response {
    let axes = |data: &Transfer<'_>| {
        let (reach, top) = (data.reach.max(1e-3), data.top());
        [Axis::linear(-reach, reach), Axis::linear(-top, top)]
    };
    let (response, open) = Frame::open(ui, rect, "Transfer curve", true, shown, axes);
    let Some((frame, data)) = open else { return response };
    grid(ui, &frame, data);
    let ends = [frame.at(-data.reach, -data.reach), frame.at(data.reach, data.reach)];
    frame.dashes(ui, &ends, theme::SEAM);
    let points = |all: &[[f32; 2]]| all.iter().map(|[x, y]| frame.at(*x, *y)).collect::<Vec<_>>();
    frame.line(ui, points(data.curve), theme::EMBER);
    sound(ui, &frame, &points(data.moving));
    let facts = match data.swing() {
        Some(swing) => format!("{} in", level(swing)),
        None => String::new(),
    };
    frame.tell(ui, shown.busy, &facts, |x| {
        let away = |point: &&[f32; 2]| (point[0] - x).abs();
        let [x, y] = *data.curve.iter().min_by(|a, b| away(a).total_cmp(&away(b)))?;
        Some((format!("{x:.2} becomes {y:.2}"), [x, y]))
    });
    response
}

fn grid(ui: &Ui, frame: &Frame, data: &Transfer<'_>) {
    let unit = theme::unit(ui);
    let marks = |end: f32, room: f32| -> Vec<(f32, String)> {
        let step = step(end, (room / unit).max(1.0));
        let count = (end / step).floor().clamp(0.0, 20.0) as i32;
        let digits = (-step.log10().floor()).clamp(0.0, 3.0) as usize;
        let mark = |i: i32| (i as f32 * step, format!("{:.digits$}", i as f32 * step));
        (-count..=count).map(mark).collect()
    };
    frame.columns(ui, &marks(data.reach, frame.area.width() / 2.0 / 44.0));
    frame.rows(ui, &marks(data.top(), frame.area.height() / 2.0 / 26.0));
}

/// The sound as a glow that is brighter the later it was, and ends in a spark.
fn sound(ui: &Ui, frame: &Frame, points: &[Pos2]) {
    let unit = theme::unit(ui);
    let painter = frame.painter(ui);
    let parts = 8;
    let length = points.len().div_ceil(parts).max(1);
    for (i, start) in (0..points.len()).step_by(length).enumerate() {
        // A point more, where the next part begins.
        let run = points[start..points.len().min(start + length + 1)].to_vec();
        let strength = (i + 1) as f32 / parts as f32;
        let color = theme::FLAME.gamma_multiply(0.15 + 0.75 * strength);
        painter.add(Shape::line(run, Stroke::new(2.4 * unit, color)));
    }
    if let Some(spark) = points.last() {
        painter.circle_filled(*spark, 7.0 * unit, theme::FLAME.gamma_multiply(0.25));
        painter.circle_filled(*spark, 3.2 * unit, theme::TEXT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_holds_what_is_in_reach() {
        let curve = [[-2.0, -5.0], [-1.0, -0.5], [1.0, 0.8], [f32::NAN, 9.0]];
        let top = |reach| Transfer { curve: &curve, moving: &[], reach }.top() / 1.1;
        assert_eq!([top(0.5), top(1.0), top(2.0)], [LEAST, 0.8, 5.0]);
    }
}
