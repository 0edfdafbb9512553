//! Kiln Amp in a VST3 host, as more than one test needs it.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use hosts::bundle;
use vst3_host::{AudioBuffers, Plugin, Vst3Host};

pub(crate) fn open(rate: f64, block: usize) -> (Vst3Host, Plugin) {
    let host = Vst3Host::builder().sample_rate(rate).block_size(block).build();
    let mut host = host.expect("a host");
    let plugin = host.load_plugin(bundle("Kiln Amp.vst3")).expect("the plugin loads");
    (host, plugin)
}

/// Plays all of `input` in whole blocks; the left channel of what comes out.
pub(crate) fn play(plugin: &mut Plugin, rate: f64, block: usize, input: &[f32]) -> Vec<f32> {
    let mut output = Vec::new();
    for part in input.chunks_exact(block) {
        let mut buffers = AudioBuffers::new(2, 2, block, rate);
        buffers.inputs.iter_mut().for_each(|channel| channel.copy_from_slice(part));
        plugin.process_audio(&mut buffers).expect("the plugin processes");
        output.extend_from_slice(&buffers.outputs[0]);
    }
    output
}

/// Starts, and hears what the plugin says of its latency once it is active.
pub(crate) fn start(plugin: &mut Plugin) {
    plugin.start_processing().expect("to start");
    plugin.service_host_requests().expect("to restart");
}
