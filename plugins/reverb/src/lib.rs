//! Kiln Reverb: the graph that the library carries, or a wire.

use std::sync::Arc;

use fdn::{Effect, Graph, Law, Model};
use nice_plug::prelude::*;

mod entry;
pub mod identity;

/// The plugin.
#[derive(Default)]
pub struct KilnReverb {
    params: Arc<NoParams>,
    effect: Option<Effect>,
    /// What the effect hears, as long as the longest block.
    heard: [Vec<f32>; 2],
}

/// Nothing to set.
#[derive(Default, Params)]
pub struct NoParams {}

impl Plugin for KilnReverb {
    const NAME: &'static str = "Kiln Reverb";
    const VENDOR: &'static str = "Kiln";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[AudioIOLayout {
        main_input_channels: NonZeroU32::new(2),
        main_output_channels: NonZeroU32::new(2),
        ..AudioIOLayout::const_default()
    }];

    type Editor = ();
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        buffer: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let graph = identity::own().map(|own| {
            let graph = Graph::load(own.graph().as_bytes())?;
            Model::new(&graph.at_rate(f64::from(buffer.sample_rate))?, Law::Calibrated)
        });
        self.effect = graph.and_then(Result::ok).map(|model| Effect::new(&Arc::new(model)));
        self.heard = [(); 2].map(|()| vec![0.0; buffer.max_buffer_size as usize]);
        true
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        _context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let (Some(effect), [left, right]) = (&mut self.effect, buffer.as_slice()) else {
            return ProcessStatus::Normal;
        };
        let n = left.len().min(right.len()).min(self.heard[0].len());
        self.heard[0][..n].copy_from_slice(&left[..n]);
        self.heard[1][..n].copy_from_slice(&right[..n]);
        let [a, b] = &self.heard;
        effect.process(&[&a[..n], &b[..n]], &mut [&mut left[..n], &mut right[..n]]);
        ProcessStatus::KeepAlive
    }
}

impl ClapPlugin for KilnReverb {
    const CLAP_ID: &'static str = "audio.kiln.reverb";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Feedback delay network reverb");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::AudioEffect, ClapFeature::Reverb, ClapFeature::Stereo];
}

impl Vst3Plugin for KilnReverb {
    const VST3_CLASS_ID: [u8; 16] = *b"KilnAudioReverb1";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Reverb];
}
