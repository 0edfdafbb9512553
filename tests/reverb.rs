//! The contract with the audio thread, over feedback delay networks.

mod kit;

use std::sync::Arc;
use std::time::Duration;

use fdn::testing::{Recipe, random_graph};
use fdn::{Decay, Graph, Isa, Network, Plan, Reverb};
use kit::graphs;

/// The most channels of any graph played here.
const WIDEST: usize = 64;
/// The most frames any test asks for at once.
const MOST: usize = 4096;

fn plan(graph: &Graph, decay: Decay) -> Arc<Plan> {
    let plan = Plan::compile(&Network::new(graph), decay);
    Arc::new(plan.unwrap_or_else(|e| panic!("{}: {e}", graph.name)))
}

/// A reverb and room for all of its channels.
struct Player {
    reverb: Reverb,
    x: Vec<Vec<f32>>,
    y: Vec<Vec<f32>>,
}

impl Player {
    fn new(plan: &Arc<Plan>, isa: Isa) -> Self {
        let room = |channels| vec![vec![0.0; MOST]; channels];
        let reverb = Reverb::new_on(plan, isa);
        Self { reverb, x: room(plan.inputs()), y: room(plan.outputs()) }
    }

    /// Plays `io` into all inputs, each of its own gain, and out of output `output`.
    fn play(&mut self, io: &mut [f32], output: usize) {
        let n = io.len();
        for (c, x) in self.x.iter_mut().enumerate() {
            x.iter_mut().zip(&*io).for_each(|(x, io)| *x = *io * (1.0 - 0.25 * (c % 7) as f32));
        }
        // Slices of slices on the stack: the heap is what is counted.
        let mut x: [&[f32]; WIDEST] = [&[]; WIDEST];
        let mut y: [&mut [f32]; WIDEST] = std::array::from_fn(|_| &mut [][..]);
        x.iter_mut().zip(&self.x).for_each(|(to, x)| *to = &x[..n]);
        y.iter_mut().zip(&mut self.y).for_each(|(to, y)| *to = &mut y[..n]);
        let (inputs, outputs) = (self.x.len(), self.reverb.plan().outputs());
        self.reverb.process(&x[..inputs], &mut y[..outputs]);
        io.copy_from_slice(&self.y[output][..n]);
    }

    /// What it plays of `input`, from the first output, in blocks of `block`.
    fn played(&mut self, input: &[f32], block: usize) -> Vec<f32> {
        let mut io = input.to_vec();
        io.chunks_mut(block).for_each(|io| self.play(io, 0));
        io
    }
}

fn conforms(graph: &Graph) {
    let plan = plan(graph, Decay::None);
    for isa in Isa::available() {
        // Of many outputs, the first and the last.
        for output in [0, plan.outputs() - 1] {
            kit::conforms(
                &format!("{}, output {output}, on {isa:?}", graph.name),
                || Player::new(&plan, isa),
                |player, io| player.play(io, output),
                |player| player.reverb.reset(),
            );
        }
    }
}

#[test]
fn canonical_networks() {
    graphs::canonical().iter().for_each(conforms);
}

#[test]
fn unusual_networks() {
    graphs::unusual().iter().for_each(conforms);
}

#[test]
fn random_networks() {
    for seed in 1000..1060 {
        let recipe = Recipe { interpolated: seed % 4 == 0, ..Recipe::default() };
        conforms(&random_graph(seed, &recipe));
    }
}

#[test]
fn every_fixture() {
    let files = graphs::fixtures();
    assert!(files.len() > 50, "{} fixtures", files.len());
    for path in files {
        let graph = Graph::load(&std::fs::read(&path).expect("a file"));
        conforms(&Graph {
            name: path.display().to_string(),
            ..graph.unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        });
    }
}

/// Decay moves from one grid of frames to the next, whatever the blocks around it,
/// and without the heap.
#[test]
fn decay_may_turn_at_any_time() {
    for graph in graphs::canonical().iter().step_by(4) {
        let plan = plan(graph, Decay::Loops);
        let turn = |cut: usize| {
            let mut player = Player::new(&plan, Isa::best());
            let mut io = kit::signal(3840);
            let times = [0.0, -1e-2, -1e-4, 1e-5, -1.0, 0.0];
            let mut calls = 0;
            for (part, log2) in io.chunks_mut(320).zip(times.iter().cycle()) {
                calls += kit::heap_calls(|| {
                    player.reverb.decay_to(*log2);
                    part.chunks_mut(cut).for_each(|part| player.play(part, 0));
                });
            }
            assert_eq!(calls, 0, "{}: heap calls while the decay turns", graph.name);
            io
        };
        let whole = turn(320);
        assert!(whole.iter().all(|y| y.is_finite()), "{}", graph.name);
        for cut in [1, 7, 64, 65] {
            assert_eq!(turn(cut), whole, "{} cut into {cut}s", graph.name);
        }
    }
}

/// What is no signal is silence: nothing of it stays.
#[test]
fn bad_samples_are_silence() {
    let worst = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, 1e9, -f32::MAX];
    let mut clean = kit::signal(3000);
    let mut bad = clean.clone();
    for (i, (clean, bad)) in clean.iter_mut().zip(&mut bad).enumerate() {
        if i % 3 == 0 || (900..1100).contains(&i) {
            (*clean, *bad) = (0.0, worst[i % worst.len()]);
        }
    }
    let steady: Vec<Graph> = (0..20).map(|seed| random_graph(seed, &Recipe::default())).collect();
    for graph in graphs::canonical().iter().chain(&graphs::unusual()).chain(&steady) {
        let plan = plan(graph, Decay::None);
        for isa in Isa::available() {
            let heard = Player::new(&plan, isa).played(&bad, 64);
            let expected = Player::new(&plan, isa).played(&clean, 64);
            let differs = heard.iter().zip(&expected).position(|(a, b)| a != b);
            assert_eq!(differs, None, "{} on {isa:?}", graph.name);
        }
    }
}

/// A network that runs away is silenced, at once and all of it, and goes on as a
/// new one would.
#[test]
fn what_runs_away_begins_anew() {
    let plan = plan(&graphs::lossless_times(1.02), Decay::None);
    for isa in Isa::available() {
        for block in [64, 100, 4096] {
            let mut player = Player::new(&plan, isa);
            let mut loudest = 0.0_f32;
            let mut silenced = None;
            let mut io = vec![0.1; MOST];
            for round in 0..200 {
                let calls = kit::heap_calls(|| {
                    io.chunks_mut(block).for_each(|io| player.play(io, 0));
                });
                assert_eq!(calls, 0, "heap calls in round {round}");
                assert!(io.iter().all(|y| y.abs() <= 1e8), "round {round} on {isa:?}");
                let last = io.iter().fold(0.0_f32, |most, y| most.max(y.abs()));
                loudest = loudest.max(last);
                if last == 0.0 {
                    silenced = Some(round);
                    break;
                }
                io.fill(0.0);
            }
            assert!(silenced.is_some() && loudest > 1e6, "{silenced:?}, {loudest:e} on {isa:?}");
            let input = kit::signal(3000);
            let fresh = Player::new(&plan, isa).played(&input, block);
            assert_eq!(player.played(&input, block), fresh, "in blocks of {block} on {isa:?}");
        }
    }
}

/// What would be subnormal is zero, so that a long tail costs what a loud one does.
#[test]
fn tails_end_and_cost_no_more() {
    for graph in graphs::canonical().iter().filter(|graph| graph.name.contains(" of 16")) {
        let plan = plan(graph, Decay::None);
        for isa in Isa::available() {
            let mut player = Player::new(&plan, isa);
            let mut io = kit::signal(MOST);
            let mut took = |io: &mut [f32]| {
                let before = kit::clock::thread_time();
                io.chunks_mut(64).for_each(|io| player.play(io, 0));
                kit::clock::thread_time() - before
            };
            let loud = (0..4).map(|_| took(&mut io)).min().unwrap_or_default();
            // A loop of 0.97 is 760 dB down after 2900 turns of 97 to 368 samples.
            let mut times = Vec::new();
            for _ in 0..300 {
                io.fill(0.0);
                times.push(took(&mut io));
                assert!(!io.iter().any(|y| y.is_subnormal()), "{} on {isa:?}", graph.name);
            }
            // Without FMA, filters stand still where their steps underflow, some 700 dB down.
            let last = io.iter().fold(0.0_f32, |most, y| most.max(y.abs()));
            assert!(last < 1e-30, "{} on {isa:?} still rings at {last:e}", graph.name);
            // What disturbs one round does not disturb four; subnormals would last for longer.
            let calm = times.windows(4).filter_map(|some| some.iter().min());
            let slowest = calm.max().copied().unwrap_or(Duration::MAX);
            assert!(slowest < 3 * loud, "{} on {isa:?}: {loud:?}, {slowest:?}", graph.name);
        }
    }
}
