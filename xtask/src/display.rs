//! A screen for programs that need one, where there is none.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// A private X server, which ends with this value. Elsewhere than on Linux, nothing.
pub(crate) struct Display(Option<(Child, String)>);

impl Display {
    pub(crate) fn start() -> Result<Self> {
        if !cfg!(target_os = "linux") {
            return Ok(Self(None));
        }
        let mut server = Command::new("Xvfb")
            // It picks a free number and tells us; and it must not reset when the last window goes.
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1600x1200x24",
                "-noreset",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start Xvfb; `cargo xtask setup` installs it")?;
        let mut number = String::new();
        let pipe = server.stdout.take().context("Xvfb has no output")?;
        BufReader::new(pipe).read_line(&mut number)?;
        let display = Self(Some((server, format!(":{}", number.trim()))));
        anyhow::ensure!(!number.trim().is_empty(), "Xvfb did not start");
        Ok(display)
    }

    /// Lets a command draw on it, with the software renderer all machines have.
    pub(crate) fn show<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some((_, name)) = &self.0 {
            command.env("DISPLAY", name).env("LIBGL_ALWAYS_SOFTWARE", "1");
            command.env_remove("WAYLAND_DISPLAY");
        }
        command
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some((server, _)) = &mut self.0 {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
