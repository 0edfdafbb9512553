//! `kiln info`: what a model is, whether it plays, and what it costs.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use nn::Model;
use serde::Deserialize;
use serde_json::{Value, json};

/// Prints it; whether the model plays.
pub(crate) fn print(path: &Path, json: bool) -> Result<bool> {
    let bytes = crate::read(path)?;
    match Model::load(&bytes) {
        Ok(model) => {
            let facts = facts(path, &model, serde_json::from_slice(&bytes)?);
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

/// What the model does not keep of its file; the weights are skipped, not read.
#[derive(Deserialize)]
struct Envelope {
    version: String,
    #[serde(default)]
    metadata: Value,
}

/// All there is to say, in the order and under the names of the JSON.
fn facts(path: &Path, model: &Model, envelope: Envelope) -> Value {
    let rate = crate::rate(model);
    let mut engine = model.engine();
    let memory = engine.receptive_field();
    let ns = crate::bench::cost(&mut *engine, 64);
    json!({
        "file": path.display().to_string(),
        "plays": true,
        "architecture": model.architecture(),
        "version": envelope.version,
        "weights": model.weights(),
        "macs_per_sample": model.macs(),
        "sample_rate": model.sample_rate(),
        "receptive_field": memory,
        "receptive_field_ms": 1000.0 * memory as f64 / rate,
        "sizes": model.qualities().len() + 1,
        "qualities": model.qualities(),
        "metadata": envelope.metadata,
        "ns_per_sample": ns,
        "times_real_time": 1e9 / rate / ns,
        "warnings": model.differences(),
    })
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
        format!("{}, format {}", plain(&facts["architecture"]), plain(&facts["version"])),
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
    line("receptive field", format!("{} samples, {ms:.1} ms", facts["receptive_field"]))?;
    if facts["sizes"] != 1 {
        line("sizes", format!("{}, changing at quality {}", facts["sizes"], facts["qualities"]))?;
    }
    if let Value::Object(metadata) = &facts["metadata"] {
        let known = |v: &&Value| !v.is_null() && !v.is_object() && !v.is_array();
        for (name, value) in metadata.iter().filter(|(_, v)| known(v)) {
            line(name, plain(value))?;
        }
    }
    let number = |name: &str| facts[name].as_f64().unwrap_or_default();
    line(
        "cost",
        format!(
            "{:.1} ns/sample in blocks of 64, {:.0} × real time",
            number("ns_per_sample"),
            number("times_real_time")
        ),
    )?;
    line("plays", "yes".to_owned())?;
    for warning in facts["warnings"].as_array().into_iter().flatten() {
        line("warning", plain(warning))?;
    }
    Ok(out)
}
