//! The front of an amplifier: vinyl around a grille that glows, above a panel
//! of metal that carries the knobs.

use egui::epaint::RectShape;
use egui::{Align2, Color32, Painter, Pos2, Rect, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::texture::Texture;
use crate::{paint, theme};

/// Where things can be put on a front.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// The grille.
    pub grille: Rect,
    /// The panel of metal.
    pub panel: Rect,
}

/// How a front is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Front<'a> {
    /// What stands on the badge; without anything there is none.
    pub badge: &'a str,
    /// Height of the panel, in units.
    pub panel: f32,
    /// How hot it is: 0 cold, 1 as hot as it gets.
    pub heat: f32,
}

impl Front<'_> {
    /// Draws it in `rect`.
    pub fn show(&self, ui: &Ui, rect: Rect) -> Head {
        let unit = theme::unit(ui);
        let painter = ui.painter();
        body(painter, rect, unit);
        let inner = rect.shrink(15.0 * unit);
        let split = inner.bottom() - self.panel * unit;
        let grille = inner.with_max_y(split - 9.0 * unit);
        let panel = inner.with_min_y(split);
        self.grille(painter, grille, unit);
        metal(painter, panel, unit);
        Head { grille, panel }
    }

    fn grille(&self, painter: &Painter, rect: Rect, unit: f32) {
        let heat = self.heat.clamp(0.0, 1.0);
        let round = theme::round(7.0, unit);
        painter.rect_filled(rect.expand(2.5 * unit), theme::round(9.0, unit), theme::COAL);
        painter.rect_filled(rect, round, Color32::from_rgb(0x12, 0x0c, 0x0a));
        let inside = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
        embers(&inside, rect, heat);
        let tint = Color32::from_rgb(0x3e, 0x34, 0x30);
        Texture::Cloth.fill(&inside, rect, unit, tint);
        // What glows also lights the cloth from behind.
        let lit = theme::EMBER.gamma_multiply(0.05 + 0.16 * heat);
        let center = rect.center() + vec2(0.0, rect.height() * 0.25);
        paint::glow(&inside, center, rect.size() * vec2(0.5, 0.75), lit);
        let depth = rect.height().min(40.0 * unit) * 0.8;
        let dark = Color32::from_black_alpha(170);
        let clear = Color32::TRANSPARENT;
        paint::vertical(&inside, rect.with_max_y(rect.top() + depth), dark, clear);
        let side = 26.0 * unit;
        paint::horizontal(&inside, rect.with_max_x(rect.left() + side), dark, clear);
        paint::horizontal(&inside, rect.with_min_x(rect.right() - side), clear, dark);
        let line = Stroke::new(2.2 * unit, piping());
        painter.rect_stroke(rect.expand(1.5 * unit), round, line, StrokeKind::Outside);
        if !self.badge.is_empty() {
            badge(painter, rect, self.badge, heat, unit);
        }
    }
}

/// The light of what burns behind the grille: a bed of embers with four hearts.
fn embers(painter: &Painter, rect: Rect, heat: f32) {
    let (width, height) = (rect.width(), rect.height());
    let bed = rect.center() + vec2(0.0, height * 0.42);
    let deep = theme::RUST.lerp_to_gamma(theme::EMBER, heat).gamma_multiply(0.5 + 0.4 * heat);
    paint::glow(painter, bed, vec2(width * 0.62, height * (0.75 + 0.35 * heat)), deep);
    for (at, size) in [(-0.33, 0.85), (-0.11, 1.0), (0.11, 1.0), (0.33, 0.85)] {
        let center = rect.center() + vec2(width * at, height * 0.26);
        let light = 0.28 + 0.55 * heat;
        let radii = vec2(width * 0.105, height * 0.62) * size;
        paint::glow(painter, center, radii, theme::EMBER.gamma_multiply(light));
        // Redder than a flame, or the cloth before it makes it look grey.
        let heart = Color32::from_rgb(0xff, 0xa4, 0x48).gamma_multiply(0.15 + 0.8 * heat);
        let below = center + vec2(0.0, height * 0.1);
        paint::glow(painter, below, radii * vec2(0.4, 0.5) * (0.8 + 0.4 * heat), heart);
    }
}

/// The gold that lines everything, as it ages.
fn piping() -> Color32 {
    Color32::from_rgb(0x8a, 0x62, 0x3a)
}

/// The box, covered with vinyl.
fn body(painter: &Painter, rect: Rect, unit: f32) {
    let round = theme::round(16.0, unit);
    let below = rect.translate(vec2(0.0, 6.0 * unit));
    paint::shadow(painter, below, 16.0 * unit, 22.0 * unit, 190);
    painter.rect_filled(rect, round, Color32::from_rgb(0x1b, 0x18, 0x19));
    // In tiles of one size, so that the grain is as coarse on any front.
    let tint = Color32::from_rgb(0x3a, 0x35, 0x37);
    Texture::Tolex.fill_round(painter, rect, round, unit, tint);
    let inside = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let corner = 6.0 * unit;
    paint::vertical(
        &inside,
        rect.shrink2(vec2(corner, 0.0)).with_max_y(rect.top() + rect.height() * 0.4),
        Color32::from_white_alpha(10),
        Color32::TRANSPARENT,
    );
    paint::vertical(
        &inside,
        rect.shrink2(vec2(corner, 0.0)).with_min_y(rect.top() + rect.height() * 0.6),
        Color32::TRANSPARENT,
        Color32::from_black_alpha(110),
    );
    let edge = Stroke::new(3.0 * unit, Color32::from_rgb(0x10, 0x0e, 0x0f));
    painter.rect_stroke(rect, round, edge, StrokeKind::Inside);
    let rim = Stroke::new(1.0, Color32::from_white_alpha(20));
    painter.rect_stroke(rect.shrink(1.0), round, rim, StrokeKind::Inside);
}

/// The panel of brushed metal, with a screw in each corner.
fn metal(painter: &Painter, rect: Rect, unit: f32) {
    painter.rect_filled(rect.expand(2.5 * unit), theme::round(5.0, unit), theme::COAL);
    let tint = Color32::from_rgb(0x46, 0x40, 0x3e);
    Texture::Brushed.fill(painter, rect, unit, tint);
    let (top, bottom) = (Color32::from_white_alpha(14), Color32::from_black_alpha(105));
    paint::vertical(painter, rect, top, bottom);
    painter.hline(rect.x_range(), rect.top() + 0.5, (1.0, Color32::from_white_alpha(38)));
    let line = Stroke::new(1.6 * unit, piping().gamma_multiply(0.85));
    let round = theme::round(3.0, unit);
    painter.rect_stroke(rect.expand(1.0 * unit), round, line, StrokeKind::Outside);
    let inset = vec2(9.0, 9.0) * unit;
    let corners = rect.shrink2(inset);
    for at in
        [corners.left_top(), corners.right_top(), corners.left_bottom(), corners.right_bottom()]
    {
        screw(painter, at, 3.6 * unit);
    }
}

fn screw(painter: &Painter, center: Pos2, radius: f32) {
    painter.circle_filled(
        center + vec2(0.0, radius * 0.2),
        radius * 1.2,
        Color32::from_black_alpha(150),
    );
    painter.circle_filled(center, radius, Color32::from_rgb(0x62, 0x5b, 0x56));
    painter.circle_filled(
        center + vec2(0.0, radius * 0.12),
        radius * 0.84,
        Color32::from_rgb(0x44, 0x3f, 0x3c),
    );
    let turn = (center.x * 0.37 + center.y * 0.11).sin() * 1.4;
    let slot = vec2(turn.cos(), turn.sin()) * radius * 0.72;
    painter.line_segment(
        [center - slot, center + slot],
        (radius * 0.34, Color32::from_black_alpha(190)),
    );
}

/// The name on a plate in the grille.
fn badge(painter: &Painter, grille: Rect, words: &str, heat: f32, unit: f32) {
    let size = (grille.height() * 0.24).clamp(14.0 * unit, 40.0 * unit);
    let center = pos2(grille.center().x, grille.top() + grille.height() * 0.46);
    let spacing = size * 0.34;
    let letters = words.chars().count() as f32;
    let plate =
        Rect::from_center_size(center, vec2(letters * size * 0.98 + size * 0.9, size * 1.5));
    let round = theme::round(5.0, unit);
    let below = plate.translate(vec2(0.0, 3.0 * unit));
    paint::shadow(painter, below, 5.0 * unit, 10.0 * unit, 200);
    let fill = RectShape::filled(plate, round, Color32::from_rgb(0x1a, 0x16, 0x15));
    painter.add(fill);
    let inner = plate.shrink(1.5 * unit);
    paint::vertical(painter, inner, Color32::from_white_alpha(16), Color32::from_black_alpha(60));
    painter.rect_stroke(plate, round, Stroke::new(1.5 * unit, piping()), StrokeKind::Inside);
    let halo = theme::EMBER.gamma_multiply(0.12 + 0.35 * heat);
    paint::glow(painter, center, plate.size() * vec2(0.55, 0.8), halo);
    let color = theme::EMBER.lerp_to_gamma(theme::FLAME, 0.25 + 0.6 * heat);
    let dark = Color32::from_black_alpha(220);
    let lift = vec2(0.0, 1.4 * unit);
    paint::spaced_text(painter, center + lift, Align2::CENTER_CENTER, words, size, spacing, dark);
    paint::spaced_text(painter, center, Align2::CENTER_CENTER, words, size, spacing, color);
}
