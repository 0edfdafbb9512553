//! The plugins at work, from nothing: one command, a sound and two pictures of each.

use anyhow::{Context, Result};

use crate::{bundle, display::Display, run, setup};

const RIFF: &str = "assets/riff.wav";

/// The plugins, and what their files are named.
const PLUGINS: [(&str, &str); 3] =
    [("Kiln Amp", "amp"), ("Kiln Drive", "drive"), ("Kiln Reverb", "reverb")];

pub(crate) fn command() -> Result<()> {
    setup::editor_packages()?;
    let bundles = bundle::release()?;
    let folder = bundles.parent().context("bundles lie in a folder")?.join("demo");
    std::fs::create_dir_all(&folder)?;
    for (name, short) in PLUGINS {
        let plugin = bundle::library(&bundles.join(format!("{name}.clap")));
        let display = Display::start()?;
        let mut host = run::cargo();
        host.args(["run", "--quiet", "--package", "hosts", "--bin", "kiln-host", "--"]);
        host.arg(plugin).arg(RIFF).arg(&folder);
        run::run(display.show(&mut host))?;
        let file = |ending: &str| folder.join(format!("{short}{ending}")).display().to_string();
        println!("\nthe riff through {name:<12} {}", file(".wav"));
        println!("before and after              {}", file("-waveforms.png"));
        println!("the editor as it renders      {}", file("-editor.png"));
    }
    println!("\nto play them yourself          cargo xtask install");
    Ok(())
}
