//! What a bare machine lacks to open an editor without a screen, and to run Python hosts.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run::{metadata, run, succeeds, target_dir};

/// A screen without a screen: an X server, a software renderer, and the libraries
/// the editor's window opens at run time.
const EDITOR: &[&str] = &[
    "xvfb",
    "libegl1",
    "libegl-mesa0",
    "libgl1-mesa-dri",
    "libx11-6",
    "libx11-xcb1",
    "libxcb1",
    "libxcb-dri2-0",
    "libxcb-dri3-0",
    "libxcb-present0",
    "libxcb-randr0",
    "libxcb-sync1",
    "libxcb-xfixes0",
    "libxcb-xkb1",
    "libxcursor1",
    "libxkbcommon0",
    "libxkbcommon-x11-0",
];

/// Vulkan in software, which the editor's own tests draw with.
const PICTURES: &[&str] = &["mesa-vulkan-drivers"];

const PYTHON: &[&str] = &["python3", "python3-venv"];

/// What the FAUST that we write is tested with.
const FAUST: &[&str] = &["faust"];

/// A virtual environment, a name of its own since it is cleared before it is filled; the
/// file that pins what is in it; and what pip is to install.
struct Environment {
    name: &'static str,
    pins: &'static str,
    install: &'static [&'static str],
}

const HOSTS: Environment = Environment {
    name: "venv-hosts",
    pins: "python/requirements-hosts.txt",
    install: &["-r", "python/requirements-hosts.txt"],
};

const FLAMO: Environment =
    Environment { name: "venv-fdn", pins: "python/pyproject.toml", install: &["-e", "python"] };

pub(crate) fn everything() -> Result<()> {
    editor_packages()?;
    if cfg!(target_os = "linux") {
        packages(PICTURES)?;
        if let Err(error) = packages(FAUST) {
            println!("without FAUST, tests of it are skipped: {error:#}");
        }
    }
    let python = python_hosts()?;
    println!("ready: editors open headless, Python hosts run with {}", python.display());
    Ok(())
}

/// Elsewhere than on Linux the system itself brings windows and OpenGL.
pub(crate) fn editor_packages() -> Result<()> {
    if cfg!(target_os = "linux") { packages(EDITOR) } else { Ok(()) }
}

/// The interpreter of a private environment holding the Python hosts.
pub(crate) fn python_hosts() -> Result<PathBuf> {
    environment(&HOSTS)
}

/// The interpreter of a private environment holding FLAMO.
pub(crate) fn flamo() -> Result<PathBuf> {
    println!("FLAMO and torch fill 5.7 GB of target/{}, once", FLAMO.name);
    environment(&FLAMO)
}

fn environment(of: &Environment) -> Result<PathBuf> {
    let venv = target_dir(&metadata()?).join(of.name);
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let stamp = venv.join(Path::new(of.pins).file_name().unwrap_or_default());
    let wanted = std::fs::read(of.pins).with_context(|| format!("reading {}", of.pins))?;
    // An upgrade of the system's Python leaves an environment that no longer runs.
    let runs = || succeeds(Command::new(&python).args(["-c", "import pip"]));
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) && runs() {
        return Ok(python);
    }
    let system = system_python()?;
    run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&venv))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(of.install))?;
    // Written last, so that an interrupted installation is done again.
    std::fs::write(&stamp, wanted)?;
    Ok(python)
}

fn system_python() -> Result<&'static str> {
    let has_venv = |name: &&&str| succeeds(Command::new(name).args(["-c", "import ensurepip"]));
    let names: &'static [&'static str] = &["python3", "python"];
    if names.iter().find(has_venv).is_none() && cfg!(target_os = "linux") {
        packages(PYTHON)?;
    }
    names.iter().find(has_venv).copied().context("Python 3 with its venv module is needed")
}

fn packages(wanted: &[&str]) -> Result<()> {
    let missing: Vec<&str> = wanted.iter().copied().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !succeeds(Command::new("apt-get").arg("--version")) {
        // Another distribution names its packages differently; what counts is that Xvfb is there.
        if Path::new("/usr/bin/Xvfb").exists() {
            return Ok(());
        }
        bail!("please install what your system calls these, then run this again:\n  {wanted:?}");
    }
    let root = succeeds(Command::new("sh").args(["-c", "test $(id -u) = 0"]));
    if !root && !succeeds(Command::new("sudo").args(["-n", "true"])) {
        bail!(
            "please run this once, then try again:\n  sudo apt-get install {}",
            missing.join(" ")
        );
    }
    let apt = |words: &[&str]| {
        let mut command = Command::new(if root { "env" } else { "sudo" });
        run(command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).args(words))
    };
    apt(&["update"])?;
    let install = ["install", "-y", "--no-install-recommends", "-o=Dpkg::Use-Pty=0"];
    apt(&[&install[..], &missing].concat())
}

fn installed(package: &str) -> bool {
    let query = ["-W", "-f=${db:Status-Status}", package];
    Command::new("dpkg-query")
        .args(query)
        .output()
        // With several architectures, the states follow each other without a gap.
        .is_ok_and(|output| output.stdout.starts_with(b"installed"))
}
