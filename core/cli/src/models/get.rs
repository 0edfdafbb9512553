//! Installing a model, with its licence in sight.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use library::{Entry, Error, Got, Library, Patience, Transfer};

use super::{ASKING, STOP, show};

/// Installs one model. Its licence is shown before anything is fetched, and asked about
/// where it must be accepted.
pub(super) fn get(library: &Library, id: &str, accept: bool) -> Result<()> {
    let (list, entry) = library.entry(id)?;
    crate::say(&show::terms(list, entry))?;
    let accepted = accept || (library.must_accept(entry)? && ask(entry)?);
    let bar = ProgressBar::new(entry.bytes);
    bar.set_style(ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta:>4}")?);
    let mut progress = |there, whole| {
        bar.set_length(whole);
        bar.set_position(there);
    };
    let patience = Patience::default();
    let mut transfer = Transfer { patience, cancel: &STOP, progress: &mut progress };
    let got = library.get(id, accepted, &mut transfer);
    bar.finish_and_clear();
    match got? {
        Got::There(path) => told(id, "there already", &path),
        Got::Installed(path) => told(id, "installed", &path),
    }
}

fn told(id: &str, what: &str, path: &Path) -> Result<()> {
    crate::say(&format!("{id}: {what}, {}\n", path.display()))
}

/// Whether the user accepts the licence, where there is one to ask.
fn ask(entry: &Entry) -> Result<bool> {
    let refused = || Error::NotAccepted { id: entry.id.clone(), licence: entry.licence.clone() };
    ensure!(std::io::stdin().is_terminal(), "{} (--accept accepts it)", refused());
    write!(std::io::stderr(), "Do you accept the licence {}? [y/N] ", entry.licence)?;
    let mut answer = String::new();
    ASKING.store(true, Ordering::Relaxed);
    let read = std::io::stdin().read_line(&mut answer);
    ASKING.store(false, Ordering::Relaxed);
    read?;
    let yes = ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes));
    ensure!(yes, "{}", refused());
    Ok(true)
}
