//! `kiln reverb --watch`: a file through each graph that a trainer sends.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use fdn::live::{self, Ack, Event, Follower};
use fdn::{Conditions, Graph, Law, Network, Params, certify};

use super::Render;
use super::render::{Files, render, stopped};
use crate::wav::{self, Input};

/// Between looks at the file of the graph.
const PAUSE: Duration = Duration::from_millis(10);

/// Renders at each new graph, until it is interrupted. What fails leaves the output as
/// it was. Graphs that came while one was rendered are skipped, but for the last.
pub(super) fn run(args: &Render, files: Files<'_>) -> Result<()> {
    check(files)?;
    Input::open(files.input)?;
    let mut follower = Follower::new(files.graph);
    while !stopped() {
        let began = Instant::now();
        let Some(event) = follower.poll() else {
            thread::sleep(PAUSE);
            continue;
        };
        let (ack, line) = answer(args, files, event, began);
        // What was cut off was neither played nor refused.
        if stopped() && !ack.playing {
            break;
        }
        crate::say(&(crate::printable(&line) + "\n"))?;
        if let Err(error) = live::acknowledge(files.graph, &ack) {
            crate::tell(&error.to_string());
        }
    }
    Ok(())
}

/// Refuses to write where something is read. The graph may not be there yet.
fn check(files: Files<'_>) -> Result<()> {
    let Files { graph, input, output } = files;
    let ack = live::acknowledgement(graph);
    let read = [("graph", graph), ("input", input)];
    for (path, others) in
        [(output, &[&read[..], &[("acknowledgement", &ack)]].concat()[..]), (&ack, &read)]
    {
        let named = || path.display().to_string();
        wav::check_place(path, others).with_context(named)?;
        if let Some((what, _)) = others.iter().find(|(_, other)| place(other) == place(path)) {
            bail!("{}: expected another file than the {what}, found the same", named());
        }
    }
    Ok(())
}

/// Where a file is, or will be.
fn place(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let inside = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(inside).unwrap_or_else(|| path.to_owned())
}

/// What is made of an event that was noticed at `began`: for the trainer, and for people.
fn answer(args: &Render, files: Files<'_>, event: Event, began: Instant) -> (Ack, String) {
    let (played, revision, hash) = match event {
        Event::Loaded { graph, revision, bytes_hash } => {
            (play(args, files, &graph), revision, Some(bytes_hash))
        }
        Event::Failed { error, revision, bytes_hash } => (Err(error.into()), revision, bytes_hash),
        // There is no other yet.
        _ => (Err(anyhow::anyhow!("expected a graph, found an unknown event")), None, None),
    };
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    let mut ack = Ack { revision, hash, pid: std::process::id(), ..Ack::default() };
    let name = revision.map_or("no revision".to_owned(), |r| format!("revision {r}"));
    let line = match played {
        Ok((graph, params)) => {
            // The sound is there: a proof may take longer than it did.
            let rt60 = params.rt60.filter(|_| args.law() == Law::Adac);
            let conditions = Conditions { rt60, ..Conditions::default() };
            let proven = certify(&Network::new(&graph), &conditions);
            (ack.verdict, ack.unstable_poles) = (Some(proven.verdict), proven.unstable_poles);
            (ack.rt60, ack.playing) = (params.rt60, true);
            let verdict = serde_json::to_value(proven.verdict).unwrap_or_default();
            format!("{name}: {}, {ms:.1} ms", verdict.as_str().unwrap_or_default())
        }
        Err(error) => {
            let words = format!("{error:#}");
            let line = revision.map_or(words.clone(), |_| format!("{name}: {words}"));
            ack.error = Some(words);
            line
        }
    };
    (ack, line)
}

/// Renders the input through `graph`; the graph at its rate, and where its controls were.
fn play(args: &Render, files: Files<'_>, graph: &Graph) -> Result<(Graph, Params)> {
    let mut source = Input::open(files.input)?;
    let graph = graph.at_rate(f64::from(source.sample_rate()))?;
    let params = render(args, files, &graph, &mut source)?;
    Ok((graph, params))
}
