//! Everything that must hold before a change goes in.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::{arrows, bundle, display::Display, hosts, run, setup};

/// What came of it all.
#[derive(Default)]
struct Report {
    passed: usize,
    failed: usize,
    failed_sections: Vec<&'static str>,
}

pub(crate) fn command() -> Result<()> {
    let start = Instant::now();
    let mut report = Report::default();
    report.section("setup", |_| setup::everything());
    report.section("dependency arrows", |_| arrows::check(&run::metadata()?));
    report.section("format", |_| run::run(run::cargo().args(["fmt", "--all", "--check"])));
    report.section("clippy", |_| {
        let words = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        run::run(run::cargo().args(words))
    });
    report.section("tests", |report| {
        let words = ["test", "--workspace", "--locked", "--no-fail-fast"];
        report.count(run::cargo().args(words))
    });
    report.section("graphs, from Python", |_| graphs());
    // Older bundles may lie there, and must not be what is tested.
    if report.section("bundles", |_| bundle::release().map(drop)) {
        report.section("hosts: CLAP and VST3", native_hosts);
        report.section("hosts: a plugin made of a graph", exported_hosts);
        report.section("hosts: JUCE, from Python", python_hosts);
    }
    println!("\n{} passed, {} failed, {:.0?}", report.passed, report.failed, start.elapsed());
    ensure!(report.failed_sections.is_empty(), "failed: {}", report.failed_sections.join(", "));
    Ok(())
}

/// The graphs that Rust is tested with, against what FLAMO answered; how they are
/// published; what the factory reverbs are made of. Numpy suffices.
fn graphs() -> Result<()> {
    let python = std::path::absolute(setup::python_hosts()?)?;
    let tests = ["test_fixtures", "test_live", "test_reverbs"];
    let run = ["-m", "unittest"];
    run::run(Command::new(python).current_dir("python/tests").args(run).args(tests))
}

/// What writes graphs, against FLAMO itself, and a training that is heard in a host; not
/// a part of [`command`], for its size.
pub(crate) fn flamo() -> Result<()> {
    let python = std::path::absolute(setup::flamo()?)?;
    let words = ["-m", "unittest", "discover", "python/tests"];
    // Its operations are small: threads cost more than they bring.
    run::run(Command::new(&python).env("OMP_NUM_THREADS", "1").args(words))?;
    let bundles = bundle::release()?;
    let words = ["test", "--package", "hosts", "--locked", "--test", "reverb", "--"];
    let test = ["--include-ignored", "--nocapture", "the_example_trains_and_is_heard"];
    let mut training = run::cargo();
    training.args(words).args(test).env("KILN_BUNDLES", bundles).env("KILN_FLAMO_PYTHON", python);
    run::run(&mut training)
}

/// These are ignored by a plain `cargo test`, which has no bundles to load.
fn native_hosts(report: &mut Report) -> Result<()> {
    let display = Display::start()?;
    let bundles = bundle::folder(&run::metadata()?);
    report.all(hosts::tests()?, |test| {
        display.show(test).arg("--include-ignored").env("KILN_BUNDLES", &bundles);
    })
}

/// The tests of Kiln Reverb over a plugin that `kiln` made of it, but for those of what is
/// the same code: the long automation, and the presets.
fn exported_hosts(report: &mut Report) -> Result<()> {
    const NAME: &str = "Exported Room";
    let metadata = run::metadata()?;
    let target = run::target_dir(&metadata);
    let folder = target.join("exported");
    // As the tests were built; `cargo run` would build all of it once more, for it unites
    // the features of fewer packages.
    let kiln = target.join("debug").join(format!("kiln{}", std::env::consts::EXE_SUFFIX));
    let mut make = Command::new(kiln);
    make.args(["reverb", "compile", "assets/reverbs/small-room.json", "--name", NAME]);
    make.arg("--plugin").arg(bundle::folder(&metadata));
    run::run(make.arg("--output").arg(&folder))?;
    let display = Display::start()?;
    let mut tests = hosts::tests()?;
    tests.retain(|test| test.name == "reverb");
    report.all(tests, |test| {
        display.show(test).args([
            "--include-ignored",
            "--skip",
            "moves::",
            "--skip",
            "command_line::",
        ]);
        test.env("KILN_BUNDLES", &folder).env("KILN_REVERB", NAME);
    })
}

fn python_hosts(report: &mut Report) -> Result<()> {
    let display = Display::start()?;
    for plugin in ["Kiln Amp.vst3", "Kiln Drive.vst3", "Kiln Reverb.vst3"] {
        let plugin = bundle::folder(&run::metadata()?).join(plugin);
        let mut tests = Command::new(setup::python_hosts()?);
        tests.arg("python/hosts/test_pedalboard.py").arg(plugin);
        report.count(display.show(&mut tests))?;
    }
    Ok(())
}

impl Report {
    /// Runs one part; the others run whatever comes of it, so that one run shows all.
    fn section(&mut self, name: &'static str, check: impl FnOnce(&mut Self) -> Result<()>) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = check(self);
        match &outcome {
            Ok(()) => println!("== {name}: fine, {:.0?}", start.elapsed()),
            Err(error) => {
                println!("== {name}: FAILED, {error:#}");
                self.failed_sections.push(name);
            }
        }
        outcome.is_ok()
    }

    /// Runs tests, shows what they print, and adds up their closing lines.
    fn count(&mut self, tests: &mut Command) -> Result<()> {
        eprintln!("$ {}", run::shown(tests));
        let mut child =
            tests.stdout(Stdio::piped()).spawn().context("could not start the tests")?;
        let output = child.stdout.take().context("the tests have no output")?;
        let before = self.failed;
        // What a test prints need not be UTF-8, and the child must be waited for in any case.
        let shown = BufReader::new(output).split(b'\n').try_for_each(|line| {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            self.add(&line);
            println!("{line}");
            Ok::<_, std::io::Error>(())
        });
        let status = child.wait()?;
        shown.context("could not read what the tests print")?;
        ensure!(status.success(), "{} of these tests failed ({status})", self.failed - before);
        Ok(())
    }

    /// Runs all of `tests`, each as `prepare` makes it, whatever comes of the others.
    fn all(&mut self, tests: Vec<hosts::Test>, prepare: impl Fn(&mut Command)) -> Result<()> {
        ensure!(!tests.is_empty(), "there are no such tests");
        let mut failed = Vec::new();
        for test in tests {
            let mut command = test.command();
            prepare(&mut command);
            if self.count(&mut command).is_err() {
                failed.push(test.name);
            }
        }
        ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_section_reports_its_own_failures_whatever_the_tests_print() {
        let mut report = Report { failed: 5, ..Report::default() };
        let script = r"printf '\377\ntest result: FAILED. 3 passed; 2 failed; 0 ignored\n'; exit 1";
        let error = report.count(Command::new("sh").args(["-c", script])).unwrap_err();
        assert!(error.to_string().starts_with("2 of these tests failed"), "{error}");
        assert_eq!((report.passed, report.failed), (3, 7));
    }
}
