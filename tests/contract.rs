//! The contract with the audio thread, over every architecture, on every
//! instruction set of this machine.

mod kit;

use std::path::Path;

use kit::models;

fn conforms(name: &str, json: &[u8]) {
    let model = nn::Model::load(json).unwrap_or_else(|e| panic!("{name}: {e}"));
    for isa in nn::Isa::available() {
        let name = format!("{name} on {isa:?}");
        kit::conforms(&name, || model.engine_on(isa), |e, io| e.process(io), |e| e.reset());
    }
}

#[test]
fn official_sizes() {
    let long = [("Linear 5000", models::linear(5000)), ("LSTM 3x5", models::lstm(3, 5))];
    for (name, json) in models::official().into_iter().chain(long) {
        conforms(name, json.as_bytes());
    }
}

#[test]
fn every_fixture() {
    let files = kit::fixtures();
    assert!(files.len() > 50, "{} fixtures", files.len());
    for path in files {
        conforms(&path.display().to_string(), &std::fs::read(&path).expect("a file"));
    }
}

#[test]
fn every_small_network() {
    let files = kit::small();
    assert!(files.len() > 12, "{} fixtures", files.len());
    for path in files {
        conforms(&path.display().to_string(), &std::fs::read(&path).expect("a file"));
    }
}

/// Turning knobs is for the audio thread too, and heard where it is done.
#[test]
fn knobs_may_turn_at_any_time() {
    for path in kit::small() {
        let model = nn::Model::load(&std::fs::read(&path).expect("a file")).expect("valid");
        let name = path.display();
        let knobs = model.knobs().len();
        let turn = |cut: usize| {
            let mut engine = model.engine();
            let mut io = kit::signal(2000);
            let mut calls = 0;
            for (i, part) in io.chunks_mut(500).enumerate() {
                calls += kit::heap_calls(|| {
                    (0..knobs).for_each(|k| engine.set_knob(k, ((i + k) % 3) as f32 / 2.0));
                    part.chunks_mut(cut).for_each(|part| engine.process(part));
                });
            }
            assert_eq!(calls, 0, "{name}: heap calls while knobs turn");
            io
        };
        let whole = turn(500);
        assert!(whole.iter().all(|y| y.is_finite()), "{name}: not finite");
        for cut in [1, 7, 64, 65] {
            assert_eq!(turn(cut), whole, "{name} cut into {cut}s");
        }
        let mut still = kit::signal(2000);
        model.engine().process(&mut still);
        assert_eq!(knobs > 0, still != whole, "{name}: what its {knobs} knobs change");
    }
}

/// A model of three sizes.
fn slimmable() -> nn::Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nam/container_three.nam");
    let model = nn::Model::load(&std::fs::read(path).expect("a file")).expect("a valid model");
    assert_eq!(model.qualities().len(), 2, "three sizes");
    model
}

/// The change is where the caller asks for it, whatever the blocks around it.
#[test]
fn quality_may_turn_at_any_time() {
    let model = slimmable();
    let turn = |cut: usize| {
        let mut engine = model.engine();
        let mut io = kit::signal(20_000);
        let mut calls = 0;
        for (part, quality) in
            io.chunks_mut(2000).zip([1.0, 0.1, 0.5, 0.1, 1.0, 0.9, 0.0].iter().cycle())
        {
            calls += kit::heap_calls(|| {
                engine.set_quality(*quality);
                part.chunks_mut(cut).for_each(|part| engine.process(part));
            });
        }
        assert_eq!(calls, 0, "heap calls while the quality turns");
        io
    };
    let whole = turn(2000);
    assert!(whole.iter().all(|y| y.is_finite()), "the output is finite");
    for cut in [1, 7, 64, 65] {
        assert_eq!(turn(cut), whole, "cut into {cut}s");
    }
}

/// After a change has run its course the engine sounds as if it had always
/// been of that size, and on the way there is no step.
#[test]
fn a_change_of_quality_leaves_no_trace() {
    let model = slimmable();
    let input: Vec<f32> = (0..30_000).map(|i| 0.3 * (i as f32 * 0.02).sin()).collect();
    let constant = |quality: f32| {
        let (mut engine, mut io) = (model.engine(), input.clone());
        engine.set_quality(quality);
        engine.process(&mut io);
        io
    };
    let (best, least) = (constant(1.0), constant(0.0));
    let mut io = input.clone();
    let mut engine = model.engine();
    engine.process(&mut io[..9000]);
    engine.set_quality(0.0);
    engine.process(&mut io[9000..]);
    assert_eq!(io[..9000], best[..9000], "nothing changes before");
    assert_eq!(io[20_000..], least[20_000..], "nothing is left after");
    let steepest = |y: &[f32]| y.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    let limit = 1.1 * steepest(&best).max(steepest(&least)) + 1e-3;
    assert!(steepest(&io) <= limit, "a step of {}", steepest(&io));
}

/// Neither a number that is none nor one beyond reason stays in a network:
/// once its memory has passed, all is as if it had never been.
#[test]
fn bad_samples_do_not_stay() {
    const BAD: usize = 4096;
    let worst = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, f32::MIN_POSITIVE / 4.0];
    for (name, json) in models::official() {
        let model = nn::Model::load(json.as_bytes()).expect("a valid model");
        let mut clean = kit::signal(BAD + 40_000);
        let mut io = clean.clone();
        for (i, x) in io[..BAD].iter_mut().enumerate() {
            *x = worst[i % worst.len()];
        }
        model.engine().process(&mut io);
        model.engine().process(&mut clean);
        assert!(io[BAD..].iter().all(|y| y.is_finite()), "{name}: not finite after bad input");
        let forgotten = BAD + model.engine().receptive_field();
        let worst = io.iter().zip(&clean).skip(forgotten).map(|(a, b)| (a - b).abs());
        let worst = worst.fold(0.0, f32::max);
        assert!(worst < 1e-6, "{name}: still {worst} from what it should be");
    }
}

/// An engine that takes over another's state goes on to the bit as that one does.
#[test]
fn an_engine_can_take_over_from_another() {
    let files = models::official().into_iter().map(|(name, json)| (name.to_owned(), json));
    let ours = kit::fixtures()
        .into_iter()
        .chain(kit::small())
        .map(|path| (path.display().to_string(), std::fs::read_to_string(path).expect("a file")));
    let input = kit::signal(3000);
    for (name, json) in files.chain(ours) {
        let model = nn::Model::load(json.as_bytes()).expect("a valid model");
        for first in [1, 64, 700, 2001] {
            let (mut one, mut other) = (model.engine(), model.engine());
            other.process(&mut kit::signal(1234));
            other.process(&mut [0.3; 7]);
            let mut io = input.clone();
            let (before, after) = io.split_at_mut(first);
            one.process(before);
            let mut taken = false;
            let calls = kit::heap_calls(|| taken = other.take_over(&*one));
            assert_eq!(calls, 0, "{name}: taking over uses the heap");
            assert_eq!(taken, model.architecture() != "Linear", "{name}");
            let mut taken_over = after.to_vec();
            one.process(after);
            if taken {
                other.process(&mut taken_over);
                assert_eq!(after, taken_over, "{name} after {first} samples");
            }
        }
    }
}

#[test]
fn an_engine_of_another_model_is_not_taken_over() {
    let [a, b] = [models::a1(4), models::lstm(1, 8)]
        .map(|json| nn::Model::load(json.as_bytes()).expect("a valid model"));
    let mut engine = a.engine();
    assert!(!engine.take_over(&*b.engine()));
    assert!(!b.engine().take_over(&*engine));
    assert!(engine.take_over(&*a.engine()));
}
