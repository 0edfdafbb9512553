use super::*;

const RATE: f64 = 48_000.0;

/// The tangent of so many times the input, behind filters.
fn tanh(gain: f64, pre: &str) -> Model {
    let json = format!(
        r#"{{"format":"kiln-drive","version":1{pre},"layers":[
        {{"type":"dense","weights":[[{gain}]],"bias":[0.0]}},{{"type":"tanh"}},
        {{"type":"dense","weights":[[1.0]],"bias":[0.0]}}]}}"#
    );
    Model::load(json.as_bytes()).expect("a model")
}

/// Amplitudes of the harmonics of `tanh(x sin)`: integrals over a period, which sums of
/// equal steps give to all digits for what is smooth.
fn series(x: f64, orders: usize) -> Vec<f64> {
    let steps = 1 << 14;
    let angle = |i: usize| TAU * i as f64 / steps as f64;
    let part = |k: usize| {
        let sum: f64 =
            (0..steps).map(|i| (x * angle(i).sin()).tanh() * (k as f64 * angle(i)).sin()).sum();
        (2.0 * sum / steps as f64).abs()
    };
    (1..=orders).map(|k| if k % 2 == 1 { part(k) } else { 0.0 }).collect()
}

#[test]
fn aliases_of_a_tangent_are_what_its_fourier_series_folds_back() {
    let (gain, input_db) = (30.0, -6.0);
    let found = Tone::of(&tanh(gain, ""), RATE, input_db);
    assert!((found.hz - 1250.0).abs() < 2.0 * RATE / LENGTH as f64, "{}", found.hz);
    let amplitudes = series(gain * 10f64.powf(input_db / 20.0), 199);
    let (mut signal, mut alias) = (0.0, 0.0);
    for (i, amplitude) in amplitudes.iter().enumerate() {
        let hz = found.hz * (i + 1) as f64;
        let folded = (hz - RATE * (hz / RATE).round()).abs();
        if folded <= 20_000.0 {
            *(if hz < RATE / 2.0 { &mut signal } else { &mut alias }) += amplitude * amplitude;
        }
    }
    let expected = 10.0 * (alias / signal).log10();
    assert!((-45.0..-25.0).contains(&expected), "{expected}");
    assert!((found.alias_db - expected).abs() < 0.05, "{} for {expected}", found.alias_db);
    assert_eq!(found.harmonics_db.len(), 16);
    for (i, db) in found.harmonics_db.iter().enumerate().step_by(2) {
        let expected = 20.0 * amplitudes[i].log10();
        assert!((db - expected).abs() < 0.01, "{}: {db} for {expected}", i + 1);
    }
    // The strongest alias is drawn at its place: of orders above half the rate, the first.
    let loudest = found.rest.iter().max_by(|a, b| a[1].total_cmp(&b[1])).expect("some");
    let first = (21..).step_by(2).map(|k| RATE - f64::from(k) * found.hz);
    let first = first.into_iter().find(|hz| *hz <= 20_000.0).expect("one");
    assert!((loudest[0] - first).abs() < 0.1, "{} for {first}", loudest[0]);
}

#[test]
fn a_quiet_tone_has_the_distortion_of_the_cubic_term() {
    // tanh x = x − x³/3 …: of a sine of 0.1 the third harmonic is x³/12 and the first
    // x − x³/4.
    let found = Tone::of(&tanh(1.0, ""), RATE, -20.0);
    let third = (0.1_f64.powi(3) / 12.0) / (0.1 - 0.1_f64.powi(3) / 4.0);
    assert!((found.thd / third - 1.0).abs() < 0.02, "{} for {third}", found.thd);
    assert!(found.alias_db < -110.0, "{}", found.alias_db);
    // At a low rate what lies above half of it is not there; a silent model has no tone.
    assert!(Tone::of(&tanh(1.0, ""), 8000.0, -20.0).harmonics_db.len() == 3);
    let silent = Tone::of(&tanh(0.0, ""), RATE, -6.0);
    assert_eq!((silent.thd, silent.alias_db), (0.0, -240.0));
}

#[test]
fn the_curve_is_shown_where_there_is_one() {
    let points = curve(&tanh(3.0, ""), RATE, 0.8).expect("a curve");
    assert_eq!(points.len(), POINTS + 1);
    assert!((points[0][0] + 0.8).abs() < 1e-9 && (points[POINTS][0] - 0.8).abs() < 1e-9);
    for [x, y] in points {
        assert!((y - (3.0 * x).tanh()).abs() < 1e-5, "{x}: {y}");
    }
    // A filter in front turns the phase, so that the way up is not the way down.
    let filtered = tanh(3.0, r#","pre":[{"kind":"high_pass","hz":300}]"#);
    let filtered = filtered.at_rate(RATE).expect("a rate");
    assert_eq!(curve(&filtered, RATE, 0.8), None);
    assert_eq!(curve(&tanh(0.0, ""), RATE, 0.8), None);
}

#[test]
fn a_cost_is_that_of_the_model() {
    let model = tanh(1.0, "");
    let cost = Cost::of(&model, RATE);
    assert_eq!((cost.weights, cost.macs), (model.weights(), model.macs()));
    let times = cost.real_time.expect("measured");
    assert!((times * cost.nanoseconds * RATE / 1e9 - 1.0).abs() < 1e-9);
}
