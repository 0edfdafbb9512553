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
        answer(args, files, event, began)?;
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

/// Tells the trainer, and people, what is made of an event that was noticed at `began`.
fn answer(args: &Render, files: Files<'_>, event: Event, began: Instant) -> Result<()> {
    let (played, revision, hash) = match event {
        Event::Loaded { content: graph, revision, bytes_hash } => {
            (play(args, files, &graph), revision, Some(bytes_hash))
        }
        Event::Failed { error, revision, bytes_hash } => (Err(error.into()), revision, bytes_hash),
        // There is no other yet.
        _ => return Ok(()),
    };
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    let mut ack = Ack { revision, hash, pid: std::process::id(), ..Ack::default() };
    let name = revision.map(|r| format!("revision {r}"));
    let line = match played {
        Ok((graph, params)) => {
            (ack.rt60, ack.playing) = (params.rt60, true);
            // The sound is there: a proof may take longer than it did.
            acknowledge(files.graph, &ack);
            let rt60 = params.rt60.filter(|_| args.law() == Law::Adac);
            let conditions = Conditions { rt60, ..Conditions::default() };
            let proven = certify(&Network::new(&graph), &conditions);
            (ack.verdict, ack.unstable_poles) = (Some(proven.verdict), proven.unstable_poles);
            let verdict = serde_json::to_value(proven.verdict)?;
            let name = name.as_deref().unwrap_or("no revision");
            format!("{name}: {}, {ms:.1} ms", verdict.as_str().unwrap_or_default())
        }
        // What was cut off was neither played nor refused.
        Err(_) if stopped() => return Ok(()),
        Err(error) => {
            let words = format!("{error:#}");
            let line = name.map_or(words.clone(), |name| format!("{name}: {words}"));
            ack.error = Some(words);
            line
        }
    };
    acknowledge(files.graph, &ack);
    crate::say(&(crate::printable(&line) + "\n"))
}

/// Writes `ack`; without it only the trainer knows less.
fn acknowledge(graph: &Path, ack: &Ack) {
    if let Err(error) = live::acknowledge(graph, ack) {
        crate::tell(&error.to_string());
    }
}

/// Renders the input through `graph`; the graph at its rate, and where its controls were.
fn play(args: &Render, files: Files<'_>, graph: &Graph) -> Result<(Graph, Params)> {
    let mut source = Input::open(files.input)?;
    let graph = graph.at_rate(f64::from(source.sample_rate()))?;
    let params = render(args, files, &graph, &mut source)?;
    Ok((graph, params))
}
