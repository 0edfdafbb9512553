//! What is heard of a click.

use egui::{Align2, Mesh, Rect, Response, Shape, Ui, pos2, vec2};

use super::frame::{Axis, Frame, time_marks};
use super::{Shown, level, seconds};
use crate::theme;

/// What is quieter than this share of the peak, −40 dB, cannot be seen.
const VISIBLE: f32 = 0.01;

/// The impulse response, reduced.
#[derive(Clone, Copy, Debug)]
pub struct Impulse<'a> {
    /// How long it is, in seconds.
    pub seconds: f32,
    /// For one or two channels, the least and greatest sample of stretches of equal length.
    pub channels: &'a [Vec<[f32; 2]>],
    /// The largest magnitude of any sample.
    pub peak: f32,
}

impl Impulse<'_> {
    /// Seconds until nothing more can be seen.
    fn end(&self) -> f32 {
        let seen = |[low, high]: &[f32; 2]| high.max(-low) > VISIBLE * self.peak;
        let share = |channel: &Vec<[f32; 2]>| {
            let last = channel.iter().rposition(seen).map_or(0, |last| last + 1);
            last as f32 / channel.len().max(1) as f32
        };
        let most = self.channels.iter().map(share).fold(0.02, f32::max);
        self.seconds * most.min(1.0)
    }
}

/// Draws the impulse response in `rect`, each channel in a lane, as loud as fits, until
/// it is 40 dB below its peak.
pub fn impulse(ui: &mut Ui, rect: Rect, shown: &Shown<'_, Impulse<'_>>) -> Response {
    let axes = |data: &Impulse<'_>| [Axis::linear(0.0, data.end()), Axis::linear(0.0, 1.0)];
    let (response, open) = Frame::open(ui, rect, "Impulse response", false, shown, axes);
    let Some((frame, data)) = open else { return response };
    let end = data.end();
    frame.columns(ui, &time_marks(end, frame.area.width() / (62.0 * theme::unit(ui))));
    let lanes = data.channels.len().clamp(1, 2);
    let height = frame.area.height() / lanes as f32;
    for (i, channel) in data.channels.iter().take(2).enumerate() {
        let top = frame.area.top() + height * i as f32;
        let lane =
            Rect::from_min_size(pos2(frame.area.left(), top), vec2(frame.area.width(), height));
        wave(ui, &frame, lane.shrink2(vec2(0.0, 1.5)), channel, data);
        if lanes == 2 {
            let at = lane.right_top() + vec2(-4.0, 7.0) * theme::unit(ui);
            let font = theme::font(10.0 * theme::unit(ui));
            ui.painter().text(at, Align2::RIGHT_CENTER, ["L", "R"][i], font, theme::DIM);
        }
    }
    let facts = format!("peak {}", level(data.peak));
    frame.tell(ui, shown.busy, &facts, |time| {
        let loudest = data.channels.iter().filter_map(|channel| at(channel, time, data.seconds));
        let words = format!("{}, {}", seconds(time), level(loudest.fold(0.0, f32::max)));
        Some((words, [time, 0.5]))
    });
    response
}

/// The magnitude of a channel at a time.
fn at(channel: &[[f32; 2]], time: f32, seconds: f32) -> Option<f32> {
    let i = (time / seconds * channel.len() as f32) as usize;
    channel.get(i).map(|[low, high]| high.max(-low))
}

/// A channel as a filled band around the middle of its lane.
fn wave(ui: &Ui, frame: &Frame, lane: Rect, channel: &[[f32; 2]], data: &Impulse<'_>) {
    let painter = frame.painter(ui);
    let color = theme::EMBER.gamma_multiply(frame.strength);
    painter.hline(lane.x_range(), lane.center().y, (1.0, color.gamma_multiply(0.35)));
    let half = lane.height() * 0.5;
    let scaled =
        |y: f32| if data.peak > 0.0 { (y / data.peak).clamp(-1.0, 1.0) * half } else { 0.0 };
    let mut mesh = Mesh::default();
    for (i, [low, high]) in channel.iter().enumerate() {
        let time = (i as f32 + 0.5) / channel.len() as f32 * data.seconds;
        let x = frame.at(time, 0.0).x;
        mesh.colored_vertex(pos2(x, lane.center().y - scaled(*high) - 0.5), color);
        mesh.colored_vertex(pos2(x, lane.center().y - scaled(*low) + 0.5), color);
        if i > 0 {
            let last = 2 * i as u32;
            mesh.add_triangle(last - 2, last - 1, last);
            mesh.add_triangle(last - 1, last, last + 1);
        }
    }
    painter.add(Shape::mesh(mesh));
}
