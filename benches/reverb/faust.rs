//! The same networks by FAUST: written as its users and exporters write them, built
//! by both C++ compilers in each of FAUST's ways.
//!
//! Each build is a small program that plays when it is told to and prints the
//! processor time of its thread, so that it takes turns with the others.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use fdn::Section;
use ndarray::Array2;

use super::networks::Canonical;

/// The ways FAUST has to write a loop.
const WAYS: [(&str, &[&str]); 3] =
    [("scalar", &[]), ("-vec -lv 0", &["-vec", "-lv", "0"]), ("-vec -lv 1", &["-vec", "-lv", "1"])];
const COMPILERS: [&str; 2] = ["clang++", "g++"];
/// Lines from which g++ takes minutes.
const LARGE: usize = 100;
const PLAYER: &str = include_str!("player.cpp");

/// One build, running.
pub(crate) struct Build {
    /// The compiler, and the way.
    pub(crate) name: String,
    /// That it took to build, wherever and whenever it was built.
    pub(crate) seconds: f64,
    child: Child,
    answers: BufReader<ChildStdout>,
}

/// All builds of a network that this machine can make; `full`, even those that
/// take minutes.
pub(crate) fn builds(network: &Canonical, full: bool) -> Vec<Build> {
    let source = source(network);
    let compilers = COMPILERS
        .iter()
        .filter(|c| (full || **c != "g++" || network.delays.len() < LARGE) && version(c).is_some());
    let pairs = compilers.flat_map(|c| WAYS.iter().map(move |way| (*c, *way)));
    pairs.filter_map(|(compiler, way)| Build::new(&source, compiler, way)).collect()
}

/// Whether there is anything to build with.
pub(crate) fn present() -> bool {
    version("faust").is_some() && COMPILERS.iter().any(|c| version(c).is_some())
}

/// What a program says it is.
pub(crate) fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().filter(|_| output.status.success()).map(str::to_owned)
}

impl Build {
    /// Builds, unless the same was built before; says so if it cannot.
    fn new(source: &str, compiler: &str, (way, flags): (&str, &[&str])) -> Option<Self> {
        let mut hash = DefaultHasher::new();
        (source, PLAYER, compiler, version(compiler), version("faust"), flags).hash(&mut hash);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench/faust");
        let program = folder.join(format!("{:016x}", hash.finish()));
        let name = format!("{compiler} {way}");
        if !program.exists() {
            eprintln!("building FAUST's {name} …");
            if let Err(e) = make(source, compiler, flags, &program) {
                eprintln!("FAUST's {name}: {e}");
                return None;
            }
        }
        let seconds = std::fs::read_to_string(program.with_extension("seconds")).ok();
        let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
        let io = (Stdio::piped(), Stdio::piped());
        let mut child = Command::new(&program).stdin(io.0).stdout(io.1).spawn().ok()?;
        let answers = BufReader::new(child.stdout.take()?);
        Some(Self { name, seconds, child, answers })
    }

    /// Plays `frames`; nanoseconds of its thread a frame.
    pub(crate) fn turn(&mut self, frames: usize) -> f64 {
        self.ask(&format!("p {frames}"));
        self.answer().trim().parse().expect("a player prints a number")
    }

    /// The response to an impulse in the first input, both outputs by turns.
    pub(crate) fn response(&mut self, frames: usize) -> Vec<f32> {
        self.ask(&format!("r {frames}"));
        let lines: Vec<_> = (0..frames).map(|_| self.answer()).collect();
        let numbers = lines.iter().flat_map(|line| line.split_whitespace());
        numbers.map(|x| x.parse().expect("a player prints numbers")).collect()
    }

    fn ask(&mut self, order: &str) {
        let to = self.child.stdin.as_mut().expect("a pipe was asked for");
        writeln!(to, "{order}").expect("the player listens");
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the player answers");
        line
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        // It ends when nothing more can come.
        drop(self.child.stdin.take());
        let _status = self.child.wait();
    }
}

/// From source to program, and how long that takes.
fn make(source: &str, compiler: &str, flags: &[&str], program: &Path) -> Result<(), String> {
    let at = |ending: &str| program.with_extension(ending);
    let write = |path: PathBuf, text: &str| std::fs::write(path, text).map_err(|e| e.to_string());
    std::fs::create_dir_all(program.parent().unwrap_or(program)).map_err(|e| e.to_string())?;
    write(at("dsp"), source)?;
    write(at("player"), PLAYER)?;
    let start = Instant::now();
    let mut faust = Command::new("faust");
    run(faust.args(flags).arg("-a").arg(at("player")).arg(at("dsp")).arg("-o").arg(at("cpp")))?;
    let mut cpp = Command::new(compiler);
    let flags = ["-O3", "-ffast-math", "-march=native"];
    run(cpp.args(flags).arg(at("cpp")).arg("-o").arg(at("new")))?;
    write(at("seconds"), &start.elapsed().as_secs_f64().to_string())?;
    // Last, so that what is there is whole.
    std::fs::rename(at("new"), program).map_err(|e| e.to_string())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| e.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(said.chars().take(500).collect()) }
}

/// The network in FAUST: matrices as sums of products, the sample that `~` adds
/// taken from the delays and given back to what leaves the loop.
fn source(network: &Canonical) -> String {
    let n = network.delays.len();
    let parallel = |parts: Vec<String>| format!("({})", parts.join(", "));
    let delays = network.delays.iter().map(|d| format!("@({})", d.samples - 1.0)).collect();
    let mut forward = parallel(delays);
    if !network.absorption.is_empty() {
        let cascades = network.absorption.iter().map(|sections| {
            format!("({})", sections.iter().map(section).collect::<Vec<_>>().join(" : "))
        });
        forward += &format!(" : {}", parallel(cascades.collect()));
    }
    [
        "import(\"stdfaust.lib\");\n".to_owned(),
        matrix("input", &network.input),
        matrix("feedback", &network.feedback),
        matrix("output", &network.output),
        matrix("direct", &network.direct),
        format!("loop = (ro.interleave({n}, 2) : par(i, {n}, +) : {forward}) ~ feedback;\n"),
        format!("wet = input : loop : par(i, {n}, @(1)) : output;\n"),
        "process = _, _ <: (wet, direct) :> _, _;\n".to_owned(),
    ]
    .concat()
}

fn section(Section { b, a }: &Section) -> String {
    let arguments = [b[0], b[1], b[2], a[0], a[1]].map(|x| x.to_string());
    format!("fi.tf2({})", arguments.join(", "))
}

fn matrix(name: &str, gains: &Array2<f64>) -> String {
    let arguments: Vec<_> = (0..gains.ncols()).map(|j| format!("x{j}")).collect();
    let mut text = format!("{name}({}) =\n", arguments.join(", "));
    for (i, row) in gains.outer_iter().enumerate() {
        let terms: Vec<_> = row.iter().zip(&arguments).map(|(w, x)| format!("({w})*{x}")).collect();
        let end = if i + 1 == gains.nrows() { ";" } else { "," };
        let _infallible = writeln!(text, "    {}{end}", terms.join(" + "));
    }
    text
}
