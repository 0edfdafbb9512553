//! `kiln bench`: what models cost on this machine.

pub(crate) mod beside;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use nn::Engine;
use serde_json::json;

/// Block lengths a host may ask for.
const BLOCKS: [usize; 4] = [1, 16, 64, 512];

/// Samples of a round, and rounds and time to spend at least.
const ROUND: usize = 2048;
const ROUNDS: usize = 5;
const BUDGET: Duration = Duration::from_millis(150);

/// Prints a table; whether every file could be measured.
pub(crate) fn print(files: &[PathBuf], json: bool) -> Result<bool> {
    let mut all = true;
    let mut text = String::from("ns/sample");
    BLOCKS.iter().try_for_each(|b| write!(text, "{:>10}", format!("{b}")))?;
    text.push_str("  samples a block\n");
    let head = text.len();
    // What works beside the audio thread is told of apart.
    let mut others = String::new();
    let mut entries = Vec::new();
    for file in files {
        let model = match crate::load(file) {
            Ok(model) => model,
            Err(error) => {
                crate::complain(&error);
                all = false;
                continue;
            }
        };
        if model.is_foreign() {
            let (words, entry) = beside::measure(&model, &file.display().to_string())?;
            others.push_str(&words);
            entries.push(entry);
            continue;
        }
        let mut engine = model.engine();
        let costs = BLOCKS.map(|block| cost(&mut *engine, block));
        text.push_str("         ");
        costs.iter().try_for_each(|ns| write!(text, "{ns:>10.1}"))?;
        writeln!(text, "  {}", crate::printable(&file.display().to_string()))?;
        let blocks = BLOCKS.iter().zip(costs);
        let blocks: Vec<_> =
            blocks.map(|(b, ns)| json!({ "block": b, "ns_per_sample": ns })).collect();
        entries.push(json!({ "file": file.display().to_string(), "blocks": blocks }));
    }
    if text.len() == head {
        text.clear();
    }
    text.push_str(&others);
    if json {
        text = serde_json::to_string_pretty(&entries)? + "\n";
    }
    crate::say(&text)?;
    Ok(all)
}

/// Nanoseconds of processor time a sample takes in blocks of `block`: the
/// least of many rounds, since whatever disturbs one only adds.
pub(crate) fn cost(engine: &mut dyn Engine, block: usize) -> f64 {
    let tone = |i: usize| 0.3 * (i as f32 * 0.031).sin() + 0.1 * (i as f32 * 0.173).sin();
    let input: Vec<f32> = (0..ROUND).map(tone).collect();
    let mut io = input.clone();
    let best = least(|| {
        io.copy_from_slice(&input);
        io.chunks_mut(block).for_each(|block| engine.process(block));
    });
    best.as_nanos() as f64 / ROUND as f64
}

/// The processor time of the fastest of many rounds.
pub(crate) fn least(mut round: impl FnMut()) -> Duration {
    let (start, mut best, mut rounds) = (thread_time(), Duration::MAX, 0);
    while rounds < ROUNDS || thread_time() - start < BUDGET {
        let before = thread_time();
        round();
        best = best.min(thread_time() - before);
        rounds += 1;
    }
    best
}

/// Processor time of this thread, which other programs do not add to.
#[cfg(unix)]
fn thread_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// Wall time; the least of many rounds comes close.
#[cfg(not(unix))]
fn thread_time() -> Duration {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
