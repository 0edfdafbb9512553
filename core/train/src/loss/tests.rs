//! Against PyTorch's values and derivatives, and against finite differences.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Fixture {
    rate: f64,
    every: usize,
    predicted: Vec<f32>,
    target: Vec<f32>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    kind: Kind,
    filter: String,
    loss: f64,
    gradient: Vec<f64>,
}

fn fixture() -> Fixture {
    let json = include_str!("../../../../tests/data/train/losses.json");
    serde_json::from_str(json).expect("the fixture")
}

fn filter(name: &str) -> Filter {
    match name {
        "none" => Filter::None,
        "pre_emphasis" => Filter::PreEmphasis(0.85),
        "a_weighting" => Filter::AWeighting,
        other => panic!("no filter {other}"),
    }
}

/// Value and gradient of one loss.
fn evaluate(options: &Options, f: &Fixture) -> (f64, Vec<f32>) {
    let mut loss = Loss::new(options, f.rate, f.target.len()).expect("a loss");
    let mut gradient = vec![0.0; f.target.len()];
    // A second evaluation must not hear the first.
    loss.evaluate(&f.target, &f.predicted, &mut gradient);
    let value = loss.evaluate(&f.predicted, &f.target, &mut gradient);
    (value, gradient)
}

#[test]
fn agrees_with_pytorch() {
    let f = fixture();
    assert_eq!(f.cases.len(), 10);
    for case in &f.cases {
        let options = Options::of(&[(case.kind, 1.0, filter(&case.filter))]);
        let (value, gradient) = evaluate(&options, &f);
        let name = format!("{:?} through {}", case.kind, case.filter);
        assert!((value / case.loss - 1.0).abs() < 1e-7, "{name}: {value}, PyTorch {}", case.loss);
        let peak = case.gradient.iter().fold(0.0, |peak: f64, g| peak.max(g.abs()));
        for (i, (g, theirs)) in gradient.iter().step_by(f.every).zip(&case.gradient).enumerate() {
            let off = (f64::from(*g) - theirs).abs();
            assert!(off < 1e-6 * peak, "{name}, sample {}: {g}, PyTorch {theirs}", i * f.every);
        }
        assert_eq!(gradient.len().div_ceil(f.every), case.gradient.len());
    }
}

/// Central differences along random directions, so that every sample takes part.
#[test]
fn gradients_are_those_of_finite_differences() {
    let mut f = fixture();
    // Multiples of the step, so that what is added is what was meant to be; and a step so
    // small that few bins pass a kink of the logarithm's distance.
    let step = 2.0_f32.powi(-21);
    f.predicted.iter_mut().for_each(|x| *x = (*x / step).round() * step);
    let mut random = fastrand::Rng::with_seed(1);
    let kinds = [Kind::Mse, Kind::Esr, Kind::Dc, Kind::Stft];
    let filters = [Filter::None, Filter::PreEmphasis(0.95), Filter::AWeighting];
    let n = f.target.len();
    for (kind, filter) in kinds.iter().flat_map(|k| filters.iter().map(move |f| (*k, *f))) {
        let options = Options::of(&[(kind, 1.0, filter)]);
        let (_, gradient) = evaluate(&options, &f);
        let mut loss = Loss::new(&options, f.rate, n).expect("a loss");
        for _ in 0..4 {
            let direction: Vec<f32> =
                (0..n).map(|_| if random.bool() { step } else { -step }).collect();
            let mut at = |sign: f32| {
                let moved = f.predicted.iter().zip(&direction).map(|(p, d)| p + sign * d);
                loss.evaluate(&moved.collect::<Vec<_>>(), &f.target, &mut vec![0.0; n])
            };
            let difference = (at(1.0) - at(-1.0)) / 2.0;
            let products = gradient.iter().zip(&direction).map(|(g, d)| f64::from(*g * *d));
            let slope: f64 = products.clone().sum();
            let size = products.map(|x| x * x).sum::<f64>().sqrt();
            let off = (difference - slope).abs();
            assert!(off < 0.02 * size, "{kind:?} through {filter:?}: {slope}, {difference}");
        }
    }
}

#[test]
fn terms_add_up() {
    let f = fixture();
    let filter = Filter::PreEmphasis(0.85);
    let parts =
        [(Kind::Mse, 0.5, filter), (Kind::Esr, 2.0, Filter::None), (Kind::Stft, 0.1, filter)];
    let (whole, together) = evaluate(&Options::of(&parts), &f);
    let single = parts.map(|part| evaluate(&Options::of(&[part]), &f));
    assert!((whole - single.iter().map(|s| s.0).sum::<f64>()).abs() < 1e-12);
    for (n, g) in together.iter().enumerate() {
        let sum: f32 = single.iter().map(|s| s.1[n]).sum();
        assert!((g - sum).abs() < 1e-8, "sample {n}: {g} and {sum}");
    }
    // The same term twice is one of both weights.
    let twice = [(Kind::Stft, 0.25, filter), (Kind::Stft, 0.75, filter)];
    assert_eq!(
        evaluate(&Options::of(&twice), &f),
        evaluate(&Options::of(&[(Kind::Stft, 1.0, filter)]), &f)
    );
}

#[test]
fn presets_are_what_they_say() {
    let f = fixture();
    let of = |kind: Kind, name: &str| {
        let found = f.cases.iter().find(|c| c.kind == kind && c.filter == name);
        found.expect("a case").loss
    };
    let nam = of(Kind::Mse, "none") + 5e-4 * of(Kind::Stft, "none");
    assert!((evaluate(&Options::nam(), &f).0 / nam - 1.0).abs() < 1e-7);
    let aida = 0.75 * of(Kind::Esr, "a_weighting") + 0.25 * of(Kind::Dc, "none");
    let found = evaluate(&Options::guitarml(Filter::AWeighting), &f).0;
    assert!((found / aida - 1.0).abs() < 1e-7);
}

#[test]
fn equal_signals_and_silence_are_at_rest() {
    let mut f = fixture();
    f.predicted = f.target.clone();
    let all = [Kind::Mse, Kind::Esr, Kind::Dc, Kind::Stft].map(|k| (k, 1.0, Filter::None));
    let (value, gradient) = evaluate(&Options::of(&all), &f);
    assert_eq!(value, 0.0);
    assert!(gradient.iter().all(|g| *g == 0.0));
    // A silent target neither divides by zero nor weighs an error beyond reason.
    f.target.fill(0.0);
    let (value, gradient) = evaluate(&Options::guitarml(Filter::PreEmphasis(0.85)), &f);
    assert!(value > 0.0 && value.is_finite() && gradient.iter().all(|g| g.is_finite()));
    f.predicted.fill(0.0);
    let (value, gradient) = evaluate(&Options::of(&all), &f);
    assert_eq!(value, 0.0);
    assert!(gradient.iter().all(|g| *g == 0.0));
}

#[test]
fn what_is_not_finite_is_told() {
    let f = fixture();
    let n = f.target.len();
    for options in [Options::nam(), Options::guitarml(Filter::AWeighting)] {
        let mut loss = Loss::new(&options, f.rate, n).expect("a loss");
        for bad in [f32::NAN, f32::INFINITY] {
            let mut predicted = f.predicted.clone();
            predicted[n / 2] = bad;
            let mut gradient = vec![1.0; n];
            assert!(loss.evaluate(&predicted, &f.target, &mut gradient).is_nan());
            assert!(gradient.iter().all(|g| *g == 0.0));
        }
        assert!(loss.evaluate(&f.predicted[1..], &f.target, &mut vec![1.0; n]).is_nan());
        // Nothing of it lasts.
        let again = loss.evaluate(&f.predicted, &f.target, &mut vec![0.0; n]);
        assert_eq!(again, evaluate(&options, &f).0);
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refuse = |options: &Options, rate: f64, length: usize, told: &str| {
        let error = Loss::new(options, rate, length).err().expect("refused").to_string();
        assert!(error.contains(told), "{error}");
    };
    refuse(&Options::of(&[]), 48e3, 2048, "at least one term");
    refuse(&Options::nam(), f64::NAN, 2048, "1000 to 1000000 Hz");
    refuse(&Options::nam(), 48e3, 1024, "more than 1024 samples");
    refuse(&Options::nam(), 48e3, 1, "at least 2 samples");
    let emphasis = Filter::PreEmphasis(1.5);
    refuse(&Options::guitarml(emphasis), 48e3, 2048, "expected 0 to 1, found 1.5");
    for weight in [-1.0, f64::INFINITY] {
        let options = Options::of(&[(Kind::Esr, weight, Filter::None)]);
        refuse(&options, 48e3, 2048, "a number from 0 up");
    }
    // The cut sample counts.
    let stft = Options::of(&[(Kind::Stft, 1.0, Filter::PreEmphasis(0.5))]);
    refuse(&stft, 48e3, 1025, "more than 1024 samples");
    assert!(Loss::new(&stft, 48e3, 1026).is_ok());
}

#[test]
fn goes_to_threads() {
    fn sent<T: Send>(_: &T) {}
    sent(&Loss::new(&Options::nam(), 48e3, 2048).expect("a loss"));
}

#[test]
fn error_and_null_depth() {
    let target = [1.0, -1.0, 1.0, -1.0];
    let predicted = [0.9, -0.9, 0.9, -0.9];
    assert!((esr(&predicted, &target) - 0.01).abs() < 1e-8);
    assert!((null_depth_db(&predicted, &target) + 20.0).abs() < 1e-5);
    assert_eq!(esr(&[0.0; 4], &[0.0; 4]), 0.0);
    assert_eq!(esr(&predicted, &[0.0; 4]), f64::INFINITY);
    assert_eq!(null_depth_db(&target, &target), f64::NEG_INFINITY);
}
