//! Drawings for a page: axes and shapes, without titles and legends, which are text.

use std::ops::Range;
use std::sync::Once;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

/// A drawing's size. As wide as a phone holds, for text shrinks with it.
const SIZE: (u32, u32) = (520, 280);
/// Units of the drawing for one of the size: coordinates are whole numbers.
const SCALE: u32 = 8;
/// Of labels on axes.
const FONT: &str = "sans-serif";
const TEXT: f64 = 12.5;
/// Letters are this much smaller than the size of their font.
const LETTERS: f64 = 1.24;

/// Colours by light. By dark the page's style sheet puts others in their place.
pub(super) const INK: RGBColor = RGBColor(0x3A, 0x3D, 0x45);
pub(super) const FAINT: RGBColor = RGBColor(0xE1, 0xE4, 0xE9);
pub(super) const TARGET: RGBColor = RGBColor(0x1F, 0x66, 0xB3);
pub(super) const MODEL: RGBColor = RGBColor(0xD9, 0x6B, 0x0B);
pub(super) const ERROR: RGBColor = RGBColor(0xB8, 0x1E, 0x6E);

/// One direction of a drawing.
pub(super) struct Axis {
    label: &'static str,
    range: Range<f64>,
    ticks: Vec<f64>,
    format: fn(f64) -> String,
}

impl Axis {
    /// From `low` to `high`, with about `count` round numbers.
    pub(super) fn new(label: &'static str, low: f64, high: f64, count: usize) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let rough = (high - low) / count.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|s| s * power);
        let step = steps.into_iter().find(|s| *s >= 0.999 * rough).unwrap_or(10.0 * power);
        let (first, last) =
            ((low / step - 1e-6).ceil() as i64, (high / step + 1e-6).floor() as i64);
        let ticks = (first..=last).map(|i| i as f64 * step).collect();
        Self { label, range: low..high, ticks, format: plain }
    }

    /// Of decades: values are logarithms to base 10.
    pub(super) fn decades(label: &'static str, low: f64, high: f64) -> Self {
        let (low, high) = (low.floor(), high.ceil().max(low.floor() + 1.0));
        // A number for each decade, or for some where there are many.
        let every = ((high - low) / 6.0).ceil().max(1.0) as usize;
        let ticks = (low as i64..=high as i64).step_by(every).map(|i| i as f64).collect();
        Self { label, range: low..high, ticks, format: |x| plain(10f64.powf(x)) }
    }

    /// Of frequencies from 20 Hz to `high`, as logarithms to base 10.
    pub(super) fn hertz(high: f64) -> Self {
        let shown = [20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4];
        let high = high.max(100.0);
        let ticks = shown.into_iter().filter(|hz| *hz <= high).map(f64::log10).collect();
        let format = |x: f64| match 10f64.powf(x).round() {
            hz if hz >= 1000.0 => format!("{}k", plain(hz / 1000.0)),
            hz => plain(hz),
        };
        Self { label: "Frequency (Hz)", range: 20f64.log10()..high.log10(), ticks, format }
    }
}

/// As few digits as tell neighbours apart.
fn plain(x: f64) -> String {
    let text = match x.abs() {
        m if m < 1e-9 => return "0".to_owned(),
        m if m < 1e-3 => format!("{x:e}"),
        m if m >= 1e6 => format!("{:.0}k", x / 1000.0),
        _ => format!("{x:.4}").trim_end_matches('0').trim_end_matches('.').to_owned(),
    };
    text.replace('-', "−")
}

/// What is drawn, in values of the axes.
pub(super) enum Shape {
    /// A line through points; one that is no number interrupts it.
    Line(Vec<[f64; 2]>),
    /// What lies between points and the lower end.
    Area(Vec<[f64; 2]>),
    /// Lines up to points from the lower end.
    Stems(Vec<[f64; 2]>),
    /// Points.
    Dots(Vec<[f64; 2]>),
    /// Rectangles from the least to the greatest x and y, and how dense they are: 0 to 1.
    Cells(Vec<([f64; 2], [f64; 2], f64)>),
}

/// A shape and how it looks: its colour, its lines' width.
pub(super) struct Layer(pub(super) RGBColor, pub(super) f64, pub(super) Shape);

/// Draws layers over each other as one SVG element, said to show what `title` says.
/// Only what is a number is drawn, and nothing outside the axes.
pub(super) fn draw(title: &str, x: &Axis, y: &Axis, layers: &[Layer]) -> String {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        // It only fails for fonts that are no fonts.
        let _known = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
    });
    let mut svg = String::new();
    // The drawing is a string, to which nothing fails to be written.
    if paint(&mut svg, x, y, layers).is_err() {
        return String::new();
    }
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let (width, height) = (SIZE.0 * SCALE, SIZE.1 * SCALE);
    let title = super::page::escape(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{title}\">{}",
        body.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "")
    )
}

type Painted = Result<(), Box<dyn std::error::Error>>;
type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Scale, Scale>>;

/// A range with marks of our choice.
struct Scale {
    range: RangedCoordf64,
    ticks: Vec<f64>,
}

impl From<&Axis> for Scale {
    fn from(axis: &Axis) -> Self {
        Self { range: axis.range.clone().into(), ticks: axis.ticks.clone() }
    }
}

impl Ranged for Scale {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.range.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Light marks lie between those with numbers, and we have none.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.range()
    }
}

/// A length, as it is drawn.
fn px(length: f64) -> u32 {
    (length * f64::from(SCALE)).round() as u32
}

fn paint(svg: &mut String, x: &Axis, y: &Axis, layers: &[Layer]) -> Painted {
    let root = SVGBackend::with_string(svg, (SIZE.0 * SCALE, SIZE.1 * SCALE)).into_drawing_area();
    let text = (FONT, TEXT * f64::from(SCALE) * LETTERS).into_font().color(&INK);
    let mut chart = ChartBuilder::on(&root)
        .margin_top(px(10.0))
        .margin_right(px(24.0))
        .margin_bottom(px(2.0))
        .x_label_area_size(px(44.0))
        .y_label_area_size(px(62.0))
        .build_cartesian_2d(Scale::from(x), Scale::from(y))?;
    chart
        .configure_mesh()
        .x_desc(x.label)
        .y_desc(y.label)
        .axis_desc_style(text.clone())
        .label_style(text)
        .axis_style(INK.stroke_width(px(1.0)))
        .bold_line_style(FAINT.stroke_width(px(1.0)))
        .light_line_style(TRANSPARENT)
        .set_all_tick_mark_size(px(4.0))
        .x_label_formatter(&|v| (x.format)(*v))
        .y_label_formatter(&|v| (y.format)(*v))
        .draw()?;
    for Layer(colour, width, shape) in layers {
        layer(&mut chart, [&x.range, &y.range], *colour, px(*width), shape)?;
    }
    root.present()?;
    Ok(())
}

fn layer(
    chart: &mut Chart<'_>,
    ranges: [&Range<f64>; 2],
    colour: RGBColor,
    width: u32,
    shape: &Shape,
) -> Painted {
    // Drawings do not end at their axes by themselves.
    let inside = |[x, y]: [f64; 2]| {
        let held = |v: f64, r: &Range<f64>| v.clamp(r.start, r.end);
        (held(x, ranges[0]), held(y, ranges[1]))
    };
    let number = |p: &&[f64; 2]| p.iter().all(|v| v.is_finite());
    let low = ranges[1].start;
    let line = colour.stroke_width(width);
    match shape {
        Shape::Line(points) => {
            for part in points.split(|p| !number(&p)).filter(|part| !part.is_empty()) {
                let path: Vec<(f64, f64)> = part.iter().map(|p| inside(*p)).collect();
                chart.draw_series([PathElement::new(path, line)])?;
            }
        }
        Shape::Area(points) => {
            for part in points.split(|p| !number(&p)).filter(|part| !part.is_empty()) {
                let ends = [part[0][0], part[part.len() - 1][0]];
                let mut path: Vec<(f64, f64)> = part.iter().map(|p| inside(*p)).collect();
                path.push(inside([ends[1], low]));
                path.push(inside([ends[0], low]));
                chart.draw_series([Polygon::new(path, colour.mix(0.2).filled())])?;
            }
        }
        Shape::Stems(points) => {
            let stem = |p: &[f64; 2]| PathElement::new([inside([p[0], low]), inside(*p)], line);
            chart.draw_series(points.iter().filter(number).map(stem))?;
        }
        Shape::Dots(points) => {
            let dot = |p: &[f64; 2]| Circle::new(inside(*p), width, colour.filled());
            chart.draw_series(points.iter().filter(number).map(dot))?;
        }
        Shape::Cells(cells) => {
            let cell = |(from, to, dense): &([f64; 2], [f64; 2], f64)| {
                let style = colour.mix(dense.clamp(0.0, 1.0)).filled();
                Rectangle::new([inside(*from), inside(*to)], style)
            };
            let numbers = cells
                .iter()
                .filter(|(from, to, dense)| number(&from) && number(&to) && dense.is_finite());
            chart.draw_series(numbers.map(cell))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_inside_the_axis() {
        let axis = Axis::new("", -0.31, 0.31, 5);
        let labels: Vec<String> = axis.ticks.iter().map(|t| (axis.format)(*t)).collect();
        assert_eq!(labels, ["−0.2", "0", "0.2"]);
        assert_eq!(Axis::new("", -120.0, 0.0, 4).ticks, [-100.0, -50.0, 0.0]);
        assert!(!Axis::new("", 0.0, 0.0, 4).range.is_empty());
        let axis = Axis::decades("", -4.2, -0.5);
        assert_eq!(axis.range, -5.0..0.0);
        assert_eq!((axis.format)(-5.0), "1e−5");
        assert_eq!((axis.format)(-2.0), "0.01");
        let axis = Axis::hertz(20_000.0);
        assert_eq!((axis.format)(axis.ticks[9]), "20k");
    }

    #[test]
    fn only_numbers_are_drawn_and_only_inside() {
        let (x, y) = (Axis::new("x", 0.0, 1.0, 2), Axis::new("y", 0.0, 1.0, 2));
        let points = vec![[0.0, f64::NAN], [0.5, 1e300], [f64::INFINITY, 0.0], [1.0, -1e300]];
        let cells = vec![([0.0, f64::NAN], [1.0, 1.0], 1.0), ([-9.0, 0.0], [9.0, 1.0], f64::NAN)];
        let shapes = [
            Shape::Line(points.clone()),
            Shape::Area(points.clone()),
            Shape::Stems(points.clone()),
            Shape::Dots(points),
            Shape::Cells(cells),
        ];
        let layers = shapes.map(|s| Layer(TARGET, 1.0, s));
        let svg = draw("a < b", &x, &y, &layers);
        let parsed = roxmltree::Document::parse(&svg).expect("well-formed");
        assert_eq!(parsed.root_element().attribute("aria-label"), Some("a < b"));
        let (width, height) = (f64::from(SIZE.0 * SCALE), f64::from(SIZE.1 * SCALE));
        let mut seen = 0;
        for node in parsed.descendants() {
            for pair in node.attribute("points").unwrap_or_default().split_whitespace() {
                let (x, y) = pair.split_once(',').expect("a pair");
                let (x, y): (f64, f64) = (x.parse().expect("x"), y.parse().expect("y"));
                assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "{pair}");
                seen += 1;
            }
        }
        assert!(seen > 4, "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
