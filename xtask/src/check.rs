//! Everything that must hold before a change goes in.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::{arrows, bundle, display::Display, run, setup};

/// What the test programs counted.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

pub(crate) fn command() -> Result<()> {
    let start = Instant::now();
    let mut tally = Tally::default();
    section("setup", setup::everything)?;
    section("dependency arrows", || arrows::check(&run::metadata()?))?;
    section("format", || run::run(run::cargo().args(["fmt", "--all", "--check"])))?;
    section("clippy", || {
        let words = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        run::run(run::cargo().args(words))
    })?;
    section("tests", || {
        tally.count(run::cargo().args(["test", "--workspace", "--exclude", "hosts", "--locked"]))
    })?;
    section("bundles", || bundle::release().map(drop))?;
    section("hosts: CLAP and VST3", || native_hosts(&mut tally))?;
    section("hosts: JUCE, from Python", || python_hosts(&mut tally))?;
    println!("\n{} passed, {} failed, {:.0?}", tally.passed, tally.failed, start.elapsed());
    Ok(())
}

fn section(name: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n== {name}");
    let start = Instant::now();
    check().with_context(|| format!("the section '{name}' failed"))?;
    println!("== {name}: fine, {:.0?}", start.elapsed());
    Ok(())
}

/// These are ignored by a plain `cargo test`, which has no bundles to load.
fn native_hosts(tally: &mut Tally) -> Result<()> {
    let display = Display::start()?;
    let bundles = bundle::folder(&run::metadata()?);
    let mut tests = run::cargo();
    tests.args(["test", "--package", "hosts", "--locked", "--", "--include-ignored"]);
    tally.count(display.show(&mut tests).env("KILN_BUNDLES", bundles))
}

fn python_hosts(tally: &mut Tally) -> Result<()> {
    let display = Display::start()?;
    let plugin = bundle::folder(&run::metadata()?).join("Kiln Amp.vst3");
    let mut tests = Command::new(setup::python_hosts()?);
    tests.arg("python/hosts/test_pedalboard.py").arg(plugin);
    tally.count(display.show(&mut tests))
}

impl Tally {
    /// Runs tests, shows what they print, and adds up their closing lines.
    fn count(&mut self, tests: &mut Command) -> Result<()> {
        eprintln!("$ {}", run::shown(tests));
        let mut child =
            tests.stdout(Stdio::piped()).spawn().context("could not start the tests")?;
        let output = child.stdout.take().context("the tests have no output")?;
        for line in BufReader::new(output).lines() {
            let line = line?;
            self.add(&line);
            println!("{line}");
        }
        let status = child.wait()?;
        ensure!(status.success(), "{} of the tests failed ({status})", self.failed);
        Ok(())
    }

    /// `test result: ok. 12 passed; 0 failed; …`
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let words: Vec<&str> = result.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            match (pair[0].parse::<usize>(), pair[1]) {
                (Ok(count), "passed") => self.passed += count,
                (Ok(count), "failed") => self.failed += count,
                _ => {}
            }
        }
    }
}
