//! Shapes and text that several widgets are made of.

use egui::epaint::RectShape;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align2, Color32, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Ui};
use egui::{pos2, vec2};

use crate::theme;

/// One line of text in `rect`, from its left and in its middle, cut with an
/// ellipsis where it is too long. Returns whether it was.
pub fn clipped_text(ui: &Ui, rect: Rect, words: &str, size: f32, color: Color32) -> bool {
    aligned_text(ui, rect, words, size, color, 0.0)
}

/// As [`clipped_text`], at `align` of the room that is left: 0.5 is the middle.
pub fn aligned_text(
    ui: &Ui,
    rect: Rect,
    words: &str,
    size: f32,
    color: Color32,
    align: f32,
) -> bool {
    let mut job = LayoutJob::simple_singleline(words.into(), theme::font(size), color);
    job.wrap = TextWrapping::truncate_at_width(rect.width().max(1.0));
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let left = rect.left() + (rect.width() - galley.size().x).max(0.0) * align;
    let at = pos2(left, rect.center().y - galley.size().y * 0.5);
    let elided = galley.elided;
    ui.painter().galley(at, galley, color);
    elided
}

/// Lines of text wrapped at the width of `rect`, from its top. Returns their height.
pub fn wrapped_text(ui: &Ui, rect: Rect, words: &str, size: f32, color: Color32) -> f32 {
    let painter = ui.painter();
    let galley = painter.layout(words.into(), theme::font(size), color, rect.width());
    let height = galley.size().y;
    painter.galley(rect.min, galley, color);
    height
}

/// Text with `spacing` points between its letters; returns where it lies.
pub fn spaced_text(
    painter: &Painter,
    at: Pos2,
    align: Align2,
    words: &str,
    size: f32,
    spacing: f32,
    color: Color32,
) -> Rect {
    let format = TextFormat {
        extra_letter_spacing: spacing,
        ..TextFormat::simple(theme::font(size), color)
    };
    let galley = painter.layout_job(LayoutJob::single_section(words.into(), format));
    let rect = align.anchor_size(at, galley.size());
    painter.galley(rect.min, galley, color);
    rect
}

/// The same, cut into a dark surface: an edge of light below.
pub fn engraved(
    painter: &Painter,
    at: Pos2,
    align: Align2,
    words: &str,
    size: f32,
    color: Color32,
) {
    let spacing = size * 0.09;
    let shade = Color32::from_black_alpha(170);
    spaced_text(painter, at - vec2(0.0, size * 0.08), align, words, size, spacing, shade);
    spaced_text(painter, at, align, words, size, spacing, color);
}

/// A rectangle that goes from `top` to `bottom` in color.
pub fn vertical(painter: &Painter, rect: Rect, top: Color32, bottom: Color32) {
    let mut mesh = Mesh::default();
    for (y, color) in [(rect.top(), top), (rect.bottom(), bottom)] {
        mesh.colored_vertex(pos2(rect.left(), y), color);
        mesh.colored_vertex(pos2(rect.right(), y), color);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(1, 2, 3);
    painter.add(Shape::mesh(mesh));
}

/// A rectangle that goes from `left` to `right` in color.
pub fn horizontal(painter: &Painter, rect: Rect, left: Color32, right: Color32) {
    let mut mesh = Mesh::default();
    for (x, color) in [(rect.left(), left), (rect.right(), right)] {
        mesh.colored_vertex(pos2(x, rect.top()), color);
        mesh.colored_vertex(pos2(x, rect.bottom()), color);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(1, 2, 3);
    painter.add(Shape::mesh(mesh));
}

/// An ellipse of light that fades to nothing at its rim.
pub fn glow(painter: &Painter, center: Pos2, radii: egui::Vec2, color: Color32) {
    const RINGS: usize = 8;
    const SIDES: usize = 40;
    let mut mesh = Mesh::default();
    mesh.colored_vertex(center, color);
    for ring in 1..=RINGS {
        let t = ring as f32 / RINGS as f32;
        // A smooth bell, which a plain linear fade is not.
        let light = (1.0 - t * t) * (1.0 - t * t);
        for side in 0..SIDES {
            let angle = side as f32 / SIDES as f32 * std::f32::consts::TAU;
            let at = center + vec2(angle.cos() * radii.x, angle.sin() * radii.y) * t;
            mesh.colored_vertex(at, color.gamma_multiply(light));
        }
    }
    let vertex = |ring: usize, side: usize| match ring {
        0 => 0,
        _ => (1 + (ring - 1) * SIDES + side % SIDES) as u32,
    };
    for ring in 1..=RINGS {
        for side in 0..SIDES {
            mesh.add_triangle(vertex(ring, side), vertex(ring, side + 1), vertex(ring - 1, side));
            if ring > 1 {
                let (a, b) = (vertex(ring - 1, side), vertex(ring - 1, side + 1));
                mesh.add_triangle(a, b, vertex(ring, side + 1));
            }
        }
    }
    painter.add(Shape::mesh(mesh));
}

/// A soft shadow under `rect`.
pub fn shadow(painter: &Painter, rect: Rect, round: f32, blur: f32, alpha: u8) {
    let shape =
        RectShape::filled(rect, round.clamp(0.0, 255.0) as u8, Color32::from_black_alpha(alpha));
    painter.add(shape.with_blur_width(blur));
}

/// A surface that lies on the window.
pub fn card(ui: &Ui, rect: Rect) {
    let unit = theme::unit(ui);
    let painter = ui.painter();
    let round = theme::round(theme::ROUND, unit);
    shadow(painter, rect.translate(vec2(0.0, 2.0 * unit)), 6.0 * unit, 8.0 * unit, 70);
    painter.rect_filled(rect, round, theme::CLAY);
    painter.rect_stroke(rect, round, Stroke::new(1.0, theme::ASH), StrokeKind::Inside);
    let top = rect.shrink2(vec2(5.0 * unit, 0.0));
    painter.hline(top.x_range(), rect.top() + 0.5, (1.0, Color32::from_white_alpha(18)));
}

/// A well sunk into a surface.
pub fn well(ui: &Ui, rect: Rect, fill: Color32) {
    let unit = theme::unit(ui);
    let round = theme::round(theme::ROUND - 1.0, unit);
    let painter = ui.painter();
    painter.rect_filled(rect, round, fill);
    painter.rect_stroke(rect, round, Stroke::new(1.0, theme::ASH), StrokeKind::Inside);
}

/// A part of a circle, from one angle to another in radians clockwise from three o'clock.
pub fn arc(painter: &Painter, center: Pos2, radius: f32, from: f32, to: f32, stroke: Stroke) {
    let steps = (((to - from).abs() * 14.0).ceil() as usize).max(1);
    let points = (0..=steps).map(|i| {
        let angle = from + (to - from) * i as f32 / steps as f32;
        center + vec2(angle.cos(), angle.sin()) * radius
    });
    painter.add(Shape::line(points.collect(), stroke));
}

/// The ring around what has the keyboard.
pub fn focus_ring(ui: &Ui, rect: Rect, round: f32) {
    let round = round.clamp(0.0, 255.0) as u8;
    let stroke = Stroke::new(1.5, theme::FLAME.gamma_multiply(0.9));
    ui.painter().rect_stroke(rect, round, stroke, StrokeKind::Outside);
}
