//! `kiln reverb compile`: a graph as a plugin.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use bundle::Identity;
use fdn::Graph;
use serde_json::{Value, json};

use super::{certificate, engine, places};
use crate::certify::together;

/// What hosts run plugins at, in Hz.
const RATES: [f64; 5] = [44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0];

/// The longest certificate that is looked into, in bytes.
const MOST_CERTIFICATE: usize = 1 << 26;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The graph, as ADAC, pyFDN or Kiln writes it
    graph: PathBuf,
    /// What the plugin is called; under the same name and vendor it takes the place of
    /// an earlier one, in projects too
    #[arg(long)]
    name: String,
    /// Who makes it
    #[arg(long, default_value = "Kiln")]
    vendor: String,
    /// Its version
    #[arg(long, default_value = "1.0.0")]
    plugin_version: String,
    /// The folder to write NAME.clap, NAME.vst3 and NAME.certificate.json into
    #[arg(long, short, default_value = ".")]
    output: PathBuf,
    /// The folder with "Kiln Reverb.clap" and "Kiln Reverb.vst3"; by default near this
    /// program, or where DAWs look for plugins
    #[arg(long, value_name = "DIR")]
    plugin: Option<PathBuf>,
    /// Its CLAP id, instead of one that follows from name and vendor
    #[arg(long, value_name = "ID")]
    clap_id: Option<String>,
    /// Its VST3 class id, 32 hexadecimal digits, instead of one that follows from name
    /// and vendor
    #[arg(long, value_name = "HEX")]
    vst3_id: Option<String>,
    /// Make it even if it is unstable, or not proven stable, at a rate it may be run at
    #[arg(long)]
    allow_unstable: bool,
}

/// Certifies the graph at all rates and writes the plugin and what is proven of it.
pub(super) fn run(args: &Args) -> Result<()> {
    let graph = engine::graph(&args.graph, None)?;
    let identity = identity(args, &graph)?;
    // What may be refused at once is, before minutes are spent on proofs.
    bundle::replaceable(&identity, &args.output)?;
    let proof = args.output.join(format!("{}.certificate.json", identity.name()));
    check_proof(&proof, &identity)?;
    let source = places::bundles(args.plugin.as_deref())?;

    let certified = certified(&graph).with_context(|| args.graph.display().to_string())?;
    let (status, mut facts) = together(certified);
    if status != 0 {
        let verdict = verdicts(&facts);
        if !args.allow_unstable {
            bail!(
                "{}: expected a graph that is proven stable at every rate, found {verdict}; \
                 --allow-unstable makes a plugin of it even so",
                args.graph.display()
            );
        }
        crate::tell(&format!("{}: {verdict}", args.graph.display()));
    }
    facts["file"] = args.graph.display().to_string().into();
    facts["plugin"] = json!({
        "name": identity.name(), "vendor": identity.vendor(), "version": identity.version(),
        "clap_id": identity.clap_id(), "vst3_id": identity.vst3_hex(),
    });

    for exported in bundle::export(&source, &identity, &args.output)? {
        crate::say(&format!("{}\n", exported.path.display()))?;
        if let Some(note) = exported.note {
            crate::tell(&format!("{}: {note}", exported.path.display()));
        }
    }
    let text = serde_json::to_string_pretty(&facts)? + "\n";
    std::fs::write(&proof, text).with_context(|| proof.display().to_string())?;
    crate::say(&format!("{}\n", proof.display()))
}

/// The plugin, with the graph in our own format, whatever it came in.
fn identity(args: &Args, graph: &Graph) -> Result<Identity> {
    // Its line ends are all between values: within texts they are escaped.
    let json = graph.to_json().replace('\n', "");
    let mut identity = Identity::new(&args.name, &args.vendor, &args.plugin_version, json)?;
    if let Some(id) = &args.clap_id {
        identity = identity.with_clap_id(id)?;
    }
    if let Some(id) = &args.vst3_id {
        identity = identity.with_vst3_id(id)?;
    }
    Ok(identity)
}

/// A certificate for each rate at which the graph is one that plays.
fn certified(graph: &Graph) -> Result<Vec<Value>> {
    let at = |rate: f64| {
        // As the plugin makes it.
        fx::reverb::model(graph, rate, 1.0)?;
        certificate(&graph.at_rate(rate)?)
    };
    RATES.iter().map(|&rate| at(rate).with_context(|| format!("at {rate} Hz"))).collect()
}

/// `unstable at 44100 Hz, not-certified at 48000 Hz`.
fn verdicts(facts: &Value) -> String {
    let all = facts["certificates"].as_array().map_or(&[][..], Vec::as_slice);
    let stable = ["certified-stable", "marginally-stable"];
    let said = all.iter().filter_map(|one| {
        let verdict = one["verdict"].as_str().filter(|verdict| !stable.contains(verdict))?;
        Some(format!("{verdict} at {} Hz", one["sample_rate"]))
    });
    said.collect::<Vec<_>>().join(", ")
}

/// Whether the certificate can go there: nothing may lie there but that of an earlier
/// plugin of this name.
fn check_proof(path: &Path, identity: &Identity) -> Result<()> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let there = crate::read(path, MOST_CERTIFICATE)?;
    let there: Value = serde_json::from_slice(&there).unwrap_or_default();
    if there["plugin"]["name"] != identity.name() || there.get("certificates").is_none() {
        bail!(
            "{}: expected nothing, or the certificate of \"{}\", found something else",
            path.display(),
            identity.name()
        );
    }
    Ok(())
}
