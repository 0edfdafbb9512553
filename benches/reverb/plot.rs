//! The figure: what a frame costs by the number of lines, a line with one-pole
//! filters each, ours and others'.

use std::error::Error;
use std::path::Path;

use fdn::Isa;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

use super::Options;
use super::networks::{Absorption, Feedback, RATE};
use super::tables::Cost;

/// Pixels: 16 by 11 cm at 300 to the inch.
const SIZE: (u32, u32) = (1900, 1300);
/// How many times larger it is drawn, and made small again, which smooths edges.
const SCALE: u32 = 2;
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(30, 30, 34);
const BLUE: RGBColor = RGBColor(31, 87, 150);
const LIGHT: RGBColor = RGBColor(96, 155, 214);
const GREEN: RGBColor = RGBColor(38, 134, 84);
const ORANGE: RGBColor = RGBColor(214, 99, 20);
const RED: RGBColor = RGBColor(190, 20, 30);
const FAINT: RGBColor = RGBColor(226, 228, 232);

/// A curve: its name, its colour, nanoseconds by lines.
type Curve = (String, RGBColor, Vec<(f64, f64)>);

/// Draws `target/bench/reverb.png`, or says why not.
pub(crate) fn write(options: &Options, costs: &[Cost], machine: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench/reverb.png");
    let drawn = draw(&curves(options, costs), machine).and_then(|png| {
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        Ok(std::fs::write(&path, png)?)
    });
    match drawn {
        Ok(()) => println!("\n{}", path.display()),
        Err(e) => eprintln!("{}: {e}", path.display()),
    }
}

fn curves(options: &Options, costs: &[Cost]) -> Vec<Curve> {
    let curve = |feedback: Feedback, of: &dyn Fn(&Cost) -> Option<f64>| {
        let kind = |c: &&Cost| c.feedback == feedback && c.absorption == Absorption::OnePole;
        let points = costs.iter().filter(kind);
        points.filter_map(|c| Some((c.lines as f64, of(c)?))).collect::<Vec<_>>()
    };
    let dense = Feedback::Orthogonal;
    let mut curves = vec![
        ("FAUST, its best build".to_owned(), RED, curve(dense, &|c| Some(c.faust.as_ref()?.0))),
        ("fundsp, Hadamard".to_owned(), ORANGE, curve(Feedback::Hadamard, &|c| c.fundsp)),
    ];
    let best = options.isas.len() - 1;
    for (i, isa) in options.isas.iter().enumerate().skip(best.saturating_sub(1)) {
        let colour = if i == best { BLUE } else { LIGHT };
        let points = curve(dense, &|c| Some(c.ours[i]));
        curves.push((format!("Kiln, dense, {}", known(*isa)), colour, points));
    }
    let points = curve(Feedback::Hadamard, &|c| Some(c.ours[best]));
    let name = format!("Kiln, Hadamard, {}", known(options.isas[best]));
    curves.push((name, GREEN, points));
    curves.retain(|(_, _, points)| !points.is_empty());
    curves
}

/// What an instruction set is called.
fn known(isa: Isa) -> &'static str {
    match isa {
        Isa::Avx512 => "AVX-512",
        Isa::Avx2 => "AVX2",
        _ => "baseline",
    }
}

const fn px(length: u32) -> u32 {
    length * SCALE
}

/// As a PNG file.
fn draw(curves: &[Curve], machine: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    // It only fails for fonts that are no fonts.
    let _known = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
    let (width, height) = (px(SIZE.0), px(SIZE.1));
    let mut pixels = vec![255; (width * height * 3) as usize];
    {
        let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        root.fill(&WHITE)?;
        let title = "Feedback delay networks with a one-pole filter a line, stereo, 48 kHz";
        let root = root.margin(px(20), px(16), px(12), px(16));
        let root = root.titled(title, (FONT, px(42)).into_font().color(&INK))?;
        let root = root.titled(machine, (FONT, px(28)).into_font().color(&INK))?;
        let mut chart = ChartBuilder::on(&root)
            .margin(px(14))
            .margin_right(px(420))
            .x_label_area_size(px(84))
            .y_label_area_size(px(130))
            .build_cartesian_2d(
                (3.6f64..142.0).log_scale().base(2.0).with_key_points(powers(2.0, 4.0, 128.0)),
                (1.0f64..30_000.0).log_scale().with_key_points(powers(10.0, 1.0, 10_000.0)),
            )?;
        chart
            .configure_mesh()
            .x_desc("Lines")
            .y_desc("ns of one core a frame")
            .axis_desc_style((FONT, px(34)).into_font().color(&INK))
            .label_style((FONT, px(30)).into_font().color(&INK))
            .axis_style(INK.stroke_width(px(2)))
            .bold_line_style(FAINT.stroke_width(px(2)))
            .light_line_style(TRANSPARENT)
            .set_all_tick_mark_size(px(6))
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| format!("{y:.0}"))
            .draw()?;
        let frame = 1e9 / RATE;
        let limit = [(3.6, frame), (142.0, frame)];
        let style = INK.stroke_width(px(2));
        chart.draw_series(DashedLineSeries::new(limit, px(10), px(8), style))?;
        let text = |colour: &RGBColor| {
            let anchor = Pos::new(HPos::Left, VPos::Center);
            (FONT, px(31)).into_font().color(colour).pos(anchor)
        };
        for (_, colour, points) in curves {
            chart
                .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(px(5))))?;
            let dots = points.iter().map(|p| Circle::new(*p, px(9), colour.filled()));
            chart.draw_series(dots)?;
        }
        // Names beside the ends of the curves, moved apart where they would meet.
        let mut labels: Vec<_> = curves
            .iter()
            .filter_map(|(name, colour, points)| Some((points.last()?.1, name.as_str(), *colour)))
            .chain([(frame, "all of the core", INK)])
            .map(|(y, name, colour)| (chart.backend_coord(&(142.0, y)), name, colour))
            .collect();
        labels.sort_by_key(|((_, y), ..)| *y);
        let apart = px(40) as i32;
        for i in 1..labels.len() {
            labels[i].0.1 = labels[i].0.1.max(labels[i - 1].0.1 + apart);
        }
        // From the corner of the area within its margins.
        let (x0, y0) = root.get_base_pixel();
        for ((x, y), name, colour) in labels {
            root.draw(&Text::new(
                name,
                (x - x0 + px(14) as i32, y - y0 + px(5) as i32),
                text(&colour),
            ))?;
        }
        root.present()?;
    }
    encode(&smaller(&pixels))
}

/// The powers of `base` from one number to another.
fn powers(base: f64, from: f64, to: f64) -> Vec<f64> {
    std::iter::successors(Some(from), |x| Some(x * base)).take_while(|x| *x <= to).collect()
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

fn encode(pixels: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}
