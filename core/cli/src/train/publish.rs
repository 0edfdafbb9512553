//! Models for players that listen while they are taught.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nn::{Knob, Metadata};
use train::course::{Format, Trained};
use train::export::About;

/// A player that cross-fades from model to model needs a moment for each.
const EVERY: Duration = Duration::from_millis(500);

pub(super) struct Publisher {
    path: PathBuf,
    format: Format,
    rate: f64,
    knobs: Vec<Knob>,
    metadata: Metadata,
    revision: u64,
    last: Option<Instant>,
    /// Whether the best model is yet to be given out.
    owed: bool,
}

impl Publisher {
    /// Goes on from the revision that is there, for players never go back.
    pub(super) fn new(path: &Path, rate: f64, knobs: &[Knob], metadata: &Metadata) -> Self {
        let there = crate::load(path).ok().and_then(|model| model.metadata().revision);
        let heard = live::acknowledged::<live::Verdict>(path).ok().and_then(|ack| ack.revision);
        Self {
            path: path.to_owned(),
            format: Self::format(path),
            rate,
            knobs: knobs.to_vec(),
            metadata: metadata.clone(),
            revision: there.max(heard).unwrap_or(0),
            last: None,
            owed: false,
        }
    }

    /// The format that is meant by a name.
    pub(super) fn format(path: &Path) -> Format {
        let is_nam = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("nam"));
        if is_nam { Format::Nam } else { Format::Drive }
    }

    /// Gives out the best model if it is new, now or as soon as players are ready for it.
    pub(super) fn offer(&mut self, best: Option<&Trained>, improved: bool) -> Result<()> {
        self.owed |= improved;
        let ready = self.last.is_none_or(|last| last.elapsed() >= EVERY);
        match best {
            Some(best) if self.owed && ready => self.give(best),
            _ => Ok(()),
        }
    }

    /// Gives out a model whatever came before it.
    pub(super) fn give(&mut self, best: &Trained) -> Result<()> {
        (self.owed, self.last) = (false, Some(Instant::now()));
        self.revision += 1;
        let (esr, revision) = (Some(best.esr), Some(self.revision));
        let metadata = Metadata { esr, revision, ..self.metadata.clone() };
        let about = About {
            sample_rate: self.rate,
            metadata: &metadata,
            knobs: &self.knobs,
            training: None,
        };
        replace(&self.path, &best.net.file(self.format, &about)?)
    }
}

/// Replaces a file at once and whole.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    // Whoever follows a link goes on to follow it.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let unfinished = path.with_file_name(name);
    let write = || {
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    let written = write();
    if written.is_err() {
        let _nothing_left_behind = fs::remove_file(&unfinished);
    }
    written.with_context(|| path.display().to_string())
}
