//! `kiln amp`: WAV files through the effect.

mod batch;
mod chain;
mod conveyor;
mod knobs;
mod log;
pub(crate) mod render;
pub(crate) mod rig;
mod stations;
mod tape;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::device::{Device, Wanted};
use crate::report;
use crate::shard::Shard;
use crate::wav::Depth;

use batch::{Done, Outcome, Place};
use render::{Form, Job};

#[derive(clap::Args)]
#[command(override_usage = "kiln amp [OPTIONS] -m <M.nam> <INPUT> <OUTPUT>\n       \
    kiln amp [OPTIONS] -m <M.nam> -o <OUTPUT> <INPUT>...")]
pub(crate) struct Args {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    knobs: knobs::Knobs,
    /// Size of slimmable models: 0 smallest to 1 best
    #[arg(long, value_name = "SHARE", value_parser = knobs::within("slots.0.quality"))]
    #[arg(help_heading = "Parameters (ranges and all others: kiln amp --params)")]
    quality: Option<f32>,
    /// The bare network, without the rest of the effect; an error where its
    /// output is not finite
    #[arg(long, requires = "model")]
    #[arg(conflicts_with_all = ["Knobs", "preset", "model_b", "cabinet", "cabinet_b", "oversampling", "stereo"])]
    raw: bool,
    /// Give files of one channel two
    #[arg(long, help_heading = "Files")]
    stereo: bool,
    /// Seconds to go on after the end of the input
    #[arg(long, value_name = "SECONDS", default_value = "0", help_heading = "Files")]
    #[arg(value_parser = |text: &str| seconds(text))]
    tail: f64,
    /// How samples are written: 16 or 24 for integers, 32f for floats
    #[arg(
        long,
        value_enum,
        default_value = "32f",
        hide_possible_values = true,
        help_heading = "Files"
    )]
    bits: Depth,
    /// Add noise of one step to integers
    #[arg(long, help_heading = "Files")]
    dither: bool,
    /// Files to render at once; one for each core by default
    #[arg(long, short, value_name = "N", help_heading = "Files")]
    jobs: Option<NonZeroUsize>,
    /// Render every N-th file only, from the K-th on, for one of N machines
    #[arg(long, value_name = "K/N", help_heading = "Files")]
    shard: Option<Shard>,
    /// What computes the networks of a long file; what they remember must have an end.
    /// What a graphics card answers differs in the last digits
    #[arg(long, value_enum, default_value_t, help_heading = "Files")]
    device: Wanted,
    /// Render what the output folder has already, too
    #[arg(long, help_heading = "Files")]
    force: bool,
    /// Samples to process at a time, as a host would; makes no difference to
    /// the sound
    #[arg(long, value_name = "N", default_value = "8192", hide_short_help = true)]
    #[arg(help_heading = "Files", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    block: u32,
    /// Threads that share the work of one file; one for each core by default, and one
    /// where there are several files. Makes no difference to the sound
    #[arg(long, value_name = "N", hide_short_help = true, help_heading = "Files")]
    threads: Option<NonZeroUsize>,
    /// Print how loud each file was and is
    #[arg(long)]
    report: bool,
    /// Print all there is to say as JSON
    #[arg(long)]
    json: bool,
    /// List every parameter with its range and default
    #[arg(long)]
    params: bool,
    /// A file, or with `-o` a folder, for the results; a folder keeps a log in
    /// `.kiln-amp.jsonl`, and files that would come out the same are skipped
    #[arg(long, short, help_heading = "Files")]
    output: Option<PathBuf>,
    /// WAV files of integers of any depth or 32-bit floats, with 1 to 64
    /// channels; or folders of such; without `-o` the second is the output
    #[arg(required_unless_present = "params", value_name = "INPUT")]
    inputs: Vec<PathBuf>,
}

/// What the effect is loaded with.
#[derive(clap::Args)]
#[command(next_help_heading = "What plays")]
pub(crate) struct Sources {
    /// A preset as the plugin writes it, or the name of one that is built in;
    /// what else is said comes on top
    #[arg(long, value_name = "P.json")]
    preset: Option<PathBuf>,
    /// The .nam file of the first slot, or the id of a model that is built in or that
    /// `kiln models` installed
    #[arg(long, short, value_name = "M.nam")]
    #[arg(required_unless_present_any = ["model_b", "cabinet", "cabinet_b", "preset", "params"])]
    model: Option<PathBuf>,
    /// The .nam file of the second slot
    #[arg(long, value_name = "N.nam")]
    model_b: Option<PathBuf>,
    /// A WAV file with an impulse response of a cabinet, or the id of one that is
    /// built in; without any there is no cabinet
    #[arg(long, value_name = "IR.wav")]
    cabinet: Option<PathBuf>,
    /// The second impulse response, mixed with the first
    #[arg(long, value_name = "IR.wav")]
    cabinet_b: Option<PathBuf>,
    /// How many times their own rate the models run at: 1, 2 or 4
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    oversampling: Option<u32>,
}

/// A parser of the size of slimmable models.
pub(crate) fn within_quality() -> impl Fn(&str) -> Result<f32, String> + Clone + Send + Sync {
    knobs::within("slots.0.quality")
}

fn factor(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(x @ (1 | 2 | 4)) => Ok(x),
        _ => Err(format!("expected 1, 2 or 4, found {text}")),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(x) if (0.0..=60.0).contains(&x) => Ok(x),
        _ => Err(format!("expected 0 to 60, found {text}")),
    }
}

/// Where everything goes.
enum Goal<'a> {
    One(&'a Path, &'a Path),
    Many(&'a [PathBuf], &'a Path),
}

impl Args {
    fn goal(&self) -> Result<Goal<'_>, String> {
        let folder =
            |path: &Path| path.is_dir() || path.as_os_str().to_string_lossy().ends_with('/');
        match (&self.output, self.inputs.as_slice()) {
            (None, [input, output]) if !input.is_dir() => Ok(Goal::One(input, output)),
            (None, [_, output]) => Ok(Goal::Many(&self.inputs[..1], output)),
            (None, paths) => Err(format!(
                "expected an input and an output, or -o and any number of inputs; found {} without -o",
                paths.len()
            )),
            (Some(output), [input]) if !input.is_dir() && !folder(output) => {
                Ok(Goal::One(input, output))
            }
            (Some(output), inputs) => Ok(Goal::Many(inputs, output)),
        }
    }
}

/// Does what was asked; whether all of it could be done.
pub(crate) fn run(args: &Args) -> Result<bool> {
    if args.params {
        crate::say(&crate::settings::list::<fx::amp::Params>(args.json)?)?;
        return Ok(true);
    }
    let goal = args.goal().unwrap_or_else(|error| crate::misuse(&error));
    if let (Goal::One(..), Some(_)) = (&goal, args.shard) {
        crate::misuse("expected a folder for the results with --shard, found one file");
    }
    let raw = args.raw.then_some(args.quality.unwrap_or(1.0));
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok());
    let mut job = Job {
        rig: rig::Rig::load(&args.sources, &args.knobs.settings(args.quality), raw)?,
        form: Form { stereo: args.stereo, tail: args.tail, depth: args.bits, dither: args.dither },
        block: args.block as usize,
        measure: args.report || args.json,
        threads: threads.map_or(1, NonZeroUsize::get),
    };
    job.rig.device = Device::open(args.device);
    // Without a handler an interruption would leave the unfinished files.
    ctrlc::set_handler(|| render::STOP.store(true, Ordering::Relaxed))?;
    let done = match goal {
        Goal::One(input, output) => vec![one(&job, input, output)?],
        Goal::Many(inputs, folder) => {
            let (mut places, mut failed) = batch::places(inputs, folder)?;
            if let Some(shard) = args.shard {
                let mut at = 0..;
                places.retain(|_| at.next().is_some_and(|at| shard.has(at)));
            }
            let jobs = args.jobs.map_or(0, NonZeroUsize::get);
            if places.len() > 1 {
                // Whole files occupy the cores better than parts of each.
                job.threads = args.threads.map_or(1, NonZeroUsize::get);
            }
            failed.extend(batch::run(&job, places, folder, jobs, args.shard, args.force)?);
            summarise(&failed);
            failed
        }
    };
    if args.json {
        crate::say(&json(&done)?)?;
    } else if args.report {
        crate::say(&table(&done)?)?;
    }
    Ok(done.iter().all(|done| matches!(done.outcome, Outcome::Rendered | Outcome::Unchanged)))
}

fn one(job: &Job, input: &Path, output: &Path) -> Result<Done> {
    let frames = crate::wav::Input::open(input)?.frames();
    let bar = ProgressBar::new(frames).with_style(style()?);
    let levels = job.render(input, output, &|frames| bar.inc(frames))?;
    bar.finish_and_clear();
    Ok(Done { place: Place::one(input, output), outcome: Outcome::Rendered, levels })
}

/// Names the files that failed, and counts the others, on standard error.
fn summarise(done: &[Done]) {
    let mut counts = [0; 4];
    for Done { outcome, .. } in done {
        counts[match outcome {
            Outcome::Rendered => 0,
            Outcome::Unchanged => 1,
            Outcome::Failed(_) => 2,
            Outcome::Left => 3,
        }] += 1;
        if let Outcome::Failed(error) = outcome {
            crate::complain(error);
        }
    }
    let words = ["rendered", "unchanged", "failed", "left by the interruption"];
    let counts = counts.iter().zip(words).filter(|(count, _)| **count > 0);
    let counts: Vec<_> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    crate::tell(&format!("{} files: {}", done.len(), counts.join(", ")));
}

fn table(done: &[Done]) -> Result<String> {
    let mut text = report::head();
    for Done { place, levels, .. } in done {
        if let Some([before, after]) = levels {
            text += &report::row((&place.input, before), (&place.output, after))?;
        }
    }
    Ok(text)
}

fn json(done: &[Done]) -> Result<String> {
    let entry = |Done { place, outcome, levels }: &Done| {
        let (status, error) = match outcome {
            Outcome::Rendered => ("rendered", Value::Null),
            Outcome::Unchanged => ("unchanged", Value::Null),
            Outcome::Failed(error) => ("failed", format!("{error:#}").into()),
            Outcome::Left => ("left", Value::Null),
        };
        let [before, after] = levels.map_or([None, None], |levels| levels.map(Some));
        json!({ "input": place.input.display().to_string(),
            "output": place.output.display().to_string(),
            "status": status, "error": error, "before": before, "after": after })
    };
    let files: Vec<_> = done.iter().map(entry).collect();
    Ok(serde_json::to_string_pretty(&json!({ "files": files }))? + "\n")
}

/// Shown on a terminal only.
pub(crate) fn style() -> Result<ProgressStyle> {
    Ok(ProgressStyle::with_template("{wide_bar} {percent:>3} % {eta:>4}")?)
}
