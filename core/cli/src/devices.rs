//! `kiln devices`: what can compute here, and what is chosen to run ONNX files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use onnx::{Choice, Provider, Runs};
use serde_json::{Value, json};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run ONNX files with this library of ONNX Runtime (libonnxruntime.so, .dylib or
    /// .dll) from now on, in the plugins as well; `none` for the runtime that is built in
    #[arg(long, value_name = "LIBRARY")]
    onnx: Option<PathBuf>,
    /// What is to compute there, the first that works: cuda, coreml, directml, cpu
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', requires = "onnx")]
    #[arg(value_parser = provider)]
    providers: Vec<Provider>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn provider(text: &str) -> Result<Provider, String> {
    let all = [Provider::Cuda, Provider::CoreMl, Provider::DirectMl, Provider::Cpu];
    let names = ["cuda", "coreml", "directml", "cpu"];
    let found = names.into_iter().zip(all).find(|(name, _)| name.eq_ignore_ascii_case(text));
    found
        .map(|(_, provider)| provider)
        .ok_or_else(|| format!("expected one of {}, found {text}", names.join(", ")))
}

/// Lists them, after the choice was made; whether the library that is chosen runs.
pub(crate) fn run(args: &Args) -> Result<bool> {
    if let Some(library) = &args.onnx {
        choose(library, &args.providers)?;
    }
    let runs = onnx::runs(&Choice::of_user())?;
    let cards = gpu::devices();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let isa = format!("{:?}", nn::Isa::best());
    if args.json {
        let cards: Vec<_> = cards.iter().map(card).collect();
        let all = json!({ "processor": { "cores": cores, "instructions": isa },
            "cards": cards, "onnx": onnx_json(&runs) });
        crate::say(&(serde_json::to_string_pretty(&all)? + "\n"))?;
    } else {
        crate::say(&text(cores, &isa, &cards, &runs)?)?;
    }
    Ok(runs.notices.is_empty())
}

/// Writes the choice where the plugins find it.
fn choose(library: &Path, providers: &[Provider]) -> Result<()> {
    let path = Choice::path().context("this system has no folder for settings")?;
    if library.as_os_str() == "none" {
        return match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(e).with_context(|| path.display().to_string())
            }
            _ => Ok(()),
        };
    }
    let library = fs::canonicalize(library).with_context(|| library.display().to_string())?;
    ensure!(library.is_file(), "{}: expected a file, found a folder", library.display());
    let choice = Choice { library: Some(library), providers: providers.to_vec() };
    // What does not run is not kept: the plugins would say so of each file they load.
    let runs = onnx::runs(&choice.clone().options())?;
    if !runs.engine.contains("ONNX Runtime") {
        bail!("not chosen: {}", runs.notices.join("; "));
    }
    let folder = path.parent().context("settings lie in a folder")?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let text = serde_json::to_string_pretty(&choice)? + "\n";
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(&path).with_context(|| path.display().to_string())?;
    Ok(())
}

fn card(card: &gpu::Description) -> Value {
    json!({ "name": card.name, "backend": card.backend, "driver": card.driver,
        "software": card.software, "discrete": card.discrete })
}

fn onnx_json(runs: &Runs) -> Value {
    json!({ "engine": runs.engine, "device": runs.device, "notices": runs.notices,
        "choice": Choice::path().map(|path| path.display().to_string()) })
}

fn text(cores: usize, isa: &str, cards: &[gpu::Description], runs: &Runs) -> Result<String> {
    let mut out = String::new();
    writeln!(out, "processor   {cores} cores, {isa}: --device cpu, the default")?;
    for card in cards {
        let kind = match (card.software, card.discrete) {
            (true, _) => "the processor itself, only to test with",
            (false, true) => "--device gpu",
            (false, false) => "--device gpu; shares the processor's memory",
        };
        let name = crate::printable(&format!("{card}, {}", card.driver));
        writeln!(out, "card        {name}: {kind}")?;
    }
    if cards.is_empty() {
        writeln!(out, "card        none, or none with a driver of Vulkan, Metal or DirectX 12")?;
    }
    writeln!(out, "ONNX files  run on {}, {}", runs.engine, runs.device)?;
    for notice in &runs.notices {
        writeln!(out, "            {}", crate::printable(notice))?;
    }
    Ok(out)
}
