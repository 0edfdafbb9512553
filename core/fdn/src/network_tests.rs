//! Networks that no graph flattens to.

use std::sync::Arc;

use ndarray::{Array2, Array3};

use crate::testing::{network_response, random_network};
use crate::{
    Conditions, Decay, Delay, Error, Isa, Network, Op, OpKind, Plan, Reverb, Section, Signal,
    Verdict, certify, faust, poles,
};

/// The impulse response of each input, in blocks of `block` frames:
/// outputs × inputs × time.
fn response(network: &Network, samples: usize, block: usize) -> Result<Array3<f64>, Error> {
    let plan = Arc::new(Plan::compile(network, Decay::None)?);
    let (inputs, outputs) = (plan.inputs(), plan.outputs());
    let mut result = Array3::zeros((outputs, inputs, samples));
    for i in 0..inputs {
        let mut reverb = Reverb::new_on(&plan, Isa::best());
        let mut x = vec![vec![0.0_f32; samples]; inputs];
        x[i][0] = 1.0;
        let mut y = vec![vec![0.0_f32; samples]; outputs];
        for t in (0..samples).step_by(block) {
            let n = block.min(samples - t);
            let x: Vec<&[f32]> = x.iter().map(|x| &x[t..t + n]).collect();
            let mut y: Vec<&mut [f32]> = y.iter_mut().map(|y| &mut y[t..t + n]).collect();
            reverb.process(&x, &mut y);
        }
        for (o, y) in y.iter().enumerate() {
            for (t, y) in y.iter().enumerate() {
                result[(o, i, t)] = f64::from(*y);
            }
        }
    }
    Ok(result)
}

/// The largest difference over the largest value, in dB.
fn difference(a: &Array3<f64>, b: &Array3<f64>) -> f64 {
    let most = |x: f64, y: f64| if y.is_nan() { f64::INFINITY } else { x.max(y.abs()) };
    let size = b.iter().copied().fold(0.0, most);
    20.0 * ((a - b).iter().copied().fold(0.0, most) / size.max(1e-6)).log10()
}

#[test]
fn random_networks_equal_their_equations() {
    let (mut errors, mut unsolvable) = (Vec::new(), 0);
    for seed in 0..800 {
        let network = random_network(seed, seed % 3 == 0);
        let meant = network_response(&network, 500);
        match (response(&network, 500, 500), meant) {
            (Ok(is), Some(meant)) => errors.push((difference(&is, &meant), seed)),
            (Err(Error::NoSolution { .. }), None) => unsolvable += 1,
            // What has no solution may be heard by nobody.
            (Ok(_), None) => {}
            (Err(e), _) => panic!("seed {seed}: {e}"),
        }
    }
    errors.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (worst, seed) = *errors.last().expect("networks");
    println!("{} networks, {unsolvable} without solution: worst {worst:.1} dB", errors.len());
    assert!(errors.len() > 700 && unsolvable > 0 && worst < -110.0, "seed {seed}: {worst} dB");
}

#[test]
fn cuts_of_random_networks_change_no_bit() {
    for seed in 0..150 {
        let network = random_network(seed, seed % 3 == 0);
        let Ok(whole) = response(&network, 300, 300) else { continue };
        for block in [1, 7, 17, 64, 65] {
            let cut = response(&network, 300, block).expect("it was compiled before");
            assert_eq!(whole, cut, "seed {seed} by {block}");
        }
    }
}

fn whole(samples: f64) -> Delay {
    Delay { samples, interpolated: false }
}

/// A signal through operations, one after the other.
fn chain(kinds: Vec<OpKind>) -> Network {
    let signals = kinds.len() + 1;
    let op = |(i, kind)| {
        let (inputs, outputs) = (vec![Signal(i as u32)], vec![Signal(i as u32 + 1)]);
        Op { name: format!("op {i}"), kind, inputs, outputs }
    };
    Network {
        sample_rate: 48_000.0,
        signals,
        inputs: vec![Signal(0)],
        outputs: vec![Signal(signals as u32 - 1)],
        ops: kinds.into_iter().enumerate().map(op).collect(),
    }
}

#[test]
fn what_contradicts_itself_is_refused_everywhere() {
    let good = || {
        let delay = OpKind::Delay { lines: vec![whole(100.0)], forward: true };
        chain(vec![OpKind::Matrix(Array2::ones((1, 1))), delay, OpKind::Fir(vec![vec![0.5, 0.2]])])
    };
    assert!(Plan::compile(&good(), Decay::Loops).is_ok());
    let spoil: [fn(&mut Network); 22] = [
        |n| n.signals = 3,
        |n| n.signals = 5,
        |n| n.signals = 0,
        |n| n.signals = usize::MAX,
        |n| n.sample_rate = f64::NAN,
        |n| n.sample_rate = 0.0,
        |n| n.inputs.clear(),
        |n| n.inputs.push(Signal(0)),
        |n| n.inputs.push(Signal(2)),
        |n| n.inputs.push(Signal(u32::MAX)),
        |n| n.outputs.push(Signal(u32::MAX)),
        |n| n.ops.truncate(2),
        |n| n.ops[0].kind = OpKind::Matrix(Array2::ones((2, 1))),
        |n| n.ops[0].kind = OpKind::Matrix(Array2::ones((1, 0))),
        |n| n.ops[0].kind = OpKind::Matrix(Array2::from_elem((1, 1), f64::NAN)),
        |n| n.ops[1].inputs.push(Signal(0)),
        |n| n.ops[1].outputs[0] = Signal(1),
        |n| n.ops[1].kind = OpKind::Delay { lines: vec![whole(-1.0)], forward: true },
        |n| n.ops[1].kind = OpKind::Delay { lines: vec![whole(1e300)], forward: true },
        |n| n.ops[1].kind = OpKind::Delay { lines: vec![whole(0.5)], forward: true },
        |n| n.ops[2].kind = OpKind::Fir(vec![vec![f64::INFINITY]]),
        |n| n.ops[2].kind = OpKind::Filter(vec![vec![Section { b: [1e39; 3], a: [0.0; 2] }]]),
    ];
    for (i, spoil) in spoil.iter().enumerate() {
        let mut bad = good();
        spoil(&mut bad);
        let refused =
            |e: Option<Error>| matches!(e, Some(Error::Invalid { .. } | Error::TooLarge { .. }));
        assert!(refused(Plan::compile(&bad, Decay::Forward).err()), "{i} compiled");
        assert!(refused(faust(&bad, "bad").err()), "{i} written as FAUST");
        assert!(refused(poles(&bad, 100).err()), "{i} searched for poles");
        let certificate = certify(&bad, &Conditions::default());
        assert_eq!(certificate.verdict, Verdict::Indeterminate, "{i}");
    }
}

#[test]
fn nothing_in_and_nothing_out_are_networks() {
    let mut network = chain(vec![OpKind::Matrix(Array2::zeros((1, 1)))]);
    assert_eq!(response(&network, 100, 100).unwrap(), Array3::<f64>::zeros((1, 1, 100)));
    // An input that is an output, twice.
    network.outputs = vec![Signal(0), Signal(1), Signal(0)];
    let y = response(&network, 3, 1).unwrap();
    assert_eq!(y.as_slice().unwrap(), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    network.outputs.clear();
    assert_eq!(response(&network, 100, 7).unwrap().dim(), (0, 1, 100));
    // A matrix of nothing is silence.
    network = chain(vec![]);
    let kind = OpKind::Matrix(Array2::zeros((1, 0)));
    let op = Op { name: "silence".into(), kind, inputs: vec![], outputs: vec![Signal(0)] };
    network = Network { inputs: vec![], outputs: vec![Signal(0)], ops: vec![op], ..network };
    let plan = Arc::new(Plan::compile(&network, Decay::None).unwrap());
    let mut y = [1.0; 100];
    Reverb::new(&plan).process(&[], &mut [&mut y]);
    assert_eq!(y, [0.0; 100]);
}

/// Chains and bundles as long and wide as they may be are compiled in a time that
/// does not grow with their square.
#[test]
fn large_networks_are_compiled_soon() {
    let start = std::time::Instant::now();
    let gain = |g: f64| OpKind::Matrix(Array2::from_elem((1, 1), g));
    let delay = || OpKind::Delay { lines: vec![whole(1.0)], forward: false };
    for kind in [gain(1.0), gain(-1.0), delay()] {
        let plan = Plan::compile(&chain(vec![kind; 30_000]), Decay::None).unwrap();
        assert_eq!(plan.outputs(), 1);
    }
    // A dense matrix between gains of each channel, as separate operations.
    let n: u32 = 700;
    let signals = |first: u32| (first..first + n).map(Signal).collect::<Vec<_>>();
    let mut network = chain(vec![]);
    network.signals = 4 * n as usize;
    (network.inputs, network.outputs) = (signals(0), signals(3 * n));
    let gains = |from: u32, to: u32| {
        (0..n).map(move |i| Op {
            name: "gain".into(),
            kind: OpKind::Matrix(Array2::from_elem((1, 1), 0.5)),
            inputs: vec![Signal(from + i)],
            outputs: vec![Signal(to + i)],
        })
    };
    let kind = OpKind::Matrix(Array2::ones((n as usize, n as usize)));
    let mix = Op { name: "mix".into(), kind, inputs: signals(n), outputs: signals(2 * n) };
    network.ops = gains(0, n).chain([mix]).chain(gains(2 * n, 3 * n)).collect();
    assert!(Plan::compile(&network, Decay::None).is_ok());
    // Fractions of a sample.
    let lines = (0..500).map(|i| Delay { samples: 100.1 + f64::from(i), interpolated: true });
    let kind = OpKind::Delay { lines: lines.collect(), forward: false };
    let (inputs, outputs) = (vec![Signal(0); 500], (1..501).map(Signal).collect::<Vec<_>>());
    network.ops = vec![Op { name: "lines".into(), kind, inputs, outputs: outputs.clone() }];
    (network.signals, network.inputs, network.outputs) = (501, vec![Signal(0)], outputs);
    assert!(Plan::compile(&network, Decay::None).is_ok());
    let took = start.elapsed().as_secs_f64();
    println!("{took:.2} s");
    assert!(took < 20.0, "{took} s");
}

#[test]
fn loops_too_wide_to_solve_are_refused() {
    // Each channel of a wide loop hears the next, without delay.
    let n: u32 = 3000;
    let ops = (0..n).flat_map(|i| {
        let (x, to) = (Signal(n + i), Signal(i));
        let gain = OpKind::Matrix(Array2::from_elem((1, 2), 0.4));
        let fir = OpKind::Fir(vec![vec![0.5, 0.2]]);
        [
            Op {
                name: "sum".into(),
                kind: gain,
                inputs: vec![Signal((i + 1) % n), x],
                outputs: vec![Signal(2 * n + i)],
            },
            Op {
                name: "fir".into(),
                kind: fir,
                inputs: vec![Signal(2 * n + i)],
                outputs: vec![to],
            },
        ]
    });
    let ring = Network {
        sample_rate: 48_000.0,
        signals: 3 * n as usize,
        inputs: (n..2 * n).map(Signal).collect(),
        outputs: (0..n).map(Signal).collect(),
        ops: ops.collect(),
    };
    // A ring is broken by one signal.
    assert!(Plan::compile(&ring, Decay::None).is_ok());
    // Loops of one channel are solved each by itself; all to all are not.
    let mut wide = ring;
    let all: Vec<Signal> = (0..n / 2).map(Signal).collect();
    wide.signals = n as usize / 2;
    wide.inputs.clear();
    wide.outputs = all.clone();
    let kind = OpKind::Matrix(Array2::from_elem((n as usize / 2, n as usize / 2), 1e-4));
    wide.ops = vec![Op { name: "mix".into(), kind, inputs: all.clone(), outputs: all }];
    let error = Plan::compile(&wide, Decay::None).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

/// Gains that are spread over a cascade as tools write it, all in the first section,
/// are far below what single precision holds.
#[test]
fn cascades_of_high_order_keep_quiet_sounds() {
    let w = std::f64::consts::TAU * 60.0 / 48_000.0;
    let (sections, scale) = (0..8).fold((Vec::new(), 1.0), |(mut all, scale), k| {
        // Butterworth, of order 16.
        let q = 0.5 / (std::f64::consts::PI * (f64::from(k) + 0.5) / 16.0).cos();
        let alpha = w.sin() / (2.0 * q);
        let a = [-2.0 * w.cos() / (1.0 + alpha), (1.0 - alpha) / (1.0 + alpha)];
        all.push(Section { b: [1.0, 2.0, 1.0], a });
        (all, scale * (1.0 - w.cos()) / 2.0 / (1.0 + alpha))
    });
    let mut sections: Vec<Section> = sections;
    sections[0].b.iter_mut().for_each(|b| *b *= scale);
    assert!(scale < 1e-38, "{scale}");
    let network = chain(vec![OpKind::Filter(vec![sections])]);
    let (is, meant) = (response(&network, 6000, 6000).unwrap(), network_response(&network, 6000));
    let error = difference(&is, &meant.unwrap());
    assert!(error < -90.0, "{error} dB");
}

/// The decay of every line may be moved at any time; how the signal is cut into
/// blocks still changes no bit, and what is no number changes nothing.
#[test]
fn moving_decay_is_cut_anywhere() {
    for seed in 0..60 {
        let network = random_network(seed, false);
        let Ok(plan) = Plan::compile(&network, Decay::Loops) else { continue };
        let plan = Arc::new(plan);
        let run = |cuts: &[usize]| {
            let mut reverb = Reverb::new(&plan);
            let mut y = vec![vec![0.0_f32; 600]; plan.outputs()];
            let mut noise = fastrand::Rng::with_seed(seed);
            let x: Vec<f32> = (0..600).map(|_| noise.f32() - 0.5).collect();
            let mut from = 0;
            for to in cuts
                .iter()
                .copied()
                .chain([100, 333, 600])
                .collect::<std::collections::BTreeSet<_>>()
            {
                let x = vec![&x[from..to]; plan.inputs()];
                let mut y: Vec<_> = y.iter_mut().map(|y| &mut y[from..to]).collect();
                reverb.process(&x, &mut y);
                match to {
                    100 => reverb.decay_to(-0.01),
                    333 => reverb.decay_to(-0.001),
                    _ => [f64::NAN, f64::INFINITY].iter().for_each(|x| reverb.decay_to(*x)),
                }
                from = to;
            }
            y
        };
        let whole = run(&[]);
        for cuts in [&[1, 64, 65, 128][..], &[99, 101, 127, 334, 599], &[50, 51, 52, 53, 400]] {
            assert_eq!(whole, run(cuts), "seed {seed} cut at {cuts:?}");
        }
    }
}
