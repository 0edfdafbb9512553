//! In a VST3 host.

use hosts::signal::guitar;
use hosts::{bundle, parameter};
use vst3_host::{AudioBuffers, Plugin, Vst3Host};

use super::{NAME, RATE};

const BLOCK: usize = 256;

fn open() -> (Vst3Host, Plugin) {
    let host = Vst3Host::builder().sample_rate(RATE).block_size(BLOCK).build();
    let mut host = host.expect("a host");
    let plugin = host.load_plugin(bundle("Kiln Drive.vst3")).expect("the plugin loads");
    (host, plugin)
}

fn play(plugin: &mut Plugin, input: &[f32]) -> Vec<f32> {
    let mut output = Vec::new();
    for part in input.chunks_exact(BLOCK) {
        let mut buffers = AudioBuffers::new(2, 2, BLOCK, RATE);
        buffers.inputs.iter_mut().for_each(|channel| channel.copy_from_slice(part));
        plugin.process_audio(&mut buffers).expect("the plugin processes");
        output.extend_from_slice(&buffers.outputs[0]);
    }
    output
}

#[test]
#[ignore = "needs the bundles: cargo xtask test"]
fn it_plays_and_its_project_plays_again() {
    let input = guitar(RATE, 0.4);
    let (_host, mut plugin) = open();
    assert_eq!(plugin.info().name, NAME);
    for id in ["drive", "mix", "tilt", "oversampling", "channels"] {
        let parameters = plugin.get_parameters().expect("parameters");
        assert!(parameters.iter().any(|p| p.id == parameter(id)), "no {id}");
    }
    plugin.set_parameter(parameter("drive"), 0.9).expect("to set");
    plugin.set_parameter(parameter("mix"), 0.7).expect("to set");
    plugin.start_processing().expect("to start");
    let heard = play(&mut plugin, &input);
    assert!(heard.iter().all(|x| x.is_finite()) && heard.iter().any(|x| x.abs() > 1e-3));
    let saved = plugin.save_state().expect("a state");

    let (_host, mut other) = open();
    other.load_state(&saved).expect("its own state");
    let value = other.get_parameter(parameter("mix")).expect("a value");
    assert!((value - 0.7).abs() < 1e-6, "restored {value}");
    other.start_processing().expect("to start");
    plugin.stop_processing().expect("to stop");
    plugin.start_processing().expect("to start again");
    let expected = play(&mut plugin, &input);
    assert!(play(&mut other, &input) == expected, "it sounds different");
    for damaged in [&saved[..saved.len() / 2], &[], b"nonsense"] {
        let _refused_or_ignored = other.load_state(damaged);
        assert!(play(&mut other, &input).iter().all(|x| x.is_finite()), "after a damaged state");
    }
}
