//! `kiln drive curve`: a figure of what a model does to a sine.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use fx::drive::measure::{Measured, alias_to_signal, curve};
use fx::drive::{KNOBS, Oversampling, Params, Phase, Quality, Setup};
use nn::Model;
use plotters::prelude::*;

use super::rig;
use crate::paper::{
    self, Area, BLUE, FONT, GREY, INK, ORANGE, Painted, RED, legend, panel, plain, px,
};
use crate::settings;

/// Positions of the drive whose curves are drawn.
const DRIVES: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// Points of a curve.
const POINTS: usize = 801;
/// Of the sines, in Hz.
const HZ: f32 = 1250.0;
/// Where spectra end, in dB.
const FLOOR: f64 = -140.0;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The model: a file, or factory:NAME
    model: String,
    /// The PNG file to write
    output: PathBuf,
    /// How hard it distorts the sine: 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0.75")]
    #[arg(value_parser = settings::within::<Params>("drive"))]
    drive: f32,
    /// Largest magnitude of the input of the curves and of the sine
    #[arg(long, value_name = "PEAK", default_value = "1", value_parser = peak)]
    peak: f32,
    /// Hz of the sound
    #[arg(long, value_name = "HZ", default_value = "48000", value_parser = rate)]
    rate: f32,
    #[command(flatten)]
    against: super::Against,
}

fn peak(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(x) if (1e-3..=100.0).contains(&x) => Ok(x),
        _ => Err(format!("expected 0.001 to 100, found {text}")),
    }
}

fn rate(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(x) if (8_000.0..=768_000.0).contains(&x) => Ok(x),
        _ => Err(format!("expected 8000 to 768000, found {text}")),
    }
}

/// What is drawn.
struct Figure {
    title: String,
    /// Of each position of the drive.
    curves: Vec<Vec<[f32; 2]>>,
    peak: f32,
    /// Without oversampling and with what was asked for.
    spectra: [(String, Measured); 2],
    /// How much folds back by the factor of oversampling, in dB: plain, and integrated if
    /// that can be done.
    alias: [Vec<(f64, f64)>; 2],
}

pub(super) fn run(args: &Args) -> Result<()> {
    let model = rig::model(&args.model)?;
    let figure = Figure::new(&model, args).with_context(|| args.model.clone())?;
    let png = paper::draw(&figure.title, |areas| {
        figure.transfer(&areas[0])?;
        figure.spectrum(&areas[1], &figure.spectra[0])?;
        figure.aliases(&areas[2])?;
        figure.spectrum(&areas[3], &figure.spectra[1])
    })?;
    for (words, _) in &figure.spectra {
        crate::say(&format!("{words}\n"))?;
    }
    let written = crate::wav::check_place(&args.output, &[("model", Path::new(&args.model))])
        .and_then(|()| Ok(std::fs::write(&args.output, png)?));
    written.with_context(|| args.output.display().to_string())
}

impl Figure {
    fn new(model: &Model, args: &Args) -> Result<Self> {
        let params = Params { drive: args.drive, ..Params::default() };
        let measured = |quality: Quality| {
            let setup = Setup { sample_rate: args.rate, quality, calls: fx::Calls::OFFLINE };
            alias_to_signal(model, setup, &params, HZ, args.peak)
        };
        let series = |antiderivative: bool| {
            Oversampling::ALL
                .into_iter()
                .map(|oversampling| {
                    let quality = Quality { oversampling, antiderivative, phase: Phase::Minimum };
                    let db = f64::from(measured(quality)?.alias_db);
                    Ok((oversampling.stages() as f64, db.max(FLOOR)))
                })
                .collect::<Result<Vec<_>>>()
        };
        let quality = args.against.on(Quality::default());
        let bare = Quality { oversampling: Oversampling::X1, antiderivative: false, ..quality };
        let name = |quality: Quality, found: &Measured| {
            format!(
                "{:.0} Hz at {} times the rate: {:.1} dB folds back",
                found.hz,
                quality.oversampling.factor(),
                found.alias_db
            )
        };
        let spectra = [bare, quality].map(|quality| {
            let found = measured(quality)?;
            Ok::<_, anyhow::Error>((name(quality, &found), found))
        });
        let [before, after] = spectra;
        let integrated = model.antiderivative().is_some() && model.follows_rate();
        let title = model.metadata().name.clone().unwrap_or_else(|| args.model.clone());
        Ok(Self {
            title: format!("{}, drive {}", crate::printable(&title), args.drive),
            curves: DRIVES.map(|d| curve(model, d, [0.5; KNOBS], args.peak, POINTS)).into(),
            peak: args.peak,
            spectra: [before?, after?],
            alias: [series(false)?, if integrated { series(true)? } else { Vec::new() }],
        })
    }

    /// Output by input, one curve for each position of the drive.
    fn transfer(&self, area: &Area<'_>) -> Painted {
        let outputs = self.curves.iter().flatten().map(|[_, y]| f64::from(y.abs()));
        let (x, y) = (f64::from(self.peak), 1.05 * outputs.fold(1e-3, f64::max));
        let labels = ["Transfer", "Input", "Output"];
        let mut chart = panel(area, labels, -x..x, -y..y, [&plain, &plain])?;
        for (i, (curve, drive)) in self.curves.iter().zip(DRIVES).enumerate() {
            // From one colour to the other.
            let t = i as f64 / (DRIVES.len() - 1) as f64;
            let mix = |a: u8, b: u8| (f64::from(a) + t * (f64::from(b) - f64::from(a))) as u8;
            let colour =
                RGBColor(mix(BLUE.0, ORANGE.0), mix(BLUE.1, ORANGE.1), mix(BLUE.2, ORANGE.2));
            let points = curve.iter().map(|[x, y]| (f64::from(*x), f64::from(*y)));
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(px(3))))?
                .label(format!("drive {drive}"))
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + px(36) as i32, y)], colour.stroke_width(px(3)))
                });
        }
        legend(&mut chart, SeriesLabelPosition::UpperLeft)
    }

    /// The spectrum of a sine: harmonics, and between them what is none.
    fn spectrum(&self, area: &Area<'_>, (name, found): &(String, Measured)) -> Painted {
        let top = f64::from(found.step) * found.spectrum_db.len() as f64 / 1000.0;
        let labels = [&**name, "Frequency (kHz)", "Level (dB)"];
        let mut chart = panel(area, labels, 0.0..top, FLOOR..20.0, [&plain, &plain])?;
        let periods = (found.hz / found.step).round().max(1.0) as usize;
        let place = |i: usize| (i as f64 * f64::from(found.step) / 1000.0, found.spectrum_db[i]);
        for harmonic in [false, true] {
            let colour = if harmonic { BLUE } else { RED };
            let bins = (1..found.spectrum_db.len()).filter(|i| (i % periods == 0) == harmonic);
            let shown = bins.map(place).filter(|(_, db)| f64::from(*db) > FLOOR);
            chart.draw_series(shown.map(|(khz, db)| {
                PathElement::new([(khz, FLOOR), (khz, f64::from(db))], colour.stroke_width(px(2)))
            }))?;
        }
        let text = format!("harmonics blue, the rest red; THD {:.2} %", 100.0 * found.thd);
        let style = (FONT, px(28)).into_font().color(&INK);
        chart.draw_series([Text::new(text, (0.35 * top, 12.0), style)])?;
        Ok(())
    }

    /// What folds back by the factor of oversampling.
    fn aliases(&self, area: &Area<'_>) -> Painted {
        let factor = |x: &f64| format!("{}", 2f64.powf(*x).round());
        let labels = ["Alias to signal below 20 kHz", "Oversampling", "Level (dB)"];
        let mut chart = panel(area, labels, -0.2..4.2, FLOOR..0.0, [&factor, &plain])?;
        for (points, (colour, name)) in
            self.alias.iter().zip([(BLUE, "plain"), (ORANGE, "integrated")])
        {
            if points.is_empty() {
                continue;
            }
            let line = LineSeries::new(points.iter().copied(), colour.stroke_width(px(4)));
            chart.draw_series(line)?.label(name).legend(move |(x, y)| {
                PathElement::new([(x, y), (x + px(36) as i32, y)], colour.stroke_width(px(4)))
            });
            chart.draw_series(points.iter().map(|at| Circle::new(*at, px(8), colour.filled())))?;
        }
        let floor = [(-0.2, FLOOR), (4.2, FLOOR)];
        chart.draw_series(LineSeries::new(floor, GREY.stroke_width(px(1))))?;
        legend(&mut chart, SeriesLabelPosition::UpperRight)
    }
}
