//! A figure on paper: panels, drawn larger and made small, which smooths every edge.

use std::sync::Once;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

/// Pixels of the figure: 20 by 13 cm at 300 to the inch.
const SIZE: (u32, u32) = (2400, 1560);
/// How many times larger it is drawn.
const SCALE: u32 = 2;
/// Of all text.
pub(crate) const FONT: &str = "sans-serif";

/// Where panels are drawn.
pub(crate) type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// A length on paper, as it is drawn.
pub(crate) const fn px(length: u32) -> u32 {
    length * SCALE
}

/// A figure of four panels, which `paint` fills, as a PNG file.
pub(crate) fn draw(title: &str, paint: impl Fn(&[Area<'_>]) -> Painted) -> Result<Vec<u8>> {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        let font = epaint_default_fonts::UBUNTU_LIGHT;
        // It only fails for fonts that are no fonts.
        let _known = register_font(FONT, FontStyle::Normal, font);
    });
    let (width, height) = (px(SIZE.0), px(SIZE.1));
    let mut pixels = vec![255; (width * height * 3) as usize];
    {
        let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        let failed = |e: String| anyhow!("the figure: {e}");
        let painted = parted(&root, title).and_then(|areas| paint(&areas));
        painted.map_err(|e| failed(e.to_string()))?;
        root.present().map_err(|e| failed(e.to_string()))?;
    }
    encode(&smaller(&pixels))
}

/// What drawing may end with.
pub(crate) type Painted<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The panels under a title.
fn parted<'a>(root: &Area<'a>, title: &str) -> Painted<Vec<Area<'a>>> {
    root.fill(&WHITE)?;
    let font = (FONT, px(44)).into_font();
    let root = root.margin(px(24), px(16), px(16), px(32)).titled(title, font)?;
    Ok(root.split_evenly((2, 2)))
}

/// Averages squares of pixels.
fn smaller(pixels: &[u8]) -> Vec<u8> {
    let (width, scale) = (px(SIZE.0) as usize, SCALE as usize);
    let mut small = Vec::with_capacity((SIZE.0 * SIZE.1 * 3) as usize);
    for y in 0..SIZE.1 as usize {
        for x in 0..SIZE.0 as usize {
            for c in 0..3 {
                let at =
                    |i: usize| ((y * scale + i / scale) * width + x * scale + i % scale) * 3 + c;
                let sum: usize = (0..scale * scale).map(|i| usize::from(pixels[at(i)])).sum();
                small.push((sum / (scale * scale)) as u8);
            }
        }
    }
    small
}

fn encode(pixels: &[u8]) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    // 300 dots an inch.
    let dots = png::PixelDimensions { xppu: 11_811, yppu: 11_811, unit: png::Unit::Meter };
    encoder.set_pixel_dims(Some(dots));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

pub(crate) const INK: RGBColor = RGBColor(30, 30, 34);
pub(crate) const BLUE: RGBColor = RGBColor(31, 87, 150);
pub(crate) const ORANGE: RGBColor = RGBColor(214, 99, 20);
pub(crate) const RED: RGBColor = RGBColor(190, 20, 30);
pub(crate) const GREY: RGBColor = RGBColor(150, 154, 162);
pub(crate) const FAINT: RGBColor = RGBColor(226, 228, 232);

/// A panel with its axes.
pub(crate) type Chart<'a, 'b, X, Y> = ChartContext<'b, BitMapBackend<'a>, Cartesian2d<X, Y>>;

/// Draws axes; `labels` are the panel's, the horizontal, the vertical.
pub(crate) fn panel<'a, 'b, X, Y>(
    area: &'b Area<'a>,
    labels: [&str; 3],
    x: X,
    y: Y,
    formats: [&dyn Fn(&f64) -> String; 2],
) -> Painted<Chart<'a, 'b, X::CoordDescType, Y::CoordDescType>>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .margin(px(18))
        .caption(labels[0], (FONT, px(36)).into_font().color(&INK))
        .x_label_area_size(px(82))
        .y_label_area_size(px(118))
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .x_desc(labels[1])
        .y_desc(labels[2])
        .axis_desc_style((FONT, px(32)).into_font().color(&INK))
        .label_style((FONT, px(28)).into_font().color(&INK))
        .axis_style(INK.stroke_width(px(2)))
        .bold_line_style(FAINT.stroke_width(px(2)))
        .light_line_style(TRANSPARENT)
        .set_all_tick_mark_size(px(6))
        .x_label_formatter(formats[0])
        .y_label_formatter(formats[1])
        .draw()?;
    Ok(chart)
}

/// As few digits as tell neighbours apart.
pub(crate) fn plain(x: &f64) -> String {
    let text = format!("{:.4}", if x.abs() < 1e-9 { 0.0 } else { *x });
    let short = text.trim_end_matches('0').trim_end_matches('.');
    short.replace('-', "−")
}

/// Draws what was labelled.
pub(crate) fn legend<'a: 'b, 'b, X, Y>(
    chart: &mut Chart<'a, 'b, X, Y>,
    at: SeriesLabelPosition,
) -> Painted
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    chart
        .configure_series_labels()
        .position(at)
        .margin(px(16))
        .legend_area_size(px(50))
        .label_font((FONT, px(28)).into_font().color(&INK))
        .background_style(WHITE.mix(0.85))
        .draw()?;
    Ok(())
}
