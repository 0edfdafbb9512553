//! Lists of models, as their publishers write them.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::address::Address;
use crate::names::{self, MOST_FILE, MOST_ID, shown};

/// Most bytes of a manifest.
pub const MOST_BYTES: usize = 4 << 20;

/// Most models in a manifest.
pub const MOST_MODELS: usize = 4096;

/// Most bytes of a model's file: 4 GiB.
pub const MOST_FILE_BYTES: u64 = 4 << 30;

/// The version of the format that is read and written.
pub const VERSION: u32 = 1;

/// What stands for the address of a model that is built in.
pub const BUILT_IN: &str = "builtin";

/// Most bytes of a text that people read.
const MOST_TEXT: usize = 4096;

/// Most bytes of a licence, and of a name or kind.
const MOST_LINE: usize = 256;

/// Most pairs in the map of inputs and outputs.
const MOST_IO: usize = 256;

/// A list of models, of one publisher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format: [`VERSION`].
    pub version: u32,
    /// What the list is called, of the letters of an id. A list of the same name replaces it.
    pub name: String,
    /// Counts up with each change, so that nobody is served an old list anew.
    pub revision: u64,
    /// The models.
    pub models: Vec<Entry>,
}

/// A model in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is called by: `a-z`, `0-9`, `.`, `_`, `-`, at most [`MOST_ID`] bytes.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is for, such as `amp` or `drive`; of the letters of an id.
    pub kind: String,
    /// The name of its file, of the letters of an id, at most [`MOST_FILE`] bytes.
    pub file: String,
    /// Where its file is: an https address, or http on this machine; [`BUILT_IN`] of what
    /// needs no network.
    pub url: String,
    /// SHA-256 of its file, 64 hexadecimal digits in lower case.
    pub sha256: String,
    /// Bytes of its file, 1 to [`MOST_FILE_BYTES`].
    pub bytes: u64,
    /// Its licence, an [SPDX expression](https://spdx.github.io/spdx-spec/v3.0.1/annexes/spdx-license-expressions/).
    pub licence: String,
    /// Who is to be named, in their words.
    pub attribution: String,
    /// Where it comes from: a project, a paper, a page.
    pub source: String,
    /// What it was trained on.
    pub training_data: String,
    /// Whether its licence must be accepted before it is installed.
    pub accept_required: bool,
    /// Of a network that keeps its state outside: which input each output is fed back to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub io: BTreeMap<String, String>,
}

impl Entry {
    /// Whether it needs no network.
    pub fn is_built_in(&self) -> bool {
        self.url == BUILT_IN
    }

    fn check(&self, at: &str, built_in: bool) -> Result<(), Error> {
        let of = |field: &str| format!("{at}.{field}");
        names::check(&of("id"), &self.id, MOST_ID)?;
        names::check(&of("file"), &self.file, MOST_FILE)?;
        names::check(&of("kind"), &self.kind, MOST_ID)?;
        line(&of("name"), &self.name, 1, MOST_LINE)?;
        line(&of("attribution"), &self.attribution, 0, MOST_TEXT)?;
        line(&of("source"), &self.source, 0, MOST_TEXT)?;
        line(&of("training_data"), &self.training_data, 0, MOST_TEXT)?;
        licence(&of("licence"), &self.licence)?;
        if self.is_built_in() != built_in {
            let expected = if built_in { "built in" } else { "an https address" };
            return Err(Error::invalid(of("url"), expected, shown(&self.url)));
        }
        if !built_in {
            Address::new(&of("url"), &self.url)?;
        }
        digest(&of("sha256"), &self.sha256)?;
        if !(1..=MOST_FILE_BYTES).contains(&self.bytes) {
            let expected = format!("1 to {MOST_FILE_BYTES}");
            return Err(Error::invalid(of("bytes"), expected, self.bytes));
        }
        if self.io.len() > MOST_IO {
            let expected = format!("at most {MOST_IO} pairs");
            return Err(Error::invalid(of("io"), expected, self.io.len()));
        }
        let mut ends = self.io.iter().flat_map(|(output, input)| [output, input]);
        ends.try_for_each(|end| line(&of("io"), end, 1, MOST_LINE))
    }
}

impl Manifest {
    /// Reads a list of models to be fetched, and refuses it if anything in it is wrong.
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(bytes, false)
    }

    /// Reads a list of models that are built in.
    pub fn load_built_in(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(bytes, true)
    }

    fn read(bytes: &[u8], built_in: bool) -> Result<Self, Error> {
        if bytes.len() > MOST_BYTES {
            let expected = format!("at most {MOST_BYTES} bytes");
            return Err(Error::invalid("manifest", expected, bytes.len()));
        }
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::Json { what: "manifest".to_owned(), error })?;
        manifest.check(built_in)?;
        Ok(manifest)
    }

    fn check(&self, built_in: bool) -> Result<(), Error> {
        if self.version != VERSION {
            return Err(Error::invalid("version", VERSION.to_string(), self.version));
        }
        names::check("name", &self.name, MOST_ID)?;
        if self.models.len() > MOST_MODELS {
            let expected = format!("at most {MOST_MODELS} of them");
            return Err(Error::invalid("models", expected, self.models.len()));
        }
        let mut ids = HashSet::new();
        for (i, entry) in self.models.iter().enumerate() {
            entry.check(&format!("models[{i}]"), built_in)?;
            if !ids.insert(&entry.id) {
                let what = format!("models[{i}].id");
                return Err(Error::invalid(what, "an id once", format!("{} again", entry.id)));
            }
        }
        Ok(())
    }
}

/// Refuses a text of another length, and one that would not show as it is written.
fn line(what: &str, text: &str, least: usize, most: usize) -> Result<(), Error> {
    if !(least..=most).contains(&text.len()) {
        return Err(Error::invalid(what, format!("{least} to {most} bytes"), text.len()));
    }
    // Besides control characters, those that turn the direction of what follows, by which
    // a licence could be made to read as another.
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.chars().any(|c| c.is_control() || turns(c)) {
        return Err(Error::invalid(what, "text without control characters", shown(text)));
    }
    Ok(())
}

fn licence(what: &str, text: &str) -> Result<(), Error> {
    line(what, text, 1, MOST_LINE)?;
    match spdx::Expression::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::invalid(
            what,
            "an SPDX expression",
            format!("{}: {}", shown(text), error.reason),
        )),
    }
}

fn digest(what: &str, text: &str) -> Result<(), Error> {
    let is_hex = text.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
    if text.len() != 64 || !is_hex {
        return Err(Error::invalid(what, "64 hexadecimal digits in lower case", shown(text)));
    }
    Ok(())
}
