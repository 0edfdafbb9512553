//! The paper: four panels, drawn larger and made small, which smooths every edge.

use std::sync::Once;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use super::Figure;
use super::panels;

/// Pixels of the figure: 20 by 13 cm at 300 to the inch.
const SIZE: (u32, u32) = (2400, 1560);
/// How many times larger it is drawn.
const SCALE: u32 = 2;
/// Of all text.
pub(super) const FONT: &str = "sans-serif";

/// Where panels are drawn.
pub(super) type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// A length on paper, as it is drawn.
pub(super) const fn px(length: u32) -> u32 {
    length * SCALE
}

/// The figure as a PNG file.
pub(super) fn draw(figure: &Figure) -> Result<Vec<u8>> {
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
        paint(&root, figure).map_err(|e| failed(e.to_string()))?;
        root.present().map_err(|e| failed(e.to_string()))?;
    }
    encode(&smaller(&pixels))
}

/// What drawing may end with.
pub(super) type Painted = Result<(), Box<dyn std::error::Error>>;

fn paint(root: &Area<'_>, figure: &Figure) -> Painted {
    root.fill(&WHITE)?;
    let title = (FONT, px(44)).into_font();
    let root = root.margin(px(24), px(16), px(16), px(32)).titled(&figure.title, title)?;
    let areas = root.split_evenly((2, 2));
    panels::response(&areas[0], figure)?;
    panels::decay(&areas[1], figure)?;
    panels::times(&areas[2], figure)?;
    panels::poles(&areas[3], figure)
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
