//! Writes a report of an overdrive made of formulas and of a model that is nearly it:
//! `cargo run -p train --example report -- report.html [report.json]`.

use std::f64::consts::TAU;
use std::process::ExitCode;

use nn::Model;
use train::report::{About, Passage, Point, Report};

const RATE: f64 = 48_000.0;
const SECONDS: usize = 12;

/// A filter, a curve and a filter, as the gear has them.
const GEAR: [f64; 4] = [40.0, 0.25, 300.0, 5000.0];
/// The same as learnt: each a little wrong.
const LEARNT: [f64; 4] = [41.0, 0.23, 296.0, 5100.0];

/// Gain before the curve, bias, Hz of the high-pass and of the low-pass, in a model file.
fn overdrive([gain, bias, high_pass, low_pass]: [f64; 4]) -> String {
    let rest = bias.tanh();
    format!(
        r#"{{"format":"kiln-drive","version":1,
        "pre":[{{"kind":"high_pass","hz":{high_pass}}}],
        "layers":[{{"type":"dense","weights":[[{gain}]],"bias":[{bias}]}},{{"type":"tanh"}},
        {{"type":"dense","weights":[[0.4]],"bias":[{}]}}],
        "post":[{{"kind":"low_pass","hz":{low_pass}}}]}}"#,
        -0.4 * rest
    )
}

/// Plucked strings, a chord every other second, then a pause.
fn guitar() -> Vec<f32> {
    let n = SECONDS * RATE as usize;
    let strings = [82.4, 123.5, 164.8, 207.7, 246.9, 329.6];
    let sample = |i: usize| {
        let (beat, t) = (i / 48_000, (i % 48_000) as f64 / RATE);
        let strength = [1.0, 0.35, 0.1][beat % 3];
        let played = strings.iter().skip(beat % 2).take(if beat % 4 == 0 { 1 } else { 4 });
        let string = |hz: &f64| -> f64 {
            let partial = |k: f64| {
                (-t * (1.0 + 0.9 * k)).exp() * (TAU * k * hz * 1.0003f64.powf(k * k) * t).sin() / k
            };
            (1..=12).map(f64::from).map(partial).sum()
        };
        let rise = (t / 0.002).min(1.0);
        (0.22 * strength * rise * played.map(string).sum::<f64>()) as f32
    };
    (0..n).map(|i| if i > n - 30_000 { 0.0 } else { sample(i) }).collect()
}

fn history() -> Vec<Point> {
    let mut random = fastrand::Rng::with_seed(5);
    let mut point = |i: u64| {
        let left = 0.9 * (-(i as f64) / 400.0).exp() + 0.09 * (-(i as f64) / 2500.0).exp();
        let loss = (left + 0.004) * (0.8 + 0.4 * random.f64());
        let over = 0.0015 * (i as f64 / 6000.0).powi(3);
        let esr =
            i.is_multiple_of(100).then(|| (left + 0.006 + over) * (0.95 + 0.1 * random.f64()));
        Point { step: i, seconds: i as f64 * 0.021, loss, esr }
    };
    (0..=80).map(|i| point(i * 100)).collect()
}

fn write(paths: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::load(overdrive(LEARNT).as_bytes())?;
    let gear = Model::load(overdrive(GEAR).as_bytes())?;
    let dry = guitar();
    let through = |model: &Model| -> Result<Vec<f32>, nn::Error> {
        let mut io = dry.clone();
        model.at_rate(RATE)?.engine().process(&mut io);
        Ok(io)
    };
    let mut wet = through(&gear)?;
    // The noise of a preamplifier, which no model can learn.
    let mut random = fastrand::Rng::with_seed(3);
    wet.iter_mut().for_each(|y| *y += 2e-4 * (random.f32() - 0.5));
    let answer = through(&model)?;
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let about = About {
        name: "Overdrive, drive at noon".to_owned(),
        class: "Filters around a network of one layer".to_owned(),
        date: "2025-01-31 18:04".to_owned(),
        seed: 1,
        seconds: 168.0,
        latency: 37.0,
        inverted: true,
        gain: 0.84,
        settings: vec![setting("Steps", "8000"), setting("Loss", "ESR 0.75, DC 0.25")],
        notices: vec!["The wet recording ends 0.3 s before the dry one.".to_owned()],
    };
    let passage = Passage { rate: RATE, dry: &dry, wet: &wet, model: &answer };
    let report = Report::new(about, &passage, &model, history())?;
    print!("{}", report.summary());
    if let Some(html) = paths.first() {
        std::fs::write(html, report.html())?;
    }
    if let Some(json) = paths.get(1) {
        std::fs::write(json, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    match write(&paths) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
