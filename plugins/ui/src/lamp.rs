//! Lights.

use egui::{Color32, Painter, Pos2, Stroke, vec2};

use crate::{paint, theme};

/// A small light of `radius` points; `level` 0 is off and 1 fully on.
pub fn led(painter: &Painter, center: Pos2, radius: f32, color: Color32, level: f32) {
    let level = level.clamp(0.0, 1.0);
    if level > 0.02 {
        let halo = color.gamma_multiply(0.35 * level);
        paint::glow(painter, center, vec2(radius, radius) * 3.2, halo);
    }
    painter.circle_filled(center, radius * 1.25, theme::COAL);
    painter.circle_stroke(center, radius * 1.25, Stroke::new(radius * 0.2, theme::SEAM));
    let off = color.lerp_to_gamma(theme::COAL, 0.78);
    painter.circle_filled(center, radius, off.lerp_to_gamma(color, level));
    let glint = Color32::WHITE.gamma_multiply(0.15 + 0.4 * level);
    painter.circle_filled(center - vec2(radius, radius) * 0.3, radius * 0.28, glint);
}

/// A jewel behind a bezel, as the pilot lamp of an amplifier.
pub fn pilot(painter: &Painter, center: Pos2, radius: f32, level: f32) {
    let level = level.clamp(0.0, 1.0);
    let halo = theme::EMBER.gamma_multiply(0.5 * level);
    paint::glow(painter, center, vec2(radius, radius) * 3.6, halo);
    painter.circle_filled(center, radius * 1.35, Color32::from_rgb(0x5a, 0x50, 0x48));
    painter.circle_filled(center, radius * 1.22, Color32::from_rgb(0x2a, 0x25, 0x22));
    let dark = Color32::from_rgb(0x3a, 0x14, 0x08);
    painter.circle_filled(center, radius, dark.lerp_to_gamma(theme::EMBER, level));
    // The facets.
    for i in 0..6 {
        let angle = i as f32 * std::f32::consts::TAU / 6.0 + 0.3;
        let at = center + vec2(angle.cos(), angle.sin()) * radius;
        let facet = Color32::from_black_alpha(50);
        painter.line_segment([center, at], Stroke::new(radius * 0.1, facet));
    }
    let heart = dark.lerp_to_gamma(theme::FLAME, level);
    painter.circle_filled(center, radius * 0.5, heart.gamma_multiply(0.9));
    painter.circle_filled(
        center - vec2(radius, radius) * 0.32,
        radius * 0.2,
        Color32::WHITE.gamma_multiply(0.2 + 0.5 * level),
    );
}
