//! How fast a card renders models, beside all cores of the processor in the same run.
//!
//! ```text
//! cargo run --release -p gpu --example throughput -- assets/kiln-crunch.nam --models 1000 --seconds 10
//! ```

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use gpu::{Device, Job, Options, Renderer};
use nn::Model;
use plotters::prelude::*;
use plotters::style::register_font;
use rayon::prelude::*;

#[derive(Parser)]
#[command(about = "How fast a graphics card renders models, beside the processor")]
struct Arguments {
    /// The model that is rendered
    model: PathBuf,
    /// Models at once; several numbers are measured one after another
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64, 512])]
    models: Vec<usize>,
    /// Of sound for each model
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// What the card is said to be capable of, in TFLOP/s, to compare with
    #[arg(long)]
    tflops: Option<f64>,
    /// Part of the card's name
    #[arg(long)]
    name: Option<String>,
    /// Let the processor play the card, to see that all of this runs
    #[arg(long)]
    software: bool,
    /// Bytes of the card's memory to use at most
    #[arg(long)]
    memory: Option<u64>,
    /// Parts that work is cut into at least
    #[arg(long)]
    lanes: Option<usize>,
    /// Writes the figures
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Draws them
    #[arg(long)]
    plot: Option<PathBuf>,
}

/// One measurement. Speeds are times real time, all models together.
struct Row {
    models: usize,
    card: f64,
    processor: f64,
    memory: u64,
    gflops: f64,
    worst: f32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let model = Model::load(&fs::read(&arguments.model)?)?;
    let rate = model.sample_rate().unwrap_or(48_000.0);
    let frames = (arguments.seconds * rate) as usize;
    let input: Vec<f32> = (0..frames).map(|i| 0.5 * (i as f32 * 0.013).sin()).collect();
    let device = Device::open(&Options {
        allow_software: arguments.software,
        name: arguments.name.clone(),
        memory: arguments.memory,
    })?;
    let cores = rayon::current_num_threads();
    println!("{} {}", device.description(), device.description().driver);
    println!("{} multiply-adds a sample, {cores} threads of the processor", model.macs());
    println!("models   card x   {cores} threads x   ratio   MiB   GFLOP/s   worst error");
    let mut rows = Vec::new();
    for models in &arguments.models {
        let row = measure(&arguments, &device, &model, &input, *models)?;
        let Row { models, card, processor, memory, gflops, worst } = row;
        print!("{models:6} {card:8.1} {processor:13.1} {:7.2} ", card / processor);
        print!("{:5} {gflops:9.0}   {worst:.1e}", memory >> 20);
        match arguments.tflops {
            Some(limit) => println!("   {:.1} % of {limit} TFLOP/s", gflops / limit / 10.0),
            None => println!(),
        }
        rows.push(row);
    }
    if let Some(path) = &arguments.csv {
        write(path, &rows)?;
    }
    if let Some(path) = &arguments.plot {
        draw(path, &rows)?;
    }
    Ok(())
}

fn measure(
    arguments: &Arguments,
    device: &Device,
    model: &Model,
    input: &[f32],
    models: usize,
) -> Result<Row, Box<dyn Error>> {
    let all = vec![model.clone(); models];
    let mut renderer = Renderer::new(device, &all, 1.0)?;
    if let Some(lanes) = arguments.lanes {
        renderer.set_lanes(lanes);
    }
    // Shaders are compiled once and not counted.
    renderer.render(&[Job { model: 0, input: &input[..input.len().min(1024)] }])?;
    let jobs: Vec<Job<'_>> = (0..models).map(|model| Job { model, input }).collect();
    let start = Instant::now();
    let found = renderer.render(&jobs)?;
    let card = start.elapsed().as_secs_f64();
    // A job for each thread tells what all of them do.
    let count = rayon::current_num_threads();
    let start = Instant::now();
    let wanted: Vec<Vec<f32>> = (0..count)
        .into_par_iter()
        .map(|_| {
            let mut io = input.to_vec();
            model.engine().process(&mut io);
            io
        })
        .collect();
    let processor = start.elapsed().as_secs_f64();
    let errors = found.iter().flat_map(|found| found.iter().zip(&wanted[0]));
    let worst = errors.fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs()));
    let macs = renderer.macs(0).unwrap_or(0) as f64;
    Ok(Row {
        models,
        card: arguments.seconds * models as f64 / card,
        processor: arguments.seconds * count as f64 / processor,
        memory: renderer.peak_memory(),
        gflops: 2e-9 * macs * (input.len() * models) as f64 / card,
        worst,
    })
}

fn write(path: &Path, rows: &[Row]) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    writeln!(file, "models,card_x,processor_x,memory_bytes,gflops,worst_error")?;
    for Row { models, card, processor, memory, gflops, worst } in rows {
        writeln!(file, "{models},{card},{processor},{memory},{gflops},{worst}")?;
    }
    Ok(())
}

/// Times real time over models, both on logarithmic axes.
fn draw(path: &Path, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    // It only fails for fonts that are no fonts.
    let font = epaint_default_fonts::UBUNTU_LIGHT;
    let _known = register_font("sans-serif", FontStyle::Normal, font);
    let root = SVGBackend::new(path, (800, 500)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = rows.iter().map(|row| row.models).max().unwrap_or(1) as f64;
    let speeds = || rows.iter().flat_map(|row| [row.card, row.processor]);
    let low = speeds().fold(f64::INFINITY, f64::min).max(1e-3) / 2.0;
    let high = speeds().fold(low, f64::max) * 2.0;
    let mut chart = ChartBuilder::on(&root)
        .margin(20)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d((1.0..2.0 * most).log_scale(), (low..high).log_scale())?;
    chart.configure_mesh().x_desc("models").y_desc("times real time").draw()?;
    let line = |of: fn(&Row) -> f64, color: RGBColor| {
        LineSeries::new(rows.iter().map(move |row| (row.models as f64, of(row))), color)
    };
    let key = |color: RGBColor| move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color);
    chart.draw_series(line(|row| row.card, BLUE))?.label("card").legend(key(BLUE));
    chart.draw_series(line(|row| row.processor, RED))?.label("processor").legend(key(RED));
    chart.configure_series_labels().border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}
