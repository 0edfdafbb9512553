//! `cargo bench --bench ratios -- [--table] [--isa=NAME] [FILTER]`: ours against
//! `nam-rs`, every architecture at every block length, in one run.
//!
//! Both take turns on the same samples, many rounds long; a figure is the tenth
//! percentile of the processor time of the thread per sample, so that neither a
//! busy machine nor a change of clock speed favours one. `--table` prints the
//! official sizes alone, in Markdown; `--isa` holds us to an instruction set
//! (`Baseline`, `Avx2`, `Avx512`).

mod common;

use std::time::Duration;

use common::{BLOCKS, Process, thread_time};

/// Time for one figure, and turns at least.
const BUDGET: Duration = Duration::from_millis(150);
const ROUNDS: usize = 8;
/// Samples of a round: a few of the longest cycles of work of an engine, those
/// of the large partitions of a long response.
const ROUND: usize = 4 * 2048;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says so when it benches; when it tests, one turn must do.
    let rounds = if args.iter().any(|a| a == "--bench") { ROUNDS } else { 1 };
    let table = args.iter().any(|a| a == "--table");
    let isa = args.iter().find_map(|a| a.strip_prefix("--isa=")).map(named);
    let isa = isa.unwrap_or_else(nn::Isa::best);
    let filter = args.iter().find(|a| !a.starts_with('-')).cloned().unwrap_or_default();
    let row = |cells: &[String]| {
        if table {
            println!("| {} |", cells.join(" | "));
        } else {
            let padded: Vec<String> = cells
                .iter()
                .enumerate()
                .map(|(i, c)| if i == 0 { format!("{c:22}") } else { format!("{c:>20}") })
                .collect();
            println!("{}", padded.join(" "));
        }
    };
    println!("ns/sample of one core, ours on {isa:?} / nam-rs = ratio\n");
    let blocks = BLOCKS.iter().map(|b| format!("block {b}"));
    row(&std::iter::once("network".to_owned()).chain(blocks).collect::<Vec<_>>());
    if table {
        println!("|---|{}", "---:|".repeat(BLOCKS.len()));
    }
    for (name, json) in cases(!table) {
        if name.contains(&filter) {
            let cells = BLOCKS.map(|block| figure(&json, isa, block, rounds));
            row(&std::iter::once(name).chain(cells).collect::<Vec<_>>());
        }
    }
}

/// The instruction set of that name, if this machine has it.
fn named(name: &str) -> nn::Isa {
    let available = nn::Isa::available();
    let found = available.iter().find(|isa| format!("{isa:?}") == name);
    *found.unwrap_or_else(|| panic!("--isa: expected one of {available:?}, found {name}"))
}

/// The official sizes, and `all` the others that tell how cost grows.
fn cases(all: bool) -> Vec<(String, String)> {
    let official = common::models::official().into_iter().map(|(n, j)| (n.to_owned(), j));
    let mut cases: Vec<_> = official.collect();
    if all {
        let sizes = [(1, 3), (1, 8), (1, 24), (1, 32), (1, 40), (2, 16), (3, 16)];
        let lstm = |(l, h)| (format!("LSTM {l}x{h}"), common::models::lstm(l, h));
        cases.extend(sizes.map(lstm));
        let lengths = [64, 256, 512, 1024, 8192, 48_000, 480_000];
        cases.extend(lengths.map(|n| (format!("Linear {n}"), common::models::linear(n))));
    }
    cases
}

/// `ours / theirs = ratio`, or what can be said.
fn figure(json: &str, isa: nn::Isa, block: usize, rounds: usize) -> String {
    match measure([common::ours_on(json, isa).ok(), common::nam_rs(json).ok()], block, rounds) {
        [Some(a), Some(b)] => format!("{a:.1} / {b:.0} = {:.1}×", b / a),
        [Some(a), None] => format!("{a:.1}"),
        [None, Some(b)] => format!("– / {b:.0}"),
        [None, None] => "–".to_owned(),
    }
}

/// Nanoseconds a sample of each, taking turns.
fn measure(mut subjects: [Option<Process>; 2], block: usize, rounds: usize) -> [Option<f64>; 2] {
    let budget = if rounds > 1 { BUDGET } else { Duration::ZERO };
    let input = common::signal(ROUND);
    let mut io = input.clone();
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    let start = thread_time();
    while times[0].len().max(times[1].len()) < rounds || thread_time() - start < budget {
        for (subject, times) in subjects.iter_mut().zip(&mut times) {
            let Some(process) = subject else { continue };
            io.copy_from_slice(&input);
            let before = thread_time();
            io.chunks_mut(block).for_each(&mut *process);
            times.push(thread_time() - before);
        }
        if subjects.iter().all(Option::is_none) {
            break;
        }
    }
    times.map(|mut times| {
        times.sort();
        times.get(times.len() / 10).map(|t| t.as_nanos() as f64 / ROUND as f64)
    })
}
