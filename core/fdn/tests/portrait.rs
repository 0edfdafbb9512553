//! What is shown of the factory reverbs.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use fdn::analysis::EchoDensity;
use fdn::{Decay, Graph, Law, Model, Network, Params, Plan, Portrait, Reverb};

fn graph(name: &str) -> Graph {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/reverbs");
    Graph::load(&fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

fn portrait(name: &str, params: &Params) -> Portrait {
    let model = Arc::new(Model::new(&graph(name), Law::Calibrated).unwrap());
    Portrait::new(&model, params, &|| false).unwrap()
}

#[test]
fn shows_a_hall() {
    let hall = portrait("medium-hall", &Params::default());
    // Its octaves around 125 Hz and 8 kHz last 2.0 and 0.95 s.
    let t60 = hall.t60.unwrap();
    assert!((1.2..2.1).contains(&t60), "{t60}");
    let at = |hz: f64| {
        let band = hall.bands.iter().find(|b| (b.centre / hz - 1.0).abs() < 0.1).unwrap();
        band.t60.unwrap()
    };
    assert!((at(125.0) / 2.0 - 1.0).abs() < 0.15, "{}", at(125.0));
    assert!((at(1000.0) / 1.75 - 1.0).abs() < 0.15, "{}", at(1000.0));
    assert!((at(8000.0) / 0.95 - 1.0).abs() < 0.15, "{}", at(8000.0));
    assert!(!hall.cut && !hall.is_silent() && hall.seconds < 6.0);
    assert_eq!(hall.envelopes.len(), 2);
    assert!(hall.envelopes.iter().all(|e| e.len() == hall.decay.len() && e.len() <= 1000));
    let all = hall.envelopes.iter().flatten();
    assert_eq!(all.fold(0.0f32, |m, [a, b]| m.max(a.abs()).max(b.abs())), hall.peak);
    assert_eq!(hall.decay[0], 0.0);
    assert!(hall.decay.windows(2).all(|w| w[1] <= w[0]));
    assert!(hall.dense_after.is_some());
}

#[test]
fn a_delay_before_it_delays_it() {
    let [now, later] = [0.0, 100.0]
        .map(|pre_delay| portrait("small-room", &Params { pre_delay, ..Params::default() }));
    let delay = later.dense_after.unwrap() - now.dense_after.unwrap();
    assert!((delay - 0.1).abs() < 2e-3, "{delay}");
    let (a, b) = (now.t60.unwrap(), later.t60.unwrap());
    assert!((a / b - 1.0).abs() < 0.01, "{a} and {b}");
}

#[test]
fn says_that_a_long_one_was_cut() {
    let bloom = portrait("endless-bloom", &Params { freeze: true, ..Params::default() });
    assert!(bloom.cut && !bloom.is_silent());
    assert_eq!(bloom.t60, None);
    assert!((bloom.seconds - 6.0).abs() < 0.1);
}

#[test]
fn stops_when_it_is_told_to() {
    let model = Arc::new(Model::new(&graph("small-room"), Law::Calibrated).unwrap());
    let asked = Cell::new(0_usize);
    let all = Portrait::new(&model, &Params::default(), &|| {
        asked.set(asked.get() + 1);
        false
    });
    assert!(all.is_some());
    for most in [0, 1, asked.get() - 1] {
        let left: Cell<usize> = Cell::new(most);
        let stopped = Portrait::new(&model, &Params::default(), &|| {
            let now = left.get() == 0;
            left.set(left.get().saturating_sub(1));
            now
        });
        assert_eq!(stopped, None);
    }
}

/// What `python/reverb_measures.py` finds of the first output, when the first input hears
/// an impulse.
#[test]
fn density_is_that_of_the_other_implementation() {
    let plan = Plan::compile(&Network::new(&graph("large-hall")), Decay::None).unwrap();
    let mut x = vec![0.0f32; 24_000];
    x[0] = 1.0;
    let (still, mut left, mut right) = (vec![0.0; 24_000], vec![0.0; 24_000], vec![0.0; 24_000]);
    Reverb::new(&Arc::new(plan)).process(&[&x, &still], &mut [&mut left, &mut right]);
    let left: Vec<f64> = left.into_iter().map(f64::from).collect();
    let density = EchoDensity::new(48_000.0);
    for (at, expected) in [(2400, 0.642_622), (4800, 0.998_131), (12_000, 1.000_707)] {
        let found = density.at(&left, at).unwrap();
        assert!((found - expected).abs() < 1e-3, "{at}: {found} instead of {expected}");
    }
    let dense = density.dense_after(&left).unwrap();
    assert!((dense - 0.100_104).abs() < 2e-4, "{dense}");
}
