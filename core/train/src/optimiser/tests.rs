//! Against PyTorch, and against itself when interrupted.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Fixture {
    start: Vec<f32>,
    rate: f64,
    gradients: Vec<Vec<f32>>,
    cases: Vec<Case>,
    measure: Vec<f64>,
    schedules: Vec<Rates>,
}

#[derive(Deserialize)]
struct Case {
    kind: String,
    decay: f64,
    clip: Option<f64>,
    weights: BTreeMap<usize, Vec<f32>>,
}

#[derive(Deserialize)]
struct Rates {
    name: String,
    rates: Vec<f64>,
}

fn fixture() -> Fixture {
    let json = include_str!("../../../../tests/data/train/optimisers.json");
    serde_json::from_str(json).expect("the fixture")
}

#[test]
fn steps_as_pytorch_does() {
    let f = fixture();
    assert_eq!(f.cases.len(), 4);
    for case in &f.cases {
        let decay = match case.kind.as_str() {
            "adam" => Decay::Gradient(case.decay),
            _ => Decay::Weights(case.decay),
        };
        let options = Options { rate: f.rate, decay, clip: case.clip, ..Options::default() };
        let mut optimiser = Optimiser::new(&options, f.start.len()).expect("an optimiser");
        let mut weights = f.start.clone();
        let mut compared = 0;
        for (i, gradient) in f.gradients.iter().enumerate() {
            optimiser.step(&mut weights, gradient);
            for (w, theirs) in weights.iter().zip(case.weights.get(&(i + 1)).into_iter().flatten())
            {
                let off = (w - theirs).abs();
                assert!(off <= 1e-6 * theirs.abs().max(0.1), "step {}: {w}, {theirs}", i + 1);
                compared += 1;
            }
        }
        assert_eq!(compared, 20);
    }
}

#[test]
fn rates_are_pytorchs() {
    let f = fixture();
    assert_eq!(f.schedules.len(), 4);
    for Rates { name, rates } in &f.schedules {
        let schedule = match name.as_str() {
            "exponential" => Schedule::Exponential { gamma: 0.994 },
            "cosine" => Schedule::Cosine { epochs: 20, floor: 1e-5 },
            "plateau" => Schedule::Plateau { factor: 0.5, patience: 2, cooldown: 3, floor: 2e-4 },
            _ => Schedule::OneCycle { steps: 40 },
        };
        let options = Options { rate: f.rate, schedule, ..Options::default() };
        let mut optimiser = Optimiser::new(&options, 1).expect("an optimiser");
        for (i, theirs) in rates.iter().enumerate() {
            let rate = optimiser.rate();
            assert!((rate / theirs - 1.0).abs() < 1e-9, "{name} {i}: {rate}, PyTorch {theirs}");
            optimiser.step(&mut [0.0], &[0.0]);
            optimiser.end_epoch(f.measure.get(i).copied().unwrap_or(1.0));
        }
    }
}

#[test]
fn schedules_stay_where_they_end() {
    for (schedule, last) in [
        (Schedule::Cosine { epochs: 3, floor: 1e-5 }, 1e-5),
        (Schedule::OneCycle { steps: 4 }, 0.01 / 25e4),
        (Schedule::Plateau { factor: 0.1, patience: 0, cooldown: 0, floor: 1e-4 }, 1e-4),
    ] {
        let options = Options { rate: 0.01, schedule, ..Options::default() };
        let mut optimiser = Optimiser::new(&options, 1).expect("an optimiser");
        for _ in 0..20 {
            optimiser.step(&mut [0.0], &[0.0]);
            // A loss that is not a number is no improvement.
            optimiser.end_epoch(f64::NAN);
        }
        assert!((optimiser.rate() / last - 1.0).abs() < 1e-9, "{schedule:?}: {}", optimiser.rate());
    }
}

#[test]
fn warms_up_in_a_line() {
    let options = Options { rate: 0.01, warm_up: 4, ..Options::default() };
    let mut optimiser = Optimiser::new(&options, 1).expect("an optimiser");
    for quarters in [1.0, 2.0, 3.0, 4.0, 4.0] {
        assert!((optimiser.rate() - 0.0025 * quarters).abs() < 1e-15);
        optimiser.step(&mut [0.0], &[1.0]);
    }
}

/// Training that is written down half-way and read back ends with the same bits.
#[test]
fn resumes_exactly() {
    let f = fixture();
    for schedule in [
        Schedule::Exponential { gamma: 0.99 },
        Schedule::Plateau { factor: 0.7, patience: 1, cooldown: 1, floor: 0.0 },
        Schedule::OneCycle { steps: 100 },
    ] {
        let options = Options {
            rate: 0.1 / 3.0,
            decay: Decay::Weights(1e-3),
            clip: Some(0.1 + 0.2),
            warm_up: 7,
            schedule,
            ..Options::default()
        };
        let mut whole = Optimiser::new(&options, f.start.len()).expect("an optimiser");
        let mut parted = whole.clone();
        let (mut a, mut b) = (f.start.clone(), f.start.clone());
        for (i, gradient) in f.gradients.iter().enumerate() {
            if i % 10 == 3 {
                let json = serde_json::to_string(&parted).expect("JSON");
                parted = serde_json::from_str(&json).expect("its own JSON");
                assert_eq!(parted, whole);
            }
            whole.step(&mut a, gradient);
            parted.step(&mut b, gradient);
            whole.end_epoch(f.measure[i % f.measure.len()] / 3.0);
            parted.end_epoch(f.measure[i % f.measure.len()] / 3.0);
        }
        assert_eq!(a.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), {
            b.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        });
    }
}

#[test]
fn what_is_not_finite_changes_nothing() {
    let mut optimiser = Optimiser::new(&Options::nam(), 2).expect("an optimiser");
    let mut weights = [1.0, 2.0];
    assert_eq!(optimiser.step(&mut weights, &[3.0, 4.0]), 5.0);
    let (before, moved) = (optimiser.clone(), weights);
    assert!(optimiser.step(&mut weights, &[f32::NAN, 0.0]).is_nan());
    assert_eq!(optimiser.step(&mut weights, &[f32::NEG_INFINITY, 0.0]), f64::INFINITY);
    assert!(optimiser.step(&mut weights, &[0.0]).is_nan());
    assert_eq!((optimiser, weights), (before, moved));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let base = Options::default;
    for (options, told) in [
        (Options { rate: 0.0, ..base() }, "optimiser rate: expected a number above 0, found 0"),
        (Options { epsilon: f64::NAN, ..base() }, "optimiser epsilon"),
        (Options { betas: [0.9, 1.0], ..base() }, "optimiser betas"),
        (Options { clip: Some(-1.0), ..base() }, "optimiser clip"),
        (Options { decay: Decay::Weights(-1.0), ..base() }, "optimiser decay"),
        (Options { schedule: Schedule::Exponential { gamma: 1.5 }, ..base() }, "gamma"),
        (Options { schedule: Schedule::Cosine { epochs: 0, floor: 0.0 }, ..base() }, "epochs"),
        (Options { schedule: Schedule::OneCycle { steps: 3 }, ..base() }, "schedule steps"),
    ] {
        let error = Optimiser::new(&options, 1).expect_err("refused").to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn a_damaged_state_is_refused() {
    let optimiser = Optimiser::new(&Options::nam(), 3).expect("an optimiser");
    let json = serde_json::to_string(&optimiser).expect("JSON");
    let zeros = "AAAAAAAAAAAAAAAA";
    assert_eq!(json.matches(zeros).count(), 2);
    for (from, to, told) in [
        (zeros, "AAAAAAAAAAA=", "3 mean squares"),
        (zeros, "AAAAAAA=", "4 bytes for each number"),
        (zeros, "AADAfwAAAAAAAAAA", "finite means"),
        ("0.004", "-0.004", "optimiser rate"),
    ] {
        // The last of them, which is the mean square's.
        let at = json.rfind(from).expect("in the state");
        let damaged = format!("{}{to}{}", &json[..at], &json[at + from.len()..]);
        let found = serde_json::from_str::<Optimiser>(&damaged).expect_err("damage").to_string();
        assert!(found.contains(told), "{found}");
    }
}
