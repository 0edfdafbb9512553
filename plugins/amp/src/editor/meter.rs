//! A peak meter with clip hold.

use egui::{Align2, Color32, Mesh, Rect, Sense, Shape, Ui, pos2, vec2};

use super::theme;

/// The scale, in dB relative to full scale.
const FLOOR: f32 = -60.0;
const TOP: f32 = 6.0;

/// How fast the bar falls, in dB per second.
const FALL: f32 = 30.0;
/// How long the peak line stays, in seconds.
const HOLD: f32 = 1.5;

/// What one meter shows.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    bars: [Bar; 2],
    /// Full scale was exceeded since the last click.
    clipped: bool,
}

#[derive(Clone, Copy, Debug)]
struct Bar {
    /// In dB.
    level: f32,
    /// In dB.
    peak: f32,
    /// Seconds since `peak` was reached.
    age: f32,
}

impl Default for Meter {
    fn default() -> Self {
        Self { bars: [Bar { level: FLOOR, peak: FLOOR, age: 0.0 }; 2], clipped: false }
    }
}

impl Meter {
    /// Takes in the largest magnitudes of the last `seconds`.
    pub(super) fn feed(&mut self, peaks: [f32; 2], seconds: f32) {
        for (bar, peak) in self.bars.iter_mut().zip(peaks) {
            let db = (20.0 * peak.max(1e-6).log10()).clamp(FLOOR, TOP);
            bar.level = db.max(bar.level - FALL * seconds).max(FLOOR);
            bar.age += seconds;
            if db >= bar.peak || bar.age > HOLD {
                (bar.peak, bar.age) = (bar.level, 0.0);
            }
            self.clipped |= peak > 1.0;
        }
    }

    /// Whether it would still move without further sound.
    pub(super) fn moving(&self) -> bool {
        self.bars.iter().any(|bar| bar.level > FLOOR || bar.peak > FLOOR)
    }

    /// Draws `channels` bars in `rect` under `label`.
    pub(super) fn show(&mut self, ui: &mut Ui, rect: Rect, label: &str, channels: usize) {
        let response = ui.interact(rect, ui.scope_id().with(("meter", label)), Sense::click());
        if response.clicked() {
            self.clipped = false;
        }
        let clipped = self.clipped;
        response.widget_info(|| {
            let state = if clipped { "clipped" } else { "" };
            let label = format!("{label} meter {state}");
            egui::WidgetInfo::labeled(egui::Role::Label, true, label.trim())
        });
        let painter = ui.painter();
        let name = pos2(rect.center().x, rect.top() + 6.0);
        painter.text(name, Align2::CENTER_CENTER, label, theme::font(12.0), theme::DIM);

        let lamp = Rect::from_min_size(rect.min + vec2(0.0, 18.0), vec2(rect.width(), 5.0));
        let color = if clipped { theme::ALARM } else { theme::ASH };
        painter.rect_filled(lamp, 2.0, color);

        let area = Rect::from_min_max(pos2(rect.left(), lamp.bottom() + 4.0), rect.max);
        let channels = channels.clamp(1, 2);
        let width = (area.width() - 3.0 * (channels - 1) as f32) / channels as f32;
        for (i, bar) in self.bars.iter().take(channels).enumerate() {
            let left = area.left() + (width + 3.0) * i as f32;
            let column = Rect::from_min_size(pos2(left, area.top()), vec2(width, area.height()));
            bar.paint(ui, column);
        }
        for db in [0.0, -12.0, -24.0, -48.0] {
            let y = height_of(db, area);
            painter.hline(area.x_range(), y, (1.0, theme::CHARCOAL.gamma_multiply(0.8)));
        }
        if clipped {
            response.on_hover_text("Above full scale. Click to clear.");
        }
    }
}

impl Bar {
    fn paint(&self, ui: &Ui, column: Rect) {
        let painter = ui.painter();
        painter.rect_filled(column, 2.0, theme::ASH.gamma_multiply(0.6));
        // From cool to hot, by height and not by level, as a thermometer.
        let stops = [
            (FLOOR, theme::RUST),
            (-18.0, theme::EMBER),
            (0.0, theme::FLAME),
            (0.01, theme::ALARM),
            (TOP, theme::ALARM),
        ];
        let mut mesh = Mesh::default();
        for pair in stops.windows(2) {
            let ((low, cool), (high, hot)) = (pair[0], pair[1]);
            if self.level > low {
                let t = ((self.level - low) / (high - low)).min(1.0);
                let bottom = height_of(low, column);
                let top = height_of(self.level.min(high), column);
                gradient(&mut mesh, column, (bottom, cool), (top, mix(cool, hot, t)));
            }
        }
        painter.add(Shape::mesh(mesh));
        if self.peak > FLOOR {
            let color = if self.peak > 0.0 { theme::ALARM } else { theme::FLAME };
            painter.hline(column.x_range(), height_of(self.peak, column), (1.5, color));
        }
    }
}

fn height_of(db: f32, area: Rect) -> f32 {
    egui::remap_clamp(db, FLOOR..=TOP, area.bottom()..=area.top())
}

fn gradient(mesh: &mut Mesh, column: Rect, bottom: (f32, Color32), top: (f32, Color32)) {
    let first = mesh.vertices.len() as u32;
    for (y, color) in [bottom, top] {
        mesh.colored_vertex(pos2(column.left(), y), color);
        mesh.colored_vertex(pos2(column.right(), y), color);
    }
    mesh.add_triangle(first, first + 1, first + 2);
    mesh.add_triangle(first + 1, first + 2, first + 3);
}

fn mix(a: Color32, b: Color32, t: f32) -> Color32 {
    a.lerp_to_gamma(b, t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_at_once_holds_and_falls() {
        let mut meter = Meter::default();
        assert!(!meter.moving());
        meter.feed([0.5, 0.0], 0.02);
        assert!((meter.bars[0].level + 6.02).abs() < 0.01);
        for _ in 0..60 {
            meter.feed([0.0; 2], 0.02);
        }
        assert!((meter.bars[0].peak + 6.02).abs() < 0.01, "held for 1.2 s");
        assert!(meter.bars[0].level < -40.0);
        for _ in 0..200 {
            meter.feed([0.0; 2], 0.02);
        }
        assert!(!meter.moving());
    }

    #[test]
    fn clipping_stays() {
        let mut meter = Meter::default();
        meter.feed([0.0, 1.1], 0.02);
        meter.feed([0.0, 0.0], 10.0);
        assert!(meter.clipped);
    }
}
