//! How long each band rings.

use egui::{Pos2, Rect, Response, Shape, Stroke, Ui, vec2};

use super::frame::{Axis, Frame, step};
use super::{Shown, hertz, longer, seconds};
use crate::theme;

/// The frequencies it is drawn over, in Hz.
const LOWEST: f32 = 31.5;
const HIGHEST: f32 = 16_000.0;

/// The time of one band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Its middle, in Hz.
    pub hz: f32,
    /// Its reverberation time; none where it could not be found.
    pub seconds: Option<f32>,
}

/// Reverberation times over frequency.
#[derive(Clone, Copy, Debug)]
pub struct Times<'a> {
    /// As measured.
    pub bands: &'a [Band],
    /// As asked for: Hz and seconds, in order. May be empty.
    pub asked: &'a [[f32; 2]],
    /// Seconds after which the sound was cut, if it was: what is not found is longer.
    pub cut: Option<f32>,
}

impl Times<'_> {
    /// The top of the axis: what was found fits, and what was asked for up to twice that.
    fn top(&self) -> f32 {
        let found = self.bands.iter().filter_map(|band| band.seconds).fold(0.0, f32::max);
        let found = found.max(self.cut.unwrap_or(0.0));
        let asked = self.asked.iter().map(|point| point[1]).fold(0.0, f32::max);
        let most = if found > 0.0 { asked.min(2.0 * found) } else { asked };
        1.15 * found.max(most).clamp(0.02, 1000.0)
    }

    /// The band nearest to a frequency.
    fn nearest(&self, hz: f32) -> Option<&Band> {
        let away = |band: &&Band| (band.hz / hz).ln().abs();
        self.bands.iter().min_by(|a, b| away(a).total_cmp(&away(b)))
    }
}

/// Draws the times in `rect`: bands as points with a line through them, and what was
/// asked for as a broken line.
pub fn times(ui: &mut Ui, rect: Rect, shown: &Shown<'_, Times<'_>>) -> Response {
    let axes = |data: &Times<'_>| [Axis::log(LOWEST, HIGHEST), Axis::linear(0.0, data.top())];
    let (response, open) = Frame::open(ui, rect, "T60 by frequency", true, shown, axes);
    let Some((frame, data)) = open else { return response };
    grid(ui, &frame, data.top());
    let asked: Vec<Pos2> = data.asked.iter().map(|[hz, s]| frame.at(*hz, *s)).collect();
    frame.dashes(ui, &asked, theme::STEEL);
    // Where a band is missing, so is the line.
    for run in data.bands.split(|band| band.seconds.is_none()) {
        let known = run.iter().filter_map(|band| Some((band.hz, band.seconds?)));
        frame.line(ui, known.map(|(hz, s)| frame.at(hz, s)).collect(), theme::EMBER);
    }
    for band in data.bands {
        point(ui, &frame, band, data.cut);
    }
    let facts = match (range(data), data.cut) {
        (None, Some(cut)) => longer(cut),
        (found, _) => found.unwrap_or_default(),
    };
    frame.tell(ui, shown.busy, &facts, |hz| {
        let band = data.nearest(hz)?;
        let time = match (band.seconds, data.cut) {
            (Some(s), _) => seconds(s),
            (None, Some(cut)) => longer(cut),
            (None, None) => "unknown".into(),
        };
        let height = band.seconds.or(data.cut).unwrap_or(0.0);
        Some((format!("{}, {time}", hertz(band.hz)), [band.hz, height]))
    });
    response
}

/// The shortest and the longest time, in words.
fn range(data: &Times<'_>) -> Option<String> {
    let found = || data.bands.iter().filter_map(|band| band.seconds);
    let (low, high) = (found().reduce(f32::min)?, found().reduce(f32::max)?);
    let (low, high) = (seconds(low), seconds(high));
    // The unit once, where both have the same.
    let short = low.strip_suffix(" s").filter(|_| high.ends_with(" s") && !high.ends_with("ms"));
    Some(format!("{} – {high}", short.filter(|low| !low.ends_with('m')).unwrap_or(&low)))
}

fn grid(ui: &Ui, frame: &Frame, top: f32) {
    let marks = [
        (31.5, "31 Hz"),
        (63.0, ""),
        (125.0, "125"),
        (250.0, ""),
        (500.0, "500"),
        (1e3, ""),
        (2e3, "2k"),
        (4e3, ""),
        (8e3, "8k"),
        (16e3, "16k"),
    ];
    frame.columns(ui, &marks.map(|(hz, words)| (hz, words.to_owned())));
    let unit = theme::unit(ui);
    let step = step(top, (frame.area.height() / (26.0 * unit)).max(1.0));
    let count = (0.97 * top / step).floor().min(20.0) as usize;
    let rows: Vec<(f32, String)> =
        (0..=count).map(|i| i as f32 * step).map(|s| (s, words(s))).collect();
    frame.rows(ui, &rows);
}

/// A round number of seconds.
fn words(s: f32) -> String {
    if s == 0.0 {
        return "0".into();
    }
    let digits = if s < 0.095 { 2 } else { usize::from((s * 10.0).round() % 10.0 != 0.0) };
    format!("{s:.digits$} s")
}

/// A band: a dot, or an arrow upwards where it is longer than could be found.
fn point(ui: &Ui, frame: &Frame, band: &Band, cut: Option<f32>) {
    let unit = theme::unit(ui);
    let painter = frame.painter(ui);
    match (band.seconds, cut) {
        (Some(seconds), _) => {
            let color = theme::FLAME.gamma_multiply(frame.strength);
            painter.circle_filled(frame.at(band.hz, seconds), 2.2 * unit, color);
        }
        (None, Some(cut)) => {
            let at = frame.at(band.hz, cut);
            let corner = |x: f32, y: f32| at + vec2(x, y) * unit;
            let points = vec![corner(-3.0, 2.0), corner(3.0, 2.0), corner(0.0, -4.0)];
            let color = theme::STEEL.gamma_multiply(frame.strength);
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        }
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_holds_what_was_found_and_some_of_what_was_asked() {
        let bands = [Band { hz: 100.0, seconds: Some(2.0) }, Band { hz: 1e3, seconds: None }];
        let top =
            |asked: f32, cut| Times { bands: &bands, asked: &[[31.5, asked]], cut }.top() / 1.15;
        assert_eq!([top(1.0, None), top(3.0, None), top(90.0, None)], [2.0, 3.0, 4.0]);
        assert_eq!(top(1.0, Some(6.0)), 6.0);
    }

    #[test]
    fn rows_in_words() {
        let words = [0.0, 0.05, 0.5, 1.0, 2.5, 20.0].map(super::words);
        assert_eq!(words, ["0", "0.05 s", "0.5 s", "1 s", "2.5 s", "20 s"]);
    }
}
