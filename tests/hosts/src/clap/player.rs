//! The plugin at work.

use clack_host::events::Pckn;
use clack_host::events::event_types::ParamValueEvent;
use clack_host::prelude::*;

use super::Host;

/// A parameter change at a sample.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// The sample, counted from the start of what is rendered.
    pub at: usize,
    /// See [`crate::parameter()`].
    pub parameter: u32,
    /// The new value.
    pub value: f64,
}

/// An active instance, on any one thread.
pub struct Player {
    processor: StartedPluginAudioProcessor<Host>,
    ports: [AudioPorts; 2],
    buffers: [Vec<Vec<f32>>; 2],
    sent: EventBuffer,
    received: EventBuffer,
    /// Called right before and right after the plugin's own `process`.
    pub around: (fn(), fn()),
}

impl Player {
    pub(super) fn new(
        processor: StartedPluginAudioProcessor<Host>,
        channels: [usize; 2],
        max_block: u32,
    ) -> Self {
        Self {
            processor,
            ports: [AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(2, 1)],
            buffers: channels.map(|count| vec![vec![0.0; max_block as usize]; count]),
            sent: EventBuffer::with_capacity(64),
            // The plugin writes here, and that must not be what takes the heap.
            received: EventBuffer::with_capacity(1024),
            around: (|| {}, || {}),
        }
    }

    pub(super) fn stop(self) -> StoppedPluginAudioProcessor<Host> {
        self.processor.stop_processing()
    }

    /// Forgets all sound.
    pub fn reset(&mut self) {
        self.processor.reset();
    }

    /// Renders all of `input` in blocks of the sizes in `cuts`, over and over.
    ///
    /// # Panics
    /// When the plugin reports an error; a host would mute it.
    pub fn render(
        &mut self,
        input: &[Vec<f32>],
        cuts: &[usize],
        changes: &[Change],
    ) -> Vec<Vec<f32>> {
        let length = input.first().map_or(0, Vec::len);
        let mut output = vec![Vec::with_capacity(length); self.buffers[1].len()];
        let mut changes = changes.to_vec();
        changes.sort_by_key(|change| change.at);
        let mut cuts = cuts.iter().cycle();
        let mut from = 0;
        while from < length {
            let frames = (*cuts.next().expect("at least one size")).min(length - from);
            self.block(input, from, frames, &changes);
            for (output, block) in output.iter_mut().zip(&self.buffers[1]) {
                output.extend_from_slice(&block[..frames]);
            }
            from += frames;
        }
        output
    }

    /// One block; `changes` are in their order.
    fn block(&mut self, input: &[Vec<f32>], from: usize, frames: usize, changes: &[Change]) {
        self.sent.clear();
        self.received.clear();
        let until = |at: usize| changes.partition_point(|change| change.at < at);
        for change in &changes[until(from)..until(from + frames)] {
            let (at, id) = ((change.at - from) as u32, ClapId::new(change.parameter));
            self.sent.push(&ParamValueEvent::new(at, id, Pckn::match_all(), change.value));
        }
        let [ins, outs] = &mut self.buffers;
        for (buffer, input) in ins.iter_mut().zip(input) {
            buffer[..frames].copy_from_slice(&input[from..from + frames]);
        }
        // A plugin that leaves its output alone must not look as if it had passed the sound.
        outs.iter_mut().for_each(|buffer| buffer.fill(f32::NAN));
        let [in_ports, out_ports] = &mut self.ports;
        let ins = ins.iter_mut().map(|b| InputChannel::variable(&mut b[..frames]));
        let ins = in_ports.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(ins),
        }]);
        let outs = outs.iter_mut().map(|b| &mut b[..frames]);
        let mut outs = out_ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(outs),
        }]);
        let (sent, mut received) = (self.sent.as_input(), self.received.as_output());
        (self.around.0)();
        let status = self.processor.process(&ins, &mut outs, &sent, &mut received, None, None);
        (self.around.1)();
        status.expect("the plugin processes");
    }
}
