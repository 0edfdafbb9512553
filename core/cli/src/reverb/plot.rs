//! `kiln reverb plot`.
use anyhow::Result;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The graph
    graph: PathBuf,
    /// The PNG file to write
    output: PathBuf,
}

pub(super) fn run(_args: &Args) -> Result<()> {
    Ok(())
}
