//! Where Kiln Reverb lies.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use bundle::{Bundles, NAME};

/// Kiln Reverb in `folder`, or else in the first of the places where it may be.
pub(super) fn bundles(folder: Option<&Path>) -> Result<Bundles> {
    let looked_in = folder.map_or_else(places, |folder| vec![both_in(folder)]);
    let all = looked_in.iter().map(|[clap, vst3]| Bundles {
        clap: clap.join(format!("{NAME}.clap")),
        vst3: vst3.join(format!("{NAME}.vst3")),
    });
    if let Some(found) = all.clone().find(|b| b.clap.exists() && b.vst3.exists()) {
        return Ok(found);
    }
    let named = |[clap, vst3]: &[PathBuf; 2]| match clap == vst3 {
        true => clap.display().to_string(),
        false => format!("{} and {}", clap.display(), vst3.display()),
    };
    let named: Vec<String> = looked_in.iter().map(named).collect();
    bail!(
        "expected \"{NAME}.clap\" and \"{NAME}.vst3\", found them in none of: {}; \
         --plugin says where they are",
        named.join(", ")
    )
}

fn both_in(folder: &Path) -> [PathBuf; 2] {
    [folder.into(), folder.into()]
}

/// A folder with the CLAP and one with the VST3 bundle, likeliest first.
fn places() -> Vec<[PathBuf; 2]> {
    let program = env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent);
    let mut places = Vec::new();
    if let Some(beside) = beside {
        places.push(both_in(beside));
        // As installed, and as built.
        let above = beside.parent().unwrap_or(beside);
        places.extend([both_in(&above.join("lib/kiln")), both_in(&above.join("bundled"))]);
    }
    places.extend(hosts());
    places
}

/// Where DAWs look: the user's, then everybody's.
#[cfg(target_os = "macos")]
fn hosts() -> Vec<[PathBuf; 2]> {
    let roots = [env::home_dir(), Some("/".into())].into_iter().flatten();
    let plugins = roots.map(|root| root.join("Library/Audio/Plug-Ins"));
    plugins.map(|folder| [folder.join("CLAP"), folder.join("VST3")]).collect()
}

/// Where DAWs look: the user's, then everybody's.
#[cfg(windows)]
fn hosts() -> Vec<[PathBuf; 2]> {
    let user = env::var_os("LOCALAPPDATA").map(|local| Path::new(&local).join("Programs/Common"));
    let common = env::var_os("CommonProgramFiles").map(PathBuf::from);
    let roots = [user, common].into_iter().flatten();
    roots.map(|folder| [folder.join("CLAP"), folder.join("VST3")]).collect()
}

/// Where DAWs look: the user's, then everybody's.
#[cfg(not(any(windows, target_os = "macos")))]
fn hosts() -> Vec<[PathBuf; 2]> {
    let user = env::home_dir().map(|home| [home.join(".clap"), home.join(".vst3")]);
    let common = ["/usr/local/lib", "/usr/lib"].map(Path::new);
    let common = common.map(|lib| [lib.join("clap"), lib.join("vst3")]);
    user.into_iter().chain(common).collect()
}
