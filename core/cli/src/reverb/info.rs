//! `kiln info` of a graph.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use fdn::{Graph, Network, OpKind};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::engine::{self, Engine};

/// Frames of a block, and of what is timed.
const BLOCK: usize = 64;
const ROUND: usize = 2048;

/// What tells a graph from models and presets.
#[derive(Deserialize)]
struct Marks {
    format: Option<Value>,
    architecture: Option<IgnoredAny>,
    #[serde(rename = "type")]
    kind: Option<IgnoredAny>,
    module_type: Option<IgnoredAny>,
    children: Option<IgnoredAny>,
}

/// Whether a file means to be a graph, in any of the formats that there are.
pub(crate) fn is_graph(json: &[u8]) -> bool {
    let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
    let Ok(marks) = serde_json::from_slice::<Marks>(json) else { return false };
    match marks.format {
        Some(format) => matches!(format.as_str(), Some("kiln-fdn" | "pyfdn-fdn-build")),
        None => {
            let adac = [&marks.kind, &marks.module_type, &marks.children];
            marks.architecture.is_none() && adac.iter().any(|mark| mark.is_some())
        }
    }
}

/// Prints what it is; whether it plays.
pub(crate) fn info(path: &Path, bytes: &[u8], json: bool) -> Result<bool> {
    let facts = Graph::load(bytes).map_err(anyhow::Error::new).and_then(|graph| facts(&graph));
    let file = path.display().to_string();
    let text = match &facts {
        Ok(facts) if !json => text(&file, facts)?,
        Err(_) if !json => String::new(),
        told => {
            let mut facts = match told {
                Ok(facts) => facts.clone(),
                Err(error) => json!({ "plays": false, "error": format!("{error:#}") }),
            };
            facts["file"] = file.clone().into();
            serde_json::to_string_pretty(&facts)? + "\n"
        }
    };
    crate::say(&text)?;
    facts.context(file)?;
    Ok(true)
}

/// All there is to say, in the order and under the names of the JSON.
fn facts(graph: &Graph) -> Result<Value> {
    let network = Network::new(graph);
    let mut engine = Engine::new(&network)?;
    let ns = cost(&mut engine);
    let (mut lines, mut biquads, mut longest) = (0, 0, 0.0_f64);
    for op in &network.ops {
        match &op.kind {
            OpKind::Delay { lines: delays, .. } => {
                lines += delays.len();
                longest = delays.iter().fold(longest, |most, d| most.max(d.samples));
            }
            OpKind::Filter(cascades) => biquads += cascades.iter().map(Vec::len).sum::<usize>(),
            _ => {}
        }
    }
    let range = |range: fdn::Range| json!([range.min, range.init, range.max]);
    let controls = &graph.controls;
    Ok(json!({
        "plays": true,
        "name": graph.name,
        "sample_rate": graph.sample_rate,
        "inputs": graph.root.inputs(),
        "outputs": graph.root.outputs(),
        "lines": lines,
        "longest_ms": 1000.0 * longest / graph.sample_rate,
        "biquads": biquads,
        "controls": { "rt60": controls.rt60.map(range), "dry_wet": controls.dry_wet.map(range),
            "pre_delay": controls.pre_delay.map(range) },
        "verdict": engine::certificate(graph)?["verdict"],
        "ns_per_sample": ns,
        "times_real_time": 1e9 / graph.sample_rate / ns,
    }))
}

/// Nanoseconds of processor time a frame of all channels takes, in blocks of 64.
fn cost(engine: &mut Engine) -> f64 {
    let tone = |i: usize| 0.3 * (i as f32 * 0.031).sin() + 0.1 * (i as f32 * 0.173).sin();
    let input: Vec<f32> = (0..BLOCK).map(tone).collect();
    let inputs = vec![&input[..]; engine.inputs()];
    let mut outputs = vec![[0.0; BLOCK]; engine.outputs()];
    let mut outputs: Vec<&mut [f32]> = outputs.iter_mut().map(|y| &mut y[..]).collect();
    let time = crate::bench::least(|| {
        (0..ROUND / BLOCK).for_each(|_| engine.process(&inputs, &mut outputs));
    });
    time.as_nanos() as f64 / ROUND as f64
}

/// `facts` for people.
fn text(file: &str, facts: &Value) -> Result<String> {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| writeln!(out, "{name:16} {}", crate::printable(value));
    let number = |name: &str| facts[name].as_f64().unwrap_or_default();
    let word = |name: &str| facts[name].as_str().unwrap_or_default();
    line("file", file)?;
    line("name", word("name"))?;
    line("is", "a graph of a feedback delay network")?;
    line("sample rate", &format!("{} Hz", number("sample_rate")))?;
    line("channels", &format!("{} to {}", facts["inputs"], facts["outputs"]))?;
    let longest = number("longest_ms");
    line("delays", &format!("{}, the longest {longest:.1} ms", facts["lines"]))?;
    line("biquads", &facts["biquads"].to_string())?;
    for name in ["rt60", "dry_wet", "pre_delay"] {
        let range = &facts["controls"][name];
        if range.is_array() {
            line(name, &format!("{} to {}, at first {}", range[0], range[2], range[1]))?;
        }
    }
    line("stability", word("verdict"))?;
    let (ns, times) = (number("ns_per_sample"), number("times_real_time"));
    line("cost", &format!("{ns:.1} ns/sample in blocks of 64, {times:.0} × real time"))?;
    line("plays", "yes")?;
    Ok(out)
}
