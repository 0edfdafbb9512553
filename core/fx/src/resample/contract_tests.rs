//! State, limits and refusals. What every processor owes the audio thread is
//! checked in the workspace's `tests/effects.rs`.

use super::tests::{ALL, CRUNCH, at, identity, model, wire};
use super::*;

const HOSTS: [f32; 8] =
    [8_000.0, 11_025.0, 44_100.0, 47_999.0, 48_000.0, 88_200.0, 96_000.0, 768_000.0];

fn noise(length: usize) -> Vec<f32> {
    let mut seed = 3_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed as f32 / u32::MAX as f32 - 0.5
    };
    (0..length).map(|_| next()).collect()
}

fn run(engine: &mut dyn Engine, input: &[f32]) -> Vec<f32> {
    let mut io = input.to_vec();
    engine.process(&mut io);
    io
}

#[test]
fn silence_is_constant_from_the_first_sample() {
    for path in [CRUNCH, "tests/data/nam/a2.nam", "tests/data/nam/lstm_2x8_start.nam"] {
        let model = model(path);
        for host in HOSTS {
            for quality in [0.0, 1.0] {
                let mut engine = engine(&model, at(host, Oversampling::X1)).expect("an engine");
                let mut plain = model.engine();
                for engine in [&mut engine, &mut plain] {
                    engine.set_quality(quality);
                    run(&mut **engine, &noise(50));
                    engine.reset();
                }
                let rest = run(&mut *plain, &[0.0])[0];
                let out = run(&mut *engine, &[0.0; 500]);
                let off = out.iter().map(|y| (y - rest).abs()).fold(0.0, f32::max);
                // An LSTM may still creep by a rounding.
                assert!(off <= 1e-6, "{path} at {host}: {off:e}");
            }
        }
    }
}

#[test]
fn the_latency_is_short_and_known_before_there_is_an_engine() {
    for rate in [8_000.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0, 768_000.0] {
        let json = format!(
            r#"{{ "version": "0.5.4", "architecture": "ConvNet", "sample_rate": {rate},
            "config": {{ "channels": 1, "dilations": [1], "batchnorm": false,
            "activation": "ReLU" }}, "weights": [0.5, 0.5, 0.0, 1.0, 0.0] }}"#
        );
        let model = nn::Model::load(json.as_bytes()).expect("a model");
        for host in HOSTS {
            for oversampling in ALL {
                let plan = Plan::new(&model, at(host, oversampling)).expect("a plan");
                let mut engine = plan.engine();
                assert_eq!(plan.latency(), engine.latency());
                assert!(plan.latency() <= 8192, "{rate} at {host}: {}", plan.latency());
                let out = run(&mut *engine, &noise(100));
                assert!(out.iter().all(|y| y.is_finite()), "{rate} at {host}");
            }
        }
    }
}

#[test]
fn forgets_what_lies_beyond_the_receptive_field() {
    for host in HOSTS {
        for factor in [1, 2, 4] {
            let mut engine = wire(f64::from(host), factor);
            let field = engine.receptive_field();
            let out = run(&mut *engine, &[vec![1.0; 3], vec![0.0; field + 2]].concat());
            let last = out.iter().rposition(|y| *y != 0.0).expect("the impulse");
            assert!(last < field + 2, "{host} x{factor}: {last} of {field}");
            assert!(last > engine.latency(), "{host} x{factor}: {last}");
        }
    }
}

#[test]
fn a_change_of_quality_ends_in_the_other_size() {
    let model = model("tests/data/nam/a2.nam");
    for (host, oversampling) in [(44_100.0, ALL[0]), (48_000.0, ALL[1]), (96_000.0, ALL[1])] {
        let plan = Plan::new(&model, at(host, oversampling)).expect("a plan");
        let (mut changed, mut always) = (plan.engine(), plan.engine());
        changed.set_quality(1.0);
        always.set_quality(0.0);
        let input = noise(60_000);
        let best = run(&mut *changed, &input[..1000]);
        let small = run(&mut *always, &input[..1000]);
        assert!(best != small, "the sizes sound the same");
        changed.set_quality(0.0);
        let changed = run(&mut *changed, &input[1000..]);
        let always = run(&mut *always, &input[1000..]);
        let pairs = changed.iter().zip(&always).skip(55_000);
        let off = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-5, "{host} {oversampling:?}: {off:e}");
    }
}

#[test]
fn what_is_no_number_is_silence_and_soon_forgotten() {
    let model = model(CRUNCH);
    let mut engine = engine(&model, at(44_100.0, Oversampling::X2)).expect("an engine");
    let mut hostile = noise(9000);
    hostile[50..54].copy_from_slice(&[f32::NAN, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE / 2.0]);
    let mut tame = hostile.clone();
    tame[50..54].copy_from_slice(&[0.0, 0.0, 1000.0, 0.0]);
    let out = run(&mut *engine, &hostile);
    assert!(out.iter().all(|y| y.is_finite()));
    engine.reset();
    assert_eq!(run(&mut *engine, &tame), out);
}

#[test]
fn nothing_is_converted_without_need() {
    let model = model(CRUNCH);
    let input = noise(3000);
    let mut plain = model.engine();
    let expected = run(&mut *plain, &input);
    for host in [48_000.0, 47_999.0, 48_001.0] {
        let mut engine = engine(&model, at(host, Oversampling::X1)).expect("an engine");
        assert_eq!((engine.latency(), engine.receptive_field()), (0, plain.receptive_field()));
        assert_eq!(run(&mut *engine, &input), expected, "{host}");
    }
}

/// A corner at 1 kHz lies there at any rate of the host, oversampled or not, without a
/// way to 48 kHz and back.
#[test]
fn what_follows_the_rate_plays_at_it() {
    let json = br#"{ "format": "kiln-drive", "version": 1,
        "pre": [{ "kind": "low_pass_1", "hz": 1000.0 }],
        "layers": [{ "type": "dense", "weights": [[1.0]], "bias": [0.0] }] }"#;
    let model = nn::Model::load(json).expect("a model");
    for host in [44_100.0, 48_000.0, 96_000.0] {
        for oversampling in ALL {
            let mut engine = engine(&model, at(host, oversampling)).expect("an engine");
            assert!(oversampling != Oversampling::X1 || engine.latency() == 0);
            let n = host as usize / 2;
            let phase = |i: usize| std::f32::consts::TAU * (1000.0 * i as f32 / host).fract();
            let input: Vec<f32> = (0..n).map(|i| phase(i).sin()).collect();
            let out = run(&mut *engine, &input);
            let power: f32 = out[n / 2..].iter().map(|y| y * y).sum();
            let db = 10.0 * (2.0 * power / (n - n / 2) as f32).log10();
            assert!((db + 3.0103).abs() < 0.02, "{host} {oversampling:?}: {db} dB");
        }
    }
}

#[test]
fn refuses_in_words() {
    let refusal = |model: &nn::Model, setup| match engine(model, setup) {
        Ok(_) => panic!("{setup:?} was taken"),
        Err(e) => e.to_string(),
    };
    let crunch = model(CRUNCH);
    for host in [0.0, -48_000.0, 7_999.0, 1e6, f32::NAN, f32::INFINITY] {
        let words = refusal(&crunch, at(host, Oversampling::X1));
        let expected = format!("sample rate of the host: expected 8000 to 768000 Hz, found {host}");
        assert_eq!(words, expected);
    }
    for oversampling in [Oversampling::X2, Oversampling::X4] {
        let words = refusal(&identity(), at(48_000.0, oversampling));
        assert!(words.starts_with("oversampling: expected") && words.contains("Linear"), "{words}");
    }
}

#[test]
fn one_engine_can_take_over_from_another() {
    for (rate, oversampling) in [
        (44_100.0, Oversampling::X1),
        (44_100.0, Oversampling::X4),
        (48_000.0, Oversampling::X2),
        (96_000.0, Oversampling::X2),
    ] {
        let plan = Plan::new(
            &model(CRUNCH),
            Setup { sample_rate: rate, oversampling, calls: Calls::OFFLINE },
        )
        .expect("valid");
        let (mut one, mut other) = (plan.engine(), plan.engine());
        let input = noise(3000);
        run(&mut *one, &input[..1237]);
        run(&mut *other, &input[2000..]);
        assert!(other.take_over(&*one));
        assert_eq!(run(&mut *one, &input), run(&mut *other, &input), "{rate} Hz, {oversampling:?}");
        let elsewhere =
            Setup { sample_rate: 48_000.0, oversampling: Oversampling::X1, calls: Calls::OFFLINE };
        assert!(!other.take_over(&*engine(&model(CRUNCH), elsewhere).expect("valid")));
    }
}
