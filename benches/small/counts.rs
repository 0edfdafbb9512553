//! What a sample costs but for time: heap calls and instructions.

use std::process::Command;

#[path = "../../tests/kit/heap.rs"]
mod heap;

use crate::common::{Process, signal};
use crate::{BLOCK, TURN};

/// Heap calls of a sample.
pub(crate) fn heap(process: &mut Process) -> f64 {
    let mut io = signal(TURN);
    let calls = heap::heap_calls(|| io.chunks_mut(BLOCK).for_each(process));
    calls as f64 / TURN as f64
}

/// What this program does when Valgrind watches it: one of a case, for some turns.
pub(crate) struct Task {
    pub(crate) case: String,
    /// Its place among those that play the case.
    pub(crate) who: usize,
    turns: usize,
}

impl Task {
    /// As [`instructions`] asks for it.
    pub(crate) fn of(args: &[String]) -> Option<Self> {
        let [.., flag, case, who, turns] = args else { return None };
        if flag != "--watched" {
            return None;
        }
        Some(Self { case: case.clone(), who: who.parse().ok()?, turns: turns.parse().ok()? })
    }

    pub(crate) fn run(&self, process: &mut Process) {
        let input = signal(BLOCK);
        let mut io = input.clone();
        for _ in 0..self.turns {
            io.copy_from_slice(&input);
            process(&mut io);
            std::hint::black_box(&io);
        }
    }
}

/// Prints the instructions of a sample of each: those of more samples less those of
/// fewer, so that what comes before and after does not count.
pub(crate) fn instructions(case: &str, names: &[String]) {
    let (few, many) = (100, 200);
    let mut counts = Vec::new();
    for (who, name) in names.iter().enumerate() {
        if name == "Avx512" {
            continue;
        }
        let counted = [few, many].map(|turns| watched(case, who, turns));
        let [Some(few_of), Some(many_of)] = counted else {
            println!("{case:12} cannot be counted: Valgrind is needed (apt-get install valgrind)");
            return;
        };
        counts.push((name, (many_of - few_of) / ((many - few) * BLOCK) as f64));
    }
    let flat = counts.get(1).map_or(1.0, |(_, count)| *count);
    let cells = counts.iter().map(|(name, n)| format!("{name} {n:8.1} ({:.3})", n / flat));
    println!("{case:12} {}", cells.collect::<Vec<_>>().join("   "));
}

/// Instructions of a whole run.
fn watched(case: &str, who: usize, turns: usize) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["--watched", case, &who.to_string(), &turns.to_string()])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().find_map(|line| line.split_once("Collected :"))?;
    line.1.trim().parse().ok()
}
