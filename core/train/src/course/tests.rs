use std::ops::ControlFlow;

use super::*;
use crate::data::{Found, Pair};
use crate::export::About;

/// Two seconds of a pedal with a high-pass before its tanh and a low-pass behind.
fn pair(drive: f32) -> Pair {
    let mut random = fastrand::Rng::with_seed(5);
    let (mut slow, mut low, mut tone) = (0.0, 0.0, 0.0_f32);
    let dry: Vec<f32> = (0..96_000)
        .map(|n| {
            tone += 0.3 * (random.f32() - 0.5 - 0.1 * tone);
            tone * (n as f32 / 7000.0).sin()
        })
        .collect();
    let play = |x: &f32| {
        slow += 0.01 * (x - slow);
        low += 0.5 * ((drive * (x - slow)).tanh() - low);
        0.5 * low
    };
    let wet = dry.iter().map(play).collect();
    let found = Found::unknown();
    let train = vec![0..40_000, 60_000..96_000];
    Pair { dry, wet, rate: 48_000.0, train, held_out: 42_000..58_000, found, notices: Vec::new() }
}

fn lessons() -> Lessons {
    Lessons { knobs: Vec::new(), pairs: vec![(pair(4.0), Vec::new())] }
}

fn short(class: &str) -> Settings {
    let class: Class = class.parse().expect("a class");
    Settings { epochs: 4, batch: 4, length: 1000, threads: 2, ..class.settings() }
}

fn teach_all(lessons: &Lessons, settings: &Settings) -> Outcome {
    teach(lessons, settings, &mut |_| ControlFlow::Continue(())).expect("an outcome")
}

fn weights(net: &Net) -> Vec<f32> {
    match net {
        Net::WaveNet { weights, .. } => weights.clone(),
        Net::Chain(chain) => chain.layers.iter().flat_map(|l| l.weights.clone()).collect(),
        Net::Recurrent(net) => [&net.own[..], &net.head].concat(),
        Net::Pedal(net) => net.output.iter().map(|w| *w as f32).collect(),
    }
}

#[test]
fn every_class_learns() {
    for (class, epochs, most) in [
        ("curve", 60, 0.5),
        ("pedal-8", 60, 0.02),
        ("taps", 30, 0.1),
        ("nano", 12, 0.5),
        ("lstm-8", 20, 0.5),
        ("gru-8", 20, 0.5),
    ] {
        let lessons = lessons();
        let outcome = teach_all(&lessons, &Settings { epochs, ..short(class) });
        let Trained { net, esr } = &outcome.trained;
        assert!(*esr < most, "{class}: {esr}");
        let again = net.esr(&lessons).expect("answers");
        assert!((again - esr).abs() < 1e-3 * esr, "{class}: {again} {esr}");
        assert!(
            outcome.history.first().is_some_and(|first| first.esr >= Some(0.99 * esr)),
            "{class}"
        );
        let about = About {
            sample_rate: 48_000.0,
            metadata: &nn::Metadata::default(),
            knobs: &[],
            training: None,
        };
        let file = net.file(net.format(), &about).expect("a file");
        assert!(nn::Model::load(&file).is_ok(), "{class}");
    }
}

#[test]
fn threads_change_nothing() {
    for (class, batch, length) in [("taps", 4, 1000), ("nano", 4, 1000), ("lstm-8", 33, 500)] {
        let lessons = lessons();
        let short = |class| Settings { batch, length, ..short(class) };
        let one = teach_all(&lessons, &Settings { threads: 1, ..short(class) });
        let two = teach_all(&lessons, &short(class));
        assert_eq!(weights(&one.trained.net), weights(&two.trained.net), "{class}");
        let other = teach_all(&lessons, &Settings { seed: 1, ..short(class) });
        assert_ne!(weights(&one.trained.net), weights(&other.trained.net), "{class}");
    }
}

#[test]
fn an_interrupted_course_goes_on_to_the_same_end() {
    for class in ["nano", "gru-8"] {
        let folder = tempfile::tempdir().expect("a folder");
        let checkpoint = Some(folder.path().join("checkpoint.json"));
        let lessons = lessons();
        let whole = teach_all(&lessons, &short(class));
        let kept = Settings { checkpoint, ..short(class) };
        let mut left = 17;
        let stopped = teach(&lessons, &kept, &mut |progress| {
            left -= 1;
            assert!(progress.epochs[0] < progress.epochs[1]);
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(stopped.expect("an outcome").end, End::Stopped);
        let mut first = None;
        let rest = teach(&lessons, &kept, &mut |progress| {
            first.get_or_insert(progress.epochs[0]);
            ControlFlow::Continue(())
        });
        let rest = rest.expect("an outcome");
        assert!(first.is_some_and(|first| first > 0), "{class}: {first:?}");
        assert_eq!(weights(&rest.trained.net), weights(&whole.trained.net), "{class}");
        let errors = |outcome: &Outcome| outcome.history.iter().map(|p| p.esr).collect::<Vec<_>>();
        assert_eq!(errors(&rest), errors(&whole), "{class}");

        let other = Settings { seed: 1, ..kept.clone() };
        let refused = teach(&lessons, &other, &mut |_| ControlFlow::Continue(()));
        assert!(matches!(refused, Err(Error::Setting { .. })), "{class}");
    }
}

#[test]
fn the_official_recipe_leaves_constants_alone() {
    let class: Class = "nano".parse().expect("a class");
    let official = class.official();
    let settings = Settings { epochs: 2, batch: 4, length: 2000, threads: 2, ..official };
    let outcome = teach_all(&lessons(), &settings);
    assert_eq!(weights(&outcome.trained.net).last(), Some(&0.02));
    assert!(outcome.trained.esr < 0.9, "{}", outcome.trained.esr);
}

#[test]
fn who_stops_before_the_first_epoch_ends_gets_nothing() {
    let stopped = teach(&lessons(), &short("nano"), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(Error::Setting { .. })));
}

#[test]
fn knobs_are_learnt() {
    let knob = Knob { name: "drive".to_owned(), min: 0.0, max: 1.0, default: 0.5 };
    let pairs = [(2.0, 0.0), (4.0, 0.5), (8.0, 1.0)].map(|(gain, at)| (pair(gain), vec![at]));
    let lessons = Lessons { knobs: vec![knob], pairs: pairs.to_vec() };
    for (class, epochs) in [("pedal-8", 80), ("taps", 12), ("lstm-8", 8)] {
        let outcome = teach_all(&lessons, &Settings { epochs, ..short(class) });
        assert!(outcome.trained.esr < 0.3, "{class}: {}", outcome.trained.esr);
    }
    assert!(teach(&lessons, &short("nano"), &mut |_| ControlFlow::Continue(())).is_err());
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let none = Lessons { knobs: Vec::new(), pairs: Vec::new() };
    let knobless = Lessons { knobs: Vec::new(), pairs: vec![(pair(4.0), vec![0.5])] };
    let mut rates = lessons();
    rates.pairs.push((Pair { rate: 44_100.0, ..pair(4.0) }, Vec::new()));
    let mut brief = lessons();
    brief.pairs[0].0.train = std::iter::once(0..3000).collect();
    for wrong in [none, knobless, rates, brief] {
        assert!(teach(&wrong, &short("nano"), &mut |_| ControlFlow::Continue(())).is_err());
    }
    for name in ["lstm-", "lstm-0", "gru-1000", "huge", "", "curve-x"] {
        assert!(name.parse::<Class>().is_err(), "{name}");
    }
}
