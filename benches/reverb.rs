//! `cargo bench --bench reverb -- [--table] [--isa=NAME] [--quick] [--full] [--alone]
//! [FILTER]`: what feedback delay networks cost, stereo at 48 kHz in blocks of 512, beside FAUST
//! and `fundsp`.
//!
//! All take turns in one run; a figure is the tenth percentile of the processor time
//! of the thread a frame, so that neither a busy machine nor a change of clock speed
//! favours one. FAUST takes part where `faust` and a C++ compiler are found, by the
//! best of its builds; they are kept in `target/bench/faust`, and `--full` makes even
//! the one that takes minutes. `--quick` leaves out sizes and measures shorter,
//! `--alone` leaves out the others, `--table` prints Markdown, `--isa` holds us to one
//! instruction set (`Baseline`, `Avx2`, `Avx512`), and a filter to kinds of networks
//! (`orthogonal one-pole`).
//! A whole run draws `target/bench/reverb.png`.

#[path = "common/mod.rs"]
mod common;
#[path = "reverb/faust.rs"]
mod faust;
#[path = "reverb/networks.rs"]
mod networks;
#[path = "reverb/plot.rs"]
mod plot;
#[path = "reverb/rivals.rs"]
mod rivals;
#[path = "reverb/tables.rs"]
mod tables;
#[path = "reverb/turns.rs"]
mod turns;

use fdn::Isa;

/// What was asked for.
struct Options {
    /// Whether to measure at all: when Cargo tests, one turn must do.
    bench: bool,
    table: bool,
    quick: bool,
    full: bool,
    alone: bool,
    isas: Vec<Isa>,
    filter: String,
}

impl Options {
    fn new() -> Self {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let has = |name: &str| args.iter().any(|a| a == name);
        let isa = args.iter().find_map(|a| a.strip_prefix("--isa="));
        Self {
            bench: has("--bench"),
            table: has("--table"),
            quick: has("--quick"),
            full: has("--full"),
            alone: has("--alone"),
            isas: isa.map_or_else(Isa::available, |name| vec![named(name)]),
            filter: args.iter().find(|a| !a.starts_with('-')).cloned().unwrap_or_default(),
        }
    }

    /// Numbers of lines.
    fn sizes(&self) -> &'static [usize] {
        match (self.bench, self.quick) {
            (false, _) => &[4, 32],
            (_, true) => &[16, 32, 128],
            _ => &[4, 8, 16, 32, 64, 128],
        }
    }

    fn rounds(&self) -> usize {
        match (self.bench, self.quick) {
            (false, _) => 1,
            (_, true) => 12,
            _ => 40,
        }
    }
}

/// The instruction set of that name, if this machine has it.
fn named(name: &str) -> Isa {
    let available = Isa::available();
    let found = available.iter().find(|isa| format!("{isa:?}") == name);
    *found.unwrap_or_else(|| panic!("--isa: expected one of {available:?}, found {name}"))
}

fn main() {
    let options = Options::new();
    let machine = machine();
    println!("{machine}; nanoseconds of one core a frame of stereo\n");
    let costs = tables::costs(&options);
    if !options.alone {
        tables::rivals(&options, &costs);
    }
    tables::growth(&options, &costs);
    if options.filter.is_empty() {
        tables::fractional(&options);
        tables::reload(&options);
        if options.bench && !options.alone {
            plot::write(&options, &costs, &machine);
        }
    }
}

/// The processor, as far as the system tells.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
    };
    match (field("model name"), field("cpu family"), field("model")) {
        (Some(name), Some(family), Some(model)) => format!("{name}, family {family} model {model}"),
        (Some(name), ..) => name,
        _ => std::env::consts::ARCH.to_owned(),
    }
}
