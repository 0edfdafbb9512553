//! The frame around a picture: a title, a line of facts, two axes, a cross under the pointer.

use egui::{Align2, Color32, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, pos2, vec2};

use super::Shown;
use crate::{paint, theme};

/// Room for the title above the area, in units.
const TITLE: f32 = 27.0;
/// Room for the numbers of an axis below it, in units.
const FOOT: f32 = 17.0;
/// Room for the numbers of an axis at its left, in units.
const SIDE: f32 = 35.0;
/// How many times as wide as the area a curve may go beyond it.
const FAR: f32 = 10.0;

/// Where the values of an axis lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    from: f32,
    to: f32,
    log: bool,
}

impl Axis {
    /// In equal steps.
    pub(super) fn linear(from: f32, to: f32) -> Self {
        let to = if to.is_finite() && to != from { to } else { from + 1.0 };
        Self { from, to, log: false }
    }

    /// In equal ratios; both ends are positive.
    pub(super) fn log(from: f32, to: f32) -> Self {
        let to = if to.is_finite() && to > from { to } else { from * 10.0 };
        Self { from, to, log: true }
    }

    /// How far along it a value is: 0 at its beginning, 1 at its end.
    pub(super) fn share(self, value: f32) -> f32 {
        if self.log {
            (value.max(f32::MIN_POSITIVE) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }

    /// The value that is so far along it.
    pub(super) fn value(self, share: f32) -> f32 {
        if self.log {
            self.from * (self.to / self.from).powf(share)
        } else {
            self.from + (self.to - self.from) * share
        }
    }
}

/// A frame that is drawn, and what lies in it.
pub(super) struct Frame {
    /// Where curves go.
    pub(super) area: Rect,
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// How strong colours are: less while newer numbers are on their way.
    pub(super) strength: f32,
    /// For what can be read at the right above.
    head: Rect,
    unit: f32,
    response: Response,
}

impl Frame {
    /// Draws an empty frame in `rect`, with room for `numbers` at its left; nothing if
    /// there is nothing to put in it.
    pub(super) fn open<'a, T>(
        ui: &mut Ui,
        rect: Rect,
        title: &str,
        numbers: bool,
        shown: &Shown<'a, T>,
        axes: impl FnOnce(&T) -> [Axis; 2],
    ) -> (Response, Option<(Self, &'a T)>) {
        let unit = theme::unit(ui);
        paint::well(ui, rect, theme::COAL);
        let response = ui.interact(rect, ui.scope_id().with(("curve", title)), Sense::hover());
        response.widget_info(|| {
            let label = if shown.busy { format!("{title}: measuring") } else { title.into() };
            egui::WidgetInfo::labeled(egui::Role::Image, true, label)
        });
        let head = Rect::from_min_max(
            rect.min + vec2(9.0, 3.0) * unit,
            pos2(rect.right() - 9.0 * unit, rect.top() + TITLE * unit),
        );
        let words = title.to_uppercase();
        let (size, at) = (10.5 * unit, head.left_center());
        let spacing = 0.8 * unit;
        let align = Align2::LEFT_CENTER;
        let named = paint::spaced_text(ui.painter(), at, align, &words, size, spacing, theme::DIM);
        let head = head.with_min_x(named.right() + 8.0 * unit);
        let area = Rect::from_min_max(
            pos2(rect.left() + if numbers { SIDE } else { 9.0 } * unit, rect.top() + TITLE * unit),
            rect.max - vec2(9.0, FOOT) * unit,
        );
        let Some(data) = shown.data else {
            let words = if shown.busy { "measuring…" } else { "nothing to measure" };
            let font = theme::font(13.0 * unit);
            ui.painter().text(area.center(), Align2::CENTER_CENTER, words, font, theme::DIM);
            return (response, None);
        };
        let [x, y] = axes(data);
        let strength = if shown.busy { 0.45 } else { 1.0 };
        let frame = Self { area, x, y, strength, head, unit, response: response.clone() };
        (response, Some((frame, data)))
    }

    /// Where a value lies, be it a little outside of the area.
    pub(super) fn at(&self, x: f32, y: f32) -> Pos2 {
        // What is far away would be drawn forever, and not seen.
        let near = |share: f32| if share.is_nan() { 0.0 } else { share.clamp(-FAR, FAR) };
        pos2(
            egui::lerp(self.area.x_range(), near(self.x.share(x))),
            egui::lerp(self.area.bottom()..=self.area.top(), near(self.y.share(y))),
        )
    }

    /// Paints inside the area only.
    pub(super) fn painter(&self, ui: &Ui) -> Painter {
        ui.painter().with_clip_rect(self.area.expand(1.0).intersect(ui.clip_rect()))
    }

    /// Lines up and down at `marks`, with words below where there are any.
    pub(super) fn columns(&self, ui: &Ui, marks: &[(f32, String)]) {
        let font = theme::font(10.0 * self.unit);
        let mut free = f32::NEG_INFINITY;
        for (value, words) in marks {
            let at = self.at(*value, 0.0).x;
            let strong = if words.is_empty() { 12 } else { 26 };
            let color = Color32::from_white_alpha(strong);
            ui.painter().vline(at, self.area.y_range(), (1.0, color));
            if words.is_empty() {
                continue;
            }
            let galley = ui.painter().layout_no_wrap(words.clone(), font.clone(), theme::DIM);
            let half = galley.size().x * 0.5;
            // Numbers at the ends stay inside; what would touch its neighbour is left out.
            let middle = at.min(self.area.right() - half).max(self.area.left() + half);
            if middle - half < free {
                continue;
            }
            free = middle + half + 6.0 * self.unit;
            let top = self.area.bottom() + 2.5 * self.unit;
            ui.painter().galley(pos2(middle - half, top), galley, theme::DIM);
        }
    }

    /// Lines across at `marks`, with words at their left.
    pub(super) fn rows(&self, ui: &Ui, marks: &[(f32, String)]) {
        let font = theme::font(10.0 * self.unit);
        for (value, words) in marks {
            let at = self.at(self.x.from, *value);
            ui.painter().hline(self.area.x_range(), at.y, (1.0, Color32::from_white_alpha(20)));
            let at = at - vec2(4.0 * self.unit, 0.0);
            ui.painter().text(at, Align2::RIGHT_CENTER, words, font.clone(), theme::DIM);
        }
    }

    /// A line through `points`, in the frame's strength.
    pub(super) fn line(&self, ui: &Ui, points: Vec<Pos2>, color: Color32) {
        let color = color.gamma_multiply(self.strength);
        let painter = self.painter(ui);
        let halo = Stroke::new(4.5 * self.unit, color.gamma_multiply(0.15));
        painter.add(Shape::line(points.clone(), halo));
        painter.add(Shape::line(points, Stroke::new(1.6 * self.unit, color)));
    }

    /// A broken line through `points`.
    pub(super) fn dashes(&self, ui: &Ui, points: &[Pos2], color: Color32) {
        let stroke = Stroke::new(1.3 * self.unit, color.gamma_multiply(self.strength));
        let (on, off) = (5.0 * self.unit, 4.0 * self.unit);
        self.painter(ui).extend(Shape::dashed_line(points, stroke, on, off));
    }

    /// Says `facts` at the right above, or what `under` finds under the pointer: a
    /// value of the axis below leads to words and to where on both axes a dot goes.
    pub(super) fn tell(
        self,
        ui: &Ui,
        busy: bool,
        facts: &str,
        under: impl FnOnce(f32) -> Option<(String, [f32; 2])>,
    ) {
        let pointer = self.response.hover_pos().filter(|at| self.area.contains(*at));
        let share = pointer.map(|at| (at.x - self.area.left()) / self.area.width());
        let found = share.and_then(|share| under(self.x.value(share)));
        let size = 12.0 * self.unit;
        let Some((words, [x, y])) = found else {
            let (words, color) =
                if busy { ("measuring…", theme::DIM) } else { (facts, theme::TEXT) };
            paint::aligned_text(ui, self.head, words, size, color, 1.0);
            return;
        };
        let (painter, dot) = (self.painter(ui), self.at(x, y));
        painter.vline(dot.x, self.area.y_range(), (1.0, theme::FLAME.gamma_multiply(0.5)));
        painter.circle_filled(dot, 4.5 * self.unit, theme::COAL);
        painter.circle_filled(dot, 3.0 * self.unit, theme::FLAME);
        paint::aligned_text(ui, self.head, &words, size, theme::FLAME, 1.0);
    }
}

/// Marks for an axis of seconds from 0 to `end`, about `most` of them.
pub(super) fn time_marks(end: f32, most: f32) -> Vec<(f32, String)> {
    let step = step(end, most);
    let count = (end / step * 1.001).floor().min(50.0) as usize;
    let digits = (-step.log10().floor()).clamp(0.0, 3.0) as usize;
    let words = |i: usize| match (i, i as f32 * step) {
        (0, _) => "0".to_owned(),
        (_, s) if end < 0.3 => format!("{:.0} ms", s * 1000.0),
        (_, s) => format!("{s:.digits$} s"),
    };
    (0..=count).map(|i| (i as f32 * step, words(i))).collect()
}

/// One, two or five of a power of ten, that divides `end` into at most `most` parts.
pub(super) fn step(end: f32, most: f32) -> f32 {
    let least = (end / most.max(1.0)).clamp(1e-6, 1e6);
    let ten = 10f32.powf(least.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|m| m * ten).find(|s| *s >= least * 0.999).unwrap_or(ten * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_lead_there_and_back() {
        for axis in [Axis::linear(-80.0, 0.0), Axis::log(31.5, 16e3), Axis::linear(0.0, f32::NAN)] {
            for share in [0.0, 0.3, 1.0] {
                let back = axis.share(axis.value(share));
                assert!((back - share).abs() < 1e-5, "{axis:?}: {share} became {back}");
            }
        }
    }

    #[test]
    fn marks_are_round() {
        let words = |end, most| -> Vec<String> {
            time_marks(end, most).into_iter().map(|mark| mark.1).collect()
        };
        assert_eq!(words(6.0, 6.0), ["0", "1 s", "2 s", "3 s", "4 s", "5 s", "6 s"]);
        assert_eq!(words(1.3, 4.0), ["0", "0.5 s", "1.0 s"]);
        assert_eq!(words(0.2, 4.0), ["0", "50 ms", "100 ms", "150 ms", "200 ms"]);
    }
}
