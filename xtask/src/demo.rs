//! The plugin at work, from nothing: one command, a sound and two pictures.

use anyhow::{Context, Result};

use crate::{bundle, display::Display, run, setup};

const RIFF: &str = "assets/riff.wav";

pub(crate) fn command() -> Result<()> {
    setup::editor_packages()?;
    let bundles = bundle::release()?;
    let folder = bundles.parent().context("bundles lie in a folder")?.join("demo");
    std::fs::create_dir_all(&folder)?;
    let plugin = bundle::library(&bundles.join("Kiln Amp.clap"));
    let display = Display::start()?;
    let mut host = run::cargo();
    host.args(["run", "--quiet", "--package", "hosts", "--bin", "kiln-host", "--"]);
    host.arg(plugin).arg(RIFF).arg(&folder);
    run::run(display.show(&mut host))?;

    println!("\nthe riff through the amp   {}", folder.join("amp.wav").display());
    println!("before and after           {}", folder.join("amp-waveforms.png").display());
    println!("the editor as it renders   {}", folder.join("amp-editor.png").display());
    println!("to play it yourself        cargo xtask install");
    Ok(())
}
