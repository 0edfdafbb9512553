//! Recordings as files.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use nn::Knob;
use serde_json::json;
use train::course::Lessons;
use train::data::{self, Options, Pair, Recording};

use super::Recordings;
use crate::wav::{Depth, Format, Input, Output};

/// Nobody needs more to learn from.
const LONGEST_SECONDS: u64 = 3600;

/// Writes the signal to play.
pub(super) fn signal(rate: u32, depth: Depth, path: &Path) -> Result<()> {
    let mut channels = [data::signal(f64::from(rate))];
    let frames = channels[0].len() as u64;
    let format = Format { channels: 1, sample_rate: rate, frames, depth, dither: false };
    if path.exists() {
        bail!("{}: expected a name that is free, found a file", path.display());
    }
    let mut output = Output::create(path, &format, &[])?;
    output.write(&mut channels)?;
    output.finish()?;
    crate::tell(&format!(
        "{}: play all of it through the gear, once, and record what comes out at {rate} Hz; \
         then kiln train --dry this --wet that",
        path.display()
    ));
    Ok(())
}

impl Recordings {
    /// All files, and what they are.
    pub(super) fn files(&self) -> Vec<(&'static str, &Path)> {
        let alone = [("dry recording", &self.dry), ("wet recording", &self.wet)];
        let alone = alone.into_iter().filter_map(|(what, path)| Some((what, path.as_deref()?)));
        let pairs = self.pair.iter().filter_map(|text| text.split_once('=')?.1.split_once(','));
        let pairs = pairs.flat_map(|(dry, wet)| [("dry recording", dry), ("wet recording", wet)]);
        alone.chain(pairs.map(|(what, path)| (what, Path::new(path)))).collect()
    }

    /// All pairs, aligned and checked, and the knobs that were turned.
    pub(super) fn lessons(&self) -> Result<Lessons> {
        let mut knobs = self.knob.iter().map(|text| knob(text)).collect::<Result<Vec<_>>>()?;
        for (i, knob) in knobs.iter().enumerate() {
            if knobs[..i].iter().any(|other| other.name == knob.name) {
                bail!("--knob {}: expected a name for each, found it twice", knob.name);
            }
        }
        let mut pairs = Vec::new();
        match (&self.dry, &self.wet) {
            (Some(dry), Some(wet)) => {
                if !knobs.is_empty() {
                    bail!("--knob: expected a --pair for each setting, found --dry and --wet");
                }
                pairs.push((self.pair(dry, wet)?, Vec::new()));
            }
            _ => {
                for text in &self.pair {
                    let (places, dry, wet) = setting(text, &knobs)?;
                    pairs.push((self.pair(Path::new(dry), Path::new(wet))?, places));
                }
            }
        }
        // A player who loads the model should begin with a setting that was heard.
        let middle = pairs.len() / 2;
        for (i, knob) in knobs.iter_mut().enumerate() {
            let mut places: Vec<f32> = pairs.iter().map(|(_, places)| places[i]).collect();
            places.sort_by(f32::total_cmp);
            knob.default = places[middle];
        }
        Ok(Lessons { knobs, pairs })
    }

    fn pair(&self, dry: &Path, wet: &Path) -> Result<Pair> {
        let [x, y] = [dry, wet].map(|path| self.read(path));
        let options = Options {
            latency: self.latency,
            normalize: self.normalize,
            anyway: self.anyway,
            ..Options::default()
        };
        data::prepare(&x?, &y?, &options).with_context(|| wet.display().to_string())
    }

    /// One channel of a file: the one that was asked for, or the only one that says
    /// anything of its own.
    fn read(&self, path: &Path) -> Result<Recording> {
        let mut input = Input::open(path)?;
        let most = LONGEST_SECONDS * u64::from(input.sample_rate());
        if input.frames() > most {
            let seconds = input.frames() / u64::from(input.sample_rate());
            bail!(
                "{}: expected at most {LONGEST_SECONDS} s, found {seconds}; minutes will do",
                path.display()
            );
        }
        let mut channels = vec![Vec::new(); input.channels()];
        input.read(&mut channels, most as usize)?;
        let rate = f64::from(input.sample_rate());
        let silent = |channel: &[f32]| channel.iter().all(|x| x.abs() < 1e-5);
        let samples = match self.channel {
            Some(n) if usize::from(n) <= channels.len() => channels.swap_remove(usize::from(n) - 1),
            Some(n) => {
                bail!("{}: expected a channel {n}, found {}", path.display(), channels.len())
            }
            None => {
                let mut sounding = channels.iter().filter(|channel| !silent(channel));
                let first = sounding.next().or(channels.first()).cloned().unwrap_or_default();
                if sounding.any(|other| *other != first) {
                    bail!(
                        "{}: expected one channel, or all alike, found {} that differ; choose \
                         with --channel",
                        path.display(),
                        channels.len()
                    );
                }
                first
            }
        };
        Ok(Recording { samples, rate })
    }
}

/// `NAME` or `NAME=MIN:MAX`.
fn knob(text: &str) -> Result<Knob> {
    let (name, range) = text.split_once('=').unwrap_or((text, "0:1"));
    let ends = range.split_once(':').and_then(|(min, max)| Some((number(min)?, number(max)?)));
    match ends {
        Some((min, max)) if min < max && !name.is_empty() => {
            Ok(Knob { name: name.to_owned(), min, max, default: min })
        }
        _ => bail!("--knob: expected NAME or NAME=MIN:MAX with MIN below MAX, found {text:?}"),
    }
}

fn number(text: &str) -> Option<f32> {
    text.trim().parse().ok().filter(|x: &f32| x.is_finite())
}

/// `V:V=dry,wet`, a value for each knob.
fn setting<'a>(text: &'a str, knobs: &[Knob]) -> Result<(Vec<f32>, &'a str, &'a str)> {
    let parts = text.split_once('=').and_then(|(places, files)| {
        let (dry, wet) = files.split_once(',')?;
        let places: Option<Vec<f32>> = places.split(':').map(number).collect();
        Some((places?, dry, wet))
    });
    let Some((places, dry, wet)) = parts else {
        bail!("--pair: expected a value and two files, as in 0.25=dry.wav,wet.wav, found {text:?}");
    };
    if places.len() != knobs.len() {
        bail!(
            "--pair {text}: expected {} values, one for each --knob, found {}",
            knobs.len(),
            places.len()
        );
    }
    for (place, knob) in places.iter().zip(knobs) {
        if !(knob.min..=knob.max).contains(place) {
            bail!(
                "--pair {text}: expected {} from {} to {}, found {place}",
                knob.name,
                knob.min,
                knob.max
            );
        }
    }
    Ok((places, dry, wet))
}

/// Says what was found of recordings.
pub(super) fn check(recordings: &Recordings, json: bool) -> Result<()> {
    let lessons = recordings.lessons()?;
    if json {
        let all = lessons.pairs.iter().map(|(pair, knobs)| {
            let found = &pair.found;
            json!({ "knobs": knobs, "rate": pair.rate, "samples": pair.dry.len(),
                "latency": found.latency, "removed": found.removed, "inverted": found.inverted,
                "level_db": found.level, "scale": found.scale, "layout": found.layout,
                "replicate_esr": found.replicate, "noise_db": found.noise,
                "held_out": [pair.held_out.start, pair.held_out.end], "notices": pair.notices })
        });
        let all: Vec<_> = all.collect();
        return crate::say(&format!("{:#}\n", serde_json::Value::from(all)));
    }
    lessons.pairs.iter().try_for_each(|(pair, _)| crate::say(&words(pair)))
}

/// What was found, for people.
pub(super) fn words(pair: &Pair) -> String {
    let found = &pair.found;
    let seconds = |samples: usize| samples as f64 / pair.rate;
    let mut lines = vec![
        format!("length     {:.1} s at {} Hz", seconds(pair.dry.len()), pair.rate),
        format!("latency    {:.2} samples, {:.2} removed", found.latency, found.removed),
        format!(
            "polarity   {}",
            match found.inverted {
                Some(true) => "inverted, and so will the model be",
                Some(false) => "as it was played",
                None => "none to speak of",
            }
        ),
        format!("level      {:+.1} dB over the dry", found.level),
    ];
    if found.scale != 1.0 {
        lines.push(format!("scaled     by {:.3}", found.scale));
    }
    lines.extend(found.layout.map(|name| format!("signal     {name}")));
    lines.extend(found.replicate.map(|esr| format!("replicate  ESR {esr:.2e}")));
    // Below what 24 bits hold there is none.
    let noise = found.noise.filter(|db| *db > -150.0);
    lines.extend(noise.map(|db| format!("noise      {db:.1} dB")));
    let held = &pair.held_out;
    lines.push(format!("held out   {:.1} s to {:.1} s", seconds(held.start), seconds(held.end)));
    lines.extend(pair.notices.iter().map(|notice| format!("notice     {notice}")));
    lines.iter().map(|line| format!("{}\n", crate::printable(line))).collect()
}
