//! The tests that load bundles into hosts.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Message, TargetKind};

use crate::run;

/// The package they are in.
const PACKAGE: &str = "hosts";

/// A built integration test.
pub(crate) struct Test {
    pub(crate) name: String,
    executable: PathBuf,
    folder: PathBuf,
}

impl Test {
    /// Runs it as `cargo test` does.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command.current_dir(&self.folder);
        command
    }
}

/// All of them, built with the rest of the workspace: a package built by itself has other
/// features of what it uses, and all of that would be compiled twice.
pub(crate) fn tests() -> Result<Vec<Test>> {
    let metadata = run::metadata()?;
    let packages = metadata.workspace_packages();
    let package = packages.iter().find(|package| package.name.as_str() == PACKAGE);
    let package = package.with_context(|| format!("there is no package {PACKAGE}"))?;
    let folder = package.manifest_path.parent().context("a manifest lies in a folder")?;
    let mut build = run::cargo();
    build.args(["test", "--workspace", "--locked", "--no-run"]);
    build.arg("--message-format=json-render-diagnostics");
    let output = build.stderr(Stdio::inherit()).output().context("could not start cargo")?;
    ensure!(output.status.success(), "`{}` failed ({})", run::shown(&build), output.status);
    let mut tests = Vec::new();
    for message in Message::parse_stream(&output.stdout[..]) {
        let Message::CompilerArtifact(artifact) = message? else { continue };
        let is_test = artifact.target.kind.contains(&TargetKind::Test);
        if let (true, true, Some(executable)) =
            (is_test, artifact.package_id == package.id, artifact.executable)
        {
            let (name, folder) = (artifact.target.name, folder.as_std_path().to_owned());
            tests.push(Test { name, executable: executable.into(), folder });
        }
    }
    Ok(tests)
}
