//! What is made of the best: how loud they are to be fed, a response that brings each to
//! the target's spectrum, how that sounds, and a page that plays it.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Result, bail};
use indicatif::ProgressBar;
use nn::Convolver;

use super::bands::{Analyser, BANDS};
use super::distance::Compared;
use super::filter::response;
use super::page;
use super::results::{Entry, Made, Results, replace};
use super::search::{Loaded, Search};
use super::signals::Signal;
use crate::amp::render::STOP;
use crate::wav::{Depth, Format, Output};

/// Entries of which other input gains are tried, and those gains in dB.
const TRIED: usize = 20;
const GAINS: [f64; 6] = [-12.0, -8.0, -4.0, 4.0, 8.0, 12.0];

/// Entries that are made to be heard.
pub(super) const HEARD: usize = 10;

/// Gains after the model that the amplifier can set, in dB.
const OUTPUT: std::ops::RangeInclusive<f64> = -40.0..=40.0;

/// One that is shown: its entry, and its mean spectrum with all that was proposed.
pub(super) struct Shown {
    pub(super) entry: Entry,
    pub(super) bands: [f64; BANDS],
}

/// Steps of progress that it takes at most.
pub(super) fn steps(entries: usize) -> u64 {
    (entries.min(TRIED) * GAINS.len() + entries.min(HEARD)) as u64
}

/// Tries gains, makes the best to be heard and writes the page into `folder`; whether it
/// came to the end. What can no longer be read is said to have failed.
pub(super) fn finish(
    search: &Search,
    results: &mut Results,
    folder: &Path,
    bar: &ProgressBar,
) -> Result<bool> {
    for entry in results.entries.iter_mut().filter(|entry| entry.made.is_some()) {
        entry.made = None;
    }
    for at in 0..results.entries.len().min(TRIED) {
        if STOP.load(Ordering::Relaxed) {
            return Ok(false);
        }
        tune(search, &mut results.entries[at])?;
        bar.inc(GAINS.len() as u64);
    }
    results.sort();
    let mut shown = Vec::new();
    for (at, entry) in results.entries.iter_mut().take(HEARD).enumerate() {
        if STOP.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let bands = make(search, entry, at + 1, folder)?;
        shown.push(Shown { entry: entry.clone(), bands });
        bar.inc(1);
    }
    sound(&folder.join("di.wav"), &search.di)?;
    let html = page::html(results, &shown, &search.target.sound.mean);
    replace(&folder.join("index.html"), html.as_bytes())?;
    Ok(true)
}

/// A model that is what it was when it was compared.
fn reload(search: &Search, entry: &Entry) -> Result<Loaded> {
    let loaded = search.load(&entry.file)?;
    if !loaded.is(&entry.hash) {
        bail!("{}: expected the file that was compared, found another", entry.file.display());
    }
    Ok(loaded)
}

/// Finds the input gain that comes nearest.
fn tune(search: &Search, entry: &mut Entry) -> Result<()> {
    let loaded = reload(search, entry)?;
    let jobs: Vec<_> = GAINS.iter().map(|g| (&loaded, Search::feed(&loaded, *g))).collect();
    let found = search.play(&jobs, |_, heard| search.compare(&loaded, &heard).ok());
    for (gain, compared) in GAINS.iter().zip(found) {
        // A gain at which it is silent or breaks is none to propose.
        let Some(compared) = compared.flatten() else { continue };
        let tried = search.entry(&loaded, &compared, *gain);
        if tried.rank(&search.question) < entry.rank(&search.question) {
            *entry = tried;
        }
    }
    Ok(())
}

/// Writes how the entry of that rank sounds and what makes it sound so.
fn make(search: &Search, entry: &mut Entry, rank: usize, folder: &Path) -> Result<[f64; BANDS]> {
    let loaded = reload(search, entry)?;
    let feed = Search::feed(&loaded, entry.input_gain);
    let heard = search.play(&[(&loaded, feed)], |_, heard| heard).pop().flatten();
    let mut heard = heard.unwrap_or_default();
    let Compared { bands, .. } = search.compare(&loaded, &heard)?;
    let mut cabinet = search.question.cabinet.as_ref().map(|(path, _)| path.clone());
    let mut own = None;
    if cabinet.is_none() {
        let taps = response(&bands, loaded.rate)?;
        Convolver::new(&taps).process(&mut heard);
        let name = PathBuf::from(format!("best-{rank:02}-ir.wav"));
        sound(&folder.join(&name), &Signal { samples: taps, rate: loaded.rate })?;
        cabinet = Some(folder.join(&name));
        own = Some(name);
    }
    let Some(before) = Analyser::shared(loaded.rate).hear(&heard)? else {
        bail!("{}: expected sound, found silence", entry.file.display());
    };
    let gain = search.target.sound.loudness - before.loudness;
    entry.output_gain = gain;
    let factor = 10f64.powf(gain / 20.0) as f32;
    heard.iter_mut().for_each(|x| *x *= factor);
    let name = PathBuf::from(format!("best-{rank:02}.wav"));
    sound(&folder.join(&name), &Signal { samples: heard, rate: loaded.rate })?;
    let command = command(entry, cabinet.as_deref());
    entry.made = Some(Made { sound: name, response: own, command });
    Ok(before.mean.map(|db| db + gain))
}

/// What plays an entry as it is proposed.
fn command(entry: &Entry, cabinet: Option<&Path>) -> String {
    let cabinet =
        cabinet.map(|path| format!(" --cabinet {} --set cabinet.normalize=false", quoted(path)));
    format!(
        "kiln amp -m {}{} --level raw --input-gain {:.1} --output-gain {:.1} INPUT.wav OUTPUT.wav",
        quoted(&entry.file),
        cabinet.unwrap_or_default(),
        entry.input_gain,
        entry.output_gain.clamp(*OUTPUT.start(), *OUTPUT.end()),
    )
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Writes a file of floats.
pub(super) fn sound(path: &Path, signal: &Signal) -> Result<()> {
    let format = Format {
        channels: 1,
        sample_rate: signal.rate,
        frames: signal.samples.len() as u64,
        depth: Depth::Float32,
        dither: false,
    };
    let mut output = Output::create(path, &format, &[])?;
    output.write(&mut [signal.samples.clone()])?;
    output.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_word_to_a_shell() {
        for (path, word) in [
            ("a/b-1.nam", "a/b-1.nam"),
            ("my amp.nam", "'my amp.nam'"),
            ("don't; rm $x", "'don'\\''t; rm $x'"),
            ("-m", "'-m'"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }
}
