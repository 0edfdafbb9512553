//! Signs drawn with a few lines, which no font has to contain.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, vec2};

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// To what comes before.
    Previous,
    /// To what comes after.
    Next,
    /// Something opens below.
    Down,
    /// Something above closes.
    Up,
    /// Away with it.
    Cross,
    /// Take back.
    Undo,
    /// Take back the taking back.
    Redo,
    /// A favourite.
    Star,
    /// No favourite.
    StarOutline,
    /// A folder.
    Folder,
    /// Keep it.
    Save,
    /// Look for one.
    Search,
    /// On or off.
    Power,
    /// From one to the other.
    Copy,
    /// Made by us.
    Flame,
}

impl Icon {
    /// Draws it around `center` with `radius` points to each side.
    pub fn paint(self, painter: &Painter, center: Pos2, radius: f32, color: Color32) {
        let at = |x: f32, y: f32| center + vec2(x, y) * radius;
        let stroke = Stroke::new((radius * 0.26).max(1.2), color);
        let fill = |points: Vec<Pos2>| {
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        };
        let line = |points: Vec<Pos2>| {
            painter.add(Shape::line(points, stroke));
        };
        match self {
            Icon::Previous => fill(vec![at(-0.75, 0.0), at(0.55, -0.85), at(0.55, 0.85)]),
            Icon::Next => fill(vec![at(0.75, 0.0), at(-0.55, 0.85), at(-0.55, -0.85)]),
            Icon::Down => fill(vec![at(-0.85, -0.45), at(0.85, -0.45), at(0.0, 0.6)]),
            Icon::Up => fill(vec![at(0.85, 0.45), at(-0.85, 0.45), at(0.0, -0.6)]),
            Icon::Cross => {
                line(vec![at(-0.7, -0.7), at(0.7, 0.7)]);
                line(vec![at(-0.7, 0.7), at(0.7, -0.7)]);
            }
            Icon::Undo => turned_arrow(painter, center, radius, 1.0, stroke),
            Icon::Redo => turned_arrow(painter, center, radius, -1.0, stroke),
            Icon::Star => star(painter, center, radius, Some(color), stroke),
            Icon::StarOutline => {
                star(painter, center, radius, None, Stroke::new(radius * 0.16, color));
            }
            Icon::Folder => folder(painter, center, radius, color),
            Icon::Save => {
                line(vec![at(0.0, -0.9), at(0.0, 0.25)]);
                fill(vec![at(-0.6, 0.0), at(0.6, 0.0), at(0.0, 0.65)]);
                line(vec![at(-0.85, 0.45), at(-0.85, 0.9), at(0.85, 0.9), at(0.85, 0.45)]);
            }
            Icon::Search => {
                painter.circle_stroke(at(-0.2, -0.2), radius * 0.55, stroke);
                line(vec![at(0.22, 0.22), at(0.85, 0.85)]);
            }
            Icon::Power => power(painter, center, radius, stroke),
            Icon::Flame => flame(painter, center, radius, color),
            Icon::Copy => {
                line(vec![at(-0.9, 0.0), at(0.5, 0.0)]);
                fill(vec![at(0.95, 0.0), at(0.25, 0.6), at(0.25, -0.6)]);
            }
        }
    }
}

/// A ring that is open above, with a line in the gap.
fn power(painter: &Painter, center: Pos2, radius: f32, stroke: Stroke) {
    let (from, sweep) = (-0.32 * std::f32::consts::PI, 1.64 * std::f32::consts::PI);
    crate::paint::arc(painter, center, radius * 0.8, from, from + sweep, stroke);
    let line = [center - vec2(0.0, radius), center - vec2(0.0, radius * 0.1)];
    painter.line_segment(line, stroke);
}

/// A drop that stands on its belly, in two halves, for it is not convex.
fn flame(painter: &Painter, center: Pos2, radius: f32, color: Color32) {
    for side in [1.0, -1.0] {
        let points = [(0.0, -1.0), (0.55, -0.15), (0.62, 0.45), (0.3, 0.9), (0.0, 1.0)];
        let points = points.map(|(x, y)| center + vec2(x * side, y) * radius);
        painter.add(Shape::convex_polygon(points.to_vec(), color, Stroke::NONE));
    }
}

/// An arrow that bends back to the left, or to the right where `side` is −1.
fn turned_arrow(painter: &Painter, center: Pos2, radius: f32, side: f32, stroke: Stroke) {
    let at = |x: f32, y: f32| center + vec2(x * side, y) * radius;
    let bend = (0..=12).map(|i| {
        let angle = -0.5 * std::f32::consts::PI + i as f32 / 12.0 * std::f32::consts::PI;
        at(0.2 + 0.62 * angle.cos(), 0.2 + 0.62 * angle.sin())
    });
    let points = [at(-0.5, -0.42)].into_iter().chain(bend).chain([at(-0.5, 0.82)]);
    painter.add(Shape::line(points.collect(), stroke));
    let tip = vec![at(-1.0, -0.42), at(-0.25, -1.0), at(-0.25, 0.16)];
    painter.add(Shape::convex_polygon(tip, stroke.color, Stroke::NONE));
}

fn star(painter: &Painter, center: Pos2, radius: f32, fill: Option<Color32>, stroke: Stroke) {
    let point = |i: usize, r: f32| {
        let angle = (i as f32 / 10.0 - 0.25) * std::f32::consts::TAU;
        center + vec2(angle.cos(), angle.sin()) * radius * r
    };
    let points: Vec<Pos2> =
        (0..10).map(|i| point(i, if i % 2 == 0 { 1.0 } else { 0.45 })).collect();
    if let Some(fill) = fill {
        // A star is not convex: it is drawn as five kites around its middle.
        for i in (0..10).step_by(2) {
            let kite = vec![center, points[(i + 9) % 10], points[i], points[(i + 1) % 10]];
            painter.add(Shape::convex_polygon(kite, fill, Stroke::new(0.5, fill)));
        }
    } else {
        painter.add(Shape::closed_line(points, stroke));
    }
}

fn folder(painter: &Painter, center: Pos2, radius: f32, color: Color32) {
    let body =
        Rect::from_center_size(center + vec2(0.0, radius * 0.15), Vec2::new(1.9, 1.3) * radius);
    let tab =
        Rect::from_min_size(body.min - vec2(0.0, radius * 0.38), Vec2::new(0.85, 0.6) * radius);
    painter.rect_filled(tab, 1.0, color.gamma_multiply(0.8));
    painter.rect_filled(body, 1.5, color);
    painter.rect_stroke(body, 1.5, (0.6, Color32::from_black_alpha(60)), StrokeKind::Inside);
}
