//! Copies the bundles to where DAWs look for plugins.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::bundle;

pub(crate) fn install() -> Result<()> {
    let folder = bundle::release()?;
    for name in bundles()? {
        let place = place(&name)?;
        remove(&place)?;
        copy(&folder.join(name), &place)
            .with_context(|| format!("copying to {}", place.display()))?;
        println!("installed {}", place.display());
    }
    println!("Now let your DAW rescan its plugins.");
    Ok(())
}

pub(crate) fn uninstall() -> Result<()> {
    for name in bundles()? {
        let place = place(&name)?;
        let removed = if remove(&place)? { "removed" } else { "was not there:" };
        println!("{removed} {}", place.display());
    }
    Ok(())
}

/// Every bundle there can be, built or not.
fn bundles() -> Result<Vec<PathBuf>> {
    let names = fs::read_to_string("bundler.toml").context("reading bundler.toml")?;
    let names = names.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    Ok(names
        .flat_map(|name| [format!("{name}.clap").into(), format!("{name}.vst3").into()])
        .collect())
}

/// Where this user's DAWs look for a bundle.
fn place(bundle: &Path) -> Result<PathBuf> {
    let clap = bundle.extension() == Some(OsStr::new("clap"));
    let home = std::env::home_dir().context("this user has no home folder")?;
    let folder = if cfg!(target_os = "macos") {
        home.join("Library/Audio/Plug-Ins").join(if clap { "CLAP" } else { "VST3" })
    } else if cfg!(windows) {
        let local = std::env::var_os("LOCALAPPDATA").context("%LOCALAPPDATA% is not set")?;
        Path::new(&local).join("Programs/Common").join(if clap { "CLAP" } else { "VST3" })
    } else {
        home.join(if clap { ".clap" } else { ".vst3" })
    };
    Ok(folder.join(bundle))
}

fn remove(place: &Path) -> Result<bool> {
    let gone = if place.is_dir() { fs::remove_dir_all(place) } else { fs::remove_file(place) };
    match gone {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => bail!("could not remove {} (is a DAW using it?): {e}", place.display()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
    fs::copy(from, to)?;
    Ok(())
}
