//! Every model of some folders, played and compared.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use fx::Impulse;
use indicatif::ProgressBar;
use nn::{Convolver, Model};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::bands::Analyser;
use super::distance::{Compared, Target};
use super::results::{Entry, Failure, Question};
use super::signals::Signal;
use crate::amp::render::STOP;
use crate::amp::rig::hash;
use crate::device::{Device, Job};
use crate::shard::Shard;

/// Models that are in memory at a time, for each thread: so many that all have work until
/// nearly the end.
const BATCH: usize = 16;

/// The beginning of the log's name in the output folder.
const LOG: &str = ".kiln-match";

/// What is played and what it is compared with.
pub(super) struct Search {
    pub(super) question: Question,
    /// The part of the DI that is played.
    pub(super) di: Signal,
    pub(super) target: Target,
    pub(super) trial: Trial,
    pub(super) cabinet: Option<Impulse>,
    device: Device,
    /// The DI at other rates.
    rates: Mutex<HashMap<u32, Arc<Signal>>>,
}

/// The part of the DI's part with which gains are tried.
pub(super) struct Trial {
    /// Seconds from the beginning of the DI's part, and how many.
    pub(super) from: f64,
    pub(super) seconds: f64,
    /// What belongs to it; without, all of the target.
    pub(super) target: Option<Target>,
}

/// A model that can be played.
pub(super) struct Loaded {
    pub(super) file: PathBuf,
    hash: String,
    pub(super) model: Model,
    /// Hz.
    pub(super) rate: u32,
    input: Arc<Signal>,
}

impl Loaded {
    /// Whether that is the digest of its file.
    pub(super) fn is(&self, hash: &str) -> bool {
        self.hash == hash
    }
}

impl Search {
    pub(super) fn new(
        question: Question,
        di: Signal,
        (target, trial): (Target, Trial),
        cabinet: Option<Impulse>,
        device: Device,
    ) -> Self {
        Self { question, di, target, trial, cabinet, device, rates: Mutex::default() }
    }

    /// The DI at a rate.
    fn input(&self, rate: u32) -> Result<Arc<Signal>> {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signal) = rates.get(&rate) {
            return Ok(signal.clone());
        }
        let signal = Arc::new(self.di.at(rate)?);
        rates.insert(rate, signal.clone());
        Ok(signal)
    }

    /// Reads a model and makes it ready.
    pub(super) fn load(&self, file: &Path) -> Result<Loaded> {
        let named = || file.display().to_string();
        let bytes = crate::read(file, Model::MAX_BYTES)?;
        let model = Model::load(&bytes).with_context(named)?;
        let own = if model.follows_rate() { f64::from(self.di.rate) } else { crate::rate(&model) };
        let rate = own.round();
        if !(8000.0..=768_000.0).contains(&rate) {
            bail!("{}: expected a rate of 8000 to 768000 Hz, found {own} Hz", named());
        }
        let (rate, model) = (rate as u32, model.at_rate(own).with_context(named)?);
        let input = self.input(rate)?;
        Ok(Loaded { file: file.to_owned(), hash: hash(&bytes), model, rate, input })
    }

    /// The DI with a gain in dB, as a model is to hear it.
    pub(super) fn feed(loaded: &Loaded, gain: f64) -> Vec<f32> {
        let factor = 10f64.powf(gain / 20.0) as f32;
        loaded.input.samples.iter().map(|x| factor * x).collect()
    }

    /// Of the feed, what gains are tried with.
    pub(super) fn trial_feed(&self, loaded: &Loaded, gain: f64) -> Vec<f32> {
        let factor = 10f64.powf(gain / 20.0) as f32;
        let Trial { from, seconds, .. } = self.trial;
        let part = loaded.input.part(from, from + seconds);
        part.samples.iter().map(|x| factor * x).collect()
    }

    /// What is heard of a model's output: through the cabinet, if there is one.
    pub(super) fn heard(&self, loaded: &Loaded, mut output: Vec<f32>) -> Vec<f32> {
        if let Some(cabinet) = &self.cabinet {
            let cabinet = cabinet.at(loaded.rate as f32);
            if let Some(taps) = cabinet.channels().next() {
                Convolver::new(taps).process(&mut output);
            }
        }
        output
    }

    /// How far what is heard is from the target.
    pub(super) fn compare(&self, loaded: &Loaded, heard: &[f32]) -> Result<Compared> {
        Self::compare_with(&self.target, loaded, heard)
    }

    /// How far what is heard of a trial is from the target.
    pub(super) fn compare_trial(&self, loaded: &Loaded, heard: &[f32]) -> Result<Compared> {
        let target = self.trial.target.as_ref().unwrap_or(&self.target);
        Self::compare_with(target, loaded, heard)
    }

    fn compare_with(target: &Target, loaded: &Loaded, heard: &[f32]) -> Result<Compared> {
        let sound = Analyser::shared(loaded.rate).hear(heard)?;
        let Some(sound) = sound.filter(|_| heard.iter().all(|x| x.is_finite())) else {
            bail!("{}: expected sound, found silence or no numbers", loaded.file.display());
        };
        Ok(target.compare(&sound))
    }

    /// What is known of a model after it was compared.
    pub(super) fn entry(&self, loaded: &Loaded, compared: &Compared, input_gain: f64) -> Entry {
        let Loaded { file, hash, model, rate, .. } = loaded;
        Entry {
            file: file.clone(),
            hash: hash.clone(),
            name: model.metadata().name.clone(),
            format: model.format().to_owned(),
            architecture: model.architecture().to_owned(),
            rate: *rate,
            distance: compared.plain,
            matched: compared.matched,
            input_gain,
            output_gain: compared.gain,
            made: None,
        }
    }

    /// Plays `feeds`, and gives what `finish` makes of what is heard of each.
    pub(super) fn play<T: Send>(
        &self,
        models: &[(&Loaded, Vec<f32>)],
        finish: impl Fn(usize, Vec<f32>) -> T + Sync,
    ) -> Vec<Option<T>> {
        let jobs = models.iter().map(|(loaded, feed)| Job {
            model: &loaded.model,
            quality: self.question.quality,
            past: &[],
            signal: feed,
        });
        let jobs: Vec<Job<'_>> = jobs.collect();
        let done: Mutex<Vec<Option<T>>> = Mutex::new(jobs.iter().map(|_| None).collect());
        self.device.render_each(&jobs, &|at, output| {
            let made = finish(at, self.heard(models[at].0, output));
            done.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(made);
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares all `files`, but those that the log in `folder` knows; and whether it
    /// came to the end.
    pub(super) fn all(
        &self,
        files: &[PathBuf],
        folder: &Path,
        shard: Option<Shard>,
        bar: &ProgressBar,
    ) -> Result<(Vec<Entry>, Vec<Failure>, bool)> {
        let mut log = Log::open(Shard::log(shard, folder, LOG), self.question.fingerprint()?)?;
        let (mut entries, mut failed) = (Vec::new(), Vec::new());
        for files in files.chunks(BATCH * rayon::current_num_threads()) {
            if STOP.load(Ordering::Relaxed) {
                return Ok((entries, failed, false));
            }
            let mut loaded = Vec::new();
            let known = &log;
            let read: Vec<_> = files.par_iter().map(|file| self.known(file, known)).collect();
            for read in read {
                match read {
                    Ok(Known::Before(entry)) => entries.push(*entry),
                    Ok(Known::New(model)) => loaded.push(*model),
                    Err(failure) => failed.push(failure),
                }
            }
            bar.inc((files.len() - loaded.len()) as u64);
            let jobs: Vec<_> = loaded.iter().map(|l| (l, Self::feed(l, 0.0))).collect();
            let found = self.play(&jobs, |at, heard| {
                bar.inc(1);
                let compared = self.compare(&loaded[at], &heard)?;
                Ok::<_, anyhow::Error>(self.entry(&loaded[at], &compared, 0.0))
            });
            for (found, loaded) in found.into_iter().zip(&loaded) {
                match found {
                    Some(Ok(entry)) => {
                        log.add(&entry)?;
                        entries.push(entry);
                    }
                    Some(Err(error)) => failed.push(failure(&loaded.file, &error)),
                    None => {}
                }
            }
        }
        Ok((entries, failed, true))
    }

    /// What the log knows of a file as it is now, or the model in it.
    fn known(&self, file: &Path, log: &Log) -> Result<Known, Failure> {
        if !log.entries.is_empty()
            && let Ok(bytes) = crate::read(file, Model::MAX_BYTES)
            && let Some(entry) = log.entries.get(&(file.to_owned(), hash(&bytes)))
        {
            return Ok(Known::Before(Box::new(entry.clone())));
        }
        let loaded = self.load(file).map_err(|error| failure(file, &error))?;
        Ok(Known::New(Box::new(loaded)))
    }
}

/// What a file is.
enum Known {
    Before(Box<Entry>),
    New(Box<Loaded>),
}

fn failure(file: &Path, error: &anyhow::Error) -> Failure {
    Failure { file: file.to_owned(), error: format!("{error:#}") }
}

/// Every file below `folders`, but for those in `results`, that may be a model by its
/// name, in order.
pub(super) fn files(folders: &[PathBuf], results: &Path) -> Result<(Vec<PathBuf>, Vec<Failure>)> {
    let (mut files, mut failed) = (Vec::new(), Vec::new());
    for folder in folders {
        if folder.is_file() {
            files.push(folder.clone());
            continue;
        }
        for entry in WalkDir::new(folder).follow_links(true) {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_model(entry.path()) => {
                    files.push(entry.into_path());
                }
                Ok(_) => {}
                Err(error) => {
                    let file = error.path().unwrap_or(folder).to_owned();
                    failed.push(Failure { file, error: error.to_string() });
                }
            }
        }
    }
    files.retain(|file| !file.starts_with(results));
    files.sort();
    files.dedup();
    if files.is_empty() {
        let named: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        bail!("{}: expected .nam or .json files of models, found none", named.join(", "));
    }
    Ok((files, failed))
}

/// By its name, and not hidden.
fn is_model(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let ends = |end: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(end));
    !hidden && (ends("nam") || ends("json"))
}

/// One line of the log.
#[derive(Serialize, Deserialize)]
struct Line {
    /// See [`Question::fingerprint`].
    fingerprint: String,
    entry: Entry,
}

/// What earlier runs found, a line of JSON a model, added when it is known: an
/// interrupted run loses nothing, and a torn last line counts as none.
struct Log {
    path: PathBuf,
    file: File,
    fingerprint: String,
    entries: HashMap<(PathBuf, String), Entry>,
}

impl Log {
    fn open(path: PathBuf, fingerprint: String) -> Result<Self> {
        let text = fs::read(&path).unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        let lines = lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        let lines = lines.filter(|line| line.fingerprint == fingerprint);
        let entries =
            lines.map(|Line { entry, .. }| ((entry.file.clone(), entry.hash.clone()), entry));
        let entries = entries.collect();
        let open = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            if !text.is_empty() && !text.ends_with(b"\n") {
                file.write_all(b"\n")?;
            }
            Ok::<_, std::io::Error>(file)
        };
        let file = open().with_context(|| path.display().to_string())?;
        Ok(Self { path, file, fingerprint, entries })
    }

    fn add(&mut self, entry: &Entry) -> Result<()> {
        let line = Line { fingerprint: self.fingerprint.clone(), entry: entry.clone() };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        self.file.write_all(&text).with_context(|| self.path.display().to_string())
    }
}
