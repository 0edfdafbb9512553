//! A peak meter with peak hold and a clip light.

use egui::{Align2, Color32, Mesh, Rect, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::{paint, theme};

/// The scale, in dB relative to full scale.
const FLOOR: f32 = -60.0;
const TOP: f32 = 6.0;

/// How fast the bar falls, in dB per second.
const FALL: f32 = 30.0;
/// How long the peak line stays, in seconds.
const HOLD: f32 = 1.5;

/// What one meter shows.
#[derive(Clone, Debug)]
pub struct Meter {
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
    pub fn feed(&mut self, peaks: [f32; 2], seconds: f32) {
        for (bar, peak) in self.bars.iter_mut().zip(peaks) {
            let db = (20.0 * peak.max(1e-6).log10()).clamp(FLOOR, TOP);
            bar.level = db.max(bar.level - FALL * seconds).clamp(FLOOR, TOP);
            bar.age += seconds;
            if db >= bar.peak || bar.age > HOLD {
                (bar.peak, bar.age) = (bar.level, 0.0);
            }
            self.clipped |= peak > 1.0;
        }
    }

    /// Whether it would still move without further sound.
    pub fn moving(&self) -> bool {
        self.bars.iter().any(|bar| bar.level > FLOOR || bar.peak > FLOOR)
    }

    /// The level of the louder channel: 0 silence, 1 full scale.
    pub fn level(&self) -> f32 {
        let db = self.bars.iter().map(|bar| bar.level).fold(FLOOR, f32::max);
        ((db - FLOOR) / -FLOOR).clamp(0.0, 1.0)
    }

    /// Whether full scale was exceeded since the last click.
    pub fn clipped(&self) -> bool {
        self.clipped
    }

    /// Draws `channels` bars in `rect` under `label`.
    pub fn show(&mut self, ui: &mut Ui, rect: Rect, label: &str, channels: usize) {
        let unit = theme::unit(ui);
        let sense = Sense::CLICK - Sense::FOCUSABLE;
        let response = ui.interact(rect, ui.scope_id().with(("meter", label)), sense);
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
        let name = pos2(rect.center().x, rect.top() + 6.0 * unit);
        paint::engraved(painter, name, Align2::CENTER_CENTER, label, 11.0 * unit, theme::DIM);
        let well = rect.with_min_y(rect.top() + 16.0 * unit);
        painter.rect(
            well,
            theme::round(4.0, unit),
            theme::COAL,
            Stroke::new(1.0, theme::ASH),
            StrokeKind::Inside,
        );
        let inner = well.shrink(4.0 * unit);
        let lamp = Rect::from_min_size(inner.min, vec2(inner.width(), 6.0 * unit));
        let color = if clipped { theme::ALARM } else { theme::ASH };
        if clipped {
            let halo = theme::ALARM.gamma_multiply(0.4);
            paint::glow(painter, lamp.center(), vec2(lamp.width(), 12.0 * unit), halo);
        }
        painter.rect_filled(lamp, 2.0, color);
        let area = Rect::from_min_max(pos2(inner.left(), lamp.bottom() + 4.0 * unit), inner.max);
        self.bars(ui, area, channels.clamp(1, 2), unit);
        response.on_hover_ui(|ui| {
            let peak = self.bars.iter().map(|bar| bar.peak).fold(FLOOR, f32::max);
            let words = if peak > FLOOR { format!("{peak:.1} dBFS") } else { "silent".into() };
            ui.strong(format!("{label} {words}"));
            if clipped {
                ui.colored_label(theme::ALARM, "Above full scale. Click to clear.");
            }
        });
    }

    fn bars(&self, ui: &Ui, area: Rect, channels: usize, unit: f32) {
        let painter = ui.painter();
        let gap = 3.0 * unit;
        let width = (area.width() - gap * (channels - 1) as f32) / channels as f32;
        for (i, bar) in self.bars.iter().take(channels).enumerate() {
            let left = area.left() + (width + gap) * i as f32;
            let column = Rect::from_min_size(pos2(left, area.top()), vec2(width, area.height()));
            bar.paint(ui, column, unit);
        }
        // The bars are cut into segments, a fine grid that reads as a scale.
        let step = (4.0 * unit).max(3.0);
        let rows = (area.height() / step) as usize;
        for row in 1..rows {
            let y = area.bottom() - row as f32 * step;
            painter.hline(area.x_range(), y, ((1.0 * unit).max(0.8), theme::COAL));
        }
        for db in [0.0, -12.0, -24.0, -48.0] {
            let y = height_of(db, area);
            painter.hline(area.x_range(), y, (unit.max(1.0), theme::SEAM));
        }
    }
}

impl Bar {
    fn paint(&self, ui: &Ui, column: Rect, unit: f32) {
        let painter = ui.painter();
        painter.rect_filled(column, 1.0, theme::ASH.gamma_multiply(0.45));
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
                gradient(&mut mesh, column, (bottom, cool), (top, cool.lerp_to_gamma(hot, t)));
            }
        }
        painter.add(Shape::mesh(mesh));
        if self.peak > FLOOR {
            let color = if self.peak > 0.0 { theme::ALARM } else { theme::FLAME };
            painter.hline(column.x_range(), height_of(self.peak, column), (1.8 * unit, color));
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
    fn a_clock_that_goes_back_does_no_harm() {
        let mut meter = Meter::default();
        meter.feed([0.5, 0.0], 0.02);
        meter.feed([0.0; 2], -600.0);
        assert!(meter.bars[0].level <= TOP);
    }

    #[test]
    fn clipping_stays() {
        let mut meter = Meter::default();
        meter.feed([0.0, 1.1], 0.02);
        meter.feed([0.0, 0.0], 10.0);
        assert!(meter.clipped);
    }
}
