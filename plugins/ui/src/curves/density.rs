//! How soon echoes become a texture.

use egui::{Align2, Pos2, Rect, Response, Ui, pos2};

use super::frame::{Axis, Frame};
use super::{Shown, seconds};
use crate::theme;

/// The top of the axis.
const TOP: f32 = 1.2;

/// Normalised echo density over time.
#[derive(Clone, Copy, Debug)]
pub struct Density<'a> {
    /// Seconds and density, in order.
    pub points: &'a [[f32; 2]],
    /// Seconds until it is first one, as that of noise.
    pub dense_after: Option<f32>,
}

/// Draws the echo density in `rect` over a logarithmic time, and marks when it is first one.
pub fn density(ui: &mut Ui, rect: Rect, shown: &Shown<'_, Density<'_>>) -> Response {
    let axes = |data: &Density<'_>| {
        let first = data.points.first().map_or(0.01, |point| point[0]).max(1e-3);
        let last = data.points.last().map_or(1.0, |point| point[0]);
        [Axis::log(first, last), Axis::linear(0.0, TOP)]
    };
    let (response, open) = Frame::open(ui, rect, "Echo density", true, shown, axes);
    let Some((frame, data)) = open else { return response };
    let marks = [
        (0.01, "10 ms"),
        (0.02, ""),
        (0.05, "50 ms"),
        (0.1, "100 ms"),
        (0.2, ""),
        (0.5, "0.5 s"),
        (1.0, "1 s"),
        (2.0, ""),
        (5.0, "5 s"),
    ];
    let inside = |mark: &(f32, String)| (-0.005..=1.005).contains(&frame.x.share(mark.0));
    let marks: Vec<_> =
        marks.iter().map(|(s, words)| (*s, (*words).to_owned())).filter(inside).collect();
    frame.columns(ui, &marks);
    frame.rows(ui, &[(0.0, "0".into()), (0.5, "0.5".into()), (1.0, "1".into())]);
    let points: Vec<Pos2> =
        data.points.iter().map(|[s, density]| frame.at(*s, density.min(TOP * 1.1))).collect();
    frame.line(ui, points, theme::EMBER);
    if let Some(after) = data.dense_after {
        mark(ui, &frame, after);
    }
    let facts = match data.dense_after {
        Some(after) => format!("dense after {}", seconds(after)),
        None if data.points.is_empty() => String::new(),
        None => "never dense".into(),
    };
    frame.tell(ui, shown.busy, &facts, |time| {
        let at = data.points.partition_point(|point| point[0] < time);
        let [time, density] = *data.points.get(at).or(data.points.last())?;
        Some((format!("{}, {density:.2}", seconds(time)), [time, density.min(TOP)]))
    });
    response
}

/// The moment from which on it is dense.
fn mark(ui: &Ui, frame: &Frame, after: f32) {
    let unit = theme::unit(ui);
    let at = frame.at(after, 1.0);
    let ends = [pos2(at.x, frame.area.bottom()), pos2(at.x, frame.area.top())];
    frame.dashes(ui, &ends, theme::STEEL);
    let color = theme::STEEL.gamma_multiply(frame.strength);
    frame.painter(ui).circle_filled(at, 3.0 * unit, color);
    // Beside the line, on the side that has room for it.
    let right = at.x < frame.area.center().x;
    let align = if right { Align2::LEFT_BOTTOM } else { Align2::RIGHT_BOTTOM };
    let away = if right { 5.0 } else { -5.0 } * unit;
    let below = pos2(at.x + away, frame.area.bottom() - 3.0 * unit);
    let font = theme::font(10.0 * unit);
    frame.painter(ui).text(below, align, "dense", font, color);
}
