//! `kiln info`: what a file is, whether it plays, and what it costs.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use fx::Impulse;
use fx::amp::{Levels, OutputLevel};
use fx::levels::{Known, TARGET};
use fx::preset::{Asset, Preset};
use nn::Model;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::report;
use crate::reverb;
use crate::wav::Input;

/// Prints it; whether the file plays.
pub(crate) fn print(path: &Path, json: bool) -> Result<bool> {
    let most = Model::MAX_BYTES.max(fx::preset::MAX_BYTES).max(reverb::MOST_BYTES);
    let bytes = crate::read(path, most)?;
    if bytes.starts_with(b"RIFF") {
        return wave(path, &bytes, json);
    }
    if reverb::is_graph(&bytes) {
        return reverb::info(path, &bytes, json);
    }
    if serde_json::from_slice::<Marked>(&bytes).is_ok_and(|marked| marked.format != MODEL) {
        let preset = Preset::load(&bytes).with_context(|| path.display().to_string())?;
        return self::preset(path, &preset, json);
    }
    match onnx::open(&bytes) {
        Ok(model) => {
            let envelope = serde_json::from_slice(&bytes).unwrap_or_default();
            let facts = facts(path, &model, envelope);
            let pretty =
                if json { serde_json::to_string_pretty(&facts)? + "\n" } else { text(&facts)? };
            crate::say(&pretty)?;
            Ok(true)
        }
        Err(error) => {
            if json {
                let file = path.display().to_string();
                let facts = json!({ "file": file, "plays": false, "error": error.to_string() });
                crate::say(&(serde_json::to_string_pretty(&facts)? + "\n"))?;
            }
            Err(anyhow::Error::new(error).context(path.display().to_string()))
        }
    }
}

/// A file that says what it is, as presets do and of models one format alone.
#[derive(Deserialize)]
struct Marked {
    format: String,
}

/// The one format of models that says so.
const MODEL: &str = "kiln-drive";

/// A WAV file, as it sounds.
fn wave(path: &Path, bytes: &[u8], json: bool) -> Result<bool> {
    let input = Input::open(path)?;
    let levels = report::measure(path)?;
    let (frames, rate) = (input.frames(), input.sample_rate());
    let seconds = frames as f64 / f64::from(rate);
    let facts = json!({ "file": path.display().to_string(), "sample_rate": rate,
        "channels": input.channels(), "frames": frames, "seconds": seconds,
        "format": input.format(), "levels": levels, "cabinet": cabinet(bytes) });
    if json {
        crate::say(&(serde_json::to_string_pretty(&facts)? + "\n"))?;
        return Ok(true);
    }
    let mut out = String::new();
    let mut line = |name: &str, value: &str| writeln!(out, "{name:16} {}", crate::printable(value));
    line("file", &path.display().to_string())?;
    line("sample rate", &format!("{rate} Hz, {}", input.format()))?;
    line("channels", &input.channels().to_string())?;
    line("length", &format!("{frames} samples, {seconds:.3} s"))?;
    for (name, (number, unit)) in ["loudness", "true peak", "RMS"].iter().zip(levels.named()) {
        let number = number.map_or_else(|| "none".into(), |db| format!("{db:.1} {unit}"));
        line(name, &number)?;
    }
    line("clipped", &format!("{} samples", levels.clipped))?;
    let response = &facts["cabinet"];
    let number = |name: &str| response[name].as_f64();
    let as_cabinet = match (number("seconds"), number("normalized")) {
        (Some(seconds), Some(gain)) => format!(
            "{:.1} ms after {} samples of waiting; {gain:+.1} dB when normalized",
            1000.0 * seconds,
            response["skipped"]
        ),
        _ => format!("no: {}", response["error"].as_str().unwrap_or_default()),
    };
    line("as a cabinet", &as_cabinet)?;
    crate::say(&out)?;
    Ok(true)
}

/// A preset: its files, and what it sets otherwise than the default.
fn preset(path: &Path, preset: &Preset, json: bool) -> Result<bool> {
    let named = || path.display().to_string();
    for (name, bytes) in files(&preset.models).with_context(named)? {
        onnx::open(&bytes).with_context(|| name.clone()).with_context(named)?;
    }
    for (name, bytes) in files(&preset.cabinets).with_context(named)? {
        Impulse::load(&bytes).with_context(|| name.clone()).with_context(named)?;
    }
    let names = |assets: &[Option<Asset>; 2]| {
        assets
            .each_ref()
            .map(|asset| asset.as_ref().map(|asset| asset.name().unwrap_or("unnamed").to_owned()))
    };
    let facts = json!({ "file": named(), "plays": true, "name": preset.name,
        "author": preset.author, "category": preset.category, "notes": preset.notes,
        "models": names(&preset.models), "cabinets": names(&preset.cabinets),
        "oversampling": preset.oversampling, "set": crate::settings::changed(&preset.params) });
    if json {
        crate::say(&(serde_json::to_string_pretty(&facts)? + "\n"))?;
        return Ok(true);
    }
    let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let mut out = String::new();
    let mut line =
        |name: &str, value: &Value| writeln!(out, "{name:16} {}", crate::printable(&plain(value)));
    for name in ["file", "name", "author", "category", "notes", "oversampling"] {
        line(name, &facts[name])?;
    }
    for (name, key) in [("model", "models"), ("cabinet", "cabinets")] {
        let all = facts[key].as_array().into_iter().flatten();
        all.filter(|file| !file.is_null()).try_for_each(|file| line(name, file))?;
    }
    let set = facts["set"].as_object().into_iter().flatten();
    set.into_iter().try_for_each(|(key, value)| line(key, value))?;
    crate::say(&out)?;
    Ok(true)
}

/// The files of a preset, with names for people.
fn files(assets: &[Option<Asset>; 2]) -> Result<Vec<(String, Cow<'static, [u8]>)>> {
    let read = |asset: &Asset| {
        let name = asset.name().unwrap_or("a file of the preset").to_owned();
        let bytes = asset.bytes().with_context(|| name.clone())?;
        Ok((name, bytes))
    };
    assets.iter().flatten().map(read).collect()
}

/// What it is as an impulse response.
fn cabinet(bytes: &[u8]) -> Value {
    match Impulse::load(bytes) {
        Ok(impulse) => json!({ "seconds": impulse.seconds(), "skipped": impulse.skipped(),
            "normalized": 20.0 * impulse.gain_to_normalize().log10() }),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// What the effect makes of a model's levels, in dB, at the default interface.
fn gains(model: &Model) -> Value {
    let known = Known::of(model.metadata());
    let levels = |output| Levels { output, calibrate_input: true, ..Levels::default() };
    let after = |output| known.after(&levels(output));
    let interface = Levels::default().interface;
    json!({
        "interface_dbu": interface,
        "loudness": known.loudness,
        "input_dbu": known.input,
        "output_dbu": known.output,
        "normalized": known.loudness.map(|_| after(OutputLevel::Normalized)),
        "calibrated": known.output.map(|_| after(OutputLevel::Calibrated)),
        "calibrated_input": known.input.map(|_| known.before(&levels(OutputLevel::Raw))),
    })
}

/// [`gains`] for people: a name and what it does.
fn told(gains: &Value) -> [(&'static str, String); 3] {
    let number = |name: &str| gains[name].as_f64();
    let interface = number("interface_dbu").unwrap_or_default();
    let tell =
        |gain: &str, from: &str, states: &str, why: String| match (number(gain), number(from)) {
            (Some(gain), Some(from)) => {
                format!("{gain:+.1} dB, {}", why.replace('#', &format!("{from:.1}")))
            }
            _ => format!("no change: the file states no {states}"),
        };
    let at = format!("# dBu with an interface of {interface} dBu");
    [
        (
            "normalized",
            tell("normalized", "loudness", "loudness", format!("from # dB to {TARGET} dB")),
        ),
        ("calibrated", tell("calibrated", "output_dbu", "output level", at.clone())),
        ("calibrated input", tell("calibrated_input", "input_dbu", "input level", at)),
    ]
}

/// What the model does not keep of its file; the weights are skipped, not read.
#[derive(Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    version: Value,
    #[serde(default)]
    metadata: Value,
}

/// All there is to say, in the order and under the names of the JSON.
fn facts(path: &Path, model: &Model, envelope: Envelope) -> Value {
    let rate = crate::rate(model);
    let mut engine = model.engine();
    let memory = engine.receptive_field();
    // What works beside the audio thread costs that thread next to nothing.
    let report = engine.watch().map(|_| crate::bench::beside::run(model, rate));
    let ns = match &report {
        Some(report) => {
            1e9 * report.mean.as_secs_f64() / (report.hop.as_secs_f64() * rate).max(1.0)
        }
        None => crate::bench::cost(&mut *engine, 64),
    };
    json!({
        "file": path.display().to_string(),
        "plays": true,
        "architecture": model.architecture(),
        "format": model.format(),
        "version": envelope.version,
        "weights": model.weights(),
        "macs_per_sample": model.macs(),
        "sample_rate": model.sample_rate(),
        "receptive_field": memory,
        "receptive_field_ms": 1000.0 * memory as f64 / rate,
        "knobs": model.knobs().iter().map(knob).collect::<Vec<_>>(),
        "sizes": model.qualities().len() + 1,
        "qualities": model.qualities(),
        "metadata": envelope.metadata,
        "levels": gains(model),
        "ns_per_sample": ns,
        "times_real_time": 1e9 / rate / ns,
        "beside": report.as_ref().map(crate::bench::beside::json),
        "warnings": model.differences(),
    })
}

/// A knob by its name and range.
fn knob(knob: &nn::Knob) -> Value {
    json!({ "name": knob.name, "min": knob.min, "max": knob.max, "default": knob.default })
}

/// `facts` for people.
fn text(facts: &Value) -> Result<String> {
    let mut out = String::new();
    let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let mut line = |name: &str, value: String| {
        writeln!(out, "{:16} {}", crate::printable(name), crate::printable(&value))
    };
    line("file", plain(&facts["file"]))?;
    line(
        "architecture",
        match &facts["version"] {
            Value::Null => {
                format!("{}, {} file", plain(&facts["architecture"]), plain(&facts["format"]))
            }
            version => format!("{}, format {}", plain(&facts["architecture"]), plain(version)),
        },
    )?;
    line("weights", plain(&facts["weights"]))?;
    line(
        "sample rate",
        match facts["sample_rate"].as_f64() {
            Some(rate) => format!("{rate} Hz"),
            None => "not stated, taken to be 48000 Hz".to_owned(),
        },
    )?;
    let ms = facts["receptive_field_ms"].as_f64().unwrap_or_default();
    // A network of another runtime may never be known to forget.
    let field = match ms > 600_000.0 {
        true => "without end".to_owned(),
        false => format!("{} samples, {ms:.1} ms", facts["receptive_field"]),
    };
    line("receptive field", field)?;
    if facts["sizes"] != 1 {
        line("sizes", format!("{}, changing at quality {}", facts["sizes"], facts["qualities"]))?;
    }
    for knob in facts["knobs"].as_array().into_iter().flatten() {
        let value = format!("{}, {} to {}", plain(&knob["name"]), knob["min"], knob["max"]);
        line("knob", value)?;
    }
    if let Value::Object(metadata) = &facts["metadata"] {
        let known = |v: &&Value| !v.is_null() && !v.is_object() && !v.is_array();
        for (name, value) in metadata.iter().filter(|(_, v)| known(v)) {
            line(name, plain(value))?;
        }
    }
    told(&facts["levels"]).into_iter().try_for_each(|(name, value)| line(name, value))?;
    let number = |name: &str| facts[name].as_f64().unwrap_or_default();
    let (ns, times) = (number("ns_per_sample"), number("times_real_time"));
    match &facts["beside"] {
        Value::Null => {
            line("cost", format!("{ns:.1} ns/sample in blocks of 64, {times:.0} × real time"))?;
        }
        beside => {
            line("runs on", format!("{}, {}", plain(&beside["engine"]), plain(&beside["device"])))?;
            let hop = beside["hop_ms"].as_f64().unwrap_or_default();
            line("cost", format!("{times:.1} × real time, {hop:.1} ms of sound at a time"))?;
        }
    }
    line("plays", "yes".to_owned())?;
    for warning in facts["warnings"].as_array().into_iter().flatten() {
        line("warning", plain(warning))?;
    }
    Ok(out)
}
