//! Many files through the effect at once.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context as _, Error, Result, bail};
use indicatif::ProgressBar;
use rayon::prelude::*;
use walkdir::WalkDir;

use super::log::Log;
use super::render::{Job, STOP};
use crate::report::{self, Levels};
use crate::shard::Shard;
use crate::wav::Input;

/// Where one file comes from and goes to.
pub(crate) struct Place {
    pub(crate) input: PathBuf,
    pub(crate) output: PathBuf,
    /// The output within its folder.
    name: String,
}

/// What became of a file.
pub(crate) enum Outcome {
    Rendered,
    /// It was there already, and would have been made the same.
    Unchanged,
    Failed(Error),
    /// The run was interrupted before its end.
    Left,
}

/// A file, what became of it, and how loud it was before and is now.
pub(crate) struct Done {
    pub(crate) place: Place,
    pub(crate) outcome: Outcome,
    pub(crate) levels: Option<[Levels; 2]>,
}

impl Place {
    /// `input` to where the user says, under any name.
    pub(crate) fn one(input: &Path, output: &Path) -> Self {
        Self { input: input.into(), output: output.into(), name: String::new() }
    }

    fn within(folder: &Path, input: PathBuf, name: &Path) -> Self {
        Self { input, output: folder.join(name), name: name.display().to_string() }
    }
}

/// Every WAV file that `inputs` name or hold, with its place in `folder`. What
/// cannot be looked into comes back as failed.
pub(crate) fn places(inputs: &[PathBuf], folder: &Path) -> Result<(Vec<Place>, Vec<Done>)> {
    let (mut places, mut failed) = (Vec::new(), Vec::new());
    for input in inputs {
        if !input.is_dir() {
            let Some(name) = input.file_name() else {
                bail!("{}: expected a file or folder", input.display());
            };
            places.push(Place::within(folder, input.clone(), Path::new(name)));
            continue;
        }
        apart(input, folder)?;
        for entry in WalkDir::new(input).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_wav(entry.path()) => {
                    let path = entry.into_path();
                    let name = path.strip_prefix(input).unwrap_or(&path).to_owned();
                    places.push(Place::within(folder, path, &name));
                }
                Ok(_) => {}
                Err(error) => {
                    let place = Place::one(error.path().unwrap_or(input), folder);
                    let outcome = Outcome::Failed(Error::new(error));
                    failed.push(Done { place, outcome, levels: None });
                }
            }
        }
    }
    check(&places)?;
    Ok((places, failed))
}

/// By its name, and not one of the hidden files some systems leave beside others.
fn is_wav(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let wav = |end: &std::ffi::OsStr| end.eq_ignore_ascii_case("wav");
    !hidden && path.extension().is_some_and(wav)
}

/// Refuses results among the inputs, which the next run would take for inputs.
fn apart(input: &Path, folder: &Path) -> Result<()> {
    if real(folder)?.starts_with(fs::canonicalize(input)?) {
        bail!("{}: expected a folder outside of the input's", folder.display());
    }
    Ok(())
}

/// Where `path` really is, or will be.
fn real(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let existing = path.ancestors().find(|path| path.exists()).unwrap_or(&path);
    Ok(fs::canonicalize(existing)?.join(path.strip_prefix(existing)?))
}

/// Refuses two files of one name, and results in place of inputs.
fn check(places: &[Place]) -> Result<()> {
    let inputs: HashSet<_> =
        places.iter().filter_map(|p| fs::canonicalize(&p.input).ok()).collect();
    let mut outputs = HashSet::new();
    for Place { input, output, .. } in places {
        if !outputs.insert(output) {
            bail!(
                "{}: expected one file of this name, found another: {}",
                output.display(),
                input.display()
            );
        }
        if fs::canonicalize(output).is_ok_and(|output| inputs.contains(&output)) {
            bail!("{}: expected another file than the input, found the same", output.display());
        }
    }
    Ok(())
}

/// Renders all, on `jobs` threads, but what `folder` has already unless `force`. A machine
/// that does a share of all keeps a log of its own.
pub(crate) fn run(
    job: &Job,
    places: Vec<Place>,
    folder: &Path,
    jobs: usize,
    shard: Option<Shard>,
    force: bool,
) -> Result<Vec<Done>> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let log = Log::open(folder, shard)?;
    let fingerprint = job.fingerprint()?;
    let has = |p: &Place| !force && log.has(&p.name, &fingerprint, &p.input, &p.output);
    let places: Vec<_> = places.into_iter().map(|place| (has(&place), place)).collect();
    let todo = places.iter().filter(|(has, _)| !has);
    let frames = todo.map(|(_, place)| Input::open(&place.input).map_or(0, |input| input.frames()));
    let bar = ProgressBar::new(frames.sum()).with_style(super::style()?);
    let one = |(has, place): (bool, Place)| {
        let result = if has { unchanged(job, &place) } else { render(job, &place, &bar) };
        let result = result.and_then(|done| {
            if !has {
                log.add(&place.name, &fingerprint, &place.input, &place.output)?;
            }
            Ok(done)
        });
        let (outcome, levels) = match result {
            Ok(levels) if has => (Outcome::Unchanged, levels),
            Ok(levels) => (Outcome::Rendered, levels),
            Err(_) if STOP.load(Ordering::Relaxed) => (Outcome::Left, None),
            Err(error) => (Outcome::Failed(error), None),
        };
        Done { place, outcome, levels }
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build()?;
    let done = pool.install(|| places.into_par_iter().with_max_len(1).map(one).collect());
    bar.finish_and_clear();
    Ok(done)
}

fn render(job: &Job, place: &Place, bar: &ProgressBar) -> Result<Option<[Levels; 2]>> {
    if let Some(folder) = place.output.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    job.render(&place.input, &place.output, &|frames| bar.inc(frames))
}

/// The levels of what is there already.
fn unchanged(job: &Job, place: &Place) -> Result<Option<[Levels; 2]>> {
    if !job.measure {
        return Ok(None);
    }
    Ok(Some([report::measure(&place.input)?, report::measure(&place.output)?]))
}
