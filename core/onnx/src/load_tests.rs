//! Graphs against what ONNX Runtime answered, and files that must be refused.

use std::sync::Arc;

use nn::Blocks;
use stream::Source;

use super::*;
use crate::network::Streaming;

/// A file of the test data, or of another folder.
pub(crate) fn data(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Its numbers.
pub(crate) fn floats(name: &str) -> Vec<f32> {
    data(name).as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

/// What a source makes of `sound` in hops, with its latency taken off.
fn play(source: &Playable, sound: &[f32]) -> Vec<f32> {
    let mut played = Vec::new();
    source.host(&mut || {
        let mut network = source.build().unwrap();
        played = sound.to_vec();
        played.resize((sound.len() + source.latency()).next_multiple_of(source.hop()), 0.0);
        for hop in played.chunks_exact_mut(source.hop()) {
            network.run(hop).unwrap();
        }
    });
    played.drain(..source.latency());
    played.truncate(sound.len());
    played
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

/// Loads a fixture, plays its input, and compares from sample `from` on.
fn plays(name: &str, from: usize) -> Playable {
    plays_with(&Options::default(), name, from)
}

fn plays_with(options: &Options, name: &str, from: usize) -> Playable {
    let loaded = Loaded::read(&data(&format!("{name}.onnx")), options);
    let source = loaded.unwrap_or_else(|e| panic!("{name}: {e}")).playable;
    let numbers = floats(&format!("{name}.f32"));
    let (sound, expected) = numbers.split_at(numbers.len() / 2);
    let played = play(&source, sound);
    let difference = largest_difference(&played[from..], &expected[from..]);
    let peak = expected.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    assert!(peak > 0.01, "{name}: silence");
    assert!(difference <= 2e-5 * peak.max(1.0), "{name}: {difference}");
    source
}

#[test]
fn stateless_samples_need_no_context() {
    let source = plays("shaper", 0);
    assert_eq!((source.plan.context, source.latency()), (0, 0));
    assert_eq!(source.plan.io.sample_rate, Some(48_000.0));
}

#[test]
fn states_of_one_length_are_fed_back() {
    let source = plays("lstm", 0);
    assert_eq!((source.hop(), source.plan.io.states.len()), (64, 2));
    assert_eq!(source.memory(), stream::ENDLESS);
}

#[test]
fn caches_are_fed_back() {
    let source = plays("wavenet_cached", 0);
    assert_eq!((source.hop(), source.plan.io.states.len()), (256, 12));
}

#[test]
fn the_memory_of_a_plain_graph_is_found() {
    // Two taps of past for each of the dilations, less tails below hearing.
    let field = 2 * 2 * (1 + 2 + 4 + 8 + 16 + 32);
    let source = plays("wavenet_plain", field);
    let context = source.plan.context;
    assert!((field / 2..=field).contains(&context), "{context} of {field}");
}

#[test]
fn decoders_with_overlaps_play() {
    let source = plays("decoder", 0);
    assert_eq!((source.hop(), source.plan.io.states.len()), (256, 8));
    assert_eq!(source.plan.io.sample_rate, Some(44_100.0));
}

#[test]
fn latents_stand_where_the_file_says() {
    let source = plays("decoder_latent", 0);
    assert_eq!(source.plan.io.audio_in, None);
    assert_eq!((source.hop(), source.plan.io.constants.len()), (256, 1));
    assert_eq!(source.memory(), stream::ENDLESS);
}

#[test]
fn outputs_shorter_than_inputs_end_where_those_do() {
    let source = plays("valid", 0);
    assert_eq!((source.plan.context, source.plan.shift, source.latency()), (32, 32, 0));
    assert_eq!(source.memory(), 32 + source.hop());
}

#[test]
fn looking_ahead_makes_late() {
    let source = plays("centred", 0);
    assert_eq!((source.plan.context, source.latency()), (32, 16));
}

#[test]
fn windows_of_one_length_overlap() {
    let source = plays("window", 0);
    assert_eq!((source.hop(), source.plan.context), (257, 63));
}

#[test]
fn a_memory_without_end_is_refused() {
    let error = refused(&data("endless.onnx"));
    assert!(error.contains("does not end") && error.contains("65536"), "{error}");
}

/// The words of the refusal.
pub(crate) fn refused(bytes: &[u8]) -> String {
    match Loaded::read(bytes, &Options::default()) {
        Ok(_) => panic!("it was not refused"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn a_reset_begins_again() {
    let source = Loaded::read(&data("decoder.onnx"), &Options::default()).unwrap().playable;
    let session = source.runtime.session().unwrap();
    let mut network = Streaming::new(session, Arc::clone(&source.plan));
    let run = |network: &mut Streaming| {
        let mut sound: Vec<f32> = floats("decoder.f32")[..256].to_vec();
        stream::Network::run(network, &mut sound).unwrap();
        sound
    };
    let first = run(&mut network);
    assert_ne!(run(&mut network), first);
    stream::Network::reset(&mut network);
    assert_eq!(run(&mut network), first);
}

/// Plays a fixture as a host does and compares, its latency taken off.
fn engine_plays(name: &str, ahead: usize) {
    let model = load(&data(&format!("{name}.onnx")), &Options::default()).unwrap();
    assert_eq!((model.format(), model.is_foreign()), ("ONNX", true));
    assert!(model.weights() > 0 && model.macs() >= model.weights());
    let rate = model.sample_rate().unwrap();
    let mut engine = model.engine_in(&Place::offline(rate));
    let numbers = floats(&format!("{name}.f32"));
    let (sound, expected) = numbers.split_at(numbers.len() / 2);
    let latency = engine.latency();
    let report = engine.watch().unwrap().report();
    assert_eq!((report.engine.as_str(), report.device.as_str()), (RTEN, "CPU"));
    let hop = (report.hop.as_secs_f64() * rate).round() as usize;
    // One hop less a sample is what cutting costs.
    assert_eq!(latency, hop - 1 + ahead, "{name}");
    for blocks in [Blocks::UpTo(1), Blocks::UpTo(480), Blocks::Fixed(64)] {
        let place = Place { sample_rate: rate, blocks, offline: true };
        let late = model.engine_in(&place).latency();
        assert_eq!(model.foreign_latency(&place), Some(late), "{name}");
    }
    let field = engine.receptive_field();
    assert!(model.foreign_memory().is_none_or(|n| n + latency == field), "{name}");
    assert!(model.foreign_memory().is_some() || field > stream::ENDLESS, "{name}");
    let mut played = sound.to_vec();
    played.resize(sound.len() + latency, 0.0);
    for _ in 0..2 {
        let mut again = played.clone();
        again.chunks_mut(100).for_each(|block| engine.process(block));
        assert!(largest_difference(&again[latency..], expected) < 1e-5, "{name}");
        engine.reset();
    }
    assert_eq!(engine.watch().unwrap().report().errors, 0);
}

#[test]
fn a_model_plays_through_an_engine() {
    engine_plays("wavenet_cached", 0);
    engine_plays("lstm", 0);
    engine_plays("centred", 16);
}

#[test]
fn two_channels_play_at_once() {
    let model = load(&data("lstm.onnx"), &Options::default()).unwrap();
    let numbers = floats("lstm.f32");
    let sound = &numbers[..numbers.len() / 2];
    let mut engines = [model.engine(), model.engine()];
    let mut channels = [sound.to_vec(), sound.iter().map(|x| -x).collect()];
    for at in (0..sound.len()).step_by(128) {
        for (engine, channel) in engines.iter_mut().zip(&mut channels) {
            engine.process(&mut channel[at..at + 128]);
        }
    }
    let mut alone = sound.to_vec();
    model.engine().process(&mut alone);
    assert_eq!(channels[0], alone);
    assert_ne!(channels[1], alone);
}

#[test]
#[ignore = "needs KILN_ONNXRUNTIME, the path of libonnxruntime"]
fn sound_plays_in_onnx_runtime_as_well() {
    use crate::Provider::{Cpu, Cuda};
    let library = std::env::var_os("KILN_ONNXRUNTIME").map(Into::into);
    assert!(library.is_some(), "KILN_ONNXRUNTIME is not set");
    let options = Options { library, providers: vec![Cuda, Cpu], ..Options::default() };
    for name in ["lstm", "wavenet_cached", "decoder", "decoder_latent", "valid", "window"] {
        let source = plays_with(&options, name, 0);
        assert!(source.engine().starts_with("ONNX Runtime"), "{}", source.engine());
        assert_eq!(source.device(), "CPU");
        let notices = source.notices();
        assert!(notices.len() == 1 && notices[0].contains("Cuda"), "{notices:?}");
    }
    let model = load(&data("lstm.onnx"), &options).unwrap();
    let engine = model.engine();
    let report = engine.watch().unwrap().report();
    assert!(report.engine.starts_with("ONNX Runtime"), "{report:?}");
    assert_eq!((report.device.as_str(), report.notices.len()), ("CPU", 1));
}
