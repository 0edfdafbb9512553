//! Plugins as files a host can load: `target/bundled/*.clap` and `*.vst3`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cargo_metadata::{CrateType, Metadata};

use crate::{patch, run};

/// Bundles and tells where they are.
pub(crate) fn command(args: &[String]) -> Result<()> {
    let metadata = run::metadata()?;
    let known = plugins(&metadata);
    let (mut packages, mut cargo_args) = (Vec::new(), Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-p" | "--package" => packages.push(args.next().context("-p needs a name")?.clone()),
            "all" => packages.clone_from(&known),
            name if known.iter().any(|package| package == name) => packages.push(arg.clone()),
            _ => cargo_args.push(arg.clone()),
        }
    }
    if packages.iter().any(|package| package == "all") || packages.is_empty() {
        packages.clone_from(&known);
    }
    for package in &packages {
        if !known.contains(package) {
            bail!("there is no plugin '{package}'; there are: {}", known.join(", "));
        }
    }
    build(&metadata, &packages, cargo_args)
}

/// Every plugin as a user gets it; returns the folder they are in.
pub(crate) fn release() -> Result<PathBuf> {
    let metadata = run::metadata()?;
    build(&metadata, &plugins(&metadata), vec!["--release".into()])?;
    Ok(folder(&metadata))
}

pub(crate) fn folder(metadata: &Metadata) -> PathBuf {
    run::target_dir(metadata).join("bundled")
}

/// The file to load of a CLAP bundle, which is a folder on macOS only.
pub(crate) fn library(bundle: &Path) -> PathBuf {
    let inside = bundle.join("Contents/MacOS").join(bundle.file_stem().unwrap_or_default());
    if bundle.is_dir() { inside } else { bundle.to_owned() }
}

/// The workspace packages that make a dynamic library are the plugins.
fn plugins(metadata: &Metadata) -> Vec<String> {
    let is_plugin = |package: &&cargo_metadata::Package| {
        package.targets.iter().any(|target| target.crate_types.contains(&CrateType::CDyLib))
    };
    let packages = metadata.workspace_packages();
    packages.iter().copied().filter(is_plugin).map(|p| p.name.to_string()).collect()
}

fn build(metadata: &Metadata, packages: &[String], mut cargo_args: Vec<String>) -> Result<()> {
    if packages.is_empty() {
        bail!("the workspace has no plugin to bundle");
    }
    cargo_args.extend(patch::cargo_args(metadata)?);
    nice_plug_xtask::build(packages, &cargo_args)?;
    for package in packages {
        nice_plug_xtask::bundle(&run::target_dir(metadata), package, &cargo_args, false)?;
    }
    Ok(())
}
