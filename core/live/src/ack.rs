//! What a player tells a trainer.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::file::{Stamp, read, unreadable};

/// The version of the file.
const VERSION: u32 = 1;

/// The most bytes of one: its longest part are the words of an error.
const MOST_BYTES: usize = 1 << 20;

/// What a player made of a file, as JSON with `"kiln-ack": 1` and these keys. All files
/// are answered alike, whatever they hold; `V` is what there is to find out of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ack<V = Verdict> {
    /// The revision the file said it was.
    pub revision: Option<u64>,
    /// The SHA-256 of its bytes in lower-case hexadecimal; none if there were none.
    pub hash: Option<String>,
    /// What was found of it; none as long as that is not known. Of a reverb it is what is
    /// proven of its stability, which may take longer than it takes to play.
    pub verdict: Option<V>,
    /// How many poles a reverb has outside the unit circle; none if it is not proven, or
    /// no reverb.
    pub unstable_poles: Option<usize>,
    /// The reverberation time in seconds that it is set to; none as trained, or where
    /// there is none.
    pub rt60: Option<f64>,
    /// Why it is not played.
    pub error: Option<String>,
    /// Whether it is played. If not, what was played before goes on.
    pub playing: bool,
    /// Number of the process that plays.
    pub pid: u32,
}

impl<V> Default for Ack<V> {
    fn default() -> Self {
        Self {
            revision: None,
            hash: None,
            verdict: None,
            unstable_poles: None,
            rt60: None,
            error: None,
            playing: false,
            pid: 0,
        }
    }
}

/// What there is to find out of a file of which nothing has to be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// It is played.
    Playing,
    /// It is not, and the error says why.
    Refused,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    #[serde(rename = "kiln-ack")]
    version: u32,
    #[serde(flatten)]
    ack: T,
}

/// Where the acknowledgement of the file at `path` is: `.ack.json` follows its name.
/// Of a link it is beside the link.
pub fn acknowledgement(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".ack.json");
    name.into()
}

/// Writes what was made of the file at `path`. Whoever reads finds the one before or
/// this one, whole: it is written beside it and renamed.
///
/// # Errors
///
/// [`Error::File`] if the folder cannot be written to.
pub fn acknowledge<V: Serialize>(path: &Path, ack: &Ack<V>) -> Result<(), Error> {
    let to = acknowledgement(path);
    let mut json = serde_json::to_vec(&Versioned { version: VERSION, ack }).map_err(Error::Ack)?;
    json.push(b'\n');
    let unfinished = unfinished(&to);
    // What is there already under this name was left by a process long gone.
    let _mostly_none = fs::remove_file(&unfinished);
    let written = File::create_new(&unfinished)
        .and_then(|mut file| file.write_all(&json))
        .and_then(|()| fs::rename(&unfinished, &to));
    written.map_err(|error| {
        let _never_made = fs::remove_file(&unfinished);
        unreadable(&to, error)
    })
}

/// Reads what a player made of the file at `path`.
///
/// # Errors
///
/// [`Error::File`] if there is no acknowledgement, [`Error::Ack`] and
/// [`Error::AckVersion`] if it is none of this version.
pub fn acknowledged<V: DeserializeOwned>(path: &Path) -> Result<Ack<V>, Error> {
    let from = acknowledgement(path);
    let json = read(&from, &Stamp::of(&from)?, MOST_BYTES)?;
    let found: Versioned<Ack<V>> = serde_json::from_slice(&json).map_err(Error::Ack)?;
    if found.version != VERSION {
        return Err(Error::AckVersion { expected: VERSION, found: found.version });
    }
    Ok(found.ack)
}

/// A hidden name beside `to` that no other player uses, in this process or another.
fn unfinished(to: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hidden = OsString::from(".");
    hidden.push(to.file_name().unwrap_or_default());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    hidden.push(format!(".{}.{count}.tmp", std::process::id()));
    to.with_file_name(hidden)
}
