//! What models cost that work beside the audio thread, and whether they keep up.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use nn::foreign::State;
use nn::{Blocks, Model, Place, Report};
use serde_json::{Value, json};

/// Sound to run, and the time that it may take in seconds.
const SECONDS: f64 = 5.0;

/// Block lengths of hosts whose latency is told.
const HOSTS: [usize; 3] = [64, 256, 1024];

/// Runs `model` at `rate`, in Hz, as fast as it can, and tells how it did.
pub(crate) fn run(model: &Model, rate: f64) -> Report {
    let mut engine = model.engine_in(&Place::offline(rate));
    let tone = |i: usize| 0.3 * (i as f32 * 0.031).sin() + 0.1 * (i as f32 * 0.173).sin();
    let input: Vec<f32> = (0..(SECONDS * rate) as usize).map(tone).collect();
    let began = Instant::now();
    let mut io = Vec::new();
    for input in input.chunks(512) {
        io.clear();
        io.extend_from_slice(input);
        engine.process(&mut io);
        if began.elapsed() > Duration::from_secs_f64(SECONDS) {
            break;
        }
    }
    engine.watch().map(|watch| watch.report()).unwrap_or_default()
}

/// Samples by which it is late in hosts of [`HOSTS`].
fn latencies(model: &Model, rate: f64) -> [usize; HOSTS.len()] {
    HOSTS.map(|block| {
        let place = Place { sample_rate: rate, blocks: Blocks::UpTo(block), offline: true };
        model.foreign_latency(&place).unwrap_or(0)
    })
}

/// All that was found.
pub(crate) fn json(report: &Report) -> Value {
    let ms = |time: Duration| 1000.0 * time.as_secs_f64();
    let reason = match &report.state {
        State::Running => Value::Null,
        State::Bypassed { reason } => reason.clone().into(),
    };
    json!({
        "engine": report.engine, "device": report.device, "notices": report.notices,
        "bypassed": reason, "hop_ms": ms(report.hop), "budget_ms": ms(report.budget),
        "mean_ms": ms(report.mean), "p99_ms": ms(report.p99), "peak_ms": ms(report.peak),
        "load_ms": ms(report.load), "inferences": report.inferences,
        "over_budget": report.over_budget, "underruns": report.underruns,
        "samples_lost": report.samples_lost, "errors": report.errors,
        "real_time": report.is_real_time(),
    })
}

/// What `kiln bench` says of `model`: a few lines, and all of it as JSON.
pub(super) fn measure(model: &Model, name: &str) -> Result<(String, Value)> {
    let rate = crate::rate(model);
    let report = run(model, rate);
    let late = latencies(model, rate);
    let mut text = String::new();
    let ms = |time: Duration| format!("{:.2} ms", 1000.0 * time.as_secs_f64());
    let Report { hop, mean, p99, peak, load, .. } = report;
    let verdict = match (&report.state, report.is_real_time()) {
        (State::Bypassed { reason }, _) => format!("does not run: {reason}"),
        (_, true) => "keeps up with real time".into(),
        (_, false) => "does not keep up with real time here".into(),
    };
    writeln!(text, "{}: {verdict}", crate::printable(name))?;
    writeln!(text, "  runs on {}, {}", report.engine, report.device)?;
    for notice in &report.notices {
        writeln!(text, "  {}", crate::printable(notice))?;
    }
    writeln!(
        text,
        "  {} of sound at a time in {} on average, 99 of 100 in {}, at most {}; made ready in {}",
        ms(hop),
        ms(mean),
        ms(p99),
        ms(peak),
        ms(load)
    )?;
    let late_words: Vec<_> = HOSTS.iter().zip(late).map(|(b, l)| format!("{l} at {b}")).collect();
    writeln!(text, "  late by samples at blocks of up to: {}", late_words.join(", "))?;
    let late: Vec<_> =
        HOSTS.iter().zip(late).map(|(b, l)| json!({ "block": b, "samples": l })).collect();
    let mut entry = json(&report);
    entry["file"] = name.into();
    entry["latency"] = late.into();
    Ok((text, entry))
}
