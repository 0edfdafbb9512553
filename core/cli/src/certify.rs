//! `kiln certify`: whether a graph is stable, as proven.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};

use crate::reverb;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The graph
    graph: PathBuf,
    /// Hz to run it at, instead of the rate it was designed for; may be given
    /// several times
    #[arg(long, value_name = "HZ", value_parser = reverb::rate)]
    rate: Vec<f64>,
}

/// Prints the certificate, or with several rates all of them and the worst verdict.
/// The status is 0 for what is stable or marginally so, 2 for what is unstable, 3
/// for what is not proven either way.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let rates = args.rate.iter().copied().map(Some);
    let rates: Vec<Option<f64>> = if args.rate.is_empty() { vec![None] } else { rates.collect() };
    let certify = |rate| reverb::certificate(&reverb::graph(&args.graph, rate)?);
    let all: Vec<Value> = rates.into_iter().map(certify).collect::<Result<_>>()?;
    let (worst, mut facts) = together(all);
    facts["file"] = args.graph.display().to_string().into();
    crate::say(&(serde_json::to_string_pretty(&facts)? + "\n"))?;
    Ok(ExitCode::from(worst))
}

/// The worst status of certificates, and all of them as one, with the worst verdict.
pub(crate) fn together(mut all: Vec<Value>) -> (u8, Value) {
    let worst = all.iter().map(status).max_by_key(|s| severity(*s)).unwrap_or(3);
    let facts = match all.as_mut_slice() {
        [one] => one.take(),
        several => {
            let worst = several.iter().find(|c| status(c) == worst);
            let verdict = worst.map(|c| c["verdict"].clone());
            json!({ "verdict": verdict, "certificates": several })
        }
    };
    (worst, facts)
}

fn status(certificate: &Value) -> u8 {
    match certificate["verdict"].as_str() {
        Some("certified-stable" | "marginally-stable") => 0,
        Some("unstable") => 2,
        _ => 3,
    }
}

/// A proof of instability outweighs the lack of one of stability.
fn severity(status: u8) -> u8 {
    match status {
        0 => 0,
        3 => 1,
        _ => 2,
    }
}
