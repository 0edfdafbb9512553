//! `kiln bench --offline`: how fast a file is rendered when nobody waits for it, in order
//! and by all cores.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use nn::Model;
use serde_json::{Value, json};

use crate::amp::render::{Form, Job};
use crate::amp::rig::Rig;
use crate::wav::{Depth, Format, Output};

/// Seconds of the file.
const SECONDS: usize = 60;
/// Samples between two plucks.
const PERIOD: usize = 20_000;

/// How often faster than it sounds a file was rendered, and whether both are the same.
struct Speed {
    way: &'static str,
    one: f64,
    all: f64,
    same: bool,
}

/// Prints a table; whether every file could be measured and came out the same both ways.
pub(crate) fn print(files: &[PathBuf], json: bool) -> Result<bool> {
    let threads = std::thread::available_parallelism()?.get();
    let mut text = format!("x real time   1 thread  {threads:>3} threads  bit-identical\n");
    let (mut entries, mut good) = (Vec::new(), true);
    for file in files {
        let speeds = crate::load(file).and_then(|model| speeds(&model, threads));
        let speeds = match speeds {
            Ok(speeds) => speeds,
            Err(error) => {
                crate::complain(&error);
                good = false;
                continue;
            }
        };
        for Speed { way, one, all, same } in &speeds {
            let name = crate::printable(&file.display().to_string());
            let word = if *same { "yes" } else { "no" };
            writeln!(text, "{way:11} {one:>10.1} {all:>12.1}  {word:13}  {name}")?;
            good &= same;
        }
        let speeds: Vec<Value> = speeds
            .iter()
            .map(|s| json!({ "way": s.way, "one": s.one, "all": s.all, "identical": s.same }))
            .collect();
        let file = file.display().to_string();
        entries.push(json!({ "file": file, "threads": threads, "real_time": speeds }));
    }
    if json {
        text = serde_json::to_string_pretty(&entries)? + "\n";
    }
    crate::say(&text)?;
    Ok(good)
}

/// Of the bare network and of the whole effect.
fn speeds(model: &Model, threads: usize) -> Result<[Speed; 2]> {
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("in.wav");
    let rate = crate::rate(model).round() as usize;
    write(&input, rate)?;
    let speed = |way, raw: Option<f32>| {
        let rig = Rig::of(model, raw);
        let made = |threads| {
            let form = Form { stereo: false, tail: 0.0, depth: Depth::Float32, dither: false };
            let job = Job { rig: rig.clone(), form, block: 8192, measure: false, threads };
            let output = folder.path().join(format!("{threads}.wav"));
            let begun = Instant::now();
            job.render(&input, &output, &|_| ())?;
            let times = SECONDS as f64 / begun.elapsed().as_secs_f64();
            Ok::<_, anyhow::Error>((times, fs::read(&output)?))
        };
        let (one, all) = (made(1)?, made(threads)?);
        Ok::<_, anyhow::Error>(Speed { way, one: one.0, all: all.0, same: one.1 == all.1 })
    };
    Ok([speed("raw", Some(1.0))?, speed("effect", None)?])
}

/// A minute of plucks, none of which is silence.
fn write(path: &Path, rate: usize) -> Result<()> {
    let frames = SECONDS * rate;
    let pluck = |i: usize| {
        let (t, k) = ((i % PERIOD) as f32, (i / PERIOD % 7) as f32);
        0.5 * (-t / 9000.0).exp() * ((0.02 + 0.002 * k) * t).sin() + 1e-3 * (0.3 * t).sin()
    };
    let format = Format {
        channels: 1,
        sample_rate: u32::try_from(rate)?,
        frames: frames as u64,
        depth: Depth::Float32,
        dither: false,
    };
    let mut output = Output::create(path, &format, &[])?;
    output.write(&mut [(0..frames).map(pluck).collect()])?;
    output.finish()
}
