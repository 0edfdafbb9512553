//! What is measured, and what is printed of it.

use std::hint::black_box;

use fdn::{Conditions, Decay, Graph, Isa, Network, Plan, Reverb};

use super::Options;
use super::faust::{self, Build};
use super::networks::{Absorption, Canonical, Feedback};
use super::rivals;
use super::turns::{self, Turn, measure, ours, tenth, time};

/// Frames over which what FAUST plays is compared with what we play.
const COMPARED: usize = 8192;

/// What networks of one kind and size cost, in nanoseconds a frame.
pub(crate) struct Cost {
    pub(crate) feedback: Feedback,
    pub(crate) absorption: Absorption,
    pub(crate) lines: usize,
    /// On each instruction set.
    pub(crate) ours: Vec<f64>,
    /// The best build of FAUST's, its name, and how long it took to build.
    pub(crate) faust: Option<(f64, String, f64)>,
    /// As many lines by `fundsp`.
    pub(crate) fundsp: Option<f64>,
    /// Its stock reverb.
    pub(crate) stock: Option<f64>,
}

/// Cells of a row, in Markdown or in columns.
fn row(options: &Options, cells: &[String]) {
    if options.table {
        println!("| {} |", cells.join(" | "));
        return;
    }
    let pad =
        |(i, c): (usize, &String)| if i == 0 { format!("{c:40}") } else { format!("{c:>13}") };
    println!("{}", cells.iter().enumerate().map(pad).collect::<Vec<_>>().join(" "));
}

/// The first row.
fn head(options: &Options, cells: &[String]) {
    row(options, cells);
    if options.table {
        println!("|---|{}", "---:|".repeat(cells.len() - 1));
    }
}

/// Three digits, or more before the point.
fn digits(x: f64) -> String {
    match x {
        x if x < 10.0 => format!("{x:.2}"),
        x if x < 100.0 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    }
}

/// Measures all networks, rivals among them, and prints ours.
pub(crate) fn costs(options: &Options) -> Vec<Cost> {
    let mut costs = Vec::new();
    let sizes = options.sizes().iter().map(|n| format!("{n} lines"));
    head(options, &std::iter::once("network".to_owned()).chain(sizes).collect::<Vec<_>>());
    for feedback in Feedback::ALL {
        for absorption in Absorption::ALL {
            let name = format!("{} {}", feedback.name(), absorption.name());
            if !name.contains(&options.filter) {
                continue;
            }
            let first = costs.len();
            for lines in options.sizes() {
                costs.push(cost(options, feedback, absorption, *lines));
            }
            for (i, isa) in options.isas.iter().enumerate() {
                let cells = costs[first..].iter().map(|cost: &Cost| digits(cost.ours[i]));
                let name = format!("{name}, {isa:?}");
                row(options, &std::iter::once(name).chain(cells).collect::<Vec<_>>());
            }
        }
    }
    println!();
    costs
}

fn cost(options: &Options, feedback: Feedback, absorption: Absorption, lines: usize) -> Cost {
    let network = Canonical::new(lines, feedback, absorption);
    let mut turns: Vec<Turn> = options.isas.iter().map(|isa| ours(&network, *isa)).collect();
    let one_pole = absorption == Absorption::OnePole;
    let mixed =
        one_pole && !options.alone && matches!(feedback, Feedback::Orthogonal | Feedback::Hadamard);
    let fundsp = if mixed { rivals::fdn_of(&network) } else { None };
    let stock = (mixed && lines == 32).then(rivals::reverb);
    let [fundsp, stock] = [fundsp, stock].map(|turn| {
        turn.map(|turn| {
            turns.push(turn);
            turns.len() - 1
        })
    });
    let compared = one_pole || (absorption == Absorption::Geq && lines == 32);
    let mut builds = Vec::new();
    if options.bench
        && !options.alone
        && feedback == Feedback::Orthogonal
        && compared
        && faust::present()
    {
        builds = faust::builds(&network, options.full);
        builds.iter_mut().for_each(|build| check(&network, build));
    }
    let names: Vec<_> = builds.iter().map(|b| (b.name.clone(), b.seconds)).collect();
    let first = turns.len();
    for mut build in builds {
        turns.push(Box::new(move |frames| build.turn(frames)));
    }
    let figures = measure(&mut turns, options.rounds());
    let faust = figures[first..].iter().zip(names);
    let faust = faust.map(|(ns, (name, seconds))| (*ns, name, seconds));
    Cost {
        feedback,
        absorption,
        lines,
        ours: figures[..options.isas.len()].to_vec(),
        faust: faust.min_by(|a, b| a.0.total_cmp(&b.0)),
        fundsp: fundsp.map(|i| figures[i]),
        stock: stock.map(|i| figures[i]),
    }
}

/// A rival that played something else would be no rival.
fn check(network: &Canonical, build: &mut Build) {
    let theirs = build.response(COMPARED);
    let mut reverb = Reverb::new(&turns::plan(network));
    let mut x = vec![0.0; COMPARED];
    let silence = x.clone();
    x[0] = 1.0;
    let mut y = [vec![0.0; COMPARED], vec![0.0; COMPARED]];
    let [left, right] = &mut y;
    reverb.process(&[&x, &silence], &mut [left, right]);
    let ours = y[0].iter().zip(&y[1]).flat_map(|(l, r)| [*l, *r]);
    let (mut error, mut size) = (0.0, 0.0);
    for (ours, theirs) in ours.zip(theirs) {
        error += f64::from(ours - theirs).powi(2);
        size += f64::from(ours).powi(2);
    }
    let db = 10.0 * (error / size).log10();
    assert!(db < -60.0, "FAUST's {}: expected the same sound, found {db:.0} dB", build.name);
}

/// The least that is aimed at, on a Zen 5: FAUST's time over ours.
fn target(cost: &Cost, isa: Isa) -> Option<u32> {
    let one_pole = match cost.lines {
        16 => [5, 8],
        32 => [7, 12],
        64 => [13, 25],
        128 => [18, 35],
        _ => return None,
    };
    match (cost.absorption, isa) {
        (Absorption::Geq, Isa::Avx512) => Some(30),
        (Absorption::OnePole, Isa::Avx512) => Some(one_pole[1]),
        (Absorption::OnePole, Isa::Avx2) => Some(one_pole[0]),
        _ => None,
    }
}

/// Ours beside all others.
pub(crate) fn rivals(options: &Options, costs: &[Cost]) {
    let header = ["rival, ours, lines", "its ns"].map(str::to_owned).into_iter();
    let isas = options.isas.iter().map(|isa| format!("/ {isa:?}"));
    head(options, &header.chain(isas).chain(["aimed at".to_owned()]).collect::<Vec<_>>());
    let mut best = Vec::new();
    for cost in costs {
        let kind = format!("{} {}, {}", cost.feedback.name(), cost.absorption.name(), cost.lines);
        let mut all = Vec::new();
        if let Some((ns, build, seconds)) = &cost.faust {
            // What is aimed at is a ratio to FAUST.
            all.push((format!("FAUST, {kind}"), *ns, true));
            best.push(format!("{kind}: {build}, built in {seconds:.1} s"));
        }
        let fundsp = cost.fundsp.map(|ns| (format!("fundsp, {kind}"), ns, false));
        let stock = cost.stock.map(|ns| (format!("its reverb_stereo, {kind}"), ns, false));
        all.extend(fundsp.into_iter().chain(stock));
        for (name, ns, aimed) in all {
            let ratios = cost.ours.iter().map(|ours| format!("{}×", digits(ns / ours)));
            let aims = options.isas.iter().filter_map(|isa| target(cost, *isa));
            let aims: Vec<_> = aims.filter(|_| aimed).map(|aim| aim.to_string()).collect();
            let cells = [name, digits(ns)].into_iter();
            row(options, &cells.chain(ratios).chain([aims.join(", ")]).collect::<Vec<_>>());
        }
    }
    println!("\nFAUST's best builds:\n{}\n", best.join("\n"));
}

/// How the cost of structured matrices grows with their size.
pub(crate) fn growth(options: &Options, costs: &[Cost]) {
    let of = |cost: &Cost, feedback, absorption, lines| {
        cost.feedback == feedback && cost.absorption == absorption && cost.lines == lines
    };
    for feedback in Feedback::ALL {
        for absorption in Absorption::ALL {
            let find = |lines| costs.iter().find(|c| of(c, feedback, absorption, lines));
            let (Some(few), Some(many)) = (find(16), find(128)) else { continue };
            let by = few.ours.iter().zip(&many.ours).zip(&options.isas);
            let by = by.map(|((few, many), isa)| format!("{:.1}× on {isa:?}", many / few));
            let by = by.collect::<Vec<_>>().join(", ");
            println!("{} {}, 128 lines / 16: {by}", feedback.name(), absorption.name());
        }
    }
    println!("(N log N would be 14×, N² 64×)\n");
}

/// What delays between samples cost.
pub(crate) fn fractional(options: &Options) {
    for lines in [32, 64] {
        let whole = Canonical::new(lines, Feedback::Orthogonal, Absorption::OnePole);
        let between = Canonical::new(lines, Feedback::Orthogonal, Absorption::OnePole).fractional();
        for isa in &options.isas {
            let mut turns = [ours(&whole, *isa), ours(&between, *isa)];
            let figures = measure(&mut turns, options.rounds());
            println!(
                "delays between samples, {lines} lines on {isa:?}: {} ns, whole ones {} = {:.2}×",
                digits(figures[1]),
                digits(figures[0]),
                figures[1] / figures[0]
            );
        }
    }
    println!();
}

/// How long it is from a file to sound, and to a proof.
pub(crate) fn reload(options: &Options) {
    let json = |lines, absorption| {
        Canonical::new(lines, Feedback::Orthogonal, absorption).graph().to_json()
    };
    for absorption in [Absorption::OnePole, Absorption::Geq] {
        let (name, file) = (absorption.name(), json(64, absorption));
        let times = (0..options.rounds()).map(|_| {
            time(|| {
                let graph = Graph::load(file.as_bytes()).expect("what was written");
                let plan = Plan::compile(&Network::new(&graph), Decay::None).expect("a plan");
                black_box(Reverb::new(&plan.into()));
            })
        });
        let kb = file.len() / 1000;
        let ms = tenth(times.collect()) / 1e6;
        println!("orthogonal {name}, 64 lines, from {kb} kB of JSON to running: {ms:.2} ms");
        let graph = Graph::load(json(32, absorption).as_bytes()).expect("what was written");
        let network = Network::new(&graph);
        let verdict = fdn::certify(&network, &Conditions::default()).verdict;
        let times = (0..options.rounds().min(5))
            .map(|_| time(|| _ = black_box(fdn::certify(&network, &Conditions::default()))));
        let ms = tenth(times.collect()) / 1e6;
        println!("orthogonal {name}, 32 lines, {verdict:?}: {ms:.1} ms");
    }
}
