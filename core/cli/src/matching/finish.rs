//! What is made of the best: how loud they are to be fed, a response that brings each to
//! the target's spectrum, how that sounds, and a page that plays it.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Result, bail};
use indicatif::ProgressBar;
use nn::Convolver;
use rayon::prelude::*;

use super::bands::{Analyser, BANDS};
use super::distance::Compared;
use super::filter::response;
use super::page;
use super::results::{Entry, Made, Results, replace};
use super::search::{Loaded, Search};
use super::signals::Signal;
use crate::amp::render::STOP;
use crate::wav::{Depth, Format, Output};

/// Entries of which other input gains are tried.
const TRIED: usize = 12;
/// Gains that are tried first, in dB, and how far to both sides of the best it is then
/// looked.
const COARSE: [f64; 3] = [0.0, -6.0, 6.0];
const FINE: f64 = 3.0;
/// By how much a gain must come nearer for each dB of it, in dB: a recording's own level is
/// the likeliest, and a hundredth of a dB is chance.
const HELD: f64 = 0.02;

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
    (entries.min(TRIED) + entries.min(HEARD)) as u64
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
    let tried = results.entries.len().min(TRIED);
    if !tune(search, &mut results.entries[..tried])? {
        return Ok(false);
    }
    bar.inc(tried as u64);
    results.sort();
    let made = results.entries.len().min(HEARD);
    let best = &mut results.entries[..made];
    let loaded = best.iter().map(|entry| reload(search, entry)).collect::<Result<Vec<_>>>()?;
    let jobs = loaded.iter().zip(&*best);
    let jobs: Vec<_> = jobs.map(|(l, entry)| (l, Search::feed(l, entry.input_gain))).collect();
    let heard = search.play(&jobs, |_, heard| heard);
    if STOP.load(Ordering::Relaxed) {
        return Ok(false);
    }
    let all = best.par_iter_mut().zip(&loaded).zip(heard).enumerate();
    let shown = all.map(|(at, ((entry, loaded), heard))| {
        let bands = make(search, entry, (loaded, heard.unwrap_or_default()), at + 1, folder)?;
        bar.inc(1);
        Ok::<_, anyhow::Error>(Shown { entry: entry.clone(), bands })
    });
    let shown = shown.collect::<Result<Vec<_>>>()?;
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

/// Finds the input gain of each that comes nearest, with little of the DI, and takes it
/// where all of the DI agrees; whether it came to the end.
fn tune(search: &Search, entries: &mut [Entry]) -> Result<bool> {
    let loaded = entries.iter().map(|entry| reload(search, entry)).collect::<Result<Vec<_>>>()?;
    // The nearest of each so far, and its gain.
    let mut best = vec![(f64::INFINITY, 0.0); loaded.len()];
    attempt(search, &loaded, &mut best, |_| COARSE.to_vec());
    attempt(search, &loaded, &mut best, |gain| vec![gain - FINE, gain + FINE]);
    let moved = best.iter().enumerate().filter(|(_, (_, gain))| *gain != 0.0);
    let moved: Vec<(usize, f64)> = moved.map(|(at, (_, gain))| (at, *gain)).collect();
    if STOP.load(Ordering::Relaxed) {
        return Ok(false);
    }
    let jobs = moved.iter().map(|(at, gain)| (&loaded[*at], Search::feed(&loaded[*at], *gain)));
    let jobs: Vec<_> = jobs.collect();
    let found = search.play(&jobs, |job, heard| search.compare(jobs[job].0, &heard).ok());
    for ((at, gain), compared) in moved.into_iter().zip(found) {
        // A gain at which it is silent or breaks is none to propose.
        let Some(compared) = compared.flatten() else { continue };
        let entry = &mut entries[at];
        let tuned = search.entry(&loaded[at], &compared, gain);
        if held(tuned.rank(&search.question), gain) < entry.rank(&search.question) {
            *entry = tuned;
        }
    }
    Ok(true)
}

/// Tries gains that follow from the best of each model so far, and keeps the nearest.
fn attempt(
    search: &Search,
    loaded: &[Loaded],
    best: &mut [(f64, f64)],
    gains: impl Fn(f64) -> Vec<f64>,
) {
    let of = |at: usize| gains(best[at].1).into_iter().map(move |gain| (at, gain));
    let tries: Vec<(usize, f64)> = (0..loaded.len()).flat_map(of).collect();
    let jobs =
        tries.iter().map(|(at, gain)| (&loaded[*at], search.trial_feed(&loaded[*at], *gain)));
    let jobs: Vec<_> = jobs.collect();
    let found = search.play(&jobs, |job, heard| {
        let (at, gain) = tries[job];
        let compared = search.compare_trial(&loaded[at], &heard).ok()?;
        Some(held(search.entry(&loaded[at], &compared, gain).rank(&search.question), gain))
    });
    for ((at, gain), distance) in tries.into_iter().zip(found) {
        if let Some(distance) = distance.flatten().filter(|distance| *distance < best[at].0) {
            best[at] = (distance, gain);
        }
    }
}

/// A distance with what holds a gain back.
fn held(distance: f64, gain: f64) -> f64 {
    distance + HELD * gain.abs()
}

/// Writes how the entry of that rank sounds and what makes it sound so.
fn make(
    search: &Search,
    entry: &mut Entry,
    (loaded, mut heard): (&Loaded, Vec<f32>),
    rank: usize,
    folder: &Path,
) -> Result<[f64; BANDS]> {
    let Compared { bands, .. } = search.compare(loaded, &heard)?;
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
