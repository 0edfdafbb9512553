use std::f64::consts::TAU;
use std::sync::Arc;

use fastrand::Rng;
use ndarray::Array2;

use super::fixtures::{Absorption, RATE, network};
use super::{Bands, Effect, Law, Model, Modulation, Params};
use crate::compile::Decay;
use crate::graph::{Controls, Graph, Module, Node, Range};
use crate::network::Network;
use crate::plan::Plan;
use crate::run::Reverb;
use crate::testing::{Recipe, random_graph};

/// Channels of samples.
type Channels = Vec<Vec<f32>>;

fn effect(graph: &Graph, law: Law) -> Effect {
    let model = Arc::new(Model::new(graph, law).unwrap());
    model.calibrate();
    Effect::new(&model)
}

/// A graph that gives what it hears.
fn wire() -> Graph {
    let root = Node::module("wire", Module::Matrix(Array2::eye(1))).unwrap();
    Graph {
        name: "wire".into(),
        sample_rate: RATE,
        root,
        controls: Controls::default(),
        revision: None,
    }
}

fn noise(seed: u64, channels: usize, samples: usize) -> Channels {
    let mut rng = Rng::with_seed(seed);
    let mut channel = || (0..samples).map(|_| rng.f32() - 0.5).collect();
    (0..channels).map(|_| channel()).collect()
}

/// Runs frames `from` to `to` of `x`, and gives what was made of them.
fn part(effect: &mut Effect, x: &Channels, from: usize, to: usize) -> Channels {
    let mut y = vec![vec![0.0; to - from]; effect.model().plan().outputs()];
    let x: Vec<&[f32]> = x.iter().map(|x| &x[from..to]).collect();
    let mut outputs: Vec<&mut [f32]> = y.iter_mut().map(|y| &mut y[..]).collect();
    effect.process(&x, &mut outputs);
    y
}

/// The same in blocks of `block`, the controls set to what `events` say from their
/// frames on.
fn play(effect: &mut Effect, x: &Channels, block: usize, events: &[(usize, Params)]) -> Channels {
    let mut y = vec![Vec::new(); effect.model().plan().outputs()];
    let (mut at, mut next) = (0, 0);
    while at < x[0].len() {
        while let Some((_, params)) = events.get(next).filter(|(frame, _)| *frame <= at) {
            effect.set(params);
            next += 1;
        }
        let until = events.get(next).map_or(x[0].len(), |(frame, _)| *frame);
        let end = (at + block).min(until).min(x[0].len());
        let made = part(effect, x, at, end);
        y.iter_mut().zip(made).for_each(|(y, made)| y.extend(made));
        at = end;
    }
    y
}

#[test]
fn untouched_it_plays_as_trained() {
    let random = (0..40).map(|seed| random_graph(seed, &Recipe::default()));
    let kinds = [Absorption::None, Absorption::Shelves].map(|kind| network(8, kind));
    for graph in random.chain(kinds) {
        let plan = Arc::new(Plan::compile(&Network::new(&graph), Decay::None).unwrap());
        let x = noise(1, plan.inputs(), 6000);
        let mut y = vec![vec![0.0; 6000]; plan.outputs()];
        let inputs: Vec<&[f32]> = x.iter().map(|x| &x[..]).collect();
        let mut outputs: Vec<&mut [f32]> = y.iter_mut().map(|y| &mut y[..]).collect();
        Reverb::new(&plan).process(&inputs, &mut outputs);
        for law in [Law::Calibrated, Law::Adac] {
            let model = Arc::new(Model::new(&graph, law).unwrap());
            let made = play(&mut Effect::new(&model), &x, 777, &[]);
            assert_eq!(made, y, "{}: {law:?}", graph.name);
        }
    }
}

/// Changes of everything, at any frames.
fn automation(seed: u64, samples: usize) -> Vec<(usize, Params)> {
    let mut rng = Rng::with_seed(seed);
    let mut events: Vec<(usize, Params)> = (0..40)
        .map(|_| {
            let rt60 = rng.bool().then(|| 0.1 * 100f64.powf(rng.f64()));
            let mix = if rng.u8(..4) == 0 { f64::NAN } else { rng.f64() };
            let params = Params {
                rt60,
                mix,
                pre_delay: 120.0 * rng.f64(),
                bands: Bands {
                    low: 0.2 * 20f64.powf(rng.f64()),
                    high: 0.2 * 20f64.powf(rng.f64()),
                    crossovers: [300.0 * rng.f64(), 8000.0 * rng.f64()],
                },
                modulation: Modulation { depth: rng.f64(), rate: 10.0 * rng.f64() },
                freeze: rng.bool(),
            };
            (rng.usize(..samples), params)
        })
        .collect();
    events.sort_by_key(|e| e.0);
    events
}

#[test]
fn cuts_change_no_bit_while_controls_move() {
    let mut short = network(4, Absorption::None);
    short.controls.rt60 = Some(Range { init: 0.7, min: 0.1, max: 2.0 });
    let random = random_graph(3, &Recipe::default());
    for (graph, law) in [(&short, Law::Calibrated), (&short, Law::Adac), (&random, Law::Adac)] {
        let mut effect = effect(graph, law);
        let x = noise(2, effect.model().plan().inputs(), 20_000);
        let events = automation(5, 20_000);
        let whole = play(&mut effect, &x, 20_000, &events);
        assert!(whole.iter().flatten().all(|y| y.is_finite()));
        for block in [1, 13, 64, 100, 1000] {
            effect.set(&effect.model().start());
            effect.reset();
            let cut = play(&mut effect, &x, block, &events);
            assert!(cut == whole, "{}, {law:?}: blocks of {block}", graph.name);
        }
    }
}

#[test]
fn a_mix_keeps_the_power_or_is_linear() {
    for (law, wet, dry) in [(Law::Calibrated, 0.6f64.sqrt(), 0.4f64.sqrt()), (Law::Adac, 0.6, 0.4)]
    {
        let mut effect = effect(&network(8, Absorption::None), law);
        let x = noise(3, 2, 4000);
        let only_wet = play(&mut effect, &x, 4000, &[]);
        let mix = |m: f64| [(0, Params { mix: m, ..Params::default() })];
        effect.reset();
        let share = if law == Law::Adac { 0.6 } else { wet.asin() * 4.0 / TAU };
        let both = play(&mut effect, &x, 4000, &mix(share));
        for ((y, x), w) in
            both.iter().flatten().zip(x.iter().flatten()).zip(only_wet.iter().flatten())
        {
            let meant = wet * f64::from(*w) + dry * f64::from(*x);
            assert!((f64::from(*y) - meant).abs() < 1e-6, "{law:?}: {y} instead of {meant}");
        }
        // At the ends there is nothing of the other.
        effect.reset();
        assert!(play(&mut effect, &x, 4000, &mix(0.0)) == x, "{law:?}");
        effect.reset();
        assert!(play(&mut effect, &x, 4000, &mix(1.0)) == only_wet, "{law:?}");
    }
}

#[test]
fn a_mix_is_where_outputs_have_inputs() {
    let graph = |outputs: usize, inputs: usize| {
        let gains = Module::Matrix(Array2::from_elem((outputs, inputs), 0.5));
        Graph { root: Node::module("gains", gains).unwrap(), ..wire() }
    };
    for (outputs, inputs, law, dry) in [
        (2, 1, Law::Calibrated, true),
        (2, 1, Law::Adac, false),
        (1, 2, Law::Calibrated, false),
        (3, 2, Law::Calibrated, false),
        (2, 2, Law::Adac, true),
    ] {
        let mut effect = effect(&graph(outputs, inputs), law);
        assert_eq!(effect.model().ranges().dry_wet.is_some(), dry);
        assert_eq!(effect.model().ranges().rt60, None);
        let x = noise(4, inputs, 200);
        let y = play(&mut effect, &x, 200, &[(0, Params { mix: 0.0, ..Params::default() })]);
        for (o, y) in y.iter().enumerate() {
            let meant = |n: usize| match dry {
                true => x[o % inputs][n],
                false => 0.5 * x.iter().map(|x| x[n]).sum::<f32>(),
            };
            y.iter().enumerate().for_each(|(n, y)| assert!((y - meant(n)).abs() < 1e-6));
        }
    }
}

#[test]
fn a_new_delay_neither_clicks_nor_bends_the_pitch() {
    let step = TAU * 1000.0 / RATE;
    let x = vec![(0..30_000).map(|n| (step * f64::from(n)).sin() as f32).collect::<Vec<_>>()];
    let delay = |ms: f64| Params { pre_delay: ms, ..Params::default() };
    // At odd frames, and one on the way to another.
    let events = [(0, delay(10.0)), (10_001, delay(37.3)), (10_500, delay(0.0))];
    let y = &play(&mut effect(&wire(), Law::Calibrated), &x, 333, &events)[0];
    // A sum of sines of one frequency obeys its recurrence, but for the slope of the
    // gains; anything else does not.
    let heard = &y[600..];
    let rest = heard
        .windows(3)
        .map(|y| (f64::from(y[0]) + f64::from(y[2]) - 2.0 * step.cos() * f64::from(y[1])).abs());
    let most = rest.fold(0.0, f64::max);
    assert!(most < 3.0 / 960.0, "{most}");
    assert_eq!(y[..480], [0.0; 480]);
    assert_eq!(y[480..10_001], x[0][..9521]);
    assert!((10_064..10_900).any(|n| (y[n] - x[0][n - 480]).abs() > 0.1), "nothing changed");
    assert_eq!(y[13_000..], x[0][13_000..]);
}

#[test]
fn what_comes_first_holds_at_once() {
    let graph = network(8, Absorption::None);
    let params = Params { rt60: Some(0.4), mix: 0.3, pre_delay: 5.0, ..Params::default() };
    let x = noise(6, 2, 9000);
    let mut asked = graph.clone();
    let range = |init| Some(Range { init, min: 0.0, max: 20.0 });
    asked.controls = Controls { rt60: None, dry_wet: None, pre_delay: range(5.0) };
    asked.controls.rt60 = Some(Range { init: 0.4, min: 0.1, max: 20.0 });
    asked.controls.dry_wet = Some(Range { init: 0.3, min: 0.0, max: 1.0 });
    let mut set = effect(&graph, Law::Calibrated);
    let from_set = play(&mut set, &x, 500, &[(0, params)]);
    let mut from_file = effect(&asked, Law::Calibrated);
    assert_eq!(from_file.params(), params);
    assert!(play(&mut from_file, &x, 9000, &[]) == from_set);
    // And after a reset.
    set.reset();
    assert!(play(&mut set, &x, 9000, &[]) == from_set);
}

#[test]
fn changes_take_twenty_milliseconds_from_the_next_grid_on() {
    let x = vec![vec![1.0; 3000]];
    let mix = |m: f64| Params { mix: m, ..Params::default() };
    let inverted = Graph {
        root: Node::module("inverted", Module::Matrix(-Array2::<f64>::eye(1))).unwrap(),
        ..wire()
    };
    let mut effect = effect(&inverted, Law::Adac);
    let y = &play(&mut effect, &x, 3000, &[(0, mix(1.0)), (100, mix(0.0))])[0];
    assert_eq!(y[..128], [-1.0; 128]);
    for (n, y) in y.iter().enumerate().take(1088).skip(128) {
        let meant = -1.0 + 2.0 * (n - 127) as f32 / 960.0;
        assert!((y - meant).abs() < 1e-5, "frame {n}: {y} instead of {meant}");
    }
    assert_eq!(y[1088..], [1.0; 3000 - 1088]);
}

#[test]
fn no_control_and_no_sound_breaks_it() {
    let mut graph = network(4, Absorption::OnePole);
    graph.controls.rt60 = Some(Range { init: 1.0, min: 0.1, max: 2.0 });
    for law in [Law::Calibrated, Law::Adac] {
        let mut effect = effect(&graph, law);
        let mut x = noise(7, 2, 60_000);
        for (n, wrong) in [f32::NAN, f32::INFINITY, f32::MAX, -1e9].into_iter().enumerate() {
            x[n % 2][1000 * n + 500] = wrong;
        }
        let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 1e-300, 1e300];
        let events: Vec<(usize, Params)> = (0..30 * values.len())
            .map(|k| {
                let at = |i: usize| values[(k + i) % values.len()];
                let params = Params {
                    rt60: Some(at(0)),
                    mix: at(2),
                    pre_delay: at(3),
                    bands: Bands { low: at(4), high: at(5), crossovers: [at(1), at(6)] },
                    modulation: Modulation { depth: at(3), rate: at(2) },
                    freeze: k % 5 == 0,
                };
                (150 * k, params)
            })
            .collect();
        let y = play(&mut effect, &x, 1000, &events);
        let most = y
            .iter()
            .flatten()
            .fold(0.0f32, |m, y| if y.is_finite() { m.max(y.abs()) } else { f32::INFINITY });
        assert!(most < 20.0, "{law:?}: {most}");
        // What is not a number changes nothing.
        let params = Params { rt60: Some(1.0), mix: 0.5, pre_delay: 3.0, ..Params::default() };
        effect.set(&params);
        effect.set(&Params {
            rt60: Some(f64::NAN),
            mix: f64::NAN,
            pre_delay: f64::NAN,
            bands: Bands { low: f64::NAN, high: f64::NAN, crossovers: [f64::NAN; 2] },
            modulation: Modulation { depth: f64::NAN, rate: f64::NAN },
            freeze: false,
        });
        assert_eq!(effect.params(), params);
    }
}

#[test]
fn graphs_that_make_no_sense_are_refused() {
    let refused = |change: &dyn Fn(&mut Graph)| {
        let mut graph = wire();
        change(&mut graph);
        assert!(Model::new(&graph, Law::Calibrated).is_err());
    };
    let range = |init, min, max| Some(Range { init, min, max });
    refused(&|g| g.sample_rate = f64::NAN);
    refused(&|g| g.sample_rate = 1e300);
    refused(&|g| g.controls.rt60 = range(1.0, 2.0, 0.5));
    refused(&|g| g.controls.rt60 = range(0.0, 0.0, 1.0));
    refused(&|g| g.controls.dry_wet = range(f64::NAN, 0.0, 1.0));
    refused(&|g| g.controls.pre_delay = range(0.0, 0.0, f64::INFINITY));
    refused(&|g| {
        let many = Module::Matrix(Array2::ones((1, 1024)));
        g.root = Node::module("many", many).unwrap();
        g.controls.pre_delay = range(0.0, 0.0, 2000.0);
    });
}
