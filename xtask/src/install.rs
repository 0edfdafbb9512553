//! Copies the bundles to where DAWs look for plugins.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{bundle, run};

pub(crate) fn install() -> Result<()> {
    for bundle in bundles()? {
        let place = place(&bundle)?;
        remove(&place)?;
        copy(&bundle, &place).with_context(|| format!("copying to {}", place.display()))?;
        println!("installed {}", place.display());
    }
    println!("Now let your DAW rescan its plugins.");
    Ok(())
}

pub(crate) fn uninstall() -> Result<()> {
    for bundle in bundles()? {
        let place = place(&bundle)?;
        if remove(&place)? {
            println!("removed {}", place.display());
        } else {
            println!("was not there: {}", place.display());
        }
    }
    Ok(())
}

/// The release bundles, built first where there are none yet.
fn bundles() -> Result<Vec<PathBuf>> {
    let folder = bundle::folder(&run::metadata()?);
    let found = || -> Vec<PathBuf> {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten().map(|e| e.path());
        let is_plugin =
            |path: &PathBuf| ["clap", "vst3"].map(OsStr::new).map(Some).contains(&path.extension());
        entries.filter(is_plugin).collect()
    };
    let mut bundles = found();
    if bundles.is_empty() {
        bundle::release()?;
        bundles = found();
    }
    bundles.sort();
    Ok(bundles)
}

/// Where this user's DAWs look for a bundle.
fn place(bundle: &Path) -> Result<PathBuf> {
    let name = bundle.file_name().context("a bundle has a name")?;
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
    Ok(folder.join(name))
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
