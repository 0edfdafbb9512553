//! `kiln match`: which models come nearest to a recorded tone.

mod align;
mod bands;
mod distance;
mod filter;
mod finish;
mod page;
mod results;
mod search;
mod signals;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use fx::Impulse;
use indicatif::ProgressBar;
use serde_json::json;

use crate::amp::render::STOP;
use crate::amp::rig::hash;
use crate::device::{Device, Wanted};
use crate::shard::Shard;

use bands::Analyser;
use distance::Target;
use results::{Question, Recording, Results};
use search::{Search, Trial};
use signals::Signal;

/// Seconds of the target that are compared where it is another performance.
const TARGET: f64 = 30.0;
/// Seconds with which gains are tried.
const TRIAL: f64 = 1.5;
/// The largest recording, in bytes.
const MOST: usize = 1 << 30;

#[derive(clap::Args)]
#[command(
    override_usage = "kiln match [OPTIONS] --di <DI.wav> --target <TONE.wav> -o <OUT> <FOLDER>...\n       \
    kiln match [OPTIONS] --merge <OUT> <RESULTS.json>..."
)]
pub(crate) struct Args {
    /// What was played, without an amplifier: a WAV file
    #[arg(long, value_name = "DI.wav", required_unless_present = "merge")]
    di: Option<PathBuf>,
    /// The tone to come near, of the same performance or of another
    #[arg(long, value_name = "TONE.wav", required_unless_present = "merge")]
    target: Option<PathBuf>,
    /// Seconds of the DI to play: its loudest
    #[arg(long, value_name = "SECONDS", default_value = "5", conflicts_with = "merge")]
    #[arg(value_parser = |text: &str| seconds(text))]
    seconds: f64,
    /// Hear every model through this response; without one, each gets a response of its
    /// own that brings its mean spectrum to the target's
    #[arg(long, value_name = "IR.wav", conflicts_with = "merge")]
    cabinet: Option<PathBuf>,
    /// Size of slimmable models: 0 smallest to 1 best
    #[arg(long, value_name = "SHARE", default_value = "1", conflicts_with = "merge")]
    #[arg(value_parser = crate::amp::within_quality())]
    quality: f32,
    /// Compare every N-th model only, from the K-th on, and write results-K-of-N.json, for
    /// one of N machines
    #[arg(long, value_name = "K/N", conflicts_with = "merge")]
    shard: Option<Shard>,
    /// Put results of several machines together, into this folder
    #[arg(long, value_name = "OUT", conflicts_with = "output")]
    merge: Option<PathBuf>,
    /// What computes the networks; what it cannot run, the processor does
    #[arg(long, value_enum, default_value_t)]
    device: Wanted,
    /// Threads; one for each core by default
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Print how long it took, and the best
    #[arg(long)]
    report: bool,
    /// Print all there is to say as JSON
    #[arg(long)]
    json: bool,
    /// A folder for the results: results.json, index.html and the sound of the best; it
    /// keeps a log in `.kiln-match.jsonl`, from which an interrupted run goes on
    #[arg(long, short, value_name = "OUT", required_unless_present = "merge")]
    output: Option<PathBuf>,
    /// Folders of models, .nam or .json, or files of them; with `--merge` files of results
    #[arg(required = true, value_name = "FOLDER")]
    inputs: Vec<PathBuf>,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(x) if (1.0..=60.0).contains(&x) => Ok(x),
        _ => Err(format!("expected 1 to 60, found {text}")),
    }
}

/// Does what was asked; whether it came to the end.
pub(crate) fn run(args: &Args) -> Result<bool> {
    // Without a handler an interruption would leave no results.
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))?;
    let jobs = args.jobs.map_or(0, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build()?;
    let begun = Instant::now();
    let (results, done) = pool.install(|| match (&args.merge, &args.output) {
        (Some(folder), _) => merge(args, folder),
        (None, Some(folder)) => find(args, folder),
        (None, None) => bail!("expected a folder for the results, found none"),
    })?;
    for failure in &results.failed {
        crate::tell(&failure.error);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let counts = format!(
        "{} models compared, {} files skipped",
        results.entries.len(),
        results.failed.len()
    );
    crate::tell(&if done { counts } else { format!("{counts}, interrupted") });
    if args.json {
        let all = json!({ "seconds": seconds, "results": results });
        crate::say(&(serde_json::to_string_pretty(&all)? + "\n"))?;
    } else if args.report {
        crate::say(&table(&results, seconds))?;
    }
    Ok(done)
}

/// The best, as lines.
fn table(results: &Results, seconds: f64) -> String {
    let mut text = format!("{seconds:.2} s\n  dB     plain  input  file\n");
    for entry in results.entries.iter().take(finish::HEARD) {
        let file = crate::printable(&entry.file.display().to_string());
        let rank = entry.rank(&results.question);
        text += &format!("{rank:6.2} {:6.2} {:+6.1}  {file}\n", entry.distance, entry.input_gain);
    }
    text
}

/// A bar on a terminal.
fn bar(steps: u64) -> Result<ProgressBar> {
    Ok(ProgressBar::new(steps).with_style(crate::amp::style()?))
}

fn find(args: &Args, folder: &Path) -> Result<(Results, bool)> {
    let (Some(di), Some(target)) = (&args.di, &args.target) else {
        bail!("expected a DI and a target, found none");
    };
    let (mut files, mut failed) = search::files(&args.inputs, folder)?;
    if let Some(shard) = args.shard {
        let mut at = 0..;
        files.retain(|_| at.next().is_some_and(|at| shard.has(at)));
        // What has no place in the list is the first one's to tell of.
        failed.retain(|_| shard.number == 1);
    }
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let (search, part) = prepare(di, target, args)?;
    let rest = if args.shard.is_some() { 0 } else { finish::steps(files.len()) };
    let bar = bar(files.len() as u64 + rest)?;
    let (entries, more, complete) = search.all(&files, folder, args.shard, &bar)?;
    failed.extend(more);
    let question = search.question.clone();
    let mut results = Results { question, shard: args.shard, complete, entries, failed };
    results.sort();
    results.write(folder)?;
    let mut done = complete;
    // A share is no ranking yet.
    if complete && args.shard.is_none() {
        finish::sound(&folder.join("target.wav"), &part)?;
        done = finish::finish(&search, &mut results, folder, &bar)?;
        results.write(folder)?;
    }
    bar.finish_and_clear();
    Ok((results, done))
}

fn merge(args: &Args, folder: &Path) -> Result<(Results, bool)> {
    let mut results = Results::merged(&args.inputs)?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let question = &results.question;
    let again = Args {
        seconds: question.di.seconds,
        cabinet: question.cabinet.as_ref().map(|(path, _)| path.clone()),
        quality: question.quality,
        di: args.di.clone().or(Some(question.di.path.clone())),
        target: args.target.clone().or(Some(question.target.path.clone())),
        merge: None,
        shard: None,
        jobs: None,
        output: None,
        inputs: Vec::new(),
        ..*args
    };
    let (Some(di), Some(target)) = (&again.di, &again.target) else {
        bail!("expected a DI and a target, found none");
    };
    let (search, part) = prepare(di, target, &again)?;
    if search.question.fingerprint()? != question.fingerprint()? {
        bail!(
            "{}: expected the DI, target and cabinet that the results are about, found others",
            di.display()
        );
    }
    finish::sound(&folder.join("target.wav"), &part)?;
    let bar = bar(finish::steps(results.entries.len()))?;
    let done = finish::finish(&search, &mut results, folder, &bar)?;
    bar.finish_and_clear();
    results.write(folder)?;
    Ok((results, done))
}

/// Reads the recordings and decides what of them is compared and how; and that part of
/// the target.
fn prepare(di: &Path, target: &Path, args: &Args) -> Result<(Search, Signal)> {
    let digest = |path: &Path| Ok::<_, anyhow::Error>(hash(&crate::read(path, MOST)?));
    let [whole, tone] = [Signal::read(di)?, Signal::read(target)?];
    for (path, signal) in [(di, &whole), (target, &tone)] {
        if bands::loudness(&signal.samples, signal.rate)?.is_none() {
            bail!("{}: expected at least 0.4 s of sound, found silence", path.display());
        }
    }
    let alignment = align::align(&whole, &tone)?;
    let both = match alignment {
        // Where both are there.
        Some(a) => [(-a.lag).max(0.0), whole.seconds().min(tone.seconds() - a.lag)],
        None => [0.0, whole.seconds()],
    };
    let seconds = args.seconds.min(both[1] - both[0]);
    let from = whole.loudest(seconds, both);
    let di_part = whole.part(from, from + seconds);
    let (target_from, target_seconds) = match alignment {
        Some(a) => (from + a.lag, seconds),
        None => {
            let seconds = TARGET.min(tone.seconds());
            (tone.loudest(seconds, [0.0, tone.seconds()]), seconds)
        }
    };
    let part = tone.part(target_from, target_from + target_seconds);
    let Some(sound) = Analyser::shared(part.rate).hear(&part.samples)? else {
        bail!("{}: expected sound where the DI has some, found silence", target.display());
    };
    let trial = trial(&di_part, &part, alignment.is_some())?;
    let cabinet = args.cabinet.as_ref().map(|path| {
        let bytes = crate::read(path, Impulse::MAX_BYTES)?;
        let impulse = Impulse::load(&bytes).with_context(|| path.display().to_string())?;
        Ok::<_, anyhow::Error>((impulse, (path.clone(), hash(&bytes))))
    });
    let (cabinet, named) = cabinet.transpose()?.unzip();
    let recording = |path: &Path, from, seconds| {
        let path = std::path::absolute(path)?;
        Ok::<_, anyhow::Error>(Recording { hash: digest(&path)?, path, from, seconds })
    };
    let recordings =
        [recording(di, from, seconds)?, recording(target, target_from, target_seconds)?];
    let aligned = alignment.map(|a| (a.lag, a.correlation));
    let question = Question::new(recordings, aligned, args.quality, named);
    let target = Target::new(sound, alignment.is_some());
    let device = Device::open(args.device);
    Ok((Search::new(question, di_part, (target, trial), cabinet, device), part))
}

/// What gains are tried with: the loudest of the DI's part, and of the target's what
/// belongs to it, where both are one performance.
fn trial(di: &Signal, target: &Signal, aligned: bool) -> Result<Trial> {
    let seconds = TRIAL.min(di.seconds());
    let from = di.loudest(seconds, [0.0, di.seconds()]);
    let part = target.part(from, from + seconds);
    let sound = Analyser::shared(part.rate).hear(&part.samples)?.filter(|_| aligned);
    Ok(Trial { from, seconds, target: sound.map(|sound| Target::new(sound, true)) })
}
