//! What was found, as a file that other machines' files can be put together with.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::shard::Shard;

/// Of the formula and the layout; others are not comparable.
const REVISION: u32 = 2;

/// The largest file of results that is read, in bytes.
const MOST: usize = 256 << 20;

/// A recording, and what of it is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Recording {
    pub(super) path: PathBuf,
    /// SHA-256 of the file, in hexadecimal.
    pub(super) hash: String,
    /// Seconds from its beginning to the part that is compared, and its length.
    pub(super) from: f64,
    pub(super) seconds: f64,
}

/// What distances depend on besides the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Question {
    /// Of the program.
    pub(super) version: String,
    revision: u32,
    pub(super) di: Recording,
    pub(super) target: Recording,
    /// Where both are one performance: the seconds by which the target is later, and how
    /// well their phases correlate.
    pub(super) aligned: Option<(f64, f64)>,
    /// Of slimmable models: 0 smallest to 1 best.
    pub(super) quality: f32,
    /// The response that every model is heard through, and its SHA-256.
    pub(super) cabinet: Option<(PathBuf, String)>,
}

impl Question {
    pub(super) fn new(
        [di, target]: [Recording; 2],
        aligned: Option<(f64, f64)>,
        quality: f32,
        cabinet: Option<(PathBuf, String)>,
    ) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { version, revision: REVISION, di, target, aligned, quality, cabinet }
    }

    /// What is not the same in `other`, wherever its files lie.
    fn differs(&self, other: &Self) -> Option<&'static str> {
        let settings = |q: &Self| {
            let cabinet = q.cabinet.as_ref().map(|(_, hash)| hash.clone());
            (q.quality.to_bits(), cabinet, q.di.seconds.to_bits(), q.di.from.to_bits())
        };
        [
            ("version", (&self.version, self.revision) == (&other.version, other.revision)),
            ("DI", self.di.hash == other.di.hash),
            ("target", self.target.hash == other.target.hash),
            ("settings", settings(self) == settings(other)),
        ]
        .into_iter()
        .find_map(|(what, same)| (!same).then_some(what))
    }

    /// A digest of all that a distance depends on but the model.
    pub(super) fn fingerprint(&self) -> Result<String> {
        let place = |r: &Recording| (r.hash.clone(), r.from.to_bits(), r.seconds.to_bits());
        let cabinet = self.cabinet.as_ref().map(|(_, hash)| hash);
        let aligned = self.aligned.is_some();
        let all = (&self.version, self.revision, place(&self.di), place(&self.target));
        Ok(crate::amp::rig::hash(&serde_json::to_vec(&(all, aligned, self.quality, cabinet))?))
    }
}

/// What was found of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) file: PathBuf,
    /// SHA-256 of the file, in hexadecimal.
    pub(super) hash: String,
    /// What its file calls it.
    pub(super) name: Option<String>,
    pub(super) format: String,
    pub(super) architecture: String,
    /// Hz.
    pub(super) rate: u32,
    /// dB, as loud as the target.
    pub(super) distance: f64,
    /// dB, with a response that brings its mean spectrum to the target's besides.
    pub(super) matched: f64,
    /// dB before the model; others than 0 are tried of the best only.
    pub(super) input_gain: f64,
    /// dB after it, which make it as loud as the target.
    pub(super) output_gain: f64,
    /// What was made of it, of the best only, within the folder of the results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) made: Option<Made>,
}

/// Files beside the results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Made {
    /// How it sounds.
    pub(super) sound: PathBuf,
    /// The response that matches it, or that of the cabinet.
    pub(super) response: Option<PathBuf>,
    /// What plays it like that.
    pub(super) command: String,
}

impl Entry {
    /// What it is ranked by.
    pub(super) fn rank(&self, question: &Question) -> f64 {
        if question.cabinet.is_some() { self.distance } else { self.matched }
    }
}

/// A file that is no model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) file: PathBuf,
    pub(super) error: String,
}

/// All that is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Results {
    pub(super) question: Question,
    /// Which part of the models it is about, where it is not about all.
    pub(super) shard: Option<Shard>,
    /// Whether it is about all of them.
    pub(super) complete: bool,
    /// The nearest first.
    pub(super) entries: Vec<Entry>,
    pub(super) failed: Vec<Failure>,
}

impl Results {
    /// Puts the nearest first; those as near in the order of their names.
    pub(super) fn sort(&mut self) {
        let rank = |entry: &Entry| entry.rank(&self.question);
        self.entries.sort_by(|a, b| rank(a).total_cmp(&rank(b)).then_with(|| a.file.cmp(&b.file)));
        self.failed.sort_by(|a, b| a.file.cmp(&b.file));
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let named = || path.display().to_string();
        let bytes = crate::read(path, MOST)?;
        let results: Self = serde_json::from_slice(&bytes)
            .with_context(|| format!("{}: expected results of kiln match", named()))?;
        let numbers = |e: &Entry| [e.distance, e.matched, e.input_gain, e.output_gain];
        if !results.entries.iter().flat_map(numbers).all(f64::is_finite) {
            bail!("{}: expected finite distances and gains", named());
        }
        Ok(results)
    }

    /// Of several files, as if one run had found all.
    pub(super) fn merged(files: &[PathBuf]) -> Result<Self> {
        let Some((first, rest)) = files.split_first() else {
            bail!("--merge: expected files of results, found none");
        };
        let mut all = Self::read(first)?;
        for path in rest {
            let other = Self::read(path)?;
            if let Some(what) = all.question.differs(&other.question) {
                bail!(
                    "{}: expected results of the same {what} as in {}, found another",
                    path.display(),
                    first.display()
                );
            }
            all.complete &= other.complete;
            all.entries.extend(other.entries);
            all.failed.extend(other.failed);
        }
        all.shard = None;
        all.sort();
        all.entries.dedup_by(|a, b| a.file == b.file && a.hash == b.hash);
        all.failed.dedup_by(|a, b| a.file == b.file);
        Ok(all)
    }

    /// Writes them into `folder` at once and whole; the path.
    pub(super) fn write(&self, folder: &Path) -> Result<PathBuf> {
        let path = folder.join(match &self.shard {
            Some(shard) => format!("results-{}-of-{}.json", shard.number, shard.count),
            None => "results.json".to_owned(),
        });
        replace(&path, &serde_json::to_vec_pretty(self)?)?;
        Ok(path)
    }
}

/// Puts a file in place of what is there, at once and whole.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        let file = file.persist(path).map_err(|error| error.error)?;
        readable(&file)
    };
    write().with_context(|| path.display().to_string())
}

/// Temporary files are their owner's alone, results are everyone's.
fn readable(file: &fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    let _unused_elsewhere = file;
    Ok(())
}
