//! Curves over frequency and over time.

use egui::{Align2, Color32, Mesh, Pos2, Rect, Shape, Stroke, Ui, pos2, vec2};

use crate::{paint, theme};

/// The frequencies a response is drawn over, in Hz.
pub const LOWEST: f32 = 20.0;
/// The highest of them.
pub const HIGHEST: f32 = 20_000.0;

/// A grid of frequency (logarithmic) and level on which responses are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Response {
    area: Rect,
    /// The levels at the bottom and the top, in dB.
    range: [f32; 2],
}

impl Response {
    /// Draws an empty grid in `rect`, from `range[0]` to `range[1]` dB.
    pub fn grid(ui: &Ui, rect: Rect, range: [f32; 2]) -> Self {
        let unit = theme::unit(ui);
        paint::well(ui, rect, theme::COAL);
        let area =
            Rect::from_min_max(rect.min + vec2(6.0, 6.0) * unit, rect.max - vec2(6.0, 18.0) * unit);
        let plot = Self { area, range };
        let painter = ui.painter();
        let line = Color32::from_white_alpha(14);
        for decade in [10.0_f32, 100.0, 1000.0, 10_000.0] {
            for i in 1..10 {
                let hz = decade * i as f32;
                if (LOWEST..=HIGHEST).contains(&hz) {
                    let color = if i == 1 { Color32::from_white_alpha(34) } else { line };
                    painter.vline(plot.x(hz), area.y_range(), (1.0, color));
                }
            }
        }
        for (hz, words) in [
            (50.0, "50"),
            (100.0, "100"),
            (200.0, "200"),
            (500.0, "500"),
            (1e3, "1k"),
            (2e3, "2k"),
            (5e3, "5k"),
            (1e4, "10k"),
        ] {
            let at = pos2(plot.x(hz), area.bottom() + 8.0 * unit);
            painter.text(at, Align2::CENTER_CENTER, words, theme::font(10.0 * unit), theme::FAINT);
        }
        let mut db = (range[0] / 12.0).ceil() * 12.0;
        while db < range[1] {
            painter.hline(area.x_range(), plot.y(db), (1.0, line));
            let at = pos2(area.left() + 3.0 * unit, plot.y(db) - 6.0 * unit);
            let words = format!("{db:.0} dB");
            painter.text(at, Align2::LEFT_CENTER, words, theme::font(9.5 * unit), theme::FAINT);
            db += 12.0;
        }
        plot
    }

    /// Where a frequency lies.
    pub fn x(&self, hz: f32) -> f32 {
        let t = (hz / LOWEST).ln() / (HIGHEST / LOWEST).ln();
        egui::lerp(self.area.x_range(), t)
    }

    /// Where a level lies, be it outside of the grid.
    pub fn y(&self, db: f32) -> f32 {
        egui::remap(db, self.range[0]..=self.range[1], self.area.bottom()..=self.area.top())
    }

    /// Draws a curve given by frequency in Hz and level in dB, with the space
    /// under it filled where `filled`.
    pub fn curve(
        &self,
        ui: &Ui,
        points: impl Iterator<Item = (f32, f32)>,
        color: Color32,
        filled: bool,
    ) {
        let points: Vec<Pos2> = points.map(|(hz, db)| pos2(self.x(hz), self.y(db))).collect();
        let painter = ui.painter().with_clip_rect(self.area.expand(1.0));
        if filled {
            painter.add(Shape::mesh(under(&points, self.area, color)));
        }
        let unit = theme::unit(ui);
        let halo = Stroke::new(4.5 * unit, color.gamma_multiply(0.15));
        painter.add(Shape::line(points.clone(), halo));
        painter.add(Shape::line(points, Stroke::new(1.6 * unit, color)));
    }

    /// Shades what a filter with its edge at `hz` takes away.
    pub fn cut(&self, ui: &Ui, hz: f32, above: bool) {
        let x = self.x(hz);
        let dark = theme::COAL.gamma_multiply(0.78);
        let clear = theme::COAL.gamma_multiply(0.35);
        let painter = ui.painter();
        if above {
            paint::horizontal(painter, self.area.with_min_x(x), clear, dark);
        } else {
            paint::horizontal(painter, self.area.with_max_x(x), dark, clear);
        }
        painter.vline(x, self.area.y_range(), (1.2, theme::FLAME.gamma_multiply(0.55)));
    }
}

/// The space under a curve, fading to the bottom.
fn under(points: &[Pos2], area: Rect, color: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    for (i, point) in points.iter().enumerate() {
        mesh.colored_vertex(*point, color.gamma_multiply(0.28));
        mesh.colored_vertex(pos2(point.x, area.bottom()), color.gamma_multiply(0.02));
        if i > 0 {
            let last = 2 * i as u32;
            mesh.add_triangle(last - 2, last - 1, last);
            mesh.add_triangle(last - 1, last, last + 1);
        }
    }
    mesh
}

/// Draws samples from the smallest and the largest of each stretch, over `rect`.
pub fn waveform(ui: &Ui, rect: Rect, stretches: &[(f32, f32)], color: Color32) {
    let painter = ui.painter().with_clip_rect(rect);
    painter.hline(rect.x_range(), rect.center().y, (1.0, color.gamma_multiply(0.3)));
    let count = stretches.len().max(1) as f32;
    let half = rect.height() * 0.5;
    let mut mesh = Mesh::default();
    for (i, &(low, high)) in stretches.iter().enumerate() {
        let x = egui::lerp(rect.x_range(), (i as f32 + 0.5) / count);
        let top = rect.center().y - high.clamp(-1.0, 1.0) * half - 0.6;
        let bottom = rect.center().y - low.clamp(-1.0, 1.0) * half + 0.6;
        mesh.colored_vertex(pos2(x, top), color);
        mesh.colored_vertex(pos2(x, bottom), color);
        if i > 0 {
            let last = 2 * i as u32;
            mesh.add_triangle(last - 2, last - 1, last);
            mesh.add_triangle(last - 1, last, last + 1);
        }
    }
    painter.add(Shape::mesh(mesh));
}
